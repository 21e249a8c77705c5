"""What of an exchange may stand in a file that others read.

Keys, tokens and the IDs of accounts, projects and traces are left out. The same rules make the key
of a request, so a request that is sent again is found although its project differs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import requests

from wx_notebook.transport.exchange_aliases import Aliases
from wx_notebook.transport.exchange_file import RecordedAnswer, RecordedRequest
from wx_notebook.transport.exchange_jobs import (
    UPLOADS,
    asked_job,
    asked_lines,
    is_job_path,
    named_path,
    written_answer,
)
from wx_notebook.transport.redaction import Redaction

#: Where a text stands in an event: names of fields, and numbers in lists.
_Place: TypeAlias = tuple[Any, ...]
#: Who pays, and the date of the API, are no part of a question.
_NOT_ASKED = ("project_id", "space_id")
_SCOPE_HEADERS = ("X-IBM-Project-ID", "X-IBM-Space-ID")
_NOT_IN_QUERY = (*_NOT_ASKED, "version")
#: One project or space, and the list of them.
_CONTAINERS = re.compile(r"^(/v2/(?:projects|spaces))(?:/([^/]+))?$")
#: Stands for the ID of the project or space that was asked for.
ASKED_ID = "{id}"
#: Fields with IDs of accounts, users and requests, or with credentials; at any depth of an answer.
_DROPPED = frozenset(
    {
        "trace", "trace_id", "transaction_id", "request_id", "requestId", "account_id",
        "bss_account_id", "iam_id", "user_id", "creator", "creator_id", "owner", "owner_id",
        "instance_id", "crn", "project_id", "space_id", "storage", "credentials", "members",
        "scope",
    }
)  # fmt: skip
_ID = r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
_ANY_ID = re.compile(rf"(?<![0-9a-z]){_ID}(?![0-9a-z])", re.IGNORECASE)
_ACCOUNTS = re.compile(r"crn:v\d:[^\s\"'<>]+|IBMid-\w+|iam-(?:ServiceId|Profile)-[\w-]+")
_DATA_URL = re.compile(r"data:([\w/+.-]+);base64,([A-Za-z0-9+/=]+)")
_DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)


class ExchangeScrubber:
    """Makes requests and answers as they may be recorded.

    Parameters
    ----------
    redaction
        Knows the secrets of the session.
    aliases
        Takes the IDs and bookmarks that were met, and what stands in their place.
    """

    def __init__(self, redaction: Redaction, aliases: Aliases) -> None:
        self._redaction = redaction
        self._aliases = aliases

    def request(self, sent: requests.PreparedRequest) -> RecordedRequest:
        """Return what tells this request apart from others."""
        url = str(sent.url)
        for name in _SCOPE_HEADERS:
            self._aliases.project(sent.headers.get(name))
        parts = urlsplit(url)
        path, query = parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        if (found := _CONTAINERS.match(path)) is not None and found[2]:
            self._aliases.project(found[2])
            path = f"{found[1]}/{ASKED_ID}"
        for name in _NOT_ASKED:
            self._aliases.project(query.get(name))
        kept = {name: self.text(value) for name, value in sorted(query.items())
                if name not in _NOT_IN_QUERY}  # fmt: skip
        body: Any = self._asked(sent.body, path)
        path = named_path(path, self._aliases.name)
        return RecordedRequest(str(sent.method), self.text(path), kept, body)

    def _asked(self, body: bytes | str | None, path: str) -> Any:  # noqa: ANN401  # JSON is any value
        if body is None:
            return None
        data = body.encode() if isinstance(body, str) else body
        if data and path == UPLOADS:
            return asked_lines(data, self._aliases.name, self._asked_value)
        try:
            document = json.loads(data)
        except ValueError:
            return {"sha256": hashlib.sha256(data).hexdigest()}
        if isinstance(document, dict):
            for name in _NOT_ASKED:
                self._aliases.project(document.pop(name, None))
            if is_job_path(path):
                document = asked_job(document, self._aliases.name)
        return self._asked_value(document)

    def _asked_value(self, value: Any) -> Any:  # noqa: ANN401  # JSON is any value
        return _mapped(value, lambda text: self.text(_DATA_URL.sub(_digest, text)))

    def answer(
        self, request: RecordedRequest, status: int, content_type: str, data: bytes, url: str
    ) -> RecordedAnswer | None:
        """Return an answer without what is nobody else's business, such as the host of its URL.

        None stands for one that is not recorded: a batch job that goes on.
        """
        parts = urlsplit(url)
        if is_job_path(parts.path) and status < 400:
            kind = content_type.partition(";")[0].strip()
            written = written_answer(parts.path, data, self._aliases.name, self._told_value)
            answer = RecordedAnswer(status, kind, written or "")
            if written is None:
                return None
        else:
            answer = self._answer(request, status, content_type, data)
        text = answer.text.replace(f"{parts.scheme}://{parts.netloc}", "")
        return answer._replace(text=text.replace(parts.netloc, "<host>"))

    def _answer(
        self, request: RecordedRequest, status: int, content_type: str, data: bytes
    ) -> RecordedAnswer:
        kind = content_type.partition(";")[0].strip()
        if b"data:" in data[:4_000] and not data.lstrip().startswith((b"{", b"[")):
            return RecordedAnswer(status, kind, self._events(data))
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            text = data.decode("utf-8", "replace")
            clean = self._failure_text(text) if status >= 400 else self.text(text)
            return RecordedAnswer(status, kind, clean)
        if (found := _CONTAINERS.match(request.path)) is not None and status < 400:
            document = self._containers(document, is_one=found[2] is not None)
        elif status >= 400:
            document = _mapped(_without_ids(document), self._failure_text)
        else:
            document = _mapped(_without_ids(document), self.text)
        return RecordedAnswer(status, kind, json.dumps(document, ensure_ascii=False))

    def _told_value(self, value: Any) -> Any:  # noqa: ANN401  # JSON is any value
        return _mapped(_without_ids(value), self.text)

    def text(self, text: str) -> str:
        """Return a text without keys, tokens and known IDs."""
        text = self._redaction.without_keys(self._aliases.replaced(text))
        return _ACCOUNTS.sub("<id>", text)

    def _failure_text(self, text: str) -> str:
        return _ANY_ID.sub("<id>", self.text(text))

    # --- a stream ------------------------------------------------------------------------------

    def _events(self, data: bytes) -> str:
        """Return the events of a stream; what is split over several of them is looked at whole."""
        documents: list[Any] = []

        def read(line: re.Match[bytes]) -> bytes:
            try:
                documents.append(_without_ids(json.loads(line[1])))
            except (ValueError, RecursionError):
                return self.text(line[0].decode("utf-8", "replace")).encode()
            # its place
            return b"data: \x00"

        lines = _DATA.sub(read, data.replace(b"\x00", b""))
        skeleton = self.text(lines.decode("utf-8", "replace"))
        documents = [_mapped(one, self.text) for one in documents]
        self._clean_joined(documents)
        head, *rest = skeleton.split("\x00")
        written = (json.dumps(one, ensure_ascii=False) for one in documents)
        return head + "".join(one + more for one, more in zip(written, rest, strict=True))

    def _clean_joined(self, documents: list[Any]) -> None:
        parts: dict[_Place, list[tuple[dict[str, Any], str]]] = {}
        for document in documents:
            for place, holder, name in _deltas(document):
                parts.setdefault(place, []).append((holder, name))
        for places in parts.values():
            joined = "".join(holder[name] for holder, name in places)
            if (clean := self.text(joined)) != joined:
                for holder, name in places:
                    holder[name], clean = clean, ""

    # --- projects ------------------------------------------------------------------------------

    def _containers(self, document: Any, *, is_one: bool) -> Any:  # noqa: ANN401
        """Return what the client reads of projects: IDs are replaced, and all else is dropped."""
        if not isinstance(document, dict):
            return {}
        if is_one:
            return self._container(document, lambda _: ASKED_ID)
        listed = document.get("resources")
        resources = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) \
            else []  # fmt: skip
        kept: dict[str, Any] = {
            "resources": [self._container(one, self._aliases.project) for one in resources]
        }
        if isinstance(bookmark := document.get("bookmark"), str):
            kept["bookmark"] = self._aliases.bookmark(bookmark)
        following = document.get("next")
        href = following.get("href") if isinstance(following, dict) else following
        query = dict(parse_qsl(urlsplit(href).query)) if isinstance(href, str) else {}
        places = {n: self._aliases.bookmark(query[n]) for n in ("start", "bookmark") if n in query}
        if places:
            kept["next"] = {"href": "?" + "&".join(f"{n}={v}" for n, v in places.items())}
        return kept

    def _container(self, document: dict[str, Any], alias: Callable[[Any], Any]) -> dict[str, Any]:
        metadata, entity = document.get("metadata"), document.get("entity")
        metadata = metadata if isinstance(metadata, dict) else {}
        entity = entity if isinstance(entity, dict) else {}
        compute = entity.get("compute")
        runtimes = [one for one in compute if isinstance(one, dict)] if isinstance(compute, list) \
            else []  # fmt: skip
        return {
            "metadata": {n: alias(metadata[n]) for n in ("guid", "id") if n in metadata},
            "entity": {
                "name": self.text(str(entity.get("name", ""))),
                "compute": [{"type": self.text(str(one.get("type")))} for one in runtimes],
            },
        }


def _digest(found: re.Match[str]) -> str:
    """Return a picture as its type and a hash of its bytes: it may have megabytes."""
    return f"data:{found[1]};sha256={hashlib.sha256(found[2].encode()).hexdigest()}"


def _mapped(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  # JSON is any value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _mapped(inner, change) for name, inner in value.items()}
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value


def _without_ids(value: Any, *, is_top: bool = True) -> Any:  # noqa: ANN401
    """Return an answer without the fields that name an account, a user or a request."""
    if isinstance(value, list):
        return [_without_ids(inner, is_top=False) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_ids(inner, is_top=False) for name, inner in value.items()
            if name not in _DROPPED}  # fmt: skip
    if is_top and "choices" in kept and "id" in kept:
        # the ID of one answer, by which IBM finds the request
        kept["id"] = "recorded"
    return kept


def _deltas(document: Any) -> Iterator[tuple[_Place, dict[str, Any], str]]:  # noqa: ANN401
    """Yield the texts of an event that go on in the next one: where each stands, and its holder."""
    for kind in ("choices", "results"):
        entries = document.get(kind) if isinstance(document, dict) else None
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            number = entry.get("index", at) if isinstance(entry, dict) else at
            yield from _texts(entry, (kind, number))


def _texts(value: Any, place: _Place) -> Iterator[tuple[_Place, dict[str, Any], str]]:  # noqa: ANN401
    if isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*place, at))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield (*place, name), value, name
            else:
                yield from _texts(inner, (*place, name))
