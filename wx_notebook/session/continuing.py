"""Going on with an answer that was cut, by the one way of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_notebook.errors import Interrupted, WatsonxError
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
    WatsonxError, Interrupted
        As for a prompt; with both parts in `.answer` where something of the second one came.
    """
    failure: WatsonxError | Interrupted
    try:
        following = held.open(continuation(request, answer.text)).answer
        return joined(held, request, answer, following)
    except (WatsonxError, Interrupted) as problem:
        failure = problem
    if failure.answer is not None:
        failure.answer = joined(held, request, answer, failure.answer)
    raise failure


def joined(held: Session, request: Request, answer: Answer, following: Answer) -> Answer:
    """Return both as one that can be gone on with as well, and keep it as the last answer."""
    whole = answer.followed_by(following)
    whole.goes_on_with(lambda so_far: more(held, request, so_far))
    twin.keep(whole)
    return whole
