"""The lines of a batch job's files: a row as a request, and a result as an answer or an error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wx_notebook.answer import AnswerReader
from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.journal import AnswerRecord, JobLine
from wx_notebook.options import DEFAULT_CONCURRENCY, Options
from wx_notebook.service import Request
from wx_notebook.service.batches import BATCH_ENDPOINT
from wx_notebook.service.chat import chat_reply_deltas
from wx_notebook.service.error_mapping import raise_service_error, refusal
from wx_notebook.settings import journal_is_on

#: A header says who pays, and the model has another name there.
_NOT_IN_A_LINE = ("model_id", "project_id", "space_id")
#: Of one job. The service's own limits are not public: these keep a job small enough to be held in
#: memory, and its loss cheap.
MOST_ROWS, MOST_BYTES = 20_000, 16_000_000
_CANNOT = {
    "generate": "a batch job asks the chat endpoint.",
    "deployment": "a batch job asks a model.",
    "concurrency": "the service decides how many requests it answers at once.",
}
_UNREADABLE = "the service's line for this row has neither an answer nor an error"


class LineResult(NamedTuple):
    """A line of a result file: the answer of a row, or why it has none.

    Attributes
    ----------
    custom_id
        The name of the row.
    document
        The whole reply to it.
    """

    custom_id: str
    document: Mapping[str, Any] | None = None
    error: WatsonxError | None = None


def check_service_options(options: Options) -> None:
    """Refuse what the service's batch jobs cannot do.

    Raises
    ------
    BadOption
        An option has no effect there, or the journal is switched off.
    """
    cannot = {
        "generate": options.generate,
        "deployment": options.deployment is not None,
        "concurrency": options.concurrency != DEFAULT_CONCURRENCY,
    }
    for name, is_set in cannot.items():
        if is_set:
            raise BadOption(
                f"{name} and --on service can't be combined: {_CANNOT[name]}",
                hint="Remove one of the two.",
            )
    if not journal_is_on():
        raise BadOption(
            "--on service needs the journal, which keeps what is under way at the service, and "
            "journal = false switches it off.",
            hint="Set journal = true in [tool.wx_notebook] of pyproject.toml, or leave out --on.",
        )


def line_body(request: Request) -> dict[str, Any]:
    """Return the body of a request as a line has it."""
    body = {n: value for n, value in (request.body or {}).items() if n not in _NOT_IN_A_LINE}
    return {"model": request.model_id, **body}


def line_document(key: bytes, request: Request) -> dict[str, Any]:
    """Return the line of a row."""
    return {
        "custom_id": key.hex(),
        "method": "POST",
        "url": BATCH_ENDPOINT,
        "body": line_body(request),
    }


def written_line(key: bytes, request: Request) -> bytes:
    """Return the line of a row as it stands in the file."""
    document = line_document(key, request)
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def read_line(line: bytes, redact: Callable[[str], str]) -> LineResult | None:
    """Return what a line of a result file says, None where it is none.

    Failed lines may stand in the output or in the error file: which one is not public, so each form
    is read in both. `redact` takes secrets out of what the service says.
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    custom_id = document.get("custom_id") if isinstance(document, dict) else None
    if not isinstance(custom_id, str):
        return None
    response = document.get("response")
    response = response if isinstance(response, dict) else {}
    status, body = response.get("status_code"), response.get("body")
    if isinstance(body, dict) and status == 200:
        try:
            raise_service_error(body, redact)
        except WatsonxError as error:
            return LineResult(custom_id, error=error)
        return LineResult(custom_id, body)
    if type(status) is int and status >= 400:
        text = body if isinstance(body, str) else json.dumps(body)
        return LineResult(custom_id, error=refusal(status, body, text, redact=redact))
    if document.get("error"):
        told = {"error": document["error"]}
        return LineResult(custom_id, error=refusal(400, told, json.dumps(told), redact=redact))
    return LineResult(custom_id, error=WatsonxError(_UNREADABLE))


def line_answer(
    document: Mapping[str, Any], line: JobLine, hide: Callable[[str], str]
) -> AnswerRecord:
    """Return the answer in a reply, as the journal keeps it.

    Parameters
    ----------
    line
        The row that it belongs to.
    hide
        Takes the secrets of the session out of a text.

    Raises
    ------
    WatsonxError
        A guardrail stopped the prompt, or the reply holds no answer.
    """
    asked = Request("", "chat", {"messages": [{"role": "user", "content": line.prompt}]})
    deltas = chat_reply_deltas(dict(document), asked)
    reader = AnswerReader(deltas, None, lambda: line.prompt)
    while reader.next_text() is not None:
        pass
    usage = reader.usage
    return AnswerRecord(
        text=hide("".join(reader.texts)),
        model_id=reader.model_id or str(document.get("model") or ""),
        finish_reason=reader.finish_reason,
        input_tokens=usage.input_tokens if usage is not None else None,
        output_tokens=usage.output_tokens if usage is not None else None,
        request_id=reader.request_id,
        position=line.position,
        prompt=line.prompt,
        at=time.time(),
    )
