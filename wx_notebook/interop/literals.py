"""Values as source code: in Python, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_LINE_WIDTH = 88


class Expression(str):
    """A piece of Python that stays as it is: the name of a variable, a call."""

    __slots__ = ()


def read_variable(name: str) -> Expression:
    """Return the Python code that reads an environment variable."""
    return Expression(f'os.environ["{name}"]')


def python_literal(value: Any, indent: int = 0) -> str:  # noqa: ANN401  # JSON values, `Expression`
    """Return a value as Python source, with long values on several lines.

    Characters that do not print become escapes, also those that reverse the direction of a line.

    Parameters
    ----------
    value
        A JSON value; `Expression` where a name takes the place of a value.
    indent
        Blanks before each line but the first.
    """
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _text_literal(value, indent)
    if isinstance(value, Mapping):
        items = [
            f"{_quote(str(name))}: {python_literal(item, indent + 4)}"
            for name, item in value.items()
        ]
        return _bracket("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        return _bracket("[", [python_literal(item, indent + 4) for item in value], "]", indent)
    return repr(value)


def keyword_arguments(values: Mapping[str, Any]) -> str:
    """Return keyword arguments, one on each line, with a comma after each."""
    return "\n".join(f"    {name}={python_literal(value, 4)}," for name, value in values.items())


def json_literal(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON on several lines, with escapes for characters that do not print."""
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in json.dumps(value, indent=2, ensure_ascii=False)
    )


def _text_literal(text: str, indent: int) -> str:
    """Return a text; one with several lines gets a line of source for each."""
    lines = text.split("\n")
    if len(lines) == 1 or len(text) + indent < 60:
        return _quote(text)
    pieces = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    pad = " " * (indent + 4)
    return "(\n" + "\n".join(f"{pad}{_quote(piece)}" for piece in pieces) + f"\n{' ' * indent})"


def _quote(text: str) -> str:
    literal = repr(text)
    if literal[0] == "'" and '"' not in literal:
        return f'"{literal[1:-1]}"'
    return literal


def _bracket(opening: str, items: list[str], closing: str, indent: int) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + indent <= _LINE_WIDTH and "\n" not in line and len(items) < 3:
        return line
    pad = " " * (indent + 4)
    return (
        f"{opening}\n" + "".join(f"{pad}{item},\n" for item in items) + f"{' ' * indent}{closing}"
    )
