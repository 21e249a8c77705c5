"""Pages of a list: how many, and where the next one starts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.wire import Refused


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a list that was asked for."""

    limit: int
    span: slice
    #: opaque token of the next page, "" if this is the last
    next_start: str


def page_of(
    query: Mapping[str, str],
    length: int,
    *,
    default: int,
    most: int,
    anchor: str = "",
    start: str = "start",
) -> Page:
    """Return the page of a list of `length` that `limit` and `start` of the query ask for.

    Raises
    ------
    Refused
        400: `limit` is not a number from 1 to `most`, or `start` is no token of ours.
    """
    limit_text = query.get("limit", str(default))
    if not (limit_text.isascii() and limit_text.isdigit() and 1 <= int(limit_text[:9]) <= most):
        raise _bad("limit", f"must be a number from 1 to {most}", anchor)
    limit = int(limit_text[:9])
    first = _opened(query[start], start, anchor) if query.get(start) else 0
    after = first + limit
    return Page(limit, slice(first, after), _token(after) if after < length else "")


def _token(first: int) -> str:
    return base64.urlsafe_b64encode(b"sandbox:%d" % first).decode().rstrip("=")


def _opened(token: str, name: str, anchor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        word, _, first = text.partition(":")
        if word == "sandbox":
            return int(first)
    except (ValueError, binascii.Error):
        pass
    raise _bad(name, "must come from the page before", anchor)


def _bad(name: str, must: str, anchor: str) -> Refused:
    return refusal(
        400,
        "invalid_request_entity",
        f"'{name}' {must}.",
        anchor=anchor,
        target=("parameter", name),
    )
