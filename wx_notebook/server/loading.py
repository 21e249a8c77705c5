"""Putting our two hooks before a save into a Jupyter server, beside the user's own.

One is the guard, with its setting. The other looks after login forms (`server.forms`).

In `jupyter_server_config.py`::

    c.WatsonxGuard.mode = "redact"

or on the command line, `jupyter lab --WatsonxGuard.mode=off`.
"""

from __future__ import annotations

import re
from typing import Any

from traitlets import CaselessStrEnum, TraitError
from traitlets.config import Config, LoggingConfigurable

from wx_notebook.guard import reports
from wx_notebook.server.saving import Guard

#: Extensions by which several people edit one document. What such a server refuses to save, nobody
#: hears of: the page says that it is saved.
_COLLABORATION = re.compile(
    r"ydoc|collaboration|server_documents|(?<![a-z])rtc(?![a-z])", re.IGNORECASE
)


class WatsonxGuard(LoggingConfigurable):
    """What is done when a notebook is saved with a key or token of IBM Cloud in it."""

    mode = CaselessStrEnum(
        ("off", "warn", "redact", "block"),
        default_value="redact",
        help="""
        off: nothing is looked at.
        warn: the notebook is saved as it is, and the user is told.
        redact: the key or token is taken out of what is written, and the user is told.
        block: the notebook is not saved; with real-time collaboration this is "redact".
        """,
    ).tag(config=True)


def load(server: Any) -> None:  # noqa: ANN401  # a ServerApp
    """Register the guard before every save. Never fails: a server without it is worth more."""
    try:
        _load(server)
    except Exception:
        server.log.exception("The guard of wx_notebook could not be loaded: it looks at nothing.")


def _load(server: Any) -> None:  # noqa: ANN401
    manager = server.contents_manager
    if hasattr(manager, "register_pre_save_hook"):
        manager.register_pre_save_hook(_forms_before_save)
    setting = _setting(server)
    if setting.mode == "off":
        server.log.info("The guard of wx_notebook is off (WatsonxGuard.mode).")
        return
    if not hasattr(manager, "register_pre_save_hook"):
        server.log.warning(
            "The guard of wx_notebook looks at nothing: %s has no hooks before a save.",
            type(manager).__name__,
        )
        return
    if setting.mode == "block" and collaborates(server):
        server.log.warning(
            "WatsonxGuard.mode is 'block', but with real-time collaboration a save that is refused "
            "is lost without a word: 'redact' is used."
        )
    guard = Guard(
        mode=lambda: setting.mode,
        collaborates=lambda: collaborates(server),
        leave=reports.leave,
        log=server.log,
    )

    # a plain function: a hook without a `__name__` that fails would keep the file from being saved
    def wx_notebook_guard(*, model: dict[str, Any], path: str, **_: object) -> None:
        guard.before_save(model, path)

    manager.register_pre_save_hook(wx_notebook_guard)


def _forms_before_save(*, model: dict[str, Any], **_: object) -> None:
    from wx_notebook.server import forms

    forms.before_save(model)


def _setting(server: Any) -> WatsonxGuard:  # noqa: ANN401
    try:
        return WatsonxGuard(parent=server)
    except TraitError as problem:
        server.log.error("%s Its default is used: 'redact'.", problem)
        return WatsonxGuard(config=Config(), log=server.log)


def collaborates(server: Any) -> bool:  # noqa: ANN401
    """Whether documents are edited by several people at once in this server."""
    for name, extension in server.extension_manager.extensions.items():
        if _COLLABORATION.search(name) and extension.enabled:
            apps = [point.app for point in extension.extension_points.values()]
            # jupyter-collaboration can be installed and switched off
            if not all(getattr(app, "disable_rtc", False) for app in apps):
                return True
    return False
