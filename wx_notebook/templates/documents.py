"""Values that become more than their `str` in a prompt: tables, files, answers, arrays."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption
from wx_notebook.templates.file_kinds import PROMPT_TAKES, kind_of_bytes
from wx_notebook.templates.files import FileTooLarge, read_bytes
from wx_notebook.templates.pictures import Picture
from wx_notebook.templates.readers import read_document, reader_of
from wx_notebook.templates.tables import TABLE_BUDGET, Table, counted, table_of
from wx_notebook.templates.unfit_values import check_fits

#: Libraries with arrays of numbers, by the first part of a class's module.
_ARRAY_LIBRARIES = frozenset(["numpy", "pandas", "torch", "jax", "jaxlib", "tensorflow"])
#: Arrays of so many values are not shortened by any of them.
_ALWAYS_WHOLE = 100
#: Bytes; no model can read more at once.
_LARGEST_FILE = 4_000_000
_MARK_BYTES = 64


class Document(NamedTuple):
    """The text of a value, what of it is sent and what is not, each in a few words.

    A `picture` has no text: it stands in the place of one. A `note` is for the user.
    """

    text: str
    sends: str = ""
    cut: str = ""
    picture: Picture | None = None
    note: str = ""


def document_of(
    value: Any,  # noqa: ANN401
    name: str,
    text_types: tuple[type, ...] = (),
) -> Document | None:
    """Return the document of a value, None for a value that has only its `str`.

    Parameters
    ----------
    name
        What the user calls it, for messages.
    text_types
        Types whose `str` is their text, such as an answer.

    Raises
    ------
    BadOption
        A file that cannot be read, or is not text.
    """
    if isinstance(value, PurePath):
        document = file_document(value)
        return document or Document(_file_text(Path(value)), f"the file {value.name}")
    if text_types and isinstance(value, text_types):
        return Document(str(value))
    if (table := table_of(value)) is not None:
        return table_document(table, name)
    return _array_document(value, name)


def file_document(value: object, pages: int | None = None) -> Document | None:
    """Return the document that a path leads to, its first pages if asked; None for another value.

    Raises
    ------
    BadOption
        It cannot be read, or what reads it is not installed.
    """
    if not isinstance(value, PurePath):
        return None
    path = Path(value)
    reader = reader_of(path, read_bytes(path, _MARK_BYTES, start=True))
    return None if reader is None else Document(*read_document(path, reader, pages))


def table_document(table: Table, name: str, rows: int | None = None) -> Document:
    """Return a table's schema and its first rows: `rows`, or as many as the budget allows."""
    part = table.to_text(rows=rows, budget=TABLE_BUDGET)
    sent, height = part.rows, table.height
    cut = []
    why = f"within {TABLE_BUDGET:,} tokens" if rows is None else "as asked"
    if height is None:
        cut.append(f"what follows the first {counted(sent, 'row')} of {name} ({why})")
    elif sent < height:
        cut.append(f"{height - sent:,} of {counted(height, 'row')} of {name} ({why})")
    if part.columns < len(table.columns):
        rest = len(table.columns) - part.columns
        cut.append(f"{rest:,} of {counted(len(table.columns), 'column')} of {name}")
    if part.shortened:
        cut.append(f"the end of {counted(part.shortened, 'long value')} of {name}")
    return Document(f"{name}: {part.text}", f"{counted(sent, 'row')} of {name}", ", ".join(cut))


def _file_text(path: Path) -> str:
    content = _file_bytes(path)
    kind = kind_of_bytes(content[:64], path.suffix)
    text: str | None = None
    if b"\0" not in content:
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode("utf-8-sig")
    # a PDF may consist of readable characters without being readable text
    if text is not None and not content.startswith(b"%PDF-"):
        return text
    if kind is not None:
        message = f"{path} is {kind.article_and_name}, not a text. {PROMPT_TAKES}"
        raise BadOption(message, hint=kind.hint)
    if b"\0" in content:
        raise BadOption(
            f"{path} is not text. {PROMPT_TAKES}",
            hint="Convert it to text in its own cell, and use that.",
        )
    raise BadOption(
        f"{path} is not UTF-8 text.",
        hint="Read it in its own cell, text = path.read_text(encoding=...), and use {{ text }}.",
    )


def _file_bytes(path: Path) -> bytes:
    """Return the bytes of a text file; of another file its beginning says enough."""
    try:
        return read_bytes(path, _LARGEST_FILE)
    except FileTooLarge as error:
        refused = error
    start = read_bytes(path, _LARGEST_FILE, start=True)
    if kind_of_bytes(start[:64], path.suffix):
        return start
    raise BadOption(
        f"{path} has more than {_LARGEST_FILE:,} bytes.",
        hint="Read a part of it in its own cell, text = path.read_text()[:100_000], and use that.",
    ) from refused


def _array_document(value: Any, name: str) -> Document | None:  # noqa: ANN401
    """Return the document of an array; the `str` of a large one omits its middle."""
    library = type(value).__module__.partition(".")[0]
    shape = getattr(value, "shape", None)
    if library not in _ARRAY_LIBRARIES or not shape or not isinstance(shape, tuple):
        return None
    check_fits(value, name)
    text = str(value)
    is_cut = "..." in text and math.prod(shape) > _ALWAYS_WHOLE
    cut = f"the middle of {name} ({math.prod(shape):,} values)" if is_cut else ""
    return Document(text, f"an array {tuple(shape)} of {name}", cut)
