"""Another project, space, region or model for the same credential."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from wx_notebook import settings
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.errors import (
    BadOption,
    ModelError,
    NotConnected,
    ProjectError,
    WatsonxError,
    did_you_mean,
    mask_keys,
)
from wx_notebook.hints import login_hint
from wx_notebook.service import (
    AccountProjects,
    Project,
    ProjectLocation,
    account_projects,
    find_elsewhere,
)
from wx_notebook.session.connection import Session
from wx_notebook.session.current import (
    current_session,
    make_session,
    params_with_model,
    verify_and_activate,
)
from wx_notebook.session.error_hints import with_hints
from wx_notebook.session.near_models import CHAT, GENERATION, suggest_models
from wx_notebook.session.state import SessionState

#: The most names that are listed where a name matched none.
MOST_NAMED = 8
_SEE_MODELS = "%watsonx models lists the models of the region."


def sign_in_to(
    params: ConnectionParams, *, region: str = "", project: str = "", space: str = ""
) -> Session:
    """Sign in with these parameters, in that region and project, and make it the current session.

    A project or space may be given by its name. When the new session cannot be verified, the old
    one stays.

    Raises
    ------
    WatsonxError
        What is missing or does not fit together.
    """
    first = session = make_session(params)
    try:
        if region or project or space:
            session = switch(first, region=region, project=project, space=space)
        if not (session.scope.project_id or session.scope.space_id):
            raise _without_scope(session)
        return verify_and_activate(session)
    finally:
        if current_session() is not first:
            first.close()


def _without_scope(session: Session) -> ProjectError:
    """Return the error for a sign-in without a project, with those that there are to choose from.

    Raises
    ------
    WatsonxError
        The credential is refused, or the service is silent.
    """
    refused: ProjectError
    try:
        session.verify()
    except ProjectError as error:
        refused = error
    params = session.state.params
    listed = list_account(session.state, only_here=bool(params.region or params.url))
    names = [
        f"'{one.project.name}'" + ("" if one.project.kind == "project" else " (a space)")
        for one in listed.places
    ]
    if not names:
        return refused
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ProjectError(
        f"{refused.message}\nThere are: {', '.join(names[:MOST_NAMED])}{more}.",
        hint="Add --project NAME (or --space NAME) to the line, or WATSONX_PROJECT_ID=... to the "
        "file.",
    )


def switch(
    session: Session, *, project: str = "", space: str = "", region: str = "", model: str = ""
) -> Session:
    """Return another session with the same credential.

    A project or space may be given by its name; for that the service is asked.

    Raises
    ------
    NotConnected
        The session was closed.
    BadOption
        Both a project and a space, or a region for a sandbox's key.
    ModelError
        The region has no such model.
    UnknownRegion, HostRefused, ProjectError
        As `wx_notebook.connect`; no project, or more than one, has that name.
    """
    state = session.state
    if state.is_closed:
        raise NotConnected("not connected: the session was closed.", hint=login_hint())
    if project and space:
        raise BadOption(
            "A prompt is billed to a project or to a space, not to both.",
            hint="Give --project or --space.",
        )
    params = params_with_model(state.params, model)
    if region:
        if state.endpoints.place == "sandbox":
            raise BadOption(
                "This session is connected to a sandbox, and its key works only there.",
                hint=login_hint(),
            )
        # the region does not come from the credential's source, so it must be one of IBM's
        params = replace(
            params, region=region, url="", iam_url="", platform_url="", mixed_sources=True
        )
    in_region = session.with_params(params) if region else session
    if project:
        projects = () if _is_id(project) else in_region.projects()
        params = replace(params, project_id=_id_of(project, projects, "project"), space_id="")
    elif space:
        spaces = () if _is_id(space) else in_region.spaces()
        params = replace(params, project_id="", space_id=_id_of(space, spaces, "space"))
    switched = session.with_params(params)
    if params.model_is_chosen and model:
        check_model(switched.state, params.model)
    return switched


def check_model(state: SessionState, model_id: str) -> None:
    """Check that the region has a model; without the list of models the first prompt will tell.

    Raises
    ------
    ModelError
        The region does not have it, or it does not answer prompts; the message has near names.
    """
    catalogue = state.catalogue
    with contextlib.suppress(WatsonxError):
        catalogue.load()
    model = catalogue.find(model_id)
    missing = f"{state.endpoints.place} has no model '{mask_keys(model_id)}'."
    if withdrawal := state.catalogue.withdrawal(model_id):
        use = f"Next: %watsonx use --model {withdrawal.successor}"
        raise ModelError(
            f"{missing} {withdrawal.sentence}", hint=use if withdrawal.successor else _SEE_MODELS
        )
    # if the list is incomplete, the first prompt will tell as well
    suggestion = suggest_models(
        model_id, catalogue.everything, settings.aliases(), catalogue.today()
    )
    if model is None and catalogue.everything and not catalogue.problem:
        raise ModelError(f"{missing}{suggestion}", hint=_SEE_MODELS)
    if model is not None and not {CHAT, GENERATION} & {*model.functions}:
        can = f" It can do: {', '.join(model.abilities)}." if model.abilities else ""
        raise ModelError(
            f"'{mask_keys(model_id)}' does not answer prompts.{can}{suggestion}", hint=_SEE_MODELS
        )


def list_account(state: SessionState, *, only_here: bool = False) -> AccountProjects:
    """Return the projects and spaces of this user, also those of the account's other regions.

    Raises
    ------
    KeyRefused, TokenRefused, ServiceDown
        The region of the session does not answer.
    """
    others = () if only_here else state.others
    return with_hints(state, lambda: account_projects(state.service, others))


def locate_project(state: SessionState) -> ProjectLocation | None:
    """Return the region of the project or space that was not found here, None if it is unknown."""
    return find_elsewhere(state.service, state.scope, state.others)


def _is_id(text: str) -> bool:
    # the address of the project's page in watsonx.ai holds the ID, too
    return is_uuid(text.strip()) or "/" in text


def _id_of(name: str, known: Sequence[Project], kind: str) -> str:
    """Return the ID of the project or space of this name; an ID is returned as it is."""
    if _is_id(name):
        return name
    wanted = name.strip().lower()
    matches = [one for one in known if one.name == name.strip()]
    matches = matches or [one for one in known if one.name.lower() == wanted]
    if len(matches) == 1:
        return matches[0].id
    shown = mask_keys(name)
    if matches:
        ids = ", ".join(one.id for one in matches[:5])
        raise ProjectError(
            f"{len(matches)} {kind}s are called '{shown}': {ids}.", hint=f"Give the {kind}'s ID."
        )
    names = [one.name for one in known]
    suggestion = did_you_mean(name, names)
    if not suggestion and 0 < len(names) <= MOST_NAMED:
        suggestion = f" There are: {', '.join(names)}."
    raise ProjectError(
        f"You have no {kind} called '{shown}'.{suggestion}",
        hint=f"Give its ID: in watsonx.ai, your {kind} > Manage > General.",
    )
