"""Output that is shown once and stays: lines, a table, a widget, a copy button."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from wx_notebook.render import TableView, clean_text, pre_html, table_html, table_text


def lines_bundle(lines: Sequence[str]) -> dict[str, str]:
    """Return lines of ours in plain text and HTML."""
    text = "\n".join(clean_text(line) for line in lines)
    return {"text/plain": text, "text/html": pre_html(text)}


def table_bundle(table: TableView) -> dict[str, str]:
    """Return a table of ours in plain text and HTML."""
    return {"text/plain": table_text(table), "text/html": table_html(table)}


def show_lines(shell: Any, lines: Sequence[str]) -> None:  # noqa: ANN401  # InteractiveShell
    """Show lines of ours in plain text and HTML."""
    shell.display_pub.publish(data=lines_bundle(lines))


def show_table(shell: Any, table: TableView) -> None:  # noqa: ANN401
    """Show a table of ours in plain text and HTML."""
    shell.display_pub.publish(data=table_bundle(table))


def show_widget(
    shell: Any,  # noqa: ANN401
    widget: Any,  # noqa: ANN401
    *,
    display_id: str = "",
    update: bool = False,
) -> None:
    """Show a widget; its bundle has plain text for front ends without widgets.

    With a `display_id`, a later output can replace the widget, or the widget an earlier output.
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
    """Show one output that has several forms already; `display_id` as in `show_widget`."""
    transient = {"display_id": display_id} if display_id else {}
    shell.display_pub.publish(
        data=dict(data), metadata=dict(metadata or {}), transient=transient, update=update
    )


def show_copy_button(shell: Any, text: str, fallback: str) -> None:  # noqa: ANN401
    """Show a button that copies a text of ours, which is shown above it already.

    Parameters
    ----------
    shell
        IPython's own.
    text
        What is copied. The notebook file contains it, so it must never be a secret.
    fallback
        What a front end without widgets shows instead.
    """
    button = _copy_button_class()(text=text)
    data, metadata = button._repr_mimebundle_()  # Jupyter's own protocol
    show_bundle(shell, {**data, "text/plain": fallback}, metadata)


@cache
def _copy_button_class() -> Any:  # noqa: ANN401
    """Return the widget class; anywidget is imported only when a button is shown."""
    import anywidget
    import traitlets

    class CopyButton(anywidget.AnyWidget):
        _esm = Path(__file__).parent / "copy.js"
        text = traitlets.Unicode().tag(sync=True)

    return CopyButton


#: Answers that are on the screen, and that IPython has not displayed as a result yet.
_SHOWN: list[Any] = []


def suppress_next_display(shell: Any, answer: Any) -> Callable[[], None]:  # noqa: ANN401
    """Show nothing the next time that IPython displays this answer: the live output has shown it.

    Returns a function that takes this back, if the answer was not displayed by then. (For an object
    with an empty bundle IPython shows its text: measured. So its formatter is told, for a while.)
    """
    formatter = shell.display_formatter.ipython_display_formatter

    def take_back(shown: object = answer) -> None:
        _SHOWN[:] = [one for one in _SHOWN if one is not shown]
        if not _SHOWN:
            formatter.pop(type(shown), None)

    def display_unless_shown(result: object) -> None:
        if not any(one is result for one in _SHOWN):
            # IPython goes on with the bundle then
            raise NotImplementedError
        take_back(result)

    _SHOWN.append(answer)
    formatter.for_type(type(answer), display_unless_shown)
    return take_back
