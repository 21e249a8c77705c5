"""The one way of a prompt through a session.

A prompt becomes a `Request` (`Session.prepare`), which can be shown; the request is sent
(`Session.open`) and its answer arrives as an `AnswerStream`. The cell magic, the Python twin and
whatever comes later all go this way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from wx_notebook.answer import Answer, AnswerStream
from wx_notebook.errors import WatsonxError
from wx_notebook.options import Options, from_keywords
from wx_notebook.service import Piece, Prompt, Request, count_tokens
from wx_notebook.session import standing, twin
from wx_notebook.session.continuing import more
from wx_notebook.session.defaults import options_of
from wx_notebook.session.explaining import explained
from wx_notebook.session.prompts import check_place, check_secret, pieces_of, prepare

if TYPE_CHECKING:
    from wx_notebook.credentials import Given, Secret, WayIn
    from wx_notebook.service import Scope, Service
    from wx_notebook.session.connection import Session
    from wx_notebook.session.usage import Meter
    from wx_notebook.transport import OnWait, Reply, Transport

More: TypeAlias = Callable[["Session", Request, Answer], Answer]


class Asks:
    """What a session does with prompts; what it does so with is in `session.connection`."""

    given: Given
    scope: Scope
    _way_in: WayIn | None
    _service: Service
    _transport: Transport
    _remember: Callable[[Answer], None]
    _meter: Meter
    _told: set[str]
    _warned: bool

    def chat(self, prompt: Prompt, **options: Any) -> Answer:  # noqa: ANN401
        """Send a text, or a list of messages, and return the whole answer.

        Parameters
        ----------
        prompt
            A text, or messages such as ``{"role": "user", "content": "..."}``.
        options
            `model`, `system`, `temperature`, `max_tokens` ...: see `Options`. What is not given
            comes from `%watsonx use`, `%config` and the settings files.

        Raises
        ------
        WatsonxError
            See `wx_notebook.errors`: each class names what can be done about it.
        """
        chosen = options_of(cast("Session", self), from_keywords(options))
        return self.open(self.prepare(prompt, chosen, stream=False)).answer

    def generate(self, prompt: str, **options: Any) -> Answer:  # noqa: ANN401
        """Send a text to the generation endpoint, without chat roles; else as `chat`."""
        return self.chat(prompt, **(options | {"generate": True}))

    def stream(self, prompt: Prompt, **options: Any) -> AnswerStream:  # noqa: ANN401
        """Send a prompt and return its answer as an iterator of text, piece by piece.

        Afterwards its `.answer` is the whole; leaving its ``with`` block early ends the request.
        """
        chosen = options_of(cast("Session", self), from_keywords(options))
        return self.open(self.prepare(prompt, chosen, stream=True))

    def prepare(
        self, prompt: Prompt, options: Options, *, stream: bool, dry: bool = False
    ) -> Request:
        """Return the request for a prompt. With `dry` nothing is asked of the service for it."""
        held = cast("Session", self)
        check_place(options, self.scope)
        # before the catalogue is asked for a model, and before a model's name is
        check_secret(self._secret, prompt, options.model, options.deployment)
        # a deployment has its own
        named = "" if options.deployment else options.model or held.named_model()
        is_default = not (options.deployment or named)
        request = prepare(
            prompt,
            options,
            model_id=held.usual_model(dry=dry) if is_default else named,
            scope=self.scope,
            stream=stream,
            default_model=is_default,
        )
        # whatever option it came by
        check_secret(self._secret, request.path, request.body)
        return request

    @property
    def _secret(self) -> Secret | None:
        return self._way_in.secret if self._way_in is not None else None

    def count_tokens(self, text: str, *, model_id: str) -> int:
        """Return how many tokens a text is for a model, by the service's own count; unpaid."""
        check_secret(self._secret, text, model_id)
        return count_tokens(self._service, text, model_id=model_id, scope=self.scope)

    def open(
        self, request: Request, *, on_wait: OnWait | None = None, more: More = more
    ) -> AnswerStream:
        """Send a request made by `prepare` and return its answer as it arrives.

        `more` is what goes on with the answer where it was cut.
        """
        held = cast("Session", self)
        failure: WatsonxError | None = None
        began = time.monotonic()  # an answer's seconds count while this process is awake
        ticket = self._meter.admit(request, self._transport.redact)
        twin.asked(request, self._service.base_url(request))
        try:
            reply = ticket.sending(lambda: self._service.send(request, on_wait=on_wait))
        except WatsonxError as problem:
            failure = problem
        if failure is not None:
            error = explained(held, self._service, failure, request.model_id, request.deployment)
            twin.refused(request, error)
            raise error
        return AnswerStream(
            ticket.watch(self._pieces(request, reply)),
            model_id=request.model_id,
            clock=time.monotonic,
            began=began,
            redact=self._transport.redact,
            remember=lambda answer: self._ended(request, answer),
            is_news=self._is_news,
            close=ticket.closing(reply.close),
            format=request.format,
            default_model=request.default_model,
            more=lambda answer: more(held, request, answer),
        )

    def _ended(self, request: Request, answer: Answer) -> None:
        # a stream that somebody has left is closed when Python lets go of it, be it much later
        if twin.answered(request, answer) or answer.finish_reason != "interrupted":
            self._remember(answer)

    def _is_news(self, warning: str) -> bool:
        """Whether a warning about a model or an endpoint, the same with each answer, is new."""
        is_news = warning not in self._told
        self._told.add(warning)
        return is_news

    def _pieces(self, request: Request, reply: Reply) -> Generator[Piece]:
        held = cast("Session", self)
        if told := held.notes():
            yield Piece(warnings=tuple(told))
        pieces = pieces_of(self._service, request, reply)
        yield from held.catalogue.noted(request.model_id, pieces)
        if not self._warned and (warning := standing.ending(held)):
            self._warned = True
            yield Piece(warnings=(warning,))
