"""A project or space as we keep it: id, name, and whether it has a runtime; nothing else.

The documents can carry storage credentials (`entity.storage.properties.credentials`), so all but
these facts is dropped here, before anything can hold or show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wx_notebook.service.pieces import objects_in
from wx_notebook.service.request import Scope
from wx_notebook.transport import one_line

ContainerKind: TypeAlias = Literal["project", "space"]
PATHS: Mapping[ContainerKind, str] = {"project": "/v2/projects", "space": "/v2/spaces"}
OTHER: Mapping[ContainerKind, ContainerKind] = {"project": "space", "space": "project"}
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


def read(document: Mapping[str, Any], kind: ContainerKind, redact: Callable[[str], str]) -> Project:
    """Return what is kept of a document; what is missing or of another shape is empty."""
    metadata, entity = document.get("metadata"), document.get("entity")
    metadata = metadata if isinstance(metadata, dict) else {}
    entity = entity if isinstance(entity, dict) else {}
    found = next((metadata[n] for n in ("guid", "id") if isinstance(metadata.get(n), str)), "")
    name = entity.get("name")
    return Project(
        one_line(redact(found)),
        one_line(redact(name)) if isinstance(name, str) else "",
        any(c.get("type") in _RUNTIMES for c in objects_in(entity.get("compute"))),
        kind,
    )
