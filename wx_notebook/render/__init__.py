"""Foreign text, such as a model's answer, as safe HTML and safe plain text.

Pure: nothing here shows anything, asks the network or knows of IPython. HTML is made in this
room and nowhere else. Importing it loads neither the parser nor the sanitiser; `warm` does.
"""

from __future__ import annotations

from wx_notebook.render.answers import answer_html, partial_html, plain_answer, thinking_line
from wx_notebook.render.checks import CheckRow, checks_html
from wx_notebook.render.fences import Code, fenced_code
from wx_notebook.render.fragments import (
    LARGEST_MARKDOWN,
    line_html,
    markdown_html,
    pre_html,
    warm,
)
from wx_notebook.render.json_value import indented, parsed_json
from wx_notebook.render.next_cell import NextCell, next_cell
from wx_notebook.render.tables import Column, Row, Table, bar, sparkline, table_html, table_text
from wx_notebook.render.text import clean_text, settled_text

__all__ = [
    "LARGEST_MARKDOWN",
    "CheckRow",
    "Code",
    "Column",
    "NextCell",
    "Row",
    "Table",
    "answer_html",
    "bar",
    "checks_html",
    "clean_text",
    "fenced_code",
    "indented",
    "line_html",
    "markdown_html",
    "next_cell",
    "parsed_json",
    "partial_html",
    "plain_answer",
    "pre_html",
    "settled_text",
    "sparkline",
    "table_html",
    "table_text",
    "thinking_line",
    "warm",
]
