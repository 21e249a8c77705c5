"""Foreign text, such as a model's answer, as safe HTML and safe plain text.

Pure: nothing here shows anything, asks the network or knows of IPython. HTML is made in this
room and nowhere else. Importing it loads neither the parser nor the sanitiser; `warm` does.
"""

from __future__ import annotations

from wx_notebook.render.fragments import (
    LARGEST_MARKDOWN,
    answer_html,
    line_html,
    markdown_html,
    pre_html,
    warm,
)
from wx_notebook.render.tables import Column, Row, Table, bar, sparkline, table_html, table_text
from wx_notebook.render.text import clean_text

__all__ = [
    "LARGEST_MARKDOWN",
    "Column",
    "Row",
    "Table",
    "answer_html",
    "bar",
    "clean_text",
    "line_html",
    "markdown_html",
    "pre_html",
    "sparkline",
    "table_html",
    "table_text",
    "warm",
]
