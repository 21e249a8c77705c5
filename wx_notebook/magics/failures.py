"""The last cell that failed, for `%watsonx explain`. Imported with the magics, so it is light."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

#: What asks for an explanation and fails has no error of its own to explain.
_OUR_OWN = re.compile(r"%watsonx\s+explain|\bexplain\(")


class FailedCell(NamedTuple):
    """A cell that failed: its code as typed, the error, and which cell it is."""

    code: str
    error: BaseException
    #: the front end's name of the cell, "" where it names none
    cell_id: str = ""


class _Last:
    failure: FailedCell | None = None


def note_failure(result: Any) -> None:  # noqa: ANN401  # IPython's ExecutionResult
    """Keep the cell of a result if it failed. IPython itself keeps the error as long."""
    error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
    info = getattr(result, "info", None)
    code = getattr(info, "raw_cell", None)
    if isinstance(error, BaseException) and code and not _OUR_OWN.search(code):
        _Last.failure = FailedCell(code, error, str(getattr(info, "cell_id", None) or ""))


def last_failure() -> FailedCell | None:
    """Return the last cell that failed, None if none did."""
    return _Last.failure
