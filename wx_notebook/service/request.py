"""A request to the service as a value that can be shown before it is sent.

Names and ranges: request types of IBM's Node SDK (`vml_v1.ts`), builders of its Java SDK
(`BaseChatParameters`, `TextGenerationParameters`).

Reasoning, as IBM's Java SDK sends it (`ChatUtility.buildTextChatRequest`): `reasoning_effort` is
for models such as gpt-oss, whose templates do not know the switches of `chat_template_kwargs`,
and the other way round for Granite, which knows "thinking" (also `TextChatParameters` of IBM's
Python SDK 1.8.1), and for those of others that know "enable_thinking". A template leaves alone
what it does not know, so all go along and the model takes its own. No public source has a word for
"none at all": where a model cannot do without, `include_reasoning` keeps its thinking to itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.transport import LARGEST_BODY

Base: TypeAlias = Literal["inference", "platform"]
Message: TypeAlias = Mapping[str, Any]
#: A text, or messages such as ``{"role": "user", "content": "..."}``.
Prompt: TypeAlias = str | Sequence[Message]
#: Which of the service's shapes the answer has.
Endpoint: TypeAlias = Literal["chat", "generation", "other"]
#: The date of the API's behaviour that this package was written for: what IBM's Python SDK 1.8.1
#: sends. The service answers older and newer ones alike.
API_VERSION = "2026-10-14"
#: Of a limit in time: the rest is for the way, so that what was written arrives before it.
_SHARE_OF_THE_TIME = 0.9
#: The shortest that a plan lets one call take (`limits` of `foundation_model_specs`). The service's
#: own limit ends what is given more, and it may refuse a number above that.
_PLANS_LIMIT_S = 300
#: What stands beside a generation's `parameters`, not in them.
_BESIDE_PARAMETERS = ("moderations", "crypto")
#: No field of the API says "go on": a chat is asked to, in words that people use for it.
_CONTINUE = (
    "Your answer was cut. Go on exactly where it ended, in the middle of a word if it ended there. "
    "Repeat nothing and add no remark."
)


class PictureFacts(NamedTuple):
    """A picture in a request: what the user calls it, what it is, and an estimate of its tokens."""

    name: str
    about: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the service; `Service` adds the address and the token.

    `format`, `default_model` and `pictures` are not sent: as what the answer is shown, whether
    nobody chose the model, and what is known of the pictures in the body. `timeout_s` is the whole
    time that it may take, None for the transport's own limits. `on_answer` is called with what
    arrives as its answer, whole or in part, and again with each longer form that `Answer.more`
    makes of it; of a request that `is_part` of another one's way, with those longer forms alone.
    `rounds` sends it where an answer may call tools: see `PromptPipeline.open`. A `background`
    request lets others go first, and is sent once: who sends it sees to its repetition. `on_send`
    is called right before it is sent. `schema` reads the answer as a value, and with `repairs` the
    model may be asked once more for one that fits. `data` is a body that is no JSON, such as a
    file. `cache` has the answers that were paid for before.
    """

    path: str
    endpoint: Endpoint = "other"
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    base: Base = "inference"
    stream: bool = False
    paid: bool = False
    authorized: bool = True
    format: str = "auto"
    default_model: bool = False
    timeout_s: float | None = None
    pictures: tuple[PictureFacts, ...] = ()
    on_answer: Callable[[Any], None] | None = field(default=None, repr=False, compare=False)
    rounds: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    background: bool = False
    on_send: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    schema: Any = field(default=None, repr=False, compare=False)
    repairs: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = field(default=None, repr=False)
    largest_reply: int = LARGEST_BODY
    cache: Any = field(default=None, repr=False, compare=False)
    is_part: bool = field(default=False, repr=False, compare=False)

    @property
    def method(self) -> str:
        """POST with a body, GET without."""
        return "GET" if self.body is None and self.data is None else "POST"

    @property
    def deployment(self) -> str:
        """The deployment that is asked, "" for a model."""
        _, is_one, rest = self.path.partition("/deployments/")
        return rest.partition("/")[0] if is_one else ""

    @property
    def query(self) -> dict[str, str]:
        """The query, with the `version` that every call of the inference API must carry."""
        version = {"version": API_VERSION} if self.base == "inference" else {}
        return version | dict(self.params)

    @property
    def model_id(self) -> str:
        """The model that is asked, "" where none is."""
        return str((self.body or {}).get("model_id", ""))

    @property
    def count(self) -> int:
        """The number of answers that it asks for."""
        return int((self.body or {}).get("n", 1))

    @property
    def asks_for_details(self) -> bool:
        """Whether it asks for details of tokens, such as log probabilities."""
        body = self.body or {}
        options = (body.get("parameters") or {}).get("return_options")
        options = options if isinstance(options, Mapping) else {}
        lists = (options.get("generated_tokens"), options.get("input_tokens"))
        return bool(body.get("logprobs") or any(lists))

    def message_texts(self) -> list[str]:
        """Return the texts of the prompt, one for each message, without pictures and tools."""
        body = self.body or {}
        texts = [body["input"]] if isinstance(body.get("input"), str) else []
        return texts + [_text_of(message.get("content")) for message in body.get("messages") or ()]

    @property
    def asked_text(self) -> str:
        """The text of the prompt without what a model wrote in it."""
        messages = (self.body or {}).get("messages")
        if not messages:
            return "".join(self.message_texts())
        asked = (one.get("content") for one in messages if one.get("role") != "assistant")
        return "\n".join(map(_text_of, asked))

    @property
    def masks_findings(self) -> bool:
        """Whether the prompt asks guardrails not to repeat the words that they find."""
        asked = (self.body or {}).get("moderations")
        detectors = asked.values() if isinstance(asked, Mapping) else ()
        masks = [one.get("mask") for one in detectors if isinstance(one, Mapping)]
        return any(isinstance(one, Mapping) and one.get("remove_entity_value") for one in masks)

    def shown(self, base_url: str, written: Callable[[Any], str] | None = None) -> str:
        """Return the request as a person reads it; the body is exactly what goes out.

        `written` makes JSON text of the body, where a reader is to see characters that are not
        seen otherwise.
        """
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        head = f"{self.method} {base_url}{self.path}" + (f"?{query}" if query else "")
        if self.body is None:
            return head
        body = (
            written(self.body) if written else json.dumps(self.body, indent=2, ensure_ascii=False)
        )
        return f"{head}\n\n{body}"


