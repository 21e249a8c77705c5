"""Signing in: the form, the same by text in a terminal, and the line that stays in the notebook.

Importing this room is light. `sign_in` holds the steps, as a generator of events; `view` turns
them into what the form shows; `text` prints them. `controller` connects the form to the session of
this process. Only `output` loads the widget, and with it ipywidgets, when it shows a form.
"""

from __future__ import annotations

import sys

from wx_notebook.session.events import SecretHeld, SessionChanged


def on_event(event: SessionChanged | SecretHeld) -> None:
    """Update the login outputs when the session changed; a subscriber of the session's events."""
    if isinstance(event, SessionChanged):
        refresh_outputs()


def refresh_outputs() -> None:
    """Let every form and line of the notebook show the current session."""
    # an open output has loaded this module; without one there is nothing to refresh or to import
    output = sys.modules.get("wx_notebook.login.output")
    if output is not None:
        output.refresh_all()
