"""The documents in a stream of events, and the events that hold none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from wx_notebook.service.deltas import cut_error
from wx_notebook.service.error_mapping import raise_service_error, refusal
from wx_notebook.service.sse import Event, iter_events

# the parser itself, as `JSONDecoder.raw_decode` calls it; typeshed does not list it
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
DONE: Event = ("message", "[DONE]")
_DONE_WORDS = ("[done]", "done")
#: What gateways send as data to keep a connection open, beside empty data.
_SIGN_OF_LIFE = re.compile(
    r":?\s*\W?(?:ping|pong|keep[ _-]?alive|heart[ _-]?beat|no-?op|ok|undefined|connected)\b.{0,40}",
    re.IGNORECASE,
)
_EVENT_LINE = re.compile(rb"\s*(?:\xef\xbb\xbf)?(?:data|event|id|retry)?\s*:")


def parse_event(event: Event) -> dict[str, Any] | None:
    """Return the JSON object in an event, {} in one that says nothing, None for `[DONE]`.

    An event without data keeps a connection open: proxies send it in the middle of a stream, some
    with `null`, `[]` or `ping` as data. So do events of other names, whatever their data.

    Raises
    ------
    WatsonxError
        It is an error event. The class is that of the HTTP status in the event.
    AnswerCut
        It holds no JSON object.
    """
    name, text = event
    # a stream has thousands of short texts: what `json.loads` does around the parser costs as much
    # as the parser
    try:
        document, end = _scan(text, 0)
        if end != len(text):
            document = json.loads(text)
    except (ValueError, RecursionError, StopIteration):
        document = _no_document
    if type(document) is dict:
        is_answer = "choices" in document or "results" in document
        if name == "error" or not is_answer or "errors" in document or "error" in document:
            raise_service_error(document, is_error=name == "error")
        return document
    if name == "error":
        raise refusal(None, None, text)
    word = text.strip().strip('"').lower()
    if word in _DONE_WORDS:
        return None
    raise_service_error(document)
    is_text = document is _no_document or type(document) is str
    is_sign = is_text and (not word or _SIGN_OF_LIFE.fullmatch(word) is not None)
    if name != "message" or is_sign or document is None or document == []:
        return {}
    raise cut_error("the service sent an event that is not a JSON object.")


def _no_document() -> None:
    """Stand for a text that is no JSON: null is."""


def events_of_body(body: bytes) -> Iterator[Event] | None:
    """Return the events of a whole body that came where a stream was asked for.

    It is a whole answer, events under a wrong name of their type, or a document in each line. None
    is something else.
    """
    text = body.decode("utf-8-sig", "replace").strip()
    if _EVENT_LINE.match(body):
        return iter_events([body, b"\n\n"])
    documents = [text] if _is_json(text) else text.splitlines()
    if not documents or not all(map(_is_json, filter(str.strip, documents))):
        return None
    return iter([*(("message", one) for one in documents), DONE])


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
