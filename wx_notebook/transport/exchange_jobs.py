"""Files and batch jobs of the service in a recording.

Each of them has an ID of its own, and so has each line of a file. In a recording the n-th one has
the name `file-n`, `job-n` or `line-n`, and a replay hands these names out. Of a job only its end is
recorded, so a replay waits for none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

#: Returns the name of an ID of this kind.
Naming: TypeAlias = Callable[[str, Any], str]
#: Takes out of a text what nobody else should read.
Clean: TypeAlias = Callable[[Any], Any]

#: Where files are handed over.
UPLOADS = "/ml/v1/files"
_PATH = re.compile(r"^/ml/v1/(files|batches)(?:/([^/]+)(/content|/cancel)?)?$")
_KINDS = {"files": "file", "batches": "job"}
_ENDS = ("completed", "failed", "expired", "cancelled")
#: What the client reads of a file and of a job.
_KEPT = ("object", "purpose", "endpoint", "status", "request_counts", "errors", "has_more")
_FILES = ("input_file_id", "output_file_id", "error_file_id")
_LINE = re.compile(r'"custom_id": "(line-\d+)"')


def is_job_path(path: str) -> bool:
    """Return whether a path is one of files or batch jobs."""
    return _PATH.match(path) is not None


def named_path(path: str, naming: Naming) -> str:
    """Return a path with the name of its file or job."""
    found = _PATH.match(path)
    if found is None or not found[2]:
        return path
    return f"/ml/v1/{found[1]}/{naming(_KINDS[found[1]], found[2])}{found[3] or ''}"


def asked_lines(body: bytes, naming: Naming, clean: Clean) -> Any:  # noqa: ANN401  # JSON
    """Return the form by which a file is handed over: its lines, with their names."""
    # the file is the last part of the form, and its lines have no empty one among them
    content = body.rpartition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    return {"lines": [_line(line, naming, clean) for line in content.split(b"\n") if line]}


def asked_job(body: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
    """Return what a job is made of, without our own mark."""
    kept = {name: value for name, value in body.items() if name != "metadata"}
    return kept | {name: naming("file", kept[name]) for name in _FILES if kept.get(name)}


def written_answer(path: str, data: bytes, naming: Naming, clean: Clean) -> str | None:
    """Return a good answer as it may be recorded; None for a job that goes on, and so is not."""
    found = _PATH.match(path)
    assert found is not None  # noqa: S101  # its caller has asked
    if found[3] == "/content":
        lines = [_line(line, naming, clean) for line in data.split(b"\n") if line.strip()]
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    document = json.loads(data)
    kind = _KINDS[found[1]]
    if found[2] and kind == "job" and document.get("status") not in _ENDS:
        return None
    return json.dumps(_described(document, kind, naming, clean), ensure_ascii=False)


def with_asked_lines(text: str, asked: Callable[[str], str]) -> str:
    """Return the lines of a recorded result as answers to what was asked now."""
    return _LINE.sub(lambda found: f'"custom_id": {json.dumps(asked(found[1]))}', text)


def _described(document: Any, kind: str, naming: Naming, clean: Clean) -> Any:  # noqa: ANN401
    if not isinstance(document, dict):
        return {}
    kept = {name: clean(document[name]) for name in _KEPT if name in document}
    kept |= {name: naming("file", document[name]) for name in _FILES if document.get(name)}
    if "id" in document:
        kept["id"] = naming(kind, document["id"])
    if isinstance(document.get("data"), list):
        kept["data"] = [_described(one, kind, naming, clean) for one in document["data"]]
    return kept


def _line(line: bytes, naming: Naming, clean: Clean) -> Any:  # noqa: ANN401  # JSON
    """Return a line of a file: a request, or a result without what tells whose it is."""
    try:
        document = json.loads(line)
    except ValueError:
        return clean(line.decode("utf-8", "replace"))
    if not isinstance(document, dict):
        return clean(document)
    name = naming("line", document.pop("custom_id", None))
    for other in ("id", "processed_at"):
        document.pop(other, None)
    response = document.get("response")
    if isinstance(response, dict):
        # a chat's answer has an ID at its top
        document["response"] = {**response, "body": clean(response.get("body"))}
    return {"custom_id": name, **clean(document)}
