"""What a session can add to an error of the service: near models, other regions, what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from wx_notebook.credentials.bearer import GO_ON
from wx_notebook.errors import (
    KeyRefused,
    ModelError,
    ProjectError,
    TokenRefused,
    WatsonxError,
    near,
    without_keys,
)
from wx_notebook.service import located
from wx_notebook.settings import aliases

if TYPE_CHECKING:
    from wx_notebook.service import Service
    from wx_notebook.session.connection import Session

_Result = TypeVar("_Result")


def explained(
    held: Session, service: Service, problem: WatsonxError, model_id: str, deployment: str = ""
) -> WatsonxError:
    """Return the error of a prompt with what only the session knows besides.

    Raises
    ------
    Interrupted
        The user stopped it while other regions were asked for the project.
    """
    if deployment and type(problem) is WatsonxError:
        return _no_deployment(problem, deployment)
    if isinstance(problem, ModelError):
        return _with_near_model(held, problem, model_id)
    if isinstance(problem, ProjectError):
        return located(problem, service, held.scope, held.others)
    return _about_the_credential(held, problem)


def explaining(held: Session, work: Callable[[], _Result]) -> _Result:
    """Do something unpaid; an error about the credential comes with what to do about its kind."""
    refused: WatsonxError
    try:
        return work()
    except TokenRefused as problem:
        refused = _about_the_credential(held, problem)
    raise refused


def _about_the_credential(held: Session, problem: WatsonxError) -> WatsonxError:
    credential, token = held.credential, held.token
    if not isinstance(problem, TokenRefused) or credential is None:
        return problem
    if token is not None and token.scheme == "ZenApiKey":
        said = problem.message.partition("\n")[2]
        return KeyRefused(
            f"The cluster does not accept the user name and the API key.\n{said}".rstrip(),
            hint="Check both, or give the key alone if it is base64 of both already.",
        )
    if not credential.renewable:
        return TokenRefused(problem.message, hint=GO_ON)
    return problem


def _no_deployment(problem: WatsonxError, deployment: str) -> ModelError:
    said = problem.message.partition("\n")[2]
    return ModelError(
        f"The deployment '{without_keys(deployment)}' was not found here, or does not take this.\n"
        f"{said}",
        hint="In watsonx.ai: Deployments > yours > API reference has its ID. Some take --generate "
        "only, others chats only.",
    )


def _with_near_model(held: Session, problem: ModelError, model_id: str) -> ModelError:
    known: list[str] = []
    with contextlib.suppress(WatsonxError):
        known = [model.model_id for model in held.models()]
    known += aliases()
    first, _, rest = problem.message.partition("\n")
    message = f"{first.rstrip('.')}: '{without_keys(model_id)}'."
    if gone := held.catalogue.withdrawal(model_id):
        hint = f"Next: %%watsonx --model {gone.successor}" if gone.successor else problem.hint
        return ModelError(f"{message} {gone.told}\n{rest}", hint=hint)
    # a model that is there, but cannot chat, is not a typo
    suggestion = near(model_id, known) if model_id not in known else ""
    return ModelError(f"{message}{suggestion}\n{rest}", hint=problem.hint)
