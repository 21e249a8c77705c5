"""Texts as tokens and as vectors, without a model.

The sandbox's tokens are words with the blanks that follow them. Its vectors come from words and
character trigrams, each counted at a position by its hash: they are the same in every run and on
every machine, and texts that share words or parts of words are near each other. They contain no
meaning.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

# a long word is several tokens, so that text without blanks streams as well
_TOKEN = re.compile(r"\S{1,12}\s*|\s+")
_WORD = re.compile(r"\w+")
# the weight of a word beside its trigrams, of which a long word has many
_WHOLE_WORD = 2.0


def split_tokens(text: str) -> list[str]:
    """Return `text` in tokens; joined they are `text` again."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Return how many tokens `text` has."""
    return sum(1 for _ in _TOKEN.finditer(text))


def split_sentences(tokens: Sequence[str]) -> list[list[str]]:
    """Return `tokens` in sentences, each with the blanks behind it; a line is one, too."""
    sentences: list[list[str]] = [[]]
    for token in tokens:
        sentences[-1].append(token)
        text = token.rstrip()
        if "\n" in token or (text != token and text.endswith((".", "!", "?"))):
            sentences.append([])
    return [each for each in sentences if each]


def trim(
    tokens: Sequence[str],
    most: int,
    stops: Sequence[str] = (),
    *,
    keep_stop: bool = False,
    least: int = 0,
) -> tuple[list[str], str]:
    """Return the tokens up to the first stop sequence, `most` at most, and why they end there.

    Parameters
    ----------
    keep_stop
        The stop sequence is part of the answer.
    least
        Stop sequences in the first `least` tokens are ignored.

    Returns
    -------
    tuple
        The tokens, and `end`, `stop` or `length`.
    """
    text = "".join(tokens)
    start = len("".join(tokens[:least]))
    hits = [(at, stop) for stop in stops if stop and (at := text.find(stop, start)) >= 0]
    rest, reason = list(tokens), "end"
    if hits:
        at, stop = min(hits)
        rest, reason = _first_characters(tokens, at + len(stop) * keep_stop), "stop"
    return (rest[:most], "length") if len(rest) > most else (rest, reason)


def _first_characters(tokens: Sequence[str], length: int) -> list[str]:
    first: list[str] = []
    for token in tokens:
        if length <= 0:
            break
        first.append(token[:length])
        length -= len(token)
    return first


def embed(text: str, dimension: int, salt: str = "") -> list[float]:
    """Return the vector of `text`, of length 1; another `salt` is another space of vectors."""
    seed = zlib.crc32(salt.encode())
    vector = [0.0] * dimension
    for feature, count in Counter(_features(text)).items():
        code = zlib.crc32(feature.encode("utf-8", "replace"), seed)
        weight = math.sqrt(count) * (_WHOLE_WORD if feature[0] == "=" else 1.0)
        # half of the features subtract: two that share a position do not make texts look alike
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
