"""What an answer needs from its session while it arrives, and when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from wx_notebook.answer import Answer, read_answer
from wx_notebook.service import Request, Usage
from wx_notebook.session.history import History
from wx_notebook.session.state import SessionState
from wx_notebook.session.status import expiry_warning, pop_notices
from wx_notebook.transport import Response
from wx_notebook.usage.reservation import UsageReservation


class PromptContext:
    """One prompt that was sent, for its `AnswerStream`: see `answer.stream.AnswerContext`.

    Parameters
    ----------
    current_state
        Returns the state of the session. It is asked each time: an answer leads here, and must hold
        no key once the session is closed.
    history
        Keeps the answer.
    request, response
        What was sent, and the response whose head has arrived.
    reservation
        Counts the tokens.
    began
        When the request was sent, by `time.monotonic`.
    go_on
        What `Answer.more` calls.
    """

    def __init__(
        self,
        current_state: Callable[[], SessionState],
        history: History,
        request: Request,
        response: Response,
        reservation: UsageReservation,
        *,
        began: float,
        go_on: Callable[[Request, Answer], Answer],
    ) -> None:
        self.model_id = request.model_id
        self.format = request.format
        self.default_model = request.default_model
        self._current_state = current_state
        self._history = history
        self._request = request
        self._attempts = response.attempts
        self._response: Response | None = response
        self._reservation = reservation
        self._began = began
        self._go_on = go_on
        self._are_several = False

    def seconds(self) -> float:
        """Return the time since the request was sent, while the machine was awake."""
        return time.monotonic() - self._began

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        return self._current_state().transport.redact(text)

    def opening_notices(self) -> list[str]:
        """Return the notices of the session, of a deprecated model, of repeated attempts."""
        state = self._current_state()
        notices = pop_notices(state)
        if note := state.catalogue.deprecation_note(self.model_id):
            notices.append(note)
        if self._attempts > 1:
            notices.append(f"sent {self._attempts} times: the service was busy at first")
        return notices

    def closing_notices(self, usage: Usage | None, uncounted_text: str) -> list[str]:
        """Return that the token ends soon, and that a budget is nearly used up."""
        state = self._current_state()
        notices = list(self._reservation.notices(usage, uncounted_text))
        warning = expiry_warning(state)
        if warning and state.notices.is_new("the token expires"):
            notices.insert(0, warning)
        return notices

    def missing(self, count: int, *, has_details: bool) -> list[str]:
        """Return what was asked for and did not come: of the answers, and details of tokens."""
        request = self._request
        notices = []
        if count < request.count:
            notices.append(f"{request.count} answers were asked for, and {count} came")
        if request.asks_for_details and not has_details:
            notices.append("the model sent no log probabilities, though they were asked for")
        return notices

    def is_news(self, recurring: str) -> bool:
        """Return whether a warning that comes with every answer was not shown yet."""
        state = self._current_state()
        if state.catalogue.repeats(self.model_id, recurring):
            return False
        return state.notices.is_new(recurring)

    def close(self, usage: Usage | None, uncounted_text: str, model_id: str) -> None:
        """End the request and count its tokens."""
        if self._response is not None:
            self._response.close()
            # `Answer.more` leads here: an answer that is kept must not keep a connection open
            self._response = None
        self._reservation.settle(usage, uncounted_text, model_id)

    def read(self, answer: Answer) -> Answer:
        """Return an answer whose value is read, where the prompt has a schema."""
        return read_answer(answer, self._request.schema)

    def keep(self, answer: Answer) -> None:
        """Keep an answer as the last one of the session, and hand it to whom the request names."""
        self._are_several = len(answer.answers) > 1
        self._history.finish(self._request, answer)
        if self._request.cache is not None:
            self._request.cache.keep(self._current_state(), self._request, answer)
        if self._request.on_answer is not None and not self._request.is_part:
            self._request.on_answer(answer)

    def go_on(self, answer: Answer) -> Answer:
        """Return an answer together with its continuation."""
        request = self._request
        if self._are_several and len(answer.answers) == 1:
            # the first one, which holds the others, was handed on: another one is not in its place
            request = replace(request, on_answer=None)
        return self._go_on(request, answer)
