"""The life of a model as its region announces it: when it goes, and what comes in its place.

The list holds stages of the past and of the future: `available`, `deprecated` (still works),
`constricted` (still answers, and can be neither tuned nor deployed), `withdrawn` (gone).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wx_notebook.service.pieces import objects_in
from wx_notebook.transport import one_line

AVAILABLE, WITHDRAWN = "available", "withdrawn"
#: More than these nobody reads, and no list of the service has them.
_MOST_STAGES, _MOST_SUCCESSORS = 12, 4


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a model's life: its name, its first day, and what replaces the model then.

    `since` is written 2026-06-15, and "" where the service does not say.
    """

    name: str
    since: str = ""
    successors: tuple[str, ...] = ()


def read(document: Any) -> tuple[Stage, ...]:  # noqa: ANN401  # JSON is any value
    """Return the stages in a model's entry of the catalogue, oldest first."""
    stages = [
        Stage(
            one_line(entry["id"], 40),
            _day(entry.get("start_date")),
            _ids(entry.get("alternative_model_ids")),
        )
        for entry in objects_in(document)[:_MOST_STAGES]
        if isinstance(entry.get("id"), str)
    ]
    return tuple(sorted(stages, key=lambda stage: stage.since))


def stage_on(lifecycle: Sequence[Stage], today: dt.date) -> str:
    """Return the name of the latest stage whose day has come."""
    come = [stage.name for stage in lifecycle if stage.since <= today.isoformat()]
    return come[-1] if come else AVAILABLE


def outlook(lifecycle: Sequence[Stage], today: dt.date) -> str:
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
    others = successors(lifecycle)
    return ", ".join(told) + (f"; replaced by {' or '.join(others)}" if others else "")


def successors(lifecycle: Sequence[Stage]) -> tuple[str, ...]:
    """Return the ids of what replaces a model; the last word of the list counts."""
    return next((stage.successors for stage in reversed(lifecycle) if stage.successors), ())


def _day(value: object) -> str:
    """Return a day that a service wrote, also with a time behind it; "" for anything else."""
    try:
        return dt.date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return ""


def _ids(value: object) -> tuple[str, ...]:
    texts = value[:_MOST_SUCCESSORS] if isinstance(value, list) else []
    return tuple(one_line(text) for text in texts if isinstance(text, str) and text.strip())
