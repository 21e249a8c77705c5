"""Searches the regions of an account: where a project is, and which projects there are.

All regions are asked at once, in threads of their own that nobody waits for longer than two
seconds. A region that is slow, down, or does not know this user has no answer, which is no reason
to stop.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn, TypeVar

from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.credentials.token_source import TokenSource
from wx_notebook.errors import NoRuntime, NotConnected, ProjectError, WatsonxError, strip_frames
from wx_notebook.service.client import Service
from wx_notebook.service.project import (
    LIMIT_S,
    OTHER_KIND,
    PROJECT_PATHS,
    ContainerKind,
    Project,
    known_project,
    look_up_quietly,
    named_by,
    projects,
    read_project,
    spaces,
)
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import FREE

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ProjectLocation:
    """Where a project or space is."""

    endpoints: Endpoints
    project: Project


@dataclass(frozen=True, slots=True)
class AccountProjects:
    """What was found.

    Attributes
    ----------
    places
        Each project and space with its region: projects first, by name.
    silent
        The regions that gave no list in time.
    """

    places: tuple[ProjectLocation, ...] = ()
    silent: tuple[Endpoints, ...] = ()


def find_project(
    service: Service, scope: Scope, others: Sequence[Endpoints] = (), *, limit_s: float = LIMIT_S
) -> Project:
    """Return the project of `scope`, or its space where it has no project.

    Parameters
    ----------
    others
        The other regions of the account; asked where it is not found, to name the one that has it.
    limit_s
        How long that may take.

    Raises
    ------
    ProjectError
        It is unknown in this region, or not open to this user; or a space was given as a project,
        or the other way round.
    """
    kind, container_id = named_by(scope)
    refused: WatsonxError | None = None
    try:
        path = f"{PROJECT_PATHS[kind]}/{container_id}"
        document = service.document(Request(path, base="platform"))
    except WatsonxError as error:
        refused = error
    if refused is None:
        return read_project(document, kind, service.transport.redact)
    if type(refused) not in (ProjectError, WatsonxError):
        raise refused
    quote = refused.message.partition("\n")[2]
    missing = ProjectError(
        f"The {kind} {container_id} was not found here, or you have no access to it.\n{quote}",
        hint=f"Check the {kind} ID and the region: a {kind} belongs to one region.",
    )
    raise add_location(missing, service, scope, others, limit_s=limit_s)


def find_elsewhere(
    service: Service, scope: Scope, others: Sequence[Endpoints], *, limit_s: float = LIMIT_S
) -> ProjectLocation | None:
    """Return where the project or space of `scope` is instead, None if no region says so in time.

    This region is asked only for the kind that was not asked for yet. No other host gets the token.

    Raises
    ------
    Interrupted
        The user stopped it.
    """
    token = service.tokens.current()
    kind, container_id = named_by(scope)
    if token is None or not container_id:
        return None

    def search(endpoints: Endpoints, *kinds: ContainerKind) -> ProjectLocation | None:
        for each in kinds:
            project = look_up_quietly(service, token, endpoints, each, container_id, limit_s)
            if project is not None:
                return ProjectLocation(endpoints, project)
        return None

    searches = [partial(search, service.endpoints, OTHER_KIND[kind])]
    searches += [partial(search, other, kind, OTHER_KIND[kind]) for other in others]
    locations = _run_all(searches, limit_s)
    return strip_frames(
        lambda: next(filter(None, locations), None), "Stopped while other regions were asked."
    )


def add_location(
    error: ProjectError,
    service: Service,
    scope: Scope,
    others: Sequence[Endpoints] = (),
    *,
    limit_s: float = LIMIT_S,
) -> ProjectError:
    """Return the error, with where the project or space is instead, if that can be found out.

    Raises
    ------
    Interrupted
        The user stopped it.
    """
    if isinstance(error, NoRuntime) and known_project(service, scope, limit_s=limit_s):
        # it is here, and lacks something else; a space that was given as a project is not
        return error
    location = find_elsewhere(service, scope, others, limit_s=limit_s)
    if location is None:
        return error
    kind, container_id = named_by(scope)
    project = location.project
    if location.endpoints == service.endpoints:
        return ProjectError(
            f"{container_id} is a {project.kind}, '{project.name}', not a {kind}.",
            hint=f"Next: %watsonx use --{project.kind} {container_id}, or "
            f'wx.connect({project.kind}_id="{container_id}").',
        )
    first, _, rest = error.message.partition("\n")
    what = "It is" if project.kind == kind else f"It is a {project.kind}, not a {kind}, and"
    region = _typed(location.endpoints)
    line, python = f"--region {region}", f'region="{region}"'
    if project.kind != kind:
        line += f" --{project.kind} {container_id}"
        python += f', {project.kind}_id="{container_id}"'
    return ProjectError(
        f"{first}\n{what} in {_title(location.endpoints)}: '{project.name}'.\n{rest}".rstrip(),
        hint=f"Next: %watsonx use {line}, or wx.connect({python}).",
    )


def _typed(where: Endpoints) -> str:
    """Return what a user types to get there: of a private network the URL, else the region's id."""
    return where.url if where.url.startswith("https://private.") else where.place


