"""`Session`: a connection to watsonx.ai, as users hold it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Unpack

from wx_notebook.answer import Answer, AnswerStream
from wx_notebook.credentials.arguments import check_arguments, from_arguments
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import Endpoints, other_regions
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Opaque, Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import steady_clock
from wx_notebook.errors import NotConnected, ProjectError
from wx_notebook.hints import login_hint, spoken_in_python
from wx_notebook.options import (
    Options,
    PromptOptions,
    check_streamed,
    list_options,
    options_from_keywords,
)
from wx_notebook.service import Model, Project, Prompt, Request, Scope, projects, spaces
from wx_notebook.service.region_search import find_project
from wx_notebook.session.error_hints import with_hints
from wx_notebook.session.fitting import fitting_answer
from wx_notebook.session.history import History
from wx_notebook.session.pickling import params_on_arrival, pickled_state
from wx_notebook.session.pipeline import GoOn, PromptPipeline
from wx_notebook.session.process import HISTORY, INTEROP, METER
from wx_notebook.session.prompt_checks import notes_on_scope
from wx_notebook.session.state import SessionState
from wx_notebook.session.status import pop_notices, scope_name, status_line
from wx_notebook.settings import read_once
from wx_notebook.templates import FilledPrompt, fill_placeholders
from wx_notebook.transport import OnWait, Transport
from wx_notebook.usage.meter import UsageMeter


class Session:
    """A connection to watsonx.ai, made by `wx_notebook.connect`; making one sends nothing.

    It holds the credential and keeps the access token fresh. Neither can be read from its text
    form, nor copied. Pickled, it leaves both behind (`session.pickling`).

    Parameters
    ----------
    params
        A credential, with its hosts, region and project.
    transport
        The way to the network.
    clock, wall_clock, today
        As in `SessionState`.
    history
        Keeps the last exchange; a new one, if not given.
    meter
        Counts tokens, and lets no prompt pass that does not fit into a budget.
    others
        The hosts where a project may be as well; by default the other regions of the account.
    token
        An access token that this credential got already from the same hosts.

    Raises
    ------
    UnknownRegion, HostRefused, ProjectError, BadOption
        A parameter that cannot be right; found without a request.
    """

    def __init__(
        self,
        params: ConnectionParams,
        *,
        transport: Transport,
        clock: Callable[[], float] = steady_clock,
        wall_clock: Callable[[], float] = time.time,
        today: Callable[[], dt.date] = dt.date.today,
        history: History | None = None,
        meter: UsageMeter | None = None,
        others: Sequence[Endpoints] | None = None,
        token: Token | None = None,
    ) -> None:
        state = SessionState.build(
            params, transport=transport, clock=clock, wall_clock=wall_clock, today=today,
            meter=meter, others=others, token=token,
        )  # fmt: skip
        #: the way of its prompts; holds the state
        self.pipeline = PromptPipeline(state, history or History())

    def __repr__(self) -> str:
        by = "no credential for it here" if self.state.is_stranded else f"by {self.source}"
        return f"<Session: {self.endpoints.place}, {scope_name(self.state)}, {by}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A session cannot be copied: it holds a secret. Use it itself.")

    __copy__ = __deepcopy__ = _refuse

    def __reduce_ex__(self, _: object) -> tuple[object, ...]:
        return _unpickled, (pickled_state(self.state),)

    # --- prompts -------------------------------------------------------------------------------

    @list_options()
    @spoken_in_python
    def chat(self, prompt: Prompt, **options: Unpack[PromptOptions]) -> Answer:
        """Send a text, or a list of messages, and return the whole answer.

        Parameters
        ----------
        prompt
            A text, or messages such as ``{"role": "user", "content": "..."}``.
        options
            See below. What is not given comes from `%watsonx use`, `%config` and the settings
            files.

        Raises
        ------
        WatsonxError
            What the service refused, and what to do about it.
        BadOption
            An unknown option, or a value that the service would refuse.
        SchemaMismatch
            The answer does not fit the schema; `.answer` has it.
        """
        with read_once():
            request = self.prepare(
                prompt, self.state.options(options_from_keywords(options)), stream=False
            )
            return fitting_answer(self.pipeline, request)

    @list_options("generate", "n", "schema", "repair")
    @spoken_in_python
    def generate(self, prompt: str, **options: Unpack[PromptOptions]) -> Answer:
        """Send a text to the text/generation endpoint and return the whole answer; see `chat`."""
        return self.chat(prompt, **(options | {"generate": True}))

    @list_options("n", "repair")
    @spoken_in_python
    def stream(self, prompt: Prompt, **options: Unpack[PromptOptions]) -> AnswerStream:
        """Send a prompt and return its answer as an iterator of text, piece by piece.

        Afterwards its `.answer` is the whole; leaving its ``with`` block early ends the request.
        With `schema=` the model is asked once: an answer that does not fit says so in its notes,
        and its `.data` raises `SchemaMismatch`.
        """
        check_streamed(options)
        with read_once():
            request = self.prepare(
                prompt, self.state.options(options_from_keywords(options)), stream=True
            )
            return self.open(request)

    def prepare(
        self, prompt: Prompt, options: Options, *, stream: bool, dry: bool = False
    ) -> Request:
        """Return the request for a prompt, to look at before it is sent; as `PromptPipeline`."""
        return self.pipeline.prepare(prompt, options, stream=stream, dry=dry)

    def open(
        self, request: Request, *, on_wait: OnWait | None = None, go_on: GoOn | None = None
    ) -> AnswerStream:
        """Send a request made by `prepare`, and return its answer; as `PromptPipeline`."""
        return self.pipeline.open(request, on_wait=on_wait, go_on=go_on)

    # --- what the service has ------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return the models of the region that are not withdrawn; requested once a session."""
        return self.state.catalogue.models()

    def projects(self, name: str = "") -> list[Project]:
        """Return the projects that this user can see, sorted by name.

        With `name` only those of that name, whether in capitals or not.
        """
        return with_hints(self.state, lambda: projects(self.state.service, name=name))

    def spaces(self, name: str = "") -> list[Project]:
        """Return the deployment spaces that this user can see; as `projects`."""
        return with_hints(self.state, lambda: spaces(self.state.service, name=name))

    def verify(self) -> Project:
        """Check, unpaid, that the key, the region and the project fit together.

        Raises
        ------
        KeyRefused, ProjectError, ServiceDown
            The one that does not fit. A project without a runtime is no error here: `status_line`
            says so, and a prompt fails with what to do.
        """
        state = self.state
        if not (state.scope.project_id or state.scope.space_id):
            raise ProjectError(
                "A project ID is needed: prompts are billed to a project."
                + notes_on_scope(state.params.notes),
                hint="Its ID is in watsonx.ai: your project > Manage > General > Project ID. "
                + login_hint("--project ID", otherwise="give it with --project, or project_id="),
            )
        verified = with_hints(state, lambda: find_project(state.service, state.scope, state.others))
        self.state = replace(self.state, project=verified)
        return verified

    # --- the connection ------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """Its parts, for the other rooms of this package; replaced as a whole, never changed."""
        return self.pipeline.state

    @state.setter
    def state(self, state: SessionState) -> None:
        self.pipeline.state = state

    @property
    def endpoints(self) -> Endpoints:
        """The hosts that it sends to, and the name of their region."""
        return self.state.endpoints

    @property
    def scope(self) -> Scope:
        """The IDs of the project and the space that prompts are billed to."""
        return self.state.scope

    @property
    def project(self) -> Project | None:
        """The project or space, once `verify` has checked it; None before."""
        return self.state.project

    @property
    def source(self) -> str:
        """Where the credential was found: "arguments", "environment (WATSONX_API_KEY)", ..."""
        return self.state.params.source

    def status_line(self) -> str:
        """Return one line: connected to what, as whom, how long the token lives."""
        return status_line(self.state)

    def pop_notices(self) -> list[str]:
        """Return what should be said about the credential; no answer says it again then."""
        return pop_notices(self.state)

    def with_params(self, params: ConnectionParams) -> Session:
        """Return another session with the same network, clocks and history.

        At the same hosts it goes on with the token.
        """
        state = self.state
        is_same = (params.region, params.url) == (state.params.region, state.params.url)
        # the other regions of the new endpoints, unless others were given when this one was made
        own_others = tuple(other_regions(state.endpoints))
        return Session(
            params,
            transport=state.transport,
            clock=state.clock,
            wall_clock=state.wall_clock,
            today=state.today,
            history=self.pipeline.history,
            meter=state.meter,
            others=None if state.others == own_others else state.others,
            token=state.token if is_same else None,
        )

    def close(self) -> None:
        """Forget the credential and the token, and end the requests that are under way."""
        self.pipeline.close(_refuse_as_closed)

    # --- other libraries: see `wx_notebook.interop` --------------------------------------------

    def sdk_credentials(self) -> Any:  # noqa: ANN401  # a type of another library, as all here
        """Return an `ibm_watsonx_ai.Credentials` that asks this session for its tokens."""
        return INTEROP().sdk_credentials(self)

    def api_client(self, **options: Any) -> Any:  # noqa: ANN401
        """Return an `ibm_watsonx_ai.APIClient` that goes on after the end of its token."""
        return INTEROP().api_client(self, **options)

    def chat_model(self, model: str = "", **options: Any) -> Any:  # noqa: ANN401
        """Return langchain-ibm's `ChatWatsonx` for a model, by default the session's."""
        return INTEROP().chat_model(self, model, **options)

    def openai_client(self, **options: Any) -> Any:  # noqa: ANN401
        """Return an `openai.OpenAI` on the model gateway."""
        return INTEROP().openai_client(self, **options)


