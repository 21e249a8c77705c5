"""What only looks like an API key of IBM Cloud: such a key has no prefix that would tell it.

Measured by `security.md` E6 on 433 public notebooks: no false alarm, and 99.93 % of random keys.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator

from wx_notebook.errors import PLACEHOLDER
from wx_notebook.guard.hits import Hit

#: Characters of a key, and how many it has.
KEY_LENGTH = 44
_FEWEST_CHANGES = 16
_LEAST_ENTROPY = 4.2
#: Alone: neither a part of base64, of a path or a file's name, nor of a longer word.
_CANDIDATE = re.compile(
    rf"(?<![A-Za-z0-9_+/\\.-])[A-Za-z0-9_-]{{{KEY_LENGTH}}}(?![A-Za-z0-9_+/\\=-]|\.\w)"
)
_WORD = re.compile(rf"[A-Za-z0-9_-]{{{KEY_LENGTH}}}")
_LINE_OF_BASE64 = re.compile(r"[A-Za-z0-9+/]{60,}\r?\n[ \t]*\Z")
#: Documents of Google have ids of the same form that begin with a 1; then the line has to say more.
_OF_GOOGLE = "1"
#: In a comment behind it says that it is none; the same words as for the tool detect-secrets.
ALLOWED = "pragma: allowlist secret"
_SAYS_MORE = re.compile(r"key|token|secret|credential|watsonx|\bibm\b", re.IGNORECASE)
#: In a random word there may be any of these by chance.
_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{25,}")


def like_keys(text: str) -> Iterator[Hit]:
    """Yield what looks like a key."""
    for found in _CANDIDATE.finditer(text):
        if _is_random(found[0]) and not _is_something_else(text, found.start()):
            yield Hit(found.start(), found.end(), "like_key")


def is_allowed(text: str, end: int) -> bool:
    """Whether the rest of the line says that what ends there is no secret."""
    return ALLOWED in text[end : end + 200].partition("\n")[0]


def shown(path: str) -> str:
    """Return the path of a file for a message; its name may be a key, too."""
    return _WORD.sub(lambda word: PLACEHOLDER if _is_random(word[0]) else word[0], path)


def _is_random(word: str) -> bool:
    kinds = [_kind(character) for character in word]
    if not {"lower", "upper", "digit"} <= {*kinds}:
        return False
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    return changes >= _FEWEST_CHANGES and _entropy(word) >= _LEAST_ENTROPY


def _is_something_else(text: str, start: int) -> bool:
    if is_allowed(text, start + KEY_LENGTH):
        return True
    line_begins = text.rfind("\n", 0, start) + 1
    before = text[max(line_begins, start - 80) : start]
    if text[start] == _OF_GOOGLE and not _SAYS_MORE.search(_LONG_WORD.sub("", before)):
        return True
    # the last line of a block of base64, such as a certificate
    return not before.strip() and bool(_LINE_OF_BASE64.search(text[max(0, start - 200) : start]))


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "upper"
    return "lower" if character.islower() else "mark"


def _entropy(word: str) -> float:
    """Return bits a character, of the characters that the word has."""
    counts = Counter(word).values()
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts)
