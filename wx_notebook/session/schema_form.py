"""Where a request says its schema: in a field of its own, or in the prompt of some models."""

from __future__ import annotations

from collections.abc import Collection

from wx_notebook.answer import VALUE_COLUMN
from wx_notebook.errors import BadOption, WatsonxError, mask_keys
from wx_notebook.options import Options
from wx_notebook.service import Request
from wx_notebook.session.state import SessionState


def with_schema(request: Request, options: Options) -> Request:
    """Return a request for a value of the schema that the options have, if they have one."""
    if options.schema is None:
        return request
    from wx_notebook.schemas import read_schema

    schema = read_schema(options.schema)
    asked = schema.asked_in(request, repairs=options.repair)
    # no source says that a model both calls tools and takes a schema in a field of its own
    with_tools: Request = schema.in_prompt(asked) if options.tools else asked
    return with_tools


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


def value_columns(request: Request) -> tuple[str, ...]:
    """Return the columns that the value of an answer has in a table, () without a schema."""
    return (request.schema.columns or (VALUE_COLUMN,)) if request.schema is not None else ()


def check_value_columns(request: Request, others: Collection[str]) -> None:
    """Refuse a schema with a field that would take the place of another column.

    Raises
    ------
    BadOption
        There is one.
    """
    there = [name for name in value_columns(request) if name in others]
    if there:
        raise BadOption(
            f"The schema has a field '{mask_keys(there[0])}', and the table of a comparison has a "
            "column of that name.",
            hint="Give the field another name.",
        )
