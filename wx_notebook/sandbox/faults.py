"""Faults that can be switched on, so that notebooks and clients can be tested against them."""

from __future__ import annotations

import dataclasses
import difflib
import math
import random
import threading
from collections.abc import Collection, Container
from dataclasses import dataclass
from typing import Any

_OWN_STREAMS = frozenset(
    {"chat_stream", "generation_stream", "deployment_chat_stream", "deployment_generation_stream"}
)
#: What is answered with text, piece by piece or whole.
PROMPTS = _OWN_STREAMS | {
    *("chat", "generation", "deployment_chat", "deployment_generation"),
    *("gateway_chat", "gateway_completion"),
}
#: What reads text and writes none.
MEASURES = frozenset({"embeddings", "rerank", "tokenization", "gateway_embeddings"})
MODEL_CALLS = PROMPTS | MEASURES
# at the gateway the same path streams if it is told to
_STREAMS = _OWN_STREAMS | {"gateway_chat", "gateway_completion"}
_CHATS = frozenset({"chat_stream", "deployment_chat_stream"})
_LISTS = frozenset(
    {"project", "projects", "space", "spaces", "deployment", "deployments", "gateway_models"}
)
_TOKEN = frozenset({"token"})
_SIGN_IN = _TOKEN | {"validate"}
_AUTHORISED = MODEL_CALLS | _LISTS
_OPTIONS = ("times", "on", "retry_after", "to", "after", "seconds")
#: `on="any"`
ANY = _AUTHORISED | _SIGN_IN | {"version", "models", "root", "other"}

#: Where `redirect` leads if it is told nothing: no machine can have this name (RFC 2606).
ELSEWHERE = "https://elsewhere.invalid/"


@dataclass(frozen=True, slots=True)
class _Kind:
    told: str
    hits: frozenset[str]
    #: what `on` can choose from
    can_hit: frozenset[str] = ANY
    #: without an end nobody would ever get through
    once: bool = False


_KINDS = {
    "429": _Kind("429 rate_limit_reached_requests instead of an answer", MODEL_CALLS),
    "500": _Kind("500 downstream_request_failed instead of an answer", MODEL_CALLS),
    "503": _Kind("503 service_unavailable instead of an answer", MODEL_CALLS),
    "502-html": _Kind("502 with an HTML page that holds a script", MODEL_CALLS),
    "reset": _Kind("the connection is reset before any byte of the reply", MODEL_CALLS),
    "reset-after": _Kind("the connection is reset in the middle of the reply", MODEL_CALLS),
    "redirect": _Kind("307 to another URL, for any request", ANY),
    "expired": _Kind(
        "401, once: the token presented has expired", _AUTHORISED, _AUTHORISED, once=True
    ),
    "revoked": _Kind(
        "401, once: the token presented is not valid any more",
        _AUTHORISED,
        _AUTHORISED,
        once=True,
    ),
    "cut": _Kind("the connection closes in the middle of a stream", _STREAMS, _STREAMS),
    "cut-clean": _Kind("a stream ends early, and HTTP shows no sign of it", _STREAMS, _STREAMS),
    "stall": _Kind("a stream falls silent in the middle and stays open", _STREAMS, _STREAMS),
    "error-event": _Kind(
        "a stream ends in the middle, with an error event", _OWN_STREAMS, _OWN_STREAMS
    ),
    "malformed-event": _Kind("one event of a stream is not JSON", _STREAMS, _STREAMS),
    "usage-missing": _Kind("a chat stream ends without its usage event", _CHATS, _CHATS),
    "slow-iam": _Kind("IAM takes three seconds for a token", _TOKEN, _SIGN_IN),
    "iam-500": _Kind("IAM answers 500", _TOKEN, _SIGN_IN),
    "iam-html": _Kind("IAM answers 502 with an HTML page", _TOKEN, _SIGN_IN),
}

