"""What becomes of an answer in the notebook: the next cell, the value of this one, or an error."""

from __future__ import annotations

from typing import Any

from wx_notebook.answer import Answer, unfit_answer
from wx_notebook.display import suppress_next_display
from wx_notebook.errors import Interrupted, WatsonxError
from wx_notebook.magics.lab_link import put_cell_below
from wx_notebook.render import next_cell, runnable_code


def apply_format(shell: Any, answer: Answer) -> WatsonxError | None:  # noqa: ANN401
    """Do what the format of an answer asks for; return why that is impossible.

    Complete code goes into the next cell, where the user runs it or not. A front end that has no
    next cell ignores that and shows the code, too. A note says if there is no code.
    """
    if (unfit := unfit_answer(answer)) is not None:
        return unfit
    if answer.format == "code" and answer.is_whole:
        code = runnable_code(answer.text)
        if code is not None:
            put_cell_below(shell, next_cell(code, answer.model_id).text)
    elif answer.format == "json":
        try:
            _ = [one.data for one in answer.answers]
        except WatsonxError as error:
            return error
    return None


def deliver(
    shell: Any,  # noqa: ANN401
    answer: Answer | None,
    error: WatsonxError | Interrupted | None,
) -> Answer:
    """Return the answer as the value of the cell, or raise the error."""
    if error is not None:
        raise error
    assert answer is not None  # noqa: S101  # without an error the stream has ended
    suppress_display(shell, answer)
    return answer


def suppress_display(shell: Any, answer: Any) -> None:  # noqa: ANN401
    """Keep the running cell from showing an answer again that its live output shows already.

    Only for this cell: an answer that was assigned is shown by a later one.
    """
    take_back = suppress_next_display(shell, answer)

    def cell_has_run(_: object) -> None:
        shell.events.unregister("post_run_cell", cell_has_run)
        take_back()

    shell.events.register("post_run_cell", cell_has_run)
