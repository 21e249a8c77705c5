"""The defaults in a settings file: options, the token budget, and model aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import did_you_mean, mask_keys
from wx_notebook.options import InvalidValue, excluded_by, known_options
from wx_notebook.settings.problems import SettingsProblem, quote_name, unknown_key_problem

_ALIAS = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MODEL_ID = re.compile(r"[A-Za-z0-9][\w./:-]{0,199}")
#: All options by name, and the names of those that a file can set.
_OPTIONS = {option.name: option for option in known_options()}
OPTIONS = tuple(name for name, option in _OPTIONS.items() if option.metadata["configurable"])
ALIASES, BUDGET, JOURNAL = "aliases", "budget", "journal"
_KEYS = (*OPTIONS, BUDGET, JOURNAL, ALIASES)
_TABLES = ("param", ALIASES)


class PromptDefaults(NamedTuple):
    """The defaults of prompts in one file."""

    options: Mapping[str, Any] = {}
    aliases: Mapping[str, str] = {}
    budget: int | None = None
    #: Names of unknown tables.
    ignored: tuple[str, ...] = ()
    #: The folder where a project keeps its chats, relative to the project; "" for none.
    chats: str = ""
    #: Whether rows of tables and their answers are kept on disk; None where the file does not say.
    journal: bool | None = None


def parse_prompt_defaults(
    table: Mapping[str, Any], where: str, path: Path, others: Sequence[str] = ()
) -> PromptDefaults | SettingsProblem:
    """Return the defaults in a table.

    Parameters
    ----------
    where
        The table's place in the file, for messages: "in [tool.wx_notebook]".
    others
        Keys of the table that are read elsewhere.
    """
    options: dict[str, Any] = {}
    ignored: list[str] = []
    for key, value in table.items():
        if key in others or key in (ALIASES, BUDGET, JOURNAL):
            continue
        if key not in OPTIONS:
            # a table may belong to another version of this package; %watsonx settings names it
            if isinstance(value, dict) and not did_you_mean(key, (*_TABLES, *others)):
                ignored.append(quote_name(key, "one"))
                continue
            return _no_setting(key, where, path, others)
        checked = _check_value(key, value, where, path)
        if isinstance(checked, SettingsProblem):
            return checked
        options[key] = checked
    names = [*options, *(f"param.{name}" for name in options.get("param", ()))]
    for key in names:
        if other := excluded_by(key, names):
            return SettingsProblem(
                f"'{key}' and '{other}' {where} of {path} can't be combined.",
                "Remove one of the two.",
            )
    return _with_others(PromptDefaults(options, ignored=tuple(ignored)), table, where, path)


def _with_others(
    defaults: PromptDefaults, table: Mapping[str, Any], where: str, path: Path
) -> PromptDefaults | SettingsProblem:
    """Return the defaults with what is no option of a prompt, or a problem with one."""
    values: dict[str, Any] = {
        "aliases": _aliases(table.get(ALIASES, {}), where, path),
        "budget": _budget(table.get(BUDGET), where, path),
        "journal": _journal(table.get(JOURNAL), where, path),
    }
    problem = next((one for one in values.values() if isinstance(one, SettingsProblem)), None)
    return problem or defaults._replace(**values)


def _budget(value: object, where: str, path: Path) -> int | SettingsProblem | None:
    if value is None or (isinstance(value, int) and value is not True and value >= 1):
        return value
    return SettingsProblem(
        f"'{BUDGET}' {where} of {path} takes a whole number of tokens from 1.",
        f"For example: {BUDGET} = 50000",
    )


def _journal(value: object, where: str, path: Path) -> bool | SettingsProblem | None:
    if value is None or isinstance(value, bool):
        return value
    return SettingsProblem(
        f"'{JOURNAL}' {where} of {path} is true or false.",
        f"For example: {JOURNAL} = false keeps no answers on disk",
    )


def _no_setting(key: str, where: str, path: Path, others: Sequence[str]) -> SettingsProblem:
    if key in _OPTIONS:
        flag = _OPTIONS[key].metadata["flags"][-1]
        return SettingsProblem(
            f"'{key}' {where} of {path} cannot be set in a file; it belongs to one cell.",
            f"Remove it, and type {flag} where you need it.",
        )
    return unknown_key_problem(key, where, (*others, *_KEYS), path)


def _check_value(key: str, value: object, where: str, path: Path) -> Any:  # noqa: ANN401
    """Return the value as options keep it, or the problem with it."""
    try:
        return _OPTIONS[key].metadata["type"].check(value)
    except InvalidValue as problem:
        return SettingsProblem(
            f"'{key}' {where} of {path} {problem.predicate}.{problem.suggestion}", problem.hint
        )


def _aliases(table: object, where: str, path: Path) -> dict[str, str] | SettingsProblem:
    hint = 'Write an alias as: granite = "ibm/granite-4-h-small"'
    if not isinstance(table, dict):
        return SettingsProblem(f"'{ALIASES}' {where} of {path} must contain model aliases.", hint)
    for name, model_id in table.items():
        if not _ALIAS.fullmatch(name):
            return SettingsProblem(
                f"{quote_name(name, 'A name')} in '{ALIASES}' of {path} is not a valid alias. "
                "Use letters, digits, '-', '_' and '.'.",
                hint,
            )
        is_one = isinstance(model_id, str) and _MODEL_ID.fullmatch(model_id)
        # long model IDs have a slash; a key has none
        if not is_one or ("/" not in model_id and mask_keys(model_id) != model_id):
            return SettingsProblem(f"'{name}' in '{ALIASES}' of {path} is not a model ID.", hint)
    return dict(table)