def _refuse_as_closed() -> NoReturn:
    raise NotConnected(
        "not connected: this session was closed.", hint=login_hint(otherwise="wx.connect(...)")
    )


# --- making one ----------------------------------------------------------------------------------


def session_of(params: ConnectionParams) -> Session:
    """Return a session of this process, with its history and its count of tokens."""
    transport = Transport(ca_bundle=params.ca_bundle or None)
    return Session(params, transport=transport, history=HISTORY, meter=METER)


def find_session(params: ConnectionParams, environ: Mapping[str, str]) -> Session:
    """Return a session with what was given, and for the rest with what is found; sends nothing."""
    return session_of(find_credentials(params, environ))


def session_of_arguments(
    unknown: Sequence[str | Opaque],
    environ: Mapping[str, str],
    **arguments: Any,  # noqa: ANN401
) -> Session:
    """Return a session with the arguments of `connect`; `unknown` is what it does not take.

    Raises
    ------
    WatsonxError
        What is missing or cannot be right.
    """
    check_arguments(unknown)
    return find_session(from_arguments(**arguments), environ)


def _unpickled(pickled: dict[str, Any]) -> Session:
    return session_of(params_on_arrival(pickled))


def answer_with_notes(
    current: Session, prompt: Prompt, keywords: Mapping[str, Any], notes: Sequence[str]
) -> Answer:
    """Return what `Session.chat` returns; `notes` are sentences for its warnings."""
    options = current.state.options(options_from_keywords(keywords))
    return fitting_answer(current.pipeline, current.prepare(prompt, options, stream=False), notes)


def fill_names(text: str, names: Mapping[str, Any]) -> FilledPrompt:
    """Return a prompt with its placeholders filled in; secrets and sessions are refused."""
    return fill_placeholders(
        text,
        names,
        refused_types=(Secret, Session),
        text_types=(Answer,),
        as_typed="without names=",
    )
