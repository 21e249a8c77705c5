"""Signing in from a notebook: by the form, by questions, or with what is found."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, Interrupted, NotConnected, WatsonxError
from wx_notebook.magics.standing import sign_out, told, what_is_found
from wx_notebook.magics.words import Takes, parsed

if TYPE_CHECKING:
    from wx_notebook.session import Session

_TAKES: dict[str, Takes] = {
    "--text": "none", "--remember": "maybe", "--env": "one", "--file": "one",
}  # fmt: skip


def login(shell: Any, line: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the form; ask by plain questions with `--text`; never ask where nobody can answer.

    `--remember [NAME]` keeps what signed in as a profile, `--env FILE` and `--file FILE` read a
    file that is named: a `.env` or an `apikey.json`, whichever it turns out to be.

    Raises
    ------
    NotConnected
        There is no front end to ask, and nothing was found.
    WatsonxError
        What was found, or answered, does not fit together.
    """
    _, options = parsed("login", line, _TAKES)
    remember = options.get("--remember")
    name = None if remember is None else remember or "default"
    if name is not None:
        from wx_notebook.settings import checked_name

        # before anybody types a key
        checked_name(name)
    files = [options[flag] for flag in ("--env", "--file") if flag in options]
    if len(files) + ("--text" in options) > 1:
        raise BadOption(
            "Give one of --text, --env and --file: each is a way to sign in.",
            hint="Next: %watsonx login",
        )
    if files:
        _use_file(shell, files[0], name)
    elif not _can_ask(shell):
        _use_what_is_found(shell, name)
    elif "--text" in options:
        _ask_by_text(shell, name)
    elif hasattr(shell, "kernel"):
        _show_form(shell, name)
    elif what_is_found():
        _use_what_is_found(shell, name)
    else:
        _ask_by_text(shell, name)


def remembered(held: Session, name: str | None) -> list[str]:
    """Keep what signed in under a name; return the line that says so, or why it could not be.

    The sign-in stands in any case.
    """
    if name is None:
        return []
    from wx_notebook.credentials.profiles import remember

    try:
        line = remember(name, held.given, model=held.model)
    except WatsonxError as problem:
        return [problem.message.replace("\n", " ")]
    held.profile = name
    return [line]


class FormDesk:
    """What the form asks for, answered by the session of this process.

    Parameters
    ----------
    remember
        The name under which what signs in is kept, None to keep nothing.
    """

    def __init__(self, remember: str | None = None) -> None:
        self._remember = remember
        # beside the session's own line, until the next sign-in
        self._more: list[str] = []

    def sign_in(self, api_key: Any, region: str, project_id: str) -> str:  # noqa: ANN401
        """Connect with what was typed; return the line that says so."""
        from wx_notebook.credentials import Given
        from wx_notebook.session import sign_in

        return self._told(
            sign_in(Given("form", api_key, region=region, project_id=project_id)), self._remember
        )

    def use(self, offer: str, region: str, project_id: str) -> str:
        """Connect with what was found on this machine; what was typed besides wins."""
        import os

        from wx_notebook.credentials import Given
        from wx_notebook.credentials.files import SANDBOX_VARIABLE
        from wx_notebook.session import sign_in

        if offer == "sandbox":
            # whole, as it is: its key opens nothing else
            alone = {SANDBOX_VARIABLE: os.environ.get(SANDBOX_VARIABLE, "")}
            return self._told(sign_in(Given("form"), alone))
        return self._told(sign_in(Given("form", region=region, project_id=project_id)))

    def sign_out(self) -> None:
        """Forget key and token, and the profile that was in use."""
        sign_out()

    def line(self) -> str:
        """Return what the connection is, "" when there is none."""
        from wx_notebook.session import current

        held = current()
        return " · ".join([held.line(), *self._more]) if held is not None else ""

    def _told(self, held: Session, remember: str | None = None) -> str:
        self._more = [*held.notes(), *remembered(held, remember)]
        return self.line()


def _show_form(shell: Any, remember: str | None) -> None:  # noqa: ANN401
    import os

    from wx_notebook.credentials import REGIONS
    from wx_notebook.credentials.environment import from_environment
    from wx_notebook.credentials.files import from_sandbox
    from wx_notebook.display import show_widget
    from wx_notebook.form import Offer
    from wx_notebook.form.widget import LoginForm

    found = from_environment(os.environ)
    offers = []
    if from_sandbox(os.environ) is not None:
        offers.append(Offer("sandbox", "Use the sandbox"))
    if found.api_key is not None:
        offers.append(Offer("environment", "Use the key of the environment"))
    form = LoginForm(
        FormDesk(remember),
        offers=offers,
        region=found.url or found.region,
        project_id=found.project_id,
        # not those that only IBM itself works with
        regions=[(r.region_id, r.place) for r in REGIONS if r.region_id != "govcloud-prep"],
    )
    show_widget(shell, form)


def _ask_by_text(shell: Any, remember: str | None) -> None:  # noqa: ANN401
    """Ask by `getpass` and `input`; neither is saved anywhere."""
    from wx_notebook.credentials import Given
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.session import sign_in

    given: Given | None = None
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        given = _typed()
    if given is None:
        raise Interrupted("Nothing was changed.", hint="Next: %watsonx login --text")
    with Waiting(canvas_for(shell), "signing in") as waiting:
        held = sign_in(given)
        waiting.tell([*told(held), *remembered(held, remember)])


def _typed() -> Any:  # noqa: ANN401  # a Given, imported with its room
    from getpass import getpass

    from wx_notebook.credentials import Given, Secret, checked_key

    key = checked_key(Secret(getpass("IBM Cloud API key (hidden): ")))
    region = input("Region or URL [us-south]: ").strip()
    project_id = input("Project ID: ").strip()
    return Given("typed", key, region=region or "us-south", project_id=project_id)


def _use_file(shell: Any, path: str, remember: str | None) -> None:  # noqa: ANN401
    """Connect with a file that was named; nothing of it is written anywhere."""
    from wx_notebook.credentials.files import from_file
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.session import sign_in

    with Waiting(canvas_for(shell), "signing in") as waiting:
        held = sign_in(from_file(path))
        waiting.tell([*told(held), *remembered(held, remember)])


def _use_what_is_found(shell: Any, remember: str | None) -> None:  # noqa: ANN401
    from wx_notebook.credentials import Given
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.session import sign_in

    nobody = False
    with Waiting(canvas_for(shell), "signing in") as waiting:
        try:
            held = sign_in(Given("arguments"))
            waiting.tell([*told(held), *remembered(held, remember)])
        except NotConnected:
            nobody = True
        if nobody:
            raise NotConnected(
                "not connected: nobody can fill in a form here, and WATSONX_API_KEY is not set.",
                hint="Next: set WATSONX_API_KEY, WATSONX_REGION and WATSONX_PROJECT_ID, run it "
                "again.",
            )


def _can_ask(shell: Any) -> bool:  # noqa: ANN401
    """Whether the request that is running allows input: not in nbclient, papermill or CI."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()
