"""What a docstring says about a function and about its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

_LONGEST = 1_000
#: numpy's section of parameters, Google's, and the lines of Sphinx.
_NUMPY = re.compile(
    r"^Parameters\n-+\n(?P<body>.*?)(?=^\S[^\n]*\n-+\n|\Z)", re.MULTILINE | re.DOTALL
)
_NUMPY_ENTRY = re.compile(
    r"^(?P<name>\*{0,2}\w+)[^\n]*\n(?P<about>(?:[ \t]+[^\n]*\n?|\n)+)", re.MULTILINE
)
_GOOGLE = re.compile(
    r"^(?:Args|Arguments|Parameters):\n(?P<body>(?:[ \t]+[^\n]*\n?|\n)+)", re.MULTILINE
)
_GOOGLE_ENTRY = re.compile(
    r"^(?P<indent>[ \t]+)(?P<name>\w+)(?: *\([^)\n]*\))?: *"
    r"(?P<about>[^\n]*(?:\n(?P=indent)[ \t]+[^\n]*)*)",
    re.MULTILINE,
)
_SPHINX_ENTRY = re.compile(
    r"^:param (?:\w+ )?(?P<name>\w+): *(?P<about>[^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE
)
_SECTION = re.compile(
    r"^(?:\w[\w ]*\n-+$|(?:Args|Arguments|Parameters|Returns|Raises|Yields):$|:param )",
    re.MULTILINE,
)


def description_of(function: Callable[..., Any]) -> str:
    """Return what a docstring says before its sections, "" without one."""
    text = inspect.getdoc(function) or ""
    if (section := _SECTION.search(text)) is not None:
        text = text[: section.start()]
    return text.strip()[:_LONGEST]


def parameter_descriptions(function: Callable[..., Any]) -> dict[str, str]:
    """Return what a docstring says of each parameter, in the style of numpy, Google or Sphinx."""
    text = (inspect.getdoc(function) or "") + "\n"
    found: dict[str, str] = {}
    if (section := _NUMPY.search(text)) is not None:
        _keep(found, _NUMPY_ENTRY.finditer(section["body"]))
    if (section := _GOOGLE.search(text)) is not None:
        _keep(found, _GOOGLE_ENTRY.finditer(section["body"]))
    _keep(found, _SPHINX_ENTRY.finditer(text))
    return found


def _keep(found: dict[str, str], entries: Iterable[re.Match[str]]) -> None:
    for entry in entries:
        found.setdefault(entry["name"].lstrip("*"), " ".join(entry["about"].split())[:_LONGEST])
