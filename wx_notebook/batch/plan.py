"""What a run will do, before it does it: rows, prompts, tokens and time, without a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.service_lines import MOST_ROWS
from wx_notebook.options import SERVICE
from wx_notebook.service import Request
from wx_notebook.templates import RowError, RowPrompt, estimate_tokens

#: A longer look at the table would keep the user waiting; the rest is extrapolated.
_LONGEST_LOOK_S = 0.5
_LOOK_EVERY = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """The flight plan of a run.

    Attributes
    ----------
    text, request
        The first prompt, and the request for it; None where no row has one.
    rows
        The number of rows, None where only reading tells.
    seen, distinct, empty, tokens
        Of the rows that were looked at: how many they are, distinct prompts, rows without one, and
        the estimated tokens of the distinct prompts.
    max_tokens
        The limit of one answer.
    rate
        Requests a second that the service allows, None where that is not known yet.
    sources
        Each name of the prompt, and whether it is a column or a variable.
    on
        The place that sends it: the service, or the address of a cluster; None for here.
    key
        What the first request is called in the journal.
    dedupe
        Whether equal rows are sent once.
    """

    text: str
    request: Request | None
    rows: int | None
    seen: int
    distinct: int
    empty: int
    tokens: int
    max_tokens: int
    rate: int | None
    sources: dict[str, str]
    on: str | None = None
    key: bytes = b""
    dedupe: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether all rows were looked at."""
        return self.rows is not None and self.seen >= self.rows

    def lines(self) -> list[str]:
        """Return the plan in a few lines, without the prompt itself."""
        place = [] if self.on in (None, SERVICE) else [f"sent by the workers of {self.on}"]
        return [
            self._about_rows(), self._about_tokens(), self._about_time(), *place,
            *self._about_names(),
        ]  # fmt: skip

    def _scaled(self, number: int) -> int:
        if self.is_whole or not self.seen or self.rows is None:
            return number
        return round(number * self.rows / self.seen)

    def _about_rows(self) -> str:
        if self.rows is None:
            return "rows: as many as the table has; only reading it tells"
        about = "" if self.is_whole else "about "
        line = f"{self.rows:,} row{'' if self.rows == 1 else 's'}, "
        number = self._scaled(self.distinct)
        kind = "distinct prompt" if self.dedupe else "prompt"
        line += f"{about}{number:,} {kind}{'' if number == 1 else 's'}"
        if self.empty:
            line += f", {about}{self._scaled(self.empty):,} without one (a value is missing)"
        if self.dedupe and self.distinct + self.empty < self.seen:
            line += "; equal ones are sent once"
        return line

    def _about_tokens(self) -> str:
        most = f"at most {self.max_tokens:,} for each answer"
        if not self.seen:
            return f"tokens: not known before the first row is read; {most}"
        if self.rows is None:
            each = self.tokens // self.seen
            return f"about {each:,} token{'' if each == 1 else 's'} a row, {most}"
        return f"about {self._scaled(self.tokens):,} tokens to read, {most}"

    def _about_time(self) -> str:
        if self.on == SERVICE:
            number = -(-self._scaled(self.distinct) // MOST_ROWS)
            jobs = (
                "batch jobs" if self.rows is None else f"{number:,} batch job{'s'[: number != 1]}"
            )
            return (
                f"on the service: {jobs} of at most {MOST_ROWS:,} rows, answered within 24 hours; "
                "the kernel may end meanwhile"
            )
        if self.rate is None:
            return "time: known after the first answer, which tells the limit of the service"
        at = f"at the limit of {self.rate:,} requests a second"
        if self.rows is None:
            return f"time: {at}"
        return f"at least {format_duration(self._scaled(self.distinct) / self.rate)}, {at}"

    def _about_names(self) -> list[str]:
        if not self.sources:
            return []
        named = ", ".join(f"{{{{ {name} }}}} is a {kind}" for name, kind in self.sources.items())
        return [named]


def make_plan(
    rows: Iterable[RowPlace], requests: RowRequests, prompt: RowPrompt, *,
    total: int | None, max_tokens: int, rate: int | None, dedupe: bool = True,
    on: str | None = None, clock: Callable[[], float] = time.monotonic,
) -> Plan:  # fmt: skip
    """Return the plan for rows, of which as many are read as half a second allows."""
    first: str | None = None
    first_place: RowPlace | None = None
    seen = empty = tokens = 0
    distinct: set[int] = set()
    ends_at = clock() + _LONGEST_LOOK_S
    for place in rows:
        seen += 1
        try:
            text = requests.text(place)
        except RowError:
            empty += 1
            continue
        if first is None:
            first, first_place = text, place
        known = hash(text) if dedupe else seen
        if known not in distinct:
            distinct.add(known)
            tokens += estimate_tokens(text)
        if seen % _LOOK_EVERY == 0 and clock() >= ends_at:
            break
    request = requests.request(first) if first is not None else None
    key = b""
    if request is not None and first is not None and first_place is not None:
        key = requests.key(first_place, request)
        # the system message goes along with each
        own = sum(map(estimate_tokens, request.message_texts())) - estimate_tokens(first)
        tokens += max(own, 0) * len(distinct)
    return Plan(
        first or "", request, total, seen, len(distinct), empty, tokens, max_tokens, rate,
        # what a verb puts into its prompt is no variable of the user's
        {name: kind for name, kind in prompt.sources.items() if name[:4] != "wxn_"}, on, key,
        dedupe,
    )  # fmt: skip


def format_duration(seconds: float) -> str:
    """Return a time as a person writes it: "40 s", "12 min", "3.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"
