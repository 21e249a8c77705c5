"""One prompt for several models: all requests are checked first, then sent at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from wx_notebook.answer import (
    Answer,
    AnswerStream,
    as_table,
    bundled_answers,
    table_row,
    unfit_answer,
    values_of,
)
from wx_notebook.errors import BadOption, Interrupted, SchemaMismatch, UserFacingError, WatsonxError
from wx_notebook.hints import in_python
from wx_notebook.options import Options, check_value, known_options, options_from_keywords
from wx_notebook.service import Prompt, Request, Service
from wx_notebook.session.abilities import require_model
from wx_notebook.session.connection import Session
from wx_notebook.session.near_models import CHAT, GENERATION
from wx_notebook.session.pipeline import GoOn
from wx_notebook.session.schema_form import check_value_columns, value_columns
from wx_notebook.settings import model_alias

#: Seconds between two looks at what has arrived, and for the requests to end after an interrupt.
_TICK_S, _PATIENCE_S = 0.1, 5.0


class ModelRun:
    """One model of a comparison: what has arrived of its answer.

    Attributes
    ----------
    name
        The model as the user named it.
    texts, reasonings
        What has arrived, in parts.
    first_word_s
        Seconds until the first word of its text, None before it, and for an answer sent whole.
    answer
        The answer, whole or in part; None before the end, and where nothing came.
    error
        Why it is not whole, or no value of the schema.
    reword
        Puts errors, and notes of the answer, into the words of who asked.
    """

    def __init__(self, name: str, request: Request) -> None:
        self.name = name
        self.request = request
        self.texts: list[str] = []
        self.reasonings: list[str] = []
        self.first_word_s: float | None = None
        self.answer: Answer | None = None
        self.error: UserFacingError | None = None
        self.is_done = False
        self.reword: Callable[[str], str] = str

    def receive(self, send: Callable[[Request], AnswerStream]) -> None:
        """Send the request and read its answer to the end."""
        began = time.monotonic()
        try:
            with send(self.request) as stream:
                stream.on_reasoning = self.reasonings.append
                stream.on_reset = self._reset
                stream.reword = self.reword
                for piece in stream:
                    if self.request.stream and self.first_word_s is None and piece.strip():
                        self.first_word_s = time.monotonic() - began
                    self.texts.append(piece)
                self.answer = stream.answer
            self.error = unfit_answer(self.answer)
        except (WatsonxError, Interrupted) as error:
            self.error, self.answer = error, error.answer
        finally:
            self.is_done = True

    def stop(self) -> None:
        """Mark what has arrived as interrupted; a request that has no answer yet has an error."""
        if self.error is None or isinstance(self.error, SchemaMismatch):
            return
        self.error = Interrupted("Stopped before its answer was complete.", hint="Run it again.")
        if self.answer is not None:
            self.answer = replace(self.answer, finish_reason="interrupted")

    def row(self) -> dict[str, Any]:
        """Return its row of the table."""
        answer, usage = self.answer, self.answer.usage if self.answer is not None else None
        is_good = answer is not None and answer.is_whole
        is_good = is_good and not isinstance(self.error, SchemaMismatch)
        return {
            "model": self.request.model_id,
            **self._cells(),
            "text": answer.text if answer is not None else "",
            "first_word_s": None if self.first_word_s is None else round(self.first_word_s, 3),
            "seconds": round(answer.seconds, 3) if answer is not None else None,
            "input_tokens": usage.input_tokens if usage is not None else None,
            "output_tokens": usage.output_tokens if usage is not None else None,
            "finish_reason": answer.finish_reason if answer is not None else "",
            "error": "" if self.error is None or is_good else self.error.message.split("\n")[0],
        }

    @property
    def values(self) -> tuple[Any, ...]:
        """The JSON value of its answer, () without a schema and where it does not fit."""
        return () if self.answer is None else values_of(self.answer)

    def _cells(self) -> dict[str, Any]:
        """Return the value in the columns of its schema, which are empty where there is none."""
        if self.request.schema is None:
            return {}
        row = table_row(self.answer.data) if self.answer is not None and self.values else {}
        return {name: row.get(name) for name in value_columns(self.request)}

    def _reset(self, text: str, reasoning: str) -> None:
        self.texts[:], self.reasonings[:] = [text], [reasoning]


class Comparison:
    """The answers of several models to one prompt. Nothing is sent before `run`.

    Parameters
    ----------
    current
        The session that sends it.
    prompt
        A text or messages.
    options
        Those of the prompt, without a model.
    names
        The models, or their aliases.
    go_on
        What `more()` of an answer calls.

    Raises
    ------
    ModelError
        One of them is not there, or cannot do it.
    WatsonxError
        As for a prompt.
    """

    def __init__(
        self,
        current: Session,
        prompt: Prompt,
        options: Options,
        names: Sequence[str],
        *,
        stream: bool = True,
        go_on: GoOn | None = None,
    ) -> None:
        function = GENERATION if options.generate else CHAT
        models = [model_alias(name) for name in names]
        self.runs = tuple(
            ModelRun(
                name, current.prepare(prompt, options_for_model(options, model), stream=stream)
            )
            for name, model in zip(names, models, strict=True)
        )
        first = self.runs[0].request
        check_value_columns(first, ModelRun("", replace(first, schema=None)).row())
        for model in models:
            require_model(current.state, model, function)
        self._pipeline = current.pipeline
        state = current.state
        self._transport = state.transport.for_group()
        self._service = Service(self._transport, state.endpoints, state.token_source)
        self._go_on = go_on or current.pipeline.go_on
        self._wake = threading.Event()

    def run(self, on_tick: Callable[[], object] = bool) -> Any:  # noqa: ANN401  # see `as_table`
        """Ask all models at the same time, and return the table of their answers.

        Parameters
        ----------
        on_tick
            Called about ten times a second, in the thread that calls this.

        Raises
        ------
        Interrupted
            The user stopped it: `.answer.answers` and `.table` have what had arrived.
        WatsonxError
            No model has answered: the first error.
        """
        # the first sign-in is not a part of the time to the first word
        self._pipeline.state.token_source.token()
        threads = [threading.Thread(target=self._receive, args=(each,)) for each in self.runs]
        is_stopped = False
        try:
            for thread in threads:
                thread.start()
            while not all(each.is_done for each in self.runs):
                self._wake.wait(_TICK_S)
                self._wake.clear()
                on_tick()
        except KeyboardInterrupt:
            is_stopped = True
        if is_stopped:
            self._stop(threads)
        self._keep()
        if is_stopped:
            raise self._stopped()
        self._check_any()
        return self.table()

    def table(self) -> Any:  # noqa: ANN401
        """Return what has arrived: a row for each model, in the order in which they were named."""
        return as_table([each.row() for each in self.runs])

    @property
    def answers(self) -> list[Answer]:
        """The answers that have come, whole or in part."""
        return [each.answer for each in self.runs if each.answer is not None]

    def _receive(self, run: ModelRun) -> None:
        try:
            run.receive(
                lambda request: self._pipeline.open(
                    request, go_on=self._go_on, service=self._service
                )
            )
        finally:
            self._wake.set()

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        self._transport.cancel(_refuse_as_stopped)
        until = time.monotonic() + _PATIENCE_S
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        for each in self.runs:
            each.is_done = True
            each.stop()

    def _keep(self) -> None:
        """Keep all answers as the last one, under the names by which a user finds them."""
        if not self.answers:
            return
        joined = bundled_answers(self.answers)
        self._pipeline.history.join(joined)
        kept = iter(joined.answers)
        for each in self.runs:
            if each.answer is not None:
                each.answer = next(kept)

    def _stopped(self) -> Interrupted:
        whole = sum(answer.is_whole for answer in self.answers)
        hint = "What was received is in wx.last().answers." if self.answers else "Run it again."
        error = Interrupted(
            f"Stopped: {whole} of {len(self.runs)} answers are complete.",
            hint=hint,
            answer=bundled_answers(self.answers) if self.answers else None,
        )
        error.table = self.table()
        return error

    def _check_any(self) -> None:
        errors = [each.error for each in self.runs if each.answer is None]
        if len(errors) == len(self.runs) and errors[0] is not None:
            raise errors[0]


def compare_models(
    current: Session, prompt: Prompt, models: str | Sequence[str], keywords: Mapping[str, Any]
) -> Any:  # noqa: ANN401  # see `as_table`
    """Compare models with keyword options, as `wx.compare` does."""
    given = options_from_keywords(keywords)
    if taken := [name for name in ("model", "deployment", "n", "repair") if name in given]:
        does = "asks each model once" if taken[0] == "repair" else "takes its models as a list"
        raise BadOption(
            f"compare() {does}; it takes no {taken[0]}=.",
            hint='For example: wx.compare("What is a watt?", ["granite", "mistral"])',
        )
    (kind,) = (option for option in known_options() if option.name == "compare")
    named = check_value(kind, models, "models")
    options = current.state.options(given | {"compare": named})
    comparison = Comparison(current, prompt, options, named)
    for each in comparison.runs:
        each.reword = in_python
    return comparison.run()


def options_for_model(options: Options, model: str) -> Options:
    """Return the options of a comparison for one of its models, which is asked once."""
    repair = options.schema is None
    return replace(options, compare=None, model=model, repair=repair)


def _refuse_as_stopped() -> NoReturn:
    raise WatsonxError("Stopped before its answer began.", hint="Run it again.")
