"""What came back, as a value, and the stream that it comes from."""

from wx_notebook.answer.calls import ToolCall, parse_arguments
from wx_notebook.answer.frames import VALUE_COLUMN, table_row
from wx_notebook.answer.joining import (
    fault_of,
    joined_answers,
    named_answer,
    read_answer,
    repaired_answer,
    unfit_answer,
    values_of,
)
from wx_notebook.answer.notes import ReceivedHint
from wx_notebook.answer.reader import AnswerReader
from wx_notebook.answer.reading import Reading, SchemaReader
from wx_notebook.answer.several import as_table, bundled_answers
from wx_notebook.answer.stream import AnswerStream
from wx_notebook.answer.value import Answer, Continuation

__all__ = [
    "VALUE_COLUMN",
    "Answer",
    "AnswerReader",
    "AnswerStream",
    "Continuation",
    "Reading",
    "ReceivedHint",
    "SchemaReader",
    "ToolCall",
    "as_table",
    "bundled_answers",
    "fault_of",
    "joined_answers",
    "named_answer",
    "parse_arguments",
    "read_answer",
    "repaired_answer",
    "table_row",
    "unfit_answer",
    "values_of",
]
