"""Embeddings, rerank and tokenization: calls that read text and generate none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wx_notebook.sandbox.http.messages import Document, Reply, Request, ok, timestamp
from wx_notebook.sandbox.inference.models import LOCAL_MODELS, Model, ModelLibrary
from wx_notebook.sandbox.inference.prompts import (
    SCOPE_RULES,
    ScopeCheck,
    check_length,
    scoped_model,
)
from wx_notebook.sandbox.inference.reply_context import NO_MODEL
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.text_measures import (
    count_tokens,
    embed,
    similarity,
    split_tokens,
)

_COMMON = SCOPE_RULES | {"parameters": FieldRule("object"), "crypto": FieldRule("object")}
_TEXT = {"text": FieldRule("string")}
_PARAMETERS = {
    "truncate_input_tokens": FieldRule("integer"),
    "return_options": FieldRule("object"),
}
_RETURN_OPTIONS = {
    "input_text": FieldRule("boolean"),
    "top_n": FieldRule("integer", 1),
    "inputs": FieldRule("boolean"),
    "query": FieldRule("boolean"),
}
# scores are raw logits, positive and negative (fixtures of IBM's Java SDK)
_STEEPNESS, _MIDDLE = 24.0, 0.35
_RERANK_DIMENSION = 1024


class TextMeasures:
    """Answers calls that measure text; the parameters are those of `Generator`."""

    def __init__(
        self,
        check_scope: ScopeCheck,
        wall_clock: Callable[[], float],
        library: ModelLibrary = LOCAL_MODELS,
    ) -> None:
        self._check_scope = check_scope
        self._library = library
        self._wall_clock = wall_clock

    def answer(self, kind: str, request: Request) -> Reply:
        """Answer `embeddings`, `rerank` or `tokenization`.

        Raises
        ------
        ErrorResponse
            The service does not take the body.
        """
        answers = {
            "embeddings": self._embeddings,
            "rerank": self._rerank,
            "tokenization": self._tokenization,
        }
        # in IBM's API documentation the operations have the names of the calls
        return answers[kind](RequestBody(request.body, f"text-{kind}"))

    def _embeddings(self, body: RequestBody) -> Reply:
        rules = _COMMON | {"inputs": FieldRule("array of strings")}
        body.check(rules, required=("model_id", "inputs"))
        options = _options(body)
        model = self._model(body, "embedding")
        inputs: list[str] = body.document["inputs"]
        texts = _truncated(body, model, inputs, options)
        results: list[Document] = [
            {"embedding": embed(text, model.dimension, model.model_id)} for text in texts
        ]
        if options.get("input_text"):
            for text, result in zip(inputs, results, strict=True):
                result["input"] = text
        return self._reply(model, results=results, input_token_count=_total_tokens(texts))

    def _rerank(self, body: RequestBody) -> Reply:
        rules = _COMMON | {"query": FieldRule("string"), "inputs": FieldRule("array")}
        body.check(rules, required=("model_id", "query", "inputs"))
        inputs = []
        for index, each in enumerate(body.objects(body.document["inputs"], "inputs")):
            body.check(_TEXT, each, prefix=f"inputs[{index}].", required=("text",))
            inputs.append(each["text"])
        options = _options(body)
        model = self._model(body, "rerank")
        query: str = body.document["query"]
        texts = _truncated(body, model, inputs, options)
        target = embed(query, _RERANK_DIMENSION)
        scores = [
            round(_STEEPNESS * (similarity(target, embed(text, _RERANK_DIMENSION)) - _MIDDLE), 6)
            for text in texts
        ]
        order = sorted(range(len(inputs)), key=lambda index: -scores[index])
        results: list[Document] = [{"index": i, "score": scores[i]} for i in order]
        if options.get("inputs"):
            for result in results:
                result["input"] = {"text": inputs[result["index"]]}
        more: Document = {"query": query} if options.get("query") else {}
        return self._reply(
            model,
            results=results[: options.get("top_n")],
            input_token_count=_total_tokens([*texts, query]),
            **more,
        )

    def _tokenization(self, body: RequestBody) -> Reply:
        body.check(_COMMON | {"input": FieldRule("string")}, required=("model_id", "input"))
        parameters = body.object_at("parameters")
        body.check({"return_tokens": FieldRule("boolean")}, parameters, prefix="parameters.")
        model = self._model(body, "")
        tokens = split_tokens(body.document["input"])
        result: Document = {"token_count": len(tokens)}
        if parameters.get("return_tokens"):
            result["tokens"] = tokens
        return self._reply(model, result=result)

    def _model(self, body: RequestBody, function: str) -> Model:
        today = timestamp(self._wall_clock())[:10]
        return scoped_model(self._check_scope, today, self._library)(body, function)

    def _reply(self, model: Model, **fields: Any) -> Reply:  # noqa: ANN401  # JSON
        head = {"model_id": model.model_id, "created_at": timestamp(self._wall_clock())}
        return ok({**head, **fields, "system": {"warnings": [NO_MODEL]}})


def _options(body: RequestBody) -> Document:
    """Return what to send back, and how much of the input to read (`truncate`)."""
    parameters = body.object_at("parameters")
    body.check(_PARAMETERS, parameters, prefix="parameters.")
    options = body.object_at("return_options", parameters, "parameters.")
    body.check(_RETURN_OPTIONS, options, prefix="parameters.return_options.")
    return {**options, "truncate": parameters.get("truncate_input_tokens")}


def _truncated(body: RequestBody, model: Model, texts: list[str], options: Document) -> list[str]:
    """Return the part of each text that is read: the beginning, if the body limits it."""
    most = options["truncate"]
    if most is not None and most > 0:
        texts = ["".join(split_tokens(text)[:most]) for text in texts]
    for text in texts:
        check_length(body, model, count_tokens(text))
    return texts


def _total_tokens(texts: list[str]) -> int:
    return sum(count_tokens(text) for text in texts)
