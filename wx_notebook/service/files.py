"""Files of the service: lines that a batch job reads, and lines that it writes.

They lie in the storage of the project or space, which a header names, for 30 days (recorded answers
in the tests of IBM's Java SDK). How large one may be is not public.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from wx_notebook.errors import BadOption, ProjectError, ServiceDown, WatsonxError
from wx_notebook.service.client import Service
from wx_notebook.service.request import Request, Scope
from wx_notebook.transport import ConnectionBroken

_PATH = "/ml/v1/files"
#: How often a file is sent whose taking nobody confirmed.
_MOST_TRIES = 3
#: A result file has an answer a line: 20,000 rows of 2,000 tokens and more.
_LARGEST = 2 * 1024**3
#: How the service may say that a project has no storage; its words are not public.
_STORAGE_WORDS = ("storage", "bucket", "cos ", "object store")
_STORAGE_HINT = (
    "In watsonx.ai: your project > Manage > General > Storage. Without storage, leave out --on "
    "service."
)


def scope_headers(scope: Scope) -> dict[str, str]:
    """Return the header by which files and batch jobs are told who pays; the project wins."""
    if scope.project_id:
        return {"X-IBM-Project-ID": scope.project_id}
    return {"X-IBM-Space-ID": scope.space_id} if scope.space_id else {}


def upload_file(service: Service, scope: Scope, name: str, lines: bytes) -> str:
    """Keep lines in a file of the project, and return its id.

    Raises
    ------
    ProjectError
        The project has no storage.
    WatsonxError
        The service refused the file, or could not be reached.
    """
    boundary = f"wx-notebook-{secrets.token_hex(16)}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    data = b"".join([head.encode(), lines, f"\r\n--{boundary}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = Request(_PATH, data=data, headers={**scope_headers(scope), **kind})
    refused: WatsonxError | None = None
    for _ in range(_MOST_TRIES):
        refused = None
        try:
            document = service.document(request)
            break
        except ServiceDown as error:
            # a file that came twice costs nothing: it is gone in 30 days
            refused = error
        except (BadOption, ProjectError) as error:
            refused = error
            break
    if refused is not None:
        if any(word in refused.message.lower() for word in _STORAGE_WORDS):
            raise ProjectError(refused.message, hint=_STORAGE_HINT)
        raise refused
    return document_id(document, "the file")


def file_lines(service: Service, scope: Scope, file_id: str) -> Iterator[bytes]:
    """Yield the lines of a file as they arrive; the last one may be half of one.

    Raises
    ------
    ServiceDown
        The connection broke.
    WatsonxError
        The service does not know the file, or could not be reached.
    """
    path = f"{_PATH}/{file_id}/content"
    reply = service.send(Request(path, headers=scope_headers(scope), largest_reply=_LARGEST))
    broken = ""
    rest = b""
    try:
        while data := reply.read_some():
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
    except ConnectionBroken as problem:
        broken = problem.message
    finally:
        reply.close()
    if broken:
        raise ServiceDown(broken, hint="Run it again.")
    if rest:
        yield rest


def document_id(document: Mapping[str, Any], kind: str) -> str:
    """Return the id in a reply.

    Raises
    ------
    ServiceDown
        It has none.
    """
    found = document.get("id")
    if isinstance(found, str) and found and found.isascii() and "/" not in found:
        return found
    raise ServiceDown(
        f"The service accepted {kind}, but returned no ID.", hint="Wait a moment and run it again."
    )
