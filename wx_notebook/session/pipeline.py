"""The way of every prompt: options, request, answer.

A prompt becomes a `Request` (`prepare`), which can be shown; the request is sent (`open`) and its
answer arrives as an `AnswerStream`. The cell magic and the Python functions all go this way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NoReturn, TypeAlias

from wx_notebook.answer import Answer, AnswerReader, AnswerStream, joined_answers, unfit_answer
from wx_notebook.credentials.holders import CREDENTIAL_HOLDERS
from wx_notebook.errors import BadOption, Interrupted, SchemaMismatch, WatsonxError
from wx_notebook.journal import AnswerRecord
from wx_notebook.options import Options
from wx_notebook.service import (
    Prompt,
    Request,
    Scope,
    Service,
    chat_request,
    continuation_request,
    count_tokens,
    generation_request,
)
from wx_notebook.session.abilities import require_model
from wx_notebook.session.answer_cache import AnswerCache, KeptAnswerContext, cache_of, delta_of
from wx_notebook.session.error_hints import add_hint
from wx_notebook.session.history import History
from wx_notebook.session.illustration import illustrate
from wx_notebook.session.near_models import CHAT, GENERATION
from wx_notebook.session.process import TOOLS
from wx_notebook.session.prompt_checks import check_scope, check_secrets
from wx_notebook.session.prompt_context import PromptContext
from wx_notebook.session.schema_form import current_form, forgo_schema, refused_note, with_schema
from wx_notebook.session.state import SessionState
from wx_notebook.transport import OnWait
from wx_notebook.usage.reservation import UsageReservation

#: Goes on with a request whose answer was cut, and returns both parts as one answer.
GoOn: TypeAlias = Callable[[Request, Answer], Answer]


class PromptPipeline:
    """Sends the prompts of one session.

    Parameters
    ----------
    state
        The parts of the session. The session replaces it when the project is verified, and when it
        is closed: an answer that is still there then holds no key.
    history
        Keeps the last exchange.
    """

    def __init__(self, state: SessionState, history: History) -> None:
        self.state = state
        self.history = history
        CREDENTIAL_HOLDERS.add(self)

    def close(self, refuse: Callable[[], NoReturn]) -> None:
        """Forget the credential and the token, and end the requests that are under way.

        An answer that still arrives is cut. Whatever would be sent later is refused.
        """
        state = self.state
        self.state = state.without_secrets()
        state.token_source.close(refuse)
        state.transport.close(refuse)

    def apart(self) -> PromptPipeline:
        """Return a pipeline for many prompts: `cancel` ends its own, and it has its own history."""
        state = self.state
        transport = state.transport.for_session()
        tokens, limiter = state.token_source, state.service.limiter
        service = Service(transport, state.endpoints, tokens, limiter=limiter)
        return PromptPipeline(replace(state, transport=transport, service=service), History())

    def cancel(self, refuse: Callable[[], NoReturn]) -> None:
        """End the requests of this pipeline that are under way; nothing is forgotten."""
        self.state.transport.cancel(refuse)

    def prepare(
        self, prompt: Prompt, options: Options, *, stream: bool, dry: bool = False
    ) -> Request:
        """Return the request for a prompt. With `dry` the service is asked nothing for it.

        Raises
        ------
        ProjectError
            Neither a project nor a space is set.
        BadOption
            The prompt or an option holds the key or the access token of the session.
        ModelError
            The prompt has a picture, and the model cannot see.
        WatsonxError
            The list of models was needed, and the sign-in failed.
        """
        state = self.state
        check_scope(options, state.scope, state.params.notes)
        # before the list of models is requested, and before a model's name is sent
        check_secrets(state.secrets(), prompt, options.model, options.deployment)
        # a deployment has its own model
        named = "" if options.deployment else options.model or state.named_model()
        is_default = not (options.deployment or named)
        request = build_request(
            prompt,
            options,
            model_id=state.usual_model(dry=dry) if is_default else named,
            scope=state.scope,
            stream=stream,
            default_model=is_default,
            redact=self._without_keys,
        )
        if options.tools and not options.deployment:
            require_model(state, request.model_id, "function_calling", dry=dry)
        if request.pictures and not options.deployment:
            require_model(state, request.model_id, "image_chat", dry=dry)
        request = current_form(state, request)
        # once more, for the key may have come by any other option
        check_secrets(state.secrets(), request.path, request.body)
        return request

    def open(
        self,
        request: Request,
        *,
        on_wait: OnWait | None = None,
        go_on: GoOn | None = None,
        service: Service | None = None,
    ) -> AnswerStream:
        """Send a request made by `prepare`, and return its answer as it arrives.

        Parameters
        ----------
        on_wait
            Called before each pause between two attempts.
        go_on
            What `answer.more()` calls; by default `self.go_on`.
        service
            What sends it, where some requests can be ended apart from others; by default that of
            the session.

        Raises
        ------
        WatsonxError
            The service refused the request, or could not be reached.
        Interrupted
            The user stopped it.
        """
        if request.rounds is not None:
            # tools: it is sent, and sent again with what they returned, by the room of tools
            send_round = partial(self.open, on_wait=on_wait, go_on=go_on, service=service)
            stream: AnswerStream = request.rounds(request, send_round, partial(self._keep, request))
            return stream
        failure: WatsonxError | None = None
        request = current_form(self.state, request)
        if request.schema is not None:
            request.schema.preload()
        if (kept := self._kept(request)) is not None:
            return self._open_kept(request, kept, go_on or self.go_on)
        began = time.monotonic()  # the seconds of an answer do not count while the machine sleeps
        state = self.state
        send = (service or state.service).send
        reservation = UsageReservation(state.meter, request, state.transport.redact)
        self.history.begin(request, state.service.base_url(request))
        try:
            response = reservation.sending(lambda: send(request, on_wait=on_wait))
        except WatsonxError as error:
            failure = error
        if failure is not None and forgo_schema(state, request, failure):
            stream = self.open(request, on_wait=on_wait, go_on=go_on, service=service)
            stream.warn(refused_note(request))
            return stream
        if failure is not None:
            function = GENERATION if "/generation" in request.path else CHAT
            hinted = add_hint(state, failure, request.model_id, request.deployment, function)
            self.history.fail(request, hinted)
            raise hinted
        reader = AnswerReader(
            state.service.deltas(request, response),
            response,
            lambda: request.asked_text,
            choice=0 if request.count > 1 else None,
        )
        context = PromptContext(
            lambda: self.state, self.history, request, response, reservation,
            began=began, go_on=go_on or self.go_on,
        )  # fmt: skip
        return AnswerStream(reader, context)

    def _kept(self, request: Request) -> AnswerRecord | None:
        """Return the answer of the journal to a request, None where it has to be sent."""
        cache: AnswerCache | None = request.cache
        base_url = self.state.service.base_url(request)
        return cache.find(request, base_url) if cache is not None else None

    def _open_kept(self, request: Request, kept: AnswerRecord, go_on: GoOn) -> AnswerStream:
        """Return the answer of the journal as it would arrive."""
        self.history.begin(request, self.state.service.base_url(request))
        reader = AnswerReader(iter([delta_of(kept)]), None, lambda: request.asked_text)
        context = KeptAnswerContext(self.state, self.history, request, kept, go_on=go_on)
        return AnswerStream(reader, context)

    def count_tokens(self, text: str, *, model_id: str) -> int:
        """Return the number of tokens of a text for a model, by the service's own count; unpaid."""
        check_secrets(self.state.secrets(), text, model_id)
        return count_tokens(self.state.service, text, model_id=model_id, scope=self.state.scope)

    # --- going on with an answer that was cut --------------------------------------------------

    def go_on(self, request: Request, answer: Answer) -> Answer:
        """Send what goes on with an answer, and return both parts as one answer.

        Raises
        ------
        BadOption
            The session of the answer was closed.
        WatsonxError, Interrupted
            As for a prompt; `.answer` has both parts where something of the second one arrived.
        """
        self.check_open()
        failure: WatsonxError | Interrupted
        try:
            following = self.open(continuation_request(request, answer.text)).answer
            whole = self.join(request, answer, following, self.go_on)
            if (unfit := unfit_answer(whole)) is None:
                return whole
            failure = unfit
        except (WatsonxError, Interrupted) as error:
            failure = error
        if failure.answer is not None and not isinstance(failure, SchemaMismatch):
            failure.answer = self.join(request, answer, failure.answer, self.go_on)
        raise failure

    def check_open(self) -> None:
        """Refuse to go on with an answer of a closed session.

        Raises
        ------
        BadOption
            The session of the answer was closed.
        """
        if self.state.is_closed:
            raise BadOption(
                "The session that this answer came from was closed.", hint="Run its prompt again."
            )

    def join(self, request: Request, answer: Answer, following: Answer, go_on: GoOn) -> Answer:
        """Return two parts as one answer, and keep it as the last one.

        `go_on` is called by `more()` of the joined answer.
        """
        whole = joined_answers(
            answer, following, lambda so_far: go_on(request, so_far), request.schema
        )
        self._keep(request, whole)
        return whole

    def _without_keys(self, text: str) -> str:
        """Return a text without the secrets of the session, and without what looks like a key."""
        for secret in self.state.secrets().values():
            text = secret.hide_in(text)
        return self.state.transport.redaction.without_keys(text)

    def _keep(self, request: Request, answer: Answer) -> None:
        """Keep an answer that was made of several as the last one."""
        self.history.join(answer)
        if request.on_answer is not None:
            request.on_answer(answer)


def build_request(
    prompt: Prompt,
    options: Options,
    *,
    model_id: str,
    scope: Scope,
    stream: bool,
    default_model: bool = False,
    redact: Callable[[str], str] = str,
) -> Request:
    """Return the request for a prompt; the options say to which endpoint it goes.

    `redact` takes the secrets of the session out of what tools return.
    """
    build = generation_request if options.generate else chat_request
    prompt, pictures = illustrate(prompt, options)
    about = {"default_model": default_model, "pictures": pictures, "cache": cache_of(options.cache)}
    request = build(prompt, options, model_id=model_id, scope=scope, stream=stream, **about)
    request = with_schema(request, options)
    if options.tools:
        with_tools: Request = TOOLS().with_tools(request, options, redact)
        return with_tools
    return request
