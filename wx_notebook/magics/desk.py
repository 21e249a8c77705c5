"""What stands behind the form: the session of this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import WatsonxError
from wx_notebook.magics.guarding import warnings_collected
from wx_notebook.magics.standing import sign_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_notebook.credentials import Given
    from wx_notebook.session import Session


def remembered(held: Session, name: str | None) -> list[str]:
    """Keep what signed in under a name; return the line that says so, or why it could not be.

    The sign-in stands in any case.
    """
    if name is None:
        return []
    from wx_notebook.credentials.profiles import remember

    try:
        line = remember(name, held.given)
    except WatsonxError as problem:
        return [problem.message.replace("\n", " ")]
    held.given = replace(held.given, profile=name)
    return [line]


class FormDesk:
    """What the form asks for, answered by the session of this process.

    Parameters
    ----------
    remember
        The name under which what signs in is kept, None to keep nothing.
    space
        What prompts are billed to where no project is typed: an id or a name.
    """

    def __init__(self, remember: str | None = None, space: str = "") -> None:
        self._remember = remember
        self._space = space
        # beside the session's own line, until the next sign-in
        self._more: list[str] = []

    def sign_in(self, api_key: Any, region: str, project_id: str) -> str:  # noqa: ANN401
        """Connect with what was typed; return the line that says so."""
        from wx_notebook.credentials import Given

        return self._connect(Given("form", api_key, region=region), project_id)

    def use(self, offer: str, region: str, project_id: str) -> str:
        """Connect with what was found on this machine; what was typed besides wins."""
        from wx_notebook.credentials import Given
        from wx_notebook.credentials.files import SANDBOX_VARIABLE
        from wx_notebook.session.choosing import signed_in
        from wx_notebook.session.twin import environment

        if offer == "sandbox":
            # whole, as it is: its key opens nothing else
            alone = {SANDBOX_VARIABLE: environment().get(SANDBOX_VARIABLE, "")}
            return self._told(lambda: signed_in(Given("form"), alone))
        return self._connect(Given("form", region=region), project_id)

    def sign_out(self) -> None:
        """Forget key and token, and the profile that was in use."""
        sign_out()

    def line(self) -> str:
        """Return what the connection is, "" when there is none."""
        from wx_notebook.session import current

        held = current()
        return " · ".join([held.line(), *self._more]) if held is not None else ""

    def _connect(self, given: Given, project: str) -> str:
        from wx_notebook.session.choosing import signed_in

        space = "" if project else self._space
        return self._told(lambda: signed_in(given, project=project, space=space))

    def _told(self, sign_in: Callable[[], Session]) -> str:
        # no cell runs now that could show them
        with warnings_collected() as warnings:
            held = sign_in()
        self._more = [*held.notes(), *remembered(held, self._remember), *warnings]
        return self.line()
