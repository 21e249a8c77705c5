"""Projects and spaces, by the platform's Data API."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from wx_notebook.credentials import Endpoints
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.errors import HostRefused, NoRuntime, ProjectError, WatsonxError, without_keys
from wx_notebook.service.client import Service
from wx_notebook.service.containers import PATHS, ContainerKind, Project, named_by, read
from wx_notebook.service.elsewhere import LIMIT_S, located
from wx_notebook.service.pieces import objects_in
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import one_line

#: The most that the service gives at a time.
_PAGE = 100
#: More than anybody has; a list without an end is a fault.
MOST = 10_000


def project(
    service: Service,
    scope: Scope,
    others: Sequence[Endpoints] = (),
    *,
    limit_s: float = LIMIT_S,
) -> Project:
    """Return the project, or else the space, of `scope`.

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
    kind, given = named_by(scope)
    refused: WatsonxError | None = None
    try:
        document = service.document(Request(f"{PATHS[kind]}/{given}", base="platform"))
    except WatsonxError as problem:
        refused = problem
    if refused is None:
        return read(document, kind, service.transport.redact)
    if type(refused) not in (ProjectError, WatsonxError):
        raise refused
    said = refused.message.partition("\n")[2]
    missing = ProjectError(
        f"The {kind} {given} was not found here, or you have no access to it.\n{said}",
        hint=f"Check the {kind} ID and the region: a {kind} belongs to one region.",
    )
    raise located(missing, service, scope, others, limit_s=limit_s)


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


def without_runtime(found: Project) -> NoRuntime:
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
    asked = name if without_keys(name) == name else ""
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
    for _ in range(MOST // _PAGE):
        page, bookmark, href = _page(service, kind, {**params, **following})
        found |= {each.id: each for each in page if each.id}
        following = {"bookmark": bookmark} if bookmark else _following(href, service)
        if not following or following in followed or len(found) >= MOST:
            break
        followed.append(following)
    return list(found.values())[:MOST]


def _page(
    service: Service, kind: ContainerKind, params: Mapping[str, str]
) -> tuple[list[Project], str, str]:
    """Return one page, and what it says of the next: a bookmark or a link, "" for none.

    Nothing is raised here once the document is there: a debugger's traceback shows the names of a
    frame, and documents can hold secrets.
    """
    document = service.document(Request(PATHS[kind], params=params, base="platform"))
    redact = service.transport.redact
    page = [read(entry, kind, redact) for entry in objects_in(document.get("resources"))]
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
            f"The list is said to go on at {target}; a token is not sent on to another address.",
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
