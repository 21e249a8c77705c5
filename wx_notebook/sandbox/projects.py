"""Projects and spaces, which the real service serves from another host (the Data API)."""

from __future__ import annotations

import secrets
import threading
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    ok,
    service_error,
    timestamp,
)
from wx_notebook.sandbox.http.routes import list_page

_DESCRIPTION = "Made by the sandbox on this machine."


@dataclass(frozen=True, slots=True)
class _Scope:
    """A project or a space."""

    id: str
    name: str
    has_runtime: bool = True
    has_storage: bool = True


class ProjectStore:
    """The projects and spaces of one region: a project, one without a runtime, a space, and more.

    Parameters
    ----------
    now
        Epoch seconds; the date of creation of all of them.
    account_id
        Of the account that they belong to.

    Attributes
    ----------
    storage_secret
        Stands in the storage credentials of project documents, where the real service can have
        real ones; clients must drop it.
    """

    def __init__(self, now: float, account_id: str) -> None:
        self._created_at = timestamp(now)
        self._runtime = str(uuid.uuid4())
        self._account = account_id
        self._projects: tuple[_Scope, ...] = ()
        self._spaces: tuple[_Scope, ...] = ()
        self._lock = threading.Lock()
        self.storage_secret = f"canary-{secrets.token_hex(16)}"
        self.project_id = self.add_project("Sandbox project")
        self.bare_project_id = self.add_project("Project without a runtime", runtime=False)
        self.space_id = self.add_space("Sandbox space")

    def add_project(self, name: str, runtime: bool = True, storage: bool = True) -> str:
        """Make a project, with or without a runtime and storage, and return its id."""
        project = _Scope(str(uuid.uuid4()), name, runtime, storage)
        with self._lock:
            self._projects += (project,)
        return project.id

    def add_space(self, name: str, runtime: bool = True) -> str:
        """Make a space, with or without a runtime, and return its id."""
        space = _Scope(str(uuid.uuid4()), name, runtime)
        with self._lock:
            self._spaces += (space,)
        return space.id

    def check_scope(self, field: str, scope_id: str) -> None:
        """Check the project or space that a prompt names in `field`.

        Raises
        ------
        ErrorResponse
            404: there is no such scope. 403: it has no runtime.
        """
        scopes = self._projects if field == "project_id" else self._spaces
        matches = [each for each in scopes if each.id == scope_id]
        if not matches:
            message = f"{field} {scope_id} was not found in this region."
            raise service_error(404, "container_not_found", message, target=("field", field))
        if not matches[0].has_runtime:
            message = f"{field} {scope_id} is not associated with a WML instance"
            raise service_error(403, "no_associated_service_instance_error", message)

    def has_storage(self, field: str, scope_id: str) -> bool:
        """Return whether the project or space that `field` names can hold files."""
        scopes = self._projects if field == "project_id" else self._spaces
        return any(each.id == scope_id and each.has_storage for each in scopes)

    def projects(self, request: Request) -> Reply:
        """Answer `GET /v2/projects`; `name` must match as a whole, `bookmark` is the next page."""
        name = request.query.get("name")
        matches = [each for each in self._projects if name in (None, each.name)]
        page = list_page(request.query, len(matches), default=100, most=100, start="bookmark")
        document: Document = {
            "resources": [self._project_document(each) for each in matches[page.span]],
            "total_results": len(matches),
        }
        if page.next_start:
            document["bookmark"] = page.next_start
        return ok(document)

    def project(self, project_id: str) -> Reply:
        """Answer `GET /v2/projects/{guid}`."""
        for each in self._projects:
            if each.id == project_id:
                return ok(self._project_document(each))
        raise _not_found("project", project_id)

    def spaces(self, request: Request) -> Reply:
        """Answer `GET /v2/spaces`; `name` must match as a whole, `start` is the next page."""
        name = request.query.get("name")
        matches = [each for each in self._spaces if name in (None, each.name)]
        # IBM's Python SDK asks for 200 spaces at a time, but for 100 projects
        page = list_page(request.query, len(matches), default=100, most=200)
        query = {"limit": str(page.limit)} | ({} if name is None else {"name": name})
        document: Document = {
            "total_count": len(matches),
            "limit": page.limit,
            "first": {"href": f"/v2/spaces?{urlencode(query)}"},
            "resources": [self._space_document(each) for each in matches[page.span]],
        }
        if page.next_start:
            query["start"] = page.next_start
            document["next"] = {"href": f"/v2/spaces?{urlencode(query)}"}
        return ok(document)

    def space(self, space_id: str) -> Reply:
        """Answer `GET /v2/spaces/{id}`."""
        for each in self._spaces:
            if each.id == space_id:
                return ok(self._space_document(each))
        raise _not_found("space", space_id)

    def _project_document(self, project: _Scope) -> Document:
        return {
            "metadata": {"guid": project.id, **self._metadata("projects", project)},
            "entity": {
                "name": project.name,
                "description": _DESCRIPTION,
                "type": "cpd",
                "public": False,
                "creator": "sandbox.user@example.com",
                **self._resources(project),
            },
        }

    def _space_document(self, space: _Scope) -> Document:
        return {
            "metadata": {
                "id": space.id,
                "creator_id": "IBMid-SANDBOX",
                **self._metadata("spaces", space),
            },
            "entity": {
                "name": space.name,
                "description": _DESCRIPTION,
                "scope": {"bss_account_id": self._account},
                "status": {"state": "active"},
                "type": "wx",
                **self._resources(space),
            },
        }

    def _metadata(self, collection: str, scope: _Scope) -> Document:
        dates = {"created_at": self._created_at, "updated_at": self._created_at}
        return {"url": f"/v2/{collection}/{scope.id}", **dates}

    def _resources(self, scope: _Scope) -> Document:
        keys = ("api_key", "access_key_id", "secret_access_key")
        storage: Document = {
            "type": "bmcos_object_storage",
            "guid": str(uuid.uuid5(uuid.NAMESPACE_OID, scope.id)),
            "properties": {
                "bucket_name": f"sandbox-{scope.id[:8]}",
                "credentials": {"admin": dict.fromkeys(keys, self.storage_secret)},
            },
        }
        crn = f"crn:v1:bluemix:public:pm-20:us-south:a/{self._account}:{self._runtime}::"
        runtime = {
            "name": "Sandbox runtime",
            "guid": self._runtime,
            "type": "machine_learning",
            "crn": crn,
        }
        storage = storage if scope.has_storage else {}
        return {"storage": storage, "compute": [runtime] if scope.has_runtime else [], "tags": []}


def _not_found(kind: str, scope_id: str) -> ErrorResponse:
    return service_error(404, "not_found", f"The {kind} {scope_id[:100]!r} does not exist.")
