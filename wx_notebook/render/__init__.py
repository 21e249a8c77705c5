"""Foreign text, such as a model's answer, as safe HTML and safe plain text.

This room is pure: it shows nothing, asks no network, and knows nothing of IPython. Only this room
makes HTML of foreign text. Importing it loads neither the parser, the sanitiser nor Pygments: they
are loaded by the first text that needs them, or by `preload`.
"""

from __future__ import annotations

from wx_notebook.render.answers import (
    answer_html,
    answer_text,
    partial_html,
    preload,
    reasoning_line,
)
from wx_notebook.render.batch_view import BatchView, batch_html, batch_text
from wx_notebook.render.code import SourceCode, fenced_code, next_cell, runnable_code
from wx_notebook.render.columns import (
    AnswerColumn,
    columns_bundle,
    columns_frame,
    columns_html,
    columns_line,
)
from wx_notebook.render.front_end import ANSWER_TYPE, answer_data, arriving_data
from wx_notebook.render.html import MAX_MARKDOWN, line_html, markdown_html, pre_html
from wx_notebook.render.json_search import find_json
from wx_notebook.render.json_value import format_json, parse_json
from wx_notebook.render.tables import (
    MAX_ROWS,
    CheckRow,
    Column,
    Row,
    TableView,
    bar,
    checks_html,
    sparkline,
    table_html,
    table_text,
)
from wx_notebook.render.text import (
    answer_titles,
    clean_line,
    clean_text,
    plain_answers,
    single_line,
    stable_text,
)
from wx_notebook.render.values import VALUE_FORMAT, partial_value_lines, value_as_text

__all__ = [
    "ANSWER_TYPE",
    "MAX_MARKDOWN",
    "MAX_ROWS",
    "VALUE_FORMAT",
    "AnswerColumn",
    "BatchView",
    "CheckRow",
    "Column",
    "Row",
    "SourceCode",
    "TableView",
    "answer_data",
    "answer_html",
    "answer_text",
    "answer_titles",
    "arriving_data",
    "bar",
    "batch_html",
    "batch_text",
    "checks_html",
    "clean_line",
    "clean_text",
    "columns_bundle",
    "columns_frame",
    "columns_html",
    "columns_line",
    "fenced_code",
    "find_json",
    "format_json",
    "line_html",
    "markdown_html",
    "next_cell",
    "parse_json",
    "partial_html",
    "partial_value_lines",
    "plain_answers",
    "pre_html",
    "preload",
    "reasoning_line",
    "runnable_code",
    "single_line",
    "sparkline",
    "stable_text",
    "table_html",
    "table_text",
    "value_as_text",
]
