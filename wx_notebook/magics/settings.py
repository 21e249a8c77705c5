"""`%watsonx settings`: each default of a prompt, who says so, and what it comes before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import without_keys
from wx_notebook.magics.defaults import LAYERED
from wx_notebook.magics.words import parsed

if TYPE_CHECKING:
    from wx_notebook.session import Session
    from wx_notebook.settings import Files, Resolved, Sourced

_HEAD = ("setting", "value", "from", "instead of")
_LONGEST = 44
_BUILT_IN = "built-in"
_TYPED = "%watsonx usage"
_PLAIN = re.compile(r"[\w./:-]+")


def settings(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the settings; a file with an error is told, and the rest shown all the same."""
    from wx_notebook.display import show_lines
    from wx_notebook.session import current

    parsed("settings", rest, {})
    show_lines(shell, lines_of(current()))


def lines_of(held: Session | None) -> list[str]:
    """Return the table of the settings, and the files that they come from."""
    from wx_notebook.settings import read_files

    files = read_files()
    table = _Table(held, files)
    rows = [_HEAD, *table.options(), *table.budget(), *table.aliases()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, "", *_places(files)]


def shown(value: object, redact: Callable[[str], str] = str) -> str:
    """Return a value in a line; a key in a wrong place stays hidden."""
    # before it is written as Python writes it: a password may hold a quotation mark
    value = _redacted(value, redact)
    if isinstance(value, tuple):
        text = ", ".join(map(repr, value))
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name}={each!r}" for name, each in value.items())
    elif isinstance(value, str) and _PLAIN.fullmatch(value):
        text = value
    else:
        # a text with a blank or a line end in it is seen as one
        text = repr(value)
    return without_keys(text)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401  # as it was
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {_redacted(name, redact): _redacted(each, redact) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_redacted(each, redact) for each in value)
    return value


class _Table:
    def __init__(self, held: Session | None, files: Files) -> None:
        from wx_notebook.session.defaults import session_model
        from wx_notebook.settings import in_force

        self._held = held
        self._files = files
        self._redact = held.redact if held is not None else str
        self._found = in_force(session_model(held) if held is not None else None)

    def options(self) -> Iterator[tuple[str, ...]]:
        for name, option in LAYERED.items():
            if name == "param":
                params = sorted(each for each in self._found if each.startswith("param."))
                yield from (self._row(each, self._found[each], "") for each in params)
            else:
                built_in = self._model() if name == "model" else option.default
                yield self._row(name, self._found.get(name), built_in)

    def budget(self) -> Iterator[tuple[str, ...]]:
        from wx_notebook.session.twin import METER
        from wx_notebook.settings import budgets

        said = budgets(self._files)
        if self._files.faults:
            # what they say together is not known; the fault stands below
            in_force = {}
        else:
            in_force = {scope: one.tokens for scope, one in METER.budgets().items()}
        here = in_force.get("notebook")
        if said and (here == said[0].value or self._files.faults):
            yield ("budget", f"{said[0].value}", said[0].source, self._all(said[1:]))
        elif said or here is not None:
            yield ("budget", "off" if here is None else f"{here}", _TYPED, self._all(said))
        if "day" in in_force:
            yield ("budget a day", f"{in_force['day']}", _TYPED, "")

    def aliases(self) -> Iterator[tuple[str, ...]]:
        from wx_notebook.settings import alias_sources

        for name, (first, *others) in sorted(alias_sources(self._files).items()):
            value = self._value(first.value)
            yield (f"alias {self._value(name)}", value, first.source, self._all(others))

    def _row(self, name: str, found: Resolved | None, built_in: object) -> tuple[str, ...]:
        if found is None:
            value = "not set" if built_in is None else self._value(built_in)
            return (name, value, _BUILT_IN, "")
        if found.first is None:
            return (name, "not set", f"{found.because} excludes it", self._all(found.shadowed))
        value = self._value(found.first.value)
        if name == "model" and (model_id := self._alias(found.first.value)):
            value = f"{self._value(model_id)} ({value})"
        return (name, value, found.first.source, self._all(found.shadowed))

    def _all(self, found: list[Sourced]) -> str:
        return ", ".join(f"{self._value(each.value)} ({each.source})" for each in found)

    def _value(self, value: object) -> str:
        text = shown(value, self._redact)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."

    def _alias(self, name: str) -> str:
        from wx_notebook.settings import model_alias

        model_id = model_alias(name)
        return model_id if model_id != name else ""

    def _model(self) -> str:
        from wx_notebook.options import DEFAULT_MODEL

        return self._held.default_model(dry=True) if self._held is not None else DEFAULT_MODEL


def _places(files: Files) -> Iterator[str]:
    from wx_notebook.settings import project_file, settings_file

    for name, path, values in (
        ("project file", project_file(), files.project),
        ("user file", settings_file(), files.user),
    ):
        yield f"{name}: {path}{'' if path.exists() else ' (not there)'}"
        if values.ignored:
            names = ", ".join(values.ignored)
            yield f"  tables in it that are not known here, and do nothing: {names}"
    for fault in files.faults:
        yield f"Not read: {fault.message}"
        yield fault.hint
