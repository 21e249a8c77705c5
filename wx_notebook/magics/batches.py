"""`%watsonx batches`: the prompts over tables that the journal has."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wx_notebook.batch.outputs import export_rows
from wx_notebook.display import show_lines
from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.journal import KEPT_DAYS, BatchRecord, Journal, open_journal

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
    with contextlib.closing(open_journal()) as journal:
        show_lines(shell, list(_ACTIONS[action](shell, journal, words)))


def _list(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    _only(words, 0, "list")
    batches = journal.batches()
    yield from filter(None, [journal.note])
    if not batches:
        yield "no batches yet"
        yield "Next: %%watsonx --each TABLE begins one"
        return
    for one in batches:
        total = "" if one.rows is None else f" of {one.rows:,}"
        facts = [
            one.id, time.strftime("%Y-%m-%d %H:%M", time.localtime(one.began)), _state(one),
            f"{one.done:,}{total} rows answered", f"{one.tokens:,} tokens" if one.tokens else "",
            f"{one.open:,} may have been billed" if one.open else "",
        ]  # fmt: skip
        yield " · ".join(filter(None, facts))
        yield f"    {_excerpt(one.prompt)}"
    yield f"{journal.path}: {journal.size() / _MEGABYTE:,.1f} MB, readable by you only"
    yield (f"A finished batch is deleted after {KEPT_DAYS} days, or when all take more than 1 GB.")
    yield "Next: %watsonx batches resume|export|delete ID"


def _state(one: BatchRecord) -> str:
    return one.state if one.ended is not None else "running, or its kernel ended"


def _resume(shell: Any, journal: Journal, words: Sequence[str]) -> Iterator[str]:  # noqa: ANN401
    one = _existing(journal, words, 1, "resume")
    if not one.code:
        yield f"batch {one.id} was started by wx.batch: call it again, and it goes on"
        yield f"    {_excerpt(one.prompt)}"
        return
    shell.set_next_input(one.code)
    yield f"the cell of batch {one.id} stands below: run it, and only what is missing is sent"


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
    journal.delete(one.id)
    yield f"batch {one.id} and its {one.done:,} answers are deleted"


_Action = Callable[[Any, Journal, Sequence[str]], Iterator[str]]
_ACTIONS: Mapping[str, _Action] = {
    "list": _list,
    "resume": _resume,
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
            f"%watsonx batches {action} takes fewer words.", hint="Next: %watsonx help batches"
        )


def _excerpt(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."
