"""`%watsonx history`: what the journal has, prompts over tables and prompts with --cache."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from typing import Any

from wx_notebook.display import show_lines
from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.journal import (
    AnswerRecord,
    BatchRecord,
    Journal,
    PromptRecord,
    find_batches,
    find_prompts,
    forget_prompt,
    journal_to_read,
)
from wx_notebook.magics.batches import check_deleted
from wx_notebook.settings import journal_is_on

#: Entries of a list, rows of a batch, and characters of a line.
_MOST, _MOST_ROWS, _EXCERPT = 20, 10, 70
_ONLY_THESE = (
    "This is all that the journal has: prompts over tables (--each, wx.batch) and prompts with "
    "--cache. Other prompts are not kept."
)
_NEXT = "Next: %watsonx history WORDS, or --show, --rerun or --delete and an ID"
_Entry = PromptRecord | BatchRecord


def manage_history(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """List what the journal has, by words if there are any; or show, rerun or delete one entry.

    Raises
    ------
    BadOption
        There is no such entry.
    JournalError
        The journal cannot be read.
    """
    act = next((name for name in ("show", "rerun", "delete") if getattr(args, name)), "")
    if act and args.words:
        raise BadOption(
            f"--{act} takes one ID, and no words to search for.", hint="Next: %watsonx help history"
        )
    with contextlib.closing(journal_to_read(is_on=journal_is_on())) as journal:
        if args.show:
            lines = _shown(journal, _entry(journal, args.show))
        elif args.rerun:
            lines = _rerun(shell, _entry(journal, args.rerun))
        elif args.delete:
            lines = _deleted(journal, _entry(journal, args.delete))
        else:
            lines = _listed(journal, args.words)
        show_lines(shell, list(lines))


def _entries(journal: Journal, words: list[str]) -> list[_Entry]:
    """Return prompts and batches that have these words, newest first."""
    found: list[_Entry] = [*find_prompts(journal, words), *find_batches(journal, words)]
    return sorted(found, key=_time_of, reverse=True)


def _time_of(entry: _Entry) -> float:
    return entry.began if isinstance(entry, BatchRecord) else entry.answer.at


def _entry(journal: Journal, name: str) -> _Entry:
    entries = [one for one in _entries(journal, []) if one.id == name]
    if not entries:
        raise BadOption(
            f"There is no prompt or batch '{mask_keys(name)}' in the journal.",
            hint="Next: %watsonx history",
        )
    return entries[0]


def _listed(journal: Journal, words: list[str]) -> Iterator[str]:
    entries = _entries(journal, words)
    yield from filter(None, [journal.note])
    if not entries:
        about = f" with the words {mask_keys(' '.join(words))}" if words else ""
        yield f"no prompt and no batch{about} is in the journal"
    for entry in entries[:_MOST]:
        yield " · ".join(filter(None, _facts(entry)))
        prompt = entry.prompt if isinstance(entry, BatchRecord) else entry.answer.prompt
        yield f"    {_excerpt(prompt)}"
    if len(entries) > _MOST:
        yield f"and {len(entries) - _MOST:,} older ones: add words to find one"
    yield _ONLY_THESE
    yield _NEXT


def _facts(entry: _Entry) -> Iterator[str]:
    yield entry.id
    yield time.strftime("%Y-%m-%d %H:%M", time.localtime(_time_of(entry)))
    if isinstance(entry, BatchRecord):
        total = "" if entry.rows is None else f" of {entry.rows:,}"
        yield f"{entry.done:,}{total} rows answered"
        yield entry.model_id
    else:
        yield "prompt"
        yield entry.answer.model_id
        yield f"{entry.answer.tokens:,} tokens" if entry.answer.tokens else ""


def _shown(journal: Journal, entry: _Entry) -> Iterator[str]:
    yield " · ".join(filter(None, _facts(entry)))
    if isinstance(entry, PromptRecord):
        yield from _exchange(entry.answer)
        return
    yield from ("", *entry.prompt.splitlines(), "")
    shown = 0
    for shown, answer in enumerate(journal.answers(entry.id), 1):
        if shown > _MOST_ROWS:
            break
        yield f"row {answer.position}: {_excerpt(answer.prompt)}"
        yield f"    {_excerpt(answer.text)}"
    if shown > _MOST_ROWS:
        yield f"All rows: %watsonx batches export {entry.id} answers.csv"


def _exchange(answer: AnswerRecord) -> Iterator[str]:
    yield from ("", *answer.prompt.splitlines(), "", "answer:", *answer.text.splitlines())


def _rerun(shell: Any, entry: _Entry) -> Iterator[str]:  # noqa: ANN401
    if entry.code:
        shell.set_next_input(entry.code)
        yield f"the cell of {entry.id} stands below: what the journal has is not paid for again"
        return
    name = "wx.batch" if isinstance(entry, BatchRecord) else "wx.ask with cache=True"
    prompt = entry.prompt if isinstance(entry, BatchRecord) else entry.answer.prompt
    yield f"{entry.id} was sent by {name}: call it again, and the journal answers"
    yield f"    {_excerpt(prompt)}"


def _deleted(journal: Journal, entry: _Entry) -> Iterator[str]:
    if isinstance(entry, BatchRecord):
        journal.delete(entry.id)
    else:
        forget_prompt(journal, entry.key)
    check_deleted(entry.id, [left.id for left in _entries(journal, [])])
    yield f"{entry.id} is deleted, with what was answered"


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."
