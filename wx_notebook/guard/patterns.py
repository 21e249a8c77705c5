"""Secrets that are recognised by their form: access tokens, and texts that look like an API key.

A JSON Web Token names its issuer. Nothing checks whether the token is valid or has expired. An API
key of IBM Cloud has no prefix, so it can only be guessed. Measured by `security.md` E6 on 433
public notebooks: no false alarm, and 99.93 % of random keys were found.
"""

from __future__ import annotations

import base64
import json
import math
import operator
import re
import string
from collections.abc import Iterator
from urllib.parse import urlsplit

from wx_notebook.credentials.regions import (
    AWS_IAM_HOSTS,
    GOV_IAM_HOSTS,
    GOV_PREP_IAM_HOSTS,
    IAM_HOSTS,
)
from wx_notebook.errors import SECRET_MASK, make_visible
from wx_notebook.guard.key_characters import find_runs, find_token_parts, mask_text
from wx_notebook.guard.matches import Match

#: The length of an API key of IBM Cloud, in characters.
KEY_LENGTH = 44
_MIN_CHANGES = 16
_MIN_ENTROPY = 4.2
#: A key stands alone: not inside base64, a path, a file name or a longer word.
_ALONE = re.compile(
    rf"(?<![A-Za-z0-9_+/\\.-])[A-Za-z0-9_-]{{{KEY_LENGTH}}}(?![A-Za-z0-9_+/\\=-]|\.\w)"
)
#: The class of each character: lower, upper, digit, or a mark.
_CLASSES = str.maketrans(
    dict.fromkeys(string.ascii_lowercase, "l")
    | dict.fromkeys(string.ascii_uppercase, "u")
    | dict.fromkeys(string.digits, "d")
    | dict.fromkeys("-_", "m")
)
_WORD = re.compile(rf"[A-Za-z0-9_-]{{{KEY_LENGTH},}}")
_LINE_OF_BASE64 = re.compile(r"[A-Za-z0-9+/]{60,}\r?\n[ \t]*\Z")
#: Ids of Google documents have the same form and begin with a 1. Such a text counts as a key only
#: if the line also has one of the words of `_KEY_WORDS`.
_GOOGLE_ID_START = "1"
_KEY_WORDS = re.compile(r"key|token|secret|credential|watsonx|\bibm\b", re.IGNORECASE)
#: A long random word may contain one of the words of `_KEY_WORDS` by chance.
_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{25,}")
#: A comment behind a text that says it is no secret. The tool detect-secrets uses the same words.
ALLOWLIST_COMMENT = "pragma: allowlist secret"

_JWT_START = "eyJ"
#: Characters of each part of a JSON Web Token at least, beside the start.
_MIN_PART = 8
#: Former host names of IBM Cloud's IAM.
_FORMER_IAM_HOSTS = frozenset({"iam.bluemix.net", "iam.ng.bluemix.net"})
_ISSUERS = IAM_HOSTS | AWS_IAM_HOSTS | GOV_IAM_HOSTS | GOV_PREP_IAM_HOSTS | _FORMER_IAM_HOSTS


def find_lookalike_keys(text: str) -> Iterator[Match]:
    """Yield the texts that look like an API key."""
    if len(text) < KEY_LENGTH:
        return
    for start, end in find_runs(mask_text(text), KEY_LENGTH):
        is_alone = end - start == KEY_LENGTH and _ALONE.match(text, start)
        if is_alone and _is_random(text[start:end]) and not _is_harmless(text, start):
            yield Match(start, end, "lookalike_key")


def find_jwts(text: str) -> Iterator[Match]:
    """Yield the JSON Web Tokens: "token" if IBM Cloud issued it, otherwise "foreign_token"."""
    if _JWT_START not in text:
        return
    for parts in find_token_parts(mask_text(text), _MIN_PART):
        last_start = parts.first_dot - _MIN_PART
        start = text.find(_JWT_START, parts.start, last_start)
        if start < 0:
            continue
        issuer = _read_issuer(text[parts.first_dot + 1 : parts.second_dot])
        if issuer is None:
            continue
        if _hostname(issuer) in _ISSUERS:
            yield Match(start, parts.end, "token")
        elif not _is_allowlisted(text, parts.end):
            yield Match(start, parts.end, "foreign_token")


def find_ibm_tokens(text: str) -> Iterator[Match]:
    """Yield the tokens that IBM Cloud issued."""
    return (match for match in find_jwts(text) if match.kind == "token")


def mask_path(path: str) -> str:
    """Return a path or another foreign name for a message, on one line and without keys."""
    return make_visible(_WORD.sub(lambda word: _masked(word[0]), path))


def _masked(word: str) -> str:
    """Return a placeholder for a word that contains what looks like a key, otherwise the word."""
    starts = range(len(word) - KEY_LENGTH + 1)
    has_key = any(_is_random(word[start : start + KEY_LENGTH]) for start in starts)
    return SECRET_MASK if has_key else word


def _is_allowlisted(text: str, end: int) -> bool:
    """Return whether a comment on the same line says that the text before `end` is no secret."""
    return ALLOWLIST_COMMENT in text[end : end + 200].partition("\n")[0]


def _is_random(word: str) -> bool:
    classes = word.translate(_CLASSES)
    if not ("l" in classes and "u" in classes and "d" in classes):
        return False
    changes = sum(map(operator.ne, classes, classes[1:]))
    return changes >= _MIN_CHANGES and _entropy(word) >= _MIN_ENTROPY


def _is_harmless(text: str, start: int) -> bool:
    if _is_allowlisted(text, start + KEY_LENGTH):
        return True
    before = text[max(0, start - 80) : start].rpartition("\n")[2]
    if text[start] == _GOOGLE_ID_START and not _KEY_WORDS.search(_LONG_WORD.sub("", before)):
        return True
    # the last line of a block of base64, such as a certificate
    return not before.strip() and bool(_LINE_OF_BASE64.search(text[max(0, start - 200) : start]))


def _entropy(word: str) -> float:
    """Return the entropy of the characters of a word, in bits per character."""
    counts = map(word.count, set(word))
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts)


def _read_issuer(payload: str) -> str | None:
    """Return the issuer that a payload names, "" if it names none, None if it is not one."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    issuer = claims.get("iss", "")
    return issuer if isinstance(issuer, str) else ""


def _hostname(issuer: str) -> str:
    try:
        return urlsplit(issuer).hostname or ""
    except ValueError:
        return ""
