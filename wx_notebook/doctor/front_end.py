"""Where users see outputs, as far as a kernel can find out."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from wx_notebook.doctor.environments import Environment, current_environment

#: A notebook of a Jupyter server; VS Code; Colab; another front end of a kernel; a kernel that can
#: ask nobody (nbclient, papermill, CI); IPython in a terminal; the command itself.
FrontEndKind: TypeAlias = Literal[
    "jupyter", "vscode", "colab", "other", "none", "terminal", "command"
]
#: Programs that serve notebooks: their scripts and modules -> their names.
_SERVERS = {
    "jupyter-lab": "JupyterLab", "jupyterlab": "JupyterLab", "jupyter-labhub": "JupyterLab",
    "jupyter-notebook": "Notebook", "notebook": "Notebook",
    "jupyter-server": "Jupyter Server", "jupyter_server": "Jupyter Server",
    "jupyterhub-singleuser": "JupyterHub", "jupyterhub.singleuser": "JupyterHub",
}  # fmt: skip
#: `jupyter lab` becomes `jupyter-lab`; on Windows it stays as its parent.
_MAX_ANCESTORS = 3


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Where users see outputs.

    Attributes
    ----------
    kind
        The kind of front end.
    can_ask
        Whether the running request allows input.
    program
        The Jupyter server, "" if it is unknown.
    prefix
        The Python environment of that server, None if it is unknown.
    """

    kind: FrontEndKind
    can_ask: bool = True
    program: str = ""
    prefix: Path | None = None

    @property
    def environment(self) -> Environment:
        """The environment whose widgets and server extensions count."""
        return Environment(self.prefix) if self.prefix is not None else current_environment()


def detect_front_end(
    shell: Any,  # noqa: ANN401  # IPython's InteractiveShell
    environ: Mapping[str, str],
    modules: Collection[str] = sys.modules,
) -> FrontEnd:
    """Return the front end of an IPython shell."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return FrontEnd("terminal", sys.stdin is not None and sys.stdin.isatty())
    can_ask = bool(getattr(kernel, "_allow_stdin", False))
    if "google.colab" in modules:
        return FrontEnd("colab", can_ask)
    # VS Code's Jupyter extension sets this name in each kernel that it starts
    if "__vsc_ipynb_file__" in shell.user_ns:
        return FrontEnd("vscode", can_ask)
    if not can_ask:
        return FrontEnd("none", can_ask)
    program, prefix = _parent_server()
    # jupyter_server sets it to the name of the notebook
    if "JPY_SESSION_NAME" in environ or program:
        return FrontEnd("jupyter", can_ask, program, prefix)
    return FrontEnd("other", can_ask)


def _parent_server() -> tuple[str, Path | None]:
    """Return the Jupyter server that started this kernel, and its environment.

    Only the start of its command line is read: the rest may contain a token.
    """
    import psutil

    try:
        ancestors = psutil.Process().parents()[:_MAX_ANCESTORS]
    except (psutil.Error, OSError):
        return "", None
    for process in ancestors:
        try:
            command = process.cmdline()[:5]
        except (psutil.Error, OSError):
            continue
        if program := server_program(command):
            return program, environment_prefix(command[0])
    return "", None


def server_program(command: list[str]) -> str:
    """Return the Jupyter server that a command line starts, "" if it starts none."""
    words = [word for word in command if not word.startswith("-")][:2]
    names = [word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") for word in words]
    return next((_SERVERS[name] for name in names if name in _SERVERS), "")


def environment_prefix(python: str) -> Path | None:
    """Return the environment of an interpreter, by the path that started it.

    The interpreter of a virtual environment is a link to one of another environment.
    """
    path = Path(python)
    if not path.is_absolute():
        return None
    return path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
