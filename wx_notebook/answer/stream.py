"""An answer while it arrives."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, Self

from wx_notebook.answer.joining import named_answer
from wx_notebook.answer.notes import ReceivedHint
from wx_notebook.answer.reader import AnswerReader
from wx_notebook.answer.value import Answer, Continuation
from wx_notebook.errors import (
    AnswerCut,
    Interrupted,
    UserFacingError,
    WatsonxError,
    without_frames,
)
from wx_notebook.hints import in_python
from wx_notebook.service import UNKNOWN_END, Usage, whole_characters
from wx_notebook.transport import (
    ConnectionBroken,
    ConnectionCancelled,
    ConnectionStalled,
    one_line,
)

#: A reader of an answer reads no more of them.
_MOST_WARNINGS = 20
_NOTHING_RECEIVED = "Nothing was received; run the cell again."


class AnswerContext(Protocol):
    """What a stream needs from the session that sent the request."""

    @property
    def model_id(self) -> str:
        """The model of the request, "" for a deployment."""

    @property
    def format(self) -> str:
        """How the answer is shown: the option of this name."""

    @property
    def default_model(self) -> bool:
        """Whether the user named no model."""

    def seconds(self) -> float:
        """Return the time since the request was sent."""

    def redact(self, text: str) -> str:
        """Return a text without secrets."""

    def opening_notices(self) -> Iterable[str]:
        """Return what should be said with this answer; asked when it is first read."""

    def closing_notices(self, usage: Usage | None, uncounted_text: str) -> Iterable[str]:
        """Return what should be said once the answer is whole."""

    def missing(self, count: int, *, has_details: bool) -> Iterable[str]:
        """Return what was asked for and did not come: of the answers, and details of tokens."""

    def is_news(self, recurring: str) -> bool:
        """Return whether a warning that comes with every answer was not shown yet."""

    def close(self, usage: Usage | None, uncounted_text: str, model_id: str) -> None:
        """End the request and count its tokens; `model_id` is the service's word."""

    def read(self, answer: Answer) -> Answer:
        """Return an answer whose value is read, where the prompt has a schema."""

    def keep(self, answer: Answer) -> None:
        """Keep an answer as the last one."""

    def go_on(self, answer: Answer) -> Answer:
        """Return an answer together with its continuation."""