def _text_of(content: object) -> str:
    """Return the text of a message's content, which may be a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else ()
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "".join(text for text in texts if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a prompt is billed to: a project, or else a space."""

    project_id: str = ""
    space_id: str = ""

    def as_body(self) -> dict[str, str]:
        """Return the field that names it; the project wins."""
        if self.project_id:
            return {"project_id": self.project_id}
        return {"space_id": self.space_id} if self.space_id else {}


def prompt_request(
    options: Options,
    endpoint: Endpoint,
    asked: Mapping[str, Any],
    *,
    model_id: str,
    scope: Scope,
    stream: bool,
    **about: Any,  # noqa: ANN401  # fields of `Request` that are not sent
) -> Request:
    """Return the paid request that puts `asked` to an endpoint; a deployment has its own path."""
    name = f"text/{endpoint}{'_stream' if stream else ''}"
    if options.deployment is None:
        path = f"/ml/v1/{name}"
        body = {"model_id": model_id, **scope.as_body(), **asked}
    else:
        # of the characters that its kind allows none can change a path; model and who pays it knows
        path = f"/ml/v1/deployments/{options.deployment}/{name}"
        body = dict(asked)
    return Request(
        path, endpoint, body, stream=stream, paid=True, format=options.shown_format,
        timeout_s=options.timeout, **about,
    )  # fmt: skip


def chat_parameters(options: Options) -> dict[str, Any]:
    """Return the fields of a chat beside its messages."""
    # the service's own word; `max_tokens` is its deprecated name
    found: dict[str, Any] = {"max_completion_tokens": options.max_tokens}
    found |= _given(options, temperature="temperature", top_p="top_p", seed="seed", stop="stop")
    if options.reasoning is not None:
        found |= _reasoning(options.reasoning)
    if options.n is not None and options.n > 1:
        found["n"] = options.n
    found |= _time_limit(options)
    found |= options.param or {}
    if options.format == "json":
        # a schema given by -p is more exact than ours
        found.setdefault("response_format", {"type": "json_object"})
    return found


def generation_parameters(options: Options) -> dict[str, Any]:
    """Return the fields of a generation beside its text."""
    found: dict[str, Any] = {"max_new_tokens": options.max_tokens}
    sampling = _given(options, temperature="temperature", top_p="top_p")
    if sampling:
        # these say something to the sampling method only
        found |= {"decoding_method": "sample", **sampling}
    found |= _given(options, seed="random_seed", stop="stop_sequences")
    found |= _time_limit(options)
    others = dict(options.param or {})
    beside = {name: others.pop(name) for name in _BESIDE_PARAMETERS if name in others}
    return {"parameters": found | others, **beside}


def _given(options: Options, **names: str) -> dict[str, Any]:
    """Return the options that were given, under the service's names for them."""
    found: dict[str, Any] = {}
    for option, name in names.items():
        value = getattr(options, option)
        if isinstance(value, tuple):
            value = list(value) or None
        if value is not None:
            found[name] = value
    return found


def _reasoning(level: str) -> dict[str, Any]:
    thinks = level != "off"
    effort = {"reasoning_effort": level} if thinks else {"include_reasoning": False}
    return effort | {"chat_template_kwargs": {"thinking": thinks, "enable_thinking": thinks}}


def _time_limit(options: Options) -> dict[str, int]:
    """Return the field by which the service hands over what is written when the time is up."""
    if options.timeout is None or options.timeout > _PLANS_LIMIT_S:
        return {}
    return {"time_limit": max(1, round(options.timeout * _SHARE_OF_THE_TIME * 1000))}


def continuation_request(request: Request, text: str) -> Request:
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
        parameters = dict(body.get("parameters", {}))
        returned = dict(parameters.get("return_options") or {})
        # it puts the prompt in front of the text: that has it already
        has_prompt = returned.pop("input_text", False)
        body["input"] = text if has_prompt else f"{body.get('input', '')}{text}"
        if has_prompt:
            body["parameters"] = parameters | {"return_options": returned}
    else:
        body["messages"] = [
            *body.get("messages", ()),
            {"role": "assistant", "content": text},
            {"role": "user", "content": _CONTINUE},
        ]
        # the rest of a JSON document is no JSON document, and it is the rest of one answer
        for name in ("response_format", "n", "tools", "tool_choice_option"):
            body.pop(name, None)
    # what follows is a part; `on_answer` gets both parts together
    return replace(request, body=body, on_answer=None, rounds=None, schema=None, cache=None)
