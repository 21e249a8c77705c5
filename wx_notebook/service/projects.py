"""Projects and spaces, by the platform's Data API: id and name, nothing else.

The documents can carry storage credentials (`entity.storage.properties.credentials`), so all but
three facts of a document is dropped here, before anything can hold or show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.errors import ProjectError, WatsonxError
from wx_notebook.service.client import Service
from wx_notebook.service.pieces import objects_in
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import one_line

#: A project without one of these has no runtime to run a model on.
_RUNTIMES = ("machine_learning", "code-assistant")


@dataclass(frozen=True, slots=True)
class Project:
    """A project or space."""

    project_id: str
    name: str
    has_runtime: bool
    kind: str = "project"


def project(service: Service, scope: Scope) -> Project:
    """Return the project, or else the space, of `scope`.

    Raises
    ------
    ProjectError
        It is unknown in this region, or not open to this user.
    """
    if scope.project_id:
        kind, given, path = "project", scope.project_id, f"/v2/projects/{scope.project_id}"
    else:
        kind, given, path = "space", scope.space_id, f"/v2/spaces/{scope.space_id}"
    refused: WatsonxError | None = None
    try:
        document = service.document(Request(path, base="platform"))
    except WatsonxError as problem:
        refused = problem
    if refused is not None:
        if type(refused) in (ProjectError, WatsonxError):
            said = refused.message.partition("\n")[2]
            refused = ProjectError(
                f"The {kind} {given} was not found here, or you have no access to it.\n{said}",
                hint=f"Check the {kind} ID and the region: a {kind} belongs to one region.",
            )
        raise refused
    return _project(document, kind)


def projects(service: Service) -> list[Project]:
    """Return the projects that this user can see, at most 100."""
    document = service.document(Request("/v2/projects", params={"limit": "100"}, base="platform"))
    return [_project(entry, "project") for entry in objects_in(document.get("resources"))]


def _project(document: Mapping[str, Any], kind: str) -> Project:
    metadata, entity = document.get("metadata"), document.get("entity")
    metadata = metadata if isinstance(metadata, dict) else {}
    entity = entity if isinstance(entity, dict) else {}
    return Project(
        str(metadata.get("guid") or metadata.get("id") or ""),
        one_line(str(entity.get("name") or "")),
        any(c.get("type") in _RUNTIMES for c in objects_in(entity.get("compute"))),
        kind,
    )
