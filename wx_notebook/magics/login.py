"""Signing in from a notebook: by the form, by questions, or with what is found."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from wx_notebook.errors import BadOption, Interrupted, NotConnected, WatsonxError

_KEY_WORDS = ("key", "token", "password", "secret")


def login(shell: Any, line: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the form; ask by plain questions with `--text`; never ask where nobody can answer.

    Raises
    ------
    NotConnected
        There is no front end to ask, and nothing was found.
    WatsonxError
        What was found, or answered, does not fit together.
    """
    words = line.split()
    unknown = [word for word in words if word != "--text"]
    if unknown:
        raise _unknown(unknown[0])
    if not _can_ask(shell):
        _use_what_is_found(shell)
    elif words:
        _ask_by_text(shell)
    elif hasattr(shell, "kernel"):
        _show_form(shell)
    elif what_is_found():
        _use_what_is_found(shell)
    else:
        _ask_by_text(shell)


def sign_out() -> str:
    """Forget key and token, and return a line that says so."""
    from wx_notebook.session import current, disconnect

    line = "not connected" if current() is None else "logged out: key and token are forgotten"
    disconnect()
    still = what_is_found()
    return f"{line}; the next prompt would connect with the {still}" if still else line


def what_is_found() -> str:
    """Return the source that a prompt would connect with now, "" when there is none."""
    import os

    from wx_notebook.credentials import Given, find

    try:
        return find(Given("arguments"), os.environ).source
    except WatsonxError:
        return ""


class FormDesk:
    """What the form asks for, answered by the session of this process."""

    def sign_in(self, api_key: Any, region: str, project_id: str) -> str:  # noqa: ANN401
        """Connect with what was typed; return the line that says so."""
        from wx_notebook.credentials import Given
        from wx_notebook.session import sign_in

        return sign_in(Given("form", api_key, region=region, project_id=project_id)).line()

    def use(self, offer: str, region: str, project_id: str) -> str:
        """Connect with what was found on this machine; what was typed besides wins."""
        import os

        from wx_notebook.credentials import Given
        from wx_notebook.credentials.sources import SANDBOX_VARIABLE
        from wx_notebook.session import sign_in

        if offer == "sandbox":
            # whole, as it is: its key opens nothing else
            alone = {SANDBOX_VARIABLE: os.environ.get(SANDBOX_VARIABLE, "")}
            return sign_in(Given("form"), alone).line()
        return sign_in(Given("form", region=region, project_id=project_id), os.environ).line()

    def sign_out(self) -> None:
        """Forget key and token."""
        sign_out()

    def line(self) -> str:
        """Return what the connection is, "" when there is none."""
        from wx_notebook.session import current

        held = current()
        return held.line() if held is not None else ""


def _show_form(shell: Any) -> None:  # noqa: ANN401
    import os

    from wx_notebook.credentials import REGIONS
    from wx_notebook.credentials.sources import from_environment, from_sandbox
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
        FormDesk(),
        offers=offers,
        region=found.url or found.region,
        project_id=found.project_id,
        regions=[(r.region_id, r.place) for r in REGIONS if r.sign_in == "iam"],
    )
    show_widget(shell, form)


def _ask_by_text(shell: Any) -> None:  # noqa: ANN401
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
        waiting.tell([sign_in(given).line()])


def _typed() -> Any:  # noqa: ANN401  # a Given, imported with its room
    from getpass import getpass

    from wx_notebook.credentials import Given, Secret, checked_key

    key = checked_key(Secret(getpass("IBM Cloud API key (hidden): ")))
    region = input("Region or URL [us-south]: ").strip()
    project_id = input("Project ID: ").strip()
    return Given("typed", key, region=region or "us-south", project_id=project_id)


def _use_what_is_found(shell: Any) -> None:  # noqa: ANN401
    from wx_notebook.credentials import Given
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.session import sign_in

    nobody = False
    with Waiting(canvas_for(shell), "signing in") as waiting:
        try:
            waiting.tell([sign_in(Given("arguments")).line()])
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


def _unknown(word: str) -> BadOption:
    # the rest of the line is not repeated: it may be a key
    if any(part in word.lower().partition("=")[0] for part in _KEY_WORDS) or len(word) > 30:
        return BadOption(
            "%watsonx login takes no key on its line: it would be saved with the notebook. "
            "If that was a real key, make a new one and delete it.",
            hint="Next: %watsonx login",
        )
    return BadOption("%watsonx login takes --text and nothing else.", hint="Next: %watsonx login")
