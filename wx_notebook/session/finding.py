"""Signing in step by step, where what was not given is found out.

The form and its twin in a terminal hold the same conversation: a generator that yields what
happened. First the key, then the region and the project (or a choice of projects), the runtime, the
model; a step that fails ends it. Nothing is in force before the project itself has answered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from wx_notebook.credentials import REGIONS, Endpoints, endpoints
from wx_notebook.errors import ProjectError, WatsonxError, near, without_frames, without_keys
from wx_notebook.service import Place, Project, without_runtime
from wx_notebook.session.choosing import check_model
from wx_notebook.session.twin import current, in_force
from wx_notebook.settings import Used, account_of, keep_last_used, last_used

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session

StepName: TypeAlias = Literal["key", "region", "project", "runtime", "model"]
STEPS: tuple[StepName, ...] = ("key", "region", "project", "runtime", "model")


@dataclass(frozen=True, slots=True)
class Step:
    """One step began, succeeded or failed.

    Attributes
    ----------
    name, state
        Which, and what became of it.
    found
        What it found: who signed in, a region, a name, a model.
    problem
        Why it failed.
    place
        The region or project that it is about, where there is one.
    """

    name: StepName
    state: Literal["busy", "ok", "bad"]
    found: str = ""
    problem: WatsonxError | None = None
    place: Place | Endpoints | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """There are several projects and spaces: somebody has to choose.

    Attributes
    ----------
    places
        What there is, the last used first.
    last
        Ids of those that were used before, the last first.
    silent
        Regions that did not answer in time.
    """

    places: tuple[Place, ...]
    last: tuple[str, ...] = ()
    silent: tuple[Endpoints, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The session is verified and in force."""

    session: Session


Event: TypeAlias = Step | Choice | Done


def signing_in(held: Session, *, named: str = "", only_here: bool | None = None) -> Iterator[Event]:
    """Sign in with a session that is not in force yet, and find out what it does not say.

    After a `Choice` the conversation goes on with `taking`.

    Parameters
    ----------
    held
        Has the credential; nothing has been sent yet.
    named
        The name of a project or space, where it was given by that and not by its id.
    only_here
        Whether no other region is meant; None where the credential says so, or does not.

    Raises
    ------
    Interrupted
        The user stopped it. Then, as after a step that failed, nothing has changed.
    """
    if only_here is None:
        only_here = bool(held.given.region or held.given.url)
    yield Step("key", "busy")
    try:
        token = held.authenticate()
    except WatsonxError as problem:
        yield _failed("key", problem, held.endpoints)
        return
    yield Step("key", "ok", found=token.subject)
    if held.scope.project_id or held.scope.space_id:
        yield from _given(held, only_here)
    else:
        yield from _choosing(held, named, only_here)


def listing(held: Session) -> Iterator[Event]:
    """Offer all projects and spaces of the account to a session that is in force already."""
    yield Step("region", "busy")
    try:
        found = held.places()
    except WatsonxError as problem:
        yield _failed("project", problem, held.endpoints)
        return
    yield choice_of(held, found.places, found.silent)


def taking(held: Session, place: Place | None = None, model: str = "") -> Iterator[Event]:
    """Go on with a project or space that was chosen, and with a model, if one was.

    Without a place it is the one that the session has.
    """
    there = place.endpoints if place is not None else held.endpoints
    yield Step("region", "ok", title(there), place=there)
    yield Step("project", "busy", place.project.name if place is not None else "")
    made = _moved(held, place, model)
    try:
        yield from _verified(made, model)
    finally:
        if current() is not made and made is not held:
            made.close()


def choice_of(
    held: Session, places: tuple[Place, ...], silent: tuple[Endpoints, ...] = ()
) -> Choice:
    """Return places with the last used of this account first."""
    used = [one.id for one in last_used(_account(held))]
    rank = {each: number for number, each in enumerate(used)}
    # behind them those that can run a model, as far as the list says it
    ordered = sorted(
        places,
        key=lambda p: (rank.get(p.project.id, len(rank)), not p.project.has_runtime),
    )
    there = {place.project.id for place in places}
    return Choice(tuple(ordered), tuple(each for each in used if each in there), silent)


def title(where: Endpoints) -> str:
    """Return a region as people read it: "eu-de (Frankfurt)"; of this machine its address."""
    named = (region.title for region in REGIONS if region.region_id == where.place)
    return next(named, where.url if where.place == "sandbox" else where.place)


def used_now(held: Session) -> None:
    """Keep what this session is billed to as the last used."""
    project = held.project
    if project is not None and project.id:
        keep_last_used(_account(held), Used(held.endpoints.place, project.kind, project.id))


