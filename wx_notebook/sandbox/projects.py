"""Projects and spaces, which the real service keeps on another host (the Data API)."""

from __future__ import annotations

import secrets
import threading
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from wx_notebook.sandbox.paging import page_of
from wx_notebook.sandbox.replies import ok, refusal
from wx_notebook.sandbox.wire import Refused, Reply, Request, created_at


@dataclass(frozen=True, slots=True)
class _Container:
    id: str
    name: str
    has_runtime: bool = True


class Projects:
    """What one region holds: two projects, one of them without a runtime, a space, and more.

    Parameters
    ----------
    now
        Epoch seconds, at which all of them were made.
    account_id
        Of the account that they belong to.

    Attributes
    ----------
    storage_secret
        Stands in the storage credentials of project documents, where the real service can have
        real ones; clients must drop it.
    """

    def __init__(self, now: float, account_id: str) -> None:
        self._created_at = created_at(now)
        self._runtime = str(uuid.uuid4())
        self._account = account_id
        self._projects: tuple[_Container, ...] = ()
        self._spaces: tuple[_Container, ...] = ()
        self._lock = threading.Lock()
        self.storage_secret = f"canary-{secrets.token_hex(16)}"
        self.project_id = self.add_project("Sandbox project")
        self.bare_project_id = self.add_project("Project without a runtime", runtime=False)
        self.space_id = self.add_space("Sandbox space")

    def add_project(self, name: str, runtime: bool = True) -> str:
        """Make a project, with or without a runtime, and return its id."""
        made = _Container(str(uuid.uuid4()), name, runtime)
        with self._lock:
            self._projects += (made,)
        return made.id

    def add_space(self, name: str, runtime: bool = True) -> str:
        """Make a space, with or without a runtime, and return its id."""
        made = _Container(str(uuid.uuid4()), name, runtime)
        with self._lock:
            self._spaces += (made,)
        return made.id

    def admit(self, field: str, container_id: str) -> None:
        """Let a prompt into the project or space that it names.

        Raises
        ------
        Refused
            404: there is none such. 403: it has no runtime.
        """
        known = self._projects if field == "project_id" else self._spaces
        found = [each for each in known if each.id == container_id]
        if not found:
            message = f"{field} {container_id} was not found in this region."
            raise refusal(404, "container_not_found", message, target=("field", field))
        if not found[0].has_runtime:
            message = f"{field} {container_id} is not associated with a WML instance"
            raise refusal(403, "no_associated_service_instance_error", message)

    def projects(self, request: Request) -> Reply:
        """Answer `GET /v2/projects`; `name` must match as a whole, `bookmark` is the next page."""
        name = request.query.get("name")
        found = [each for each in self._projects if name in (None, each.name)]
        page = page_of(request.query, len(found), default=100, most=100, start="bookmark")
        document: dict[str, object] = {
            "resources": [self._project_document(each) for each in found[page.span]],
            "total_results": len(found),
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
        found = [each for each in self._spaces if name in (None, each.name)]
        # IBM's Python SDK asks for 200 spaces at a time, of projects for 100
        page = page_of(request.query, len(found), default=100, most=200)
        query = {"limit": str(page.limit)} | ({} if name is None else {"name": name})
        document: dict[str, object] = {
            "total_count": len(found),
            "limit": page.limit,
            "first": {"href": f"/v2/spaces?{urlencode(query)}"},
            "resources": [self._space_document(each) for each in found[page.span]],
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

    def _project_document(self, project: _Container) -> dict[str, object]:
        return {
            "metadata": {
                "guid": project.id,
                "url": f"/v2/projects/{project.id}",
                "created_at": self._created_at,
                "updated_at": self._created_at,
            },
            "entity": {
                "name": project.name,
                "description": "Made by the sandbox on this machine.",
                "type": "cpd",
                "public": False,
                "creator": "sandbox.user@example.com",
                "storage": self._storage(project),
                "compute": self._compute(project),
                "tags": [],
            },
        }

    def _space_document(self, space: _Container) -> dict[str, object]:
        return {
            "metadata": {
                "id": space.id,
                "url": f"/v2/spaces/{space.id}",
                "creator_id": "IBMid-SANDBOX",
                "created_at": self._created_at,
                "updated_at": self._created_at,
            },
            "entity": {
                "name": space.name,
                "description": "Made by the sandbox on this machine.",
                "scope": {"bss_account_id": self._account},
                "status": {"state": "active"},
                "type": "wx",
                "storage": self._storage(space),
                "compute": self._compute(space),
                "tags": [],
            },
        }

    def _storage(self, container: _Container) -> dict[str, object]:
        return {
            "type": "bmcos_object_storage",
            "guid": str(uuid.uuid5(uuid.NAMESPACE_OID, container.id)),
            "properties": {
                "bucket_name": f"sandbox-{container.id[:8]}",
                "credentials": {
                    "admin": {
                        "api_key": self.storage_secret,
                        "access_key_id": self.storage_secret,
                        "secret_access_key": self.storage_secret,
                    }
                },
            },
        }

    def _compute(self, container: _Container) -> list[dict[str, str]]:
        if not container.has_runtime:
            return []
        crn = f"crn:v1:bluemix:public:pm-20:us-south:a/{self._account}:{self._runtime}::"
        return [
            {
                "name": "Sandbox runtime",
                "guid": self._runtime,
                "type": "machine_learning",
                "crn": crn,
            }
        ]


def _not_found(what: str, container_id: str) -> Refused:
    return refusal(404, "not_found", f"The {what} {container_id[:100]!r} does not exist.")
