"""What is checked before a prompt is sent: who pays for it, and that no secret is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, ProjectError
from wx_notebook.hints import login_hint
from wx_notebook.options import Options
from wx_notebook.service import Scope

_MOST_NOTES = 2
#: What a value of JSON mostly is.
_KINDS = frozenset({str, int, float, bool, type(None), dict, list})


def notes_on_scope(notes: Sequence[str]) -> str:
    """Return the notes on names of variables that were perhaps meant for the project, each a line.

    They say of each name what is the matter with it, and never a value.
    """
    about = [note for note in notes if "PROJECT" in note.upper() or "SPACE" in note.upper()]
    return "".join(f"\n{note}" for note in about[:_MOST_NOTES])


def check_scope(options: Options, scope: Scope, notes: Sequence[str] = ()) -> None:
    """Refuse a prompt that no project or space would be billed for.

    `notes` say what was not read where the credential was found.

    Raises
    ------
    ProjectError
        Neither is set.
    """
    if options.deployment is None and not (scope.project_id or scope.space_id):
        raise ProjectError(
            f"No project is set, and a prompt is billed to a project.{notes_on_scope(notes)}",
            hint=login_hint(
                after=", or set WATSONX_PROJECT_ID",
                otherwise="set WATSONX_PROJECT_ID, or call wx.connect(project_id=...)",
            ),
        )


def check_secrets(secrets: Mapping[str, Secret], *values: object) -> None:
    """Refuse a request that would carry the credential or the access token to a model.

    Parameters
    ----------
    secrets
        The secrets of the session, by what they are.
    values
        Texts or JSON values: messages, options, the body of a whole request.

    Raises
    ------
    BadOption
        The credential or the token is in one of them.
    """
    text = "\0".join(_texts_in(values))  # one search for all of them
    for kind, secret in secrets.items():
        if secret.hide_in(text) != text:
            raise BadOption(
                f"The prompt holds the {kind} of this session, which is never sent to a model.",
                hint="Take it out, or the variable or option that brought it in.",
            )


def _texts_in(values: Sequence[Any]) -> list[str]:
    """Return every text of JSON values, also the names of fields."""
    texts, left = [], list(values)
    while left:
        each = left.pop()
        kind = type(each)
        # the abstract classes are slow to ask
        if kind is str or (kind not in _KINDS and isinstance(each, str)):
            texts.append(each)
        elif kind is dict or (kind not in _KINDS and isinstance(each, Mapping)):
            left += each
            left += each.values()
        elif kind is list or (kind not in _KINDS and isinstance(each, Sequence)):
            left += each
    return texts
