"""The login form: what it asks of the world, and what stands beside it.

Importing this room is light. The widget itself is `wx_notebook.form.widget.LoginForm`; only the
code that shows a form imports it, and with it ipywidgets. `steps` is the conversation without a
browser: what happened goes in, what is to be seen comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wx_notebook.credentials.secret import Secret
    from wx_notebook.session.finding import Event


class Offer(NamedTuple):
    """A credential found on this machine, as a button that signs in with it."""

    id: str
    label: str


class Typed(NamedTuple):
    """What stood in the fields beside the secret.

    `where` is a region or URL, `billed_to` a project or space by name, id or address, both may be
    empty; `secret_is` says of a cluster's secret whether it is a password; `remember` is the name
    under which what signs in is kept, "" for nothing.
    """

    kind: str = "cloud"
    where: str = ""
    billed_to: str = ""
    username: str = ""
    secret_is: str = "password"  # noqa: S105  # a word
    remember: str = ""


class Lists(NamedTuple):
    """What there is to choose from besides projects and spaces, and what is in use."""

    models: tuple[str, ...] = ()
    model: str = ""
    profiles: tuple[str, ...] = ()
    profile: str = ""
    place: str = ""


class Desk(Protocol):
    """Where the form hands in what was typed: it knows sessions and services, the form neither.

    What takes its time yields what happens, step by step; it raises `WatsonxError` or
    `Interrupted`.
    """

    def sign_in(self, secret: Secret, typed: Typed) -> Iterator[Event]:
        """Sign in with what was typed, pasted, or stood in a file."""
        ...

    def use(self, offer: str, typed: Typed) -> Iterator[Event]:
        """Sign in with what was offered under this id."""
        ...

    def lists(self) -> Iterator[Event]:
        """Offer what the session that stands could go on with."""
        ...

    def choose(self, place: str, model: str, profile: str) -> Iterator[Event]:
        """Go on with what was chosen; "" leaves it as it is."""
        ...

    def give_up(self) -> None:
        """Forget what waits for a choice: nobody makes it any more."""
        ...

    def choices(self) -> Lists:
        """Return models and profiles to choose from; asks the service for nothing twice."""
        ...

    def sign_out(self, *, forget: bool = False) -> None:
        """Forget the session; with `forget` the profile that is in use, too."""
        ...

    def line(self) -> str:
        """Return the status line of now, or an empty string when nobody is signed in."""
        ...

    def notes(self) -> list[str]:
        """Return what stands below that line."""
        ...


def fallback_plain() -> str:
    """Return the text that a front end without widgets shows in place of the form."""
    from wx_notebook.form.words import word

    return word("saved.none")


def fallback_html() -> str:
    """Return the same as HTML, for pages that show a saved notebook."""
    before, code, after = fallback_plain().split("`")
    return f"<p>{before}<code>{code}</code>{after}</p>"
