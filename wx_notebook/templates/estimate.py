"""A rough count of the tokens of a text, without a request."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z \t\r\n]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")

#: Characters per token: English words with blanks, digits and punctuation, other scripts.
_PER_TOKEN = (4.5, 2.0, 1.5)


def estimate_tokens(text: str) -> int:
    """Return the approximate number of tokens of `text`.

    Each family of models has its own tokenizer, and only the service knows the exact count. English
    prose has about 4.5 characters per token, code and numbers about half, other scripts less.
    """
    plain = sum(len(run) for run in _PLAIN.findall(text))
    foreign = sum(len(run) for run in _FOREIGN.findall(text))
    counts = (plain, len(text) - plain - foreign, foreign)
    return round(sum(count / each for count, each in zip(counts, _PER_TOKEN, strict=True)) + 0.5)
