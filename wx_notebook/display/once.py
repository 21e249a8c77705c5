"""Output that is shown once: a few lines, a request, a widget with its plain twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wx_notebook.display.lines import lines_bundle

if TYPE_CHECKING:
    from wx_notebook.render import Table


def show_lines(shell: Any, lines: Sequence[str]) -> None:  # noqa: ANN401  # InteractiveShell
    """Show lines of ours, or a table that is made of them, in plain text and HTML."""
    shell.display_pub.publish(data=lines_bundle(lines))


def show_table(shell: Any, table: Table) -> None:  # noqa: ANN401
    """Show a table of ours, with its plain twin."""
    shell.display_pub.publish(data=table_bundle(table))


def table_bundle(table: Table) -> dict[str, str]:
    """Return a table of ours in plain text and HTML."""
    from wx_notebook.render import table_html, table_text

    return {"text/plain": table_text(table), "text/html": table_html(table)}


def show_request(shell: Any, text: str) -> None:  # noqa: ANN401
    """Show a request as it would go out."""
    show_lines(shell, text.split("\n"))


def show_widget(shell: Any, widget: Any) -> None:  # noqa: ANN401
    """Show a widget; its bundle has a plain twin for front ends without widgets."""
    data, metadata = widget._repr_mimebundle_()  # Jupyter's own protocol
    shell.display_pub.publish(data=data, metadata=metadata)
