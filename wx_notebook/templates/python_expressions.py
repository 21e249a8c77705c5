"""Code in double braces, which a placeholder does not take.

``{{ df.describe() }}`` is not a placeholder, and sending it as typed would cost tokens for nothing.
It is recognised by Python's own parser and by the names in it, and never run. The same holds for
statements (``{{ x = 2 }}``), for Jinja's marks for blanks (``{{- x -}}``), for the forms of
f-strings (``{{ x:.2f }}``, ``{{ x!r }}``) and of IPython (``{{ x? }}``, ``{{ %time x }}``), where
they are about a variable. ``{{color: 'red'}}``, ``{{1}}``, ``{{#if}}`` and ``{{ .Values.x }}`` are
none of that, or use no name that exists here.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wx_notebook.errors import mask_keys

_OPENING = re.compile(r"(?<!\{)\{\{(?!\{)")
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_PATH = r"(?!_)[^\W\d]\w*(?:\.(?!_)[^\W\d]\w*|\[(?:-?\d+|'[^'\n]*'|\"[^\"\n]*\")\])*"
#: Jinja's marks for the blanks around a placeholder.
_TRIMMED = re.compile(r"[-+~]?\s*(?P<inside>.*?)\s*[-+~]?", re.DOTALL)
#: A path with what an f-string, IPython or a slip of the finger puts behind it.
_WITH_MARKS = re.compile(
    rf"(?P<root>{_PATH})\s*"
    r"(?:![rsa]?|=|[?.,;|]{1,2}|)"
    r"(?::(?:.?[<>=^])?[+-]?\#?0?\d*[,_]?(?:\.\d+)?[bcdeEfFgGnosxX%]?)?"
)
#: A magic, a command of the shell or Python 2's print in front of an expression.
_COMMAND = re.compile(r"(?:%{1,2}\w+|\?|print)\s+(?P<inside>\S.*)")
#: Characters between the braces that are looked at, and closing braces that are tried.
_LONGEST, _MOST_CLOSINGS = 1_000, 8


def find_expressions(text: str, names: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands between double braces and is code about a known name.

    Parameters
    ----------
    text
        A text without placeholders.
    names
        The variables; Python's built-in names are known, too.
    """
    for opening in _OPENING.finditer(text):
        start = opening.end()
        closing = start
        for _ in range(_MOST_CLOSINGS):
            closing = text.find("}}", closing, start + _LONGEST)
            if closing < 0:
                break
            inside = text[start:closing]
            if _is_code(inside, names):
                trimmed = inside.strip()
                yield f" {trimmed} " if _trimmed(inside) == trimmed else inside
                break
            if inside.count("{") <= inside.count("}"):
                break
            # the braces that were found belong to a dict or a set inside
            closing += 1


def is_builtin(name: str) -> bool:
    """Return whether a name is one of Python's own, such as `print`."""
    return hasattr(builtins, name)


def advice(code: str) -> str:
    """Return what to do in place of code in double braces, as `find_expressions` yields it."""
    bare = _trimmed(code)
    marked = _WITH_MARKS.fullmatch(bare)
    has_marks = marked is not None and bare != marked["root"]
    is_path = marked is not None and not {"!", ":"} & set(bare.removesuffix("!"))
    if marked is not None and is_path and (has_marks or code.strip() != bare):
        return f"Write {{{{ {mask_keys(marked['root'])} }}}}"
    if has_marks or _parsed(bare, "eval") is not None:
        value = f'f"{{{bare}}}"' if has_marks else bare
        value = f"({value})" if ":=" in value and value[0] != "(" else value
        return f"Compute it in its own cell, value = {mask_keys(value)}, and write {{{{ value }}}}"
    return "Do it in a cell of its own, and write the name of the variable alone"


def in_braces(code: str) -> str:
    """Return code in its double braces for a message."""
    return f"{{{{{mask_keys(code)}}}}}"


def _is_code(inside: str, names: Mapping[str, Any]) -> bool:
    bare = _trimmed(inside)
    if any(_uses_a_name(one, names) for one in dict.fromkeys((inside.strip(), bare))):
        return True
    if match := _WITH_MARKS.fullmatch(bare):
        return re.split(r"[.\[]", match["root"], maxsplit=1)[0] in names
    command = _COMMAND.fullmatch(bare)
    return command is not None and _uses_a_name(command["inside"], names)


def _trimmed(inside: str) -> str:
    match = _TRIMMED.fullmatch(inside)
    return match["inside"] if match is not None else inside.strip()


def _uses_a_name(source: str, names: Mapping[str, Any]) -> bool:
    """Return whether a text is Python about a name that is known.

    The names of Python itself count in an expression: `len(x)`. A statement is about variables:
    `{{ id = 5 }}` is no Python to who wrote it.
    """
    tree = _parsed(source, "eval")
    is_expression = tree is not None
    if tree is None:
        tree = _parsed(source, "exec")
        if tree is None or any(isinstance(one, ast.AnnAssign) for one in tree.body):
            # {{ color: 'red' }} is an object of JavaScript
            return False
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return any(name in names or (is_expression and is_builtin(name)) for name in used)


def _parsed(source: str, mode: str) -> Any:  # noqa: ANN401  # a node of any kind
    # a text with a word like "\d" would make Python warn
    source = _BACKSLASH.sub(_escaped, source.strip())
    if mode == "eval" and ("\n" in source or ":=" in source):
        # a comment must not take the bracket along
        source = f"({source}\n)"
    try:
        return ast.parse(source, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[1] in "\\'\"\n" else f"\\{match[0]}"
