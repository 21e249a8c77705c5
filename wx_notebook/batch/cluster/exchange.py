"""What runs on the scheduler: the limiter, and rows between the kernel and the workers.

The kernel decides which row is sent, and the scheduler when: it hands a row to its worker as soon
as the one limiter of the run allows. What comes back goes on to the kernel. Nothing is kept here
longer than it is on its way. An access token passes only from connection to connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from distributed.diagnostics.plugin import SchedulerPlugin

from wx_notebook.batch.cluster.address import is_private
from wx_notebook.service.rate_limit import RateLimiter, Slot

#: A row: the number of its partition, and its place there.
Row: TypeAlias = tuple[int, int]
#: Between two looks at the limiter.
_LONGEST_PAUSE_S = 0.25


@dataclass(slots=True, eq=False)
class _Sender:
    """A task on a worker that sends the rows of one partition."""

    instance: str
    worker: str
    box: list[int] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class _Run:
    """One run: rows that wait for their turn, and those that are under way."""

    def __init__(self, client: str, most: int, limiter: RateLimiter) -> None:
        self.client = client
        self.most = most
        self.limiter = limiter
        self.waiting: deque[Row] = deque()
        self.under_way: dict[Row, tuple[str, Slot]] = {}
        self.senders: dict[int, _Sender] = {}
        self.over: set[int] = set()
        self.entering: deque[asyncio.Future[bool]] = deque()
        self.asked: dict[int, asyncio.Future[Any]] = {}
        self.events: list[Any] = []
        self.has_events, self.has_work = asyncio.Event(), asyncio.Event()
        self.is_stopped = False

    def tell(self, *event: Any) -> None:  # noqa: ANN401
        """Tell the kernel something."""
        self.events.append(event)
        self.has_events.set()

    def lose(self, partition: int) -> None:
        """Tell the kernel that a sender is gone, with the rows that it had."""
        sender = self.senders.pop(partition)
        gone = [row for row, (by, _) in self.under_way.items() if by == sender.instance]
        for row in gone:
            self.leave(row)
        self.tell("lost", sender.worker, gone)
        self.has_work.set()

    def leave(self, row: Row) -> None:
        """Note that a row is under way no more."""
        _, slot = self.under_way.pop(row, (None, None))
        if slot is not None:
            slot.note_sent()

    def stop(self) -> None:
        """Let every sender end."""
        self.is_stopped = True
        for sender in self.senders.values():
            sender.wake.set()
        for future in (*self.entering, *self.asked.values()):
            future.cancel()
        self.has_work.set()
        self.has_events.set()

    async def pace(self) -> None:
        """Hand out rows, one after the other, as the limiter allows."""
        while not self.is_stopped:
            turn = self._next()
            if turn is None:
                self.has_work.clear()
                await _within(self.has_work, 60)
                continue
            slot = self.limiter.take_slot()
            if not isinstance(slot, Slot):
                # less, when something was sent
                self.has_work.clear()
                await _within(self.has_work, min(slot, _LONGEST_PAUSE_S))
            elif isinstance(turn, asyncio.Future):
                slot.note_sent()
                self.entering.popleft()
                if not turn.done():
                    turn.set_result(True)
            else:
                self._grant(turn, slot)

    def _next(self) -> Row | asyncio.Future[bool] | None:
        """Return what is next: a second request of a row that is under way, or a new row."""
        if self.entering:
            return self.entering[0]
        if len(self.under_way) >= self.most:
            return None
        return next((row for row in self.waiting if row[0] in self.senders), None)

    def _grant(self, row: Row, slot: Slot) -> None:
        self.waiting.remove(row)
        partition, at = row
        sender = self.senders[partition]
        self.under_way[row] = sender.instance, slot
        sender.box.append(at)
        sender.wake.set()


class RowExchange(SchedulerPlugin):
    """The exchange, as a plugin of the scheduler; its methods are what others call there."""

    name = "wx-notebook-rows"
    idempotent = True

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._limiters: dict[str, RateLimiter] = {}
        self._numbers = itertools.count()
        self._paces: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self._runs)} runs>"

    async def start(self, scheduler: Any) -> None:  # noqa: ANN401
        """Answer what kernels and workers ask."""
        self._scheduler = scheduler
        calls = (self.begin, self.put, self.events, self.stop, self.end,
                 self.rows, self.take, self.done, self.enter, self.ask)  # fmt: skip
        scheduler.handlers.update({f"wx_{call.__name__}": call for call in calls})

    def remove_client(self, scheduler: Any, client: str) -> None:  # noqa: ANN401
        """End the runs of a kernel that is gone."""
        for name in [name for name, run in self._runs.items() if run.client == client]:
            self._runs.pop(name).stop()

    def remove_worker(self, scheduler: Any, worker: str, **_: Any) -> None:  # noqa: ANN401
        """Tell the kernels what a worker that is gone had under way."""
        for run in self._runs.values():
            for partition in [p for p, one in run.senders.items() if one.worker == worker]:
                run.lose(partition)

    # --- for the kernel ------------------------------------------------------------------------

    async def begin(self, run: str, client: str, most: int, limit: str, rate: int | None) -> None:
        """Begin a run; `limit` names what its limiter is shared by."""
        limiter = self._limiters.setdefault(limit, RateLimiter())
        limiter.rate = limiter.rate or rate
        self._runs[run] = new = _Run(client, most, limiter)
        pace = asyncio.create_task(new.pace())
        self._paces.add(pace)
        pace.add_done_callback(self._paces.discard)

    async def put(
        self, run: str, rows: Sequence[Row], over: Sequence[int], answers: Sequence[tuple[int, Any]]
    ) -> None:
        """Take rows to send, partitions that are done, and answers to what workers asked."""
        if (known := self._runs.get(run)) is None:
            return
        known.waiting.extend(map(tuple, rows))  # type: ignore[arg-type]  # msgpack's lists
        known.has_work.set()
        for partition in over:
            known.over.add(partition)
            if partition in known.senders:
                known.senders.pop(partition).wake.set()
        for number, answer in answers:
            future = known.asked.pop(number, None)
            if future is not None and not future.done():
                future.set_result(answer)

    async def events(self, run: str, wait_s: float) -> Mapping[str, Any] | None:
        """Return what has happened since the last call; None if the run is unknown here."""
        if (known := self._runs.get(run)) is None:
            return None
        await _within(known.has_events, wait_s)
        known.has_events.clear()
        told, known.events = known.events, []
        limiter = known.limiter
        return {
            "told": told, "rate": limiter.rate, "paused_s": limiter.paused_s(),
            "workers": len(self._scheduler.workers),
        }  # fmt: skip

    async def stop(self, run: str) -> list[Row]:
        """Let no row begin and every sender end; return the rows that have not begun."""
        if (known := self._runs.get(run)) is None:
            return []
        known.stop()
        left = list(known.waiting)
        known.waiting.clear()
        return left

    async def end(self, run: str) -> None:
        """Forget a run."""
        if (known := self._runs.pop(run, None)) is not None:
            known.stop()

    # --- for the workers -----------------------------------------------------------------------

    async def rows(
        self, run: str, partition: int, instance: str, worker: str, filled: Sequence[Any],
        length: int,
    ) -> bool:  # fmt: skip
        """Take the rows of a partition from a new sender, and return whether it is wanted."""
        known = self._runs.get(run)
        if known is None or known.is_stopped or partition in known.over:
            return False
        old = known.senders.get(partition)
        if old is not None and old.instance != instance:
            known.lose(partition)
        known.senders[partition] = _Sender(instance, worker)
        known.tell("rows", partition, filled, length)
        known.has_work.set()
        return True

    async def take(
        self, run: str, partition: int, instance: str, wait_s: float
    ) -> Mapping[str, Any]:
        """Return the rows to send now, and whether there will be more."""
        known = self._runs.get(run)
        sender = known.senders.get(partition) if known is not None else None
        if known is None or sender is None or sender.instance != instance:
            return {
                "rows": [], "is_over": True, "is_stopped": known is None or known.is_stopped,
                "is_gone": known is None, "is_paced": False,
            }  # fmt: skip
        await _within(sender.wake, wait_s)
        sender.wake.clear()
        box, sender.box = sender.box, []
        return {
            "rows": box,
            "is_over": known.is_stopped or known.senders.get(partition) is not sender,
            "is_stopped": known.is_stopped,
            "is_gone": False,
            "is_paced": known.limiter.is_pacing,
        }

    async def done(
        self, run: str, sent: Sequence[Row], outcomes: Sequence[tuple[int, int, Any]],
        replies: Sequence[tuple[int, Mapping[str, str]]],
    ) -> None:  # fmt: skip
        """Take which rows were sent, what became of others, and what the limiter learns from."""
        if (known := self._runs.get(run)) is None:
            return
        for status, headers in replies:
            known.limiter.leave(status, headers)
        for row in sent:
            if tuple(row) in known.under_way:
                known.under_way[tuple(row)][1].note_sent()  # type: ignore[index]  # msgpack's list
        for partition, at, outcome in outcomes:
            known.leave((partition, at))
            known.tell("done", partition, at, outcome)
        known.has_work.set()

    async def enter(self, run: str) -> bool:
        """Wait until one more request may be sent, and return whether it may."""
        known = self._runs.get(run)
        if known is None or known.is_stopped:
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        known.entering.append(turn)
        known.has_work.set()
        with contextlib.suppress(asyncio.CancelledError):
            return await turn
        return False

    async def ask(self, comm: Any, run: str, topic: str, about: str) -> Any:  # noqa: ANN401
        """Ask the kernel, and return its answer; None if nobody answers.

        Only a connection that nobody can read gets one: the answer is an access token.
        """
        known = self._runs.get(run)
        if known is None or known.is_stopped or not is_private(comm.peer_address):
            return None
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        known.asked[number] = answer
        known.tell("ask", number, topic, about)
        with contextlib.suppress(asyncio.CancelledError):
            return await answer
        return None


async def _within(event: asyncio.Event, limit_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), limit_s)
