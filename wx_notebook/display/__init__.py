"""What appears in the notebook or terminal while an answer comes; only this room shows anything."""

from wx_notebook.display.canvas import Canvas, NotebookCanvas, canvas_for
from wx_notebook.display.live import Live
from wx_notebook.display.once import (
    show_bundle,
    show_lines,
    show_table,
    show_widget,
    table_bundle,
)
from wx_notebook.display.terminal import TerminalCanvas
from wx_notebook.display.waiting import Waiting

__all__ = [
    "Canvas",
    "Live",
    "NotebookCanvas",
    "TerminalCanvas",
    "Waiting",
    "canvas_for",
    "show_bundle",
    "show_lines",
    "show_table",
    "show_widget",
    "table_bundle",
]
