"""The check of our front-end extension: there, enabled, of one version, and running in a page."""

from __future__ import annotations

from wx_notebook import __version__
from wx_notebook.doctor.check import CheckContext, CheckResult
from wx_notebook.doctor.environments import Environment, LabExtension

_NAME = "wx-notebook"
#: Without it nothing fails.
_REST = "cells and commands work without them"
_LACKING = f"no prompt colours, buttons and toolbar line; {_REST}"
_RELOAD = "start JupyterLab again and reload the page"


def probe_page_extension(context: CheckContext) -> CheckResult:
    """Look for the extension where the Jupyter server does, and for a page that runs it."""
    if context.front_end.kind not in ("jupyter", "command"):
        return CheckResult.skipped("it is for JupyterLab and Notebook 7")
    server = context.front_end.environment
    extensions = server.lab_extensions(_NAME)
    if not extensions:
        return CheckResult.warning(
            f"the extension {_NAME} is not installed in {server.prefix}: {_LACKING}",
            f"`{server.command_to_install(__version__)}`, then {_RELOAD}",
        )
    off = sorted(one for one in server.disabled_lab_extensions() if one.partition(":")[0] == _NAME)
    if off:
        return CheckResult.warning(
            f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} disabled in {server.prefix}: "
            f"{_LACKING if _NAME in off else _REST}",
            f"`{server.python} -m jupyter labextension enable {' '.join(off)}`, then reload the "
            "page",
        )
    if extensions[0].version != __version__:
        return _other_version(server, extensions)
    return _running(context, extensions[0])


def _other_version(server: Environment, extensions: list[LabExtension]) -> CheckResult:
    first, *others = extensions
    finding = (
        f"the extension in {first.folder} is {first.version}, the kernel's package is {__version__}"
    )
    if any(other.version == __version__ for other in others):
        # one in the user's folder hides the environment's own
        return CheckResult.warning(finding, f"Remove {first.folder}, then reload the page")
    command = server.command_to_install(__version__)
    return CheckResult.warning(finding, f"`{command}`, then {_RELOAD}")


def _running(context: CheckContext, extension: LabExtension) -> CheckResult:
    finding = f"{_NAME} {extension.version} is installed and enabled"
    if context.front_end.kind == "command":
        return CheckResult.ok(finding)
    if not context.pages:
        return CheckResult.ok(
            f"{finding}; no page that runs it has spoken to this kernel yet. If this page shows "
            "no buttons below answers, reload it"
        )
    version, application = context.pages[-1]
    if version != __version__:
        return CheckResult.warning(
            f"{finding}, but this page runs {version} of it ({application})", "Reload the page"
        )
    return CheckResult.ok(f"{finding}, and runs in {application}")
