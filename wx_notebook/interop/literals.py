"""Values as source code: Python and JSON that read well, and hold nothing that cannot be seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_WIDTH = 88


class Code(str):
    """A piece of Python that stands for itself: the name of a variable, a call."""

    __slots__ = ()


def python(value: Any, indent: int = 0) -> str:  # noqa: ANN401  # what JSON can hold, and `Code`
    """Return a value as Python writes it, in lines of its own where it is long.

    What does not print is written as an escape, also what turns the direction of a line.

    Parameters
    ----------
    value
        What JSON can hold; `Code` where a name stands for a value.
    indent
        Blanks before the lines that follow the first.
    """
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return _text(value, indent)
    if isinstance(value, Mapping):
        items = [
            f"{_quoted(str(name))}: {python(item, indent + 4)}" for name, item in value.items()
        ]
        return _bracketed("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        return _bracketed("[", [python(item, indent + 4) for item in value], "]", indent)
    return repr(value)


def arguments(values: Mapping[str, Any], indent: int = 0) -> str:
    """Return keyword arguments, one a line, each with its comma."""
    pad = " " * indent
    return "\n".join(f"{pad}{name}={python(value, indent)}," for name, value in values.items())


def json_text(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON with line breaks; letters as they are, what does not print escaped."""
    return "".join(
        character if character.isprintable() or character == "\n" else _json_escape(character)
        for character in json.dumps(value, indent=2, ensure_ascii=False)
    )


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def _text(text: str, indent: int) -> str:
    """Return a text; one of several lines as a line of source for each."""
    lines = text.split("\n")
    if len(lines) == 1 or len(text) + indent < 60:
        return _quoted(text)
    pieces = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    pad = " " * (indent + 4)
    return "(\n" + "\n".join(f"{pad}{_quoted(piece)}" for piece in pieces) + f"\n{' ' * indent})"


def _quoted(text: str) -> str:
    written = repr(text)
    if written[0] == "'" and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def _bracketed(opening: str, items: list[str], closing: str, indent: int) -> str:
    one_line = f"{opening}{', '.join(items)}{closing}"
    if len(one_line) + indent <= _WIDTH and "\n" not in one_line and len(items) < 3:
        return one_line
    pad = " " * (indent + 4)
    return (
        f"{opening}\n" + "".join(f"{pad}{item},\n" for item in items) + f"{' ' * indent}{closing}"
    )
