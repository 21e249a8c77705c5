"""When the next paid request may be sent: one limiter for all threads of a session.

The service counts requests a second for each instance, and says how many it allows in the header
`x-requests-limit-rate` (IBM's Python SDK reads it, too). So many are sent in each second, and no
more. A lone 429 concerns the request that got it. Several in a short time mean that somebody else
uses the same instance, or that there is a limit without a header: then all wait, and what follows
is sent as fast as requests were accepted before, and a little faster each second.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from wx_notebook.forking import begin_anew_after_fork

#: The service counts by seconds. What was sent first may arrive late, hence a little more.
_WINDOW_S = 1.012
#: So long after one request another may be sent in its place, however late it was.
_SHORTEST_WINDOW_S = 1.003
#: A limit above this has no effect: requests cannot be sent that fast from here.
_HIGHEST_RATE = 5_000
#: Refusals within so many seconds are one event, and so many of them slow all.
_SOON_S, _SEVERAL = 2.0, 3
_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
#: Of the rate that was found: the first guess, and its growth in each second.
_CAUTION, _GROWTH = 0.9, 1.1
#: Between two looks whether the session was closed meanwhile.
_LOOK_S = 0.25


class _Ticket:
    """A request: it waits for its turn, and then it has a time when it was sent.

    Prompts of a person come before rows of a table. `due_at` is when it should have been sent: a
    thread wakes up late, and the next second must not begin as much later.
    """

    __slots__ = ("due_at", "event", "order", "sent_at")

    def __init__(self, order: tuple[bool, int]) -> None:
        self.order = order
        #: tells that it is its turn, None while it does not wait
        self.event: threading.Event | None = None
        self.due_at = self.sent_at = 0.0

    def __lt__(self, other: _Ticket) -> bool:
        return self.order < other.order


class Slot(NamedTuple):
    """The place of a request among those of a second; `note_sent` says that it was sent."""

    note_sent: Callable[[], None]


class RateLimiter:
    """Paces the paid requests of one session.

    Parameters
    ----------
    clock
        Seconds that never go backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        #: requests a second that the service allows, None before it said so
        self.rate: int | None = None
        #: requests a second that we allow ourselves after several refusals
        self._found_rate: float | None = None
        self._found_at = 0.0
        self._paused_until = 0.0
        self._sent: deque[_Ticket] = deque(maxlen=_HIGHEST_RATE)
        self._accepted: deque[float] = deque(maxlen=_HIGHEST_RATE)
        self._refused: deque[float] = deque(maxlen=_HIGHEST_RATE)
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Forget who waits: these threads go on in the parent only."""
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []

    def enter(
        self,
        check: Callable[[], None],
        *,
        background: bool = False,
        on_send: Callable[[], None] | None = None,
    ) -> float:
        """Wait until a request may be sent, and return the seconds that it waited.

        Parameters
        ----------
        check
            Raises an error if the request is to be sent no more.
        background
            Let other requests go first.
        on_send
            Called when it is the request's turn; it counts as sent when this has returned.
        """
        began = self._clock()
        ticket = _Ticket((background, next(self._numbers)))
        try:
            # in here, too: a ticket that an interrupt left behind would hold up all others
            with self._lock:
                heapq.heappush(self._waiting, ticket)
            while (pause := self._try(ticket)) is not None:
                check()
                assert ticket.event is not None  # noqa: S101  # it has to wait
                ticket.event.wait(min(pause, _LOOK_S))
                ticket.event.clear()
        except BaseException:
            with self._lock:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    heapq.heapify(self._waiting)
                self._wake_next()
            raise
        waited_s = self._clock() - began
        if on_send is not None:
            on_send()
        ticket.sent_at = self._clock()
        return waited_s

    def _try(self, ticket: _Ticket) -> float | None:
        """Return None if it is the turn of a ticket, else seconds until it may be."""
        with self._lock:
            pause = self._note_sent(ticket) if self._waiting[0] is ticket else _LOOK_S
            if pause > 0:
                ticket.event = ticket.event or threading.Event()
                return pause
            heapq.heappop(self._waiting)
            self._wake_next()
            return None

    def take_slot(self) -> Slot | float:
        """Return the slot of a request that may be sent now, or the seconds until one may.

        For who sends elsewhere, in an order of its own. Until `note_sent` of the slot says that it
        was sent, no other request takes its place.
        """
        with self._lock:
            ticket = _Ticket((True, next(self._numbers)))
            if (pause := self._note_sent(ticket)) > 0:
                return pause
            ticket.sent_at = math.inf
            return Slot(lambda: self._note_arrival(ticket))

    def _note_arrival(self, ticket: _Ticket) -> None:
        ticket.sent_at = min(ticket.sent_at, self._clock())

    @property
    def is_pacing(self) -> bool:
        """Whether a request may have to wait."""
        return self._found_rate is not None or (self.rate or _HIGHEST_RATE) < _HIGHEST_RATE

    def follow(self, rate: int | None, paused_s: float) -> None:
        """Take over what a limiter elsewhere has learned about the same service."""
        with self._lock:
            self.rate = rate or self.rate
            self._paused_until = max(self._paused_until, self._clock() + paused_s)

    def _note_sent(self, ticket: _Ticket) -> float:
        """Let a ticket count as sent if it may be; else return the seconds until it may."""
        now = self._clock()
        pause = self._pause_s(now)
        if pause <= 0:
            ticket.due_at, ticket.sent_at = now + max(pause, -_WINDOW_S), now
            self._sent.append(ticket)
        return pause

    def _wake_next(self) -> None:
        if self._waiting and self._waiting[0].event is not None:
            self._waiting[0].event.set()

    def _pause_s(self, now: float) -> float:
        pauses = [self._paused_until - now]
        sent, rate = self._sent, self.rate
        if rate is not None and rate < _HIGHEST_RATE and len(sent) >= rate:
            before = sent[-rate]
            due_at = max(before.due_at + _WINDOW_S, before.sent_at + _SHORTEST_WINDOW_S)
            pauses.append(due_at - now)
        if (found := self._found(now)) is not None and sent:
            pauses.append(sent[-1].sent_at + 1 / found - now)
        return max(pauses)

    def _found(self, now: float) -> float | None:
        if self._found_rate is None:
            return None
        grown: float = self._found_rate * _GROWTH ** max(now - self._found_at, 0.0)
        if grown > (self.rate or _HIGHEST_RATE):
            self._found_rate = None
            return None
        return grown

    def leave(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from a reply; `status` is 0 where none came."""
        if not status:
            return
        rate = _count(headers.get("x-requests-limit-rate", ""))
        with self._lock:
            now = self._clock()
            if rate:
                self.rate = rate
            if status == 429:
                self._note_refusal(now, _count(headers.get("Retry-After", "")))
            else:
                self._accepted.append(now)

    def _note_refusal(self, now: float, retry_after_s: int) -> None:
        self._refused.append(now)
        if sum(at > now - _SOON_S for at in self._refused) < _SEVERAL:
            return
        self._refused.clear()
        accepted = sum(at > now - _SOON_S for at in self._accepted) / _SOON_S
        known = self._found(now)
        slower = max(accepted, 0.5) * _CAUTION
        self._found_rate = slower if known is None else min(slower, known)
        pause_s = min(max(retry_after_s, _PAUSE_S), _LONGEST_PAUSE_S)
        self._found_at = self._paused_until = max(self._paused_until, now + pause_s)

    def paused_s(self) -> float:
        """Return for how many more seconds nothing is sent, after several refusals."""
        return max(self._paused_until - self._clock(), 0.0)


def _count(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
