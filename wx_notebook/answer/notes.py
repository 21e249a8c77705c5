"""What the end of an answer means to its reader: one line each, with what to do."""

from __future__ import annotations

from dataclasses import dataclass

#: What `--format code` says of an answer without code.
NO_CODE = "no code for the next cell: the answer has no code block, and is no Python"
_GO_ON = "continue it with {name}.more()"
_FILTER = (
    "a content filter of the service ended the answer here; change the prompt, or take another "
    "model (%watsonx models)"
)
_CANCELLED = "the service cancelled the answer before its end"
_LIMIT = f"the answer reached its token limit; {_GO_ON}, or raise the limit with --max-tokens"
_LIMITS = ("length", "max_tokens", "token_limit", "model_length")
#: Why an answer is not whole, by the services' words for its end and our own.
_CUT_BY = {
    **dict.fromkeys(_LIMITS, _LIMIT),
    "interrupted": f"interrupted: this is what had arrived; {_GO_ON}",
    "cut": f"cut: this is what had arrived; {_GO_ON}",
    "time_limit": f"a time limit ended the answer, --timeout or the service's own; {_GO_ON}",
    **dict.fromkeys(("cancelled", "canceled", "abort", "aborted"), _CANCELLED),
    "error": "the service failed before the answer's end",
    # those of other providers behind a gateway, too
    **dict.fromkeys(
        ("content_filter", "safety", "recitation", "guardrail", "guardrail_intervened"), _FILTER
    ),
}
_LIMIT_BEFORE_TEXT = (
    "the token limit was reached before the first word of the answer; raise it with --max-tokens"
)
#: Of an answer without a word: there is nothing to go on from.
_BEFORE_TEXT = {
    **dict.fromkeys(_LIMITS, _LIMIT_BEFORE_TEXT),
    "interrupted": "interrupted before the first word of the answer; run it again",
    "cut": "cut before the first word of the answer; run it again",
}
#: What a whole answer's end means besides.
_NOTES = {
    "unknown": "the service did not say why the answer ended; check that it is complete",
}
_TOOL = "a tool call instead of an answer: tools are not run here; ask without them"
#: Some models lose their calls in a stream (seen by Vercel's SDK: mistral-medium-2505).
_LOST_CALL = (
    "the model ended with a tool call, and no call has arrived; try again with --no-stream, or "
    "take another model (%watsonx models --can tools)"
)
_CALLED = frozenset({"tool_calls", "function_call", "tool_use"})
_MORE_CALLS = (
    "the model called tools to the end and wrote no answer; raise --max-rounds, or ask again"
)
#: Why a whole answer is empty.
_EMPTY = {
    **dict.fromkeys(_CALLED, _TOOL),
    "refusal": "the model refused to answer, and did not say why; change the prompt",
    "unknown": "the answer is empty, and the service did not say why; run it again",
    "stop_sequence": "the answer is empty: a stop text came first; change --stop",
}
_EMPTY_OTHERWISE = (
    "the answer is empty: it ended with '{reason}' at once; run it again, or change the prompt"
)
_ONLY_REASONING = (
    "the model thought and wrote no answer; run it again, or with --reasoning low or off"
)


def is_cut(finish_reason: str) -> bool:
    """Return whether an answer that ended for this reason is not whole."""
    return finish_reason.lower() in _CUT_BY


def end_note(
    finish_reason: str,
    *,
    name: str,
    has_text: bool,
    has_reasoning: bool,
    is_refused: bool,
    is_called: bool = False,
    has_calls: bool = False,
) -> str:
    """Return what the reader should know about the end of an answer, "" if nothing.

    Parameters
    ----------
    finish_reason
        The service's word, or one of ours.
    name
        The variable that holds the answer.
    has_text, has_reasoning, is_refused, is_called, has_calls
        What it has: a tool that was called and run, any calls at all.
    """
    reason = finish_reason.lower()
    if reason in _CALLED and not has_text and not has_calls:
        return _LOST_CALL
    if is_called and reason in _CALLED and not has_text:
        return _MORE_CALLS
    if reason in _BEFORE_TEXT and not has_text:
        return _BEFORE_TEXT[reason]
    if reason in _CUT_BY:
        return _CUT_BY[reason].format(name=name)
    if has_text or is_refused or not reason:
        return _NOTES.get(reason, "")
    if reason not in _EMPTY and has_reasoning:
        return _ONLY_REASONING
    return _EMPTY.get(reason, _EMPTY_OTHERWISE.replace("{reason}", finish_reason))


def refusal_note(refusal: str) -> str:
    """Return a model's refusal in one line, "" if there is none."""
    return f"the model refused: {' '.join(refusal.split())}" if refusal.strip() else ""


def tool_note(name: str, *, is_whole: bool = True) -> str:
    """Return that a model called a tool, which was not run to its end."""
    if not is_whole:
        return f"the call of the tool '{name}' has not ended: the model got no result of it"
    return f"the model called the tool '{name}', which is not run here"


@dataclass(frozen=True, slots=True)
class ReceivedHint:
    """Tells where to find what was received of an answer that failed; `str` of it is the hint.

    Attributes
    ----------
    variable
        The variable of the notebook that holds it besides `wx.last()`, "" for none.
    has_wx
        Whether `wx` is this package where the user types.
    has_text
        Whether there is a text that can be gone on with.
    """

    variable: str = ""
    has_wx: bool = True
    has_text: bool = True

    def __str__(self) -> str:
        if not self.has_text:
            also = f" and in {self.variable}" if self.variable else ""
            return f"What was received is in wx.last(){also}; run it again."
        if self.variable:
            return (
                f"What was received is in wx.last() and in {self.variable}, "
                f"and {self.variable}.more() continues it."
            )
        if not self.has_wx:
            return "What was received: import wx_notebook as wx; wx.last() and wx.last().more()"
        return "What was received is in wx.last(), and wx.last().more() continues it."
