"""Which runs of ``*``, ``_`` and ``~`` open emphasis and which close it.

CommonMark takes ``**`` between a full-width mark and a letter for the wrong end: the asterisks of
``**注意：**正文`` would stay. So a mark of Chinese, Japanese or Korean is no obstacle here, and a
letter of theirs needs no blank beside it. This is the amendment that cmark-gfm's forks, comrak and
the plugins of markdown-it follow:
https://github.com/tats-u/markdown-cjk-friendly/blob/main/specification.md
(Of `mdit-py-cjk-friendly` 0.3.0: it knows no Korean, refuses markdown-it-py 4, and changes the
parser of every other library in the kernel.)
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

#: Between a character and its mark of emphasis; they only choose the character's form.
_SELECTORS = (
    "\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e"
)
#: Blanks, as CommonMark counts them; the edges of a paragraph count, too.
_BLANKS = frozenset("\t\n\v\f\r")


class Flanks(NamedTuple):
    """What a run of marks may do."""

    opens: bool
    closes: bool


def find_flanks(before: str, after: str, *, splits_words: bool) -> Flanks:
    """Tell what a run of marks may do between two characters.

    Parameters
    ----------
    before
        The text that ends in front of the run: two characters are enough, "" at the very start.
    after
        The character behind it, "" at the very end.
    splits_words
        Whether the mark works within a word: ``*`` and ``~`` do, ``_`` does not.
    """
    before = before.rstrip(_SELECTORS)[-1:] or " "
    after = after[:1] or " "
    left = not _is_blank(after) and (
        not _is_other_mark(after) or _is_blank(before) or _is_other_mark(before) or _is_cjk(before)
    )
    right = not _is_blank(before) and (
        not _is_other_mark(before) or _is_blank(after) or _is_other_mark(after) or _is_cjk(after)
    )
    return Flanks(
        left and (splits_words or not right or _is_mark(before)),
        right and (splits_words or not left or _is_mark(after)),
    )


def _is_blank(character: str) -> bool:
    return character in _BLANKS or unicodedata.category(character) == "Zs"


def _is_mark(character: str) -> bool:
    """Tell whether this is punctuation or a symbol."""
    return unicodedata.category(character)[0] in "PS"


def _is_other_mark(character: str) -> bool:
    return _is_mark(character) and not _is_cjk(character)


def _is_cjk(character: str) -> bool:
    """Tell whether this is a Chinese, Japanese or Korean letter or mark, and no emoji."""
    code = ord(character)
    if code < 0x1100:
        return False
    if code < 0x1200 or 0xD7B0 <= code < 0xD800:  # parts of Korean syllables, which are not wide
        return True
    if unicodedata.east_asian_width(character) not in {"W", "F", "H"}:
        return False
    # the other wide symbols are emoji
    return unicodedata.category(character) != "So" or 0x2E80 <= code < 0x1F000 or code == 0x20A9
