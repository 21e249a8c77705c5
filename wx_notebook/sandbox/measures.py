"""Embeddings, rerank and tokenization: what reads text and writes none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.answers import NOT_ASKED
from wx_notebook.sandbox.fields import Body, Document, Rule
from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.prompts import SCOPE, Admit, check_length, scoped
from wx_notebook.sandbox.replies import ok
from wx_notebook.sandbox.vectors import embed, similarity
from wx_notebook.sandbox.wire import Reply, Request, created_at

_COMMON = SCOPE | {"parameters": Rule("object"), "crypto": Rule("object")}
_PARAMETERS = {"truncate_input_tokens": Rule("integer"), "return_options": Rule("object")}
_RETURNED = {
    "input_text": Rule("boolean"),
    "top_n": Rule("integer", 1),
    "inputs": Rule("boolean"),
    "query": Rule("boolean"),
}
#: Scores are raw logits (fixtures of IBM's Java SDK), of both signs.
_STEEPNESS, _MIDDLE = 24.0, 0.35


class Measures:
    """Answers calls that measure text; the parameters are those of `Inference`."""

    def __init__(
        self, admit: Admit, wall_clock: Callable[[], float], library: Library = SHELF
    ) -> None:
        self._admit = admit
        self._library = library
        self._wall_clock = wall_clock

    def answer(self, kind: str, request: Request) -> Reply:
        """Answer `embeddings`, `rerank` or `tokenization`.

        Raises
        ------
        Refused
            The body is not what the service takes.
        """
        answers = {
            "embeddings": self._embeddings,
            "rerank": self._rerank,
            "tokenization": self._tokenization,
        }
        # the operations have the names of the calls in IBM's API documentation
        return answers[kind](Body(request.body, f"text-{kind}"))

    def _embeddings(self, body: Body) -> Reply:
        body.check(_COMMON | {"inputs": Rule("array of strings")}, required=("model_id", "inputs"))
        options = _options(body)
        model = self._model(body, "embedding")
        texts: list[str] = body.document["inputs"]
        read = _read(body, model, texts, options)
        results: list[Document] = [
            {"embedding": embed(text, model.dimension, model.model_id)} for text in read
        ]
        if options.get("input_text"):
            for text, result in zip(texts, results, strict=True):
                result["input"] = text
        return self._reply(model, results=results, input_token_count=_tokens(read))

    def _rerank(self, body: Body) -> Reply:
        rules = _COMMON | {"query": Rule("string"), "inputs": Rule("array")}
        body.check(rules, required=("model_id", "query", "inputs"))
        texts = []
        for index, each in enumerate(body.objects(body.document["inputs"], "inputs")):
            body.check(
                {"text": Rule("string")}, each, prefix=f"inputs[{index}].", required=("text",)
            )
            texts.append(each["text"])
        options = _options(body)
        model = self._model(body, "rerank")
        query: str = body.document["query"]
        read = _read(body, model, texts, options)
        wanted = embed(query, 1024)
        scores = [
            round(_STEEPNESS * (similarity(wanted, embed(text, 1024)) - _MIDDLE), 6)
            for text in read
        ]
        order = sorted(range(len(texts)), key=lambda index: -scores[index])
        results: list[Document] = [{"index": i, "score": scores[i]} for i in order]
        if options.get("inputs"):
            for result in results:
                result["input"] = {"text": texts[result["index"]]}
        more: Document = {"query": query} if options.get("query") else {}
        return self._reply(
            model,
            results=results[: options.get("top_n")],
            input_token_count=_tokens([*read, query]),
            **more,
        )

    def _tokenization(self, body: Body) -> Reply:
        body.check(_COMMON | {"input": Rule("string")}, required=("model_id", "input"))
        (parameters,) = body.objects([body.document.get("parameters", {})], "parameters")
        body.check({"return_tokens": Rule("boolean")}, parameters, prefix="parameters.")
        model = self._model(body, "")
        tokens = pieces.cut(body.document["input"])
        result: Document = {"token_count": len(tokens)}
        if parameters.get("return_tokens"):
            result["tokens"] = tokens
        return self._reply(model, result=result)

    def _model(self, body: Body, function: str) -> Model:
        return scoped(self._admit, self._today(), self._library)(body, function)

    def _today(self) -> str:
        return created_at(self._wall_clock())[:10]

    def _reply(self, model: Model, **fields: Any) -> Reply:  # noqa: ANN401  # JSON
        return ok(
            {
                "model_id": model.model_id,
                "created_at": created_at(self._wall_clock()),
                **fields,
                "system": {"warnings": [NOT_ASKED]},
            }
        )


def _options(body: Body) -> Document:
    """Return what to send back and how much of the input to read, checked."""
    (parameters,) = body.objects([body.document.get("parameters", {})], "parameters")
    body.check(_PARAMETERS, parameters, prefix="parameters.")
    prefix = "parameters.return_options"
    (options,) = body.objects([parameters.get("return_options", {})], prefix)
    body.check(_RETURNED, options, prefix=f"{prefix}.")
    return {**options, "truncate": parameters.get("truncate_input_tokens")}


def _read(body: Body, model: Model, texts: list[str], options: Document) -> list[str]:
    """Return what is read of each text, cut on the right where that was asked for."""
    most = options["truncate"]
    if most is not None and most > 0:
        texts = ["".join(pieces.cut(text)[:most]) for text in texts]
    for text in texts:
        check_length(body, model, pieces.count(text))
    return texts


def _tokens(texts: list[str]) -> int:
    return sum(pieces.count(text) for text in texts)
