"""Output that is shown once: a few lines, a request, a widget with its plain twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def show_widget(
    shell: Any,  # noqa: ANN401
    widget: Any,  # noqa: ANN401
    *,
    display_id: str = "",
    update: bool = False,
) -> None:
    """Show a widget; its bundle has a plain twin for front ends without widgets.

    With a `display_id` it can be put into the place of what was shown under that, and the other way
    round.
    """
    data, metadata = widget._repr_mimebundle_()  # Jupyter's own protocol
    show_bundle(shell, data, metadata, display_id=display_id, update=update)


def show_bundle(
    shell: Any,  # noqa: ANN401
    data: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
    *,
    display_id: str = "",
    update: bool = False,
) -> None:
    """Show what is there in several forms already; `display_id` as in `show_widget`."""
    transient = {"display_id": display_id} if display_id else {}
    shell.display_pub.publish(
        data=dict(data), metadata=dict(metadata or {}), transient=transient, update=update
    )