def _given(held: Session, only_here: bool) -> Iterator[Event]:
    """Verify the project or space that was given; where no region was, look for it everywhere."""
    here = held.endpoints
    yield Step("region", "ok" if only_here else "busy", title(here), place=here)
    yield Step("project", "busy")
    missing: ProjectError | None = None
    place: Place | None = None
    try:
        held.verify()
    except ProjectError as problem:
        missing = problem
    except WatsonxError as problem:
        yield _failed("project", problem, here)
        return
    if missing is not None:
        place = held.elsewhere()
    # the id says it all, also that it is a space and no project; only a region that was given is
    # not taken for another
    if place is not None and only_here and place.endpoints != here:
        place = None
    if missing is not None and place is None:
        yield _failed("project", missing, here)
    else:
        yield from taking(held, place) if place is not None else _as_verified(held)


def _as_verified(held: Session) -> Iterator[Event]:
    yield Step("region", "ok", title(held.endpoints), place=held.endpoints)
    yield from _verified(held, "")


def _choosing(held: Session, named: str, only_here: bool) -> Iterator[Event]:
    """Look for projects and spaces: in the region that was given, else in all of the account."""
    yield Step("region", "busy")
    try:
        found = held.places(only_here=only_here)
    except WatsonxError as problem:
        yield _failed("project", problem, held.endpoints)
        return
    places = found.places
    # what was asked for by a name is billed to nothing else, be it all that there is
    unknown = False
    if named:
        called = tuple(p for p in places if p.project.name.casefold() == named.strip().casefold())
        if not called and places:
            suggestion = near(named, [place.project.name for place in places])
            words = f"No project or space of yours is called '{without_keys(named)}'.{suggestion}"
            none = ProjectError(words, hint="Choose one of the list.")
            yield _failed("project", none, held.endpoints)
            called, unknown = places, True
        places = called
    if not places:
        yield _nothing(held, only_here, found.silent)
    elif len(places) == 1 and not found.silent and not unknown:
        yield from taking(held, places[0])
    else:
        if only_here:
            yield Step("region", "ok", title(held.endpoints), place=held.endpoints)
        yield choice_of(held, places, found.silent)


def _nothing(held: Session, only_here: bool, silent: tuple[Endpoints, ...]) -> Step:
    asked = [held.endpoints, *(() if only_here else held.others)]
    names = ", ".join(where.place for where in asked if where not in silent)
    words = f"No project or space of yours was found in {names}."
    if silent:
        words += f" No answer came from {', '.join(where.place for where in silent)}."
    return Step(
        "project",
        "bad",
        problem=ProjectError(words, hint="Make a project there, or give another region."),
        place=held.endpoints,
    )


def _verified(made: Session, model: str) -> Iterator[Event]:
    """Let the project itself answer, then runtime and model; then the session is in force."""
    try:
        project = made.project or made.verify()
    except WatsonxError as problem:
        yield _failed("project", problem, made.endpoints)
        return
    place = Place(made.endpoints, project)
    yield Step("project", "ok", project.name or project.id, place=place)
    yield _runtime(project, place)
    yield Step("model", "busy")
    try:
        if model:
            check_model(made, model)
        chosen = made.default_model()
    except WatsonxError as problem:
        yield _failed("model", problem, made.endpoints)
        return
    yield Step("model", "ok", chosen)
    in_force(made)
    used_now(made)
    yield Done(made)


def _runtime(project: Project, place: Place) -> Step:
    if project.has_runtime:
        return Step("runtime", "ok", place=place)
    return Step("runtime", "bad", problem=without_runtime(project), place=place)


def _moved(held: Session, place: Place | None, model: str) -> Session:
    """Return a session there, with the same credential."""
    given = held.given
    if place is not None:
        is_project = place.project.kind == "project"
        given = replace(
            given,
            project_id=place.project.id if is_project else "",
            space_id="" if is_project else place.project.id,
        )
        if place.endpoints != held.endpoints:
            # from somewhere else than the credential: only a region of IBM's, or this machine
            region, url = _region_or_url(place.endpoints)
            given = replace(given, region=region, url=url, iam_url="", platform_url="", joined=True)
    elif not model:
        return held
    if model:
        given = replace(given, model=model, model_is_chosen=True)
    return held.like(given)


def _region_or_url(there: Endpoints) -> tuple[str, str]:
    """Return region and URL of this place: its id, where that leads to the same hosts."""
    with contextlib.suppress(WatsonxError):
        if endpoints(region=there.place) == there:
            return there.place, ""
    return "", there.url


def _account(held: Session) -> str:
    """Return whose list it is; the same in each region, by whichever address IAM is asked."""
    token = held.token
    return account_of(held.endpoints.kind, token.subject if token is not None else "")


def _failed(name: StepName, problem: WatsonxError, where: Endpoints) -> Step:
    without_frames(problem)
    return Step(name, "bad", problem=problem, place=where)
