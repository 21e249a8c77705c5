"""LangChain's chat model for watsonx.ai, signed in by the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.interop.extras import LANGCHAIN, required
from wx_notebook.interop.sdk import api_client, made_by, open_session
from wx_notebook.session.choosing import check_model

if TYPE_CHECKING:
    from wx_notebook.session import Session


def chat_model(session: Session | None = None, model: str = "", **options: Any) -> Any:  # noqa: ANN401
    """Return langchain-ibm's `ChatWatsonx`, on an `api_client`.

    Parameters
    ----------
    session
        The current one, if not given.
    model
        Its id; the session's default, if not given.
    options
        Handed on: `temperature`, `max_completion_tokens` and the like.

    Raises
    ------
    BadOption
        langchain-ibm or the SDK is not installed, or too old.
    ModelError
        The region has no such model.
    WatsonxError
        As `api_client`.
    """
    held = open_session(session)
    library = required(LANGCHAIN)
    if model:
        check_model(held, model)
    model_id = model or held.default_model()
    client = api_client(held)
    return made_by(
        lambda: library.ChatWatsonx(
            model_id=model_id, watsonx_client=client, **held.scope.as_body(), **options
        ),
        held,
        "LangChain",
    )
