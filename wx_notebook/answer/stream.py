"""An answer while it arrives."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from typing import Self

from wx_notebook.answer.value import Answer
from wx_notebook.errors import AnswerCut, Interrupted, WatsonxError, without_frames
from wx_notebook.service.pieces import GO_ON, NOTHING_CAME, Piece, Usage

#: More than these nobody reads.
_MOST_WARNINGS = 20


class AnswerStream(Iterator[str]):
    """The pieces of an answer as text, while they come; afterwards `.answer` holds the whole.

    Closing it ends the request on the wire; leaving its `with` block closes it. `began` is when
    the request was sent, by `clock`. What the model thinks first is no text of the answer; who
    wants to see it come sets `on_thinking`. `more` is what goes on with the answer where it was
    cut; `is_news` says of a warning that comes with each answer whether it is worth a line.
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
        format: str = "auto",  # noqa: A002  # the option's name
        default_model: bool = False,
        more: Callable[[Answer], Answer] | None = None,
        is_news: Callable[[str], bool] = lambda warning: True,
    ) -> None:
        self.on_thinking: Callable[[str], None] | None = None
        self._pieces = pieces
        self._clock = clock
        self._began = began
        self._redact = redact
        self._remember = remember
        self._close = close
        self._format = format
        self._default_model = default_model
        self._more = more
        self._is_news = is_news
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._warnings: tuple[str, ...] = ()
        self._model_id = model_id
        self._request_id = ""
        # what was asked for is known; what is said besides may hold anything
        self._said_model_id, self._said_request_id = model_id, ""
        self._finish_reason = ""
        self._usage: Usage | None = None
        self._process = os.getpid()
        self._answer: Answer | None = None

    def __del__(self) -> None:
        # who leaves a loop over it has paid for what came, and may want it; a process that was
        # forked in the middle of it has not
        if getattr(self, "_answer", NOTHING_CAME) is None and self._process == os.getpid():
            with contextlib.suppress(Exception):
                self.close()

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

    def warn(self, *warnings: str) -> None:
        """Say something besides with the answer, one sentence each."""
        self._warn(Piece(warnings=warnings))

    def close(self) -> None:
        """Stop here and end the request; what has arrived stays in `.answer`."""
        if self._answer is None:
            self._end("interrupted")

    def _take(self, piece: Piece) -> None:
        if piece.text:
            self._text.append(piece.text)
        if piece.reasoning:
            self._think(piece.reasoning)
        if piece.finish_reason:
            self._finish_reason = self._short(piece.finish_reason)
        if piece.usage is not None:
            self._usage = piece.usage
        if piece.warnings or piece.findings or piece.standing:
            self._warn(piece)
        # the same in each of thousands of pieces
        if piece.model_id and piece.model_id != self._said_model_id:
            self._said_model_id = piece.model_id
            self._model_id = self._short(piece.model_id)
        if piece.request_id and piece.request_id != self._said_request_id:
            self._said_request_id = piece.request_id
            self._request_id = self._short(piece.request_id)

    def _warn(self, piece: Piece) -> None:
        said = [*piece.warnings, *piece.findings, *filter(self._is_news, piece.standing)]
        for warning in map(self._redact, said):
            if warning not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
                self._warnings += (warning,)

    def _think(self, reasoning: str) -> None:
        self._reasoning.append(reasoning)
        if self.on_thinking is not None:
            self.on_thinking(reasoning)

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
            format=self._format,
            default_model=self._default_model,
        )
        if self._more is not None:
            self._answer.goes_on_with(self._more)
        self._close()
        if self._text or self._reasoning or finish_reason not in ("interrupted", "cut"):
            self._remember(self._answer)

    def _stopped(self, message: str) -> Interrupted:
        self._end("interrupted")
        return Interrupted(message, hint=self._next_step(GO_ON), answer=self._kept())

    def _kept(self) -> Answer | None:
        return self._answer if self._text or self._reasoning else None

    def _next_step(self, hint: str) -> str:
        # what wx.last() has is then another answer
        return hint.replace(GO_ON, NOTHING_CAME) if self._kept() is None else hint

    def _failed(self, problem: WatsonxError) -> WatsonxError:
        """Return the error with what has arrived; before the first piece it stays what it is."""
        from wx_notebook.transport import ConnectionBroken, ConnectionStalled

        message = self._redact(problem.message)
        if isinstance(problem, ConnectionBroken):
            # of a limit in time it says how to raise it
            hint = f"{GO_ON} {problem.hint}" if isinstance(problem, ConnectionStalled) else GO_ON
            problem = AnswerCut(f"The answer was cut. {message}", hint=hint)
            message = problem.message
        self._end("cut")
        return type(problem)(message, hint=self._next_step(problem.hint), answer=self._kept())
