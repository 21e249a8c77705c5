"""What a run tells its workers, and what they tell it: plain values, without any secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import wx_notebook.errors as errors
from wx_notebook.batch.jobs import Outcome
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import SECRET_MASK, ServiceDown, WatsonxError
from wx_notebook.journal import AnswerRecord
from wx_notebook.options import Options
from wx_notebook.service import Usage
from wx_notebook.templates import estimate_tokens
from wx_notebook.usage.ledger import TokenCounts


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a worker needs to fill in and send rows.

    Attributes
    ----------
    run
        The name of the run at the scheduler.
    connection
        Where prompts go, and what they are billed to; nothing that signs in.
    text, columns
        The prompt as typed, and the columns that it takes.
    names
        The variables that it takes.
    """

    run: str
    connection: Mapping[str, Any]
    text: str
    columns: tuple[str, ...]
    options: Options
    names: Mapping[str, Any] = field(default_factory=dict, repr=False)


def pack_outcome(outcome: Outcome, sends: int, prompt: str) -> dict[str, Any]:
    """Return what became of a prompt as values that need no unpickling."""
    error, record, usage = outcome.error, outcome.answer, outcome.usage
    return {
        "fate": outcome.fate,
        "sends": sends,
        "prompt": _fingerprint(prompt),
        "warnings": list(outcome.warnings),
        "usage": None if usage is None else [usage.input_tokens, usage.output_tokens],
        "answer": None if record is None else [
            record.text, record.model_id, record.finish_reason, record.input_tokens,
            record.output_tokens, record.request_id, record.seconds,
        ],
        "error": None if error is None else [
            type(error).__name__, error.message, error.hint, error.retry_after,
            bool(error.maybe_billed),
        ],
    }  # fmt: skip


def unpack_outcome(packed: Mapping[str, Any], prompt: str) -> Outcome:
    """Return what became of a prompt; what became of another one stops the run."""
    answer, error, usage = (packed[name] for name in ("answer", "error", "usage"))
    outcome = Outcome(
        packed["fate"],
        None if answer is None else AnswerRecord(*answer),
        None if error is None else _unpack_error(*error),
        tuple(packed["warnings"]),
        None if usage is None else Usage(*usage),
    )
    if packed["prompt"] == _fingerprint(prompt):
        return outcome
    other = WatsonxError(
        "A worker was lost, and its partition came back with other rows than before.",
        hint="Keep the table as it is, with df = df.persist() or a seed. Then run it again: rows "
        "with an answer are not sent again.",
    )
    other.maybe_billed = outcome.answer is not None or outcome.maybe_billed
    return Outcome("stop", error=other, usage=outcome.usage)


def spent_tokens(outcome: Outcome, prompt: str) -> TokenCounts | None:
    """Return what a request cost, estimated where the service did not say; None for nothing."""
    answer, usage = outcome.answer, outcome.usage
    if answer is not None and answer.input_tokens is not None:
        return TokenCounts(1, answer.input_tokens, answer.output_tokens or 0)
    if usage is not None:
        return TokenCounts(1, usage.input_tokens, usage.output_tokens)
    if answer is not None or outcome.maybe_billed:
        return TokenCounts(1, estimate_tokens(prompt), 0, estimated=1)
    return None


def _unpack_error(
    name: str, message: str, hint: str, retry_after: str | None, maybe_billed: bool
) -> WatsonxError:
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, WatsonxError)):
        kind = ServiceDown
    error: WatsonxError = kind(message, hint=hint)
    error.retry_after, error.maybe_billed = retry_after, maybe_billed
    return error


def fingerprint(token: Secret) -> str:
    """Return what tells two access tokens apart, and nothing of them."""
    return _fingerprint(token.reveal())


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class TokenInTransit:
    """An access token on its way to a worker; it can be pickled, and shows nothing.

    The scheduler passes it on without unpacking it.
    """

    __slots__ = ("_token",)

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __repr__(self) -> str:
        return SECRET_MASK

    def __reduce__(self) -> tuple[object, ...]:
        return _arrived, (self._token.reveal(),)

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A token can't be copied.")

    __copy__ = __deepcopy__ = _refuse

    def open(self) -> Secret:
        """Return the token."""
        return self._token


def _arrived(token: str) -> TokenInTransit:
    return TokenInTransit(Secret(token))