def _title(where: Endpoints) -> str:
    named = (region.title for region in REGIONS if region.region_id == where.place)
    return next(named, where.place)


def account_projects(
    service: Service, others: Sequence[Endpoints] = (), *, limit_s: float = LIMIT_S
) -> AccountProjects:
    """Return the projects and spaces of this region, and of the others that answer in time.

    No other host gets the token.

    Raises
    ------
    WatsonxError
        This region fails, and no other one has a project.
    Interrupted
        The user stopped it.
    """
    return strip_frames(
        lambda: _list_everywhere(service, others, limit_s), "Stopped while regions were asked."
    )


def _list_everywhere(
    service: Service, others: Sequence[Endpoints], limit_s: float
) -> AccountProjects:
    token = service.tokens.token()
    once = replace(FREE, attempts=1, first_byte_s=limit_s)

    def list_other(endpoints: Endpoints) -> tuple[Endpoints, list[ProjectLocation]] | None:
        with contextlib.suppress(Exception):
            tokens = TokenSource(_refuse_token, token=token, renewable=False)
            return endpoints, _list_region(Service(service.transport, endpoints, tokens, free=once))
        return None

    answers = _run_all([partial(list_other, other) for other in others], limit_s)
    refused: WatsonxError | None = None
    locations: list[ProjectLocation] = []
    silent = list(others)
    try:
        # this region is waited for
        locations = _list_region(service)
    except WatsonxError as error:
        refused = error
    for endpoints, there in filter(None, answers):
        silent.remove(endpoints)
        locations += there
    if refused is not None and not locations:
        raise refused
    if refused is not None:
        silent.insert(0, service.endpoints)
    return AccountProjects(tuple(sorted(locations, key=_location_key)), tuple(silent))


def _list_region(service: Service) -> list[ProjectLocation]:
    """Return what one region lists; not every user may see the list of spaces."""
    containers = projects(service)
    with contextlib.suppress(WatsonxError):
        containers += spaces(service)
    return [ProjectLocation(service.endpoints, each) for each in containers]


def _location_key(location: ProjectLocation) -> tuple[bool, str, str, str]:
    project = location.project
    return project.kind != "project", project.name.casefold(), location.endpoints.place, project.id


def _refuse_token() -> NoReturn:
    raise NotConnected("The region does not accept the token.")


def _run_all(jobs: Sequence[Callable[[], _Result]], limit_s: float) -> Iterator[_Result]:
    """Start each job in a thread of its own; return what they return within the limit.

    A late job is not waited for.
    """
    results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
    ends_at = time.monotonic() + limit_s
    for job in jobs:
        threading.Thread(target=lambda job=job: results.put(job()), daemon=True).start()

    def collect() -> Iterator[_Result]:
        for _ in jobs:
            with contextlib.suppress(queue.Empty):
                yield results.get(timeout=max(ends_at - time.monotonic(), 0.001))

    return collect()
