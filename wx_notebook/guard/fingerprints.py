"""Finding a secret without knowing it: by a salted fingerprint (HMAC) of it.

The kernel knows the key, the Jupyter server does not. What the kernel hands over is a random salt
and, under it, the fingerprint of each key and token; the server takes that of every window of a
text that could be one. Nobody gets a key of 44 random characters back from its fingerprint; a
password somebody could guess, so none is ever handed over.

Not found: a secret that is split by a line end or over two outputs, a part of it, its base64, and
one inside a run of more than `LONGEST_RUN` characters of a key.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.hits import Hit, What
from wx_notebook.guard.patterns import KEY_LENGTH

#: Characters of a run that is looked into; longer ones are data.
LONGEST_RUN = 128
#: The shortest token that is no JSON Web Token and nobody could guess.
SHORTEST_TOKEN = 32
#: Characters in a row of a key, of base64 and of paths. Base64 breaks into many short runs, of
#: which each window would have to be looked at; so much of it in a row is data as well.
_STRETCH = re.compile(rf"(?<![A-Za-z0-9_+/-])[A-Za-z0-9_+/-]{{{SHORTEST_TOKEN},}}")
_LONGEST_STRETCH = 1_000
#: Eight full lines of base64 and more, as in a certificate or an attachment of a mail.
_BLOCK = re.compile(r"(?<![A-Za-z0-9_+/-])(?:[A-Za-z0-9_+/-]{60,128}={0,2}\r?\n){8,}")
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},}}")
_KEY = re.compile(rf"[A-Za-z0-9_-]{{{KEY_LENGTH}}}")
_OPAQUE_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},{LONGEST_RUN}}}")
#: JSON Web Tokens are found by how they begin: they have points inside and longer runs.
_JWT_BEGINS = "eyJ"
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is told of one secret: "key" or "token", its length, and its HMAC under the salt."""

    what: What
    length: int
    is_jwt: bool
    digest: bytes


def fingerprint(secret: Secret, what: str, salt: bytes) -> Fingerprint | None:
    """Return the fingerprint of a key ("api_key") or "token"; None for what could be guessed.

    That is a password, and whatever has not the form of a key or token.
    """
    if what == "api_key" and _KEY.fullmatch(secret.reveal()) and _has_both_cases(secret):
        return Fingerprint("key", KEY_LENGTH, False, _digest(salt, secret))
    if what == "token" and _JWT.fullmatch(secret.reveal()):
        return Fingerprint("token", len(secret.reveal()), True, _digest(salt, secret))
    if what == "token" and _OPAQUE_TOKEN.fullmatch(secret.reveal()):
        return Fingerprint("token", len(secret.reveal()), False, _digest(salt, secret))
    return None


class Fingerprints:
    """The secrets of some kernels, as far as a stranger may know them.

    Calling it with a text yields where they stand in it.

    Parameters
    ----------
    groups
        For each kernel its salt, and what was made with it.
    """

    def __init__(self, groups: Iterable[tuple[bytes, Iterable[Fingerprint]]]) -> None:
        self._in_runs: list[_Known] = []
        self._jwts: list[_Known] = []
        for salt, prints in groups:
            for each in prints:
                known = self._jwts if each.is_jwt else self._in_runs
                _Known.of(known, salt, each).digests.add(each.digest)

    def __bool__(self) -> bool:
        return bool(self._in_runs or self._jwts)

    def __call__(self, text: str) -> Iterator[Hit]:
        """Yield where they stand."""
        if self._in_runs:
            for start, end in _runs(text):
                run = text[start:end].encode("ascii")
                # a hash, or a long name
                is_of_one_case = run.islower() or run.isupper()
                for known in self._in_runs:
                    if not (is_of_one_case and known.what == "key"):
                        yield from known.in_run(run, start)
        if self._jwts:
            at = text.find(_JWT_BEGINS)
            while at >= 0:
                for known in self._jwts:
                    # UTF-8 has no form for a lone surrogate, and no token has one inside
                    window = text[at : at + known.length].encode("utf-8", "replace")
                    yield from known.in_run(window, at)
                at = text.find(_JWT_BEGINS, at + 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """Secrets of one kind and length under one salt, by their digests."""

    salt: bytes
    what: What
    length: int
    digests: set[bytes]

    @classmethod
    def of(cls, groups: list[_Known], salt: bytes, one: Fingerprint) -> _Known:
        """Return the group of those that are alike, a new one where there is none yet."""
        for group in groups:
            if (group.salt, group.what, group.length) == (salt, one.what, one.length):
                return group
        groups.append(cls(salt, one.what, one.length, set()))
        return groups[-1]

    def in_run(self, run: bytes, start: int) -> Iterator[Hit]:
        """Yield the secrets in a run of characters that begins at `start`."""
        # a loop of local names: it goes round once for each character
        salt, length, digests = self.salt, self.length, self.digests
        for at in range(len(run) - length + 1):
            digest = hmac.digest(salt, run[at : at + length], "sha256")
            if digest in digests:
                yield Hit(start + at, start + at + length, self.what, mark=digest.hex()[:16])


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where there are enough characters of a key in a row, and not so many that it is data.

    Between two such runs there may be one that is too short for a key and long enough for a token.
    """
    data_ends, blocks = 0, _BLOCK.finditer(text)
    block = next(blocks, None)
    for stretch in _STRETCH.finditer(text):
        while block is not None and block.start() <= stretch.start():
            data_ends, block = block.end(), next(blocks, None)
        if stretch.start() < data_ends or stretch.end() - stretch.start() > _LONGEST_STRETCH:
            continue
        for run in _RUN.finditer(text, *stretch.span()):
            if run.end() - run.start() <= LONGEST_RUN:
                yield run.span()


def _has_both_cases(secret: Secret) -> bool:
    # one in ten thousand million random keys has not
    return not (secret.reveal().islower() or secret.reveal().isupper())


def _digest(salt: bytes, secret: Secret) -> bytes:
    # in one expression: no name of a frame holds the secret
    return hmac.digest(salt, secret.reveal().encode("utf-8", "replace"), "sha256")
