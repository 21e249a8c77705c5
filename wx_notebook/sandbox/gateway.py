"""The model gateway: the chat of watsonx.ai in the words of OpenAI.

Replies and errors as IBM's Java SDK records them; what no record shows is as OpenAI has it.
"""

from __future__ import annotations

import base64
import json
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.answers import Answer
from wx_notebook.sandbox.documents import FINISH_REASONS, deltas_of
from wx_notebook.sandbox.fields import Body, Rule
from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.prompts import ModelOf
from wx_notebook.sandbox.replies import ok
from wx_notebook.sandbox.vectors import embed
from wx_notebook.sandbox.wire import Refused, Reply, Request, encode, json_object

Document = dict[str, Any]

PATH = "/ml/gateway/v1"
#: Where OpenAI's clients look for a sign of what answered.
FINGERPRINT = "wx_notebook-sandbox-no-model-was-asked"

_SAME = (
    *("messages", "tools", "response_format", "seed", "temperature", "top_p", "n", "logit_bias"),
    *("frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "max_tokens"),
    *("max_completion_tokens",),
)
_DONE = b"data: [DONE]\n\n"
_EMBEDDINGS = {
    "model": Rule("string"),
    "encoding_format": Rule("string", words=("float", "base64")),
    "dimensions": Rule("integer", 1),
}


@dataclass(frozen=True, slots=True)
class Native:
    """The body of a chat as `text/chat` takes it, and whether the reply is a stream."""

    data: bytes
    wants_stream: bool


def native(data: bytes, *, is_chat: bool) -> Native:
    """Return an OpenAI body in the fields of watsonx.ai; what is no JSON object stays as it is.

    Raises
    ------
    Refused
        400: it names no model, or no prompt.
    """
    document = json_object(data)
    if document is None:
        return Native(data, wants_stream=False)
    for name in ("model", "messages" if is_chat else "prompt"):
        if document.get(name) is None:
            raise refused(400, "invalid_request_entity", f"'{name}' is required.")
    body: Document = {name: document[name] for name in _SAME if name in document}
    body["model_id"] = document["model"]
    if not is_chat:
        prompt = document["prompt"]
        # OpenAI takes a list of prompts too; of more than one nobody has shown the reply
        text = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
        body["messages"] = [{"role": "user", "content": text}]
    elif isinstance(body.get("messages"), list):
        body["messages"] = [_message(each) for each in body["messages"]]
    stop = document.get("stop")
    body["stop"] = [stop] if isinstance(stop, str) else stop
    choice = document.get("tool_choice")
    body["tool_choice_option" if isinstance(choice, str) else "tool_choice"] = choice
    return Native(json.dumps(body).encode(), wants_stream=document.get("stream") is True)


def _message(message: Any) -> Any:  # noqa: ANN401  # JSON
    if not isinstance(message, dict):
        return message
    changed = dict(message)
    if changed.get("role") == "developer":
        changed["role"] = "system"
    content = changed.get("content")
    # OpenAI takes a list of parts from everyone, the service only from the user
    if changed.get("role") != "user" and isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        changed["content"] = "\n".join(text for text in texts if isinstance(text, str))
    return changed


def model_of(today: str, library: Library = SHELF) -> ModelOf:
    """Return what finds the model of a body; the gateway asks for no project or space in it."""

    def find(body: Body, function: str) -> Model:
        return _known(body.document["model_id"], function, today, library)

    return find


def _known(model_id: str, function: str, today: str, library: Library = SHELF) -> Model:
    model = library.find(model_id)
    if model is None or model.stage(today) == "withdrawn" or function not in model.functions:
        message = f"The model {model_id[:200]!r} was not found.{library.missing(model_id)}"
        raise refused(404, "model_not_found", message)
    return model


def refused(status: int, code: str, message: str) -> Refused:
    """Return the exception that answers with an error document of the gateway."""
    error = {"code": code, "message": message, "request_id": uuid.uuid4().hex}
    return Refused(Reply(status, encode({"error": error})))


def translated(reply: Reply) -> Reply:
    """Return a refusal of watsonx.ai in the shape of the gateway's."""
    document = json_object(reply.body) or {}
    errors = document.get("errors")
    if not isinstance(errors, list):
        return reply
    told = refused(reply.status, errors[0]["code"], errors[0]["message"]).reply
    return Reply(reply.status, told.body, headers=reply.headers)


def whole(answer: Answer, *, is_chat: bool) -> Document:
    """Return the reply of `chat/completions` or `completions`."""
    reason = FINISH_REASONS[answer.reason]
    choice: Document = {"index": 0, "finish_reason": reason, "logprobs": None}
    if is_chat:
        choice["message"] = _message_of(answer)
    else:
        choice["text"] = "".join(answer.pieces)
    what = "chat.completion" if is_chat else "text_completion"
    return {**_head(answer, what), "choices": [choice], "usage": answer.usage}


def _message_of(answer: Answer) -> Document:
    if answer.call is None:
        return {"role": "assistant", "content": "".join(answer.pieces), "refusal": None}
    function = {"name": answer.call.name, "arguments": answer.call.arguments}
    call = {"id": answer.call.id, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def events(answer: Answer, *, is_chat: bool) -> Iterator[bytes]:
    """Yield the events of a stream: bare `data` lines, and `[DONE]` at the end."""
    what = "chat.completion.chunk" if is_chat else "text_completion"

    def chunk(delta: Document, finish_reason: str = "", **more: object) -> bytes:
        # "" and not null while it goes on, and one choice beside the usage too (recorded)
        choice: Document = {"index": 0, "finish_reason": finish_reason}
        choice |= {"delta": delta} if is_chat else {"text": delta.get("content", "")}
        return b"data: %s\n\n" % encode({**_head(answer, what), "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    for delta in deltas_of(answer):
        yield chunk(delta)
    yield chunk({}, FINISH_REASONS[answer.reason], usage=answer.usage)
    yield _DONE


def _head(answer: Answer, what: str) -> Document:
    return {
        "id": answer.id,
        "object": what,
        "created": answer.created,
        "model": answer.prompt.model.model_id,
        "cached": False,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def models(request: Request, today: str, library: Library = SHELF) -> Reply:
    """Answer `GET /ml/gateway/v1/models`, and with an id or alias behind it, of that one.

    Raises
    ------
    Refused
        404: there is none such.
    """
    running = [_about(model) for model in library.models() if model.stage(today) != "withdrawn"]
    wanted = unquote(request.path.removeprefix(f"{PATH}/models").removeprefix("/"))
    if not wanted:
        return ok({"object": "list", "data": running})
    for each in running:
        if wanted in (each["uuid"], each["id"]):
            return ok(each)
    raise refused(404, "model_not_found", f"The model {wanted[:200]!r} was not found.")


def _about(model: Model) -> Document:
    return {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, model.model_id)),
        "id": model.model_id,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": model.provider,
        "alias": model.model_id,
        "description": f"{model.about} {model.what_answers}",
        "metadata": {},
    }


def embeddings(data: bytes, today: str) -> Reply:
    """Answer `POST /ml/gateway/v1/embeddings`.

    Raises
    ------
    Refused
        400 or 404.
    """
    body = Body(data, "")
    body.check(_EMBEDDINGS, required=("model", "input"))
    given = body.document["input"]
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise body.wrong("'input' must be a text or a list of texts.", "input")
    model = _known(body.document["model"], "embedding", today)
    dimension = min(body.document.get("dimensions", model.dimension), model.dimension)
    vectors = [embed(text, dimension, model.model_id) for text in texts]
    in_base64 = body.document.get("encoding_format") == "base64"
    read = sum(pieces.count(text) for text in texts)
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
    # what OpenAI's own client asks for unless told otherwise: float32, little end first
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
