"""Our own filters, right behind a value: how many rows of a table, or pages of a document, go."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.templates.documents import Document, file_document, table_document
from wx_notebook.templates.expressions import jinja_environment
from wx_notebook.templates.tables import table_of

_PART = re.compile(r"\s*\|\s*(?P<unit>rows|pages)\s*\(\s*(?P<number>\d+)\s*\)")
_NAME = re.compile(r"\|\s*((?!_)[^\W\d]\w*)")
_TEXT = re.compile(r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
#: Each with the kind of value that it is for.
_OURS = {"rows": "table", "pages": "document"}


def asked_part(value: Any, path: str, filters: str) -> tuple[Document | None, str]:  # noqa: ANN401
    """Return the part of a value that our filter asks for, None without one, and the other filters.

    Parameters
    ----------
    path
        What the user calls the value.
    filters
        All of them, each with its ``|``.
    """
    part = _PART.match(filters)
    if part is None:
        return None, filters
    number, rest = int(part["number"]), filters[part.end() :]
    if part["unit"] == "pages":
        document = file_document(value, max(1, number))
        return document, rest if document is not None else filters
    table = table_of(value, number)
    return (table_document(table, path, number), rest) if table is not None else (None, filters)


def asks_for_rows(filters: str) -> bool:
    """Return whether the first filter is our `rows`."""
    part = _PART.match(filters)
    return part is not None and part["unit"] == "rows"


def unknown_filter(filters: str, path: str, value: Any) -> str:  # noqa: ANN401
    """Return the first filter that does not exist, "" if all do.

    Raises
    ------
    BadOption
        One of ours stands where it has no effect.
    """
    names = _NAME.findall(_TEXT.sub("", filters))
    for name, kind in _OURS.items():
        if name not in names:
            continue
        shown = mask_keys(path)
        is_right = (
            isinstance(value, PurePath) if kind == "document" else table_of(value) is not None
        )
        if not is_right:
            raise BadOption(
                f"{name}(N) works only on {kind}s, and '{shown}' is not a {kind}.",
                hint=f"For the start of a text: {{{{ {shown} | truncate(500) }}}}",
            )
        raise BadOption(
            f"{name}(N) needs a number, and comes right after the {kind}.",
            hint=f"For example: {{{{ {shown} | {name}(20) }}}}",
        )
    return next((name for name in names if name not in jinja_environment().filters), "")
