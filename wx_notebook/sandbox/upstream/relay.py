"""Prompts that another server answers: translated there, and its reply translated back.

Fields of watsonx.ai without a counterpart in OpenAI's protocol, such as `time_limit` and
`return_options`, are left out. Of `moderations`, those of the prompt block it here; nothing is
looked for in the upstream's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from wx_notebook.sandbox.http.messages import DOCS, Document, Reply, Request, Stream, ok, timestamp
from wx_notebook.sandbox.inference import gateway
from wx_notebook.sandbox.inference.catalogue import Deployments
from wx_notebook.sandbox.inference.generator import blocked_reply
from wx_notebook.sandbox.inference.models import Model, ModelLibrary
from wx_notebook.sandbox.inference.moderation import detect_in_prompt
from wx_notebook.sandbox.inference.prompts import (
    ANCHORS,
    GENERATION_TOKENS,
    ModelFinder,
    Prompt,
    ScopeCheck,
    known_model,
    read_chat,
    read_prompt,
    scoped_model,
)
from wx_notebook.sandbox.inference.reply_context import ReplyContext, reply_warnings
from wx_notebook.sandbox.inference.request_body import RequestBody, needs_thread
from wx_notebook.sandbox.upstream import translate_reply, translate_stream
from wx_notebook.sandbox.upstream.client import Upstream, UpstreamReply
from wx_notebook.sandbox.upstream.upstream_errors import UpstreamError, as_service_error

_CHAT, _COMPLETION = "/chat/completions", "/completions"
# how a server says that it has no such path
_NO_PATH = (404, 405, 501)

_SAME_IN_CHAT = (
    *("messages", "tools", "tool_choice", "response_format", "seed", "stop", "temperature"),
    *("top_p", "n", "logit_bias", "logprobs", "top_logprobs", "frequency_penalty"),
    *("presence_penalty", "reasoning_effort", "parallel_tool_calls"),
    # unknown to OpenAI, but known to vLLM and in part to llama.cpp; other servers ignore them
    *("repetition_penalty", "length_penalty", "chat_template_kwargs", "include_reasoning"),
    *("guided_choice", "guided_regex", "guided_grammar"),
)
# constraints by vLLM's newer name for them
_GUIDES = {"guided_choice": "choice", "guided_regex": "regex", "guided_grammar": "grammar"}
_IN_GENERATION = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "random_seed": "seed",
    "stop_sequences": "stop",
    "repetition_penalty": "repetition_penalty",
    "min_new_tokens": "min_tokens",
    "include_stop_sequence": "include_stop_str_in_output",
}


class Relay:
    """Answers prompts in place of `Generator`, whose parameters it shares.

    Parameters
    ----------
    upstream
        The server that is asked.
    library
        The names of its models.
    """

    def __init__(
        self,
        check_scope: ScopeCheck,
        deployments: Deployments,
        upstream: Upstream,
        library: ModelLibrary,
        wall_clock: Callable[[], float],
    ) -> None:
        self._check_scope = check_scope
        self._deployments = deployments
        self._upstream = upstream
        self._library = library
        self._wall_clock = wall_clock
        self._has_completions = True

    async def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a prompt in the way that its kind, a key of `ANCHORS`, asks for.

        Raises
        ------
        ErrorResponse
            The service does not take the body, or the upstream did not answer.
        """
        try:
            if kind.startswith("gateway_"):
                return await self._gateway(request, is_chat=kind == "gateway_chat")
            if "chat" in kind:
                return await self._chat(kind, request)
            return await self._generation(kind, request)
        except UpstreamError as upstream_error:
            error = as_service_error(upstream_error, ANCHORS[kind])
        raise error

    async def _chat(self, kind: str, request: Request) -> Reply | Stream:
        prompt = await self._read(kind, request)
        streams = kind.endswith("_stream")
        if blocked := self._blocked(prompt, is_chat=True, streams=streams):
            return blocked
        body = chat_body(RequestBody(request.body, "").document, prompt, streams=streams)
        reply = await self._upstream.post(_CHAT, body)
        context = self._context(prompt, is_chat=True)
        error = self._upstream.error
        if streams:
            return await _stream(
                reply, lambda each: translate_stream.chat_events(each, context, error)
            )
        return ok(translate_reply.chat_reply(await reply.document(), context, error))

    async def _generation(self, kind: str, request: Request) -> Reply | Stream:
        prompt = await self._read(kind, request)
        streams = kind.endswith("_stream")
        if blocked := self._blocked(prompt, is_chat=False, streams=streams):
            return blocked
        fields = RequestBody(request.body, "").document
        text = fields["input"]
        rest = generation_body(fields, prompt.model.upstream_name, streams=streams)
        reply = await self._complete(text, rest)
        context = self._context(prompt, is_chat=False)
        error = self._upstream.error
        if streams:
            return await _stream(
                reply, lambda each: translate_stream.generation_events(each, context, error)
            )
        return ok(translate_reply.generation_reply(await reply.document(), context, error))

    async def _gateway(self, request: Request, *, is_chat: bool) -> Reply | Stream:
        native = gateway.native_body(request.body, is_chat=is_chat)
        find_model = gateway.model_finder(self._today(), self._library)
        prompt = read_chat(native.data, "", find_model)
        body = chat_body(RequestBody(native.data, "").document, prompt, streams=native.wants_stream)
        if is_chat:
            reply = await self._upstream.post(_CHAT, body)
        else:
            rest = {name: value for name, value in body.items() if name != "messages"}
            reply = await self._complete(prompt.messages[-1].text, rest)
        context = self._context(prompt, is_chat=True)
        error = self._upstream.error
        if native.wants_stream:
            return await _stream(
                reply,
                lambda each: translate_stream.gateway_events(
                    each, context, error, is_chat=is_chat, with_usage=native.wants_usage
                ),
            )
        document = await reply.document()
        return ok(translate_reply.gateway_reply(document, context, error, is_chat=is_chat))

    async def _complete(self, text: str, rest: Document) -> UpstreamReply:
        """Ask for the continuation of a text; an upstream that has only chats gets it as a chat."""
        if self._has_completions:
            try:
                return await self._upstream.post(_COMPLETION, {**rest, "prompt": text})
            except UpstreamError as error:
                # the model is in its list: only the path can be missing
                if error.status not in _NO_PATH:
                    raise
        messages = [{"role": "user", "content": text}]
        reply = await self._upstream.post(_CHAT, {**rest, "messages": messages})
        self._has_completions = False
        return reply

    async def _read(self, kind: str, request: Request) -> Prompt:
        """Return the prompt after the checks that the service makes."""
        if kind.startswith("deployment_"):
            find_model = self._deployment_finder(request.path)
        else:
            find_model = scoped_model(self._check_scope, self._today(), self._library)
        if needs_thread(request.body):
            return await asyncio.to_thread(read_prompt, kind, request.body, find_model)
        return read_prompt(kind, request.body, find_model)

    def _deployment_finder(self, path: str) -> ModelFinder:
        find = self._deployments.model_finder(path)

        def find_model(body: RequestBody, function: str) -> Model:
            name = find(body, function).model_id
            return known_model(body, name, function, self._today(), self._library)

        return find_model

    def _blocked(self, prompt: Prompt, *, is_chat: bool, streams: bool) -> Reply | Stream | None:
        found = detect_in_prompt(prompt.guardrails, [each.text for each in prompt.messages])
        if not found:
            return None
        context = self._context(prompt, is_chat=is_chat)
        return blocked_reply(context, found, is_chat=is_chat, streams=streams)

    def _context(self, prompt: Prompt, *, is_chat: bool) -> ReplyContext:
        warnings = reply_warnings(prompt, self._today(), is_chat=is_chat)
        # the terms are those of whoever runs the upstream
        warnings = [each for each in warnings if each["id"] != "disclaimer_warning"]
        asked, answered = prompt.model.model_id, prompt.model.upstream_name
        if asked != answered:
            message = f"Not {asked!r}: {answered!r} at {self._upstream.url} wrote this answer."
            warnings.append({"message": message, "id": "sandbox_upstream", "more_info": DOCS})
        return ReplyContext.begin(prompt, warnings, self._wall_clock)

    def _today(self) -> str:
        return timestamp(self._wall_clock())[:10]


