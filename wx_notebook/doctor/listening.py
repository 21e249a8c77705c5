"""A transport that notes what the head of each reply says beside what was asked for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from wx_notebook.doctor.case import PATIENCE_S
from wx_notebook.transport import Call, OnWait, Reply, Timeouts, Transport


@dataclass(frozen=True, slots=True)
class Head:
    """What one reply said.

    Attributes
    ----------
    host
        Who said it.
    ahead_s
        Seconds by which our clock is ahead of the time that it was said at; None where it has none.
    rate, remaining
        Requests a second that are allowed, and how many of them are left; None where it says none.
    """

    host: str
    ahead_s: float | None
    rate: int | None
    remaining: int | None


class ListeningTransport(Transport):
    """A transport of short patience that keeps the heads of all replies, refusals too."""

    def __init__(
        self, *, ca_bundle: str | None, wall_clock: Callable[[], float] = time.time
    ) -> None:
        limits = Timeouts(
            connect_s=PATIENCE_S, first_byte_s=PATIENCE_S, idle_s=PATIENCE_S, whole_s=PATIENCE_S
        )
        super().__init__(timeouts=limits, ca_bundle=ca_bundle)
        self.heads: list[Head] = []
        self._wall_clock = wall_clock

    def open(self, call: Call, *, on_wait: OnWait | None = None) -> Reply:
        """Send as `Transport.open` does, and note the head."""
        reply = super().open(call, on_wait=on_wait)
        headers = reply.headers
        self.heads.append(
            Head(
                reply.host,
                _ahead(headers.get("Date", ""), self._wall_clock()),
                _number(headers.get("x-requests-limit-rate", "")),
                _number(headers.get("x-requests-limit-remaining", "")),
            )
        )
        return reply


def _ahead(date: str, now: float) -> float | None:
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return now - parsedate_to_datetime(date).timestamp()
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
