"""The lists of what can be asked: models (`foundation_model_specs`), and deployments of models."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    ok,
    service_error,
    timestamp,
)
from wx_notebook.sandbox.http.routes import list_page
from wx_notebook.sandbox.inference.models import BY_ID, LOCAL_MODELS, Model, ModelLibrary
from wx_notebook.sandbox.inference.prompts import ModelFinder
from wx_notebook.sandbox.inference.request_body import RequestBody

_PATH = "/ml/v1/foundation_model_specs"
_ANCHOR = "list-foundation-model-specs"
_FILTER = re.compile(
    r"(modelid|provider|source|input_tier|output_tier|tier|task|lifecycle|function)_(.+)", re.DOTALL
)
_CALL_TIMES = {"lite": "5m0s", "v2-professional": "10m0s", "v2-standard": "10m0s"}


def model_specs(request: Request, today: str, library: ModelLibrary = LOCAL_MODELS) -> Reply:
    """Answer with one page of the models that pass the filters.

    `start` is a token from `next.href`; `tech_preview` and `project_id` change nothing.

    Raises
    ------
    ErrorResponse
        400: a limit outside 1 to 200, an unknown `start`, or a malformed filter.
    """
    passes = _parse_filters(request.query.get("filters", ""), today)
    models = [model for model in library.models() if passes(model)]
    page = list_page(request.query, len(models), default=100, most=200, anchor=_ANCHOR)
    document: Document = {
        "total_count": len(models),
        "limit": page.limit,
        "first": {"href": _href(request, page.limit, "")},
    }
    if page.next_start:
        document["next"] = {"href": _href(request, page.limit, page.next_start)}
    document["resources"] = [_model_document(model) for model in models[page.span]]
    return ok(document)


def _href(request: Request, limit: int, start: str) -> str:
    query = {"version": request.query["version"], "limit": str(limit)}
    if "filters" in request.query:
        query["filters"] = request.query["filters"]
    if start:
        query["start"] = start
    host = request.headers.get("host", "127.0.0.1")
    return f"{request.scheme}://{host}{_PATH}?{urlencode(query)}"


def _parse_filters(text: str, today: str) -> Callable[[Model], bool]:
    """Return the test that `f,!f:and` stands for (pattern of IBM's Node SDK).

    The join without a suffix is not documented; here it is `or`.
    """
    if not text:
        return lambda _: True
    body, colon, join = text.rpartition(":")
    if not colon:
        body, join = text, "or"
    if join not in ("and", "or"):
        raise _malformed_filter(text)
    tests = [_parse_filter(part, text, today) for part in body.split(",")]
    every = all if join == "and" else any
    return lambda model: every(test(model) for test in tests)


def _parse_filter(part: str, text: str, today: str) -> Callable[[Model], bool]:
    is_negated = part.startswith("!")
    match = _FILTER.fullmatch(part.removeprefix("!"))
    if match is None:
        raise _malformed_filter(text)
    field, value = match[1], match[2].lower()
    return lambda model: (value in _field_values(model, field, today)) is not is_negated


def _field_values(model: Model, field: str, today: str) -> tuple[str, ...]:
    values: dict[str, tuple[str, ...]] = {
        "modelid": (model.model_id,),
        "provider": (model.provider,),
        "source": (model.provider,),
        "task": model.tasks,
        # "currently in the specified lifecycle state" (IBM's Node SDK): no past or future stage
        "lifecycle": (model.stage(today),),
        "function": model.functions,
    }
    return tuple(value.lower() for value in values.get(field, (model.tier,)))


def _malformed_filter(text: str) -> ErrorResponse:
    message = f"The filter {text[:100]!r} is not of the form f[,f...][:and|:or]."
    target = ("parameter", "filters")
    return service_error(400, "invalid_request_entity", message, anchor=_ANCHOR, target=target)


def _model_document(model: Model) -> Document:
    document: Document = {
        "model_id": model.model_id,
        "label": model.label,
        "provider": model.provider,
        "source": model.provider,
        "functions": [{"id": function} for function in model.functions],
        "short_description": model.about,
        "long_description": f"{model.about} {model.origin}",
        "input_tier": model.tier,
        "output_tier": model.tier,
        "number_params": model.parameters,
        "limits": {
            plan: {"call_time": time, "max_output_tokens": model.longest_output}
            for plan, time in _CALL_TIMES.items()
        },
        "lifecycle": [_lifecycle_entry(model, *each) for each in model.lifecycle],
    }
    if model.tasks:
        document["task_ids"] = list(model.tasks)
        document["tasks"] = [{"id": task, "ratings": {"quality": 3}} for task in model.tasks]
    limits = {"max_sequence_length": model.context, "max_output_tokens": model.longest_output}
    if model.dimension:
        limits = {"max_sequence_length": model.context, "embedding_dimension": model.dimension}
    document["model_limits"] = limits
    if model.version:
        available = model.lifecycle[0][1]
        document["versions"] = [{"version": model.version, "available_date": available}]
    return document


def _lifecycle_entry(model: Model, stage: str, since: str) -> Document:
    entry: Document = {"id": stage, "start_date": since}
    if model.successor and stage != "available":
        entry["alternative_model_ids"] = [model.successor]
    return entry


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model that is asked by the id or name of its deployment.

    That of a prompt template for chats has a system message of its own.
    """

    id: str
    serving_name: str
    model: Model
    system_prompt: str = ""

    def check(self, body: RequestBody, function: str) -> None:
        """Refuse what a template does not take, and put its system message in front."""
        if not self.system_prompt:
            return
        if function != "text_chat":
            raise service_error(404, "not_found", f"{self.serving_name!r} is a template for chats.")
        messages = body.objects(body.document["messages"], "messages")
        if any(each.get("role") == "system" for each in messages):
            why = "A prompt template has its own system message: 'system' is not a role here."
            raise body.invalid(why, "messages")
        body.document["messages"] = [{"role": "system", "content": self.system_prompt}, *messages]


class Deployments:
    """Two deployments in a project: one of a model, and one of a prompt template for chats.

    Attributes
    ----------
    deployment_id, serving_name
        Id and name of the first.
    """

    def __init__(self, made_at: float, project_id: str) -> None:
        self.deployment_id = str(uuid.uuid4())
        self.serving_name = "sandbox_chat"
        self._project_id = project_id
        self._created_at = timestamp(made_at)
        model = BY_ID["ibm/granite-4-h-small"]
        self._all = (
            Deployment(self.deployment_id, self.serving_name, model),
            Deployment(str(uuid.uuid4()), "sandbox_template", model, "You answer in one line."),
        )

    def model_finder(self, path: str) -> ModelFinder:
        """Return the finder of the model behind `/ml/v1/deployments/{id_or_name}/...`."""
        name = unquote(path.split("/")[4])

        def find(body: RequestBody, function: str) -> Model:
            deployment = self._find(name, body.anchor)
            deployment.check(body, function)
            return deployment.model

        return find

    def one(self, request: Request) -> Reply:
        """Answer `GET /ml/v4/deployments/{id}`.

        Raises
        ------
        ErrorResponse
            404: there is no such deployment.
        """
        return ok(self._document(self._find(unquote(request.path.rpartition("/")[2]), "")))

    def all(self, request: Request) -> Reply:
        """Answer `GET /ml/v4/deployments`, filtered by `serving_name` and `name`."""
        names = {request.query.get(name) for name in ("serving_name", "name")} - {None}
        matches = [each for each in self._all if names <= {each.serving_name}]
        return ok(
            {
                "limit": 100,
                "total_count": len(matches),
                "first": {"href": "/ml/v4/deployments"},
                "resources": [self._document(each) for each in matches],
            }
        )

    def _find(self, name: str, anchor: str) -> Deployment:
        for each in self._all:
            if name in (each.id, each.serving_name):
                return each
        message = f"The deployment {name[:100]!r} does not exist."
        raise service_error(404, "not_found", message, anchor=anchor)

    def _document(self, deployment: Deployment) -> Document:
        base = f"/ml/v1/deployments/{deployment.id}/text"
        inference: list[Document] = []
        asset_id = str(uuid.uuid5(uuid.NAMESPACE_OID, deployment.id))
        is_template = bool(deployment.system_prompt)
        for operation in ("chat",) if is_template else ("chat", "generation"):
            url = f"{base}/{operation}"
            inference += [{"url": url}, {"url": f"{url}_stream", "sse": True}]
        return {
            "metadata": {
                "id": deployment.id,
                "name": deployment.serving_name,
                "created_at": self._created_at,
                "project_id": self._project_id,
                "tags": [],
            },
            "entity": {
                "prompt_template" if is_template else "asset": {"id": asset_id},
                "online": {"parameters": {"serving_name": deployment.serving_name}},
                "deployed_asset_type": "foundation_model",
                "base_model_id": deployment.model.model_id,
                "status": {
                    "state": "ready",
                    "message": {"level": "info", "text": "No model is behind it."},
                    "inference": inference,
                },
            },
        }
