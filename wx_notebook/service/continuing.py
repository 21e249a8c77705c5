"""The request that goes on where an answer was cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.service.request import Request

#: No field of the API says "go on": a chat is asked to, in words that people use for it.
GO_ON = (
    "Your answer was cut. Go on exactly where it ended, in the middle of a word if it ended there. "
    "Repeat nothing and add no remark."
)


def continuation(request: Request, text: str) -> Request:
    """Return the request for what comes behind `text`, the answer to `request` so far.

    Raises
    ------
    BadOption
        There is no text yet.
    """
    if not text:
        raise BadOption(
            "The answer was cut before its first word: there is nothing to go on from.",
            hint="Run the prompt again with a higher --max-tokens.",
        )
    body: dict[str, Any] = dict(request.body or {})
    if request.endpoint == "generation":
        body["input"] = f"{body.get('input', '')}{text}"
    else:
        body["messages"] = [
            *body.get("messages", ()),
            {"role": "assistant", "content": text},
            {"role": "user", "content": GO_ON},
        ]
        # the rest of a JSON document is no JSON document
        body.pop("response_format", None)
    return replace(request, body=body)
