"""Guardrails: personal data in a prompt or an answer, as far as a pattern finds it.

Shapes: `moderations` of IBM's Node SDK (`vml_v1.ts`), replies in the tests of its Java SDK. The
detectors for hate and abuse and for what Granite Guardian looks for are taken and find nothing: a
pattern is no judge of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wx_notebook.sandbox.fields import Body, Document, Rule

_KINDS = {name: Rule("object") for name in ("hap", "pii", "granite_guardian")}
_SIDES = {"input": Rule("object"), "output": Rule("object"), "mask": Rule("object")}
_SWITCH = {"enabled": Rule("boolean"), "threshold": Rule("number", 0, 1)}
_ENTITIES = {
    # bounded, and from the head of a word: a text may be a million characters long
    "EmailAddress": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"),
    "PhoneNumber": re.compile(r"(?<![0-9])\+?[0-9][0-9 ()-]{7,20}[0-9]"),
}
_SCORE = 0.8


@dataclass(frozen=True, slots=True)
class Guards:
    """Whether personal data is looked for in the prompt, and in the answer."""

    reads_prompt: bool = False
    reads_answer: bool = False


NO_GUARDS = Guards()


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at a place in the prompt, or else in the answer."""

    in_prompt: bool
    entity: str
    start: int
    end: int
    word: str
    #: the message of the prompt that it is in
    message: int = 0


def guards_of(body: Body) -> Guards:
    """Return what a body asks for.

    Raises
    ------
    Refused
        400: something of it has the wrong type.
    """
    (given,) = body.objects([body.document.get("moderations", {})], "moderations")
    body.check(_KINDS, given, prefix="moderations.")
    switches = {}
    for kind in _KINDS:
        prefix = f"moderations.{kind}"
        (sides,) = body.objects([given.get(kind, {})], prefix)
        body.check(_SIDES, sides, prefix=f"{prefix}.")
        for side in ("input", "output"):
            (switch,) = body.objects([sides.get(side, {})], f"{prefix}.{side}")
            body.check(_SWITCH, switch, prefix=f"{prefix}.{side}.")
            switches[kind, side] = switch.get("enabled", False)
    return Guards(switches["pii", "input"], switches["pii", "output"])


def findings(guards: Guards, messages: Sequence[str], answer: str) -> list[Finding]:
    """Return what is found in the texts of a prompt, and in its answer."""
    read = messages if guards.reads_prompt else ()
    return [
        *(each for n, text in enumerate(read) for each in _in(text, True, n)),
        *(_in(answer, False) if guards.reads_answer else ()),
    ]


def moderations(found: Sequence[Finding]) -> Document:
    """Return the field of a reply, nothing where nothing was found."""
    entries = [
        {
            "score": _SCORE,
            "input": each.in_prompt,
            "position": {"start": each.start, "end": each.end},
            "entity": each.entity,
            "word": each.word,
        }
        for each in found
    ]
    return {"moderations": {"pii": entries}} if entries else {}


def detections(found: Sequence[Finding]) -> Document:
    """Return the field that a chat has besides."""
    sides: Document = {}
    for each in found:
        side, index = ("input", "message_index") if each.in_prompt else ("output", "choice_index")
        result = {
            "detection_type": "pii",
            "detection": each.entity,
            "score": _SCORE,
            "start": each.start,
            "end": each.end,
            "text": each.word,
        }
        sides.setdefault(side, []).append({index: each.message, "results": [result]})
    return {"detections": sides} if sides else {}


def _in(text: str, in_prompt: bool, message: int = 0) -> Iterator[Finding]:
    for entity, pattern in _ENTITIES.items():
        for match in pattern.finditer(text):
            yield Finding(in_prompt, entity, *match.span(), match[0], message)
