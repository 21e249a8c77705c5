"""Guardrails: personal data, abuse and harm in a prompt or an answer, as far as a list finds them.

Forms: `moderations` of IBM's Node SDK (`vml_v1.ts`) and of `ChatModeration` in its Java SDK, whose
tests hold recorded replies. The patterns here and the phrases in `moderation.toml` are none of
IBM's: its detectors are models.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.text_measures import split_sentences, split_tokens

#: The detectors, and the sides that each one can check.
_SIDES_OF = {
    "hap": ("input", "output"),
    "pii": ("input", "output"),
    "granite_guardian": ("input",),
}
_MODERATIONS = {
    **{name: FieldRule("object") for name in _SIDES_OF},
    "input_ranges": FieldRule("array"),
}
_SIDES = {"input": FieldRule("object"), "output": FieldRule("object"), "mask": FieldRule("object")}
_SWITCH = {"enabled": FieldRule("boolean"), "threshold": FieldRule("number", 0, 1)}
_MASK = {"remove_entity_value": FieldRule("boolean")}
_RANGE = {"start": FieldRule("integer", 0), "end": FieldRule("integer", 0)}
_THRESHOLD = 0.5
_PII_SCORE = 0.8
_PII = {
    # bounded, and from the start of a word: a text can have a million characters
    "EmailAddress": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"),
    "PhoneNumber": re.compile(r"(?<![0-9])\+?[0-9][0-9 ()-]{7,20}[0-9]"),
}


def _phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(phrase).replace(r"\ ", r"\s{1,8}") for phrase in phrases)
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


#: Detector, entity, score and pattern of each list.
_LISTS = [
    (each["detector"], each["entity"], each["score"], _phrase_pattern(each["phrases"]))
    for each in tomllib.loads(files(__package__).joinpath("moderation.toml").read_text("utf-8"))[
        "list"
    ]
]


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A detector that is switched on for one side; what scores less than its threshold is left."""

    detector: str
    threshold: float
    is_masked: bool


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The detectors for the prompt and for the answer.

    Attributes
    ----------
    ranges
        Only these parts of the prompt are checked, from a start to an end; empty for all of it.
    """

    input: tuple[Guardrail, ...] = ()
    output: tuple[Guardrail, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()


NO_GUARDRAILS = Guardrails()


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector found in a text.

    Attributes
    ----------
    word
        The text between start and end; "" if it is masked.
    index
        Which message of the prompt, or which choice of the answer.
    """

    detector: str
    entity: str
    score: float
    start: int
    end: int
    word: str
    in_prompt: bool
    index: int


def read_guardrails(body: RequestBody) -> Guardrails:
    """Return the guardrails that a body asks for.

    Raises
    ------
    ErrorResponse
        400: a value has the wrong type.
    """
    if "moderations" not in body.document:
        return NO_GUARDRAILS
    fields = body.object_at("moderations")
    body.check(_MODERATIONS, fields, prefix="moderations.")
    sides: dict[str, list[Guardrail]] = {"input": [], "output": []}
    for detector, checked in _SIDES_OF.items():
        prefix = f"moderations.{detector}."
        switches = body.object_at(detector, fields, "moderations.")
        body.check(_SIDES, switches, prefix=prefix)
        shared = body.object_at("mask", switches, prefix)
        for side in checked:
            switch = body.object_at(side, switches, prefix)
            body.check(_SWITCH, switch, prefix=f"{prefix}{side}.")
            # of the detector in the API of generation, of a side in that of chats
            mask = {**shared, **body.object_at("mask", switch, f"{prefix}{side}.")}
            body.check(_MASK, mask, prefix=f"{prefix}mask.")
            if switch.get("enabled", False):
                threshold = switch.get("threshold", _THRESHOLD if detector != "pii" else 0.0)
                masked = mask.get("remove_entity_value", False)
                sides[side].append(Guardrail(detector, threshold, masked))
    ranges = []
    for index, each in enumerate(body.objects(fields.get("input_ranges", []), "input_ranges")):
        prefix = f"moderations.input_ranges[{index}]."
        body.check(_RANGE, each, prefix=prefix, required=("start", "end"))
        ranges.append((each["start"], each["end"]))
    return Guardrails(tuple(sides["input"]), tuple(sides["output"]), tuple(ranges))


def detect_in_prompt(guardrails: Guardrails, messages: Sequence[str]) -> list[Detection]:
    """Return what the guardrails find in the texts of a prompt: with any of it, it is blocked."""
    found: list[Detection] = []
    for index, text in enumerate(messages if guardrails.input else ()):
        offset = 0
        for sentence in split_sentences(split_tokens(text)):
            part = "".join(sentence)
            found += _detect(guardrails.input, part, offset, in_prompt=True, index=index)
            offset += len(part)
    return [each for each in found if _is_inside(each, guardrails.ranges)]


def detect_in_answer(
    guardrails: Guardrails, sentence: str, index: int, offset: int = 0
) -> list[Detection]:
    """Return what the guardrails find in a sentence of the choice of this index."""
    return list(_detect(guardrails.output, sentence, offset, in_prompt=False, index=index))


def _is_inside(detection: Detection, ranges: Sequence[tuple[int, int]]) -> bool:
    return not ranges or any(
        start <= detection.start and detection.end <= end for start, end in ranges
    )


def _detect(
    guardrails: Sequence[Guardrail], text: str, offset: int, *, in_prompt: bool, index: int
) -> Iterator[Detection]:
    for guardrail in guardrails:
        for entity, score, start, end in _hits(guardrail.detector, text):
            if score >= guardrail.threshold:
                word = "" if guardrail.is_masked else text[start:end]
                span = (offset + start, offset + end)
                yield Detection(guardrail.detector, entity, score, *span, word, in_prompt, index)


def _hits(detector: str, sentence: str) -> Iterator[tuple[str, float, int, int]]:
    """Yield entity, score, start and end of what a detector finds in a sentence."""
    if detector == "pii":
        for entity, pattern in _PII.items():
            for match in pattern.finditer(sentence):
                yield entity, _PII_SCORE, *match.span()
        return
    for name, entity, score, pattern in _LISTS:
        if name == detector and pattern.search(sentence):
            # the whole sentence, not the word (IBM's Java SDK, `DetectionServiceIT`)
            yield entity, score, 0, len(sentence.rstrip())
            return


def moderations_field(detections: Sequence[Detection]) -> Document:
    """Return the field `moderations` of a reply, or {} without a detection."""
    kinds: Document = {}
    for each in detections:
        entry = {
            "score": each.score,
            "input": each.in_prompt,
            "position": {"start": each.start, "end": each.end},
            "entity": each.entity,
            **({"word": each.word} if each.word else {}),
        }
        kinds.setdefault(each.detector, []).append(entry)
    return {"moderations": kinds} if kinds else {}


def detections_field(detections: Sequence[Detection]) -> Document:
    """Return the field `detections`, which a chat has besides, or {} without a detection."""
    groups: dict[tuple[str, str, int], list[Document]] = {}
    for each in detections:
        side = ("input", "message_index") if each.in_prompt else ("output", "choice_index")
        result = {
            "detector_id": f"sandbox_{each.detector}",
            "detection_type": each.detector,
            "detection": each.entity,
            "score": each.score,
            **({"text": each.word} if each.word else {}),
            "start": each.start,
            "end": each.end,
        }
        groups.setdefault((*side, each.index), []).append(result)
    sides: Document = {}
    for (side_name, index_name, index), results in groups.items():
        sides.setdefault(side_name, []).append({index_name: index, "results": results})
    return {"detections": sides} if sides else {}
