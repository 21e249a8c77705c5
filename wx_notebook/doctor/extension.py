"""Check: whether the Jupyter server has our extension, which keeps keys out of what is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_notebook.doctor.verdicts import Finding, ok, skipped

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

_NAME = "wx_notebook.server"
_UNGUARDED = "notebooks are saved as they are, without a look for keys"


def look(case: Case) -> Finding:
    """Read in Jupyter's settings whether the extension is switched on."""
    if case.front.kind not in ("jupyter", "command"):
        return skipped("no Jupyter server of this machine saves notebooks here")
    server = case.front.environment
    is_on, folder = server.server_extension(_NAME)
    if is_on and not server.version("wx-notebook"):
        return Finding(
            "failed",
            f"{_NAME} is switched on, and wx-notebook is not installed in the server's "
            f"environment, {server.prefix}: {_UNGUARDED}",
            f"`{server.python} -m pip install wx-notebook`, then start JupyterLab again",
        )
    if is_on and server.server_setting("WatsonxGuard", "mode") == "off":
        return Finding(
            "warning",
            f"{_NAME} is switched on, and its mode is off: {_UNGUARDED}",
            'Take `"WatsonxGuard": {"mode": "off"}` out of jupyter_server_config.json',
        )
    if is_on:
        return ok(f"{_NAME} is switched on, by {folder}")
    if is_on is None:
        said = f"{_NAME} is not installed in {server.prefix}"
        repair = f"`{server.python} -m pip install --force-reinstall --no-deps wx-notebook`"
    else:
        said = f"{_NAME} is switched off, by {folder}"
        repair = f"`{server.python} -m jupyter server extension enable {_NAME}`"
    return Finding("warning", f"{said}: {_UNGUARDED}", f"{repair}, then start JupyterLab again")
