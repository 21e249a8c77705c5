"""The file of recorded exchanges: a line that says what it is, then a JSON line an exchange.

It is meant for a repository, so it holds neither a secret nor the ID of an account, a project or a
trace (`exchange_scrubber`). A file that is there goes on: each process that records has a number,
and of equal requests those of the last process count.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import NotConnected, mask_keys

#: The variables that name the file: to write into, and to answer from.
RECORD_VARIABLE, REPLAY_VARIABLE = "WX_NOTEBOOK_RECORD", "WX_NOTEBOOK_REPLAY"
VERSION = 1
_HEAD = {"wx_notebook": "recording", "version": VERSION}


class RecordingError(NotConnected):
    """The file of recorded exchanges cannot be used, or has no answer to a request."""


class RecordedRequest(NamedTuple):
    """What tells requests apart: no host, no project, no space, no credential.

    Attributes
    ----------
    query
        Without the version of the API.
    body
        The JSON value, None for a request without one.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any = None

    @property
    def key(self) -> str:
        """One text for all equal requests."""
        return json.dumps(self, sort_keys=True, separators=(",", ":"))


class RecordedAnswer(NamedTuple):
    """What the service answered: its status, the type of its body, and the body as text."""

    status: int
    content_type: str
    text: str


class RecordedExchange(NamedTuple):
    """A request and its answer; `run` is the number of the process that recorded them."""

    run: int
    request: RecordedRequest
    answer: RecordedAnswer

    def line(self) -> str:
        """Return the exchange as a line of the file; a body in JSON is readable there."""
        request: dict[str, Any] = {
            name: value for name, value in self.request._asdict().items() if value not in ({}, None)
        }
        answer: dict[str, Any] = {"status": self.answer.status, "type": self.answer.content_type}
        try:
            body = json.loads(self.answer.text)
        except ValueError:
            answer["text"] = self.answer.text
        else:
            answer["body"] = body
        return json.dumps(
            {"run": self.run, "request": request, "answer": answer}, ensure_ascii=False
        )


def name_of(path: Path) -> str:
    """Return the name of a file for a message."""
    return mask_keys(path.name)


def read_exchanges(path: Path) -> list[RecordedExchange]:
    """Return what a file holds.

    Raises
    ------
    RecordingError
        It is not there, it cannot be read, or it is no recording of this version.
    """
    name, problem = name_of(path), ""
    try:
        # utf-8-sig: some editors put a mark at the beginning
        return list(_parsed(path.read_text(encoding="utf-8-sig"), name))
    except FileNotFoundError:
        problem = f"The recording {name} does not exist."
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        problem = f"The recording {name} cannot be read: {reason}."
    raise RecordingError(problem, hint=how_to_record(path))


def how_to_record(path: Path) -> str:
    """Return what to type to make a recording."""
    return (
        f"Next: run the notebook once with {RECORD_VARIABLE}={name_of(path)}, without "
        f"{REPLAY_VARIABLE} and with a key."
    )


def _parsed(text: str, name: str) -> Iterator[RecordedExchange]:
    # by "\n" alone: JSON may hold other characters that end a line for Python
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    for at, (number, line) in enumerate(lines):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if at == 0:
            _check_head(document, name)
            continue
        exchange = _exchange(document)
        if exchange is None:
            raise RecordingError(
                f"Line {number} of the recording {name} is not an exchange in JSON.",
                hint="Restore the file, or delete it and record again.",
            )
        yield exchange
    if not lines:
        _check_head(None, name)


def _check_head(document: Any, name: str) -> None:  # noqa: ANN401  # JSON is any value
    head = document if isinstance(document, dict) else {}
    if head.get("wx_notebook") != "recording":
        raise RecordingError(
            f"{name} is not a recording of wx_notebook: its first line does not say so.",
            hint=f"Give {RECORD_VARIABLE} or {REPLAY_VARIABLE} the name of another file.",
        )
    if head.get("version") != VERSION:
        raise RecordingError(
            f"The recording {name} has version {str(head.get('version'))[:20]}, and this package "
            f"reads version {VERSION}.",
            hint="Install the version of wx-notebook that wrote it, or delete it and record again.",
        )


def _exchange(document: Any) -> RecordedExchange | None:  # noqa: ANN401  # JSON is any value
    try:
        request, answer = document["request"], document["answer"]
        text = answer["text"] if "text" in answer else json.dumps(answer["body"])
        return RecordedExchange(
            int(document["run"]),
            RecordedRequest(
                str(request["method"]),
                str(request["path"]),
                {str(name): str(value) for name, value in request.get("query", {}).items()},
                request.get("body"),
            ),
            RecordedAnswer(int(answer["status"]), str(answer["type"]), str(text)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


class Recorder:
    """Writes exchanges into one file, for all threads of this process.

    Parameters
    ----------
    path
        The file; it is made when the first request is about to be sent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._run = 0
        self._problem = ""

    def check(self) -> None:
        """Check that the file can be written, before something is sent and paid for.

        Raises
        ------
        RecordingError
            It cannot, or it is another file than a recording.
        """
        with self._lock:
            if self._problem:
                raise self._unwritable(self._problem)
            if self._run and self.path.exists():
                return
            if self.path.exists() and self.path.stat().st_size:
                runs = [one.run for one in read_exchanges(self.path)]
                self._run = max(runs, default=0) + 1
                self._append("")
            else:
                self._run = 1
                self._append(json.dumps(_HEAD) + "\n")
            if self._problem:
                problem, self._problem, self._run = self._problem, "", 0
                raise self._unwritable(problem)

    def add(self, request: RecordedRequest, answer: RecordedAnswer) -> None:
        """Write an exchange. What fails here fails the next `check`: this answer is paid for."""
        with self._lock:
            self._append(RecordedExchange(self._run, request, answer).line() + "\n")

    def fail(self, reason: str) -> None:
        """Let the next `check` fail: an exchange is missing in the file."""
        self._problem = reason

    def _append(self, text: str) -> None:
        try:
            # one write behind the end: other processes may record into the same file
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                data = text.encode("utf-8", "surrogatepass")
                while data:
                    data = data[os.write(descriptor, data) :]
            finally:
                os.close(descriptor)
        except OSError as error:
            self._problem = error.strerror or str(error)

    def _unwritable(self, reason: str) -> RecordingError:
        return RecordingError(
            f"The recording {name_of(self.path)} cannot be written: {reason}. Nothing was sent.",
            hint=f"Give {RECORD_VARIABLE} a file in a folder that can be written, or unset it.",
        )


def path_of(value: str) -> Path | None:
    """Return the file that the value of a variable names, None for none."""
    text = value.strip()
    if not text:
        return None
    try:
        return Path(text).expanduser()
    except RuntimeError:
        # there is no such user
        return Path(text)
