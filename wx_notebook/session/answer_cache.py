"""Answers of the journal to prompts that were paid for before, where the user asks for them.

A prompt is found by its host, its endpoint or deployment and its whole body, whoever pays for it.
An answer is kept when it is whole, and a value of its schema; errors and answers that were cut or
stopped are not.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wx_notebook.answer import Answer, read_answer, unfit_answer
from wx_notebook.errors import BadOption
from wx_notebook.journal import (
    AnswerRecord,
    Journal,
    JournalError,
    answer_record,
    keep_prompt,
    open_journal,
    prune,
    request_key,
)
from wx_notebook.options import NEW
from wx_notebook.service import AnswerDelta, Request, Usage
from wx_notebook.session.history import History
from wx_notebook.session.process import RUNNING_CODE
from wx_notebook.session.state import SessionState
from wx_notebook.session.status import pop_notices
from wx_notebook.settings import journal_is_on
from wx_notebook.transport import is_offline, recorded_file


class AnswerCache:
    """Finds the answer to a prompt in the journal, and keeps it there.

    Parameters
    ----------
    is_asked_anew
        Whether the service is asked although there is an answer.
    code
        The cell that sends the prompt, "" for a call from Python.

    Raises
    ------
    BadOption
        The settings switch the journal off.
    """

    def __init__(self, *, is_asked_anew: bool, code: str) -> None:
        if not journal_is_on():
            raise BadOption(
                "The option cache needs the journal, and journal = false switches that off.",
                hint="Next: type --cache off, or remove one of the two from the settings.",
            )
        # what is recorded has to come from the service
        self._is_asked_anew = is_asked_anew or recorded_file() is not None
        self._code = code

    def find(self, request: Request, base_url: str) -> AnswerRecord | None:
        """Return the answer to a request, None where the service has to be asked.

        Raises
        ------
        JournalError
            The journal cannot be read or written: the answer would be paid for and not kept.
        """
        with contextlib.closing(open_journal()) as journal:
            if self._is_asked_anew:
                return None
            found = journal.find(request_key(request, base_url))
        return found if isinstance(found, AnswerRecord) else None

    def keep(self, state: SessionState, request: Request, answer: Answer) -> None:
        """Keep an answer that is whole. What goes wrong is said with the next one."""
        if not _is_kept(answer):
            return
        problem = ""
        try:
            with contextlib.closing(open_journal()) as journal:
                self._write(journal, state, request, answer)
        except JournalError as error:
            problem = error.message
        if problem:
            state.notices.pending.append(f"the last answer was not kept: {problem}")

    def _write(
        self, journal: Journal, state: SessionState, request: Request, answer: Answer
    ) -> None:
        hide, texts = state.transport.redaction.without_secrets, request.message_texts()
        record = answer_record(answer, texts[-1] if texts else "", hide)
        record = replace(record, reasoning=hide(answer.reasoning))
        key = request_key(request, state.service.base_url(request))
        keep_prompt(journal, key, record, place=state.endpoints.place, code=hide(self._code))
        prune(journal)


def cache_of(mode: bool | str | None) -> AnswerCache | None:
    """Return what an option `cache` stands for, None where it is off.

    What is replayed comes from its recording, and is nobody's answer elsewhere.
    """
    if not mode or is_offline():
        return None
    return AnswerCache(is_asked_anew=mode == NEW, code=RUNNING_CODE.text)


def kept_on(record: AnswerRecord) -> str:
    """Return when an answer was paid for, as a person writes it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(record.at))


def delta_of(record: AnswerRecord) -> AnswerDelta:
    """Return a kept answer as the one step in which it arrives."""
    usage = None
    if record.input_tokens is not None and record.output_tokens is not None:
        usage = Usage(record.input_tokens, record.output_tokens)
    return AnswerDelta(
        record.text, record.reasoning, record.finish_reason, usage, record.model_id,
        record.request_id,
    )  # fmt: skip


def _is_kept(answer: Answer) -> bool:
    # a limit of tokens is part of the question, so the same question would end there again
    is_whole = answer.is_whole or answer.finish_reason.lower() in _LIMITS
    return bool(
        is_whole and answer.text.strip() and not answer.refusal.strip() and not answer.calls
        and unfit_answer(answer) is None
    )  # fmt: skip


_LIMITS = ("length", "max_tokens", "token_limit")


class KeptAnswerContext:
    """One prompt that the journal answers, for its `AnswerStream`: see `AnswerContext`.

    Parameters
    ----------
    state
        The state of the session.
    history
        Keeps the answer.
    request, record
        What was asked, and the answer of the journal.
    go_on
        What `Answer.more` calls.
    """

    def __init__(
        self, state: SessionState, history: History, request: Request, record: AnswerRecord, *,
        go_on: Callable[[Request, Answer], Answer],
    ) -> None:  # fmt: skip
        self.model_id = request.model_id
        self.format = request.format
        self.default_model = request.default_model
        self._notices = [
            *pop_notices(state),
            f"from the journal: it was paid for on {kept_on(record)}, and nothing was sent now",
        ]
        self.redact = state.transport.redact
        self._history = history
        self._request = request
        self._began = time.monotonic()
        self._go_on = go_on

    def seconds(self) -> float:
        """Return the time since it was asked for."""
        return time.monotonic() - self._began

    def opening_notices(self) -> list[str]:
        """Return that the answer comes from the journal."""
        return self._notices

    def closing_notices(self, *_: Any) -> tuple[str, ...]:  # noqa: ANN401
        """Return nothing: no token was used."""
        return ()

    def missing(self, *_: Any, **__: Any) -> tuple[str, ...]:  # noqa: ANN401
        """Return nothing: only whole answers are kept."""
        return ()

    def is_news(self, _: str) -> bool:
        """Return False: the journal keeps no warnings."""
        return False

    def close(self, *_: Any) -> None:  # noqa: ANN401
        """End nothing, and count nothing."""

    def read(self, answer: Answer) -> Answer:
        """Return the answer with its value, where the prompt has a schema."""
        return read_answer(answer, self._request.schema)

    def keep(self, answer: Answer) -> None:
        """Keep the answer as the last one of the session."""
        self._history.finish(self._request, answer)
        if self._request.on_answer is not None and not self._request.is_part:
            self._request.on_answer(answer)

    def go_on(self, answer: Answer) -> Answer:
        """Return the answer together with its continuation, which is sent."""
        return self._go_on(self._request, answer)
