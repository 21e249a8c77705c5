"""The login form: what it asks of the world, and what stands beside it.

Importing this room is light. The widget itself is `wx_notebook.form.widget.LoginForm`; only the
code that shows a form imports it, and with it ipywidgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from wx_notebook.credentials.secret import Secret

_TWIN = "%watsonx login --text"


class Offer(NamedTuple):
    """A credential found on this machine, as a button that signs in with it."""

    id: str
    label: str


class Desk(Protocol):
    """Where the form hands in what was typed: it knows sessions and services, the form neither."""

    def sign_in(self, api_key: Secret, region: str, project_id: str) -> str:
        """Sign in; return the status line, or raise `WatsonxError` or `Interrupted`."""
        ...

    def use(self, offer: str, region: str, project_id: str) -> str:
        """Sign in with what was offered under this id; returns and raises as `sign_in` does.

        What was typed into the other fields comes along: an offer may lack a project.
        """
        ...

    def sign_out(self) -> None:
        """Forget the session."""
        ...

    def line(self) -> str:
        """Return the status line of now, or an empty string when nobody is signed in."""
        ...


def fallback_plain() -> str:
    """Return the text that a front end without widgets shows in place of the form."""
    return f"No form here? Run `{_TWIN}`."


def fallback_html() -> str:
    """Return the same as HTML, for pages that show a saved notebook."""
    return f"<p>No form here? Run <code>{_TWIN}</code>.</p>"
