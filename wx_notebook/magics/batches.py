"""`%watsonx batches`: the prompts over tables that the journal has."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wx_notebook.batch.outputs import export_rows
from wx_notebook.batch.service_jobs import ServiceJobs
from wx_notebook.display import show_lines
from wx_notebook.errors import BadOption, BatchStopped, did_you_mean, mask_keys
from wx_notebook.journal import KEPT_DAYS, BatchRecord, JobLog, JobRecord, Journal, journal_to_read
from wx_notebook.session import session
from wx_notebook.settings import journal_is_on

_EXCERPT = 50
_COLUMNS = ("row", "prompt", "answer", "model", "input_tokens", "output_tokens", "finish_reason")
_MEGABYTE = 1_000_000


def manage_batches(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """List the batches of the journal, or resume, export or delete one.

    Raises
    ------
    BadOption
        There is no such action, batch or file.
    JournalError
        The journal cannot be read.
    """
    action, *words = args.words or ["list"]
    if action not in _ACTIONS:
        raise BadOption(
            f"'{mask_keys(action)}' is not an action of %watsonx batches."
            f"{did_you_mean(action, _ACTIONS)}",
            hint="Next: %watsonx help batches",
        )
    with contextlib.closing(journal_to_read(is_on=journal_is_on())) as journal:
        show_lines(shell, list(_ACTIONS[action](shell, journal, words)))


def _list(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    _only(words, 0, "list")
    batches = journal.batches()
    yield from filter(None, [journal.note])
    if not batches:
        yield "no batches yet"
        yield "Next: %%watsonx --each TABLE begins one"
        return
    log = JobLog(journal)
    for one in batches:
        jobs = [job for job in log.jobs(one.id) if job.is_open]
        waiting = sum(job.rows for job in jobs)
        total = "" if one.rows is None else f" of {one.rows:,}"
        facts = [
            one.id, time.strftime("%Y-%m-%d %H:%M", time.localtime(one.began)),
            _state(one, jobs),
            f"{one.done:,}{total} rows answered", f"{one.tokens:,} tokens" if one.tokens else "",
            f"{waiting:,} rows at the service" if waiting else "",
            f"{one.open - waiting:,} may have been billed" if one.open > waiting else "",
        ]  # fmt: skip
        yield " · ".join(filter(None, facts))
        yield f"    {_excerpt(one.prompt)}"
    yield f"{journal.path}: {journal.size() / _MEGABYTE:,.1f} MB, readable by you only"
    yield f"A batch that has ended is deleted after {KEPT_DAYS} days; when all take more than 1 GB,"
    yield "the oldest complete ones go before that."
    yield "Next: %watsonx batches resume|cancel|export|delete ID"


def _state(one: BatchRecord, jobs: Sequence[JobRecord]) -> str:
    if jobs:
        states = ", ".join(sorted({job.state for job in jobs}))
        return f"{len(jobs):,} batch job{'s'[: len(jobs) != 1]}, last seen {states}"
    return one.state if one.ended is not None else "running, or its kernel ended"


def _resume(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    one = _existing(journal, words, 1, "resume")
    yield from _fetched(journal, one)
    if not one.code:
        yield f"batch {one.id} was started by wx.batch: call it again, and it goes on"
        yield f"    {_excerpt(one.prompt)}"
        return
    shell.set_next_input(one.code)
    yield f"the cell of batch {one.id} stands below: run it, and only what is missing is sent"


def _fetched(journal: Journal, one: BatchRecord) -> Iterator[str]:
    """Fetch what is ready at the service, and say how far the rest is."""
    log = JobLog(journal)
    jobs = [job for job in log.jobs(one.id) if job.is_open]
    if not jobs:
        return
    service = ServiceJobs(session().state, log)
    for job in jobs:
        current, found = service.look(job)
        if found is None:
            yield f"a batch job of {job.rows:,} rows was never made: nothing was billed for them"
        elif not found.has_ended:
            yield (f"batch job {_excerpt(found.id)}: {found.status}, {found.completed:,} of "
                   f"{job.rows:,} rows answered")  # fmt: skip
        else:
            fetched = service.fetch(current, found)
            number = sum(spent.prompts for spent in fetched.usage.values())
            failed = f", {len(fetched.errors):,} rows have none" if fetched.errors else ""
            yield (f"batch job {_excerpt(found.id)}: {found.status}, {number:,} answers are in the "
                   f"journal now{failed}")  # fmt: skip
            yield from fetched.notes()
    service.close_batch(one.id)


def _cancel(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    one = _existing(journal, words, 1, "cancel")
    log = JobLog(journal)
    jobs = [job for job in log.jobs(one.id) if job.is_open]
    if not jobs:
        raise BadOption(
            f"Nothing of batch {one.id} is under way at the service.",
            hint="A run in this notebook is stopped with the stop button.",
        )
    service = ServiceJobs(session().state, log)
    for job in jobs:
        try:
            current = service.cancel(job)
        except BatchStopped as unknown:
            service.forget(job)
            known = unknown.message.splitlines()[0]
            yield f"{known} It is forgotten; its rows may have been billed."
        else:
            yield f"batch job {_excerpt(current.job_id)}: {current.state}"
    yield f"Next: %watsonx batches resume {one.id} fetches what was answered and paid for"


def _export(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    one = _existing(journal, words, 2, "export")
    path = Path(words[1]).expanduser()
    rows = (
        (each.position, each.prompt, each.text, each.model_id, each.input_tokens,
         each.output_tokens, each.finish_reason)
        for each in journal.answers(one.id)
    )  # fmt: skip
    number = export_rows(path, _COLUMNS, rows)
    yield f"{number:,} answers of batch {one.id} are in {path}"


def _delete(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    one = _existing(journal, words, 1, "delete")
    jobs = [job for job in JobLog(journal).jobs(one.id) if job.is_open]
    journal.delete(one.id)
    check_deleted(one.id, [left.id for left in journal.batches()])
    yield f"batch {one.id} is deleted, with the answers that no other batch has"
    if jobs:
        rows = sum(job.rows for job in jobs)
        yield f"{rows:,} rows of it go on at the service and are paid for: nobody fetches them now"


def check_deleted(name: str, left: Sequence[str]) -> None:
    """Say so if an entry of the journal is still there.

    Raises
    ------
    BadOption
        It is in a file that this kernel does not write.
    """
    if name in left:
        raise BadOption(
            f"The journal is on a network drive, and another kernel has written {name} into a file "
            "of its own. Only that kernel can delete it.",
            hint=f"Type the same line there. Such a file goes {KEPT_DAYS} days after its last use.",
        )


_Action = Callable[[Any, Journal, Sequence[str]], Iterator[str]]
_ACTIONS: Mapping[str, _Action] = {
    "list": _list,
    "resume": _resume,
    "cancel": _cancel,
    "export": _export,
    "delete": _delete,
}


def _existing(journal: Journal, words: Sequence[str], most: int, action: str) -> BatchRecord:
    _only(words, most, action)
    file = " FILE" if most > 1 else ""
    if len(words) < most:
        raise BadOption(
            f"%watsonx batches {action} needs the ID of a batch{' and a file' if file else ''}.",
            hint=f"Next: %watsonx batches, then %watsonx batches {action} ID{file}",
        )
    known = {one.id: one for one in journal.batches()}
    if words[0] not in known:
        raise BadOption(
            f"There is no batch '{mask_keys(words[0])}' in the journal."
            f"{did_you_mean(words[0], known)}",
            hint="Next: %watsonx batches",
        )
    return known[words[0]]


def _only(words: Sequence[str], most: int, action: str) -> None:
    if len(words) > most:
        raise BadOption(
            f"%watsonx batches {action} got too many words.", hint="Next: %watsonx help batches"
        )


def _excerpt(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."
