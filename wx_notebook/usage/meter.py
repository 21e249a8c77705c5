"""The tokens of this process and of this user's day, and the budgets that stop the next prompt.

A budget is compared with the tokens that are used, the estimates of the prompts that are on their
way, and an estimate of the new prompt. The length of an answer is not known before it is sent, so
the last prompt may pass the budget, by `max_tokens` for each of its answers at most.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wx_notebook.errors import QuotaSpent
from wx_notebook.forking import begin_anew_after_fork
from wx_notebook.options import DEFAULT_MAX_TOKENS
from wx_notebook.usage.ledger import Ledger, TokenCounts
from wx_notebook.usage.ledger_writer import LedgerWriter

#: A budget is for this notebook (the life of its kernel), or for a day in all notebooks.
BudgetScope: TypeAlias = Literal["notebook", "day"]
BUDGET_SCOPES: tuple[BudgetScope, ...] = ("notebook", "day")
SCOPE_LABELS = {"notebook": "this notebook", "day": "today"}
#: From this share on the answers carry a note about the budget.
_NEARLY = 0.8
#: The most cells that are counted separately.
_MOST_CELLS = 500


@dataclass(slots=True)
class Budget:
    """A number of tokens, the file that sets it, and whether a note about it was given."""

    tokens: int
    source: str = ""
    was_noted: bool = False

    @property
    def source_note(self) -> str:
        """The file in brackets, "" for a budget that was typed in this notebook."""
        return f" ({self.source})" if self.source else ""


class _Spending(NamedTuple):
    """The tokens of one prompt, with the day and the cell that they are counted for."""

    day: dt.date
    cell: int | None
    model_id: str
    spent: TokenCounts


class UsageMeter:
    """The tokens of this process, and of this user's day.

    Parameters
    ----------
    ledger
        The files of the day's tokens; with None the day is counted in memory only.
    today
        Returns the current day.
    default_budget
        Returns the tokens of the notebook budget that a settings file sets, and that file; None
        where no file sets one.
    """

    def __init__(
        self,
        ledger: Ledger | None = None,
        *,
        today: Callable[[], dt.date] = dt.date.today,
        default_budget: Callable[[], tuple[int, str] | None] = lambda: None,
    ) -> None:
        self.today = today
        self.default_budget = default_budget
        #: returns the number of the running cell, None outside of cells
        self.cell: Callable[[], int | None] = lambda: None
        self.by_model: dict[str, TokenCounts] = {}
        self.by_cell: dict[int | None, TokenCounts] = {}
        self._writer = LedgerWriter(ledger)
        self._budgets: dict[BudgetScope, Budget | None] = {}
        self._file_budget: Budget | None = None
        self._trouble_was_noted = False
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Start without reservations: the prompts that are running are the parent's."""
        self._reserved = 0
        self._lock = threading.Lock()
        #: reservations that ended, and tokens that were spent, until they are counted
        self._ended: deque[int | _Spending] = deque()

    # --- budgets -------------------------------------------------------------------------------

    def set_budget(self, tokens: int | None, scope: BudgetScope) -> None:
        """Set a budget for this kernel; None ends the budget, also one that a file sets."""
        self._budgets[scope] = None if tokens is None else Budget(tokens)

    def budgets(self) -> dict[BudgetScope, Budget]:
        """Return the budgets in force: one that was typed here wins over one of a file."""
        budgets = {scope: one for scope, one in self._budgets.items() if one is not None}
        if "notebook" not in self._budgets and (default := self.default_budget()) is not None:
            current = self._file_budget
            if current is None or (current.tokens, current.source) != default:
                current = self._file_budget = Budget(*default)
            budgets["notebook"] = current
        return budgets

    def used(self, scope: BudgetScope) -> int:
        """Return the tokens that were used so far."""
        self._count_ended()
        by_model = self.by_model if scope == "notebook" else self.day_by_model()
        return sum(counts.total_tokens for counts in list(by_model.values()))

    def day_by_model(self) -> dict[str, TokenCounts]:
        """Return the tokens of today in all notebooks, by model."""
        return self._writer.by_model(self.today())

    def last_days(self, number: int) -> list[int]:
        """Return the tokens of each of the last days in all notebooks, today's at the end."""
        return self._writer.days(number, self.today())

    @property
    def trouble(self) -> str:
        """Why the day is not kept on disk, "" where it is."""
        return self._writer.trouble

    # --- prompts -------------------------------------------------------------------------------

    def reserve(self, estimate: int, budgets: Mapping[BudgetScope, Budget]) -> None:
        """Reserve the estimated tokens of a prompt until `release`.

        Raises
        ------
        QuotaSpent
            The prompt does not fit into one of the budgets. Nothing is reserved.
        """
        with self._lock:
            waiting = self._reserved
            self._reserved += estimate
        self._count_ended()
        try:
            for scope, budget in budgets.items():
                used = self.used(scope)
                if used + waiting + estimate > budget.tokens:
                    raise _quota_spent(scope, budget, used, waiting, estimate)
        except BaseException:
            self.release(estimate)
            raise

    def release(self, estimate: int) -> None:
        """End the reservation of a prompt."""
        self._ended.append(estimate)
        self._count_ended()

    def lacking_budgets(self, estimate: int) -> Iterator[str]:
        """Yield a line for each budget that has no room for a prompt of so many tokens now."""
        for scope, budget in self.budgets().items():
            used = self.used(scope)
            if used + self._reserved + estimate > budget.tokens:
                yield (f"would not be sent: {used:,} of the {budget.tokens:,} tokens of the budget "
                       f"for {SCOPE_LABELS[scope]}{budget.source_note} are used")  # fmt: skip

    def count(self, model_id: str, spent: TokenCounts) -> None:
        """Count the tokens of one prompt: here at once, on disk within a second."""
        self._ended.append(_Spending(self.today(), self.cell(), model_id, spent))
        self._count_ended()

    def _count_ended(self) -> None:
        """Count what has ended, unless another thread, or this one further up, is about to.

        Garbage collection settles an abandoned answer wherever a thread happens to be. If that
        waited for a lock, two threads could wait for each other. Whoever holds the lock looks again
        after it has let go.
        """
        while self._ended and self._lock.acquire(blocking=False):
            spendings = []
            try:
                while self._ended:
                    ended = self._ended.popleft()
                    if isinstance(ended, int):
                        self._reserved -= ended
                    else:
                        self._add(ended)
                        spendings.append(ended)
            finally:
                self._lock.release()
            # not under the lock: the writer has its own
            for one in spendings:
                self._writer.add(one.day, one.model_id, one.spent)

    def _add(self, one: _Spending) -> None:
        self.by_model.setdefault(one.model_id, TokenCounts()).add(one.spent)
        self.by_cell.setdefault(one.cell, TokenCounts()).add(one.spent)
        if len(self.by_cell) > _MOST_CELLS:
            del self.by_cell[next(iter(self.by_cell))]

    def flush(self) -> None:
        """Write to disk now what waits to be written."""
        self._writer.flush()

    def notes(self, budgets: Mapping[BudgetScope, Budget], coming: int) -> Iterator[str]:
        """Yield the notes for an answer that costs `coming` tokens; each note is given once."""
        for scope, budget in budgets.items():
            used = self.used(scope) + coming
            if used >= _NEARLY * budget.tokens and not budget.was_noted:
                budget.was_noted = True
                share = 100 * used // budget.tokens
                yield (f"{share} % of the budget for {SCOPE_LABELS[scope]} is used: {used:,} of "
                       f"{budget.tokens:,} tokens")  # fmt: skip
        was_noted, self._trouble_was_noted = self._trouble_was_noted, bool(self.trouble)
        if self.trouble and not was_noted:
            yield f"the tokens of this day are counted in this notebook only: {self.trouble}"


def _quota_spent(
    scope: BudgetScope, budget: Budget, used: int, waiting: int, estimate: int
) -> QuotaSpent:
    others = f", {waiting:,} more are reserved for prompts that are running" if waiting else ""
    day = " --day" if scope == "day" else ""
    # with room for the answer, in whole thousands
    needed = used + waiting + estimate + DEFAULT_MAX_TOKENS
    more = max(2 * budget.tokens, -(-needed // 1000) * 1000)
    return QuotaSpent(
        f"The budget for {SCOPE_LABELS[scope]}{budget.source_note} is used up: {used:,} of "
        f"{budget.tokens:,} tokens{others}, and this prompt has about {estimate:,}. "
        "It was not sent.",
        hint=f"Next: %watsonx usage --budget {more}{day} raises it, "
        f"%watsonx usage --budget off{day} ends it.",
    )
