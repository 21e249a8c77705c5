"""What came of a batch job: its result files, line by line into the journal.

A file may lack lines, have them twice, have lines of nobody, or end early. What is good of it is
kept, and each row without an answer learns why.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from wx_notebook.batch.policy import sentence_of
from wx_notebook.batch.service_lines import LineResult, line_answer, read_line
from wx_notebook.errors import AnswerCut, WatsonxError
from wx_notebook.journal import AnswerRecord, JobLog, JobRecord
from wx_notebook.service.batches import ServiceBatch
from wx_notebook.transport.redaction import Redaction
from wx_notebook.usage.ledger import TokenCounts

#: Answers that are written to the disk together.
_WRITTEN_TOGETHER = 500
#: Why a row has no answer, by how its job ended.
_NOT_REACHED = {
    "expired": "the service's batch job expired before this row was answered",
    "cancelled": "the service's batch job was cancelled before this row was answered",
}
_NO_LINE = "the service's result files have no line for this row; it may have been billed"


@dataclass(slots=True)
class Fetched:
    """What came of a job.

    Attributes
    ----------
    usage
        Prompts and tokens by model.
    errors
        Why rows have no answer, by their keys.
    unfit
        Rows whose answer is of another shape than was asked for.
    twice, foreign, unreadable
        Lines for rows that had one already, for rows that were not sent, and lines that are none.
    schema_refusal
        The error of a model that takes no schema, None if there was none.
    first_error
        The error of the first row that was refused.
    was_fetched
        Another kernel was quicker: what came is in the journal.
    """

    usage: dict[str, TokenCounts] = field(default_factory=dict)
    errors: dict[bytes, str] = field(default_factory=dict)
    unfit: set[bytes] = field(default_factory=set)
    twice: int = 0
    foreign: int = 0
    unreadable: int = 0
    schema_refusal: WatsonxError | None = None
    first_error: WatsonxError | None = None
    was_fetched: bool = False

    def notes(self) -> list[str]:
        """Return what should be said of its files, a line each."""
        found = [
            (self.twice, "had a line already"),
            (self.foreign, "belong to no row that was sent"),
            (self.unreadable, "cannot be read"),
        ]
        return [f"{n:,} lines of the service's result files {what}" for n, what in found if n]


class JobResults:
    """Takes the lines of a job's result files.

    Parameters
    ----------
    job
        The job, whose rows are in the log.
    log
        Where answers go.
    redaction
        Takes secrets out of texts.
    is_fit
        Whether the text of an answer has the shape that was asked for.

    Attributes
    ----------
    is_file_lost
        Whether the service does not have one of the files any more.
    """

    def __init__(
        self, job: JobRecord, log: JobLog, redaction: Redaction, is_fit: Callable[[str], bool]
    ) -> None:
        self._job = job
        self._log = log
        self._redaction = redaction
        self._is_fit = is_fit
        self.is_file_lost = False
        self._fetched = Fetched()
        self._waiting = {line.key: line for line in log.lines(job.id)}
        self._known = set(self._waiting)
        self._seen: set[bytes] = set()
        self._answers: list[tuple[bytes, AnswerRecord]] = []
        self._refused: list[bytes] = []

    @property
    def usage(self) -> Mapping[str, TokenCounts]:
        """The prompts and tokens of what was read so far, by model."""
        return self._fetched.usage

    @property
    def was_fetched(self) -> bool:
        """Whether no row waits for this job any more."""
        return not self._known

    def begin(self) -> None:
        """Begin to read all files, perhaps once more."""
        self._seen = set()
        self._fetched.twice = self._fetched.foreign = self._fetched.unreadable = 0

    def is_lacking(self, status: str) -> bool:
        """Return whether lines are missing that should be there, so that reading again may help."""
        return self._fetched.unreadable > 0 or (status == "completed" and bool(self._waiting))

    def read(self, lines: Iterable[bytes]) -> None:
        """Take the lines of one file; what came before it broke is kept."""
        try:
            for line in lines:
                if line.strip():
                    self._take(line)
                if len(self._answers) + len(self._refused) >= _WRITTEN_TOGETHER:
                    self._write()
        finally:
            self._write()

    def end(self, found: ServiceBatch) -> Fetched:
        """Say of each row without a line why it has none, and close the job."""
        reason = _NOT_REACHED.get(found.status, _NO_LINE)
        if self.is_file_lost or self._fetched.unreadable:
            # the line of a row may be among what cannot be read
            reason = _NO_LINE
        elif found.status == "failed":
            said = self._redaction("; ".join(found.errors))
            reason = f"the service's batch job failed: {said or 'it does not say why'}"
        self._fetched.errors |= dict.fromkeys(self._waiting, reason)
        if reason is not _NO_LINE:
            # the service did not come to them: they cost nothing
            self._refused += self._waiting
            self._write()
        self._log.close(self._job)
        return self._fetched

    def _take(self, written: bytes) -> None:
        fetched, result = self._fetched, read_line(written, self._redaction)
        if result is None:
            fetched.unreadable += 1
            return
        key = _key(result.custom_id)
        if key not in self._known:
            fetched.foreign += 1
        elif key in self._seen:
            fetched.twice += 1
        else:
            self._seen.add(key)
            if key in self._waiting:
                self._settle(key, result)

    def _settle(self, key: bytes, result: LineResult) -> None:
        line, error = self._waiting.pop(key), result.error
        if result.document is not None:
            try:
                answer = line_answer(result.document, line, self._redaction.without_secrets)
            except WatsonxError as problem:
                error = problem
            else:
                self._answers.append((key, answer))
                self._count(key, answer)
        if error is None:
            return
        fetched = self._fetched
        fetched.errors[key] = sentence_of(error)
        fetched.first_error = fetched.first_error or error
        if error.refuses_schema:
            fetched.schema_refusal = error
        if not isinstance(error, AnswerCut):
            self._refused.append(key)

    def _count(self, key: bytes, answer: AnswerRecord) -> None:
        spent = TokenCounts(1, answer.input_tokens or 0, answer.output_tokens or 0)
        self._fetched.usage.setdefault(answer.model_id, TokenCounts()).add(spent)
        if not self._is_fit(answer.text):
            self._fetched.unfit.add(key)

    def _write(self) -> None:
        if self._answers or self._refused:
            answers, refused, self._answers, self._refused = self._answers, self._refused, [], []
            self._log.finish(self._job, answers, refused)


def _key(custom_id: str) -> bytes:
    with contextlib.suppress(ValueError):
        return bytes.fromhex(custom_id)
    return b""
