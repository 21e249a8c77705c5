"""`%watsonx usage`: what prompts have cost in tokens, and the budget that stops them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption
from wx_notebook.magics.words import Takes, parsed
from wx_notebook.session.twin import METER
from wx_notebook.session.usage import SCOPES, WHOSE, Budget, Meter, Scope

if TYPE_CHECKING:
    from wx_notebook.render import Row, Table
    from wx_notebook.session.ledger import Spent

TAKES: dict[str, Takes] = {"--budget": "one", "--day": "none"}
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d[\d_]*|\d+\.\d+(?=[kM]))([kKM]?)")
_FACTORS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}
_LARGEST = 10**12
_FILE = "wx_notebook.toml"
#: As many cells and days are shown.
_CELLS, _DAYS = 8, 14


def usage(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the tokens of the last cells, of this notebook and of the day.

    `--budget N` lets no prompt pass any more that has no room in N tokens of this notebook, with
    `--day` of the day; `--budget off` ends both, with `--day` that of the day.

    Raises
    ------
    BadOption
        The budget is no number of tokens.
    """
    from wx_notebook.display import show_lines, show_table

    _, options = parsed("usage", rest, TAKES)
    by_day = "--day" in options
    if "--budget" in options:
        show_lines(shell, list(_set_budget(METER, options["--budget"], by_day=by_day)))
        return
    if by_day:
        raise BadOption(
            "--day goes with --budget.", hint="Next: %watsonx usage --budget 50000 --day"
        )
    show_table(shell, table(METER))


def attach(shell: Any) -> None:  # noqa: ANN401
    """Let the tokens of a cell be told apart by its number."""
    # `execution_count` is this cell's in old versions of IPython and the next one's in new ones
    METER.cell = lambda: int(shell.displayhook.prompt_count)


def detach() -> None:
    """Count on, without the numbers of cells."""
    METER.cell = lambda: None


def table(meter: Meter) -> Table:
    """Return what has been used as a table, with bars to look at."""
    from wx_notebook.render import Column, Row, Table, sparkline

    recent = list(meter.by_cell.items())[-_CELLS:]
    highest = max((spent.total_tokens for _, spent in recent), default=0)
    rows = [
        _row(f"cell [{number}]" if number is not None else "outside of cells", spent, highest)
        for number, spent in recent
    ]
    budgets, notes = _budgets(meter)
    today = meter.day_by_model()
    for scope, by_model in (("notebook", dict(meter.by_model)), ("day", today)):
        rows += _scope_rows(WHOSE[scope], by_model)
    rows += [_budget_row(meter, scope, budget) for scope, budget in budgets.items()]
    if meter.ledger is not None and any(days := meter.ledger.days(_DAYS, meter.today())):
        cells = (f"the last {_DAYS} days", "", "", "", f"{max(days):,} at most", sparkline(days))
        rows.append(Row(cells))
    if any(spent.estimated for spent in (*meter.by_model.values(), *today.values())):
        notes.append("~ with an estimate: an answer ended before the service counted its tokens")
    if meter.trouble:
        notes.append(f"today is this notebook alone: {meter.trouble}")
    numbers = [Column(name, "number") for name in ("prompts", "in", "out", "all")]
    return Table((Column("tokens"), *numbers, Column("", "bar")), tuple(rows), notes=tuple(notes))


def _budgets(meter: Meter) -> tuple[dict[Scope, Budget], list[str]]:
    """Return the budgets in force, and what there is to say where there are none."""
    try:
        budgets = meter.budgets()
    except BadOption as problem:
        # what was used can be seen all the same
        return {}, [f"no prompt is sent until this is mended: {problem.message} {problem.hint}"]
    return budgets, [] if budgets else ["no budget: %watsonx usage --budget 50000 sets one"]


def _scope_rows(name: str, by_model: Mapping[str, Spent]) -> Iterator[Row]:
    from wx_notebook.session.ledger import Spent

    whole = Spent()
    for spent in by_model.values():
        whole.add(spent)
    yield _row(name, whole, 0, is_sum=True)
    for model_id, spent in sorted(by_model.items(), key=lambda item: -item[1].total_tokens):
        yield _row(f"· {model_id}", spent, whole.total_tokens)


def _row(name: str, spent: Spent, of: int, *, is_sum: bool = False) -> Row:
    from wx_notebook.render import Row, bar

    about = "~" if spent.estimated else ""
    cells = (
        name,
        f"{spent.prompts:,}",
        f"{about}{spent.input_tokens:,}",
        f"{about}{spent.output_tokens:,}",
        f"{about}{spent.total_tokens:,}",
        bar(spent.total_tokens / of) if of else "",
    )
    return Row(cells, is_sum=is_sum)


def _budget_row(meter: Meter, scope: Scope, budget: Budget) -> Row:
    from wx_notebook.render import Row, bar

    share = meter.used(scope) / budget.tokens
    told = f"{100 * share:.0f} % of {budget.tokens:,}"
    name = f"budget for {WHOSE[scope]}{budget.named}"
    return Row((name, "", "", "", told, f"{bar(share):·<20}"), is_sum=True)


def _set_budget(meter: Meter, text: str, *, by_day: bool) -> Iterator[str]:
    scope: Scope = "day" if by_day else "notebook"
    if text.lower() == "off":
        for one in [scope] if by_day else SCOPES:
            meter.set_budget(None, one)
        yield f"no budget for {WHOSE['day']} any more" if by_day else "no budget any more"
        return
    tokens = _tokens(text)
    meter.set_budget(tokens, scope)
    yield f"budget for {WHOSE[scope]}: {tokens:,} tokens, of which {meter.used(scope):,} are used"
    yield "a prompt without room in it is not sent; the last answer may pass it by its --max-tokens"
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
            f"--budget takes a number of tokens or off, and '{without_keys(text)}' is none.",
            hint="For example: %watsonx usage --budget 50000",
        )
    return tokens
