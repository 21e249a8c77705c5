"""The models of a region: what each can do, how long it stays, how it counts tokens.

foundation_model_specs needs no authorisation (IBM's Java SDK sends none). Paging is by `next.href`,
whose `start` is opaque. Without a filter the list holds the withdrawn models, too, with their day
and what replaces them, for a notebook that still names one.

The list of a model's stages holds past and future ones: `available`, `deprecated` (still works),
`constricted` (still answers, and can be neither tuned nor deployed), `withdrawn` (gone).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wx_notebook.errors import ServiceDown, WatsonxError
from wx_notebook.options import CAPABILITIES, DEFAULT_MODEL
from wx_notebook.service.client import Service
from wx_notebook.service.deltas import as_token_count, json_objects
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import one_line

AVAILABLE, WITHDRAWN = "available", "withdrawn"
#: Nobody reads more than these, and no list of the service has more.
_MOST_STAGES, _MOST_SUCCESSORS = 12, 4
_TOKENIZATION_PATH = "/ml/v1/text/tokenization"
_PATH = "/ml/v1/foundation_model_specs"
#: The service gives at most 200 a page; a catalogue without an end is a fault.
_MOST_PAGES, _MOST_MODELS = 20, 10_000
#: Words of one model that are looked at.
_MOST_WORDS = 40

# no field of the catalogue says that a model thinks before it answers; its description does
_REASONS = re.compile(r"\breason(?:s|ing)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a model's life: its name, its first day, and what replaces the model then.

    `since` is written 2026-06-15, and "" where the service does not say.
    """

    name: str
    since: str = ""
    successors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a region's catalogue.

    `stage` is the service's word for the day of the list: available, deprecated, constricted or
    withdrawn; `lifecycle` has all of them with their days. `context_tokens` and
    `max_output_tokens` are 0 where the service does not say.
    """

    model_id: str
    label: str
    functions: tuple[str, ...]
    context_tokens: int
    stage: str
    max_output_tokens: int = 0
    provider: str = ""
    about: str = ""
    tasks: tuple[str, ...] = ()
    lifecycle: tuple[Stage, ...] = ()

    @property
    def can_chat(self) -> bool:
        """Whether it answers text/chat."""
        return "text_chat" in self.functions

    @property
    def abilities(self) -> tuple[str, ...]:
        """What it can do, in the words of `CAPABILITIES`."""
        known = {*self.functions, *self.tasks}
        if _REASONS.search(self.about):
            known.add("reasoning")
        return tuple(word for word, ids in CAPABILITIES.items() if not known.isdisjoint(ids))

    @property
    def is_withdrawn(self) -> bool:
        """Whether the region has it no more."""
        return self.stage == WITHDRAWN

    @property
    def successors(self) -> tuple[str, ...]:
        """The ids of what replaces it."""
        return last_successors(self.lifecycle)

    def outlook(self, today: dt.date) -> str:
        """Return by when it goes and what replaces it; see `describe_outlook`."""
        return describe_outlook(self.lifecycle, today)


@dataclass(frozen=True, slots=True)
class Listing:
    """A catalogue as it arrived; `problem` says why its end is missing, "" when it is whole."""

    models: tuple[Model, ...]
    problem: str = ""


def listing(service: Service, *, today: dt.date) -> Listing:
    """Return all models of the region, withdrawn ones too, in the service's order.

    Raises
    ------
    ServiceDown
        The catalogue cannot be had. Once a part of it has arrived, that is returned.
    """
    found: list[Model] = []
    broken: WatsonxError | None = None
    try:
        for entry in _entries(service):
            model = _model(entry, today)
            if model.model_id:
                found.append(model)
            if len(found) == _MOST_MODELS:
                return Listing(tuple(found), f"only its first {_MOST_MODELS:,} models were read")
    except WatsonxError as problem:
        broken = problem
    if broken is None:
        return Listing(tuple(found))
    if not found:
        raise broken
    return Listing(tuple(found), one_line(broken.message, 300))


def models(service: Service, *, today: dt.date) -> list[Model]:
    """Return the models of the region that are not withdrawn as of `today`; raises as `listing`."""
    return [model for model in listing(service, today=today).models if not model.is_withdrawn]


def as_of(found: Iterable[Model], today: dt.date) -> tuple[Model, ...]:
    """Return models with the stage that they have today: a list may be older than that."""
    return tuple(
        replace(model, stage=stage_on(model.lifecycle, today)) if model.lifecycle else model
        for model in found
    )


def default_model(catalogue: Iterable[Model]) -> str:
    """Return the default model where the catalogue has it, else its first current chat model.

    One that guards others, and one whose end is announced, is taken only where nothing else is.
    """
    there = [model for model in catalogue if not model.is_withdrawn]
    if not there or any(m.model_id == DEFAULT_MODEL and m.stage == AVAILABLE for m in there):
        return DEFAULT_MODEL
    chatting = [model for model in there if model.can_chat]
    return min(chatting, key=_last_choice).model_id if chatting else DEFAULT_MODEL


def _last_choice(model: Model) -> tuple[bool, bool, bool]:
    ends = any(stage.name != AVAILABLE for stage in model.lifecycle)
    return model.stage != AVAILABLE, "guard" in model.model_id, ends


def _entries(service: Service) -> Iterator[Mapping[str, Any]]:
    params = {"limit": "200"}
    for _ in range(_MOST_PAGES):
        document = service.document(Request(_PATH, params=params, authorized=False))
        yield from json_objects(document.get("resources"))
        following = document.get("next")
        href = following.get("href") if isinstance(following, dict) else None
        start = parse_qs(urlsplit(href).query).get("start") if isinstance(href, str) else None
        if not start:
            return
        params = params | {"start": start[0]}


def _model(entry: Mapping[str, Any], today: dt.date) -> Model:
    limits = entry.get("model_limits")
    limits = limits if isinstance(limits, dict) else {}
    stages = read_stages(entry.get("lifecycle"))
    return Model(
        one_line(str(entry.get("model_id") or "")),
        one_line(str(entry.get("label") or entry.get("model_id") or "")),
        _ids(entry.get("functions")),
        as_token_count(limits.get("max_sequence_length")),
        stage_on(stages, today),
        as_token_count(limits.get("max_output_tokens")),
        one_line(_text(entry.get("provider"))),
        one_line(_text(entry.get("short_description")), 300),
        _ids(entry.get("tasks")) or _words(entry.get("task_ids")),
        stages,
    )


def _ids(value: object) -> tuple[str, ...]:
    return _words([one.get("id") for one in json_objects(value)])


def _words(value: object) -> tuple[str, ...]:
    found = value[:_MOST_WORDS] if isinstance(value, list) else []
    return tuple(one_line(word) for word in found if isinstance(word, str))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_stages(document: Any) -> tuple[Stage, ...]:  # noqa: ANN401  # JSON is any value
    """Return the stages in a model's entry of the catalogue, oldest first."""
    stages = [
        Stage(
            one_line(entry["id"], 40),
            _day(entry.get("start_date")),
            _successor_ids(entry.get("alternative_model_ids")),
        )
        for entry in json_objects(document)[:_MOST_STAGES]
        if isinstance(entry.get("id"), str)
    ]
    return tuple(sorted(stages, key=lambda stage: stage.since))


