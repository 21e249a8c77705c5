"""`%watsonx code`: the last prompt as a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption
from wx_notebook.magics.words import Takes, parsed

if TYPE_CHECKING:
    from wx_notebook.interop.programs import Place

_TAKES: dict[str, Takes] = {"--for": "one", "--cell": "none"}


def code(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Print the last prompt as a runnable program, which reads key and place from the environment.

    `--for` says for what: sdk (without it), langchain, openai, requests or curl. `--cell` puts the
    program into the next cell instead.

    Raises
    ------
    BadOption
        There was no prompt yet, or it cannot be sent that way.
    """
    from wx_notebook.display import show_lines
    from wx_notebook.session.twin import last_request

    _, options = parsed("code", rest, _TAKES)
    request = last_request()
    if request is None:
        raise BadOption(
            "There was no prompt yet that could become a program.",
            hint="Next: run a %%watsonx cell, then %watsonx code",
        )
    from wx_notebook.interop import program

    target = options.get("--for", "sdk")
    text = program(request, target, _place())
    if "--cell" in options:
        # a notebook's own way to hand code over: nothing of it runs by itself
        shell.set_next_input(f"%%bash\n{text}" if target == "curl" else text)
        return
    show_lines(shell, text.rstrip("\n").split("\n"))
    # without a front end there is nobody to press a button
    if getattr(getattr(shell, "kernel", None), "_allow_stdin", False):
        from wx_notebook.display import show_widget
        from wx_notebook.display.copying import CopyButton

        again = f"%watsonx code --for {target} --cell puts it into the next cell"
        show_widget(shell, CopyButton(text, again))


def _place() -> Place:
    """Return where the program goes: where the session does, else IBM Cloud's first region."""
    from wx_notebook.interop.programs import ANYWHERE, Place
    from wx_notebook.session import current

    held = current()
    return Place.of(held.endpoints, held.given) if held is not None else ANYWHERE
