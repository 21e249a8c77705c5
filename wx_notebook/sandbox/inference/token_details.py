"""Details of tokens, such as their log probabilities, without a model: they come from a hash.

They look like those of a model that takes the likeliest token each time. Forms: a real run in the
documentation of langchain-ibm (`logprobs` of a chat), and `vml_v1.ts` of IBM's Node SDK
(`return_options` of text generation).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody

#: The token that ends an answer; it is listed among the log probabilities, but is not text.
END_TOKEN = "<|end_of_text|>"  # noqa: S105  # no secret

_RETURN_OPTIONS = {
    name: FieldRule("boolean")
    for name in ("input_text", "input_tokens", "generated_tokens", "token_logprobs", "token_ranks")
}
_MOST_TOP_TOKENS = 5
# other tokens that a model might have taken
_OTHERS = ("the ", "a ", "and ", "to ", "of ", "is ", "it ", "in ", "for ", "that ", "on ", "with ",
           "as ", "at ", "by ", "or ", "so ", "we ", "be ", "no ")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReturnOptions:
    """What a text generation sends back beside the text."""

    input_text: bool = False
    input_tokens: bool = False
    generated_tokens: bool = False
    token_logprobs: bool = False
    token_ranks: bool = False
    top_n_tokens: int = 0


NO_OPTIONS = ReturnOptions()


def read_return_options(body: RequestBody, parameters: Document) -> ReturnOptions:
    """Return the options in the parameters of a text generation.

    Raises
    ------
    ErrorResponse
        400: a value has the wrong type or is out of range.
    """
    prefix = "parameters.return_options."
    options = body.object_at("return_options", parameters, "parameters.")
    # a number; IBM's Python SDK documents true and false
    rule = FieldRule("integer", 0, _MOST_TOP_TOKENS)
    if isinstance(options.get("top_n_tokens"), bool):
        rule = FieldRule("boolean")
    body.check({**_RETURN_OPTIONS, "top_n_tokens": rule}, options, prefix=prefix)
    known = {name: options[name] for name in _RETURN_OPTIONS if name in options}
    return ReturnOptions(**known, top_n_tokens=int(options.get("top_n_tokens", 0)))


def _ranked(token: str, position: int, count: int) -> list[tuple[str, float]]:
    """Return the `count` likeliest tokens at a place, `token` first, with log probabilities."""
    code = zlib.crc32(token.encode("utf-8", "replace"), position)
    probability = 0.5 + 0.499 * (code % 1000) / 1000
    rest = 1 - probability
    others = [each for each in _OTHERS if each != token]
    ranked = [(token, probability)] + [
        (others[(code + step) % len(others)], rest * 0.5 ** (step + 1)) for step in range(count - 1)
    ]
    return [(text, round(math.log(share), 6)) for text, share in ranked]


def chat_logprobs(tokens: Sequence[str], start: int, top: int) -> Document:
    """Return the `logprobs` of a choice for its tokens from number `start` on.

    With `top` above 0 each has so many alternatives, of which the first is the token itself.
    """
    content: list[Document] = []
    for position, token in enumerate(tokens, start):
        ranked = _ranked(token, position, max(top, 1))
        entry: Document = {"token": token, "logprob": ranked[0][1]}
        if top:
            alternatives = [{"token": text, "logprob": value} for text, value in ranked]
            entry["top_logprobs"] = alternatives
        content.append(entry)
    return {"content": content}


def token_records(tokens: Sequence[str], options: ReturnOptions, start: int) -> list[Document]:
    """Return tokens of a text generation as its `return_options` ask for them.

    The first token of a prompt, number 0, has no probability: nothing comes before it.
    """
    records: list[Document] = []
    for position, token in enumerate(tokens, start):
        record: Document = {"text": token}
        if position:
            ranked = _ranked(token, position, max(options.top_n_tokens, 1))
            if options.token_logprobs:
                record["logprob"] = ranked[0][1]
            if options.token_ranks:
                record["rank"] = 1
            if options.top_n_tokens:
                record["top_tokens"] = [{"text": text, "logprob": value} for text, value in ranked]
        records.append(record)
    return records
