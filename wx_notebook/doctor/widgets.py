"""Check: whether the form can be shown: both halves of its widget, in the right environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wx_notebook.doctor.environments import Environment, LabExtension, this_environment
from wx_notebook.doctor.verdicts import Finding, ok, skipped

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

_ANYWIDGET = "anywidget"
#: Draws every widget; its version 5 is the one that ipywidgets 8 speaks with.
_MANAGER, _LEAST_MANAGER = "@jupyter-widgets/jupyterlab-manager", 5
#: The package that brings each of them.
_PACKAGES = {_ANYWIDGET: "anywidget", _MANAGER: "ipywidgets"}
_BY_TEXT = "`%watsonx login --text` asks without a form"


def look(case: Case) -> Finding:
    """Look for the browser's halves of the widgets where the Jupyter server looks for them."""
    kind = case.front.kind
    if kind in ("vscode", "colab"):
        return skipped("this front end brings its own widgets")
    if kind in ("none", "terminal"):
        return skipped("nothing here shows widgets; login asks by text, or uses what is found")
    # by its files: importing it takes half a second, and on a slow disk longer than a check may
    ours = this_environment().version(_ANYWIDGET)
    if not ours:
        return _missing(this_environment(), _ANYWIDGET)
    server = case.front.environment
    told = []
    for name in (_ANYWIDGET, _MANAGER):
        found = server.lab_extensions(name)
        if not found:
            return _missing(server, name)
        if any(off.partition(":")[0] == name for off in server.disabled_lab_extensions()):
            return Finding(
                "failed",
                f"the extension {name} is switched off in {server.prefix}: no form is shown",
                f"`{server.python} -m jupyter labextension enable {name}`, then reload the page. "
                f"Until then: {_BY_TEXT}",
            )
        if not _fits(name, found[0].version, ours):
            return _unfit(server, name, found, ours)
        told.append(f"{name} {found[0].version}")
    where = "" if server.is_this else f", in {server.prefix}"
    return ok(f"{' and '.join(told)} are there and switched on{where}")


def _missing(server: Environment, name: str) -> Finding:
    where = f"{name} is missing in {server.prefix}"
    if not server.is_this:
        where += f", where the Jupyter server looks for it; this kernel runs in {sys.prefix}"
    return Finding(
        "failed",
        f"{where}: no form is shown",
        f"`{server.python} -m pip install {_PACKAGES[name]}`, then start JupyterLab again and "
        f"reload the page. Until then: {_BY_TEXT}",
    )


def _unfit(server: Environment, name: str, found: list[LabExtension], ours: str) -> Finding:
    first, *others = found
    if any(_fits(name, other.version, ours) for other in others):
        # seen in the wild: one in the user's folder hides the environment's own
        repair = f"Remove {first.folder}, then reload the page"
    else:
        wanted = f'"anywidget=={".".join(ours.split(".")[:2])}.*"'
        wanted = wanted if name == _ANYWIDGET else '"ipywidgets>=8.1.3"'
        repair = f"`{server.python} -m pip install {wanted}`, then start JupyterLab again"
    return Finding(
        "failed",
        f"the browser's half of {name} is {first.version}, from {first.folder}: it does not fit "
        f"the kernel's ({_kernels(name, ours)}), and no form is shown",
        f"{repair}. Until then: {_BY_TEXT}",
    )


def _kernels(name: str, ours: str) -> str:
    if name == _ANYWIDGET:
        return f"anywidget {ours}"
    return f"ipywidgets {this_environment().version('ipywidgets')}"


def _fits(name: str, theirs: str, ours: str) -> bool:
    """Whether the browser's half serves the kernel's.

    An anywidget asks for its own minor version: `_ANYWIDGET_SEMVER_VERSION` is "~0.9.*".
    """
    if name == _ANYWIDGET:
        return theirs.split(".")[:2] == ours.split(".")[:2]
    major = theirs.partition(".")[0]
    return major.isdigit() and int(major) >= _LEAST_MANAGER
