"""The connection: who asks, where, for what project; prompts go through `session.asking`."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from wx_notebook import settings
from wx_notebook.answer import Answer
from wx_notebook.credentials import (
    Endpoints,
    Given,
    Token,
    TokenSource,
    WayIn,
    checked_id,
    other_regions,
    steady_clock,
    way_in,
)
from wx_notebook.errors import NotConnected, ProjectError, WatsonxError
from wx_notebook.service import (
    Everywhere,
    Model,
    Place,
    Project,
    Scope,
    Service,
    everywhere,
    found_elsewhere,
    project,
    projects,
    spaces,
)
from wx_notebook.session import standing
from wx_notebook.session.asking import Asks
from wx_notebook.session.catalogue import Catalogue
from wx_notebook.session.explaining import explaining
from wx_notebook.session.handover import HandsOver
from wx_notebook.session.observing import observed
from wx_notebook.session.usage import Meter
from wx_notebook.transport import Transport


class Session(Asks, HandsOver):
    """A connection to watsonx.ai, made by `wx_notebook.connect`; making one sends nothing.

    It holds the credential and keeps the access token fresh; neither can be read from its text
    form, nor copied. Pickled, it leaves both behind (`session.travel`).

    Parameters
    ----------
    given
        A credential that was found, with region and project.
    transport
        The way to the network.
    clock, wall_clock, today
        Seconds that never go backwards, by which tokens age; seconds since 1970, which say how long
        a token is still good that the user brought; the day by which models are withdrawn.
    remember
        Is given every answer once it has ended.
    meter
        Counts tokens, and lets no prompt pass that a budget has no room for.
    others
        Where else a project may be: the other regions of the account, if not these.
    token
        One that this credential got already, at the same place.
    """

    def __init__(
        self,
        given: Given,
        *,
        transport: Transport,
        clock: Callable[[], float] = steady_clock,
        wall_clock: Callable[[], float] = time.time,
        today: Callable[[], dt.date] = dt.date.today,
        remember: Callable[[Answer], None] = lambda answer: None,
        meter: Meter | None = None,
        others: Sequence[Endpoints] | None = None,
        token: Token | None = None,
    ) -> None:
        #: what signs in and where it came from
        self.given = given
        self.endpoints: Endpoints = given.endpoints()
        self.others = tuple(other_regions(self.endpoints) if others is None else others)
        self.scope = Scope(
            checked_id(given.project_id, "project"), checked_id(given.space_id, "space")
        )
        self.project: Project | None = None  # as it was verified
        found = way_in(given, self.endpoints, transport, clock=clock, wall_clock=wall_clock)
        self._way_in: WayIn | None = observed(found, given)
        # nothing of it leads back here: a session that is let go renews no more
        self._tokens = TokenSource(
            self._way_in.fetch, clock=clock, renewable=self._way_in.renewable, token=token
        )
        self._surroundings: dict[str, Any] = {
            "transport": transport, "clock": clock, "wall_clock": wall_clock,
            "today": today, "remember": remember, "meter": meter, "others": others,
        }  # fmt: skip
        self._transport = transport
        self._remember = remember
        self._meter = meter or Meter(today=today)
        self._service = Service(transport, self.endpoints, self._tokens)
        #: the models of the region, as far as they are known
        self.catalogue = Catalogue(self._service, today=today, clock=clock)
        self._asked_for_models = False
        # what is said once, with the first answer
        self._announcements = list(given.notes)
        self._told: set[str] = set()
        self._warned = False

    def __repr__(self) -> str:
        scope = standing.scope_name(self)
        return f"<Session: {self.endpoints.place}, {scope}, by {self.source}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A session cannot be copied: it holds a secret. Use it itself.")

    __copy__ = __deepcopy__ = _refuse

    def __reduce_ex__(self, _: object) -> tuple[object, ...]:
        from wx_notebook.session.travel import packed

        return packed(self)

    # --- what the service has ------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return the models of the region that are not withdrawn; asked once a session."""
        return self.catalogue.models()

    def projects(self, name: str = "") -> list[Project]:
        """Return the projects that this user can see, with id and name, by name.

        With `name` only those that are called so, in capitals or not.
        """
        return explaining(self, lambda: projects(self._service, name=name))

    def spaces(self, name: str = "") -> list[Project]:
        """Return the deployment spaces that this user can see; as `projects`."""
        return explaining(self, lambda: spaces(self._service, name=name))

    def named_model(self) -> str:
        """Return the model that ``%watsonx use --model``, the profile or the user's file names.

        Further settings, which come between them, are a matter of each prompt: see `Options`.
        """
        given = self.given.model
        return settings.model_alias(given) if given else settings.user_model()

    def default_model(self, *, dry: bool = False) -> str:
        """Return the model for prompts that name none.

        `ibm/granite-4-h-small` where the region has it, else the region's first current chat model.
        With `dry` nothing is asked for it. One that has a name wins: see `named_model`.
        """
        return self.named_model() or self.usual_model(dry=dry)

    def usual_model(self, *, dry: bool = False) -> str:
        """Return the default model where none has a name: see `default_model`."""
        if not (dry or self._asked_for_models):
            # what is wrong with the key is said here and at once, not behind the catalogue's waits
            self._tokens.token()
            self._asked_for_models = True
            with contextlib.suppress(WatsonxError):
                # once: without a catalogue the prompt itself will tell whether the model is there
                self.models()
        return self.catalogue.default()

    def places(self, *, only_here: bool = False) -> Everywhere:
        """Return the projects and spaces of this user, of the account's other regions as well."""
        others = () if only_here else self.others
        return explaining(self, lambda: everywhere(self._service, others))

    def elsewhere(self) -> Place | None:
        """Return where the project or space is that was not found here, None if nobody says so."""
        return found_elsewhere(self._service, self.scope, self.others)

    # --- the connection ------------------------------------------------------------------------

    def authenticate(self) -> Token:
        """Exchange the credential for a token, unless there is one: the first thing to go wrong.

        Raises
        ------
        KeyRefused, TokenRefused, ServiceDown
            As the exchange says.
        """
        return explaining(self, self._tokens.token)

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
                hint="Give it: in watsonx.ai, your project > Manage > General > Project ID. "
                "%watsonx login takes --project ID or NAME, and --space.",
            )
        self.project = explaining(self, lambda: project(self._service, self.scope, self.others))
        return self.project

    def like(self, given: Given) -> Session:
        """Return another session in the same surroundings: network, clocks, memory, token."""
        same = given.region == self.given.region and given.url == self.given.url
        token = self._tokens.current() if same else None
        return Session(given, token=token, **self._surroundings)

    def redact(self, text: str) -> str:
        """Return a text without the secrets of this session, and without what looks like one."""
        if self._way_in is not None and self._way_in.secret is not None:
            # the transport learns it with the first request
            text = self._way_in.secret.hide_in(text)
        return self._transport.redact(text)

    def line(self) -> str:
        """Return one line: connected, to what, as whom, how long the token lives."""
        return standing.line(self)

    def notes(self) -> list[str]:
        """Return what its owner should know about the credential; then no answer says it again."""
        told, self._announcements = self._announcements, []
        return told

    def announce(self) -> None:
        """Say with the first answer what this session is: nobody asked for it by name."""
        self._announcements.insert(0, standing.announcement(self))

    @property
    def source(self) -> str:
        """Where the credential was found: "arguments", "environment (WATSONX_API_KEY)", ..."""
        return self.given.source

    @property
    def token(self) -> Token | None:
        """The access token that is held, None before the first use; shows nothing of itself."""
        return self._tokens.current()

    @property
    def token_seconds_left(self) -> float:
        """Seconds until the access token ends, by our own clock; 0.0 where there is none."""
        return self._tokens.seconds_left()

    @property
    def token_refused(self) -> bool:
        """Whether the service refused a token that cannot be renewed."""
        return self._tokens.refused

    @property
    def credential(self) -> WayIn | None:
        """What signs in and whether it renews itself; None once the session is closed."""
        return self._way_in

    def close(self) -> None:
        """Forget the credential and the token, and close the connections."""
        self._way_in = None
        self.given = replace(self.given, api_key=None, token=None, password=None)
        self._tokens.close(_closed)
        self._transport.close()


def _closed() -> NoReturn:
    raise NotConnected("not connected: this session was closed.", hint="Next: run %watsonx login.")
