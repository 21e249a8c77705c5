"""Whether a model thinks before it answers, and what it thinks: sentences, no model thinks here."""

from __future__ import annotations

from collections.abc import Sequence

from wx_notebook.sandbox.fields import Document
from wx_notebook.sandbox.messages import Turn
from wx_notebook.sandbox.model import Model

_EFFORTS = {"low": 1, "medium": 2, "high": 3}
#: Switches in `chat_template_kwargs`: Granite's, and that of other families (IBM's Java SDK).
_SWITCHES = ("thinking", "enable_thinking")
_THOUGHTS = (
    "No model thinks here: the sandbox writes this where a model's thinking would come.",
    "It arrives before the answer and is no part of it, and it is paid for as the answer is.",
    "With more effort there is more of it; this is as much as the sandbox has.",
)


def asked(document: Document, turns: Sequence[Turn], model: Model) -> int:
    """Return how much a model thinks about a chat, 0 to 3.

    One that thinks in a field of its own, as gpt-oss, is asked by an effort; Granite by a switch of
    its template, or by a message of the role `control` (IBM's Python SDK).
    """
    switches = document.get("chat_template_kwargs", {})
    effort = document.get("reasoning_effort")
    wanted = any(switches.get(name) is True for name in _SWITCHES)
    wanted |= any(turn.role == "control" and turn.text == "thinking" for turn in turns)
    if model.thinks == "field":
        wanted |= effort is not None
    if not (model.thinks and wanted) or document.get("include_reasoning") is False:
        return 0
    return _EFFORTS.get(effort or "medium", 2)


def thoughts(amount: int) -> str:
    """Return so much thinking."""
    return " ".join(_THOUGHTS[:amount])
