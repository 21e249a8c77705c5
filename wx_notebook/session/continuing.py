"""Going on with an answer that was cut, by the one way of a prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wx_notebook.errors import BadOption, Interrupted, WatsonxError
from wx_notebook.service import continuation
from wx_notebook.session import twin

if TYPE_CHECKING:
    from wx_notebook.answer import Answer
    from wx_notebook.service import Request
    from wx_notebook.session.connection import Session


def more(held: Session, request: Request, answer: Answer) -> Answer:
    """Return an answer to `request` with what comes behind it.

    Raises
    ------
    BadOption
        The session of the answer was closed.
    WatsonxError, Interrupted
        As for a prompt; with both parts in `.answer` where something of the second one came.
    """
    check_open(held)
    failure: WatsonxError | Interrupted

    def go_on(so_far: Answer) -> Answer:
        return more(held, request, so_far)

    try:
        return joined(answer, held.open(continuation(request, answer.text)).answer, go_on)
    except (WatsonxError, Interrupted) as problem:
        failure = problem
    if failure.answer is not None:
        failure.answer = joined(answer, failure.answer, go_on)
    raise failure


def check_open(held: Session) -> None:
    """Refuse to go on where nobody is signed in any more.

    Raises
    ------
    BadOption
        The session of the answer was closed.
    """
    if held.credential is None:
        raise BadOption(
            "The session that this answer came from was closed.", hint="Run its prompt again."
        )


def joined(answer: Answer, following: Answer, go_on: Callable[[Answer], Answer]) -> Answer:
    """Return both as one, which `go_on` goes on with, and keep it as the last answer."""
    whole = answer.followed_by(following)
    whole.goes_on_with(go_on)
    twin.keep(whole)
    return whole
