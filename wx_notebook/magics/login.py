"""Signing in from a notebook: by the form, by questions, or with what is found."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, Interrupted, NotConnected, WatsonxError
from wx_notebook.magics.desk import FormDesk, remembered
from wx_notebook.magics.standing import told, what_is_found
from wx_notebook.magics.words import Takes, parsed

if TYPE_CHECKING:
    from wx_notebook.credentials import Given
    from wx_notebook.session import Session

TAKES: dict[str, Takes] = {
    "--text": "none", "--env": "one", "--file": "one", "--remember": "maybe",
    "--region": "one", "--project": "one", "--space": "one",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a login line says besides how to sign in."""

    remember: str | None
    region: str
    project: str
    space: str


def login(shell: Any, line: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the form; ask by plain questions with `--text`; never ask where nobody can answer.

    `--remember [NAME]` keeps what signed in as a profile; `--env FILE` and `--file FILE` read a
    file that is named, a `.env` or an `apikey.json`, whichever it turns out to be; `--region`,
    `--project` and `--space` say what the credential does not.

    Raises
    ------
    NotConnected
        There is no front end to ask, and nothing was found.
    WatsonxError
        What was found, or answered, does not fit together.
    """
    _, options = parsed("login", line, TAKES)
    wish = _wish(options)
    files = [options[flag] for flag in ("--env", "--file") if flag in options]
    if len(files) + ("--text" in options) > 1:
        raise BadOption(
            "Give one of --text, --env and --file: each is a way to sign in.",
            hint="Next: %watsonx login",
        )
    if files:
        _use_file(shell, files[0], wish)
    elif not can_ask(shell):
        _use_what_is_found(shell, wish)
    elif "--text" in options:
        _ask_by_text(shell, wish)
    elif hasattr(shell, "kernel"):
        _show_form(shell, wish)
    elif what_is_found():
        _use_what_is_found(shell, wish)
    else:
        _ask_by_text(shell, wish)


def _wish(options: dict[str, str]) -> _Wish:
    remember = options.get("--remember")
    name = None if remember is None else remember or "default"
    if name is not None:
        from wx_notebook.settings import checked_name

        # before anybody types a key
        checked_name(name)
    return _Wish(name, *(options.get(f"--{what}", "") for what in ("region", "project", "space")))


def _connect(shell: Any, given: Given, wish: _Wish) -> None:  # noqa: ANN401
    """Sign in with what was given, at the place of the wish, and say what came of it."""
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.magics.stage import refresh
    from wx_notebook.session.choosing import signed_in

    with Waiting(canvas_for(shell), "signing in") as waiting:
        held = signed_in(given, region=wish.region, project=wish.project, space=wish.space)
        waiting.tell([*told(held), *remembered(held, wish.remember)])
    refresh()


def _show_form(shell: Any, wish: _Wish) -> None:  # noqa: ANN401
    from wx_notebook.credentials import keyrings
    from wx_notebook.credentials.environment import from_environment
    from wx_notebook.form import Typed
    from wx_notebook.magics.stage import Stage
    from wx_notebook.session.twin import environment

    found = from_environment(environment())
    theirs = "" if wish.project or wish.space else _only_an_id(found.project_id)
    typed = Typed(
        where=wish.region or _place(found),
        billed_to=wish.project or theirs,
        remember=wish.remember or "",
    )
    # where there is a box to tick it says whether; where it cannot be ticked the line says why
    remember = wish.remember if keyrings.available() else None
    Stage(shell, FormDesk(remember, wish.space, not_typed=theirs), typed).open()


def _place(found: Given) -> str:
    """Return where the environment leads, for a field that is saved with the notebook.

    In a URL as it stands there can be a password, or a key in the wrong place.
    """
    if not (found.url or found.region):
        return ""
    from wx_notebook.transport import is_loopback

    try:
        place = replace(found, joined=True).endpoints()
    except WatsonxError:
        return ""
    return place.url if is_loopback(place.url.partition("://")[2].split(":")[0]) else place.place


def _only_an_id(text: str) -> str:
    from wx_notebook.credentials.checks import is_uuid

    return text if is_uuid(text) else ""


def _ask_by_text(shell: Any, wish: _Wish) -> None:  # noqa: ANN401
    """Ask by `getpass` and `input`; neither is saved anywhere."""
    from wx_notebook.display import show_lines
    from wx_notebook.magics import conversation, questions
    from wx_notebook.magics.stage import refresh

    held: Session | None = None
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        answered = questions.typed(wish.region)
        held = conversation.held(answered, wish.project, wish.space)
    if held is None:
        raise Interrupted("Nothing was changed.", hint="Next: %watsonx login --text")
    name = wish.remember
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        # of a profile the key is kept already
        name = name or (None if held.given.profile else questions.remember_as())
    show_lines(shell, [*told(held), *remembered(held, name)])
    refresh()


def _use_file(shell: Any, path: str, wish: _Wish) -> None:  # noqa: ANN401
    """Connect with a file that was named; nothing of it is written anywhere."""
    from wx_notebook.credentials.files import from_file

    _connect(shell, from_file(path), wish)


def _use_what_is_found(shell: Any, wish: _Wish) -> None:  # noqa: ANN401
    from wx_notebook.credentials import Given

    nobody: WatsonxError | None = None
    try:
        _connect(shell, Given("arguments"), wish)
    except NotConnected as problem:
        nobody = problem
    if nobody is not None:
        first, *more = nobody.message.split("\n")
        raise NotConnected(
            "\n".join([f"{first} Nobody can fill in a form here.", *more]), hint=nobody.hint
        )


def can_ask(shell: Any) -> bool:  # noqa: ANN401
    """Whether the request that is running allows input: not in nbclient, papermill or CI."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()
