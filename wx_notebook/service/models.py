"""foundation_model_specs: which models a region has, and what each can do.

No authorisation is needed (IBM's Java SDK sends none). Paging by `next.href`, whose `start` is
opaque.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.service.client import Service
from wx_notebook.service.pieces import objects_in
from wx_notebook.service.request import Request
from wx_notebook.transport import one_line

_PATH = "/ml/v1/foundation_model_specs"
#: The service gives at most 200 a page; a catalogue without an end is a fault.
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a region's catalogue.

    `stage` is the service's word for today: available, deprecated, constricted or withdrawn.
    `context_tokens` is 0 where the service does not say.
    """

    model_id: str
    label: str
    functions: tuple[str, ...]
    context_tokens: int
    stage: str

    @property
    def can_chat(self) -> bool:
        """Whether it answers text/chat."""
        return "text_chat" in self.functions


def models(service: Service, *, today: dt.date) -> list[Model]:
    """Return the models of the region that are not withdrawn as of `today`, in the service's order.

    Raises
    ------
    ServiceDown
        The catalogue cannot be had.
    """
    found = [_model(entry, today) for entry in _entries(service)]
    return [model for model in found if model.model_id and model.stage != "withdrawn"]


def default_model(catalogue: list[Model]) -> str:
    """Return the default model where the catalogue has it, else its first current chat model."""
    current = [model.model_id for model in catalogue if model.stage == "available"]
    if DEFAULT_MODEL in current or not catalogue:
        return DEFAULT_MODEL
    chatting = [model.model_id for model in catalogue if model.can_chat]
    return next((name for name in chatting if name in current), (chatting or [DEFAULT_MODEL])[0])


def _entries(service: Service) -> Iterator[Mapping[str, Any]]:
    params = {"limit": "200", "filters": "!lifecycle_withdrawn"}
    for _ in range(_MOST_PAGES):
        document = service.document(Request(_PATH, params=params, authorized=False))
        yield from objects_in(document.get("resources"))
        following = document.get("next")
        href = following.get("href") if isinstance(following, dict) else None
        start = parse_qs(urlsplit(href).query).get("start") if isinstance(href, str) else None
        if not start:
            return
        params = params | {"start": start[0]}


def _model(entry: Mapping[str, Any], today: dt.date) -> Model:
    limits = entry.get("model_limits")
    context = limits.get("max_sequence_length") if isinstance(limits, dict) else 0
    return Model(
        one_line(str(entry.get("model_id") or "")),
        one_line(str(entry.get("label") or entry.get("model_id") or "")),
        tuple(str(f.get("id")) for f in objects_in(entry.get("functions"))),
        context if isinstance(context, int) else 0,
        _stage(entry.get("lifecycle"), today),
    )


def _stage(lifecycle: Any, today: dt.date) -> str:  # noqa: ANN401
    """Return the latest stage whose date has come: the list holds past and future ones."""
    stage, since = "available", ""
    for entry in objects_in(lifecycle):
        start = str(entry.get("start_date") or "")
        if since <= start <= today.isoformat():
            stage, since = str(entry.get("id") or stage), start
    return stage
