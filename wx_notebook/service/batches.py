"""Batch jobs of the service: a file of prompts that it answers within a day.

Facts of the wire: recorded answers in the tests of IBM's Java SDK, `batch_inference` of IBM's
Python SDK 1.8.1. The Java SDK signs with an access token, and so do we.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.service.client import Service
from wx_notebook.service.deltas import json_objects
from wx_notebook.service.error_mapping import quoted
from wx_notebook.service.files import document_id, scope_headers
from wx_notebook.service.request import Request, Scope

#: The one endpoint, and the one time limit, that stand in any public source.
BATCH_ENDPOINT, BATCH_WINDOW = "/v1/chat/completions", "24h"
#: States after which nothing changes any more.
BATCH_ENDS = frozenset({"completed", "failed", "expired", "cancelled"})
_PATH = "/ml/v1/batches"
_MOST_LISTED = 100
_MOST_ERRORS, _LONGEST_ERROR, _LONGEST_STATE = 3, 200, 40


@dataclass(frozen=True, slots=True)
class ServiceBatch:
    """A batch job as the service sees it.

    Attributes
    ----------
    status
        The service's word: validating, in_progress, finalizing, completed, failed, expired,
        cancelling or cancelled.
    total, completed, failed
        Numbers of lines.
    output_file, error_file
        The ids of the files with the answers, "" where there is none.
    errors
        Why it failed, a sentence each.
    metadata
        What its maker wrote on it.
    """

    id: str
    status: str
    total: int = 0
    completed: int = 0
    failed: int = 0
    output_file: str = ""
    error_file: str = ""
    errors: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in BATCH_ENDS


def create_batch(
    service: Service, scope: Scope, file_id: str, metadata: Mapping[str, str]
) -> ServiceBatch:
    """Begin the job for a file of prompts. It is sent once: its lines are paid for.

    Raises
    ------
    WatsonxError
        The service refused it, or could not be reached; with `maybe_billed` nobody knows whether
        the job was made.
    """
    body = {
        "input_file_id": file_id,
        "endpoint": BATCH_ENDPOINT,
        "completion_window": BATCH_WINDOW,
        "metadata": dict(metadata),
    }
    request = Request(_PATH, body=body, headers=scope_headers(scope), paid=True)
    return _read(service.document(request))


def find_batch(service: Service, scope: Scope, batch_id: str) -> ServiceBatch:
    """Return a job as it is now; raises `WatsonxError` as any request."""
    return _read(service.document(Request(f"{_PATH}/{batch_id}", headers=scope_headers(scope))))


def cancel_batch(service: Service, scope: Scope, batch_id: str) -> ServiceBatch:
    """Cancel a job, and return it; raises `WatsonxError` as any request, also for an ended job."""
    path = f"{_PATH}/{batch_id}/cancel"
    return _read(service.document(Request(path, data=b"", headers=scope_headers(scope))))


def list_batches(service: Service, scope: Scope) -> tuple[list[ServiceBatch], bool]:
    """Return the jobs of the project, at most 100, and whether these are all of them."""
    document = service.document(
        Request(_PATH, params={"limit": str(_MOST_LISTED)}, headers=scope_headers(scope))
    )
    found = [_read(one) for one in json_objects(document.get("data")) if one.get("id")]
    return found, not document.get("has_more")


def _read(document: Mapping[str, Any]) -> ServiceBatch:
    counts = document.get("request_counts")
    counts = counts if isinstance(counts, Mapping) else {}
    metadata = document.get("metadata")
    return ServiceBatch(
        document_id(document, "the batch job"),
        quoted(document.get("status"), _LONGEST_STATE),
        total=_count(counts.get("total")),
        completed=_count(counts.get("completed")),
        failed=_count(counts.get("failed")),
        output_file=_text(document.get("output_file_id")),
        error_file=_text(document.get("error_file_id")),
        errors=_errors(document.get("errors")),
        metadata=metadata if isinstance(metadata, Mapping) else {},
    )


def _count(value: object) -> int:
    return value if type(value) is int and value >= 0 else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) and "/" not in value else ""


def _errors(value: object) -> tuple[str, ...]:
    """Return errors in a sentence each; the SDKs have objects in a list, or texts."""
    entries = value.get("data") if isinstance(value, Mapping) else value
    found = []
    for one in entries if isinstance(entries, list) else []:
        text = one.get("message") if isinstance(one, Mapping) else one
        line = one.get("line") if isinstance(one, Mapping) else None
        where = f"line {line}: " if type(line) is int else ""
        found.append(f"{where}{quoted(text, _LONGEST_ERROR)}")
    return tuple(found[:_MOST_ERRORS])
