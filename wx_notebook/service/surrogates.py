"""Characters that arrive as two halves.

JSON may write a character outside the Basic Multilingual Plane as two escapes, a surrogate pair
(RFC 8259, section 7). Some models' tokens end between the two, and so do the events of a stream.
A half alone is no text: no file takes it.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_HALVES = ("\ud800", "\udbff")


class SurrogateJoiner:
    """Joins the halves of characters in the parts of one text."""

    def __init__(self) -> None:
        self._half = ""

    @property
    def has_half(self) -> bool:
        """Whether a first half waits."""
        return self._half != ""

    def feed(self, text: str) -> str:
        """Return the next part without half characters; a first half waits for the next part."""
        if text.isascii() and not self._half:
            return text
        text, self._half = self._half + text, ""
        if text and _FIRST_HALVES[0] <= text[-1] <= _FIRST_HALVES[1]:
            text, self._half = text[:-1], text[-1]
        return whole_characters(text)

    def finish(self) -> str:
        """Return the replacement of a half whose other half never came, or ""."""
        half, self._half = self._half, ""
        return whole_characters(half)


def whole_characters(text: str) -> str:
    """Return a text with its surrogate pairs joined, and U+FFFD for each half alone."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
