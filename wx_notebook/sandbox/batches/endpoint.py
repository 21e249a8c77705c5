"""The paths of files and batch jobs: who may use them, for which project, and their faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wx_notebook.sandbox.batches.files import OUTPUT, FileStore, StoredFile, file_error
from wx_notebook.sandbox.batches.jobs import JobStore
from wx_notebook.sandbox.http.faults import FaultSwitches
from wx_notebook.sandbox.http.messages import Reply, Request, method_error, ok
from wx_notebook.sandbox.iam.account import Account, Validity
from wx_notebook.sandbox.projects import ProjectStore

_SCOPES = {"x-ibm-project-id": "project_id", "x-ibm-space-id": "space_id"}
_METHODS: Mapping[str, tuple[str, ...]] = {
    "files": ("GET", "POST"),
    "file": ("GET", "DELETE"),
    "file_content": ("GET",),
    "batches": ("GET", "POST"),
    "batch": ("GET",),
    "batch_cancel": ("POST",),
}
_ID = re.compile(r"/ml/v1/(?:files|batches)/([^/]+)")
_FATES = {"job-fails": "failed", "job-expires": "expired"}
_LINE_FAULTS = frozenset({"lines-missing", "lines-twice", "lines-foreign", "lines-cut"})


class _Asked(NamedTuple):
    """The project or space of a request, and the id in its path."""

    field: str
    scope: str
    id: str


class BatchEndpoint:
    """Answers the calls of files and batch jobs.

    Parameters
    ----------
    files, jobs
        What it serves.
    account
        The service takes its API key itself, as IBM's Python and Node SDK send it, besides a token,
        which its Java SDK sends.
    projects
        Knows projects, spaces and whether they have storage.
    faults
        Those of lines and jobs.
    """

    def __init__(
        self,
        files: FileStore,
        jobs: JobStore,
        account: Account,
        projects: ProjectStore,
        faults: FaultSwitches,
    ) -> None:
        self._files = files
        self.jobs = jobs
        self._account = account
        self._projects = projects
        self._faults = faults

    def is_signed_with_key(self, request: Request) -> bool:
        """Return whether a request carries the API key itself as its bearer."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and (
            self._account.key_validity(key.strip()) is Validity.VALID
        )

    async def answer(self, kind: str, request: Request) -> Reply:
        """Answer a call of one of these kinds.

        Raises
        ------
        ErrorResponse
            4xx, in the form of files.
        """
        methods = _METHODS[kind]
        if request.method not in methods:
            raise method_error(request.method, " or ".join(methods))
        asked = self._asked(request)
        if kind == "files":
            is_upload = request.method == "POST"
            answer: Callable[..., Reply] = self._files.upload if is_upload else self._files.list
            return answer(asked.scope, request)
        if kind == "file":
            if request.method == "DELETE":
                return self._files.delete(asked.scope, asked.id)
            return ok(self._files.find(asked.scope, asked.id).document())
        if kind == "file_content":
            return self._content(self._files.find(asked.scope, asked.id))
        return await self._job(kind, asked, request)

    async def _job(self, kind: str, asked: _Asked, request: Request) -> Reply:
        jobs = self.jobs
        if kind == "batch_cancel":
            return await jobs.cancel(asked.scope, asked.id)
        if kind == "batch":
            return await jobs.one(asked.scope, asked.id)
        if request.method == "GET":
            return await jobs.list(asked.scope, request)
        fault = self._faults.take(kind, _FATES)
        return await jobs.create(
            asked.field, asked.scope, request, _FATES[fault.name] if fault else ""
        )

    def _asked(self, request: Request) -> _Asked:
        named = [name for name in _SCOPES if request.headers.get(name)]
        if len(named) != 1:
            message = "One of the headers X-IBM-Project-ID and X-IBM-Space-ID has to be given."
            raise file_error(400, "invalid_request", message)
        field, scope = _SCOPES[named[0]], request.headers[named[0]].lower()
        self._projects.check_scope(field, scope)
        if not self._projects.has_storage(field, scope):
            # nothing public says what the service answers here
            message = "The project has no storage: files need a Cloud Object Storage instance."
            raise file_error(400, "storage_not_found", message)
        match = _ID.match(request.path)
        return _Asked(field, scope, match[1] if match else "")

    def _content(self, file: StoredFile) -> Reply:
        data = file.data
        if file.purpose == OUTPUT and (fault := self._faults.take("file_content", _LINE_FAULTS)):
            data = _spoilt(fault.name, data)
        return Reply(200, data, "application/jsonl")


def _spoilt(fault: str, data: bytes) -> bytes:
    """Return the lines of a result file with a fault in them."""
    lines = data.splitlines(keepends=True)
    if fault == "lines-missing":
        return b"".join(lines[1:])
    if fault == "lines-twice":
        return b"".join([*lines, lines[0]])
    if fault == "lines-foreign":
        first: Any = json.loads(lines[0])
        foreign = [{**first, "custom_id": name} for name in ("f" * 32, "somebody-else")]
        return data + b"".join(json.dumps(each).encode() + b"\n" for each in foreign)
    return data[: len(data) // 2]
