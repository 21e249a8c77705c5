"""Single prompts that the user asked to keep, and rows that were paid for before."""

from __future__ import annotations

from collections.abc import Sequence

from wx_notebook.journal import statements
from wx_notebook.journal.journal import Journal
from wx_notebook.journal.records import AnswerRecord, BatchRecord, PromptRecord, answer_values
from wx_notebook.service import whole_characters


def keep_prompt(
    journal: Journal, key: bytes, answer: AnswerRecord, *, place: str, code: str = ""
) -> None:
    """Write down a prompt with its answer; an older answer goes.

    Raises
    ------
    JournalError
        It cannot be written.
    """
    values = (key, *answer_values(key, "", answer)[3:-1])
    journal.write(
        (statements.KEEP_ANSWER, values),
        (
            statements.KEEP_PROMPT,
            (key, answer.at, place, whole_characters(code), whole_characters(answer.reasoning)),
        ),
    )


def find_prompts(journal: Journal, words: Sequence[str] = ()) -> list[PromptRecord]:
    """Return the prompts that have all of these words in them or in their answers, newest first.

    Raises
    ------
    JournalError
        The file is damaged.
    """
    wanted = [word.casefold() for word in words]
    found = {}
    for key, place, code, *answer in journal.select(statements.GET_PROMPTS, ()):
        record = PromptRecord(bytes(key), place or "", code or "", AnswerRecord(*answer))
        one = record.answer
        text = f"{record.code}\n{one.prompt}\n{one.text}\n{one.model_id}".casefold()
        if all(word in text for word in wanted):
            found[record.key] = record
    return sorted(found.values(), key=lambda one: one.answer.at, reverse=True)


def find_batches(journal: Journal, words: Sequence[str] = ()) -> list[BatchRecord]:
    """Return the batches that have all of these words in the prompt or in rows, newest first."""
    patterns = [f"%{_escaped(word)}%" for word in words]
    return [
        one for one in journal.batches()
        if all(journal.select(statements.FIND_BATCH, (one.id, like, like)) for like in patterns)
    ]  # fmt: skip


def note_reused(journal: Journal, batch_id: str, rows: Sequence[tuple[bytes, int]]) -> None:
    """Write down rows that a batch did not pay for, by key and position; as `keep_prompt`."""
    if journal.path is not None:
        journal.write(*((statements.PUT_REUSED, (batch_id, key, at)) for key, at in rows))


def forget_prompt(journal: Journal, key: bytes) -> None:
    """Delete a prompt and its answer; raises as `keep_prompt`."""
    journal.write((statements.DELETE_OWN_ANSWER, (key,)), (statements.DELETE_PROMPT, (key,)))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
