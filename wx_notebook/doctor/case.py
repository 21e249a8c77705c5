"""What the checks look at, and what the earlier ones leave for the later ones."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_notebook.credentials import Given
from wx_notebook.doctor.front_end import FrontEnd
from wx_notebook.doctor.masking import Mask

if TYPE_CHECKING:
    from wx_notebook.credentials import Endpoints
    from wx_notebook.doctor.listening import ListeningTransport
    from wx_notebook.service import Project
    from wx_notebook.session import Session
    from wx_notebook.session.catalogue import Catalogue
    from wx_notebook.session.usage import Meter

#: What is waited for on a network; shorter than what a check may take, because an error that says
#: what was waited for is better than none.
PATIENCE_S = 2.5


#: What the checks use: together it takes half a second of a processor.
_NEEDED = (
    "wx_notebook.session.connection",
    "wx_notebook.credentials.profiles",
    "wx_notebook.doctor.listening",
    "jupyter_server.config_manager",
    "keyring",
    "packaging.requirements",
    "psutil",
)


@dataclass(slots=True, repr=False)
class Case:
    """One look at one kernel or terminal.

    Attributes
    ----------
    environ
        The environment; only read.
    front
        Where people see what is shown.
    held
        The session that is in force, if there is one. It is looked at and left as it is.
    profile
        The profile that was named: its key is read from the keyring, which may ask its owner.
    command
        What is typed to do this again.
    meter
        What counts tokens, and has the budgets.
    wall_clock, today
        Seconds since 1970, and the day by which models are withdrawn.
    mask
        What every text passes before it is shown.

    given
        What signs in, or would; of no credential only where to.
    endpoints
        Where that leads.
    transport, session
        The doctor's own: with short limits, and apart from the session in force. Without a
        credential there is no session.
    signed_in
        The same session with a token.
    catalogue, project
        What the service said.
    """

    environ: Mapping[str, str]
    front: FrontEnd
    held: Session | None = None
    profile: str = ""
    command: str = "%watsonx doctor"
    meter: Meter | None = None
    wall_clock: Callable[[], float] = time.time
    today: Callable[[], dt.date] = dt.date.today
    mask: Mask = field(init=False)

    given: Given = field(default_factory=lambda: Given("nothing"))
    endpoints: Endpoints | None = None
    transport: ListeningTransport | None = None
    session: Session | None = None
    signed_in: Session | None = None
    catalogue: Catalogue | None = None
    project: Project | None = None

    def __post_init__(self) -> None:
        self.mask = Mask(self.environ)

    def load(self) -> None:
        """Import what the checks need: a slow disk is no check's fault, and counted for none."""
        for name in _NEEDED:
            # what cannot be imported is the finding of the check that needs it
            with contextlib.suppress(Exception):
                importlib.import_module(name)

    def close(self) -> None:
        """Forget the doctor's own sessions and their tokens; the one in force stays."""
        for held in (self.session, self.signed_in, self.transport):
            if held is not None:
                held.close()
