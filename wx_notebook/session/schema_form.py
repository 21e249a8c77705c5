"""Where a request says its schema: in a field of its own, or in the prompt of some models."""

from __future__ import annotations

from wx_notebook.errors import WatsonxError
from wx_notebook.options import Options
from wx_notebook.service import Request
from wx_notebook.session.state import SessionState


def with_schema(request: Request, options: Options) -> Request:
    """Return a request for a value of the schema that the options have, if they have one."""
    if options.schema is None:
        return request
    from wx_notebook.schemas import read_schema

    return read_schema(options.schema).asked_in(request, repairs=options.repair)


def current_form(state: SessionState, request: Request) -> Request:
    """Return a request with its schema where the model takes it.

    Another request may have been refused since this one was prepared.
    """
    is_plain = (request.model_id or request.deployment) in state.plain_models
    return request.schema.in_prompt(request) if request.schema and is_plain else request


def forgo_schema(state: SessionState, request: Request, refusal: WatsonxError) -> bool:
    """Note that a model refused a schema; return whether there is another way to say it."""
    if not refusal.refuses_schema or request.schema is None:
        return False
    if request.schema.in_prompt(request) is request:
        return False
    state.plain_models.add(request.model_id or request.deployment)
    return True


def refused_note(request: Request) -> str:
    """Return the note for a model that refused a schema; it is shown once."""
    name = request.model_id or request.deployment
    return f"{name} takes no JSON Schema as response_format: it is in the prompt"
