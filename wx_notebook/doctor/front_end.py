"""Where people see what is shown, as far as a kernel can know it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from wx_notebook.doctor.environments import Environment, is_same, this_environment
from wx_notebook.doctor.verdicts import Finding, ok

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

#: A notebook of a Jupyter server; VS Code; Colab; another front end of a kernel; a kernel that
#: nobody can be asked in (nbclient, papermill, CI); IPython in a terminal; the command itself.
Kind: TypeAlias = Literal["jupyter", "vscode", "colab", "other", "none", "terminal", "command"]
#: Programs that serve notebooks, by the name of their script or module, and what people call them.
_SERVERS = {
    "jupyter-lab": "JupyterLab", "jupyterlab": "JupyterLab", "jupyter-labhub": "JupyterLab",
    "jupyter-notebook": "Notebook", "notebook": "Notebook",
    "jupyter-server": "Jupyter Server", "jupyter_server": "Jupyter Server",
    "jupyterhub-singleuser": "JupyterHub", "jupyterhub.singleuser": "JupyterHub",
}  # fmt: skip
#: `jupyter lab` becomes `jupyter-lab`; on Windows it stays a parent of it.
_ANCESTORS = 3


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Where people see what is shown.

    Attributes
    ----------
    kind
        What it is.
    can_ask
        Whether the request that runs allows input.
    program
        The Jupyter server that it belongs to, "" where that cannot be seen.
    prefix
        The Python environment that server runs in, None where that cannot be seen.
    """

    kind: Kind
    can_ask: bool = True
    program: str = ""
    prefix: Path | None = None

    @property
    def environment(self) -> Environment:
        """The environment whose widgets and server extensions count."""
        return Environment(self.prefix) if self.prefix is not None else this_environment()


def front_end_of(
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
    # VS Code's Jupyter extension sets it in each kernel that it starts
    if "__vsc_ipynb_file__" in shell.user_ns:
        return FrontEnd("vscode", can_ask)
    if not can_ask:
        return FrontEnd("none", can_ask)
    program, prefix = _server()
    # jupyter_server names the notebook there
    if "JPY_SESSION_NAME" in environ or program:
        return FrontEnd("jupyter", can_ask, program, prefix)
    return FrontEnd("other", can_ask)


def look(case: Case) -> Finding:
    """Say what front end this is, and refuse one that is older than it may be."""
    front = case.front
    if front.kind != "jupyter":
        return ok(_TOLD[front.kind] + _asking(front))
    if front.prefix is None:
        return ok(
            "a notebook of a Jupyter server that cannot be seen from this kernel"
            f"{_asking(front)}; the kernel runs in {sys.prefix}"
        )
    server = front.environment
    versions = [
        f"{name} {version}"
        for name in ("jupyterlab", "notebook", "jupyter_server")
        if (version := server.version(name))
    ]
    where = f"in {front.prefix}, as the kernel does"
    if not is_same(front.prefix, Path(sys.prefix)):
        where = f"in {front.prefix}, the kernel in {sys.prefix}"
    found = f"{front.program} ({', '.join(versions) or 'version unknown'}) runs {where}"
    if outdated := _outdated(server):
        return Finding(
            "failed",
            f"{found}; {outdated}",
            f"`{server.python} -m pip install --upgrade jupyterlab notebook`, then start it again",
        )
    return ok(found + _asking(front))


def _outdated(server: Environment) -> str:
    """Return what a server has that is older than this package can be shown in."""
    for name, least in (("jupyterlab", 4), ("notebook", 7)):
        major = server.version(name).partition(".")[0]
        if major.isdigit() and int(major) < least:
            return f"{name} {least} or newer is needed"
    return ""


def _asking(front: FrontEnd) -> str:
    return "; questions can be asked" if front.can_ask else "; nobody can be asked"


_TOLD: Mapping[str, str] = {
    "vscode": "VS Code, which shows widgets of its own",
    "colab": "Colab, which shows widgets of its own",
    "other": "a front end that this kernel cannot name",
    "none": "no front end (nbclient, papermill, CI): login uses what is found",
    "terminal": "IPython in a terminal",
    "command": "this command: no notebook is looked at",
}


def _server() -> tuple[str, Path | None]:
    """Return the Jupyter server that started this kernel, and its environment.

    Of its command line only the program is read: the rest may have a token in it.
    """
    import psutil

    try:
        ancestors = psutil.Process().parents()[:_ANCESTORS]
    except (psutil.Error, OSError):
        return "", None
    for process in ancestors:
        try:
            command = process.cmdline()[:5]
        except (psutil.Error, OSError):
            continue
        if program := program_of(command):
            return program, prefix_of(command[0])
    return "", None


def program_of(command: list[str]) -> str:
    """Return the kind of Jupyter server that a command line starts, "" if it is none."""
    words = [word for word in command if not word.startswith("-")][:2]
    names = [word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") for word in words]
    return next((_SERVERS[name] for name in names if name in _SERVERS), "")


def prefix_of(python: str) -> Path | None:
    """Return the environment that an interpreter belongs to, by its path as it was started.

    A virtual environment's interpreter is a link: where it leads to is another environment.
    """
    path = Path(python)
    if not path.is_absolute():
        return None
    return path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
