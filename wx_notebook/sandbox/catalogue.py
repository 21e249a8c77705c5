"""`GET /ml/v1/foundation_model_specs`: the list of models, filtered and cut into pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.paging import page_of
from wx_notebook.sandbox.replies import ok, refusal
from wx_notebook.sandbox.wire import Refused, Reply, Request

_PATH = "/ml/v1/foundation_model_specs"
_ANCHOR = "list-foundation-model-specs"
_WORD = re.compile(
    r"(modelid|provider|source|input_tier|output_tier|tier|task|lifecycle|function)_(.+)", re.DOTALL
)
_CALL_TIMES = {"lite": "5m0s", "v2-professional": "10m0s", "v2-standard": "10m0s"}


def specs(request: Request, today: str, library: Library = SHELF) -> Reply:
    """Answer with one page of the models that pass the filters.

    `start` is a token taken from `next.href`; `tech_preview` and `project_id` change nothing.

    Raises
    ------
    Refused
        400: a limit outside 1 to 200, an unknown `start`, or a filter that is none.
    """
    wanted = _filter(request.query.get("filters", ""), today)
    models = [model for model in library.models() if wanted(model)]
    page = page_of(request.query, len(models), default=100, most=200, anchor=_ANCHOR)
    document: dict[str, object] = {
        "total_count": len(models),
        "limit": page.limit,
        "first": {"href": _href(request, page.limit, "")},
    }
    if page.next_start:
        document["next"] = {"href": _href(request, page.limit, page.next_start)}
    document["resources"] = [_document(model) for model in models[page.span]]
    return ok(document)


def _href(request: Request, limit: int, start: str) -> str:
    query = {"version": request.query["version"], "limit": str(limit)}
    if "filters" in request.query:
        query["filters"] = request.query["filters"]
    if start:
        query["start"] = start
    host = request.headers.get("host", "127.0.0.1")
    return f"{request.scheme}://{host}{_PATH}?{urlencode(query)}"


def _filter(text: str, today: str) -> Callable[[Model], bool]:
    """Return the test that `f,!f:and` stands for (pattern of IBM's Node SDK).

    The join without a suffix is not documented; it is `or` here.
    """
    if not text:
        return lambda _: True
    body, colon, join = text.rpartition(":")
    if not colon:
        body, join = text, "or"
    if join not in ("and", "or"):
        raise _bad_filter(text)
    tests = [_word(word, text, today) for word in body.split(",")]
    every = all if join == "and" else any
    return lambda model: every(test(model) for test in tests)


def _word(word: str, text: str, today: str) -> Callable[[Model], bool]:
    negated = word.startswith("!")
    match = _WORD.fullmatch(word.removeprefix("!"))
    if match is None:
        raise _bad_filter(text)
    kind, value = match[1], match[2].lower()
    return lambda model: (value in _values(model, kind, today)) is not negated


def _values(model: Model, kind: str, today: str) -> tuple[str, ...]:
    # "currently in the specified lifecycle state" (IBM's Node SDK): stages past or to come are not
    values: dict[str, tuple[str, ...]] = {
        "modelid": (model.model_id,),
        "provider": (model.provider,),
        "source": (model.provider,),
        "task": model.tasks,
        "lifecycle": (model.stage(today),),
        "function": model.functions,
    }
    return tuple(value.lower() for value in values.get(kind, (model.tier,)))


def _bad_filter(text: str) -> Refused:
    message = f"The filter {text[:100]!r} is not of the form f[,f...][:and|:or]."
    return refusal(
        400, "invalid_request_entity", message, anchor=_ANCHOR, target=("parameter", "filters")
    )


def _document(model: Model) -> dict[str, object]:
    document: dict[str, object] = {
        "model_id": model.model_id,
        "label": model.label,
        "provider": model.provider,
        "source": model.provider,
        "functions": [{"id": function} for function in model.functions],
        "short_description": model.about,
        "long_description": f"{model.about} {model.what_answers}",
        "input_tier": model.tier,
        "output_tier": model.tier,
        "number_params": model.parameters,
        "limits": {
            plan: {"call_time": time, "max_output_tokens": model.longest_output}
            for plan, time in _CALL_TIMES.items()
        },
        "lifecycle": [_stage(model, stage, since) for stage, since in model.lifecycle],
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


def _stage(model: Model, stage: str, since: str) -> dict[str, object]:
    entry: dict[str, object] = {"id": stage, "start_date": since}
    if model.successor and stage != "available":
        entry["alternative_model_ids"] = [model.successor]
    return entry
