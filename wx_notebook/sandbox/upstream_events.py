"""The events of an upstream's stream, each as soon as it is whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from wx_notebook.sandbox.trouble import Trouble
from wx_notebook.sandbox.wire import json_object

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n|$)")
_LONGEST_LINE = 8 * 1024 * 1024
#: Stands for `[DONE]`: the answer is complete.
DONE: dict[str, Any] = {}


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines, which end in CR, LF or both, wherever the network cuts them."""
    rest = b""
    for piece in pieces:
        *whole, rest = _LINE_END.split(rest + piece)
        yield from whole
        if len(rest) > _LONGEST_LINE:
            msg = "The upstream sent a line of eight megabytes."
            raise Trouble(msg)
    if rest.strip(b"\r"):
        yield rest.rstrip(b"\r")


def documents(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of each event, and `DONE` at the end if the upstream tells it.

    Names and ids of events, and comments that only keep a connection alive, mean nothing in
    OpenAI's protocol; neither does data in several lines, which nobody sends.

    Raises
    ------
    Trouble
        An event is no JSON object.
    """
    for line in lines(pieces):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            yield DONE
            return
        document = json_object(data)
        if document is None:
            msg = "The upstream sent an event that is not JSON."
            raise Trouble(msg)
        yield document
