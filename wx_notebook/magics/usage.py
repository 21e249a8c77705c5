"""`%watsonx usage`: the tokens that prompts have used, and the budget that stops them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wx_notebook.display import show_lines, show_table
from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.render import Column, Row, TableView, bar, sparkline
from wx_notebook.session.process import METER
from wx_notebook.transport import is_offline
from wx_notebook.usage.ledger import TokenCounts
from wx_notebook.usage.meter import BUDGET_SCOPES, SCOPE_LABELS, Budget, BudgetScope, UsageMeter

_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d[\d_]*|\d+\.\d+(?=[kM]))([kKM]?)")
_FACTORS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}
_LARGEST = 10**12
_FILE = "wx_notebook.toml"
#: How many cells and days are shown.
_CELLS, _DAYS = 8, 14


def show_usage(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Show the tokens of the last cells, of this notebook and of the day, or set a budget.

    With a budget of N tokens for this notebook, or with `--day` for the day, a prompt that does
    not fit is not sent. `--budget off` removes both, with `--day` that of the day.

    Raises
    ------
    BadOption
        The budget is not a number of tokens.
    """
    if args.budget:
        show_lines(shell, list(_set_budget(METER, args.budget, by_day=bool(args.day))))
        return
    if args.day:
        raise BadOption(
            "--day goes with --budget.", hint="Next: %watsonx usage --budget 50000 --day"
        )
    show_table(shell, usage_table(METER))


def usage_table(meter: UsageMeter) -> TableView:
    """Return what has been used as a table, with bars."""
    recent = list(meter.by_cell.items())[-_CELLS:]
    highest = max((counts.total_tokens for _, counts in recent), default=0)
    rows = [
        _row(f"cell [{number}]" if number is not None else "outside of cells", counts, highest)
        for number, counts in recent
    ]
    budgets, notes = _budgets(meter)
    today = meter.day_by_model()
    for scope, by_model in (("notebook", dict(meter.by_model)), ("day", today)):
        rows += _scope_rows(SCOPE_LABELS[scope], by_model)
    rows += [_budget_row(meter, scope, budget) for scope, budget in budgets.items()]
    if any(days := meter.last_days(_DAYS)):
        cells = (f"the last {_DAYS} days", "", "", "", f"{max(days):,} at most", sparkline(days))
        rows.append(Row(cells))
    if any(counts.estimated for counts in (*meter.by_model.values(), *today.values())):
        notes.append("~ estimated: an answer ended before the service had counted its tokens")
    if is_offline():
        notes.append("answers of the recording cost nothing, and are not counted")
    if meter.trouble:
        notes.append(f"today counts this notebook alone: {meter.trouble}")
    numbers = [Column(name, "number") for name in ("prompts", "in", "out", "all")]
    return TableView(
        (Column("tokens"), *numbers, Column("", "bar")), tuple(rows), notes=tuple(notes)
    )


def _budgets(meter: UsageMeter) -> tuple[dict[BudgetScope, Budget], list[str]]:
    """Return the budgets in force, and a note if there are none."""
    try:
        budgets = meter.budgets()
    except BadOption as error:
        # what was used can be shown all the same
        return {}, [f"no prompt is sent until this is corrected: {error.message} {error.hint}"]
    return budgets, [] if budgets else ["no budget: %watsonx usage --budget 50000 sets one"]


def _scope_rows(name: str, by_model: Mapping[str, TokenCounts]) -> Iterator[Row]:
    total = TokenCounts()
    for counts in by_model.values():
        total.add(counts)
    yield _row(name, total, 0, is_total=True)
    for model_id, counts in sorted(by_model.items(), key=lambda item: -item[1].total_tokens):
        yield _row(f"· {model_id}", counts, total.total_tokens)


def _row(name: str, counts: TokenCounts, whole: int, *, is_total: bool = False) -> Row:
    about = "~" if counts.estimated else ""
    cells = (
        name,
        f"{counts.prompts:,}",
        f"{about}{counts.input_tokens:,}",
        f"{about}{counts.output_tokens:,}",
        f"{about}{counts.total_tokens:,}",
        bar(counts.total_tokens / whole) if whole else "",
    )
    return Row(cells, is_total=is_total)


def _budget_row(meter: UsageMeter, scope: BudgetScope, budget: Budget) -> Row:
    share = meter.used(scope) / budget.tokens
    text = f"{100 * share:.0f} % of {budget.tokens:,}"
    name = f"budget for {SCOPE_LABELS[scope]}{budget.source_note}"
    return Row((name, "", "", "", text, f"{bar(share):·<20}"), is_total=True)


def _set_budget(meter: UsageMeter, text: str, *, by_day: bool) -> Iterator[str]:
    """Set or remove a budget and yield what to say about it."""
    scope: BudgetScope = "day" if by_day else "notebook"
    if text.lower() == "off":
        for each in [scope] if by_day else BUDGET_SCOPES:
            meter.set_budget(None, each)
        yield f"no budget for {SCOPE_LABELS['day']} any more" if by_day else "the budget is removed"
        return
    tokens = _tokens(text)
    meter.set_budget(tokens, scope)
    used = meter.used(scope)
    yield f"budget for {SCOPE_LABELS[scope]}: {tokens:,} tokens, of which {used:,} are used"
    yield "a prompt that does not fit is not sent; the last answer may exceed it by its max_tokens"
    if by_day:
        yield (
            "the tokens of all notebooks count; the budget itself holds in this one, until its "
            "kernel is restarted"
        )
    else:
        yield f"it holds until the kernel is restarted; budget = {tokens} in {_FILE} lasts"


def _tokens(text: str) -> int:
    """Return a number of tokens as people write it: 50000, 50_000, 50,000, 50k, 1.5M."""
    match = _NUMBER.fullmatch(text.strip())
    tokens = 0
    if match is not None:
        tokens = int(float(match[1].replace(",", "").replace("_", "")) * _FACTORS[match[2]])
    if not 0 < tokens < _LARGEST:
        raise BadOption(
            f"--budget takes a number of tokens, or off; '{mask_keys(text)}' is neither.",
            hint="For example: %watsonx usage --budget 50000",
        )
    return tokens