#: Name of each fault and what it does, in one line.
FAULTS = {name: kind.told for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is switched on.

    Attributes
    ----------
    name
        A key of `FAULTS`.
    hits
        Kinds of call it can hit.
    times
        How many more calls it hits; None is no end.
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


def parse(
    text: str,
    *,
    times: int | None = None,
    on: str | Collection[str] | None = None,
    retry_after: float | None = None,
    to: str = ELSEWHERE,
    after: int | None = None,
    seconds: float = 3.0,
) -> Fault:
    """Return the fault of `NAME` or `NAME=PROBABILITY`; the rest as for `Fault`.

    The rest can stand in `text` too, as on a command line: `429=0.1,retry_after=2,on=chat+token`.

    Raises
    ------
    ValueError
        No such fault, no such kind of call, a probability outside 0 to 1, or an option that is
        none.
    """
    text, comma, more = text.partition(",")
    if comma:
        given = _options(more)
        times, on = given.get("times", times), given.get("on", on)
        retry_after, to = given.get("retry_after", retry_after), given.get("to", to)
        after, seconds = given.get("after", after), given.get("seconds", seconds)
    name, equals, chance = text.partition("=")
    if name not in _KINDS:
        near = difflib.get_close_matches(name, _KINDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(_KINDS)}"
        msg = f"no fault {name!r}; {hint}"
        raise ValueError(msg)
    try:
        probability = float(chance) if equals else 1.0
    except ValueError:
        probability = math.nan
    if not 0 <= probability <= 1:
        msg = f"the probability in {text!r} is not a number from 0 to 1"
        raise ValueError(msg)
    kind = _KINDS[name]
    kinds = kind.hits
    if on is not None:
        wanted = ANY if on == "any" else frozenset([on] if isinstance(on, str) else on)
        kinds = wanted & kind.can_hit
        if not wanted <= ANY or not kinds:
            possible = ", ".join(sorted(kind.can_hit))
            msg = f"fault {name!r} cannot hit {on!r}, only: {possible}"
            raise ValueError(msg)
    if times is None and kind.once and not equals:
        times = 1
    return Fault(name, kinds, times, probability, retry_after, to, after, seconds)


def _options(text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in _OPTIONS or not value:
            msg = f"{part!r} is no option of a fault; there are: {', '.join(_OPTIONS)}"
            raise ValueError(msg)
        if name == "to":
            given[name] = value
        elif name == "on":
            given[name] = value if value == "any" else value.split("+")
        else:
            given[name] = _number(name, value)
    return given


def _number(name: str, value: str) -> float | None:
    if name == "times" and value == "always":
        return None
    counts = name in ("times", "after")
    try:
        number = int(value) if counts else float(value)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        msg = f"{name}={value} is not {'a count' if counts else 'a number of seconds'}"
        raise ValueError(msg)
    return number


class Faults:
    """The faults that are switched on, in the order in which they were."""

    def __init__(self) -> None:
        self._on: list[Fault] = []
        self._lock = threading.Lock()
        # a fixed seed: the same requests in the same order meet the same faults
        self._random = random.Random(20)  # noqa: S311  # chance, not secrecy

    def add(self, fault: Fault) -> None:
        """Switch `fault` on."""
        with self._lock:
            self._on.append(fault)

    def on(self) -> list[Fault]:
        """Return the faults that can still hit a call, in their order."""
        with self._lock:
            return [fault for fault in self._on if fault.times != 0]

    def remove(self, index: int) -> None:
        """Switch off one of those that `on` returns, if it is still there."""
        with self._lock:
            live = [fault for fault in self._on if fault.times != 0]
            self._on = [*live[:index], *live[index + 1 :]]

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._on.clear()

    def take(self, kind: str, names: Container[str]) -> Fault | None:
        """Return the first fault among `names` that hits a call of this kind, counting the hit."""
        with self._lock:
            for index, fault in enumerate(self._on):
                if fault.name not in names or kind not in fault.hits or fault.times == 0:
                    continue
                if self._random.random() < fault.probability:
                    if fault.times is not None:
                        self._on[index] = dataclasses.replace(fault, times=fault.times - 1)
                    return fault
        return None
