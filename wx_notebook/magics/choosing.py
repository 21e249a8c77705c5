"""`%watsonx use` without a word: the lists of what to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.errors import WatsonxError

if TYPE_CHECKING:
    from wx_notebook.session import Session


def choose(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Open the form's lists in a notebook; elsewhere, and where nobody can click, print them.

    Raises
    ------
    NotConnected
        Nobody is signed in, and nothing is found to sign in with.
    """
    from wx_notebook.magics.desk import FormDesk
    from wx_notebook.magics.login import can_ask
    from wx_notebook.magics.stage import Stage
    from wx_notebook.session import session

    held = session()
    if hasattr(shell, "kernel") and can_ask(shell):
        Stage(shell, FormDesk()).open(change=True)
    else:
        _print(shell, held)


def _print(shell: Any, held: Session) -> None:  # noqa: ANN401
    from wx_notebook.credentials.profiles import listed
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.magics.conversation import rows
    from wx_notebook.session.finding import Choice, listing

    problem: WatsonxError | None = None
    with Waiting(canvas_for(shell), "asking for projects and spaces") as waiting:
        lines = [held.line()]
        for event in listing(held):
            if isinstance(event, Choice):
                lines += ["projects and spaces:", *rows(event)]
            elif event.state == "bad":  # type: ignore[union-attr]
                problem = event.problem  # type: ignore[union-attr]
        if problem is None:
            names = [profile.name for profile, _ in listed()]
            lines.append(f"profiles: {', '.join(names)}" if names else "no profiles yet")
            lines.append("models: %watsonx models lists them")
            lines.append(
                "Next: %watsonx use PROFILE, or --project, --space, --model, --region and a name"
            )
            waiting.tell(lines)
    if problem is not None:
        raise problem
