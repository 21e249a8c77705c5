"""Checks of Jupyter: the front end, both parts of the widgets, and our server extension."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from wx_notebook.doctor.check import CheckContext, CheckResult
from wx_notebook.doctor.environments import (
    Environment,
    LabExtension,
    current_environment,
    is_same_prefix,
)
from wx_notebook.doctor.front_end import FrontEnd

_FRONT_ENDS: Mapping[str, str] = {
    "vscode": "VS Code, which has its own support for widgets",
    "colab": "Colab, which has its own support for widgets",
    "other": "a front end that this kernel does not know",
    "none": "no front end (nbclient, papermill, CI): login uses a credential that it finds",
    "terminal": "IPython in a terminal",
    "command": "this command, without a notebook",
}
#: The oldest major versions that show our outputs.
_MINIMUM_MAJORS = {"jupyterlab": 4, "notebook": 7}
_ANYWIDGET = "anywidget"
#: The manager draws every widget; ipywidgets 8 needs its version 5.
_MANAGER, _MINIMUM_MANAGER = "@jupyter-widgets/jupyterlab-manager", 5
#: The packages that install them.
_PACKAGES = {_ANYWIDGET: "anywidget", _MANAGER: "ipywidgets"}
_TEXT_LOGIN = "Until then, `%watsonx login --text` asks without a form"
_EXTENSION = "wx_notebook.server"
_NO_GUARD = "notebooks are saved without a search for keys"


def probe_front_end(context: CheckContext) -> CheckResult:
    """Name the front end, and fail if it is too old."""
    front_end = context.front_end
    if front_end.kind != "jupyter":
        return CheckResult.ok(_FRONT_ENDS[front_end.kind] + _input_text(front_end))
    if front_end.prefix is None:
        return CheckResult.ok(
            "a notebook of a Jupyter server that this kernel cannot find"
            f"{_input_text(front_end)}; the kernel runs in {sys.prefix}"
        )
    server = front_end.environment
    versions = [
        f"{name} {version}"
        for name in ("jupyterlab", "notebook", "jupyter_server")
        if (version := server.version(name))
    ]
    location = f"in {front_end.prefix}, as the kernel does"
    if not is_same_prefix(front_end.prefix, Path(sys.prefix)):
        location = f"in {front_end.prefix}, the kernel in {sys.prefix}"
    finding = f"{front_end.program} ({', '.join(versions) or 'version unknown'}) runs {location}"
    if requirement := _unmet_minimum(server):
        return CheckResult.failed(
            f"{finding}; {requirement}",
            f"`{server.python} -m pip install --upgrade jupyterlab notebook`, then start it again",
        )
    return CheckResult.ok(finding + _input_text(front_end))


def _unmet_minimum(server: Environment) -> str:
    """Return the package of a server that is too old for our outputs, with its minimum."""
    for name, minimum in _MINIMUM_MAJORS.items():
        major = server.version(name).partition(".")[0]
        if major.isdigit() and int(major) < minimum:
            return f"{name} {minimum} or newer is needed"
    return ""


def _input_text(front_end: FrontEnd) -> str:
    return "; questions can be asked" if front_end.can_ask else "; questions cannot be asked"


# --- the widgets --------------------------------------------------------------------------------


def probe_widgets(context: CheckContext) -> CheckResult:
    """Look for the browser part of the widgets where the Jupyter server looks for it."""
    kind = context.front_end.kind
    if kind in ("vscode", "colab"):
        return CheckResult.skipped("this front end has its own support for widgets")
    if kind in ("none", "terminal"):
        return CheckResult.skipped(
            "nothing here shows widgets; login asks in text, or uses a credential that it finds"
        )
    # by its files: the import takes half a second, and on a slow disk longer than a check may
    kernel_version = current_environment().version(_ANYWIDGET)
    if not kernel_version:
        return _missing(current_environment(), _ANYWIDGET)
    server = context.front_end.environment
    versions = []
    for name in (_ANYWIDGET, _MANAGER):
        extensions = server.lab_extensions(name)
        if not extensions:
            return _missing(server, name)
        if any(off.partition(":")[0] == name for off in server.disabled_lab_extensions()):
            return CheckResult.failed(
                f"the extension {name} is disabled in {server.prefix}, so no form can be shown",
                f"`{server.python} -m jupyter labextension enable {name}`, then reload the page. "
                f"{_TEXT_LOGIN}",
            )
        if not _is_compatible(name, extensions[0].version, kernel_version):
            return _incompatible(server, name, extensions, kernel_version)
        versions.append(f"{name} {extensions[0].version}")
    location = "" if server.is_current else f", in {server.prefix}"
    return CheckResult.ok(f"{' and '.join(versions)} are installed and enabled{location}")


def _missing(server: Environment, name: str) -> CheckResult:
    finding = f"{name} is missing in {server.prefix}"
    if not server.is_current:
        finding += f", where the Jupyter server looks for it (this kernel runs in {sys.prefix})"
    return CheckResult.failed(
        f"{finding}, so no form can be shown",
        f"`{server.python} -m pip install {_PACKAGES[name]}`, then start JupyterLab again and "
        f"reload the page. {_TEXT_LOGIN}",
    )


def _incompatible(
    server: Environment, name: str, extensions: list[LabExtension], kernel_version: str
) -> CheckResult:
    first, *others = extensions
    if any(_is_compatible(name, other.version, kernel_version) for other in others):
        # users have met this: one in the user's folder hides the environment's own
        repair = f"Remove {first.folder}, then reload the page"
    else:
        requirement = '"ipywidgets>=8.1.3"'
        if name == _ANYWIDGET:
            requirement = f'"anywidget=={".".join(kernel_version.split(".")[:2])}.*"'
        repair = f"`{server.python} -m pip install {requirement}`, then start JupyterLab again"
    kernel_part = f"anywidget {kernel_version}"
    if name != _ANYWIDGET:
        kernel_part = f"ipywidgets {current_environment().version('ipywidgets')}"
    return CheckResult.failed(
        f"the browser part of {name} is {first.version} (in {first.folder}), which does not fit "
        f"the kernel's {kernel_part}, so no form can be shown",
        f"{repair}. {_TEXT_LOGIN}",
    )


def _is_compatible(name: str, browser_version: str, kernel_version: str) -> bool:
    """Whether the browser part works with the kernel part.

    An anywidget requires its own minor version: `_ANYWIDGET_SEMVER_VERSION` is "~0.9.*".
    """
    if name == _ANYWIDGET:
        return browser_version.split(".")[:2] == kernel_version.split(".")[:2]
    major = browser_version.partition(".")[0]
    return major.isdigit() and int(major) >= _MINIMUM_MANAGER


# --- the server extension -----------------------------------------------------------------------


def probe_extension(context: CheckContext) -> CheckResult:
    """Read in Jupyter's settings whether the extension that searches for keys is enabled."""
    if context.front_end.kind not in ("jupyter", "command"):
        return CheckResult.skipped("no Jupyter server on this machine saves notebooks here")
    server = context.front_end.environment
    is_enabled, folder = server.server_extension(_EXTENSION)
    if is_enabled and not server.version("wx-notebook"):
        return CheckResult.failed(
            f"{_EXTENSION} is enabled, but wx-notebook is not installed in the server's "
            f"environment, {server.prefix}: {_NO_GUARD}",
            f"`{server.python} -m pip install wx-notebook`, then start JupyterLab again",
        )
    if is_enabled and server.server_setting("WatsonxGuard", "mode") == "off":
        return CheckResult.warning(
            f"{_EXTENSION} is enabled, but its mode is off: {_NO_GUARD}",
            'Remove `"WatsonxGuard": {"mode": "off"}` from jupyter_server_config.json',
        )
    if is_enabled:
        return CheckResult.ok(f"{_EXTENSION} is enabled in {folder}")
    if is_enabled is None:
        finding = f"{_EXTENSION} is not installed in {server.prefix}"
        command = f"`{server.python} -m pip install --force-reinstall --no-deps wx-notebook`"
    else:
        finding = f"{_EXTENSION} is disabled in {folder}"
        command = f"`{server.python} -m jupyter server extension enable {_EXTENSION}`"
    return CheckResult.warning(f"{finding}: {_NO_GUARD}", f"{command}, then start JupyterLab again")
