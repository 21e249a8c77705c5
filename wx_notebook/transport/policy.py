"""How long a request may take, and when it is sent once more."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds.

    `first_byte_s` counts until the body's first byte, `idle_s` between two pieces of it,
    `whole_s` from sending to the end; `is_given` says that somebody asked for this one.
    """

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    whole_s: float = 1800.0
    is_given: bool = False

    def given(self, whole_s: float | None) -> Timeouts:
        """Return the limits of a request that somebody gave a time of its own, if they did.

        Where it is long, an answer may begin late: one that is not streamed comes as a whole.
        """
        if whole_s is None:
            return self
        return replace(
            self, whole_s=whole_s, first_byte_s=max(self.first_byte_s, whole_s), is_given=True
        )

    def within(self, left_s: float, first_byte_s: float = math.inf) -> Timeouts:
        """Return the limits of a request that has only `left_s` until its whole time is over."""
        # a socket takes no limit of 0: that would mean "do not wait at all"
        left_s = max(left_s, 0.001)
        return replace(
            self,
            connect_s=min(self.connect_s, left_s),
            first_byte_s=min(self.first_byte_s, first_byte_s, left_s),
        )


def seconds(number: float) -> str:
    """Return a number of seconds as a person writes it: "120 s", "0.2 s"."""
    return f"{round(number, 2):g} s"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a request is sent once more, and after which pause.

    Failures before a byte of the request left (no route, refused, connect time-out) are always
    safe to repeat. `statuses` are the answers that say "not now"; `after_sending` also repeats
    what may have reached the service, which only an unpaid request can afford. `first_byte_s` is a
    shorter limit than the transport's for requests that are answered at once or not at all.
    """

    attempts: int = 5
    statuses: frozenset[int] = frozenset({429, 503})
    after_sending: bool = False
    first_pause_s: float = 0.5
    longest_pause_s: float = 8.0
    longest_retry_after_s: float = 60.0
    first_byte_s: float = math.inf

    def pause_s(self, attempt: int, retry_after: str | None = None) -> float | None:
        """Seconds before the attempt after `attempt`; None when there is none.

        A `Retry-After` in seconds wins over the doubling pause; one that is longer than a person
        waits ends the attempts.
        """
        if attempt >= self.attempts:
            return None
        # decimal ASCII digits: `isdigit` alone also takes "\N{SUPERSCRIPT TWO}", `float` does not
        if retry_after is not None and re.fullmatch(r"\s*[0-9]+\s*", retry_after):
            asked = float(retry_after)
            return asked if asked <= self.longest_retry_after_s else None
        pause = min(self.first_pause_s * 2.0 ** (attempt - 1), self.longest_pause_s)
        return pause * random.uniform(1.0, 1.25)  # noqa: S311  # jitter, not cryptography


#: A prompt costs money: repeated only when it cannot have been served.
PAID = RetryPolicy()
#: Tokens and lists cost nothing. All attempts together end before a token does that is renewed
#: early: IAM may hang.
FREE = RetryPolicy(
    attempts=3,
    statuses=frozenset({429, 500, 502, 503, 504}),
    after_sending=True,
    longest_pause_s=2,
    first_byte_s=30,
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why the next attempt has to wait, told to whoever watches."""

    reason: str
    pause_s: float
    attempt: int
    attempts: int

    def __str__(self) -> str:
        return (
            f"{self.reason}; attempt {self.attempt + 1} of {self.attempts} in {self.pause_s:.1f} s"
        )


OnWait: TypeAlias = Callable[[Wait], None]
