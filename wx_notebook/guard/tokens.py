"""JSON Web Tokens by their issuer: those of IBM Cloud's IAM, and all others.

A token says itself who issued it; whether it is good is not asked, nor whether it has ended.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from wx_notebook.credentials.regions import (
    AWS_IAM_HOSTS,
    GOV_IAM_HOSTS,
    GOV_PREP_IAM_HOSTS,
    IAM_HOSTS,
)
from wx_notebook.guard.hits import Hit
from wx_notebook.guard.patterns import is_allowed

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
#: A name that IBM Cloud's IAM had before.
_FORMER = frozenset({"iam.bluemix.net", "iam.ng.bluemix.net"})
_ISSUERS = IAM_HOSTS | AWS_IAM_HOSTS | GOV_IAM_HOSTS | GOV_PREP_IAM_HOSTS | _FORMER


def tokens(text: str) -> Iterator[Hit]:
    """Yield the tokens in a text: "token" where IBM Cloud issued it, else "other_token"."""
    if "eyJ" not in text:
        return
    for found in _JWT.finditer(text):
        issuer = _issuer(found[0])
        if issuer is None:
            continue
        if _host(issuer) in _ISSUERS:
            yield Hit(found.start(), found.end(), "token")
        elif not is_allowed(text, found.end()):
            yield Hit(found.start(), found.end(), "other_token")


def issued_by_ibm(text: str) -> Iterator[Hit]:
    """Yield the tokens that IBM Cloud issued."""
    return (hit for hit in tokens(text) if hit.what == "token")


def _issuer(token: str) -> str | None:
    """Return what a token says of its issuer, "" for nothing; None when it is no token."""
    part = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    issuer = claims.get("iss", "")
    return issuer if isinstance(issuer, str) else ""


def _host(issuer: str) -> str:
    try:
        return urlsplit(issuer).hostname or ""
    except ValueError:
        return ""
