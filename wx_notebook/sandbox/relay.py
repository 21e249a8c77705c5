"""Prompts that another server answers: what comes in goes there, what it says comes back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from wx_notebook.sandbox import gateway, prompts, relay_body, relay_reply, relay_stream
from wx_notebook.sandbox.answers import warnings
from wx_notebook.sandbox.deployments import Deployments
from wx_notebook.sandbox.fields import Body
from wx_notebook.sandbox.inference import ANCHORS
from wx_notebook.sandbox.library import Library
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.relay_reply import About
from wx_notebook.sandbox.replies import DOCS, ok
from wx_notebook.sandbox.trouble import Trouble, refused
from wx_notebook.sandbox.upstream import Opened, Upstream
from wx_notebook.sandbox.upstream_events import documents
from wx_notebook.sandbox.wire import Reply, Request, Stream, created_at

Document = dict[str, Any]

_CHAT, _COMPLETION = "/chat/completions", "/completions"
#: How a server says that it has no such path.
_NO_PATH = (404, 405, 501)


class Relay:
    """Answers prompts in place of `Inference`, whose parameters it shares.

    Parameters
    ----------
    upstream
        Who is asked.
    library
        By which name which of its models is asked.
    """

    def __init__(
        self,
        admit: prompts.Admit,
        deployments: Deployments,
        upstream: Upstream,
        library: Library,
        wall_clock: Callable[[], float],
    ) -> None:
        self._admit = admit
        self._deployments = deployments
        self._upstream = upstream
        self._library = library
        self._wall_clock = wall_clock
        self._completes_texts = True

    def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a prompt in the way that its path asks for, a key of `ANCHORS`.

        Raises
        ------
        Refused
            The body is not what the service takes, or the upstream did not answer.
        """
        try:
            if kind.startswith("gateway_"):
                return self._at_the_gateway(request, is_chat=kind == "gateway_chat")
            if "chat" in kind:
                return self._chat(kind, request)
            return self._generation(kind, request)
        except Trouble as trouble:
            problem = refused(trouble, ANCHORS[kind])
        raise problem

    def _chat(self, kind: str, request: Request) -> Reply | Stream:
        streams = kind.endswith("_stream")
        prompt, asked = self._read(kind, request)
        body = relay_body.chat(asked, prompt, prompt.model.behind, streams=streams)
        opened = self._upstream.open(_CHAT, body, request.wait_for)
        about = self._about(prompt, is_chat=True)
        told = self._upstream.told
        if streams:
            return _stream(opened, lambda chunks: relay_stream.chat(chunks, about, told))
        return ok(relay_reply.chat(opened.document(), about, told))

    def _generation(self, kind: str, request: Request) -> Reply | Stream:
        streams = kind.endswith("_stream")
        prompt, asked = self._read(kind, request)

        def body(*, as_chat: bool) -> Document:
            return relay_body.generation(
                asked, prompt.model.behind, streams=streams, as_chat=as_chat
            )

        opened = self._complete(body, request)
        about = self._about(prompt, is_chat=False)
        told = self._upstream.told
        if streams:
            return _stream(opened, lambda chunks: relay_stream.generation(chunks, about, told))
        return ok(relay_reply.generation(opened.document(), about, told))

    def _at_the_gateway(self, request: Request, *, is_chat: bool) -> Reply | Stream:
        native = gateway.native(request.body, is_chat=is_chat)
        find = gateway.model_of(self._today(), self._library)
        prompt = prompts.chat(native.data, "", find)
        streams = native.wants_stream
        asked = Body(native.data, "").document
        chat = relay_body.chat(asked, prompt, prompt.model.behind, streams=streams)

        def body(*, as_chat: bool) -> Document:
            if as_chat:
                return chat
            rest = {name: value for name, value in chat.items() if name != "messages"}
            return {**rest, "prompt": prompt.turns[-1].text}

        if is_chat:
            opened = self._upstream.open(_CHAT, chat, request.wait_for)
        else:
            opened = self._complete(body, request)
        about = self._about(prompt, is_chat=True)
        told = self._upstream.told
        if streams:
            return _stream(
                opened,
                lambda chunks: relay_stream.at_the_gateway(chunks, about, told, is_chat=is_chat),
            )
        reply = opened.document()
        return ok(relay_reply.at_the_gateway(reply, about, told, is_chat=is_chat))

    def _complete(self, body: Callable[..., Document], request: Request) -> Opened:
        """Ask for the continuation of a text, in a chat where the upstream knows only chats."""
        if self._completes_texts:
            try:
                return self._upstream.open(_COMPLETION, body(as_chat=False), request.wait_for)
            except Trouble as trouble:
                # the model is in its list, so that it can only be the path that is not there
                if trouble.status not in _NO_PATH:
                    raise
        opened = self._upstream.open(_CHAT, body(as_chat=True), request.wait_for)
        self._completes_texts = False
        return opened

    def _read(self, kind: str, request: Request) -> tuple[prompts.Prompt, Document]:
        """Return the prompt, checked as the service does, and the body that it came in."""
        anchor = ANCHORS[kind]
        read = prompts.chat if "chat" in kind else prompts.generation
        deployed = kind.startswith("deployment_")
        if deployed:
            find = self._deployed(request.path)
        else:
            find = prompts.scoped(self._admit, self._today(), self._library)
        prompt = read(request.body, anchor, find, has_model=not deployed)
        return prompt, Body(request.body, anchor).document

    def _deployed(self, path: str) -> prompts.ModelOf:
        find = self._deployments.model_of(path)

        def model_of(body: Body, function: str) -> Model:
            name = find(body, function).model_id
            return prompts.known_model(body, name, function, self._today(), self._library)

        return model_of

    def _about(self, prompt: prompts.Prompt, *, is_chat: bool) -> About:
        remarks = warnings(prompt, self._today(), is_chat=is_chat)
        # the terms are those of whoever runs the upstream
        remarks = [each for each in remarks if each["id"] != "disclaimer_warning"]
        asked, answered = prompt.model.model_id, prompt.model.behind
        if asked != answered:
            message = f"Not {asked!r}: {answered!r} at {self._upstream.url} wrote this answer."
            remarks.append({"message": message, "id": "sandbox_upstream", "more_info": DOCS})
        now = self._wall_clock()
        return About(prompt, remarks, self._wall_clock, f"chatcmpl-{uuid.uuid4().hex}", int(now))

    def _today(self) -> str:
        return created_at(self._wall_clock())[:10]


def _stream(opened: Opened, events: Callable[[Iterator[Document]], Iterator[bytes]]) -> Stream:
    if opened.is_stream:
        chunks = documents(opened.pieces())
    else:
        chunks = relay_reply.streamed(opened.document())
    return Stream(events(chunks), None, close=opened.close)
