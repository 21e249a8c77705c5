"""What the journal keeps: one record an answer, one a batch."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from wx_notebook.answer import Answer
from wx_notebook.service import Request, whole_characters

#: Who pays is no part of the question.
_NOT_ASKED = ("project_id", "space_id")
_KEY_BYTES = 16
#: In the place of a prompt, its text and what was said of it.
_NO_ANSWER = (None,) * 8
#: Where the time stands among the values of `statements.GET_ANSWER`, behind the state.
_AT = 9
#: A count above it is nonsense, which SQLite may not take.
_MOST_TOKENS = 1 << 40


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The answer to one request.

    Attributes
    ----------
    position
        The row of the table that it was sent for first.
    prompt
        The text that was sent.
    at
        When it came, in seconds since 1970.
    reasoning
        What the model thought, of an answer to a single prompt.
    batch_id
        The batch that paid for it, where it was looked up.
    """

    text: str
    model_id: str = ""
    finish_reason: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    request_id: str = ""
    seconds: float = 0.0
    position: int = 0
    prompt: str = ""
    at: float = 0.0
    reasoning: str = ""
    batch_id: str = ""

    @property
    def tokens(self) -> int:
        """Input and output tokens together, 0 where the service did not count."""
        return (self.input_tokens or 0) + (self.output_tokens or 0)


def answer_record(
    answer: Answer, prompt: str, hide: Callable[[str], str], *, position: int = 0
) -> AnswerRecord:
    """Return what is kept of an answer that has just come, without its reasoning.

    Parameters
    ----------
    hide
        Takes the session's secrets out of a text.
    """
    usage = answer.usage
    return AnswerRecord(
        text=hide(answer.text),
        model_id=answer.model_id,
        finish_reason=answer.finish_reason,
        input_tokens=usage.input_tokens if usage is not None else None,
        output_tokens=usage.output_tokens if usage is not None else None,
        request_id=answer.request_id,
        seconds=round(answer.seconds, 3),
        position=position,
        prompt=hide(prompt),
        at=time.time(),
    )


def start_values(key: bytes, batch_id: str, position: int, at: float) -> tuple[Any, ...]:
    """Return the values of `statements.PUT_ROW` for a request that is about to be sent."""
    return (key, batch_id, position, at, *_NO_ANSWER, "started")


def answer_values(key: bytes, batch_id: str, answer: AnswerRecord) -> tuple[Any, ...]:
    """Return the values of `statements.PUT_ROW`: what the service says may hold anything."""
    return (
        # a cell of a table can hold half of a character, which no file in UTF-8 takes
        key, batch_id, answer.position, answer.at, whole_characters(answer.prompt),
        whole_characters(answer.text), whole_characters(answer.model_id),
        whole_characters(answer.finish_reason), _count(answer.input_tokens),
        _count(answer.output_tokens), whole_characters(answer.request_id), answer.seconds, "done",
    )  # fmt: skip


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and tokens < _MOST_TOKENS else None


class StartedRecord(NamedTuple):
    """A request that was started, and of which nobody has said what became.

    Attributes
    ----------
    batch_id, at
        The batch that sent it last, and when.
    """

    batch_id: str
    at: float


#: What is known of a request; None where it was not started.
Found: TypeAlias = AnswerRecord | StartedRecord | None


def answer_among(rows: Sequence[Sequence[Any]]) -> Found:
    """Return the answer among the rows that all files have of a key; None if it was not started."""
    started = None
    for own_state, *values in rows:
        if own_state == "done":
            return AnswerRecord(*values)
        started = StartedRecord(values[-1], values[_AT])
    return started


class JobLine(NamedTuple):
    """A row that the service's batch job has: its key, its place in the table, and its prompt."""

    key: bytes
    position: int
    prompt: str


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A part of a table that is a batch job of the service.

    Attributes
    ----------
    id
        Our own name for it, which the service's job carries, too.
    batch_id
        The batch that sent it.
    place
        The URL of the service.
    job_id
        The service's name for it, "" while nobody knows whether there is a job.
    state
        The service's word for how far it is.
    is_open
        Whether its answers still have to be fetched.
    """

    id: str
    batch_id: str
    place: str
    began: float
    rows: int
    job_id: str = ""
    state: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """A single prompt with its answer.

    Attributes
    ----------
    code
        The cell that sent it, "" for a call from Python.
    """

    key: bytes
    place: str
    code: str
    answer: AnswerRecord

    @property
    def id(self) -> str:
        """What a user calls it."""
        return self.key.hex()[:8]


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One run over a table.

    Attributes
    ----------
    began, ended
        Seconds since 1970; `ended` is None while it runs, and for ever if its process was killed.
    state
        "running", "done", "interrupted" or "stopped".
    prompt, code
        The prompt as typed, and the cell that sent it; "" for a call from Python.
    rows
        The number of rows, None where that was not known before the end.
    open
        Requests that were started, and of which nobody knows what became.
    """

    id: str
    began: float
    ended: float | None = None
    state: str = "running"
    place: str = ""
    model_id: str = ""
    prompt: str = ""
    code: str = ""
    rows: int | None = None
    done: int = 0
    failed: int = 0
    tokens: int = 0
    open: int = 0


def request_key(request: Request, base_url: str) -> bytes:
    """Return the key of a request: a hash of its host, its path and its whole body.

    The project and the credential are no part of it, nor whether the answer is streamed, nor
    whether its schema stands in a field or in the prompt. Two rows with one key are the same
    question.

    Parameters
    ----------
    base_url
        Where it goes.
    """
    if request.schema is not None:
        # that a model takes no field for it is found out in the middle of a run, and forgotten with
        # the session
        request = request.schema.in_prompt(request)
    body: dict[str, Any] = {
        name: value for name, value in (request.body or {}).items() if name not in _NOT_ASKED
    }
    path = request.path.removesuffix("_stream")
    text = json.dumps([base_url, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]


def key_in_row(key: bytes, position: int) -> bytes:
    """Return the key of a request in one row of the table, where equal ones are each to be sent."""
    return hashlib.sha256(key + f"row {position}".encode()).digest()[:_KEY_BYTES]
