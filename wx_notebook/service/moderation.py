"""What the service's guardrails found in a prompt or an answer, and a prompt that they stopped.

Facts of the wire: `moderations` of IBM's Node SDK (`vml_v1.ts`: arrays; one test of the Java SDK
has single objects), `moderations` and `detections` of the Java SDK's `ChatServiceStreamingTest`.
There a stopped prompt is a reply of status 200 with one event, whose choice has neither a message
nor a reason for its end (`isBlockedByModeration`), and a warning with the ID UNSUITABLE_INPUT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from wx_notebook.errors import PromptBlocked
from wx_notebook.service.error_mapping import quoted

_NAMES = {
    "hap": "hate, abuse or profanity",
    "pii": "personal data",
    "granite_guardian": "what Granite Guardian looks for",
}
_LONGEST = 60
#: Findings that an error lists: with its first line, the service's words and the hint it has six.
_MOST_FINDINGS = 3
_UNSUITABLE = "unsuitable_input"


class GuardrailFinding(NamedTuple):
    """What a guardrail found: its kind, what it is more exactly, the words and where they stand.

    `message` is the index of the message that it was found in, None where the service gave none.
    `start` and `end` are -1 without a position.
    """

    kind: str
    entity: str
    in_prompt: bool
    word: str = ""
    start: int = -1
    end: int = -1
    message: int | None = None

    @property
    def name(self) -> str:
        """What the guardrail looks for, in words."""
        return _NAMES.get(self.kind.lower()) or quoted(self.kind, _LONGEST)

    @property
    def side(self) -> str:
        """Where it was found."""
        return "prompt" if self.in_prompt else "answer"

    @property
    def in_brackets(self) -> str:
        """What it is more exactly, in brackets, "" where the service does not say."""
        return f" ({quoted(self.entity, _LONGEST)})" if self.entity else ""


def moderation_notes(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what was found, in `document` or one of its results, each kind and side once.

    The words themselves are not repeated: they are what the guardrail is there to keep away.
    """
    found = (*_moderations(document), *_detections(document))
    notes = (f"guardrail: {one.name} in the {one.side}{one.in_brackets}" for one in found)
    return tuple(dict.fromkeys(notes))


def read_findings(document: Mapping[str, Any]) -> list[GuardrailFinding] | None:
    """Return what guardrails found, in the prompt if anything in it; None if they say nothing.

    An empty list is a prompt that was found unsuitable without a word on why.
    """
    parts = [document, *_objects(document.get("results"))]
    # these name the message, too; the others are mostly the same findings
    findings = [one for part in parts for one in _detections(part)]
    known = {(one.kind.lower(), one.start, one.end) for one in findings}
    findings += [
        one
        for part in parts
        for one in _moderations(part)
        if (one.kind.lower(), one.start, one.end) not in known
    ]
    if not (findings or is_unsuitable(document)):
        return None
    return [one for one in findings if one.in_prompt] or findings


def is_unsuitable(document: Mapping[str, Any]) -> bool:
    """Return whether the service warns that it did not take the prompt."""
    system = document.get("system")
    warnings = _objects(system.get("warnings")) if isinstance(system, dict) else []
    return any(str(warning.get("id")).lower() == _UNSUITABLE for warning in warnings)


def blocked_error(
    findings: Sequence[GuardrailFinding],
    warnings: Iterable[str],
    texts: Sequence[str],
    *,
    is_masked: bool,
) -> PromptBlocked:
    """Return the error for a prompt that guardrails stopped.

    Parameters
    ----------
    findings
        From `read_findings`.
    warnings
        What the service said besides.
    texts
        The texts of the prompt, one for each message.
    is_masked
        Whether the prompt asked for the words to be left out.
    """
    side = findings[0].side if findings else "prompt"
    lines = [f"A guardrail stopped the {side}; the model wrote nothing."]
    lines += [f"Found: {_told(one, texts, is_masked)}." for one in findings[:_MOST_FINDINGS]]
    if (more := len(findings) - _MOST_FINDINGS) > 0:
        lines[-1] = f"{lines[-1][:-1]}, and {more:,} more."
    said = " ".join(dict.fromkeys(warnings))
    if said:
        lines.append(f"The service said: {said}")
    return PromptBlocked(
        "\n".join(lines),
        hint="Running it again won't help: change these words, or the moderations that it asks for."
        if findings
        else "Running it again won't help: change the prompt.",
    )


def _told(finding: GuardrailFinding, texts: Sequence[str], is_masked: bool) -> str:
    told = finding.name + finding.in_brackets
    index = finding.message
    if index is None and len(texts) == 1:
        index = 0
    has_place = 0 <= finding.start < finding.end
    word = finding.word
    if not word and has_place and not is_masked and index is not None and index < len(texts):
        word = texts[index][finding.start : finding.end]
    if word and not is_masked:
        told += f": '{_cut(word)}'"
    if has_place:
        told += f", characters {finding.start:,} to {finding.end:,}"
        told += f" of message {index + 1}" if index is not None and len(texts) > 1 else ""
    return told


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _moderations(document: Mapping[str, Any]) -> Iterator[GuardrailFinding]:
    found = document.get("moderations")
    for kind, entries in found.items() if isinstance(found, dict) else ():
        for entry in _objects(entries):
            position = entry.get("position")
            yield GuardrailFinding(
                kind,
                _word(entry.get("entity"), kind),
                entry.get("input") is True,
                _text(entry.get("word")),
                *_place(position if isinstance(position, dict) else {}),
            )


def _detections(document: Mapping[str, Any]) -> Iterator[GuardrailFinding]:
    found = document.get("detections")
    for side, groups in found.items() if isinstance(found, dict) else ():
        for group in _objects(groups):
            message = group.get("message_index")
            for result in _objects(group.get("results")):
                kind = _text(result.get("detection_type")) or "detector"
                yield GuardrailFinding(
                    kind,
                    _word(result.get("detection"), kind),
                    side == "input",
                    _text(result.get("text")),
                    *_place(result),
                    message if isinstance(message, int) and message >= 0 else None,
                )


def _place(entry: Mapping[str, Any]) -> tuple[int, int]:
    start, end = entry.get("start"), entry.get("end")
    return (start, end) if isinstance(start, int) and isinstance(end, int) else (-1, -1)


def _objects(value: object) -> list[dict[str, Any]]:
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _word(value: object, known: str) -> str:
    """Return a name that says more than the one that is known already."""
    return value if isinstance(value, str) and value.lower() != known.lower() else ""
