"""`--compare`: one cell for several models, their answers side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

from wx_notebook.display import Columns, canvas_for
from wx_notebook.errors import Interrupted
from wx_notebook.options import Options
from wx_notebook.session import session
from wx_notebook.session.comparison import Comparison
from wx_notebook.templates import FilledPrompt


def show_comparison(
    shell: Any,  # noqa: ANN401  # InteractiveShell
    prompt: FilledPrompt,
    options: Options,
    more: Any,  # noqa: ANN401  # `run_prompt.more`
) -> Any:  # noqa: ANN401  # a DataFrame, or a list of dicts
    """Ask the models of `--compare`, show their answers while they arrive, and return the table.

    Raises
    ------
    Interrupted
        The user stopped it. What had arrived is shown and bound to the `--output` name.
    WatsonxError
        A model that is not there, before anything is sent; or no model has answered.
    """
    current = session()
    comparison = Comparison(
        current, prompt.text, options, options.compare or (), stream=options.stream,
        go_on=partial(more, shell, current.pipeline),
    )  # fmt: skip
    canvas = canvas_for(shell, options.shown_format)
    columns = Columns(canvas, comparison.runs, options.shown_format)
    stopped: Interrupted | None = None
    table: Any = None
    try:
        table = comparison.run(columns.paint_if_due)
    except Interrupted as error:
        stopped, table = error, error.table
    if options.output is not None:
        shell.user_ns[options.output] = table
    columns.finish()
    if stopped is not None:
        if options.output is not None and stopped.answer is not None:
            stopped.hint = f"What was received is in {options.output} and in wx.last().answers."
        raise stopped
    return table
