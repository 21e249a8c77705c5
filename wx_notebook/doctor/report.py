"""The results as people read them, and as they paste them into an issue."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from wx_notebook.doctor.verdicts import Result

_WIDTH = 80
#: Where what was found begins.
_INDENT = 34
#: Keeps what is to be copied in one line.
_NO_BREAK = "\N{NO-BREAK SPACE}"


def lines(result: Result) -> list[str]:
    """Return one check in lines of plain text; what stands in `...` is kept in one line."""
    verdict = "FAILED" if result.verdict == "failed" else result.verdict
    took = "" if result.seconds is None else f"{result.seconds:.1f} s"
    head = f"{result.number:2}  {verdict:9}{result.name:14}{took:>5}  "
    told = _wrapped(result.found, head) or [head.rstrip()]
    return [*told, *_wrapped(result.repair, " " * _INDENT, "-> ")]


def _wrapped(text: str, head: str, mark: str = "") -> list[str]:
    if not text:
        return []
    parts = text.split("`")
    parts[1::2] = [part.replace(" ", _NO_BREAK) for part in parts[1::2]]
    wrapped = textwrap.wrap(
        mark.replace(" ", _NO_BREAK) + "`".join(parts),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * (_INDENT + len(mark)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in wrapped]


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return one line that says what came of all of them."""
    counts = Counter[str](result.verdict for result in results)
    told = [
        f"{counts[verdict]} {words}"
        for verdict, words in (
            ("failed", "failed"),
            ("warning", "with a warning"),
            ("ok", "ok"),
            ("skipped", "skipped"),
            ("stopped", "stopped"),
        )
        if counts[verdict]
    ]
    return f"{len(results)} checks in {seconds:.1f} s: {', '.join(told)}"


def block(results: Sequence[Result], seconds: float) -> str:
    """Return all of it as a block that can be pasted into an issue."""
    told = [summary(results, seconds), *(line for result in results for line in lines(result))]
    # what is quoted may have a fence of its own
    inside = "\n".join(told).replace("```", "'''")
    return f"```text\n{inside}\n```"


def document(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Return all of it as a program reads it."""
    return {
        "seconds": round(seconds, 1),
        "checks": [
            {
                "number": result.number,
                "name": result.name,
                "verdict": result.verdict,
                "found": result.found,
                "repair": result.repair,
                "seconds": None if result.seconds is None else round(result.seconds, 3),
            }
            for result in results
        ],
    }
