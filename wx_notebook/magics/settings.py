"""`%watsonx settings`: each default of a prompt, where it comes from, and what it replaces."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wx_notebook.display import show_lines
from wx_notebook.errors import mask_keys
from wx_notebook.magics.option_line import CONFIGURABLE
from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.session import Session, current_session
from wx_notebook.session.process import METER
from wx_notebook.settings import (
    PROJECT,
    USER,
    ResolvedOption,
    SettingsFiles,
    SourcedValue,
    effective_options,
    model_alias,
    project_file,
    read_files,
    settings_file,
    sourced_aliases,
    sourced_budgets,
)

_HEAD = ("setting", "value", "from", "instead of")
_LONGEST = 44
_BUILT_IN = "built-in"
_TYPED = "%watsonx usage"
_PLAIN = re.compile(r"[\w./:-]+")


def show_settings(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Show the settings; an error in a file is reported below the values of the other file."""
    show_lines(shell, settings_lines(current_session()))


def settings_lines(session: Session | None) -> list[str]:
    """Return the table of the settings, and the files that they come from."""
    files = read_files()
    table = _SettingsTable(session, files)
    rows = [_HEAD, *table.options(), *table.budgets(), *table.journal(), *table.aliases()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, "", *_file_lines(files)]


def value_text(value: object, redact: Callable[[str], str] = str) -> str:
    """Return a value as one line; a key in the wrong place stays hidden."""
    # redacted before it is written as Python writes it: a password may hold a quotation mark
    value = _redacted(value, redact)
    if isinstance(value, tuple):
        text = ", ".join(map(repr, value))
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name}={each!r}" for name, each in value.items())
    elif isinstance(value, str) and _PLAIN.fullmatch(value):
        text = value
    else:
        # quotes show where a text with blanks or line ends begins and ends
        text = repr(value)
    return mask_keys(text)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401  # as it was
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {_redacted(name, redact): _redacted(each, redact) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_redacted(each, redact) for each in value)
    return value


class _SettingsTable:
    """The rows of the table: name, value, source, and the values that it replaces."""

    def __init__(self, session: Session | None, files: SettingsFiles) -> None:
        self._session = session
        self._files = files
        self._redact = session.state.redact if session is not None else str
        self._options = effective_options(
            session.state.session_model if session is not None else None
        )

    def options(self) -> Iterator[tuple[str, ...]]:
        for name, option in CONFIGURABLE.items():
            if name == "param":
                params = sorted(each for each in self._options if each.startswith("param."))
                yield from (self._row(each, self._options[each], "") for each in params)
            else:
                built_in = self._default_model() if name == "model" else option.default
                yield self._row(name, self._options.get(name), built_in)

    def budgets(self) -> Iterator[tuple[str, ...]]:
        from_files = sourced_budgets(self._files)
        in_force: dict[str, int] = {}
        # with an error in a file the budget in force is unknown; the error stands below
        if not self._files.problems:
            in_force = {scope: budget.tokens for scope, budget in METER.budgets().items()}
        notebook = in_force.get("notebook")
        if from_files and (notebook == from_files[0].value or self._files.problems):
            first, *others = from_files
            yield ("budget", f"{first.value}", first.source, self._all(others))
        elif from_files or notebook is not None:
            value = "off" if notebook is None else f"{notebook}"
            yield ("budget", value, _TYPED, self._all(from_files))
        if "day" in in_force:
            yield ("budget a day", f"{in_force['day']}", _TYPED, "")

    def journal(self) -> Iterator[tuple[str, ...]]:
        files = ((self._files.project, PROJECT), (self._files.user, USER))
        if off := [source for values, source in files if values.journal is False]:
            yield ("journal", "False", " and ".join(off), "")

    def aliases(self) -> Iterator[tuple[str, ...]]:
        for name, (first, *others) in sorted(sourced_aliases(self._files).items()):
            value = self._text(first.value)
            yield (f"alias {self._text(name)}", value, first.source, self._all(others))

    def _row(self, name: str, option: ResolvedOption | None, built_in: object) -> tuple[str, ...]:
        if option is None:
            value = "not set" if built_in is None else self._text(built_in)
            return (name, value, _BUILT_IN, "")
        if option.current is None:
            overridden = self._all(option.overridden)
            return (name, "not set", f"{option.excluded_by} excludes it", overridden)
        typed = option.current.value
        value = self._text(typed)
        if name == "model" and (model_id := model_alias(typed)) != typed:
            value = f"{self._text(model_id)} ({value})"
        return (name, value, option.current.source, self._all(option.overridden))

    def _all(self, values: Sequence[SourcedValue]) -> str:
        return ", ".join(f"{self._text(each.value)} ({each.source})" for each in values)

    def _text(self, value: object) -> str:
        text = value_text(value, self._redact)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."

    def _default_model(self) -> str:
        session = self._session
        return DEFAULT_MODEL if session is None else session.state.default_model(dry=True)


def _file_lines(files: SettingsFiles) -> Iterator[str]:
    """Yield where the two files are, and what is wrong in them."""
    for name, path, values in (
        ("project file", project_file(), files.project),
        ("user file", settings_file(), files.user),
    ):
        yield f"{name}: {path}{'' if path.exists() else ' (not there)'}"
        if values.ignored:
            yield f"  unknown tables in it, which have no effect: {', '.join(values.ignored)}"
    for fault in files.problems:
        yield f"Not read: {fault.message}"
        yield fault.hint
