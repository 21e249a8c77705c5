"""The results as text: lines for readers, a block for an issue, a document for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from wx_notebook.doctor.check import CheckStatus

_WIDTH = 80
#: The column of the finding.
_INDENT = 34
#: Keeps on one line what users copy.
_NO_BREAK = "\N{NO-BREAK SPACE}"
_SUMMARY_WORDS = {
    "failed": "failed",
    "warning": "with a warning",
    "ok": "ok",
    "skipped": "skipped",
    "stopped": "stopped",
}


def status_lines(status: CheckStatus) -> list[str]:
    """Return one check as lines of plain text; a part in `...` stays on one line."""
    state = "FAILED" if status.state == "failed" else status.state
    duration = "" if status.seconds is None else f"{status.seconds:.1f} s"
    head = f"{status.number:2}  {state:9}{status.name:14}{duration:>5}  "
    finding = _wrap(status.finding, head) or [head.rstrip()]
    return [*finding, *_wrap(status.repair, " " * _INDENT, "-> ")]


def _wrap(text: str, head: str, mark: str = "") -> list[str]:
    if not text:
        return []
    parts = text.split("`")
    parts[1::2] = [part.replace(" ", _NO_BREAK) for part in parts[1::2]]
    lines = textwrap.wrap(
        mark.replace(" ", _NO_BREAK) + "`".join(parts),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * (_INDENT + len(mark)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def summary_line(statuses: Sequence[CheckStatus], seconds: float) -> str:
    """Return one line: how many checks, how long, and how many of each result."""
    counts = Counter[str](status.state for status in statuses)
    parts = [f"{counts[state]} {words}" for state, words in _SUMMARY_WORDS.items() if counts[state]]
    return f"{len(statuses)} checks in {seconds:.1f} s: {', '.join(parts)}"


def issue_block(statuses: Sequence[CheckStatus], seconds: float) -> str:
    """Return all results as a block to paste into an issue."""
    lines = [summary_line(statuses, seconds)]
    lines += [line for status in statuses for line in status_lines(status)]
    # a quoted text may contain a fence
    text = "\n".join(lines).replace("```", "'''")
    return f"```text\n{text}\n```"


def results_document(statuses: Sequence[CheckStatus], seconds: float) -> dict[str, Any]:
    """Return all results as JSON values."""
    return {
        "seconds": round(seconds, 1),
        "checks": [
            {
                "number": status.number,
                "name": status.name,
                "verdict": status.state,
                "found": status.finding,
                "repair": status.repair,
                "seconds": None if status.seconds is None else round(status.seconds, 3),
            }
            for status in statuses
        ],
    }
