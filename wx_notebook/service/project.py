"""Projects and spaces, by the platform's Data API.

Of each only id, name and whether it has a runtime are kept. The documents can carry storage
credentials (`entity.storage.properties.credentials`), so all else is dropped here, before anything
can hold or show it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, parse_qs, urlsplit

from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.credentials.token import Token
from wx_notebook.errors import HostRefused, NoRuntime, mask_keys, strip_frames
from wx_notebook.service.client import Bearer, Service
from wx_notebook.service.deltas import json_objects
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import FREE, HttpRequest, Transport, one_line

ContainerKind: TypeAlias = Literal["project", "space"]
PROJECT_PATHS: Mapping[ContainerKind, str] = {"project": "/v2/projects", "space": "/v2/spaces"}
OTHER_KIND: Mapping[ContainerKind, ContainerKind] = {"project": "space", "space": "project"}
#: Seconds that a question may take which is asked only to say more.
LIMIT_S = 2.0
#: The most that the service gives at a time.
_PAGE = 100
#: More than anybody has; a list without an end is a fault.
_MOST = 10_000
#: A project without one of these has no runtime to run a model on.
_RUNTIMES = ("machine_learning", "code-assistant")


@dataclass(frozen=True, slots=True)
class Project:
    """A project or space."""

    id: str
    name: str
    has_runtime: bool
    kind: ContainerKind = "project"


def named_by(scope: Scope) -> tuple[ContainerKind, str]:
    """Return which of the two a scope names, and its id."""
    return ("project", scope.project_id) if scope.project_id else ("space", scope.space_id)


def read_project(
    document: Mapping[str, Any], kind: ContainerKind, redact: Callable[[str], str]
) -> Project:
    """Return what is kept of a document; what is missing or of another shape is empty."""
    metadata, entity = document.get("metadata"), document.get("entity")
    metadata = metadata if isinstance(metadata, dict) else {}
    entity = entity if isinstance(entity, dict) else {}
    found = next((metadata[n] for n in ("guid", "id") if isinstance(metadata.get(n), str)), "")
    name = entity.get("name")
    return Project(
        one_line(redact(found)),
        one_line(redact(name)) if isinstance(name, str) else "",
        any(c.get("type") in _RUNTIMES for c in json_objects(entity.get("compute"))),
        kind,
    )


def look_up_project(
    transport: Transport,
    token: Token,
    endpoints: Endpoints,
    kind: ContainerKind,
    container_id: str,
    limit_s: float,
) -> Project | None:
    """Return a project or space of one region, None where it is not there; asked once."""
    response = transport.open(
        HttpRequest(
            "GET",
            f"{endpoints.platform_url}{PROJECT_PATHS[kind]}/{container_id}",
            auth=Bearer(token),
            policy=replace(FREE, attempts=1, first_byte_s=limit_s),
        )
    )
    response.expect_end_within(limit_s)
    if response.status != 200:
        response.close()
        return None
    document = response.json()
    if not isinstance(document, dict):
        return None
    project = read_project(document, kind, transport.redact)
    # a page that answers every address with 200 has no project
    return project if project.id.lower() == container_id.lower() else None


def known_project(service: Service, scope: Scope, *, limit_s: float = LIMIT_S) -> Project | None:
    """Return the project or space of a scope by one short question, None without an answer.

    Nothing is asked before there is a token, and no other region is asked.

    Raises
    ------
    Interrupted
        The user stopped it.
    """
    token = service.tokens.current()
    kind, container_id = named_by(scope)
    if token is None or not container_id:
        return None

    return strip_frames(
        lambda: look_up_quietly(service, token, service.endpoints, kind, container_id, limit_s),
        "Stopped while the project was looked up.",
    )


def look_up_quietly(
    service: Service,
    token: Token,
    endpoints: Endpoints,
    kind: ContainerKind,
    container_id: str,
    limit_s: float,
) -> Project | None:
    """Return a project or space as `look_up_project`; None also where that fails."""
    with contextlib.suppress(Exception):
        return look_up_project(service.transport, token, endpoints, kind, container_id, limit_s)
    return None


def projects(service: Service, *, name: str = "") -> list[Project]:
    """Return the projects that this user can see, by name.

    Parameters
    ----------
    name
        Only those that are called so, whatever the case.

    Raises
    ------
    HostRefused
        The list goes on at another host.
    WatsonxError
        The list cannot be had.
    """
    return _listed(service, "project", name)


def spaces(service: Service, *, name: str = "") -> list[Project]:
    """Return the spaces that this user can see, by name; the rest as `projects`."""
    return _listed(service, "space", name)


def no_runtime_error(found: Project) -> NoRuntime:
    """Return the error for a project or space that has nothing to run a model on."""
    # of a space no public source says where
    hint = "Associate a watsonx.ai Runtime with the space."
    if found.kind == "project":
        hint = "In watsonx.ai: your project > Manage > Services & integrations > Associate service."
    return NoRuntime(
        f"The {found.kind} '{found.name or found.id}' has no watsonx.ai Runtime associated.",
        hint=hint,
    )


def _listed(service: Service, kind: ContainerKind, name: str) -> list[Project]:
    # what looks like a key stands in no URL: those end up in logs
    asked = name if mask_keys(name) == name else ""
    found = _all(service, kind, {"name": asked} if asked else {})
    if asked and not found:
        # the service knows names as a whole and in their own case only
        found = _all(service, kind, {})
    wanted = name.casefold()
    chosen = [each for each in found if not wanted or each.name.casefold() == wanted]
    return sorted(chosen, key=lambda each: (each.name.casefold(), each.id))


def _all(service: Service, kind: ContainerKind, filters: Mapping[str, str]) -> list[Project]:
    params = {"limit": str(_PAGE), **filters}
    found: dict[str, Project] = {}
    following: dict[str, str] = {}
    followed: list[dict[str, str]] = []
    for _ in range(_MOST // _PAGE):
        page, bookmark, href = _page(service, kind, {**params, **following})
        found |= {each.id: each for each in page if each.id}
        following = {"bookmark": bookmark} if bookmark else _following(href, service)
        if not following or following in followed or len(found) >= _MOST:
            break
        followed.append(following)
    return list(found.values())[:_MOST]


def _page(
    service: Service, kind: ContainerKind, params: Mapping[str, str]
) -> tuple[list[Project], str, str]:
    """Return one page, and what it says of the next: a bookmark or a link, "" for none.

    Nothing is raised here once the document is there: a debugger's traceback shows the names of a
    frame, and documents can hold secrets.
    """
    document = service.document(Request(PROJECT_PATHS[kind], params=params, base="platform"))
    redact = service.transport.redact
    page = [read_project(entry, kind, redact) for entry in json_objects(document.get("resources"))]
    following = document.get("next")
    href = following.get("href") if isinstance(following, dict) else following
    return page, _text(document.get("bookmark")), _text(href)


def _text(value: Any) -> str:  # noqa: ANN401  # a value of a JSON document
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _following(href: str, service: Service) -> dict[str, str]:
    """Return what of a link leads on: the place in the list. The rest of it is not used.

    Raises
    ------
    HostRefused
        It leads to another host.
    """
    target, query = "an address that cannot be read", {}
    leads_away = True
    # a list that ends in the middle without a word would be worse than an error
    with contextlib.suppress(ValueError):
        parts = urlsplit(href)
        leads_away = bool(parts.netloc) and not _is_same(parts, service.endpoints.platform_url)
        target, query = parts.hostname or target, parse_qs(parts.query)
    if leads_away:
        target = one_line(service.transport.redact(target))
        raise HostRefused(
            f"The service says that the list goes on at {target}. "
            "The token is not sent to another address.",
            hint="Check the URL, and whether a proxy stands in between.",
        )
    return {name: query[name][0] for name in ("start", "bookmark") if name in query}


def _is_same(link: SplitResult, platform_url: str) -> bool:
    base = urlsplit(platform_url)
    region = region_of_host(link.hostname or "")
    if region is not None and region is region_of_host(base.hostname or ""):
        # asked by its private name, a service can link to its public one
        return True
    ports = {"http": 80, "https": 443}
    return (link.hostname, link.port or ports.get(link.scheme or base.scheme)) == (
        base.hostname,
        base.port or ports[base.scheme],
    )
