"""How many prompts a second the sandbox takes, and the headers that say so."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.wire import Refused

#: Requests a second of a paid instance, as IBM's Python SDK has it (`base_model_inference.py`).
PAID_RATE = 8


class Rate:
    """Counts the prompts of the last second; refuses those above the limit, if there is one.

    Parameters
    ----------
    requests_per_second
        The limit that is enforced; with None nothing is refused, and the headers tell of a limit
        that never bites.
    clock
        Seconds that never go backwards.
    """

    def __init__(self, requests_per_second: int | None, clock: Callable[[], float]) -> None:
        self._enforced = requests_per_second is not None
        self.rate = requests_per_second or PAID_RATE
        self._clock = clock
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> dict[str, str]:
        """Count one prompt and return the headers of its reply.

        Raises
        ------
        Refused
            429: the limit is enforced and spent.
        """
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            left = self.rate - len(self._recent)
            if left <= 0 and self._enforced:
                raise too_many(self.rate)
            self._recent.append(now)
        # IBM's Python SDK waits when it reads 0, which would slow down where nothing is refused
        least = 0 if self._enforced else 1
        return headers(self.rate, max(left - 1, least))


def headers(rate: int, left: int) -> dict[str, str]:
    """Return the two headers that IBM's Python SDK reads."""
    return {"x-requests-limit-rate": str(rate), "x-requests-limit-remaining": str(left)}


def too_many(rate: int, retry_after: float | None = None) -> Refused:
    """Return the refusal of a prompt above the limit.

    `Retry-After` is sent only on request: no public source shows the service sending it.
    """
    extra = headers(rate, 0)
    if retry_after is not None:
        extra["Retry-After"] = f"{retry_after:g}"
    return refusal(
        429,
        "rate_limit_reached_requests",
        f"The limit of {rate} requests per second was reached.",
        headers=extra,
    )