def stage_on(lifecycle: Sequence[Stage], today: dt.date) -> str:
    """Return the name of the latest stage whose day has come."""
    come = [stage.name for stage in lifecycle if stage.since <= today.isoformat()]
    return come[-1] if come else AVAILABLE


def describe_outlook(lifecycle: Sequence[Stage], today: dt.date) -> str:
    """Return by when a model goes and what replaces it, "" where nothing is announced.

    For example: "deprecated since 2026-05-05, to be withdrawn on 2027-01-12; replaced by a/b".
    """
    now = stage_on(lifecycle, today)
    told = []
    if now != AVAILABLE:
        day = next((stage.since for stage in reversed(lifecycle) if stage.name == now), "")
        told.append(f"{now} {'on' if now == WITHDRAWN else 'since'} {day}" if day else now)
    if now != WITHDRAWN:
        told += [
            f"to be {stage.name} on {stage.since}"
            for stage in lifecycle
            if stage.since > today.isoformat() and stage.name != AVAILABLE
        ]
    if not told:
        return ""
    others = last_successors(lifecycle)
    return ", ".join(told) + (f"; replaced by {' or '.join(others)}" if others else "")


def last_successors(lifecycle: Sequence[Stage]) -> tuple[str, ...]:
    """Return the ids of what replaces a model; the last word of the list counts."""
    return next((stage.successors for stage in reversed(lifecycle) if stage.successors), ())


def _day(value: object) -> str:
    """Return a day that a service wrote, also with a time behind it; "" for anything else."""
    try:
        return dt.date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return ""


def _successor_ids(value: object) -> tuple[str, ...]:
    texts = value[:_MOST_SUCCESSORS] if isinstance(value, list) else []
    return tuple(one_line(text) for text in texts if isinstance(text, str) and text.strip())


def count_tokens(service: Service, text: str, *, model_id: str, scope: Scope) -> int:
    """Return how many tokens `text` is for `model_id`.

    Raises
    ------
    WatsonxError
        The service cannot be asked, or does not know the model.
    """
    body = {"model_id": model_id, "input": text, **scope.as_body()}
    document = service.document(Request(_TOKENIZATION_PATH, body=body))
    result = document.get("result")
    count = result.get("token_count") if isinstance(result, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ServiceDown("The service returned no number of tokens.", hint="Run it again.")
    return count