async def _stream(
    reply: UpstreamReply, translate: Callable[[AsyncIterator[Document]], AsyncIterator[bytes]]
) -> Stream:
    if reply.is_stream:
        chunks = reply.events()
    else:
        chunks = translate_reply.as_chunks(await reply.document())
    return Stream(translate(chunks), None, close=reply.close)


def chat_body(fields: Document, prompt: Prompt, *, streams: bool) -> Document:
    """Return the body of `/chat/completions` for the fields of a chat that passed the checks."""
    body: Document = {"model": prompt.model.upstream_name}
    body |= {name: fields[name] for name in _SAME_IN_CHAT if name in fields}
    body["messages"] = [
        {name: value for name, value in message.items() if value is not None}
        for message in fields["messages"]
    ]
    if "tool_choice_option" in fields and "tools" in fields:
        body["tool_choice"] = fields["tool_choice_option"]
    if "guided_json" in fields and "response_format" not in fields:
        schema = {"name": "answer", "schema": prompt.constraints.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    guides = {new: fields[old] for old, new in _GUIDES.items() if fields.get(old)}
    if guides:
        body["structured_outputs"] = guides
    # Ollama knows only the older of the two names; 0 stands for all that the model can write
    if fields.get("max_completion_tokens", fields.get("max_tokens")) != 0:
        body["max_tokens"] = prompt.most_tokens
    return {**body, **_stream_fields(streams)}


def generation_body(fields: Document, model: str, *, streams: bool) -> Document:
    """Return the body for a text generation, without the text itself."""
    parameters = fields.get("parameters", {})
    body: Document = {"model": model}
    for ours, theirs in _IN_GENERATION.items():
        if parameters.get(ours) is not None:
            body[theirs] = parameters[ours]
    if parameters.get("decoding_method") == "greedy":
        body["temperature"] = 0
    most = parameters.get("max_new_tokens")
    body["max_tokens"] = GENERATION_TOKENS if most is None else most
    return {**body, **_stream_fields(streams)}


def _stream_fields(streams: bool) -> Document:
    # the service always reports the usage, OpenAI only on request
    return {"stream": streams, **({"stream_options": {"include_usage": True}} if streams else {})}
