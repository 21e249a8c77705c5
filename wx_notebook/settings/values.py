"""The defaults that a settings file gives: of options, of the budget, and names for models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import near, without_keys
from wx_notebook.options import Refused, excluded_by, known_options
from wx_notebook.settings.faults import Fault, shown, unknown

_ALIAS = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MODEL_ID = re.compile(r"[A-Za-z0-9][\w./:-]{0,199}")
#: Options by name, and whether a file can give them a default.
_OPTIONS = {option.name: option for option in known_options()}
OPTIONS = tuple(name for name, option in _OPTIONS.items() if option.metadata["layered"])
ALIASES, BUDGET = "aliases", "budget"
_KEYS = (*OPTIONS, BUDGET, ALIASES)
_TABLES = ("param", ALIASES)


class Values(NamedTuple):
    """What one file says about prompts."""

    options: Mapping[str, Any] = {}
    aliases: Mapping[str, str] = {}
    budget: int | None = None
    #: tables of which nothing is known here, by their names
    ignored: tuple[str, ...] = ()


def values_in(
    table: Mapping[str, Any], where: str, path: Path, others: Sequence[str] = ()
) -> Values | Fault:
    """Return what a table says.

    Parameters
    ----------
    where
        The table's place in the file, for messages: "in [tool.wx_notebook]".
    others
        Keys of it that are somebody else's matter.
    """
    options: dict[str, Any] = {}
    ignored: list[str] = []
    for key, value in table.items():
        if key in others or key in (ALIASES, BUDGET):
            continue
        if key not in OPTIONS:
            # tables of another version of this package are left alone; the settings name them
            if isinstance(value, dict) and not near(key, (*_TABLES, *others)):
                ignored.append(shown(key, "one"))
                continue
            return _no_setting(key, where, path, others)
        found = _checked(key, value, where, path)
        if isinstance(found, Fault):
            return found
        options[key] = found
    for key in options:
        if other := excluded_by(key, options):
            return Fault(
                f"'{key}' and '{other}' {where} of {path} exclude each other.",
                "Take one of the two out.",
            )
    aliases = _aliases(table.get(ALIASES, {}), where, path)
    if isinstance(aliases, Fault):
        return aliases
    budget = table.get(BUDGET)
    if budget is not None and (not isinstance(budget, int) or budget is True or budget < 1):
        return Fault(
            f"'{BUDGET}' {where} of {path} takes a whole number of tokens from 1.",
            f"For example: {BUDGET} = 50000",
        )
    return Values(options, aliases, budget, tuple(ignored))


def _no_setting(key: str, where: str, path: Path, others: Sequence[str]) -> Fault:
    if key in _OPTIONS:
        flag = _OPTIONS[key].metadata["flags"][-1]
        return Fault(
            f"'{key}' {where} of {path} has no default: each cell says it by itself.",
            f"Take it out, and type {flag} where you need it.",
        )
    return unknown(key, where, (*others, *_KEYS), path)


def _checked(key: str, value: object, where: str, path: Path) -> Any:  # noqa: ANN401
    """Return the value as options keep it, or the Fault that it is."""
    try:
        return _OPTIONS[key].metadata["kind"].check(value)
    except Refused as problem:
        return Fault(f"'{key}' {where} of {path} {problem.says}.{problem.suggestion}", problem.hint)


def _aliases(table: object, where: str, path: Path) -> dict[str, str] | Fault:
    hint = 'An alias is written as: granite = "ibm/granite-4-h-small"'
    if not isinstance(table, dict):
        return Fault(f"'{ALIASES}' {where} of {path} does not hold names of models.", hint)
    for name, model_id in table.items():
        if not _ALIAS.fullmatch(name):
            return Fault(
                f"{shown(name, 'A name')} in '{ALIASES}' of {path} cannot be an alias: it has "
                "letters, digits, '-', '_' and '.'.",
                hint,
            )
        is_one = isinstance(model_id, str) and _MODEL_ID.fullmatch(model_id)
        # the longest name of a model has a slash; a key has none
        if not is_one or ("/" not in model_id and without_keys(model_id) != model_id):
            return Fault(f"'{name}' in '{ALIASES}' of {path} is not the id of a model.", hint)
    return dict(table)
