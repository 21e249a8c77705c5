"""The options of a prompt: what it says itself, and what the session and the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wx_notebook import settings
from wx_notebook.options import Options
from wx_notebook.settings import SessionModel

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session


def options_of(held: Session | None, given: Mapping[str, Any]) -> Options:
    """Return the options of a prompt that says `given` itself and goes through this session.

    Without one the model stays open that it may have: the session says it later.

    Raises
    ------
    BadOption
        As `settings.options_for`.
    """
    return settings.options_for(given, None if held is None else session_model(held))


def session_model(held: Session) -> SessionModel:
    """Return the model of a session as one of the settings."""
    given = held.given
    return SessionModel(given.model, given.model_is_chosen, given.profile)
