"""Texts that came from outside, without secrets."""

from __future__ import annotations

import re
import weakref
from typing import Protocol

_BLANK = "<secret>"
_LONGEST_MATCHED = 4_000
#: No secret is shorter, and no pattern matches a shorter text: "stop" has nothing to hide.
_SHORTEST = 8
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_PATTERNS = (
    # a JSON Web Token, as IAM issues them
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), _BLANK),
    # but for the words of a page: "Basic authentication is needed"
    (
        re.compile(
            r"\b(Bearer|Basic|ZenApiKey)[^\S\r\n]+(?!authent|authori[sz]|credential|password)"
            r"[\w.~+/=-]{8,}",
            re.IGNORECASE,
        ),
        rf"\1 {_BLANK}",
    ),
    (
        re.compile(
            r"""(["']?\b(?:api_?key|password|access_token|refresh_token)["']?[^\S\r\n]*[:=][^\S\r\n]*["']?)"""
            r"""[^\s"'&,;}]+""",
            re.IGNORECASE,
        ),
        rf"\1{_BLANK}",
    ),
)


#: What each of the patterns needs: names and ids of a service have none of it.
_SIGN = re.compile(r"eyJ|[:=]|[^\S\r\n]")
#: A JSON Web Token, and a run as long as a key of IBM Cloud.
_KEY_LIKE = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|(?<![\w-])[A-Za-z0-9_-]{40,60}(?![\w-])"
)


def one_line(text: str, longest: int = 120) -> str:
    """Return a name that a service chose, as it may stand in a line of ours."""
    return " ".join(_UNSHOWN.sub(" ", text[: 4 * longest]).split())[:longest]


class Hidable(Protocol):
    """A secret, as far as this room needs to know one."""

    def hide_in(self, text: str) -> str:
        """Return `text` without the secret."""


class Redaction:
    """Blanks the secrets that were added, wherever they stand, and whatever looks like one.

    It holds weak references: a secret that nobody holds any more is not kept alive for this.
    """

    def __init__(self) -> None:
        self._secrets: list[weakref.ref[Hidable]] = []

    def add(self, secret: Hidable) -> None:
        """Blank this secret from now on."""
        held = [known() for known in self._secrets]
        others = [one for one in held if one is not None and one is not secret]
        self._secrets = [weakref.ref(one) for one in (*others, secret)]

    def without_secrets(self, text: str) -> str:
        """Return `text` without the secrets that were added; what looks like one stays."""
        for known in self._secrets:
            if (secret := known()) is not None:
                text = secret.hide_in(text)
        return text

    def without_keys(self, text: str) -> str:
        """Return `text` without the secrets that were added, and without what has the form of one.

        For what is sent to a model: ordinary code stays as it is, `password=None`.
        """
        known = self.without_secrets(text)
        return _KEY_LIKE.sub(lambda run: _BLANK if _is_random(run[0]) else run[0], known)

    def __call__(self, text: str) -> str:
        """Return `text` without them, and without what looks like one."""
        if len(text) < _SHORTEST:
            return text
        text = self.without_secrets(text)
        if _SIGN.search(text) is None:
            return text
        # what is quoted is short; on a long text made for it these patterns would take minutes
        head, tail = text[:_LONGEST_MATCHED], text[_LONGEST_MATCHED:]
        for pattern, blank in _PATTERNS:
            head = pattern.sub(blank, head)
        return head + tail


def _is_random(run: str) -> bool:
    tests = (str.isdigit, str.islower, str.isupper)
    return run.startswith("eyJ") or all(any(map(test, run)) for test in tests)
