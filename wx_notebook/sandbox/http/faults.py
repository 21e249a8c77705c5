"""Faults that can be switched on, to test notebooks and clients against them."""

from __future__ import annotations

import dataclasses
import difflib
import math
import random
import threading
from collections.abc import Collection, Container
from dataclasses import dataclass
from typing import Any

_NATIVE_STREAMS = frozenset(
    {"chat_stream", "generation_stream", "deployment_chat_stream", "deployment_generation_stream"}
)
#: Calls that are answered with generated text, as a stream or whole.
PROMPT_CALLS = _NATIVE_STREAMS | {
    *("chat", "generation", "deployment_chat", "deployment_generation"),
    *("gateway_chat", "gateway_completion"),
}
#: Calls of a model, also those that generate no text.
MODEL_CALLS = PROMPT_CALLS | {"embeddings", "rerank", "tokenization", "gateway_embeddings"}
# at the gateway one path serves both: the body asks for a stream
_STREAMS = _NATIVE_STREAMS | {"gateway_chat", "gateway_completion"}
_CHATS = frozenset({"chat_stream", "deployment_chat_stream"})
_LISTS = frozenset(
    {"project", "projects", "space", "spaces", "deployment", "deployments", "gateway_models"}
)
#: Calls of files and batch jobs.
BATCH_CALLS = frozenset({"files", "file", "file_content", "batches", "batch", "batch_cancel"})
_RESULTS = frozenset({"file_content"})
_TOKEN = frozenset({"token"})
_SIGN_IN = _TOKEN | {"validate"}
_AUTHORISED = MODEL_CALLS | _LISTS | BATCH_CALLS
_OPTIONS = ("times", "on", "retry_after", "to", "after", "seconds")
#: What `on="any"` stands for.
ALL_CALLS = _AUTHORISED | _SIGN_IN | {"version", "models", "root", "other"}

#: Default address of `redirect`: no machine can have this name (RFC 2606).
ELSEWHERE = "https://elsewhere.invalid/"


@dataclass(frozen=True, slots=True)
class _FaultType:
    """What a fault does, the calls that it hits, and the calls that `on` can choose from.

    One with `once` hits a single call by default: otherwise no client would ever get through.
    """

    description: str
    hits: frozenset[str]
    can_hit: frozenset[str] = ALL_CALLS
    once: bool = False


_TYPES = {
    "429": _FaultType("429 rate_limit_reached_requests instead of an answer", MODEL_CALLS),
    "500": _FaultType("500 downstream_request_failed instead of an answer", MODEL_CALLS),
    "503": _FaultType("503 service_unavailable instead of an answer", MODEL_CALLS),
    "502-html": _FaultType("502 with an HTML page that contains a script", MODEL_CALLS),
    "reset": _FaultType("the connection is reset before any byte of the reply", MODEL_CALLS),
    "reset-after": _FaultType("the connection is reset in the middle of the reply", MODEL_CALLS),
    "redirect": _FaultType("307 to another URL, for any request", ALL_CALLS),
    "expired": _FaultType("401, once: the token has expired", _AUTHORISED, _AUTHORISED, once=True),
    "revoked": _FaultType(
        "401, once: the token is no longer valid", _AUTHORISED, _AUTHORISED, once=True
    ),
    "cut": _FaultType("the connection closes in the middle of a stream", _STREAMS, _STREAMS),
    "cut-clean": _FaultType("a stream ends early, and HTTP gives no sign", _STREAMS, _STREAMS),
    "stall": _FaultType("a stream stops in the middle and stays open", _STREAMS, _STREAMS),
    "error-event": _FaultType(
        "a stream ends in the middle, with an error event", _NATIVE_STREAMS, _NATIVE_STREAMS
    ),
    "malformed-event": _FaultType("one event of a stream is not JSON", _STREAMS, _STREAMS),
    "usage-missing": _FaultType("a chat stream ends without its usage event", _CHATS, _CHATS),
    "no-schema": _FaultType(
        "400 for a JSON Schema as response_format, as of a model that takes none",
        PROMPT_CALLS,
        PROMPT_CALLS,
    ),
    "413": _FaultType(
        "413 for a file that is uploaded", frozenset({"files"}), frozenset({"files"})
    ),
    "job-fails": _FaultType("a batch job fails", frozenset({"batches"}), frozenset({"batches"})),
    "job-expires": _FaultType(
        "a batch job expires with half of its lines answered",
        frozenset({"batches"}),
        frozenset({"batches"}),
    ),
    "lines-missing": _FaultType("a result file lacks a line", _RESULTS, _RESULTS),
    "lines-twice": _FaultType("a result file has a line twice", _RESULTS, _RESULTS),
    "lines-foreign": _FaultType("a result file has lines of nobody", _RESULTS, _RESULTS),
    "lines-cut": _FaultType("a result file ends in its middle", _RESULTS, _RESULTS),
    "slow-iam": _FaultType("IAM takes three seconds for a token", _TOKEN, _SIGN_IN),
    "iam-500": _FaultType("IAM answers 500", _TOKEN, _SIGN_IN),
    "iam-html": _FaultType("IAM answers 502 with an HTML page", _TOKEN, _SIGN_IN),
}

