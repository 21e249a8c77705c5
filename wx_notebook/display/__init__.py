"""What appears in the notebook or terminal; only this room shows anything.

Importing it loads neither requests nor a widget library.
"""

from __future__ import annotations

from wx_notebook.display.canvas import Canvas, NotebookCanvas, canvas_for
from wx_notebook.display.columns import Columns
from wx_notebook.display.live import Live
from wx_notebook.display.output import (
    show_bundle,
    show_copy_button,
    show_lines,
    show_table,
    show_widget,
    suppress_next_display,
    table_bundle,
)
from wx_notebook.display.progress import Progress
from wx_notebook.display.terminal_canvas import TerminalCanvas

__all__ = [
    "Canvas",
    "Columns",
    "Live",
    "NotebookCanvas",
    "Progress",
    "TerminalCanvas",
    "canvas_for",
    "show_bundle",
    "show_copy_button",
    "show_lines",
    "show_table",
    "show_widget",
    "suppress_next_display",
    "table_bundle",
]
