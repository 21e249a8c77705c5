"""The pictures of a prompt as files that a program reads, instead of their data."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import replace
from typing import Any, NamedTuple

from wx_notebook.interop.literals import Expression, python_literal
from wx_notebook.service import Request

_DATA = re.compile(r"data:image/(?P<kind>[a-z]+);base64,")
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_MOST_NAME = 60


class PictureFile(NamedTuple):
    """A picture that a program reads: its path, its kind, and what it was in the notebook."""

    path: str
    kind: str
    name: str = ""
    about: str = ""

    @property
    def call(self) -> Expression:
        """What reads it, in a program in Python."""
        return Expression(f"picture({python_literal(self.path)}, {python_literal(self.kind)})")

    @property
    def line(self) -> str:
        """What the first comment says of it."""
        # the name of a file may hold anything, and a comment ends with its line
        name = "".join(each if each.isprintable() else "?" for each in self.name)
        facts = [name] if name not in ("", self.path) else []
        facts += [self.about] if self.about else []
        return f"{self.path} ({'; '.join(facts)})" if facts else self.path


class ReadableRequest(NamedTuple):
    """A request whose pictures are calls that read a file, and those files."""

    request: Request
    pictures: tuple[PictureFile, ...]


def read_pictures(request: Request) -> ReadableRequest:
    """Return a request with a file in the place of each picture, in their order."""
    facts = [(one.name, one.about) for one in request.pictures]
    if len(facts) != _count(request.body):
        # messages in the form of the API may bring pictures that nobody has named
        facts = []
    named = iter(facts)
    # by its data: two pictures may have the same name, and one may stand in two places
    files: dict[str, PictureFile] = {}

    def exchanged(value: Any, key: str = "") -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, list):
            return [exchanged(each) for each in value]
        if isinstance(value, dict):
            return {name: exchanged(each, name) for name, each in value.items()}
        if (match := _data_at(key, value)) is None:
            return value
        name, about = next(named, ("", ""))
        if value not in files:
            path = _path(name, match["kind"], {one.path for one in files.values()})
            files[value] = PictureFile(path, match["kind"], name, about)
        return files[value].call

    body = exchanged(request.body)
    return ReadableRequest(replace(request, body=body), tuple(files.values()))


def _data_at(key: str, value: object) -> re.Match[str] | None:
    """Return where the data of a picture begins, None for any other value, such as a text."""
    return _DATA.match(value) if key == "url" and isinstance(value, str) else None


def _count(value: Any, key: str = "") -> int:  # noqa: ANN401  # JSON
    if isinstance(value, list):
        return sum(map(_count, value))
    if isinstance(value, dict):
        return sum(_count(each, name) for name, each in value.items())
    return int(_data_at(key, value) is not None)


def _path(name: str, kind: str, taken: set[str]) -> str:
    """Return the name of a file for a picture: its own, if it has one of this kind."""
    stem = _NO_NAME.sub("-", name).strip("-.")[:_MOST_NAME] or "picture"
    is_file = mimetypes.guess_type(stem)[0] == f"image/{kind}"
    stem, suffix = stem.rsplit(".", 1) if is_file else (stem, kind)
    path, number = f"{stem}.{suffix}", 2
    while path in taken:
        path, number = f"{stem}-{number}.{suffix}", number + 1
    return path
