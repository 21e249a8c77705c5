"""The steps of a sign-in, as a generator of events.

The form and the questions in a terminal use the same generator. It checks the key, finds the
region and the project (or offers a choice of projects), and checks runtime and model. A step that
fails ends it. The new session becomes the current one only after its project has answered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from wx_notebook.credentials.hosts import Endpoints, endpoints
from wx_notebook.errors import ProjectError, WatsonxError, did_you_mean, mask_keys, without_frames
from wx_notebook.login.scopes import ScopeChoice, region_title, remember_scope, scope_choice
from wx_notebook.service import ProjectLocation, no_runtime_error
from wx_notebook.session.connection import Session
from wx_notebook.session.current import activate, current_session
from wx_notebook.session.error_hints import with_hints
from wx_notebook.session.switch import check_model, list_account, locate_project

StepName: TypeAlias = Literal["key", "region", "project", "runtime", "model"]
STEPS: tuple[StepName, ...] = ("key", "region", "project", "runtime", "model")


@dataclass(frozen=True, slots=True)
class Step:
    """A step began, succeeded or failed.

    Attributes
    ----------
    name, state
        The step, and how far it is.
    detail
        Its result: the user, a region, the name of a project, a model.
    error
        Why it failed.
    location
        The region or project that it is about, if any.
    """

    name: StepName
    state: Literal["busy", "ok", "bad"]
    detail: str = ""
    error: WatsonxError | None = None
    location: ProjectLocation | Endpoints | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session is verified, and is the current one."""

    session: Session


SignInEvent: TypeAlias = Step | ScopeChoice | SignedIn


def sign_in_steps(
    session: Session, *, scope_name: str = "", one_region: bool | None = None
) -> Iterator[SignInEvent]:
    """Sign in with a new session, and find out what its parameters do not say.

    After a `ScopeChoice`, call `continue_with`.

    Parameters
    ----------
    session
        Has the credential; it is not the current session, and has sent nothing yet.
    scope_name
        The name of a project or space, where the user gave no id.
    one_region
        Whether to search only the session's region; None if its parameters decide.

    Raises
    ------
    Interrupted
        The user stopped it. Then nothing has changed, as after a failed step.
    """
    if one_region is None:
        one_region = bool(session.state.params.region or session.state.params.url)
    yield Step("key", "busy")
    try:
        token = with_hints(session.state, session.state.token_source.token)
    except WatsonxError as error:
        yield _failed_step("key", error, session.endpoints)
        return
    yield Step("key", "ok", detail=token.subject)
    if session.scope.project_id or session.scope.space_id:
        yield from _verify_given_scope(session, one_region)
    else:
        yield from _find_scope(session, scope_name, one_region)


def list_scopes(session: Session) -> Iterator[SignInEvent]:
    """Offer all projects and spaces of the account to the current session."""
    yield Step("region", "busy")
    try:
        listed = list_account(session.state)
    except WatsonxError as error:
        yield _failed_step("project", error, session.endpoints)
        return
    yield scope_choice(session, listed.places, listed.silent)


def continue_with(
    session: Session, location: ProjectLocation | None = None, model: str = ""
) -> Iterator[SignInEvent]:
    """Sign in with the chosen project or space, and with a model, if one was chosen.

    Without a location the session keeps its own.
    """
    target = location.endpoints if location is not None else session.endpoints
    yield Step("region", "ok", region_title(target), location=target)
    yield Step("project", "busy", location.project.name if location is not None else "")
    moved = _session_at(session, location, model)
    try:
        yield from _verify_and_activate(moved, model)
    finally:
        if current_session() is not moved and moved is not session:
            moved.close()


def _verify_given_scope(session: Session, one_region: bool) -> Iterator[SignInEvent]:
    """Verify the project or space of the parameters; without a region, search all for it."""
    target = session.endpoints
    yield Step("region", "ok" if one_region else "busy", region_title(target), location=target)
    yield Step("project", "busy")
    missing: ProjectError | None = None
    location: ProjectLocation | None = None
    try:
        session.verify()
    except ProjectError as error:
        missing = error
    except WatsonxError as error:
        yield _failed_step("project", error, target)
        return
    if missing is not None:
        location = locate_project(session.state)
    # a project of this id in another region is used, unless the user gave a region
    is_elsewhere = location is not None and location.endpoints != target
    if is_elsewhere and one_region:
        location = None
    if missing is not None and location is None:
        yield _failed_step("project", missing, target)
        yield from _offer_scopes(session, only_here=one_region and not is_elsewhere)
    elif location is not None:
        yield from continue_with(session, location)
    else:
        title = region_title(session.endpoints)
        yield Step("region", "ok", title, location=session.endpoints)
        yield from _verify_and_activate(session, "")


