"""The model gateway: the chat of watsonx.ai in OpenAI's protocol.

Replies and errors are those that IBM's Java SDK recorded; where no recording exists, OpenAI's.
"""

from __future__ import annotations

import base64
import itertools
import json
import struct
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    encode_json,
    json_object,
    ok,
)
from wx_notebook.sandbox.http.routes import GATEWAY
from wx_notebook.sandbox.inference.answers import Answer
from wx_notebook.sandbox.inference.choices import FINISH_REASONS, Choice
from wx_notebook.sandbox.inference.models import LOCAL_MODELS, Model, ModelLibrary
from wx_notebook.sandbox.inference.prompts import ModelFinder
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.text_measures import count_tokens, embed
from wx_notebook.sandbox.inference.token_details import chat_logprobs

#: The field in which OpenAI's clients show what answered.
FINGERPRINT = "wx_notebook-sandbox-no-model-was-asked"

_SHARED_FIELDS = (
    *("messages", "tools", "response_format", "seed", "temperature", "top_p", "n", "logit_bias"),
    *("frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "max_tokens"),
    *("max_completion_tokens", "parallel_tool_calls"),
)
# an effort of OpenAI's that the service does not know, by the nearest that it knows
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "minimal": "low", "xhigh": "high"}
_EMBEDDINGS = {
    "model": FieldRule("string"),
    "encoding_format": FieldRule("string", words=("float", "base64")),
    "dimensions": FieldRule("integer", 1),
}


@dataclass(frozen=True, slots=True)
class NativeBody:
    """The body of a chat as `text/chat` takes it; whether a stream, and its usage, is wanted."""

    data: bytes
    wants_stream: bool = False
    wants_usage: bool = False


def native_body(data: bytes, *, is_chat: bool) -> NativeBody:
    """Return an OpenAI body in the fields of watsonx.ai; one that is no JSON object is unchanged.

    Raises
    ------
    ErrorResponse
        400: it names no model, or no prompt.
    """
    document = json_object(data)
    if document is None:
        return NativeBody(data)
    for name in ("model", "messages" if is_chat else "prompt"):
        if document.get(name) is None:
            raise gateway_error(400, "invalid_request_entity", f"'{name}' is required.")
    body: Document = {name: document[name] for name in _SHARED_FIELDS if name in document}
    body["model_id"] = document["model"]
    if not is_chat:
        prompt = document["prompt"]
        # OpenAI takes a list of prompts, too; no recording shows the reply to more than one
        text = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
        body["messages"] = [{"role": "user", "content": text}]
    elif isinstance(body.get("messages"), list):
        body["messages"] = [_native_message(each) for each in body["messages"]]
    stop = document.get("stop")
    body["stop"] = [stop] if isinstance(stop, str) else stop
    choice = document.get("tool_choice")
    body["tool_choice_option" if isinstance(choice, str) else "tool_choice"] = choice
    if (effort := _EFFORTS.get(str(document.get("reasoning_effort")))) is not None:
        body["reasoning_effort"] = effort
    options = document.get("stream_options")
    return NativeBody(
        json.dumps(body).encode(),
        document.get("stream") is True,
        isinstance(options, dict) and options.get("include_usage") is True,
    )


