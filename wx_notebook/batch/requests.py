"""From a row of the table to the request that is sent for it."""

from __future__ import annotations

from typing import Protocol

from wx_notebook.batch.jobs import Job, RowPlace
from wx_notebook.errors import BadOption
from wx_notebook.journal import AnswerRecord, key_in_row, request_key
from wx_notebook.options import Options
from wx_notebook.service import Request
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.templates import RowError, RowPrompt, estimate_tokens


class JobSource(Protocol):
    """Makes the jobs of rows."""

    def job(self, place: RowPlace) -> Job:
        """Return the request of a row; raises `RowError` for one that is not sent."""

    def is_own(self, answer: AnswerRecord) -> bool:
        """Whether an answer of the journal was paid for by this run."""


class RowRequests:
    """Makes the request of each row, by the way of every prompt.

    Parameters
    ----------
    prompt
        The prompt of the table.
    places
        Where the columns of the prompt stand among the values of a row.
    pipeline, options
        As for any prompt.
    began
        When the run began, in seconds since 1970.
    """

    def __init__(
        self, prompt: RowPrompt, places: tuple[int, ...], pipeline: PromptPipeline,
        options: Options, began: float,
    ) -> None:  # fmt: skip
        self._prompt = prompt
        self._places = places
        self._pipeline = pipeline
        self._options = options
        self._began = began
        self._needs_estimate = options.budget is not None

    def text(self, place: RowPlace) -> str:
        """Return the prompt of a row; raises `RowError` as `RowPrompt.fill`."""
        values = place.values
        return self._prompt.fill([values[at] for at in self._places])

    def request(self, text: str) -> Request:
        """Return the request for a prompt."""
        return self._pipeline.prepare(text, self._options, stream=False)

    def job(self, place: RowPlace) -> Job:
        """Return the request of a row.

        Raises
        ------
        RowError
            The row has no prompt, or one that must not be sent.
        """
        text = self.text(place)
        if not text.strip():
            raise RowError("The prompt of this row is empty.")
        reason = ""
        try:
            request = self.request(text)
        except BadOption as error:
            reason = error.message
        if reason:
            raise RowError(reason)
        key = self.key(place, request)
        estimate = 0
        if self._needs_estimate:
            texts = request.message_texts()
            estimate = sum(map(estimate_tokens, texts)) + self._options.max_tokens
        return Job(key, request, text, [place], estimate)

    def key(self, place: RowPlace, request: Request) -> bytes:
        """Return what the request of a row is called in the journal."""
        key = request_key(request, self._pipeline.state.service.base_url(request))
        return key if self._options.dedupe else key_in_row(key, place.position)

    def is_own(self, answer: AnswerRecord) -> bool:
        """Whether an answer of the journal was paid for by this run."""
        return answer.at >= self._began