#: Name of each fault and what it does, in one line.
FAULTS = {name: each.description for name, each in _TYPES.items()}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is switched on.

    Attributes
    ----------
    name
        A key of `FAULTS`.
    hits
        Kinds of call that it can hit.
    times
        How many more calls it hits; None is no limit.
    probability
        Of hitting a call that it can hit.
    retry_after, to, after, seconds
        Header of a 429; address of a redirect; events before a stream goes wrong (by default half
        of them); delay of a slow IAM.
    """

    name: str
    hits: frozenset[str]
    times: int | None = None
    probability: float = 1.0
    retry_after: float | None = None
    to: str = ELSEWHERE
    after: int | None = None
    seconds: float = 3.0


def parse_fault(
    text: str,
    *,
    times: int | None = None,
    on: str | Collection[str] | None = None,
    **options: Any,  # noqa: ANN401  # fields of a Fault
) -> Fault:
    """Return the fault that `NAME` or `NAME=PROBABILITY` names; the other values as in `Fault`.

    They can also follow in `text`, as on a command line: `429=0.1,retry_after=2,on=chat+token`.

    Raises
    ------
    ValueError
        An unknown fault, kind of call or option, or a number out of range.
    """
    text, comma, more = text.partition(",")
    if comma:
        written = _text_options(more)
        times, on = written.pop("times", times), written.pop("on", on)
        options |= written
    name, equals, chance = text.partition("=")
    if name not in _TYPES:
        near = difflib.get_close_matches(name, _TYPES, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Faults: {', '.join(_TYPES)}."
        msg = f"Unknown fault {name!r}. {hint}"
        raise ValueError(msg)
    try:
        probability = float(chance) if equals else 1.0
    except ValueError:
        probability = math.nan
    if not 0 <= probability <= 1:
        msg = f"The probability in {text!r} must be a number from 0 to 1."
        raise ValueError(msg)
    if times is None and _TYPES[name].once and not equals:
        times = 1
    return Fault(name, _calls_to_hit(name, on), times, probability, **options)


def _calls_to_hit(name: str, on: str | Collection[str] | None) -> frozenset[str]:
    if on is None:
        return _TYPES[name].hits
    possible = _TYPES[name].can_hit
    chosen = ALL_CALLS if on == "any" else frozenset([on] if isinstance(on, str) else on)
    if not chosen <= ALL_CALLS or not chosen & possible:
        msg = f"The fault {name!r} cannot hit {on!r}. It can hit: {', '.join(sorted(possible))}."
        raise ValueError(msg)
    return chosen & possible


def _text_options(text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in _OPTIONS or not value:
            msg = f"Unknown option {part!r} of a fault. Options: {', '.join(_OPTIONS)}."
            raise ValueError(msg)
        if name == "to":
            options[name] = value
        elif name == "on":
            options[name] = value if value == "any" else value.split("+")
        else:
            options[name] = _number(name, value)
    return options


def _number(name: str, value: str) -> float | None:
    if name == "times" and value == "always":
        return None
    is_count = name in ("times", "after")
    try:
        number = int(value) if is_count else float(value)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        msg = f"{name}={value} must be {'a whole number' if is_count else 'a number of seconds'}."
        raise ValueError(msg)
    return number


class FaultSwitches:
    """The faults that are on, in the order in which they were switched on; safe for threads."""

    def __init__(self) -> None:
        self._on: list[Fault] = []
        self._lock = threading.Lock()
        # a fixed seed: the same requests in the same order meet the same faults
        self._random = random.Random(20)  # noqa: S311  # chance, not secrecy

    def add(self, fault: Fault) -> None:
        """Switch `fault` on."""
        with self._lock:
            self._on.append(fault)

    def active(self) -> list[Fault]:
        """Return the faults that can still hit a call, in their order."""
        with self._lock:
            return [fault for fault in self._on if fault.times != 0]

    def remove(self, index: int) -> None:
        """Switch off the fault at this index of `active`, if there is one."""
        with self._lock:
            live = [fault for fault in self._on if fault.times != 0]
            self._on = [*live[:index], *live[index + 1 :]]

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._on.clear()

    def take(self, kind: str, names: Container[str]) -> Fault | None:
        """Return the first fault among `names` that hits a call of this kind, and count the hit."""
        with self._lock:
            for index, fault in enumerate(self._on):
                if fault.name not in names or kind not in fault.hits or fault.times == 0:
                    continue
                if self._random.random() < fault.probability:
                    if fault.times is not None:
                        self._on[index] = dataclasses.replace(fault, times=fault.times - 1)
                    return fault
        return None
