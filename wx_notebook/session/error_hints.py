"""What a session adds to an error of the service: near models, other regions, what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from wx_notebook.credentials.token import new_token_hint
from wx_notebook.errors import (
    KeyRefused,
    ModelError,
    ProjectError,
    TokenRefused,
    WatsonxError,
    mask_keys,
)
from wx_notebook.service import add_location
from wx_notebook.session.near_models import CHAT, suggest_models
from wx_notebook.session.state import SessionState
from wx_notebook.settings import aliases

_Result = TypeVar("_Result")


def add_hint(
    state: SessionState,
    error: WatsonxError,
    model_id: str,
    deployment: str = "",
    function: str = CHAT,
) -> WatsonxError:
    """Return the error of a prompt with a hint that only the session can give.

    Parameters
    ----------
    function
        What the model had to do, in the word of the catalogue.

    Raises
    ------
    Interrupted
        The user stopped it while the project was looked for in other regions.
    """
    if deployment and type(error) is WatsonxError:
        return _no_deployment(error, deployment)
    if isinstance(error, ModelError):
        return _with_near_model(state, error, model_id, function)
    if isinstance(error, ProjectError):
        return add_location(error, state.service, state.scope, state.others)
    return _about_the_credential(state, error)


def with_hints(state: SessionState, work: Callable[[], _Result]) -> _Result:
    """Do something unpaid; an error of the credential gets a hint for its kind."""
    hinted: WatsonxError
    try:
        return work()
    except TokenRefused as error:
        hinted = _about_the_credential(state, error)
    raise hinted


def _about_the_credential(state: SessionState, error: WatsonxError) -> WatsonxError:
    authenticator, token = state.authenticator, state.token
    if not isinstance(error, TokenRefused) or authenticator is None:
        return error
    if token is not None and token.scheme == "ZenApiKey":
        details = error.message.partition("\n")[2]
        return KeyRefused(
            f"The cluster does not accept the user name and the API key.\n{details}".rstrip(),
            hint="Check both, or give the key alone if it is base64 of both already.",
        )
    if not authenticator.renewable:
        return TokenRefused(error.message, hint=new_token_hint())
    return error


def _no_deployment(error: WatsonxError, deployment: str) -> ModelError:
    details = error.message.partition("\n")[2]
    return ModelError(
        f"The deployment '{mask_keys(deployment)}' was not found, or does not accept this kind of "
        "prompt.\n"
        f"{details}",
        hint="Its ID is in watsonx.ai: Deployments > your deployment > API reference. Some "
        "deployments need --generate, others accept only chats.",
    )


def _with_near_model(
    state: SessionState, error: ModelError, model_id: str, function: str
) -> ModelError:
    catalogue = state.catalogue
    with contextlib.suppress(WatsonxError):
        catalogue.load()
    first, _, rest = error.message.partition("\n")
    message, hint = f"{first.rstrip('.')}: '{mask_keys(model_id)}'.", error.hint
    suggestion = suggest_models(
        model_id, catalogue.everything, aliases(), catalogue.today(), [function]
    )
    if withdrawal := catalogue.withdrawal(model_id):
        message += f" {withdrawal.sentence}"
        successor = catalogue.find(withdrawal.successor)
        if withdrawal.successor and (successor is None or function in successor.functions):
            suggestion, hint = "", f"Next: %%watsonx --model {withdrawal.successor}"
    elif (model := catalogue.find(model_id)) is not None:
        can = ", ".join(model.abilities)
        message += f" It can do: {can}." if can and function not in model.functions else ""
        suggestion = suggestion or f" The default is '{catalogue.default()}'."
        suggestion = "" if function in model.functions else suggestion
    return ModelError(f"{message}{suggestion}\n{rest}", hint=hint)
