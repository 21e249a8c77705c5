"""What `%watsonx status`, `profiles` and `logout` do and say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.errors import NotConnected, WatsonxError, without_keys
from wx_notebook.magics.words import parsed

if TYPE_CHECKING:
    from wx_notebook.session import Session

_LOG_IN = "Next: %watsonx login"


def status(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show what the connection is, which credential won, and what it comes before."""
    from wx_notebook.display import show_lines
    from wx_notebook.session import current
    from wx_notebook.session.standing import details

    parsed("status", rest, {})
    held = current()
    lines = _without_a_session() if held is None else [held.line(), *details(held)]
    show_lines(shell, [*lines, *_around()])


def profiles(shell: Any, rest: str) -> None:  # noqa: ANN401
    """List the profiles; the keyring is left alone."""
    from wx_notebook.credentials import keyrings
    from wx_notebook.credentials.profiles import listed
    from wx_notebook.display import show_lines
    from wx_notebook.settings import settings_file

    parsed("profiles", rest, {})
    found = listed()
    lines = [f"profiles in {settings_file()}:"] if found else ["no profiles yet"]
    width = max((len(profile.name) for profile, _ in found), default=0)
    for profile, is_default in found:
        where = without_keys(profile.region or profile.url or "us-south")
        scope = f"project {profile.project_id}" if profile.project_id else ""
        scope = scope or (f"space {profile.space_id}" if profile.space_id else "no project")
        mark = "  <- default" if is_default else ""
        lines.append(f"  {profile.name:{width}}  {where} · {scope}{mark}")
    why = keyrings.available()
    if found:
        lines.append("Next: %watsonx use NAME")
    elif not why:
        lines.append("Next: %watsonx login --remember NAME makes one")
    if why:
        lines.append(why)
    show_lines(shell, lines)


def logout(shell: Any, rest: str) -> None:  # noqa: ANN401
    """Forget the session; with a profile's name, or when a profile is in use, that one, too."""
    from wx_notebook.display import show_lines
    from wx_notebook.magics.stage import refresh

    words, _ = parsed("logout", rest, {}, most_words=1)
    try:
        show_lines(shell, sign_out(words[0] if words else ""))
    finally:
        # the session can be gone although its profile could not be forgotten
        refresh()


def sign_out(profile: str = "") -> list[str]:
    """Forget credential and token, the profile that they came from or that is named, and say so.

    Raises
    ------
    BadOption
        There is no such profile, or it cannot be removed from where it is kept.
    """
    from wx_notebook.credentials.profiles import forget
    from wx_notebook.session import current, disconnect

    held = current()
    used = held.given.profile if held is not None else ""
    lines = ["not connected" if held is None else "logged out: key and token are forgotten"]
    if held is not None and (not profile or profile == used):
        disconnect()
    elif held is not None:
        lines = [f"still connected, with the {held.source}"]
    if profile or used:
        lines.append(forget(profile or used))
    if current() is None and (still := what_is_found()):
        lines.append(f"the next prompt would connect with the {still}")
    return lines


def what_is_found() -> str:
    """Return the source that a prompt would connect with now, "" when there is none.

    The keyring is left alone: of a default profile only the name is told.
    """
    from wx_notebook.credentials import Given, find
    from wx_notebook.session.twin import environment

    try:
        return find(Given("arguments"), environment(), only_names=True).source
    except WatsonxError:
        return ""


def _without_a_session() -> list[str]:
    from wx_notebook.credentials import Given, find
    from wx_notebook.session.twin import environment, unverified

    lines = ["not connected"]
    try:
        found = find(Given("arguments"), environment(), only_names=True)
    except NotConnected as problem:
        # beside the first line there may be files that nobody named
        more = problem.message.split("\n")[1:]
        return [*lines, *more, problem.hint if more else _LOG_IN]
    except WatsonxError as problem:
        # a source that cannot be read stands in the way of the next prompt, too
        return [*lines, *problem.message.split("\n"), problem.hint]
    if found.has_credential:
        # where the next prompt would be refused, say that, and not that it connects
        try:
            unverified(found).close()
        except WatsonxError as problem:
            return [*lines, *problem.message.split("\n"), problem.hint]
    lines.append(f"the next prompt connects with the {found.source}")
    if found.shadowed:
        lines.append("not used: " + ", ".join(found.shadowed))
    return lines


def _around() -> list[str]:
    """Return what child processes inherit."""
    from wx_notebook.credentials.environment import inherited
    from wx_notebook.session.twin import environment

    names = inherited(environment())
    if not names:
        return []
    return [f"{' and '.join(names)}: programs started from this kernel inherit it"]


def told(held: Session) -> list[str]:
    """Return the line of a session that was just made, with what its owner should know."""
    return [held.line(), *held.notes()]
