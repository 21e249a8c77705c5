"""Where the characters of keys and tokens are in a text, found in linear time.

Keys and tokens consist of letters, digits, `-` and `_`; a JSON Web Token has three such parts with
dots between them. A regular expression that starts anew at each character of a text takes square
time on `eyJeyJeyJ...`. So a text is translated first, one byte for each character, and that is
searched from dot to dot and from run to run.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import NamedTuple

#: The characters of keys, tokens, and the parts of a JSON Web Token.
KEY_CHARACTERS = string.ascii_letters + string.digits + "-_"
_KEY, _DOT, _OTHER = b"a", b".", b" "
_TABLE = b"".join(
    _KEY if chr(code) in KEY_CHARACTERS else _DOT if chr(code) == "." else _OTHER
    for code in range(256)
)


class TokenParts(NamedTuple):
    """Three runs of key characters with dots between them: positions in a text.

    `start` is where the first run begins; a token may begin inside it.
    """

    start: int
    first_dot: int
    second_dot: int
    end: int


def mask_text(text: str) -> bytes:
    """Return one byte for each character: "a" for one of a key, a dot, or a blank for others."""
    return text.encode("latin-1", "replace").translate(_TABLE)


def find_runs(mask: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of at least so many key characters."""
    words, wanted = mask.replace(_DOT, _OTHER), _KEY * shortest
    start = words.find(wanted)
    while start >= 0:
        end = words.find(_OTHER, start + shortest)
        end = len(words) if end < 0 else end
        yield start, end
        start = words.find(wanted, end)


def has_run(mask: bytes, shortest: int) -> bool:
    """Return whether there is a run of at least so many key characters."""
    return _KEY * shortest in mask


def find_token_parts(mask: bytes, shortest: int) -> Iterator[TokenParts]:
    """Yield what may contain a JSON Web Token whose parts have at least so many characters."""
    pattern = re.compile(rb"\.(?=(a{%d,}+)\.(a{%d,}+))" % (shortest, shortest))
    words = mask.replace(_DOT, _OTHER)
    for match in pattern.finditer(mask):
        start = words.rfind(_OTHER, 0, match.start()) + 1
        if match.start() - start >= shortest:
            yield TokenParts(start, match.start(), match.end(1), match.end(2))


def find_payloads(mask: bytes, shortest: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the positions of two dots with so many key characters between them."""
    pattern = re.compile(rb"\.(?=(a{%d,%d}+)\.)" % (shortest, longest))
    for match in pattern.finditer(mask):
        yield match.start(), match.end(1)
