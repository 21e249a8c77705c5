"""Vectors without a model: words and character trigrams, each counted at a place by its hash.

Stable from run to run and machine to machine; texts that share words or parts of words are near
each other. They know nothing of meaning.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator

_WORD = re.compile(r"\w+")
#: What a word counts for beside its trigrams, of which a long word has many.
_WHOLE_WORD = 2.0


def embed(text: str, dimension: int, salt: str = "") -> list[float]:
    """Return the vector of `text`, of length 1; another `salt` is another space of vectors."""
    seed = zlib.crc32(salt.encode())
    vector = [0.0] * dimension
    for feature, count in Counter(_features(text)).items():
        code = zlib.crc32(feature.encode("utf-8", "replace"), seed)
        weight = math.sqrt(count) * (_WHOLE_WORD if feature[0] == "=" else 1.0)
        # a feature adds or takes away: two that share a place do not look alike for it
        vector[(code >> 1) % dimension] += weight if code & 1 else -weight
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        vector[seed % dimension] = length = 1.0
    return [round(value / length, 9) for value in vector]


def similarity(first: list[float], second: list[float]) -> float:
    """Return the cosine of the angle between two vectors of length 1."""
    return sum(a * b for a, b in zip(first, second, strict=True))


def _features(text: str) -> Iterator[str]:
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        yield f"={word}"
        edged = f"^{word}$"
        for start in range(len(edged) - 2):
            yield f"~{edged[start : start + 3]}"
