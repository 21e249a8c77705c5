"""Errors about what stands between double braces: names that do not exist, and expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wx_notebook.errors import BadOption, MissingName
from wx_notebook.templates.python_expressions import advice, in_braces, is_builtin

FILTER_PREFIX = "the filter "
_OTHER_FILTERS = "Use one of Jinja's filters, rows(N) for a table, or pages(N) for a document"
#: Expressions that an error quotes; the others are counted.
_MOST_QUOTED = 3


def refuse_expressions(expressions: Sequence[str], as_typed: str) -> None:
    """Refuse Python expressions, if there are any.

    Raises
    ------
    BadOption
        There are.
    """
    if expressions:
        raise BadOption(
            _about_expressions(expressions),
            hint=f"{advice(expressions[0])}. To send the braces as typed: {as_typed}",
        )


def missing_names(
    names: Mapping[str, str], expressions: Sequence[str], as_typed: str
) -> MissingName:
    """Return the error for names that do not exist, each with its suggestion."""
    own = [name for name in names if is_builtin(name.strip("'"))]
    absent = [name for name in names if name not in own]
    lines = []
    if absent:
        verb = "does not exist" if len(absent) == 1 else "do not exist"
        suggestions = "".join(
            (f" For {name}:" if len(names) > 1 else "") + names[name]
            for name in absent
            if names[name]
        )
        lines.append(f"The prompt uses {', '.join(absent)}, which {verb}.{suggestions}")
    if own:
        many = "are names of Python and not variables" if len(own) > 1 else (
            "is a name of Python and not a variable"
        )  # fmt: skip
        lines.append(f"{', '.join(own)} {many}.")
    if expressions:
        lines.append(_about_expressions(expressions))
    only_filters = all(name.startswith(FILTER_PREFIX) for name in names)
    do = _OTHER_FILTERS if only_filters else "Define what is missing"
    return MissingName("\n".join(lines), hint=f"{do}, or send the braces as typed: {as_typed}")


def _about_expressions(expressions: Sequence[str]) -> str:
    quoted = ", ".join(map(in_braces, expressions[:_MOST_QUOTED]))
    if (more := len(expressions) - _MOST_QUOTED) > 0:
        quoted += f" and {more:,} more"
    return (
        f"No expression is run in a prompt: {quoted}. A placeholder takes a variable, its "
        "attributes, its items and filters."
    )