def _native_message(message: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(message, dict) and message.get("role") == "developer":
        return {**message, "role": "system"}
    return message


def model_finder(today: str, library: ModelLibrary = LOCAL_MODELS) -> ModelFinder:
    """Return the finder for a body of the gateway, which names no project or space."""

    def find(body: RequestBody, function: str) -> Model:
        return _known_model(body.document["model_id"], function, today, library)

    return find


def _known_model(
    model_id: str, function: str, today: str, library: ModelLibrary = LOCAL_MODELS
) -> Model:
    model = library.find(model_id)
    if model is None or model.stage(today) == "withdrawn" or function not in model.functions:
        raise _unknown_model(model_id, library.hint(model_id))
    return model


def _unknown_model(model_id: str, hint: str = "") -> ErrorResponse:
    message = f"The model {model_id[:200]!r} was not found.{hint}"
    return gateway_error(404, "model_not_found", message)


def gateway_error(status: int, code: str, message: str) -> ErrorResponse:
    """Return the exception with an error document of the gateway."""
    error = {"code": code, "message": message, "request_id": uuid.uuid4().hex}
    return ErrorResponse(Reply(status, encode_json({"error": error})))


def as_gateway_error(reply: Reply) -> Reply:
    """Return an error of watsonx.ai in the form of the gateway's errors."""
    errors = (json_object(reply.body) or {}).get("errors")
    if not isinstance(errors, list):
        return reply
    error = gateway_error(reply.status, errors[0]["code"], errors[0]["message"])
    return Reply(reply.status, error.reply.body, headers=reply.headers)


def whole_reply(answer: Answer, *, is_chat: bool) -> Document:
    """Return the reply of `chat/completions` or `completions`."""
    choices = [_whole_choice(answer, choice, is_chat) for choice in answer.choices]
    kind = "chat.completion" if is_chat else "text_completion"
    return answer.context.gateway_document(kind, choices, FINGERPRINT, usage=answer.usage)


def _whole_choice(answer: Answer, choice: Choice, is_chat: bool) -> Document:
    document: Document = {
        "index": choice.index,
        "finish_reason": FINISH_REASONS[choice.reason],
        "logprobs": _logprobs(answer, choice, choice.tokens, 0) if is_chat else None,
    }
    if not is_chat:
        return {**document, "text": choice.text}
    message: Document = {"role": "assistant", "content": choice.text, "refusal": None}
    if choice.calls:
        calls = choice.call_documents()
        message = {"role": "assistant", "content": None, "tool_calls": calls}
    if choice.reasoning:
        message["reasoning_content"] = "".join(choice.reasoning)
    return {**document, "message": message}


def _logprobs(
    answer: Answer, choice: Choice, tokens: Sequence[str], start: int
) -> Document | None:  # fmt: skip
    """Return log probabilities as OpenAI has them (types of IBM's Node SDK), None if not asked."""
    top = answer.context.prompt.top_logprobs
    if top is None or choice.calls:
        return None
    content = chat_logprobs(tokens, start, top)["content"]
    for entry in content:
        for each in (entry, *entry.setdefault("top_logprobs", [])):
            each["bytes"] = list(each["token"].encode("utf-8", "replace"))
    return {"content": content, "refusal": []}


def chunks_of(answer: Answer, *, is_chat: bool, with_usage: bool) -> list[Document]:
    """Return the documents of a stream; the usage has its own, behind the last text (recorded)."""
    kind = "chat.completion.chunk" if is_chat else "text_completion"

    def chunk(choice: Choice, delta: Document, reason: str = "", **more: object) -> Document:
        # "" and not null until the end (recorded)
        part: Document = {"index": choice.index, "finish_reason": reason, "logprobs": None}
        part |= {"delta": delta} if is_chat else {"text": delta.get("content", "")}
        usage = more.pop("usage", None)
        return answer.context.gateway_document(kind, [{**part, **more}], FINGERPRINT, usage=usage)

    def of_one(choice: Choice) -> list[Document]:
        chunks = [chunk(choice, {"role": "assistant", "content": ""})]
        thoughts = choice.reasoning if is_chat else ()
        chunks += [chunk(choice, {"reasoning_content": text}) for text in thoughts]
        if choice.calls:
            chunks += [chunk(choice, delta) for delta in choice.call_deltas()]
        else:
            for start, token in enumerate(choice.tokens or ("",)):
                logprobs = _logprobs(answer, choice, [token], start) if is_chat else None
                chunks.append(chunk(choice, {"content": token}, logprobs=logprobs))
        return [*chunks, chunk(choice, {}, FINISH_REASONS[choice.reason])]

    turns = itertools.zip_longest(*(of_one(choice) for choice in answer.choices))
    chunks = [each for turn in turns for each in turn if each is not None]
    if with_usage:
        chunks.append(chunk(answer.choices[0], {"content": ""}, usage=answer.usage))
    return chunks


def events_of(chunks: Iterable[Document]) -> Iterator[bytes]:
    """Yield the events of a stream: `data` lines alone, and `[DONE]` at the end."""
    for document in chunks:
        yield b"data: %s\n\n" % encode_json(document)
    yield b"data: [DONE]\n\n"


def list_models(request: Request, today: str, library: ModelLibrary = LOCAL_MODELS) -> Reply:
    """Answer `GET /ml/gateway/v1/models`, and the same with the id of one model.

    Raises
    ------
    ErrorResponse
        404: there is no such model.
    """
    running = [_entry(model) for model in library.models() if model.stage(today) != "withdrawn"]
    model_id = unquote(request.path.removeprefix(f"{GATEWAY}/models").removeprefix("/"))
    if not model_id:
        return ok({"object": "list", "data": running})
    for each in running:
        if model_id in (each["uuid"], each["id"]):
            return ok(each)
    raise _unknown_model(model_id)


def _entry(model: Model) -> Document:
    return {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, model.model_id)),
        "id": model.model_id,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": model.provider,
        "alias": model.model_id,
        "description": f"{model.about} {model.origin}",
        "metadata": {},
    }


def embeddings(data: bytes, today: str) -> Reply:
    """Answer `POST /ml/gateway/v1/embeddings`.

    Raises
    ------
    ErrorResponse
        400 or 404.
    """
    body = RequestBody(data, "")
    body.check(_EMBEDDINGS, required=("model", "input"))
    value = body.document["input"]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise body.incomplete("'input' must be a text or a list of texts.", "input")
    model = _known_model(body.document["model"], "embedding", today)
    dimension = min(body.document.get("dimensions", model.dimension), model.dimension)
    vectors = [embed(text, dimension, model.model_id) for text in texts]
    in_base64 = body.document.get("encoding_format") == "base64"
    read = sum(count_tokens(text) for text in texts)
    return ok(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _packed(v) if in_base64 else v}
                for index, v in enumerate(vectors)
            ],
            "model": model.model_id,
            "usage": {"prompt_tokens": read, "total_tokens": read},
            "system_fingerprint": FINGERPRINT,
        }
    )


def _packed(vector: list[float]) -> str:
    # the default of OpenAI's own client: float32, little-endian
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
