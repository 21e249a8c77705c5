"""The check of the sign-in that a Jupyter server holds for all its notebooks."""

from __future__ import annotations

import os
from pathlib import Path

from wx_notebook import __version__
from wx_notebook.credentials.server_sign_in import find_server_sign_in
from wx_notebook.credentials.sign_in_file import (
    is_of_another_version,
    parent_pid,
    read_sign_in_file,
    sign_in_path,
)
from wx_notebook.doctor.check import CONNECTION_TIMEOUT_S, CheckContext, CheckResult
from wx_notebook.doctor.environments import Environment
from wx_notebook.errors import WatsonxError
from wx_notebook.session.current import is_logged_out
from wx_notebook.transport import Timeouts, Transport

_EXTENSION = "wx_notebook.server"
_PANEL = "the panel “watsonx”"
_SIGN_IN_AGAIN = f"Start JupyterLab again, then sign in in {_PANEL}"


def probe_server_sign_in(context: CheckContext) -> CheckResult:
    """Look whether the Jupyter server of this kernel is signed in, and whether it answers."""
    if context.front_end.kind not in ("jupyter", "command"):
        return CheckResult.skipped(
            "no Jupyter server of this machine holds a sign-in for this kernel"
        )
    server = context.front_end.environment
    is_enabled, _ = server.server_extension(_EXTENSION)
    if not is_enabled:
        return CheckResult.skipped(
            f"a sign-in for all notebooks needs {_EXTENSION}, which is not enabled"
        )
    if server.server_setting("WatsonxSignIn", "enabled") is False:
        return CheckResult.skipped(
            "an administrator has switched off the sign-in for all notebooks "
            "(WatsonxSignIn.enabled); each one signs in itself"
        )
    if context.front_end.kind == "command":
        return CheckResult.ok(
            f"{_PANEL} of JupyterLab can sign in all notebooks; `%watsonx doctor` in one of them "
            "says whether somebody is signed in"
        )
    return _look(sign_in_path(parent_pid()), server)


def _look(path: Path, server: Environment) -> CheckResult:
    file = read_sign_in_file(path)
    if file is None and is_of_another_version(path):
        return CheckResult.warning(
            f"the Jupyter server has another version of wx-notebook than this kernel's "
            f"{__version__}, so this kernel cannot use its sign-in",
            f"`{server.command_to_install(__version__)}`. {_SIGN_IN_AGAIN}",
        )
    if file is None and os.path.lexists(path):
        return CheckResult.warning(
            f"{path} is ignored: it is damaged, a link, or not private to you, so somebody else "
            "could have written it",
            f"Remove it. {_SIGN_IN_AGAIN}",
        )
    found = find_server_sign_in()
    if found is None and file is not None and file.is_lost:
        return CheckResult.ok(
            "nobody is signed in at the Jupyter server: an earlier one was, and its sign-in has "
            f"ended with it; {_PANEL} signs in all notebooks again"
        )
    if found is None:
        return CheckResult.ok(
            f"nobody is signed in at the Jupyter server; {_PANEL} signs in all notebooks"
        )
    limit_s = CONNECTION_TIMEOUT_S
    limits = Timeouts(connect_s=limit_s, first_byte_s=limit_s, idle_s=limit_s, whole_s=limit_s)
    transport = Transport(timeouts=limits)
    try:
        found.reach(transport)
    except WatsonxError as error:
        return CheckResult.failed(" ".join(error.message.split()), _SIGN_IN_AGAIN)
    finally:
        transport.close()
    finding = f"the Jupyter server is signed in and gives out tokens at {found.file.url}"
    if is_logged_out():
        finding += "; you have logged out in this kernel, so it does not ask for one"
    return CheckResult.ok(finding)
