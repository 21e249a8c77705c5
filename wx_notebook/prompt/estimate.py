"""How many tokens a text has, roughly, where nobody can be asked."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z \t\r\n]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")

#: Characters a token: of English words with their blanks, of digits and punctuation, of the rest.
_PER_TOKEN = (4.5, 2.0, 1.5)


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` is.

    Each family of models cuts a text in its own way; the service's tokenizer knows. English prose
    is about 4.5 characters a token, code and numbers about half of that, other scripts less.
    """
    plain = sum(len(run) for run in _PLAIN.findall(text))
    foreign = sum(len(run) for run in _FOREIGN.findall(text))
    counts = (plain, len(text) - plain - foreign, foreign)
    return round(sum(count / each for count, each in zip(counts, _PER_TOKEN, strict=True)) + 0.5)
