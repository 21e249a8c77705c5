"""What prompts have cost in tokens, and the budget that stops the next one before it is sent.

Counted is what the service counted. An answer that ended before that (interrupted, cut, or lost
before it came) is counted by an estimate, and marked. A prompt that was refused, or never left,
costs nothing.

A budget is compared with what is used, what is on its way, and an estimate of the prompt. How long
an answer will be nobody knows before; so the last one may pass the budget, by `max_tokens` at most.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from wx_notebook.errors import QuotaSpent
from wx_notebook.options import DEFAULT_MAX_TOKENS
from wx_notebook.session.ledger import Ledger, Spent

if TYPE_CHECKING:
    from wx_notebook.service import Piece, Request

_Reply = TypeVar("_Reply")
#: What a budget is for: this notebook (the life of its kernel), or a day in all notebooks.
Scope: TypeAlias = Literal["notebook", "day"]
SCOPES: tuple[Scope, ...] = ("notebook", "day")
WHOSE = {"notebook": "this notebook", "day": "today"}
#: From this share on a budget is spoken of.
_NEARLY = 0.8
#: As many cells are told apart.
_MOST_CELLS = 500


@dataclass(slots=True)
class Budget:
    """A number of tokens, the file that names it, and whether it was told to be nearly used up."""

    tokens: int
    source: str = ""
    told: bool = False

    @property
    def named(self) -> str:
        """Where it comes from, in brackets; "" where it was typed here."""
        return f" ({self.source})" if self.source else ""


class Meter:
    """The tokens of this process, and of this user's day.

    Parameters
    ----------
    ledger
        Where the day is kept; None keeps nothing.
    today
        The day it is.
    default_budget
        The tokens of a budget for each notebook that a file names, and which one; None where none
        does.
    """

    def __init__(
        self,
        ledger: Ledger | None = None,
        *,
        today: Callable[[], dt.date] = dt.date.today,
        default_budget: Callable[[], tuple[int, str] | None] = lambda: None,
    ) -> None:
        self.ledger = ledger
        self.today = today
        self.default_budget = default_budget
        #: the number of the cell that runs, None outside of cells
        self.cell: Callable[[], int | None] = lambda: None
        #: why the day is not kept on disk, "" where it is
        self.trouble = ""
        self.by_model: dict[str, Spent] = {}
        self.by_cell: dict[int | None, Spent] = {}
        self._set: dict[Scope, Budget | None] = {}
        self._of_file: Budget | None = None
        self._here: dict[dt.date, dict[str, Spent]] = {}  # what is not on disk
        self._on_their_way = 0
        # reentrant: an answer that is let go may be counted in the middle of counting
        self._lock = threading.RLock()
        self._told_trouble = False

    # --- budgets -------------------------------------------------------------------------------

    def set_budget(self, tokens: int | None, scope: Scope) -> None:
        """Set a budget for this kernel, or end the one that there is, also one of a setting."""
        self._set[scope] = None if tokens is None else Budget(tokens)

    def budgets(self) -> dict[Scope, Budget]:
        """Return the budgets in force: what was typed here wins over a file."""
        found = {scope: one for scope, one in self._set.items() if one is not None}
        if "notebook" not in self._set and (named := self.default_budget()) is not None:
            if self._of_file is None or (self._of_file.tokens, self._of_file.source) != named:
                self._of_file = Budget(*named)
            found["notebook"] = self._of_file
        return found

    def used(self, scope: Scope) -> int:
        """Return the tokens that were used so far."""
        by_model = self.by_model if scope == "notebook" else self.day_by_model()
        return sum(spent.total_tokens for spent in list(by_model.values()))

    def day_by_model(self) -> dict[str, Spent]:
        """Return what was used today in all notebooks, for each model."""
        today = self.today()
        found = self.ledger.by_model(today) if self.ledger is not None else {}
        with self._lock:
            for model_id, spent in self._here.get(today, {}).items():
                found.setdefault(model_id, Spent()).add(spent)
        return found

    # --- prompts -------------------------------------------------------------------------------

    def admit(self, request: Request, redact: Callable[[str], str]) -> Ticket:
        """Let a prompt pass, and return what counts its answer.

        `redact` goes over what a service says before that is kept.

        Raises
        ------
        QuotaSpent
            It does not fit into a budget. Nothing was sent.
        """
        budgets = self.budgets()
        estimate = prompt_tokens(request) if budgets else 0
        with self._lock:
            waiting = self._on_their_way
            self._on_their_way += estimate
        try:
            for scope, budget in budgets.items():
                used = self.used(scope)
                if used + waiting + estimate > budget.tokens:
                    raise _spent(scope, budget, used, waiting, estimate)
        except BaseException:
            self.arrived(estimate)
            raise
        return Ticket(self, request, estimate, budgets, redact)

    def without_room(self, request: Request) -> Iterator[str]:
        """Yield a line for each budget that would not let this prompt pass now."""
        budgets = self.budgets()
        estimate = prompt_tokens(request) if budgets else 0
        for scope, budget in budgets.items():
            used = self.used(scope)
            if used + self._on_their_way + estimate > budget.tokens:
                yield (f"would not be sent: of the budget for {WHOSE[scope]}{budget.named} "
                       f"{used:,} of {budget.tokens:,} tokens are used")  # fmt: skip

    def arrived(self, estimate: int) -> None:
        """Take a prompt off those on their way."""
        with self._lock:
            self._on_their_way -= estimate

    def count(self, model_id: str, spent: Spent) -> None:
        """Count what one prompt has cost. What cannot be written on disk is kept in memory."""
        today, cell = self.today(), self.cell()
        with self._lock:
            self.by_model.setdefault(model_id, Spent()).add(spent)
            self.by_cell.setdefault(cell, Spent()).add(spent)
            if len(self.by_cell) > _MOST_CELLS:
                del self.by_cell[next(iter(self.by_cell))]
        if self.ledger is not None:
            try:
                self.ledger.add(today, model_id, spent)
            except OSError as problem:
                self.trouble = _why(problem)
            else:
                return
        with self._lock:
            self._here.setdefault(today, {}).setdefault(model_id, Spent()).add(spent)

    def notes(self, budgets: Mapping[Scope, Budget], coming: int) -> Iterator[str]:
        """Yield what should be said with an answer that costs `coming` tokens; each thing once."""
        for scope, budget in budgets.items():
            used = self.used(scope) + coming
            if used >= _NEARLY * budget.tokens and not budget.told:
                budget.told = True
                share = 100 * used // budget.tokens
                yield (f"{share} % of the budget for {WHOSE[scope]} is used: {used:,} of "
                       f"{budget.tokens:,} tokens")  # fmt: skip
        if self.trouble and not self._told_trouble:
            self._told_trouble = True
            yield f"the tokens of this day are counted in this notebook alone: {self.trouble}"


class Ticket:
    """Counts one answer, however it ends, and once."""

    def __init__(
        self,
        meter: Meter,
        request: Request,
        estimate: int,
        budgets: Mapping[Scope, Budget],
        redact: Callable[[str], str],
    ) -> None:
        self._meter = meter
        self._redact = redact
        self._budgets = budgets
        self._request = request
        self._estimate = estimate
        self._pieces: list[Piece] = []
        self._is_open = True

    def sending(self, send: Callable[[], _Reply]) -> _Reply:
        """Send by a function; a prompt that did not leave, or is refused, costs nothing."""
        try:
            return send()
        except BaseException as problem:
            # stopped, or the connection was lost, when the service may have been at work
            if getattr(problem, "maybe_billed", True):
                self.settle()
            else:
                self._is_open = False
                self._meter.arrived(self._estimate)
            raise

    def watch(self, pieces: Iterable[Piece]) -> Generator[Piece]:
        """Yield the pieces of the answer, and behind them what should be said about the cost."""
        from wx_notebook.service import Piece

        try:
            # looked at when the answer has ended: here it would be felt with each token
            keep = self._pieces.append
            for piece in pieces:
                keep(piece)
                yield piece
            spent = self._spent()
            if notes := tuple(self._meter.notes(self._budgets, spent.total_tokens)):
                yield Piece(warnings=notes)
        finally:
            self.settle()

    def closing(self, close: Callable[[], None]) -> Callable[[], None]:
        """Return a function that closes the reply and counts what came."""

        def closed() -> None:
            close()
            self.settle()

        return closed

    def settle(self) -> None:
        """Count what came, once."""
        from wx_notebook.transport import one_line

        if self._is_open:
            self._is_open = False
            self._meter.arrived(self._estimate)
            # as it was asked for; a deployment's model only the service knows
            said = next((piece.model_id for piece in self._pieces if piece.model_id), "")
            model_id = one_line(self._redact(self._request.model_id or said))
            self._meter.count(model_id or "unknown", self._spent())
            self._pieces.clear()

    def _spent(self) -> Spent:
        told = (piece.usage for piece in reversed(self._pieces) if piece.usage is not None)
        if (usage := next(told, None)) is not None:
            return Spent(1, usage.input_tokens, usage.output_tokens)
        from wx_notebook.prompt import estimate_tokens

        written = "".join(piece.text + piece.reasoning for piece in self._pieces)
        output = estimate_tokens(written) if written else 0
        return Spent(1, self._estimate or prompt_tokens(self._request), output, estimated=1)


def prompt_tokens(request: Request) -> int:
    """Return about how many tokens a request's texts are; images and tools are not counted."""
    from wx_notebook.prompt import estimate_tokens

    return sum(estimate_tokens(text) for text in _texts(request.body or {}))


def _texts(body: Any) -> Iterator[str]:  # noqa: ANN401  # what JSON holds
    if isinstance(body.get("input"), str):
        yield body["input"]
    for message in body.get("messages") or ():
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (part["text"] for part in content if isinstance(part.get("text"), str))


def _spent(scope: Scope, budget: Budget, used: int, waiting: int, prompt: int) -> QuotaSpent:
    away = f" and {waiting:,} are on their way" if waiting else ""
    day = " --day" if scope == "day" else ""
    # with room for its answer, in whole thousands
    needed = used + waiting + prompt + DEFAULT_MAX_TOKENS
    more = max(2 * budget.tokens, -(-needed // 1000) * 1000)
    return QuotaSpent(
        f"The budget for {WHOSE[scope]}{budget.named} is used up: {used:,} of {budget.tokens:,} "
        f"tokens{away}, and this prompt has about {prompt:,}. It was not sent.",
        hint=f"Next: %watsonx usage --budget {more}{day} raises it, "
        f"%watsonx usage --budget off{day} ends it.",
    )


def _why(problem: OSError) -> str:
    return f"Jupyter's data folder cannot be written ({problem.strerror or problem})"
