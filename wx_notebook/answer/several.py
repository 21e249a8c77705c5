"""Answers of several models to one prompt: as one value, and as the rows of a table."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.answer.joining import named_answer
from wx_notebook.answer.value import Answer


def bundled_answers(answers: Sequence[Answer]) -> Answer:
    """Return the answers of several models as one value: the first one, with all in `.answers`."""
    first, *others = answers
    return named_answer(replace(first, _others=tuple(others)), "wx.last()")


def as_table(rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401  # a DataFrame of a library
    """Return rows as a DataFrame of the library that the notebook has loaded, pandas or polars.

    Without either they stay a list of dicts. Neither library is imported.
    """
    plain = [dict(row) for row in rows]
    for library in ("pandas", "polars"):
        frame = getattr(sys.modules.get(library), "DataFrame", None)
        if frame is not None:
            return frame(plain)
    return plain
