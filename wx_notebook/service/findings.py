"""What the service's guardrails found in a prompt or an answer, one sentence for each kind.

Facts of the wire: `moderations` of IBM's Node SDK (`vml_v1.ts`: arrays; one test of the Java SDK
has single objects), `moderations` and `detections` of the Java SDK's `ChatServiceStreamingTest`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wx_notebook.service.failures import quoted

_NAMES = {
    "hap": "hate, abuse or profanity",
    "pii": "personal data",
    "granite_guardian": "what Granite Guardian looks for",
}
_LONGEST = 60


def findings_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what was found, in `document` or one of its results, each kind and side once.

    The words themselves are not repeated: they are what the guardrail is there to keep away.
    """
    told = dict.fromkeys(
        f"guardrail: {_NAMES.get(kind, quoted(kind, _LONGEST))} in the {side}"
        + (f" ({quoted(entity, _LONGEST)})" if entity else "")
        for kind, side, entity in (*_moderations(document), *_detections(document))
    )
    return tuple(told)


def _moderations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    found = document.get("moderations")
    for kind, entries in found.items() if isinstance(found, dict) else ():
        for entry in _objects(entries):
            side = "prompt" if entry.get("input") is True else "answer"
            yield kind, side, _word(entry.get("entity"), kind)


def _detections(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    found = document.get("detections")
    for name, groups in found.items() if isinstance(found, dict) else ():
        side = "prompt" if name == "input" else "answer"
        for group in _objects(groups):
            for result in _objects(group.get("results")):
                kind = _word(result.get("detection_type"), "") or "detector"
                yield kind, side, _word(result.get("detection"), kind)


def _objects(value: object) -> list[dict[str, Any]]:
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _word(value: object, known: str) -> str:
    """Return a name that says more than the one that is known already."""
    return value if isinstance(value, str) and value.lower() != known.lower() else ""
