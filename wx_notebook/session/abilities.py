"""Whether a model can do what a prompt needs, before anything is paid."""

from __future__ import annotations

import contextlib

from wx_notebook.errors import ModelError, WatsonxError, mask_keys
from wx_notebook.service import Model
from wx_notebook.session.near_models import suggest_models
from wx_notebook.session.state import SessionState
from wx_notebook.settings import aliases

_MOST_NAMED = 5


def require_model(state: SessionState, model_id: str, function: str, *, dry: bool = False) -> None:
    """Refuse a model that the region does not have, or that cannot do the job.

    Where the list of models cannot be read, nothing is refused.

    Parameters
    ----------
    function
        What it has to do, in the word of the catalogue: "text_chat".
    dry
        Ask the service for nothing: only a list that is known already counts.

    Raises
    ------
    ModelError
        The message says what there is instead.
    """
    catalogue = state.catalogue
    if not dry:
        with contextlib.suppress(WatsonxError):
            catalogue.load()
    if not catalogue.everything or catalogue.problem:
        return
    model = catalogue.find(model_id)
    place, shown = state.endpoints.place, mask_keys(model_id)
    if model is not None and not model.is_withdrawn:
        if function in (*model.functions, *model.tasks):
            return
        message = f"'{shown}' cannot do this: {_LACKS.get(function, f'it lacks {function}')}."
        raise ModelError(message, hint=_hint(able_models(catalogue.current, function)))
    message = f"There is no model '{shown}' in {place}."
    if withdrawal := catalogue.withdrawal(model_id):
        message = f"'{shown}' is gone from {place}. {withdrawal.sentence}"
    near = suggest_models(model_id, catalogue.everything, aliases(), catalogue.today(), [function])
    raise ModelError(message + near, hint="Next: %watsonx models")


def able_models(models: list[Model], function: str) -> list[str]:
    """Return the IDs of the models that can do something."""
    return [model.model_id for model in models if function in (*model.functions, *model.tasks)]


#: What a model does not do, by the catalogue's word for it.
_LACKS = {
    "text_chat": "it does not answer chats",
    "text_generation": "it does not answer at the generation endpoint",
    "image_chat": "it cannot see pictures",
    "function_calling": "it cannot call tools",
}


def _hint(names: list[str]) -> str:
    if not names:
        return "Next: %watsonx models"
    shown = ", ".join(names[:_MOST_NAMED])
    rest = len(names) - _MOST_NAMED
    return f"These can: {shown}" + (f", and {rest} more." if rest > 0 else ".")
