"""Answers in pieces, the sandbox's tokens: words with the blanks that follow them."""

from __future__ import annotations

import re
from collections.abc import Sequence

# a long word is several pieces, so that text without blanks streams as well
_PIECE = re.compile(r"\S{1,12}\s*|\s+")


def cut(text: str) -> list[str]:
    """Return `text` in pieces; joined they are `text` again."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """Return how many pieces `text` has."""
    return sum(1 for _ in _PIECE.finditer(text))


def trim(
    pieces: Sequence[str],
    most: int,
    stops: Sequence[str] = (),
    *,
    keep_stop: bool = False,
    least: int = 0,
) -> tuple[list[str], str]:
    """Return the pieces up to the first stop sequence, `most` at most, and why they end there.

    Parameters
    ----------
    keep_stop
        The sequence that stopped is part of the answer.
    least
        Stop sequences in the first `least` pieces are not looked at.

    Returns
    -------
    tuple
        The pieces, and `end`, `stop` or `length`.
    """
    text = "".join(pieces)
    start = len("".join(pieces[:least]))
    hits = [(at, stop) for stop in stops if stop and (at := text.find(stop, start)) >= 0]
    kept, reason = list(pieces), "end"
    if hits:
        at, stop = min(hits)
        kept, reason = _first_characters(pieces, at + len(stop) * keep_stop), "stop"
    return (kept[:most], "length") if len(kept) > most else (kept, reason)


def _first_characters(pieces: Sequence[str], length: int) -> list[str]:
    kept: list[str] = []
    for piece in pieces:
        if length <= 0:
            break
        kept.append(piece[:length])
        length -= len(piece)
    return kept