class AnswerStream(Iterator[str]):
    """The text of an answer in parts, while they come; afterwards `.answer` holds the whole.

    Of several answers to one prompt these are the parts of the first one.

    Closing it ends the request; leaving its `with` block closes it.

    Parameters
    ----------
    reader
        Reads the deltas of the answer.
    context
        The session's side of the request.

    Attributes
    ----------
    received_hint
        The hint of an error after the first part: where to find what was received.
    reword
        Puts errors, and notes of the answer, into the words of who asked.
    """

    def __init__(self, reader: AnswerReader, context: AnswerContext) -> None:
        self.received_hint = ReceivedHint()
        self.reword: Callable[[str], str] = str
        self._reader = reader
        self._context = context
        self._is_begun = False
        self._process = os.getpid()
        self._answer: Answer | None = None

    def __del__(self) -> None:
        # Breaking out of the loop keeps the text that was paid for, but not in a process that was
        # forked in the meantime.
        is_open = getattr(self, "_answer", "no __init__") is None
        if is_open and self._process == os.getpid():
            with contextlib.suppress(Exception):
                self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> str:
        if self._answer is not None:
            raise StopIteration
        failure: BaseException
        try:
            if not self._is_begun:
                self._is_begun = True
                self._reader.add_notices(self._context.opening_notices())
            text = self._reader.next_text()
            if text is not None:
                return text
            self._finish()
            failure = StopIteration()
        except Interrupted as error:
            failure = self._interrupted(error.message)
        except KeyboardInterrupt:
            failure = self._interrupted("Stopped while the answer was arriving.")
        except WatsonxError as error:
            failure = self._failed(error)
        except BaseException as error:  # noqa: BLE001  # a signal handler's SystemExit
            self.close()
            failure = without_frames(error)
        if isinstance(failure, UserFacingError):
            failure.reword(self.reword)
        raise failure

    @property
    def answer(self) -> Answer:
        """The answer. Before the end of the stream, read the rest of it; raises as that does."""
        for _ in self:
            pass
        return self.interrupt()

    @property
    def on_reasoning(self) -> Callable[[str], None] | None:
        """What is called with each part of the reasoning, which is not part of the text."""
        return self._reader.on_reasoning

    @on_reasoning.setter
    def on_reasoning(self, callback: Callable[[str], None] | None) -> None:
        self._reader.on_reasoning = callback

    @property
    def on_reset(self) -> Callable[[str, str], None] | None:
        """What is called with all text and reasoning so far when one turns out to be the other.

        A chat template may open the reasoning: its end alone shows that the text before was none of
        the answer. Parts that were handed out can't be taken back; `.answer` has it right.
        """
        return self._reader.on_reset

    @on_reset.setter
    def on_reset(self, callback: Callable[[str, str], None] | None) -> None:
        self._reader.on_reset = callback

    def watch_others(self, callback: Callable[[int, AnswerReader], None]) -> None:
        """Set what is called after each step of a further answer, with its number."""
        self._reader.on_other = callback

    def interrupt(self) -> Answer:
        """Stop here, and return what has arrived as an answer that is marked "interrupted"."""
        return self._end("interrupted") if self._answer is None else self._answer

    def close(self) -> None:
        """Stop here and end the request; what has arrived stays in `.answer`."""
        self.interrupt()

    def _in_python(self) -> None:
        self.reword = in_python

    def warn(self, *warnings: str) -> None:
        """Add sentences to the warnings of the answer."""
        self._reader.add_notices(warnings)

    def _finish(self) -> None:
        reader = self._reader
        context = self._context
        reader.add_notices(context.closing_notices(reader.usage, reader.uncounted_text))
        has_details = bool(reader.logprobs or reader.prompt_logprobs or not reader.texts)
        reader.add_notices(context.missing(1 + len(reader.others), has_details=has_details))
        self._end(reader.finish_reason)

    def _end(self, finish_reason: str) -> Answer:
        """End the request, and return what has arrived; of several answers each has its own end."""
        reader, context = self._reader, self._context
        reader.finish(is_whole=False)
        is_broken = finish_reason in ("interrupted", "cut")
        missing = finish_reason if is_broken else UNKNOWN_END
        others = tuple(
            named_answer(
                self._answer_of(other, other.finish_reason or missing), f"answer.answers[{n}]"
            )
            for n, (_, other) in enumerate(sorted(reader.others.items()), 1)
        )
        own = (reader.finish_reason if others and is_broken else "") or finish_reason
        self._answer = answer = context.read(self._answer_of(reader, own, others))
        context.close(reader.usage, reader.uncounted_text, reader.model_id)
        if self._has_arrived or not is_broken:
            context.keep(answer)
        return answer

    def _answer_of(
        self, reader: AnswerReader, finish_reason: str, others: tuple[Answer, ...] = ()
    ) -> Answer:
        context = self._context
        return Answer(
            text="".join(reader.texts),
            model_id=self._model_id(),
            finish_reason=self._one_line(finish_reason),
            usage=reader.usage,
            request_id=self._one_line(self._reader.request_id),
            seconds=context.seconds(),
            warnings=self._warnings(reader),
            reasoning="".join(reader.reasonings),
            refusal="".join(reader.refusals),
            calls=reader.calls.calls(),
            logprobs=tuple(reader.logprobs),
            prompt_logprobs=tuple(reader.prompt_logprobs),
            format=context.format,
            default_model=context.default_model,
            _others=others,
            _continuation=Continuation(context.go_on),
            _is_for_python=self.reword is in_python,
        )

    def _warnings(self, reader: AnswerReader) -> tuple[str, ...]:
        is_news, redact = self._context.is_news, self._context.redact
        news = [one.text for one in reader.notices if not one.is_recurring or is_news(one.text)]
        warnings = dict.fromkeys(redact(whole_characters(text)) for text in news)
        return tuple(warnings)[:_MOST_WARNINGS]

    def _model_id(self) -> str:
        # the name in the request is known; what a service writes may hold anything
        requested, answered = self._context.model_id, self._reader.model_id
        return requested if answered in ("", requested) else self._one_line(answered)

    def _one_line(self, text: str) -> str:
        return one_line(self._context.redact(whole_characters(text))) if text else ""

    @property
    def _has_arrived(self) -> bool:
        readers = (self._reader, *self._reader.others.values())
        return any(one.texts or one.reasonings or one.refusals or one.calls for one in readers)

    def _interrupted(self, message: str) -> Interrupted:
        answer = self._end("interrupted")
        return Interrupted(
            message, hint=self._next_step(), answer=answer if self._has_arrived else None
        )

    def _failed(self, error: WatsonxError) -> WatsonxError:
        """Return the error with what has arrived; before the first part it stays what it is."""
        message, hint = self._context.redact(error.message), error.hint
        kind = type(error)
        if isinstance(error, ConnectionBroken):
            kind, message = AnswerCut, f"The answer was cut. {message}"
            # the hint of a time limit says how to raise it
            also = f" {hint}" if isinstance(error, ConnectionStalled) else ""
            hint = f"{self._next_step()}{also}"
            if isinstance(error, ConnectionCancelled):
                # a closed session does not go on
                hint = "What was received is in wx.last()." if self._has_arrived else ""
        elif isinstance(error, AnswerCut) or self._has_arrived:
            # an error in the middle: what to do about it stands behind where the part is
            hint = f"{self._next_step()} {hint}".rstrip()
        answer = self._end("cut")
        return kind(message, hint=hint, answer=answer if self._has_arrived else None)

    def _next_step(self) -> str:
        return str(self.received_hint) if self._has_arrived else _NOTHING_RECEIVED
