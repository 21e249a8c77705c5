"""Another project, space, region or model for the same credential."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wx_notebook import settings
from wx_notebook.credentials import without_keys
from wx_notebook.credentials.checks import is_uuid
from wx_notebook.errors import (
    BadOption,
    ModelError,
    NotConnected,
    ProjectError,
    WatsonxError,
    near,
)
from wx_notebook.options import excluded_by
from wx_notebook.session.twin import current, put_in_force, unverified

if TYPE_CHECKING:
    from wx_notebook.credentials import Given
    from wx_notebook.service import Project
    from wx_notebook.session.connection import Session

#: The model that a session has if nobody chooses one.
DEFAULT = "default"
#: As many as are named where none was found.
MOST_NAMED = 8
_LISTED = "%watsonx models lists those that are there."


def signed_in(
    given: Given,
    environ: Mapping[str, str] | None = None,
    *,
    region: str = "",
    project: str = "",
    space: str = "",
) -> Session:
    """Sign in with what was given, there, and make it the session of this process.

    When it cannot be verified, the session that there was stays. A project or space may be named.

    Raises
    ------
    WatsonxError
        What is missing or does not fit together.
    """
    first = made = unverified(given, environ)
    try:
        if region or project or space:
            made = changed(first, region=region, project=project, space=space)
        return put_in_force(made)
    finally:
        if current() is not first:
            first.close()


def changed(
    held: Session, *, project: str = "", space: str = "", region: str = "", model: str = ""
) -> Session:
    """Return another session with the same credential. A project or space may be named.

    Raises
    ------
    NotConnected
        This one was closed.
    BadOption
        A project and a space; or a region with a sandbox's key.
    ModelError
        The region has no such model.
    UnknownRegion, HostRefused, ProjectError
        As `wx_notebook.connect`; no project, or more than one, of that name.
    """
    if held.credential is None:
        raise NotConnected("not connected: the session was closed.", hint="Next: %watsonx login")
    if project and space:
        raise BadOption(
            "A prompt is billed to a project or to a space, not to both.",
            hint="Give --project or --space.",
        )
    given = _with_model(held.given, model)
    if region:
        if held.endpoints.place == "sandbox":
            raise BadOption(
                "This session is connected to a sandbox, whose key opens nothing else.",
                hint="Next: %watsonx login",
            )
        # from somewhere else than the credential: only a region of IBM's
        given = replace(given, region=region, url="", iam_url="", platform_url="", joined=True)
    there = held.like(given) if region else held
    if project:
        project = project if _is_an_id(project) else _named(project, there.projects(), "project")
        given = replace(given, project_id=project, space_id="")
    elif space:
        space = space if _is_an_id(space) else _named(space, there.spaces(), "space")
        given = replace(given, project_id="", space_id=space)
    other = held.like(given)
    if given.model_is_chosen and model:
        check_model(other, given.model)
    return other


def _with_model(given: Given, model: str) -> Given:
    """Return it with this model, or its alias; the word "default" goes back to the profile's."""
    if not model:
        return given
    if model != DEFAULT:
        return replace(given, model=settings.model_alias(model), model_is_chosen=True)
    own = ""
    if given.profile:
        with contextlib.suppress(WatsonxError):
            own = settings.profile(given.profile).model
    return replace(given, model=own, model_is_chosen=False)


def choose_default(name: str, value: object, by: str) -> None:
    """Make a value the default of an option; a model that `use` chose gives way where it must."""
    settings.choose(name, value, by)
    held = current()
    if value is None or held is None or not held.given.model_is_chosen:
        return
    if name == "model" or excluded_by("model", [name]):
        held.given = _with_model(held.given, DEFAULT)


def check_model(other: Session, model_id: str) -> None:
    """Check that the region has a model; without a catalogue the first prompt will tell.

    Raises
    ------
    ModelError
        It has not; with the nearest name.
    """
    known: list[str] = []
    with contextlib.suppress(WatsonxError):
        known = [model.model_id for model in other.models()]
    if gone := other.catalogue.withdrawal(model_id):
        raise ModelError(
            f"{other.endpoints.place} has no model '{without_keys(model_id)}'. {gone.told}",
            hint=f"Next: %watsonx use --model {gone.successor}" if gone.successor else _LISTED,
        )
    # of a list without its end the first prompt will tell, too
    if known and model_id not in known and not other.catalogue.problem:
        raise ModelError(
            f"{other.endpoints.place} has no model '{without_keys(model_id)}'."
            f"{near(model_id, [*known, *settings.aliases()])}",
            hint=_LISTED,
        )


def _is_an_id(text: str) -> bool:
    # the address of its page in watsonx.ai holds it, too
    return is_uuid(text.strip()) or "/" in text


def _named(name: str, known: Sequence[Project], kind: str) -> str:
    """Return the id of the one that has this name."""
    wanted = name.strip().lower()
    found = [one for one in known if one.name == name.strip()]
    found = found or [one for one in known if one.name.lower() == wanted]
    if len(found) == 1:
        return found[0].id
    shown = without_keys(name)
    if found:
        ids = ", ".join(one.id for one in found[:5])
        raise ProjectError(
            f"{len(found)} {kind}s are called '{shown}': {ids}.", hint=f"Give the {kind}'s ID."
        )
    names = [one.name for one in known]
    suggestion = near(name, names)
    if not suggestion and 0 < len(names) <= MOST_NAMED:
        suggestion = f" There are: {', '.join(names)}."
    raise ProjectError(
        f"No {kind} of yours is called '{shown}'.{suggestion}",
        hint=f"Give its ID: in watsonx.ai, your {kind} > Manage > General.",
    )
