"""What a session is made of: the credential, the hosts, the project, and the objects that send."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Self

from wx_notebook import settings
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.exchange.authenticator import (
    Authenticator,
    authenticator_for,
    naming_source,
)
from wx_notebook.credentials.hosts import Endpoints, endpoints_of, other_regions
from wx_notebook.credentials.parsing.pasted import validate_id
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource
from wx_notebook.errors import WatsonxError
from wx_notebook.options import Options
from wx_notebook.service import Project, Scope, Service
from wx_notebook.session.catalogue import Catalogue
from wx_notebook.session.events import with_secret_events
from wx_notebook.settings import SessionModel
from wx_notebook.transport import Transport
from wx_notebook.usage.meter import UsageMeter

#: The source of a session that arrived where no credential was found for it.
STRANDED = "no credential here"


@dataclass(slots=True)
class Notices:
    """What a session says once, with an answer.

    Attributes
    ----------
    pending
        Sentences for the next answer.
    must_announce
        The user did not ask for this session by name: the first answer says what it is.
    """

    pending: list[str] = field(default_factory=list)
    must_announce: bool = False
    _seen: set[str] = field(default_factory=set)

    def is_new(self, notice: str) -> bool:
        """Return whether this is the first question about a notice."""
        is_new = notice not in self._seen
        self._seen.add(notice)
        return is_new


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SessionState:
    """The parts of a session. It holds secrets: it shows nothing, and cannot be copied or pickled.

    Attributes
    ----------
    params
        What was given to sign in with, and where that was found.
    endpoints, others
        The hosts of the session, and those of the account's other regions.
    scope
        The project or space that prompts are billed to.
    project
        The project or space as it was verified, None before that.
    authenticator
        Exchanges the credential for a token; None once the session is closed.
    clock, wall_clock, today
        Seconds that never go backwards, by which tokens age; seconds since 1970; the current day,
        by which models are withdrawn.
    """

    params: ConnectionParams
    endpoints: Endpoints
    others: tuple[Endpoints, ...]
    scope: Scope
    authenticator: Authenticator | None
    token_source: TokenSource
    transport: Transport
    service: Service
    catalogue: Catalogue
    meter: UsageMeter
    notices: Notices
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    today: Callable[[], dt.date]
    project: Project | None = None
    #: models and deployments that refused a schema as `response_format`
    plain_models: set[str] = field(default_factory=set)

    @classmethod
    def build(
        cls,
        params: ConnectionParams,
        *,
        transport: Transport,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        today: Callable[[], dt.date],
        meter: UsageMeter | None = None,
        others: Sequence[Endpoints] | None = None,
        token: Token | None = None,
    ) -> Self:
        """Return the state of a new session; sends nothing. The parameters are those of `Session`.

        Raises
        ------
        UnknownRegion, HostRefused, ProjectError, BadOption
            A parameter that cannot be right.
        """
        endpoints = endpoints_of(params)
        transport = transport.for_session()
        scope = Scope(
            validate_id(params.project_id, "project"), validate_id(params.space_id, "space")
        )
        authenticator = with_secret_events(
            authenticator_for(params, endpoints, transport, clock=clock, wall_clock=wall_clock),
            params,
        )
        # nothing in it refers to the session: a session that is let go renews no token any more
        token_source = TokenSource(
            naming_source(authenticator.fetch, params.source),
            clock=clock,
            renewable=authenticator.renewable,
            token=token,
            check=authenticator.check,
        )
        service = Service(transport, endpoints, token_source)
        return cls(
            params=params,
            endpoints=endpoints,
            others=tuple(other_regions(endpoints) if others is None else others),
            scope=scope,
            authenticator=authenticator,
            token_source=token_source,
            transport=transport,
            service=service,
            catalogue=Catalogue(service, today=today, clock=clock),
            meter=meter or UsageMeter(today=today),
            notices=Notices(list(params.notes)),
            clock=clock,
            wall_clock=wall_clock,
            today=today,
        )

    def __repr__(self) -> str:
        return f"<state of a session: {self.endpoints.place}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("The state of a session cannot be copied: it holds a secret.")

    __copy__ = __deepcopy__ = __reduce_ex__ = _refuse

    # --- the credential ------------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """Whether the session was closed."""
        return self.authenticator is None

    @property
    def is_stranded(self) -> bool:
        """Whether it was pickled, and no credential was found for it where it arrived."""
        return self.params.source == STRANDED

    @property
    def secret(self) -> Secret | None:
        """The key, the password or the token that was given; None once the session is closed."""
        return self.authenticator.secret if self.authenticator is not None else None

    @property
    def token(self) -> Token | None:
        """The current access token, None before the first use; it shows nothing of itself."""
        return self.token_source.current()

    def secrets(self) -> dict[str, Secret]:
        """Return the credential and the access token, by what a user calls them."""
        token = self.token
        both = {"key": self.secret, "access token": None if token is None else token.value}
        return {name: secret for name, secret in both.items() if secret is not None}

    def redact(self, text: str) -> str:
        """Return a text without the secrets of this session, and without what looks like one."""
        if (secret := self.secret) is not None:
            # the transport learns it with the first request
            text = secret.hide_in(text)
        return self.transport.redact(text)

    def with_params(self, **changes: Any) -> SessionState:  # noqa: ANN401  # fields of the params
        """Return this state with other values of its parameters; hosts and project stay."""
        return replace(self, params=replace(self.params, **changes))

    def without_secrets(self) -> SessionState:
        """Return the state of a closed session."""
        closed = self.with_params(api_key=None, token=None, password=None)
        return replace(closed, authenticator=None)

    # --- the options and the model of a prompt -------------------------------------------------

    @property
    def session_model(self) -> SessionModel:
        """The model of this session, as the settings take it."""
        params = self.params
        return SessionModel(params.model, params.model_is_chosen, params.model_source)

    def options(self, options: Mapping[str, Any]) -> Options:
        """Return the options of a prompt, with the defaults of the settings.

        Raises
        ------
        BadOption
            As `settings.options_for`.
        """
        return settings.resolve_options(options, self.session_model)

    def named_model(self) -> str:
        """Return the model that `%watsonx use`, the profile or the user's file names, or "".

        The project file and `%config` may name another one: see `options`.
        """
        model = self.params.model
        return settings.model_alias(model) if model else settings.user_model()

    def default_model(self, *, dry: bool = False) -> str:
        """Return the model of prompts that name none; with `dry` nothing is requested for it."""
        return self.named_model() or self.usual_model(dry=dry)

    def usual_model(self, *, dry: bool = False) -> str:
        """Return the default model where neither user nor profile names one.

        `ibm/granite-4-h-small` where the region has it, else the region's first current chat model.
        """
        if not (dry or self.catalogue.was_needed):
            # an error of the key is raised here and at once, not after the waits of the catalogue
            self.token_source.token()
            self.catalogue.was_needed = True
            with contextlib.suppress(WatsonxError):
                # once: without a catalogue the prompt itself tells whether the model is there
                self.catalogue.models()
        return self.catalogue.default()
