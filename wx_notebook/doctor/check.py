"""A check, its result, and the context that all checks share."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.doctor.anonymise import Anonymiser
from wx_notebook.doctor.front_end import FrontEnd
from wx_notebook.errors import WatsonxError

if TYPE_CHECKING:
    from wx_notebook.credentials.hosts import Endpoints
    from wx_notebook.service import Project
    from wx_notebook.session import Session
    from wx_notebook.session.catalogue import Catalogue
    from wx_notebook.transport import Transport
    from wx_notebook.usage.meter import UsageMeter

Verdict: TypeAlias = Literal["ok", "warning", "failed", "skipped"]
#: The verdict of a check, or why it has none.
CheckState: TypeAlias = Literal[
    "ok", "warning", "failed", "skipped", "waiting", "running", "stopped"
]
#: The time limit of a connection. It is shorter than that of a check, so that a check can still
#: say what it waited for.
CONNECTION_TIMEOUT_S = 2.5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: its verdict, what it found, and the repair as something to type."""

    verdict: Verdict
    finding: str
    repair: str = ""

    @classmethod
    def ok(cls, finding: str) -> CheckResult:
        """Return the result that everything is well."""
        return cls("ok", finding)

    @classmethod
    def warning(cls, finding: str, repair: str) -> CheckResult:
        """Return the result that something may cause trouble."""
        return cls("warning", finding, repair)

    @classmethod
    def failed(cls, finding: str, repair: str) -> CheckResult:
        """Return the result that something keeps the user from an answer."""
        return cls("failed", finding, repair)

    @classmethod
    def skipped(cls, finding: str) -> CheckResult:
        """Return the result that nothing was checked, and the reason."""
        return cls("skipped", finding)

    @classmethod
    def from_error(cls, error: WatsonxError) -> CheckResult:
        """Return an error of this package as a failed check."""
        return cls.failed(" ".join(error.message.split()), error.hint)


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the plan.

    Attributes
    ----------
    name
        Its name; the plan numbers it.
    probe
        Runs the check in its own thread, and leaves what it learns in the context.
    after
        Checks that have to end first, whatever their results.
    needs
        Checks without which it can't find anything: if one fails or is skipped, it is skipped.
    timeout_repair
        The repair when it does not end in time.
    """

    name: str
    probe: Callable[[CheckContext], CheckResult]
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    timeout_repair: str = ""


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """The status of one check at this moment; its texts are anonymised.

    `seconds` is how long it took, None if it never started.
    """

    number: int
    name: str
    state: CheckState
    finding: str = ""
    repair: str = ""
    seconds: float | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it has a verdict, or will not get one."""
        return self.state not in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What the head of one response says about the service.

    Attributes
    ----------
    host
        The host that responded.
    clock_ahead_s
        Seconds by which our clock is ahead of the host's, None if the response has no date.
    rate_limit, rate_remaining
        Requests per second that are allowed, and how many of them are left; None if it names none.
    """

    host: str
    clock_ahead_s: float | None
    rate_limit: int | None
    rate_remaining: int | None


@dataclass(slots=True, repr=False)
class CheckContext:
    """What the checks of one run read, and what earlier ones leave for later ones.

    Attributes
    ----------
    environ
        The environment, read only.
    front_end
        Where users see outputs.
    current_session
        The current session, if there is one. The checks do not change it.
    profile
        The profile that the user named: its key is read from the keyring, which may ask the user.
    command
        What the user types to run the checks again.
    meter
        Counts tokens, and has the budgets.
    pages
        The version and the application of each page that runs our front-end extension and has
        spoken to this kernel, the newest last.
    wall_clock, today
        Seconds since 1970, and the day that decides which models are withdrawn.
    anonymise
        Every text passes it before it is shown.

    params
        The connection that the checks use; without a credential only its hosts.
    endpoints
        The hosts of that connection.
    transport, session
        The doctor's own, with short time limits. There is no session without a credential.
    authenticated_session
        The doctor's session with a token.
    response_heads
        The heads of all responses so far.
    catalogue, project
        What the service returned.
    """

    environ: Mapping[str, str]
    front_end: FrontEnd
    current_session: Session | None = None
    profile: str = ""
    command: str = "%watsonx doctor"
    meter: UsageMeter | None = None
    pages: Sequence[tuple[str, str]] = ()
    wall_clock: Callable[[], float] = time.time
    today: Callable[[], dt.date] = dt.date.today
    anonymise: Anonymiser = field(init=False)

    params: ConnectionParams = field(default_factory=lambda: ConnectionParams("nothing"))
    endpoints: Endpoints | None = None
    transport: Transport | None = None
    session: Session | None = None
    authenticated_session: Session | None = None
    response_heads: list[ResponseHead] = field(default_factory=list)
    catalogue: Catalogue | None = None
    project: Project | None = None

    def __post_init__(self) -> None:
        self.anonymise = Anonymiser(self.environ)

    def close(self) -> None:
        """Forget the doctor's own sessions and their tokens; the current session stays."""
        for resource in (self.session, self.authenticated_session, self.transport):
            if resource is not None:
                resource.close()
