"""What arrives of an answer, piece by piece, the same for every endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from wx_notebook.errors import AnswerCut
from wx_notebook.service.failures import quoted, refusal
from wx_notebook.service.sse import Event

# the parser itself, as `JSONDecoder.raw_decode` calls it; typeshed does not list it
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
#: For a program; a cell names what is there in its notebook (`magics.one_prompt`).
GO_ON = "What was received is in wx.last(), and wx.last().more() goes on with it."
NOTHING_CAME = "Nothing was received; run the cell again."


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were read and written."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens


class Piece(NamedTuple):
    """One step of an answer; every field but those that this step brought has its default.

    `standing` are warnings that come with each answer of a model or an endpoint, `findings` what
    guardrails found in this one.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model_id: str = ""
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()


def document_of(event: Event) -> dict[str, Any]:
    """Return the JSON object in an event.

    Raises
    ------
    WatsonxError
        It is an error event: the class is the one of the HTTP status that it names.
    AnswerCut
        It is no JSON object.
    """
    document = _parsed(event.data)
    if event.name == "error":
        status = document.get("status_code") if isinstance(document, dict) else None
        raise refusal(status if isinstance(status, int) else 500, document, event.data)
    if not isinstance(document, dict):
        raise cut("the service sent an event that is no JSON object.")
    if "errors" in document:
        status = document.get("status_code")
        raise refusal(status if isinstance(status, int) else 500, document, event.data)
    return document


def _parsed(text: str) -> Any:  # noqa: ANN401
    """Return the value in a JSON text, None where it is none."""
    # a stream is thousands of short texts: what `json.loads` does around the parser costs as much
    # as the parser
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
        return json.loads(text)
    except (ValueError, RecursionError, StopIteration):
        return None


def cut(reason: str) -> AnswerCut:
    """Return the error of an answer that ended before its last event."""
    return AnswerCut(f"The answer was cut: {reason}", hint=GO_ON)


def ended_early() -> AnswerCut:
    """Return the error of a stream that ended before its last event."""
    return cut("the connection ended before the last event.")


def first_of(document: Mapping[str, Any], name: str, *, required: bool = False) -> dict[str, Any]:
    """Return the first object of a list in an answer; of several answers only one is asked for.

    Raises
    ------
    AnswerCut
        It is no list of objects or, where one is `required`, there is none.
    """
    found = document.get(name)
    if found:
        first = found[0] if isinstance(found, list) else None
        if isinstance(first, dict):
            return first
        raise unknown_shape()
    if required:
        raise cut("the reply holds no answer.")
    return {}


def text_of(value: Any) -> str:  # noqa: ANN401  # JSON is any value
    """Return a text of an answer; one that is null or missing is empty.

    Raises
    ------
    AnswerCut
        It is something else, which must not be lost in silence.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise unknown_shape()


def unknown_shape() -> AnswerCut:
    """Return the error of an answer that has an unknown shape."""
    return cut("the service sent something of a shape that is not known here.")


#: Ids of warnings that say something about a model or an endpoint, not about one answer.
_STANDING = frozenset({"deprecation_warning", "disclaimer_warning", "api_legacy"})


def warnings_of(document: Mapping[str, Any], *, standing: bool = False) -> tuple[str, ...]:
    """Return the messages of the service's own warnings (`system.warnings`), of one kind each."""
    system = document.get("system")
    found = system.get("warnings") if isinstance(system, dict) else None
    if not isinstance(found, list):
        return ()
    return tuple(
        quoted(str(entry["message"]), 300)
        for entry in found
        if isinstance(entry, dict)
        and entry.get("message")
        and (entry.get("id") in _STANDING) is standing
    )


def count(value: object) -> int:
    """Return a number of tokens, 0 for anything that is none."""
    return value if isinstance(value, int) and value > 0 else 0


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON list, none for anything that is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
