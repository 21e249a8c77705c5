"""Finding a secret without knowing it, by its salted fingerprint (HMAC-SHA256).

The kernel knows the key, the Jupyter server does not. The kernel publishes a random salt and the
fingerprint of each key and token under it. The server computes the fingerprint of the parts of a
text that could be a secret. A key of 44 random characters can't be recovered from its fingerprint.
A password could be guessed, so passwords are never published.

A fingerprint costs a microsecond, and a text has as many parts as characters. So the kernel also
publishes a sieve: which of 32 pairs of characters each of five characters near the end of the
secret belongs to. That is 25 of the 250 bits and more that nobody can guess. The sieve of a secret
is the same in all kernels, so a part of a text is tried once, however many kernels know the secret.

Not found: a secret that is split by a line end or over two outputs, a part of a secret, and its
base64.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, NamedTuple

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.key_characters import KEY_CHARACTERS, find_payloads, has_run, mask_text
from wx_notebook.guard.matches import Match, MatchKind
from wx_notebook.guard.patterns import KEY_LENGTH

#: The shortest token that nobody could guess.
SHORTEST_TOKEN = 32
_KEY = re.compile(rf"[A-Za-z0-9_-]{{{KEY_LENGTH}}}")
_OPAQUE_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},}}")
_JWT_START = "eyJ"
_JWT = re.compile(r"(eyJ[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
#: The place of the five characters. The last one of a JSON Web Token takes only a few values.
_SIEVE = slice(-6, -1)
#: The number of the pair of each character; the dot has one for itself, other characters none.
_PAIR_NUMBERS = {character: n // 2 for n, character in enumerate(KEY_CHARACTERS + ".")}
_NO_PAIR = 255
_PAIR_TABLE = bytes(_PAIR_NUMBERS.get(chr(code), _NO_PAIR) for code in range(256))
#: Results that are kept while one text is searched: it may repeat a secret endlessly.
_MAX_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is published of one secret.

    Attributes
    ----------
    kind
        "api_key" or "token".
    length
        Characters of the secret.
    dots
        The positions of the two dots of a JSON Web Token, otherwise ().
    sieve
        The numbers of the pairs that five characters of the secret belong to.
    digest
        The HMAC-SHA256 of the secret under the salt, 32 bytes.
    """

    kind: MatchKind
    length: int
    dots: tuple[int, ...]
    sieve: tuple[int, ...]
    digest: bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, for a file."""
        return {**asdict(self), "digest": self.digest.hex()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Fingerprint:
        """Return the fingerprint that a file contains.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is damaged.
        """
        dots, sieve = tuple(map(int, fields["dots"])), tuple(map(int, fields["sieve"]))
        length = int(fields["length"])
        is_whole = len(dots) in (0, 2) and len(sieve) == _SIEVE.stop - _SIEVE.start
        if not is_whole or length < SHORTEST_TOKEN or not set(sieve) <= set(_PAIR_NUMBERS.values()):
            raise ValueError("not a fingerprint")
        return cls(fields["kind"], length, dots, sieve, bytes.fromhex(fields["digest"]))


def make_fingerprint(secret: Secret, kind: str, salt: bytes) -> Fingerprint | None:
    """Return the fingerprint of an "api_key" or "token", None for a secret that could be guessed.

    That is a password, or a text that does not have the form of a key or token.
    """
    length = len(secret.reveal())
    if kind == "api_key" and _KEY.fullmatch(secret.reveal()) and _has_both_cases(secret):
        return Fingerprint("api_key", length, (), _sieve(secret), _digest(salt, secret))
    if kind != "token" or length < SHORTEST_TOKEN:
        return None
    if jwt := _JWT.fullmatch(secret.reveal()):
        dots = (jwt.end(1), jwt.end(2))
        return Fingerprint("token", length, dots, _sieve(secret), _digest(salt, secret))
    if _OPAQUE_TOKEN.fullmatch(secret.reveal()):
        return Fingerprint("token", length, (), _sieve(secret), _digest(salt, secret))
    return None


class _Known(NamedTuple):
    """A fingerprint and the salt that it was made with."""

    salt: bytes
    fingerprint: Fingerprint


class Fingerprints:
    """The fingerprints of several kernels. Calling it with a text yields the matches.

    A secret that several kernels know is found once, with the fingerprint of the first one.

    Parameters
    ----------
    groups
        For each kernel its salt, and the fingerprints under that salt.
    """

    def __init__(self, groups: Iterable[tuple[bytes, Iterable[Fingerprint]]]) -> None:
        #: by their sieves
        self._known: dict[bytes, list[_Known]] = {}
        self._sieves: set[bytes] = set()
        self._shortest_run = KEY_LENGTH
        #: by the length of the payload: position of the first dot, and length of the token
        self._jwts: dict[int, set[tuple[int, int]]] = {}
        for salt, fingerprints in groups:
            for one in fingerprints:
                self._add(salt, one)

    def _add(self, salt: bytes, one: Fingerprint) -> None:
        self._known.setdefault(bytes(one.sieve), []).append(_Known(salt, one))
        if one.dots:
            first, second = one.dots
            self._jwts.setdefault(second - first - 1, set()).add((first, one.length))
        else:
            self._sieves.add(bytes(one.sieve))
            self._shortest_run = min(self._shortest_run, one.length)

    def __bool__(self) -> bool:
        return bool(self._known)

    def __call__(self, text: str) -> Iterator[Match]:
        """Yield the secrets in a text."""
        if len(text) < SHORTEST_TOKEN or not self:
            return
        mask = mask_text(text)
        pairs = text.encode("latin-1", "replace").translate(_PAIR_TABLE)
        kept: dict[str, Match | None] = {}
        for end in chain(self._ends_in_runs(mask, pairs), self._ends_of_jwts(mask, text)):
            yield from self._matches_before(end, text, pairs, kept)

    def _ends_in_runs(self, mask: bytes, pairs: bytes) -> Iterator[int]:
        """Yield where a key or opaque token may end."""
        if self._sieves and has_run(mask, self._shortest_run):
            for sieve in self._sieves:
                at = pairs.find(sieve)
                while at >= 0:
                    yield at - _SIEVE.start
                    at = pairs.find(sieve, at + 1)

    def _ends_of_jwts(self, mask: bytes, text: str) -> Iterator[int]:
        """Yield where a JSON Web Token may end."""
        if self._jwts:
            for first, second in find_payloads(mask, min(self._jwts), max(self._jwts)):
                for header, length in self._jwts.get(second - first - 1, ()):
                    start = first - header
                    if start >= 0 and text.startswith(_JWT_START, start):
                        yield start + length

    def _matches_before(
        self, end: int, text: str, pairs: bytes, kept: dict[str, Match | None]
    ) -> Iterator[Match]:
        """Yield the secrets that end here."""
        known = self._known.get(pairs[end + _SIEVE.start : end + _SIEVE.stop], ())
        for length in {one.fingerprint.length for one in known}:
            if not length <= end <= len(text):
                continue
            part = text[end - length : end]
            if part not in kept:
                if len(kept) > _MAX_KEPT:
                    kept.clear()
                kept[part] = _try(part, known)
            if found := kept[part]:
                yield Match(end - length, end, found.kind, secret_id=found.secret_id)


def _try(part: str, known: Iterable[_Known]) -> Match | None:
    """Return a match if a part of a text is one of the secrets."""
    # UTF-8 can't encode a lone surrogate, and no token contains one
    data = part.encode("utf-8", "replace")
    for salt, one in known:
        if one.length == len(part) and hmac.digest(salt, data, "sha256") == one.digest:
            return Match(0, len(part), one.kind, secret_id=one.digest.hex()[:16])
    return None


def _sieve(secret: Secret) -> tuple[int, ...]:
    return tuple(_PAIR_NUMBERS[character] for character in secret.reveal()[_SIEVE])


def _has_both_cases(secret: Secret) -> bool:
    # a sentence or a hash could be guessed; of random keys one in ten thousand million is left out
    return not (secret.reveal().islower() or secret.reveal().isupper())


def _digest(salt: bytes, secret: Secret) -> bytes:
    # one expression, so that no local variable holds the secret
    return hmac.digest(salt, secret.reveal().encode("utf-8", "replace"), "sha256")
