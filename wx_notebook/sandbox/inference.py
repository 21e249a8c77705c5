"""Chat and text generation: from the body of a request to an answer at its pace."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from wx_notebook.sandbox import documents, gateway, pieces, prompts
from wx_notebook.sandbox.answers import NOT_ASKED, Answer, warnings
from wx_notebook.sandbox.deployments import Deployments
from wx_notebook.sandbox.guards import findings
from wx_notebook.sandbox.replies import ok
from wx_notebook.sandbox.script import Script
from wx_notebook.sandbox.shapes import PROSE
from wx_notebook.sandbox.wire import Reply, Request, Stream, created_at

#: The operation in IBM's API documentation, by kind of call.
ANCHORS = {
    "chat": "text-chat",
    "chat_stream": "text-chat-stream",
    "generation": "text-generation",
    "generation_stream": "text-generation-stream",
    "deployment_chat": "deployments-text-chat",
    "deployment_chat_stream": "deployments-text-chat-stream",
    "deployment_generation": "deployments-text-generation",
    "deployment_generation_stream": "deployments-text-generation-stream",
    "gateway_chat": "",
    "gateway_completion": "",
}


class Inference:
    """Answers prompts.

    Parameters
    ----------
    admit
        Lets a prompt into its project or space, or refuses it.
    deployments
        What can be asked by the name of a deployment.
    script
        Where answers come from.
    words_per_second
        The pace of an answer, streamed or not; None is as fast as the machine can.
    wall_clock
        Epoch seconds.
    """

    def __init__(
        self,
        admit: prompts.Admit,
        deployments: Deployments,
        script: Script,
        words_per_second: float | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self._admit = admit
        self._deployments = deployments
        self._script = script
        self._interval_s = 1 / words_per_second if words_per_second else 0.0
        self._wall_clock = wall_clock

    def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a prompt in the way that its path asks for, a key of `ANCHORS`.

        Raises
        ------
        Refused
            The body is not what the service takes.
        """
        today = created_at(self._wall_clock())[:10]
        if kind.startswith("gateway_"):
            return self._at_the_gateway(request, today, is_chat=kind == "gateway_chat")
        is_chat = "chat" in kind
        read = prompts.chat if is_chat else prompts.generation
        deployed = kind.startswith("deployment_")
        if deployed:
            model_of = self._deployments.model_of(request.path)
        else:
            model_of = prompts.scoped(self._admit, today)
        prompt = read(request.body, ANCHORS[kind], model_of, has_model=not deployed)
        answer = self._written(prompt, ANCHORS[kind], today, is_chat=is_chat)
        if not kind.endswith("_stream"):
            document = documents.chat(answer) if is_chat else documents.generation(answer)
            return self._whole(answer, document)
        write = documents.chat_events if is_chat else documents.generation_events
        length = documents.count(answer, is_chat=is_chat)
        return Stream(write(answer), length, self._interval_s)

    def _at_the_gateway(self, request: Request, today: str, *, is_chat: bool) -> Reply | Stream:
        body = gateway.native(request.body, is_chat=is_chat)
        prompt = prompts.chat(body.data, "", gateway.model_of(today))
        answer = self._written(prompt, "", today, is_chat=True)
        if not body.wants_stream:
            return self._whole(answer, gateway.whole(answer, is_chat=is_chat))
        length = 3 + max(len(answer.pieces), 1)
        return Stream(gateway.events(answer, is_chat=is_chat), length, self._interval_s)

    def _whole(self, answer: Answer, document: dict[str, object]) -> Reply:
        written = len(answer.thinking) + len(answer.pieces)
        return ok(document, delay_s=self._interval_s * written)

    def _written(self, prompt: prompts.Prompt, anchor: str, today: str, *, is_chat: bool) -> Answer:
        said = self._script.answer(prompt, anchor)
        most, limit = self._most(prompt)
        # a generation has no field for it
        thought = said.thinking[:most] if is_chat else ()
        kept, reason = pieces.trim(
            said.pieces,
            most - len(thought),
            # a stop sequence ends words, not the arguments of a call
            () if said.call else prompt.stops,
            keep_stop=prompt.keep_stop,
            least=prompt.least_tokens,
        )
        reason = limit if reason == "length" else reason
        call = said.call and replace(said.call, arguments="".join(kept))
        remarks = warnings(prompt, today, is_chat=is_chat)
        # prose says it itself; what has a shape often has no room for it
        if not said.is_queued and prompt.shape != PROSE:
            remarks.append({**NOT_ASKED})
        return Answer(
            prompt,
            kept,
            "call" if call and reason == "end" else reason,
            self._wall_clock,
            int(self._wall_clock()),
            f"chatcmpl-{uuid.uuid4().hex}",
            remarks,
            call,
            thought,
            findings(prompt.guards, [turn.text for turn in prompt.turns], "".join(kept)),
        )

    def _most(self, prompt: prompts.Prompt) -> tuple[int, str]:
        """Return how many pieces there is room for, and what ends an answer that has more."""
        if prompt.most_s is None or not self._interval_s:
            return prompt.most_tokens, "length"
        in_time = int(prompt.most_s / self._interval_s)
        return min((prompt.most_tokens, "length"), (in_time, "time"))
