"""The tools that a model calls: collected from the parts of a stream, and as values."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.service import CallFragment

#: Characters of the line about a call.
_LONGEST_ARGUMENTS, _LONGEST_RESULT = 2_000, 200


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, as the model asked for it, and what came of it.

    Attributes
    ----------
    name
        The tool.
    arguments
        By name; None where the model wrote no JSON object.
    id
        The service's, or one of ours where it gives none.
    raw
        The arguments as the model wrote them.
    result
        The text that was sent back to the model; None where the call was not run.
    error
        Why it failed, or was not run; "" otherwise.
    left_out
        How many characters of a long result or error the model did not get.
    """

    name: str
    arguments: Mapping[str, Any] | None
    id: str
    raw: str = ""
    result: str | None = None
    error: str = ""
    left_out: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it was neither run nor refused."""
        return self.result is None and not self.error

    @property
    def signature(self) -> str:
        """The call as it would be typed: ``area(w=3, h=4)``."""
        if self.arguments is None:
            return f"{self.name}({_shortened(self.raw, _LONGEST_ARGUMENTS)})"
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({_shortened(given, _LONGEST_ARGUMENTS)})"

    @property
    def line(self) -> str:
        """The call and its result in one line."""
        if self.is_open:
            return self.signature
        cut = f" (the model did not get {self.left_out:,} of them)" if self.left_out else ""
        if self.error:
            return f"{self.signature}: {_shortened(self.error, _LONGEST_RESULT)}{cut}"
        return f"{self.signature} → {_shortened(str(self.result), _LONGEST_RESULT)}{cut}"


class CallCollector:
    """Puts the parts of tool calls together; parts of one call have its number, or none."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._names: list[str] = []
        self._arguments: list[list[str]] = []
        self._places: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._names)

    def feed(self, fragments: Iterable[CallFragment]) -> None:
        """Keep the parts that one step brings."""
        for fragment in fragments:
            place = self._place(fragment)
            if fragment.id:
                self._ids[place] = fragment.id
            if fragment.name and not self._names[place]:
                self._names[place] = fragment.name
            self._arguments[place].append(fragment.arguments)

    def calls(self) -> tuple[ToolCall, ...]:
        """Return the calls so far, in their order; a call without a name is left out."""
        found = []
        for call_id, name, parts in zip(self._ids, self._names, self._arguments, strict=True):
            if name:
                raw = "".join(parts)
                found.append(ToolCall(name, parse_arguments(raw), call_id or new_call_id(), raw))
        return tuple(found)

    def _place(self, fragment: CallFragment) -> int:
        """Return the place of the call that a part belongs to; a new one at its beginning."""
        if fragment.index >= 0:
            if fragment.index not in self._places:
                self._places[fragment.index] = self._begin()
            return self._places[fragment.index]
        # without a number a name begins a call, and what has none goes on with the last one
        return self._begin() if fragment.name or not self._names else len(self._names) - 1

    def _begin(self) -> int:
        self._ids.append("")
        self._names.append("")
        self._arguments.append([])
        return len(self._names) - 1


def parse_arguments(raw: str) -> dict[str, Any] | None:
    """Return the arguments in a JSON text, None if it holds no object; no text is no argument.

    Granite sometimes writes a JSON text that holds the JSON (seen by Vercel's SDK).
    """
    if not raw.strip():
        return {}
    value: Any = raw
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def new_call_id() -> str:
    """Return the ID of a call that has none: a service tells calls apart by it."""
    return f"call_{uuid.uuid4().hex[:24]}"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most:,} more characters)"
