"""The marks by which models set their reasoning apart from their answer, in one text.

A format counts only at the start of an answer, and only if the prompt does not hold its marks: who
asks for a tag wants to see it. `<think>` is that of DeepSeek, Qwen and Granite 3.3; the others have
their public source beside them.
"""

from __future__ import annotations

from typing import NamedTuple

_CHANNEL = "<|channel|>"
_ASSISTANT = "<|start|>assistant"
_MESSAGE = "<|message|>"


def _tag(name: str) -> tuple[str, str]:
    return f"<{name}>", f"<{'/'}{name}>"


class ReasoningFormat(NamedTuple):
    """One way to write reasoning into the text of an answer.

    Attributes
    ----------
    opens, closes
        What begins and what ends the reasoning; each has several spellings.
    frames
        What may stand around the answer behind it, begin and end.
    may_open_unseen
        Whether a chat template may write the beginning into the prompt: then the answer has only
        the end.
    must_begin
        With `may_open_unseen`: how such an answer begins.
    is_prose
        Whether the beginning is a sentence, which stays where it turns out to be the answer's.
    may_be_only_framed
        Whether an answer without reasoning stands in a frame, too.
    """

    opens: tuple[str, ...]
    closes: tuple[str, ...]
    frames: tuple[tuple[str, str], ...] = ()
    may_open_unseen: bool = False
    must_begin: str = ""
    is_prose: bool = False
    may_be_only_framed: bool = False

    @property
    def first_marks(self) -> tuple[str, ...]:
        """What begins an answer of this format."""
        framed = tuple(begin for begin, _ in self.frames) if self.may_be_only_framed else ()
        return (*self.opens, *framed)

    def is_in(self, prompt: str) -> bool:
        """Return whether a prompt holds a mark of this format."""
        marks = (*self.opens, *self.closes) if not self.must_begin else self.closes
        return any(mark in prompt for mark in marks)


#: Granite 3.3 writes the answer into `<response>`; Hunyuan and GLM into `<answer>`.
_FRAMES = (_tag("response"), _tag("answer"))


def _in_tags(name: str) -> ReasoningFormat:
    opening, closing = _tag(name)
    return ReasoningFormat((opening,), (closing,), _FRAMES, may_open_unseen=True)


FORMATS = (
    _in_tags("think"),
    _in_tags("thinking"),
    # EXAONE Deep
    _in_tags("thought"),
    _in_tags("thoughts"),
    _in_tags("reasoning"),
    # prompts of Claude and models that learned from its answers
    _in_tags("scratchpad"),
    _in_tags("reflection"),
    _in_tags("analysis"),
    _in_tags("inner_monologue"),
    # LongCat Flash Thinking
    _in_tags("longcat_think"),
    # Seed-OSS
    _in_tags("seed:think"),
    # Magistral
    ReasoningFormat(("[THINK]",), ("[/THINK]",), may_open_unseen=True),
    # gpt-oss: the channels of OpenAI's harmony format
    ReasoningFormat(
        tuple(
            f"{start}{_CHANNEL}{channel}{_MESSAGE}"
            for start in ("", _ASSISTANT)
            for channel in ("analysis", "commentary")
        ),
        ("<|end|>", f"{_ASSISTANT}{_CHANNEL}final{_MESSAGE}", f"{_CHANNEL}final{_MESSAGE}"),
        tuple(
            (f"{start}{_CHANNEL}final{kind}{_MESSAGE}", "<|return|>")
            # with a form that the answer has to have
            for kind in ("", " <|constrain|>json", "<|constrain|>json")
            for start in (_ASSISTANT, "")
        ),
        may_be_only_framed=True,
    ),
    # the same where a server took the special tokens out
    ReasoningFormat(
        (), ("assistantfinal",), may_open_unseen=True, must_begin="analysis", is_prose=True
    ),
    # Granite 3.2
    ReasoningFormat(
        ("Here is my thought process:", "Here's my thought process:"),
        ("Here is my response:", "Here's my response:"),
        is_prose=True,
    ),
    # Command A Reasoning
    ReasoningFormat(
        ("<|START_THINKING|>",),
        ("<|END_THINKING|>",),
        (("<|START_RESPONSE|>", "<|END_RESPONSE|>"),),
    ),
    # OpenThinker, Sky-T1
    ReasoningFormat(
        ("<|begin_of_thought|>",),
        ("<|end_of_thought|>",),
        (("<|begin_of_solution|>", "<|end_of_solution|>"),),
    ),
    # Kimi-VL
    ReasoningFormat(("◁think▷",), ("◁/think▷",)),
    # MedGemma
    ReasoningFormat(("<unused94>thought\n",), ("<unused95>",)),
    # Apertus
    ReasoningFormat(("<|inner_prefix|>",), ("<|inner_suffix|>",)),
)
#: What begins an answer of any format, and the first characters of these.
FIRST_MARKS = tuple(mark for one in FORMATS for mark in one.first_marks)
_FIRST_CHARACTERS = frozenset(mark[0] for mark in FIRST_MARKS)


def may_begin_with_mark(head: str) -> bool:
    """Return whether a text begins with a mark, or may become one."""
    if not head:
        return True
    return head[0] in _FIRST_CHARACTERS and any(
        head.startswith(mark) or mark.startswith(head) for mark in FIRST_MARKS
    )
