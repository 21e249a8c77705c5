"""An answer in rounds: the model calls tools, gets what they returned, and goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from wx_notebook.answer import Answer, AnswerReader, AnswerStream, ReceivedHint, ToolCall
from wx_notebook.errors import Interrupted, UserFacingError, WatsonxError
from wx_notebook.service import Request, Usage
from wx_notebook.tools.text_calls import may_become_call, text_calls

OpenRound: TypeAlias = Callable[[Request], AnswerStream]
Keep: TypeAlias = Callable[[Answer], None]
RunCalls: TypeAlias = Callable[[Sequence[ToolCall]], Iterator[ToolCall]]
_BETWEEN = "\n\n"


class ToolStream(AnswerStream):
    """The text of an answer whose model may call tools, in parts; as `AnswerStream`.

    Parameters
    ----------
    request
        The prompt with its tools.
    open_round
        Sends one request.
    keep
        Keeps the whole answer as the last one.
    run_calls
        Runs calls, and yields each with its result.
    names
        The tools that there are.
    most_rounds
        How often results are sent back.
    """

    def __init__(
        self, request: Request, open_round: OpenRound, keep: Keep, run_calls: RunCalls, *,
        names: Sequence[str], most_rounds: int,
    ) -> None:  # fmt: skip
        # what `AnswerStream.__del__` reads
        self._answer: Answer | None = None
        self._process = os.getpid()
        self._open_round = open_round
        self._keep = keep
        self._run_calls = run_calls
        self._names = names
        self._most_rounds = most_rounds
        self._hint = ReceivedHint()
        self._own_warnings: list[str] = []
        self._callbacks: dict[str, Any] = {}
        #: the rounds that have ended, the stream of the last one of them (its answer is replaced
        #: by one with its calls), and the text of the one that is read that is not handed out
        self._rounds: list[Answer] = []
        self._ended: AnswerStream | None = None
        self._held = ""
        self._has_text = False
        self._request = request
        self._inner = self._send(request)

    def __next__(self) -> str:
        if self._answer is not None:
            raise StopIteration
        failure: BaseException = StopIteration()
        try:
            if (piece := self._next_piece()) is not None:
                return piece
        except (WatsonxError, Interrupted) as error:
            failure = self._stopped(error)
        except KeyboardInterrupt:
            failure = self._stopped(self._stop())
        except BaseException:
            self.close()
            raise
        raise failure

    @property
    def received_hint(self) -> ReceivedHint:
        """The hint of an error: where to find what was received."""
        return self._hint

    @received_hint.setter
    def received_hint(self, hint: ReceivedHint) -> None:
        self._hint = self._inner.received_hint = hint

    @property
    def on_reasoning(self) -> Callable[[str], None] | None:
        """As `AnswerStream`."""
        return self._callbacks.get("on_reasoning")

    @on_reasoning.setter
    def on_reasoning(self, callback: Callable[[str], None] | None) -> None:
        self._callbacks["on_reasoning"] = self._inner.on_reasoning = callback

    @property
    def on_reset(self) -> Callable[[str, str], None] | None:
        """As `AnswerStream`."""
        return self._callbacks.get("on_reset")

    @on_reset.setter
    def on_reset(self, callback: Callable[[str, str], None] | None) -> None:
        self._callbacks["on_reset"] = callback
        self._inner.on_reset = self._reset if callback is not None else None

    def watch_others(self, callback: Callable[[int, AnswerReader], None]) -> None:
        """Do nothing: with tools there is one answer."""

    def interrupt(self) -> Answer:
        """Stop here, and return what has arrived."""
        if self._answer is None:
            self._stopped(self._stop())
        assert self._answer is not None  # noqa: S101  # `_stopped` has set it
        return self._answer

    def warn(self, *warnings: str) -> None:
        """Add sentences to the warnings of the answer."""
        self._own_warnings += warnings

    # --- rounds --------------------------------------------------------------------------------

    def _send(self, request: Request) -> AnswerStream:
        # the whole answer is kept once, at its end
        stream = self._open_round(replace(request, rounds=None, is_part=True))
        stream.received_hint = self._hint
        stream.on_reasoning = self.on_reasoning
        stream.on_reset = self._reset if self.on_reset is not None else None
        self._request, self._held = request, ""
        return stream

    def _next_piece(self) -> str | None:
        while True:
            piece = next(self._inner, None)
            if piece is not None:
                self._held += piece
                if may_become_call(self._held):
                    # a call is shown when it is complete
                    continue
                return self._handed_out()
            answer = self._read_calls(self._inner.answer)
            if self._held and answer.text:
                # it only looked like a call
                return self._handed_out()
            if not answer.calls or len(self._rounds) >= self._most_rounds:
                self._settle(_joined([*self._rounds, answer]))
                return None
            self._inner = self._send(self._following(answer))

    def _handed_out(self) -> str:
        piece, self._held = self._held, ""
        if not self._has_text and any(one.text for one in self._rounds):
            piece = _BETWEEN + piece
        self._has_text = True
        return piece

    def _read_calls(self, answer: Answer) -> Answer:
        """Return the answer of a round, with calls that the model wrote as text as such."""
        read = self._with_calls(answer)
        if read is not answer and self._has_text:
            self._reset(read.text, read.reasoning)
        elif read is not answer:
            self._held = ""
        return read

    def _with_calls(self, answer: Answer) -> Answer:
        text, calls = text_calls(answer.text, self._names)
        return replace(answer, text=text, calls=calls) if calls and not answer.calls else answer

    def _following(self, answer: Answer) -> Request:
        """Run the calls of an answer, and return the request with what they returned."""
        done: list[ToolCall] = []
        self._rounds.append(answer)
        self._ended, self._has_text = self._inner, False
        for call in self._run_calls(answer.calls):
            done.append(call)
            # an interrupt of the next one keeps this one
            self._rounds[-1] = replace(answer, calls=(*done, *answer.calls[len(done) :]))
        body = dict(self._request.body or {})
        body["messages"] = [*body["messages"], _called_message(answer), *map(_result_message, done)]
        return replace(self._request, body=body)

    # --- the end -------------------------------------------------------------------------------

    def _settle(self, answer: Answer) -> None:
        warnings = dict.fromkeys((*self._own_warnings, *answer.warnings))
        self._answer = replace(answer, warnings=tuple(warnings))
        self._keep(self._answer)

    def _stop(self) -> Interrupted:
        """Return the error of a Stop in this class, with what has come of the round."""
        if self._ended is self._inner:
            return Interrupted("Stopped while a tool was running.")
        last = self._with_calls(self._inner.interrupt())
        arrived = last if last.text or last.reasoning or last.refusal or last.calls else None
        return Interrupted("Stopped while the answer was arriving.", answer=arrived)

    def _stopped(self, error: UserFacingError) -> UserFacingError:
        """Return the error with all that has arrived in all rounds."""
        # between two rounds it is that of a prompt of a tool's own, which is no part of this one
        last = error.answer if self._ended is not self._inner else None
        rounds = [*self._rounds, *([last] if last is not None else [])]
        if not rounds:
            self._answer = self._inner.interrupt()
            return error
        reason = "interrupted" if isinstance(error, Interrupted) else "cut"
        self._settle(replace(_joined(rounds), finish_reason=reason))
        error.answer = self._answer
        error.hint = str(replace(self._hint, has_text=bool(self._answer and self._answer.text)))
        return error

    def _reset(self, text: str, reasoning: str) -> None:
        earlier = [one.text for one in self._rounds if one.text]
        thought = [one.reasoning for one in self._rounds if one.reasoning]
        if (callback := self.on_reset) is not None:
            callback(_BETWEEN.join(filter(None, [*earlier, text])), "".join([*thought, reasoning]))


def _joined(rounds: Sequence[Answer]) -> Answer:
    """Return the answers of all rounds as one: all texts, all calls, the sum of their tokens."""
    counted = [(one.usage.input_tokens, one.usage.output_tokens) for one in rounds if one.usage]
    usage = Usage(*map(sum, zip(*counted, strict=True))) if counted else None
    return replace(
        rounds[-1],
        text=_BETWEEN.join(one.text for one in rounds if one.text),
        reasoning=_BETWEEN.join(one.reasoning for one in rounds if one.reasoning),
        usage=usage,
        seconds=sum(one.seconds for one in rounds),
        calls=tuple(call for one in rounds for call in one.calls),
        warnings=tuple(dict.fromkeys(warning for one in rounds for warning in one.warnings)),
    )


def _called_message(answer: Answer) -> dict[str, object]:
    """Return the message in which the model called tools, as it is sent back to it."""
    calls = [
        {"id": call.id, "type": "function", "function": {
            # a template that parses them must not fail on what the model wrote
            "name": call.name, "arguments": json.dumps(call.arguments or {}, ensure_ascii=False)}}
        for call in answer.calls
    ]  # fmt: skip
    content = {"content": answer.text} if answer.text else {}
    return {"role": "assistant", **content, "tool_calls": calls}


def _result_message(call: ToolCall) -> dict[str, object]:
    content = call.result if call.result is not None else f"Error: {call.error}"
    return {"role": "tool", "tool_call_id": call.id, "content": content}
