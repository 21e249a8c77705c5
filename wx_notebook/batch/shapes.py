"""What becomes of an answer in the table: its text, or the columns of a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wx_notebook.batch.parquet_types import ColumnTypes, declared_types
from wx_notebook.errors import BadOption, SchemaMismatch, mask_keys
from wx_notebook.schemas import Schema

#: The column of the answer's text, and the one that says why a row has none.
ANSWER, ERROR = "answer", "error"


class Shape(Protocol):
    """The new columns of a table, beside `error`.

    Attributes
    ----------
    columns
        Their names.
    """

    columns: Sequence[str]

    def types(self) -> ColumnTypes:
        """Return the types of the columns, as far as they are known, for Parquet."""

    def cells(self, text: str) -> Mapping[str, Any]:
        """Return the values of the columns for an answer.

        Raises
        ------
        SchemaMismatch
            The answer does not have them.
        """


class TextShape:
    """One column with the text of the answer."""

    columns: Sequence[str] = (ANSWER,)

    def types(self) -> ColumnTypes:
        """Return none: a column of texts says so itself."""
        return {}

    def cells(self, text: str) -> Mapping[str, Any]:
        """Return the text in its column."""
        return {ANSWER: text}


class SchemaShape:
    """The columns of a schema: its fields, or `answer` for a value that is no object.

    Parameters
    ----------
    schema
        What the prompt asks for.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.columns: Sequence[str] = schema.columns or (ANSWER,)
        self._is_one = not schema.columns

    def types(self) -> ColumnTypes:
        """Return the types that the schema declares."""
        declared = declared_types(self._schema.document)
        # a value that is no object stands in the one field of an object
        names = dict.fromkeys(declared, ANSWER) if self._is_one else {n: n for n in declared}
        return {names[name]: kind for name, kind in declared.items()}

    def cells(self, text: str) -> Mapping[str, Any]:
        """Return the values of the fields.

        Raises
        ------
        SchemaMismatch
            The answer does not fit the schema.
        """
        reading = self._schema.read(text)
        if reading.fault:
            raise SchemaMismatch(f"The answer does not fit the schema: {reading.fault}")
        value = reading.json
        return {ANSWER: value} if self._is_one else {n: value.get(n) for n in self.columns}


def check_columns(shape: Shape, columns: Sequence[str]) -> None:
    """Refuse a table that has a column of a new one's name already.

    Raises
    ------
    BadOption
        It has.
    """
    there = [name for name in (*shape.columns, ERROR) if name in columns]
    if there:
        many = "columns" if len(there) > 1 else "a column"
        names = ", ".join(f"'{mask_keys(name)}'" for name in there)
        raise BadOption(
            f"The table has {many} {names} already, and the answers would take "
            f"{'their places' if len(there) > 1 else 'its place'}. Nothing was sent.",
            hint=f"Rename or drop it, for example: df.drop(columns={there!r})",
        )
