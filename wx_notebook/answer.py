"""What came back, as a value, and the stream that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from wx_notebook.errors import AnswerCut, Interrupted, WatsonxError, without_frames
from wx_notebook.service.pieces import NOTHING_CAME, RUN_AGAIN, Piece, Usage

#: The services' words for an answer that ended because it was long enough.
_AT_THE_LIMIT = ("length", "max_tokens", "token_limit")
#: More than these nobody reads.
_MOST_WARNINGS = 20
_NOTES = {
    "interrupted": "interrupted: this is what had arrived",
    "cut": "cut: the connection ended before the answer did",
    "time_limit": "the service's time limit ended the answer",
    "cancelled": "the service cancelled the answer before its end",
    "error": "the service failed before the answer's end",
}


@dataclass(frozen=True)
class Answer:
    """An answer of a model. `str(answer)` is its text.

    Attributes
    ----------
    text
        What the model wrote.
    model_id
        Which model wrote it.
    finish_reason
        Why it ended, in the service's word: "stop", "length", for the generation endpoint
        "eos_token", "max_tokens" ...; "interrupted" and "cut" are ours.
    usage
        Tokens read and written; None when the answer ended before the service counted.
    request_id
        The service's id of the answer, "" when it gave none.
    seconds
        From sending the request to the last piece.
    warnings
        What the service had to say besides, one sentence each.
    reasoning
        What the model thought before it answered, where the service tells.
    """

    text: str
    model_id: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    request_id: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    reasoning: str = ""
    _silent_once: bool = field(default=False, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f"Answer({text!r}, model_id={self.model_id!r}, finish_reason={self.finish_reason!r})"

    @property
    def footer(self) -> str:
        """One line about the answer: the model, the tokens, the time."""
        parts = [self.model_id] if self.model_id else []
        if self.usage is not None:
            parts.append(f"{self.usage.input_tokens:,} in, {self.usage.output_tokens:,} out")
        return " · ".join([*parts, f"{self.seconds:.1f} s"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides the text, one line each."""
        notes = []
        if self.finish_reason in _AT_THE_LIMIT:
            notes.append("the answer ends at the limit of tokens; raise it with --max-tokens")
        elif self.finish_reason in _NOTES:
            notes.append(_NOTES[self.finish_reason])
        return (*notes, *self.warnings)

    @property
    def plain(self) -> str:
        """The text for a terminal, without control characters, then notes and footer."""
        from wx_notebook.render import clean_text

        lines = [clean_text(line).replace("\n", " ") for line in (*self.notes, self.footer)]
        return "\n".join([clean_text(self.text), "", *(f"[{line}]" for line in lines)])

    @property
    def metadata(self) -> dict[str, Any]:
        """The facts about the answer, as an output in a notebook carries them."""
        usage = self.usage
        return {
            "wx_notebook": {
                "model_id": self.model_id,
                "finish_reason": self.finish_reason,
                "usage": None
                if usage is None
                else {
                    "input_tokens": usage.input_tokens,
                    "output_tokens": usage.output_tokens,
                    "total_tokens": usage.total_tokens,
                },
                "request_id": self.request_id,
                "seconds": round(self.seconds, 3),
            }
        }

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Return text/plain and sanitised text/html; never text/markdown, which runs scripts."""
        from wx_notebook.render import answer_html

        bundle = {
            "text/plain": self.plain,
            "text/html": answer_html(self.text, footer=self.footer, notes=self.notes),
        }
        return bundle, self.metadata

    def be_silent_once(self, silent: bool = True) -> None:
        """Show nothing at the next display: the live output shows this answer already."""
        object.__setattr__(self, "_silent_once", silent)

    def _ipython_display_(self) -> None:
        if self._silent_once:
            self.be_silent_once(False)
            return
        # IPython goes on with _repr_mimebundle_ then
        raise NotImplementedError


class AnswerStream(Iterator[str]):
    """The pieces of an answer as text, while they come; afterwards `.answer` holds the whole.

    Closing it ends the request on the wire; leaving its `with` block closes it. `began` is when
    the request was sent, by `clock`.
    """

    def __init__(
        self,
        pieces: Generator[Piece],
        *,
        model_id: str,
        clock: Callable[[], float],
        began: float,
        redact: Callable[[str], str],
        remember: Callable[[Answer], None],
        close: Callable[[], None],
    ) -> None:
        self._pieces = pieces
        self._clock = clock
        self._began = began
        self._redact = redact
        self._remember = remember
        self._close = close
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._warnings: tuple[str, ...] = ()
        self._model_id = model_id
        self._request_id = ""
        self._said_model_id = self._said_request_id = ""
        self._finish_reason = ""
        self._usage: Usage | None = None
        self._answer: Answer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> str:
        while self._answer is None:
            failure: BaseException | None = None
            try:
                piece = next(self._pieces)
                self._take(piece)
                if piece.text:
                    return piece.text
            except StopIteration:
                self._end(self._finish_reason)
            except Interrupted as problem:
                failure = self._stopped(problem.message)
            except KeyboardInterrupt:
                failure = self._stopped("Stopped while the answer was arriving.")
            except WatsonxError as problem:
                failure = self._failed(problem)
            except BaseException as problem:  # noqa: BLE001  # a signal handler's SystemExit
                self._end("interrupted")
                failure = without_frames(problem)
            if failure is not None:
                raise failure
        raise StopIteration

    @property
    def answer(self) -> Answer:
        """The answer. Before the stream has ended it is read to its end; raises as that does."""
        for _ in self:
            pass
        assert self._answer is not None  # noqa: S101  # the loop ends only with it
        return self._answer

    def interrupt(self) -> Answer:
        """Stop here, and return what has arrived as an answer that is marked "interrupted"."""
        if self._answer is None:
            self._end("interrupted")
        assert self._answer is not None  # noqa: S101
        return self._answer

    def close(self) -> None:
        """Stop here and end the request; what has arrived stays in `.answer`."""
        if self._answer is None:
            self._end("interrupted")

    def _take(self, piece: Piece) -> None:
        if piece.text:
            self._text.append(piece.text)
        if piece.reasoning:
            self._reasoning.append(piece.reasoning)
        if piece.finish_reason:
            self._finish_reason = self._short(piece.finish_reason)
        if piece.usage is not None:
            self._usage = piece.usage
        if piece.warnings:
            for warning in map(self._redact, piece.warnings):
                if warning not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
                    self._warnings += (warning,)
        # the same in each of thousands of pieces
        if piece.model_id and piece.model_id != self._said_model_id:
            self._said_model_id = piece.model_id
            self._model_id = self._short(piece.model_id)
        if piece.request_id and piece.request_id != self._said_request_id:
            self._said_request_id = piece.request_id
            self._request_id = self._short(piece.request_id)

    def _short(self, text: str) -> str:
        from wx_notebook.transport import one_line

        return one_line(self._redact(text))

    def _end(self, finish_reason: str) -> None:
        self._answer = Answer(
            text="".join(self._text),
            model_id=self._model_id,
            finish_reason=finish_reason,
            usage=self._usage,
            request_id=self._request_id,
            seconds=self._clock() - self._began,
            warnings=self._warnings,
            reasoning="".join(self._reasoning),
        )
        self._close()
        if self._text or self._reasoning or finish_reason not in ("interrupted", "cut"):
            self._remember(self._answer)

    def _stopped(self, message: str) -> Interrupted:
        self._end("interrupted")
        return Interrupted(message, hint=self._next_step(RUN_AGAIN), answer=self._kept())

    def _kept(self) -> Answer | None:
        return self._answer if self._text or self._reasoning else None

    def _next_step(self, hint: str) -> str:
        # what wx.last() has is then another answer
        return NOTHING_CAME if hint == RUN_AGAIN and self._kept() is None else hint

    def _failed(self, problem: WatsonxError) -> WatsonxError:
        """Return the error with what has arrived; before the first piece it stays what it is."""
        from wx_notebook.transport import ConnectionBroken

        message = self._redact(problem.message)
        if isinstance(problem, ConnectionBroken):
            problem = AnswerCut(f"The answer was cut. {message}", hint=RUN_AGAIN)
            message = problem.message
        self._end("cut")
        return type(problem)(message, hint=self._next_step(problem.hint), answer=self._kept())
