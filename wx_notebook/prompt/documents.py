"""What becomes more than its `str` in a prompt: a table, a file, an earlier answer."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption
from wx_notebook.prompt.tables import TABLE_BUDGET, Table, table_of

#: Bytes. No model reads as much at once.
_LARGEST_FILE = 4_000_000


class Document(NamedTuple):
    """The text of a value; what of it goes out and what stays behind, each in a few words."""

    text: str
    sends: str = ""
    cut: str = ""


def document_of(value: Any, name: str, texts: tuple[type, ...] = ()) -> Document | None:  # noqa: ANN401
    """Return the document that a value is, None for one that is none.

    Parameters
    ----------
    name
        What the user calls it, for the words about it.
    texts
        Types whose `str` is their text, such as an answer.

    Raises
    ------
    BadOption
        A file that cannot be read, or is no text.
    """
    if isinstance(value, PurePath):
        text = _file_text(Path(value))
        return Document(text, f"the file {value.name}")
    if texts and isinstance(value, texts):
        return Document(str(value))
    if (table := table_of(value)) is not None:
        return sample(table, name)
    return _shortened(value, name)


def sample(table: Table, name: str, rows: int | None = None) -> Document:
    """Return a table's schema and its first rows: `rows`, or as many as the budget takes."""
    drawn = table.drawn(rows=rows, budget=TABLE_BUDGET)
    sent, there = drawn.rows, table.height
    cut = []
    if sent < there:
        why = f"within {TABLE_BUDGET:,} tokens" if rows is None else "as asked"
        cut.append(f"{there - sent:,} of {there:,} rows of {name} ({why})")
    if drawn.columns < len(table.columns):
        left = len(table.columns) - drawn.columns
        cut.append(f"{left:,} of {len(table.columns):,} columns of {name}")
    if drawn.shortened:
        cut.append(f"the end of {drawn.shortened:,} long values of {name}")
    return Document(
        f"{name}: {drawn.text}", f"{sent:,} row{'' if sent == 1 else 's'} of {name}", ", ".join(cut)
    )


def _file_text(path: Path) -> str:
    problem = ""
    try:
        # a pipe of this name would hold the kernel
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                problem = "is not a file"
            else:
                content = file.read(_LARGEST_FILE + 1)
                if len(content) > _LARGEST_FILE:
                    problem = f"has more than {_LARGEST_FILE:,} bytes"
                elif b"\0" in content:
                    problem = "is not text"
                else:
                    return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise BadOption(
        f"{path} {problem}.",
        hint="Read it in a cell of its own, text = path.read_text(...), and use {{ text }}.",
    )


def _shortened(value: Any, name: str) -> Document | None:  # noqa: ANN401
    """Return an array of numpy, whose `str` leaves out the middle of a large one."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray):
        return None
    left_out = value.size > numpy.get_printoptions()["threshold"]
    cut = f"the middle of {name} ({value.size:,} values)" if left_out else ""
    return Document(str(value), f"an array {value.shape} of {name}", cut)
