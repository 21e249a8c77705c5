"""A list as a table of pandas or polars, whichever library the notebook has loaded."""

from __future__ import annotations

import dataclasses
import enum
import sys
from collections.abc import Mapping
from typing import Any

from wx_notebook.errors import SchemaMismatch

_NO_LIBRARY = "Neither pandas nor polars is loaded in this notebook."
#: The column of a value that has no fields.
VALUE_COLUMN = "value"


def frame_of(value: Any) -> Any:  # noqa: ANN401  # any value; a table of another library
    """Return a list as a DataFrame; pandas comes first where both are loaded.

    Raises
    ------
    SchemaMismatch
        It is no list, or neither library is loaded. (An `AttributeError`: `answer.df` raises it.)
    """
    if not isinstance(value, list | tuple | set | frozenset) or hasattr(value, "_fields"):
        kind = type(value).__name__
        raise SchemaMismatch(
            f"The value of the answer is of type {kind}, but a table needs a list.",
            hint="The value is in answer.data. For a list, use --schema '(name, age: int)[]'",
        )
    rows = [table_row(each) for each in value]
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None:
        return pandas.DataFrame(rows)
    if polars is not None:
        # the type of a column may show only in its last rows
        return polars.DataFrame(rows, infer_schema_length=None)
    raise SchemaMismatch(_NO_LIBRARY, hint="Next: import pandas, then answer.df")


def table_row(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a value as a row of a table; what lies deeper stays as it is."""
    if isinstance(value, Mapping):
        found = dict(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    elif hasattr(value, "model_fields_set") or "__fields__" in vars(type(value)):
        # of pydantic, 2 or 1: its iterator yields names and values
        found = dict(value)
    elif hasattr(value, "_asdict"):
        found = value._asdict()
    else:
        found = {VALUE_COLUMN: value}
    return {name: _cell(each) for name, each in found.items()}


def _cell(value: Any) -> Any:  # noqa: ANN401
    return value.value if isinstance(value, enum.Enum) else value
