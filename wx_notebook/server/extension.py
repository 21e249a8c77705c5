"""What the extension adds to a Jupyter server: two pre-save hooks, and the sign-in for notebooks.

One hook is the guard, with its setting. The other looks after login forms
(`server.unfinished_forms`). The sign-in is in the memory of the server (`server.held_sign_in`).

In `jupyter_server_config.py`::

    c.WatsonxGuard.mode = "redact"
    c.WatsonxSignIn.enabled = True

or on the command line, `jupyter lab --WatsonxGuard.mode=off`.
"""

from __future__ import annotations

import re
from typing import Any

from traitlets import Bool, CaselessStrEnum, TraitError
from traitlets.config import Config, LoggingConfigurable

from wx_notebook.guard import reports
from wx_notebook.server.held_sign_in import HeldSignIn
from wx_notebook.server.notebook_guard import NotebookGuard
from wx_notebook.server.unfinished_forms import mark_unfinished_forms

#: Extensions that let several people edit one document. If such a server refuses a save, nobody
#: learns of it: the page says that the document is saved.
_COLLABORATION = re.compile(
    r"ydoc|collaboration|server_documents|(?<![a-z])rtc(?![a-z])", re.IGNORECASE
)


class WatsonxGuard(LoggingConfigurable):
    """What happens when a notebook is saved that contains a key or token of IBM Cloud."""

    mode = CaselessStrEnum(
        ("off", "warn", "redact", "block"),
        default_value="redact",
        help="""
        off: notebooks are not searched.
        warn: the notebook is saved unchanged, and the user is warned.
        redact: the key or token is removed from the file, and the user is told.
        block: the notebook is not saved; with real-time collaboration "redact" is used instead.
        """,
    ).tag(config=True)


class WatsonxSignIn(LoggingConfigurable):
    """The sign-in for all notebooks of this server, in JupyterLab's panel."""

    enabled = Bool(
        default_value=True,
        help="""
        Whether this server may hold a sign-in for all its notebooks. Switch it off where several
        people share one server: whoever runs a cell there would use the sign-in of another one.
        """,
    ).tag(config=True)


def load_extension(server: Any) -> None:  # noqa: ANN401  # a ServerApp
    """Register our hooks and handlers. An error is logged, so that the server still starts."""
    try:
        _register_hooks(server)
    except Exception:
        server.log.exception(
            "The guard of wx_notebook could not be loaded: notebooks are saved unchecked."
        )
    try:
        _register_handlers(server)
    except Exception:
        server.log.exception(
            "The sign-in panel of wx_notebook could not be loaded: notebooks sign in themselves."
        )


def _register_handlers(server: Any) -> None:  # noqa: ANN401
    # with the handlers of Jupyter, which a server has loaded by now
    from wx_notebook.server.panel_handlers import panel_handlers

    application = server.web_app
    sign_in = HeldSignIn(server.log) if WatsonxSignIn(parent=server).enabled else None
    handlers = panel_handlers(
        application.settings["base_url"], sign_in, lambda: has_collaboration(server)
    )
    application.add_handlers(".*$", handlers)


def _register_hooks(server: Any) -> None:  # noqa: ANN401
    manager = server.contents_manager
    has_hooks = hasattr(manager, "register_pre_save_hook")
    if has_hooks:
        manager.register_pre_save_hook(_mark_forms_before_save)
    setting = _read_setting(server)
    if setting.mode == "off":
        server.log.info("The guard of wx_notebook is off (WatsonxGuard.mode).")
        return
    if not has_hooks:
        server.log.warning(
            "The guard of wx_notebook cannot check notebooks: %s has no hooks before a save.",
            type(manager).__name__,
        )
        return
    if setting.mode == "block" and has_collaboration(server):
        server.log.warning(
            "WatsonxGuard.mode is 'block', but with real-time collaboration nobody would learn "
            "that a save was refused. 'redact' is used instead."
        )
    guard = NotebookGuard(
        mode=lambda: setting.mode,
        has_collaboration=lambda: has_collaboration(server),
        save_report=reports.save_report,
        log=server.log,
    )

    # a plain function: if a hook without a `__name__` fails, Jupyter does not save the file
    def wx_notebook_guard(*, model: dict[str, Any], path: str, **_: object) -> None:
        guard.before_save(model, path)

    manager.register_pre_save_hook(wx_notebook_guard)


def _mark_forms_before_save(*, model: dict[str, Any], **_: object) -> None:
    mark_unfinished_forms(model)


def _read_setting(server: Any) -> WatsonxGuard:  # noqa: ANN401
    try:
        return WatsonxGuard(parent=server)
    except TraitError as error:
        server.log.error("%s The default 'redact' is used.", error)
        return WatsonxGuard(config=Config(), log=server.log)


def has_collaboration(server: Any) -> bool:  # noqa: ANN401
    """Return whether several people can edit one document at the same time on this server."""
    for name, extension in server.extension_manager.extensions.items():
        if _COLLABORATION.search(name) and extension.enabled:
            apps = [point.app for point in extension.extension_points.values()]
            # jupyter-collaboration can be installed but switched off
            if not all(getattr(app, "disable_rtc", False) for app in apps):
                return True
    return False