def _offer_scopes(session: Session, *, only_here: bool) -> Iterator[SignInEvent]:
    """Offer the projects, so that the user need not give an accepted key once more."""
    try:
        listed = list_account(session.state, only_here=only_here)
    except WatsonxError:
        # the failed step says enough
        return
    if listed.places:
        yield scope_choice(session, listed.places, listed.silent)


def _find_scope(session: Session, scope_name: str, one_region: bool) -> Iterator[SignInEvent]:
    """Look for projects and spaces in the region of the parameters, else in all regions."""
    yield Step("region", "busy")
    try:
        listed = list_account(session.state, only_here=one_region)
    except WatsonxError as error:
        yield _failed_step("project", error, session.endpoints)
        return
    locations = listed.places
    must_choose = bool(listed.silent)
    # prompts must not be billed to a project of another name, even if there is only that one
    if scope_name:
        wanted = scope_name.strip().casefold()
        matches = tuple(one for one in locations if one.project.name.casefold() == wanted)
        if not matches and locations:
            yield _failed_step("project", _unknown_name(scope_name, locations), session.endpoints)
            must_choose = True
        else:
            locations = matches
    if not locations:
        yield _no_scope_step(session, one_region, listed.silent)
    elif len(locations) == 1 and not must_choose:
        yield from continue_with(session, locations[0])
    else:
        if one_region:
            title = region_title(session.endpoints)
            yield Step("region", "ok", title, location=session.endpoints)
        yield scope_choice(session, locations, listed.silent)


def _unknown_name(scope_name: str, locations: tuple[ProjectLocation, ...]) -> ProjectError:
    suggestion = did_you_mean(scope_name, [location.project.name for location in locations])
    return ProjectError(
        f"You have no project or space called '{mask_keys(scope_name)}'.{suggestion}",
        hint="Choose one from the list.",
    )


def _no_scope_step(session: Session, one_region: bool, unreachable: tuple[Endpoints, ...]) -> Step:
    searched = [session.endpoints, *(() if one_region else session.state.others)]
    names = ", ".join(target.place for target in searched if target not in unreachable)
    message = f"You have no project or space in {names}."
    if unreachable:
        message += f" No answer from {', '.join(target.place for target in unreachable)}."
    error = ProjectError(message, hint="Create a project there, or give another region.")
    return Step("project", "bad", error=error, location=session.endpoints)


def _verify_and_activate(session: Session, model: str) -> Iterator[SignInEvent]:
    """Verify project, runtime and model, then make the session the current one."""
    try:
        project = session.project or session.verify()
    except WatsonxError as error:
        yield _failed_step("project", error, session.endpoints)
        return
    location = ProjectLocation(session.endpoints, project)
    yield Step("project", "ok", project.name or project.id, location=location)
    if project.has_runtime:
        yield Step("runtime", "ok", location=location)
    else:
        yield Step("runtime", "bad", error=no_runtime_error(project), location=location)
    yield Step("model", "busy")
    try:
        if model:
            check_model(session.state, model)
        default_model = session.state.default_model()
    except WatsonxError as error:
        yield _failed_step("model", error, session.endpoints)
        return
    yield Step("model", "ok", default_model)
    activate(session)
    remember_scope(session)
    yield SignedIn(session)


def _session_at(session: Session, location: ProjectLocation | None, model: str) -> Session:
    """Return a session at a location and with a model, with the same credential."""
    if location is None and not model:
        return session
    params = session.state.params
    if location is not None:
        project = location.project
        is_project = project.kind == "project"
        params = replace(
            params,
            project_id=project.id if is_project else "",
            space_id="" if is_project else project.id,
        )
        if location.endpoints != session.endpoints:
            # does not come with the credential: only a region of IBM's, or this machine, is allowed
            region, url = _region_or_url(location.endpoints)
            params = replace(
                params, region=region, url=url, iam_url="", platform_url="", mixed_sources=True
            )
    if model:
        params = params.with_chosen_model(model)
    return session.with_params(params)


def _region_or_url(target: Endpoints) -> tuple[str, str]:
    """Return the region's id where that leads to the same hosts, else the URL."""
    with contextlib.suppress(WatsonxError):
        if endpoints(region=target.place) == target:
            return target.place, ""
    return "", target.url


def _failed_step(name: StepName, error: WatsonxError, location: Endpoints) -> Step:
    without_frames(error)
    return Step(name, "bad", error=error, location=location)
