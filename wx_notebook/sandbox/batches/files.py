"""The files of batch jobs: uploaded as a form, read as lines, kept for 30 days."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tornado.httputil import HTTPFile, HTTPInputError, parse_body_arguments

from wx_notebook.sandbox.http.messages import (
    DOCS,
    Document,
    ErrorResponse,
    Reply,
    Request,
    encode_json,
    json_object,
    ok,
)

BATCH, OUTPUT = "batch", "batch_output"
_DAY_MS = 86_400_000
_KEPT_MS = 30 * _DAY_MS
_MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file in the storage of a project or space.

    Attributes
    ----------
    scope
        The project or space that it belongs to.
    """

    id: str
    scope: str
    filename: str
    purpose: str
    created_ms: int
    data: bytes

    def document(self) -> Document:
        """Return the file object; its times are milliseconds (recorded)."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": self.created_ms,
            "expires_at": self.created_ms + _KEPT_MS,
            "filename": self.filename,
            "purpose": self.purpose,
        }


class FileStore:
    """The files of all projects; safe for threads.

    Parameters
    ----------
    wall_clock
        Epoch seconds.
    """

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._files: dict[str, StoredFile] = {}
        self._lock = threading.Lock()

    def add(self, scope: str, filename: str, purpose: str, data: bytes) -> StoredFile:
        """Keep a file, and return it."""
        file_id = f"file-{secrets.token_urlsafe(60)}"
        created_ms = int(self._wall_clock() * 1000)
        file = StoredFile(file_id, scope, filename, purpose, created_ms, data)
        with self._lock:
            self._files[file_id] = file
        return file

    def find(self, scope: str, file_id: str) -> StoredFile:
        """Return a file of a scope.

        Raises
        ------
        ErrorResponse
            404: there is none, or its 30 days are over.
        """
        file = self._files.get(file_id)
        now_ms = self._wall_clock() * 1000
        if file is None or file.scope != scope or now_ms >= file.created_ms + _KEPT_MS:
            # the service's own words are not public
            raise file_error(404, "file_not_found", f"No file {file_id[:100]!r} was found.")
        return file

    def upload(self, scope: str, request: Request) -> Reply:
        """Answer `POST /ml/v1/files`."""
        fields: dict[str, list[bytes]] = {}
        parts: dict[str, list[HTTPFile]] = {}
        try:
            kind = request.headers.get("content-type", "")
            parse_body_arguments(kind, request.body, fields, parts)
        except HTTPInputError:
            raise file_error(400, "invalid_request", "The form cannot be read.") from None
        purpose = fields.get("purpose", [b""])[0].decode("utf-8", "replace")
        if purpose != BATCH:
            raise file_error(400, "invalid_request", "'purpose' must be batch.", "purpose")
        if not parts.get("file"):
            raise file_error(400, "invalid_request", "'file' is required.", "file")
        file = parts["file"][0]
        return ok(self.add(scope, file.filename, BATCH, file.body).document())

    def list(self, scope: str, request: Request) -> Reply:
        """Answer `GET /ml/v1/files`; a page follows the file that `after` names."""
        query = request.query
        files = [each for each in self._files.values() if each.scope == scope]
        if query.get("order", "desc") != "asc":
            files.reverse()
        if "purpose" in query:
            files = [each for each in files if each.purpose == query["purpose"]]
        ids = [each.id for each in files]
        if (after := query.get("after")) is not None:
            files = files[ids.index(after) + 1 :] if after in ids else []
        return ok(list_document([each.document() for each in files], query, _MOST_LISTED))

    def delete(self, scope: str, file_id: str) -> Reply:
        """Answer `DELETE /ml/v1/files/{id}`."""
        file = self.find(scope, file_id)
        with self._lock:
            self._files.pop(file.id, None)
        return ok({"id": file.id, "deleted": True, "object": "file"})


def list_document(items: list[Document], query: Mapping[str, str], most: int) -> Document:
    """Return the first items, up to `limit` of the query, as a list of the service.

    Raises
    ------
    ErrorResponse
        400: the limit is no number from 1 to `most`.
    """
    text = query.get("limit", str(most))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    if not 1 <= limit <= most:
        raise file_error(400, "invalid_request", f"'limit' must be from 1 to {most}.", "limit")
    page = items[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(items) > limit,
    }


def file_error(status: int, code: str, message: str, param: str | None = None) -> ErrorResponse:
    """Return the exception with an error document of files, which has a form of its own."""
    kind = "authentication_error" if status == 401 else "invalid_request_error"
    shared = {"param": param, "code": code, "type": kind}
    document = {
        "message": f"{status} {message}",
        "status": status,
        "error": {"message": message, **shared},
        **shared,
        "more_info": f"{DOCS}#upload_file",
        "trace": secrets.token_hex(16),
    }
    return ErrorResponse(Reply(status, encode_json(document)))


def as_file_error(reply: Reply) -> Reply:
    """Return an error of watsonx.ai in the form of the errors of files."""
    errors = (json_object(reply.body) or {}).get("errors")
    if not isinstance(errors, list):
        return reply
    error = file_error(reply.status, errors[0]["code"], errors[0]["message"])
    return Reply(reply.status, error.reply.body, headers=reply.headers)
