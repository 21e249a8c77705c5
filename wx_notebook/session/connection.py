"""The connection, and the one way of a prompt through it.

A prompt becomes a `Request` (`Session.prepare`), which can be shown; the request is sent
(`Session.open`) and its answer arrives as an `AnswerStream`. The cell magic, the Python twin and
whatever comes later all go this way.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Generator
from typing import Any, NoReturn

from wx_notebook.answer import Answer, AnswerStream
from wx_notebook.credentials import (
    Endpoints,
    Given,
    Secret,
    Token,
    TokenSource,
    checked_id,
    endpoints,
    exchange,
    steady_clock,
)
from wx_notebook.errors import (
    BadOption,
    ModelError,
    NotConnected,
    ProjectError,
    WatsonxError,
    near,
)
from wx_notebook.options import DEFAULT_MODEL, Options, from_keywords
from wx_notebook.service import (
    Model,
    Piece,
    Project,
    Prompt,
    Request,
    Scope,
    Service,
    default_model,
    models,
    project,
    projects,
)
from wx_notebook.session.prompts import pieces_of, prepare
from wx_notebook.transport import OnWait, Reply, Transport


class Session:
    """A connection to watsonx.ai: whose it is, where it goes, and what it is billed to.

    Made by `wx_notebook.connect`; making one sends nothing. It holds the API key and keeps the
    access token fresh; neither can be read from its text form, copied or pickled.

    Parameters
    ----------
    given
        A credential that was found, with region and project.
    transport
        The way to the network.
    clock
        Seconds that never go backwards, by which tokens age.
    today
        The day by which models are current or withdrawn.
    remember
        Is given every answer once it has ended.
    """

    def __init__(
        self,
        given: Given,
        *,
        transport: Transport,
        clock: Callable[[], float] = steady_clock,
        today: Callable[[], dt.date] = dt.date.today,
        remember: Callable[[Answer], None] = lambda answer: None,
    ) -> None:
        self.source = given.source
        self.shadowed = given.shadowed
        self.endpoints: Endpoints = endpoints(
            region=given.region,
            url=given.url,
            iam_url=given.iam_url,
            platform_url=given.platform_url,
        )
        self.scope = Scope(
            checked_id(given.project_id, "project"), checked_id(given.space_id, "space")
        )
        self._key = given.api_key or Secret("")
        transport.hide(self._key)
        self._tokens = TokenSource(self._exchange, clock=clock)
        self._transport = transport
        self._clock = clock
        self._today = today
        self._remember = remember
        self._service = Service(transport, self.endpoints, self._tokens)
        self._project: Project | None = None
        self._catalogue: list[Model] | None = None
        self._asked_for_models = False
        self._announcement = ""

    def __repr__(self) -> str:
        return f"<Session: {self.endpoints.place}, {self._scope_name()}, by {self.source}>"

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("A session cannot be copied, pickled or stored: it holds a secret.")

    # --- prompts -------------------------------------------------------------------------------

    def chat(self, prompt: Prompt, **options: Any) -> Answer:  # noqa: ANN401
        """Send a text, or a list of messages, and return the whole answer.

        Parameters
        ----------
        prompt
            A text, or messages such as ``{"role": "user", "content": "..."}``.
        options
            `model`, `system`, `temperature`, `max_tokens`, `generate`: see `Options`.

        Raises
        ------
        WatsonxError
            See `wx_notebook.errors`: each class names what can be done about it.
        """
        chosen = from_keywords(options)
        return self.open(self.prepare(prompt, chosen, stream=False)).answer

    def generate(self, prompt: str, **options: Any) -> Answer:  # noqa: ANN401
        """Send a text to the generation endpoint, without chat roles; else as `chat`."""
        return self.chat(prompt, **(options | {"generate": True}))

    def stream(self, prompt: Prompt, **options: Any) -> AnswerStream:  # noqa: ANN401
        """Send a prompt and return its answer as an iterator of text, piece by piece.

        Afterwards its `.answer` is the whole; leaving its ``with`` block early ends the request.
        """
        chosen = from_keywords(options)
        return self.open(self.prepare(prompt, chosen, stream=True))

    def prepare(
        self, prompt: Prompt, options: Options, *, stream: bool, dry: bool = False
    ) -> Request:
        """Return the request for a prompt. With `dry` nothing is asked of the service for it."""
        if not (self.scope.project_id or self.scope.space_id):
            raise ProjectError(
                "No project is set, and a prompt is billed to one.",
                hint="Next: run %watsonx login, or set WATSONX_PROJECT_ID.",
            )
        if isinstance(prompt, str) and self._key.hide_in(prompt) != prompt:
            raise BadOption(
                "The prompt holds the API key of this session, which is never sent to a model.",
                hint="Take it out, or the variable that brought it in.",
            )
        return prepare(
            prompt,
            options,
            model_id=options.model or self.default_model(dry=dry),
            scope=self.scope,
            stream=stream,
        )

    def open(self, request: Request, *, on_wait: OnWait | None = None) -> AnswerStream:
        """Send a request made by `prepare` and return its answer as it arrives."""
        model_id = str((request.body or {}).get("model_id", ""))
        unknown: ModelError | None = None
        began = time.monotonic()  # an answer's seconds count while this process is awake
        try:
            reply = self._service.send(request, on_wait=on_wait)
        except ModelError as problem:
            unknown = problem
        if unknown is not None:
            raise self._with_near_model(unknown, model_id)
        return AnswerStream(
            self._pieces(request, reply),
            model_id=model_id,
            clock=time.monotonic,
            began=began,
            redact=self._transport.redact,
            remember=self._remember,
            close=reply.close,
        )

    # --- what the service has ------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return the models of the region that are not withdrawn; asked once a session."""
        if self._catalogue is None:
            self._catalogue = models(self._service, today=self._today())
        return self._catalogue

    def projects(self) -> list[Project]:
        """Return the projects that this user can see: id and name, at most 100."""
        return projects(self._service)

    def default_model(self, *, dry: bool = False) -> str:
        """Return the model for prompts that name none.

        `ibm/granite-4-h-small` where the region has it, else the region's first current chat model.
        With `dry` nothing is asked for it.
        """
        if not (dry or self._asked_for_models):
            # what is wrong with the key is said here and at once, not behind the catalogue's waits
            self._tokens.token()
            self._asked_for_models = True
            with contextlib.suppress(WatsonxError):
                # once: without a catalogue the prompt itself will tell whether the model is there
                self.models()
        return default_model(self._catalogue) if self._catalogue else DEFAULT_MODEL

    # --- the connection ------------------------------------------------------------------------

    def verify(self) -> Project:
        """Ask, unpaid, whether key, region and project fit together.

        Raises
        ------
        KeyRefused, ProjectError, ServiceDown
            What does not. A project without a runtime is no error here: `line` says it, and a
            prompt fails with what to do.
        """
        if not (self.scope.project_id or self.scope.space_id):
            raise ProjectError(
                "A project ID is needed: prompts are billed to a project.",
                hint="In watsonx.ai: your project > Manage > General > Project ID.",
            )
        self._project = project(self._service, self.scope)
        return self._project

    def line(self) -> str:
        """Return one line: connected, to what, as whom, how long the token lives."""
        if not self._key:
            return "closed: key and token are forgotten"
        token = self._tokens.current()
        to = f"{self._scope_name()} · {self._where()}"
        if token is None:
            return f"set up for {to} · not verified yet, the first prompt does that"
        parts = [f"connected to {to}"]
        if token.subject:
            parts.append(f"as {token.subject}")
        parts.append(f"model {self.default_model(dry=True)}")
        parts.append(f"token for {_minutes(self._tokens.seconds_left())}, renewed by itself")
        return " · ".join(parts)

    def announce(self) -> None:
        """Say with the first answer what this session is: nobody asked for it by name."""
        self._announcement = (
            f"signed in with the {self.source}: {self._scope_name()}, {self._where()}"
        )

    def _where(self) -> str:
        place = self.endpoints.place
        return f"sandbox ({self.endpoints.url})" if place == "sandbox" else place

    def close(self) -> None:
        """Forget the key and the token, and close the connections."""
        self._key = Secret("")
        self._tokens.forget()
        self._transport.close()

    def _exchange(self) -> Token:
        if not self._key:
            raise NotConnected(
                "not connected: this session was closed.", hint="Next: run %watsonx login."
            )
        return exchange(self._transport, self.endpoints.iam_url, self._key, clock=self._clock)

    def _scope_name(self) -> str:
        if self._project is not None and self._project.name:
            lacks = "" if self._project.has_runtime else " (without a watsonx.ai Runtime)"
            return f"{self._project.kind} '{self._project.name}'{lacks}"
        if self.scope.project_id:
            return f"project {self.scope.project_id}"
        return f"space {self.scope.space_id}" if self.scope.space_id else "no project"

    def _pieces(self, request: Request, reply: Reply) -> Generator[Piece]:
        if self._announcement:
            yield Piece(warnings=(self._announcement,))
            self._announcement = ""
        yield from pieces_of(self._service, request, reply)

    def _with_near_model(self, problem: ModelError, model_id: str) -> ModelError:
        known: list[str] = []
        with contextlib.suppress(WatsonxError):
            known = [model.model_id for model in self.models()]
        # a model that is there, but cannot chat, is not a typo
        suggestion = near(model_id, known) if model_id not in known else ""
        first, _, rest = problem.message.partition("\n")
        message = f"{first.rstrip('.')}: '{model_id}'.{suggestion}"
        return ModelError(f"{message}\n{rest}", hint=problem.hint)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
