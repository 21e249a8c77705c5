"""The tools of a chat, and which of them an answer calls."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.sandbox.inference.text_measures import embed, similarity, split_tokens

# words that say nothing about what a tool does
_COMMON_WORDS = frozenset(
    """about all and any are call can does for from function get give given has have her his how
    information into its let more not now one our out over please return returns set some tell that
    the their them then this tool two use used uses using value values was what when where which
    who will with you your""".split()  # noqa: SIM905  # a list of them would take 70 lines
)
_LONGEST_SEARCH = 100_000


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; its parameters are a JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the answer asks for; the arguments are JSON text, as the service sends it."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")

    @property
    def tokens(self) -> list[str]:
        """The arguments in tokens."""
        return split_tokens(self.arguments)


def choose_tools(tools: Sequence[Tool], prompt: str, *, may_be_several: bool) -> list[Tool]:
    """Return the tools that `prompt` speaks of, if there are several, or the one nearest to it.

    It speaks of a tool if it has a word of the tool's name or description that no other tool has.
    """
    if not tools:
        return []
    words_of = [_words(tool.name) | _words(tool.description) for tool in tools]
    counts = Counter(word for words in words_of for word in words)
    own = {word for word in _words(prompt) if counts[word] == 1}
    chosen = [tool for tool, words in zip(tools, words_of, strict=True) if words & own]
    if may_be_several and len(chosen) > 1:
        return chosen
    wanted = embed(prompt, 256)

    def nearness(tool: Tool) -> float:
        return similarity(wanted, embed(f"{tool.name} {tool.description}".replace("_", " "), 256))

    return [max(tools, key=nearness)]


def _words(text: str) -> set[str]:
    found = re.findall(r"[^\W\d_]{3,40}", text[:_LONGEST_SEARCH].lower())
    return set(found) - _COMMON_WORDS
