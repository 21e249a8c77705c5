"""The models that were meant: near in name or description, current, and able to do the job."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from wx_notebook.errors import did_you_mean
from wx_notebook.service import Model
from wx_notebook.service.models import AVAILABLE

#: Functions of the catalogue: what a model must have for a prompt, by the kind of its request.
CHAT, GENERATION = "text_chat", "text_generation"
_MOST_NAMED = 3
_PART = re.compile(r"[a-z]+|\d+(?:[a-z](?![a-z]))?")
#: Shorter parts of a name, such as its numbers, do not tell models apart by themselves.
_SHORTEST_PART = 3
#: How alike a misspelt part is to the one that was meant, and how much of a name has to fit.
_ALIKE, _ENOUGH = 0.75, 0.34


def describe_model(model: Model, names: Sequence[str], today: dt.date) -> str:
    """Return the text that the words of a search are looked for in.

    Parameters
    ----------
    names
        The user's own names of the model.
    today
        The day by which it is deprecated or withdrawn.
    """
    texts = [
        model.model_id, model.label, model.provider, model.about,
        model.outlook(today).partition(";")[0],  # behind it stands the successor, another model
        *model.functions, *model.abilities, *names,
    ]  # fmt: skip
    return "\n".join(texts).lower()


def suggest_models(
    typed: str,
    models: Sequence[Model],
    aliases: Mapping[str, str],
    today: dt.date,
    functions: Iterable[str] = (CHAT, GENERATION),
) -> str:
    """Return " Did you mean 'a' or 'b'?" for a name that no model has, or "".

    The words of the name are looked for as `%watsonx models` does; a misspelt name is compared part
    by part. Withdrawn models are not suggested, deprecated ones only if there is no other.

    Parameters
    ----------
    models
        Those of the region.
    aliases
        The user's own names of models, and their IDs.
    functions
        What the job needs; one of them is enough.
    """
    needed = set(functions)
    able = [one for one in models if not one.is_withdrawn and needed & set(one.functions)]
    able.sort(key=lambda one: one.stage != AVAILABLE)
    known = {one.model_id for one in models}
    able_ids = {one.model_id for one in able}
    usable = [name for name, target in aliases.items() if target in able_ids or target not in known]
    if alias := did_you_mean(typed, usable, cutoff=_ALIKE):
        return alias
    near = _by_words(typed, able, today) or _by_parts(typed, able)
    current = [one for one in near if one.stage == AVAILABLE] or near
    names = [f"'{one.model_id}'" for one in current[:_MOST_NAMED]]
    if not names:
        return ""
    *first, last = names
    return f" Did you mean {', '.join(first)}{' or ' if first else ''}{last}?"


def _by_words(typed: str, models: Sequence[Model], today: dt.date) -> list[Model]:
    words = typed.lower().split()
    if not any(len(word) >= _SHORTEST_PART for word in words):
        return []
    in_id = [one for one in models if all(word in one.model_id.lower() for word in words)]
    return in_id or [
        one for one in models if all(word in describe_model(one, (), today) for word in words)
    ]


def _by_parts(typed: str, models: Sequence[Model]) -> list[Model]:
    """Return the models whose names have the most parts of a name in common with it."""
    parts = _PART.findall(typed.lower())
    scores = [(_score(parts, _PART.findall(one.model_id.lower())), one) for one in models]
    best = max((score for score, _ in scores), default=0.0)
    if not parts or best < _ENOUGH * len(parts):
        return []
    return [one for score, one in scores if score == best]


def _score(parts: Sequence[str], of_model: Sequence[str]) -> float:
    """Return how many parts of a name a model has, a misspelt one for less; 0 without a word."""
    alike = {part: max((_alike(part, other) for other in of_model), default=0) for part in parts}
    if not any(alike[part] for part in parts if len(part) >= _SHORTEST_PART):
        return 0.0
    return sum(alike[part] for part in parts)


def _alike(part: str, other: str) -> float:
    if part == other:
        return 1.0
    if min(len(part), len(other)) < _SHORTEST_PART:
        return 0.0
    ratio = SequenceMatcher(None, part, other).ratio()
    return ratio if ratio >= _ALIKE else 0.0
