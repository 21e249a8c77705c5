"""Record and replay: adapters in the place of the one that opens connections.

`WX_NOTEBOOK_RECORD=FILE` writes each exchange with the service into a file.
`WX_NOTEBOOK_REPLAY=FILE` answers from that file alone: no key is needed, and no connection is
opened. What is above this room sends as ever; the file is described in `exchange_file`.

Not recorded: sign-ins, what the service could not do at that moment (401, 429, 5xx), answers that
were not read to their end, and a batch job of the service while it goes on.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase

from wx_notebook.transport.exchange_aliases import Aliases
from wx_notebook.transport.exchange_file import (
    RECORD_VARIABLE,
    REPLAY_VARIABLE,
    Recorder,
    RecordingError,
    name_of,
    path_of,
)
from wx_notebook.transport.exchange_scrubber import ExchangeScrubber
from wx_notebook.transport.redaction import Redaction
from wx_notebook.transport.replay import Player, ReplayAdapter
from wx_notebook.transport.request import SignIn

#: "Not now", or not with this token: a repetition gets the answer that counts.
_NOT_NOW = (401, 408, 429)
#: The last event of a model that leaves its stream open.
_END = re.compile(rb'data: ?\[DONE\]|"(?:finish|stop)_reason": ?"(?!not_finished)')


def adapter_in_use(network: Any, redaction: Redaction, auth: AuthBase) -> Any:  # noqa: ANN401
    """Return the adapter that sends a request: that of the network, or one that stands before it.

    Parameters
    ----------
    network
        The adapter of requests that opens connections.
    redaction
        Knows the secrets of the session.
    auth
        What the request carries: one that signs in is not recorded.

    Raises
    ------
    RecordingError
        Both variables are set, or the file cannot be used.
    """
    record, replay = recorded_file(), replayed_file()
    signs_in = isinstance(auth, SignIn)
    if (record is None and replay is None) or (isinstance(auth, SignIn) and auth.is_local):
        return network
    if record is not None and replay is not None:
        raise RecordingError(
            f"{RECORD_VARIABLE} and {REPLAY_VARIABLE} are both set. Nothing was sent.",
            hint=f"Unset {REPLAY_VARIABLE} to record, or {RECORD_VARIABLE} to replay.",
        )
    if replay is not None:
        return ReplayAdapter(_FILES.player(replay), redaction, signs_in=signs_in)
    if signs_in or record is None:
        return network
    recorder, aliases = _FILES.recorder(record)
    recorder.check()
    return RecordingAdapter(network, recorder, ExchangeScrubber(redaction, aliases))


def recorded_file() -> Path | None:
    """Return the file that exchanges are written into, None for none."""
    return _FILES.placed(path_of(os.environ.get(RECORD_VARIABLE, "")))


def replayed_file() -> Path | None:
    """Return the file that answers come from, None for none."""
    return _FILES.placed(path_of(os.environ.get(REPLAY_VARIABLE, "")))


def is_offline() -> bool:
    """Return whether nothing is sent: answers come from a file, and cost nothing."""
    return path_of(os.environ.get(REPLAY_VARIABLE, "")) is not None


def recording_line() -> str:
    """Return one line about the file that is written or answered from, "" for none."""
    record, replay = recorded_file(), replayed_file()
    if replay is not None:
        return f"answers come from the recording {name_of(replay)} ({REPLAY_VARIABLE})"
    if record is not None:
        return f"each answer is recorded in {name_of(record)} ({RECORD_VARIABLE})"
    return ""


class _Files:
    """The recorders and players of this process: all its transports share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: a notebook may leave the folder in which it began
        self._places: dict[Path, Path] = {}
        self._recorders: dict[Path, tuple[Recorder, Aliases]] = {}
        self._players: dict[tuple[Path, int, int], Player] = {}

    def placed(self, path: Path | None) -> Path | None:
        """Return where a file is, from the folder in which it was named first."""
        with self._lock:
            return None if path is None else self._places.setdefault(path, path.absolute())

    def recorder(self, path: Path) -> tuple[Recorder, Aliases]:
        with self._lock:
            return self._recorders.setdefault(path, (Recorder(path), Aliases()))

    def player(self, path: Path) -> Player:
        """Return what answers from a file; one that was written anew begins anew."""
        written, size = 0, 0
        with contextlib.suppress(OSError):
            stat = path.stat()
            written, size = stat.st_mtime_ns, stat.st_size
        with self._lock:
            key = (path, written, size)
            if key not in self._players:
                self._players[key] = Player(path)
            return self._players[key]


_FILES = _Files()


class RecordingAdapter:
    """Sends by the network, and writes down what comes back.

    Parameters
    ----------
    network
        Sends.
    recorder
        Writes.
    scrubber
        Leaves out what nobody else should read.
    """

    def __init__(self, network: Any, recorder: Recorder, scrubber: ExchangeScrubber) -> None:  # noqa: ANN401
        self._network = network
        self._recorder = recorder
        self._scrubber = scrubber

    def send(self, prepared: requests.PreparedRequest, **options: Any) -> Any:  # noqa: ANN401
        """Return urllib3's response, or one that is recorded once it was read to its end."""
        scrubber, recorder = self._scrubber, self._recorder
        url = str(prepared.url)
        request = scrubber.request(prepared)
        response = self._network.send(prepared, **options)
        status = response.status
        if status in _NOT_NOW or not (200 <= status < 300 or 400 <= status < 500):
            return response
        kind = response.headers.get("Content-Type", "")

        def keep(data: bytes) -> None:
            try:
                if (answer := scrubber.answer(request, status, kind, data, url)) is not None:
                    recorder.add(request, answer)
            except Exception as error:  # noqa: BLE001  # the answer is paid for, and goes on
                recorder.fail(type(error).__name__)

        return RecordedResponse(response, keep)


class RecordedResponse:
    """urllib3's response, as `transport.Response` reads it; what is read is kept until its end."""

    def __init__(self, response: Any, keep: Callable[[bytes], None]) -> None:  # noqa: ANN401
        self.status = response.status
        self.headers = response.headers
        self.chunked = response.chunked
        self.wxn_sock = getattr(response, "wxn_sock", None)
        self.wxn_file = getattr(response, "wxn_file", None)
        self._response = response
        self._keep: Callable[[bytes], None] | None = keep
        self._parts: list[bytes] = []

    def supports_chunked_reads(self) -> bool:
        """Return whether `read_chunked` can be used."""
        return bool(self._response.supports_chunked_reads())

    def read_chunked(self, amount: int, *, decode_content: bool) -> Iterator[bytes]:
        """Yield the parts of the body."""
        for part in self._response.read_chunked(amount, decode_content=decode_content):
            self._parts.append(part)
            yield part
        self._finish()

    def read1(self, amount: int, *, decode_content: bool) -> bytes:
        """Return the next part of the body, b"" at the end."""
        part: bytes = self._response.read1(amount, decode_content=decode_content)
        self._parts.append(part)
        if not part:
            self._finish()
        return part

    def close(self) -> None:
        """End the connection; an answer that had come to its end is recorded."""
        if _END.search(b"".join(self._parts[-8:])):
            self._finish()
        self._keep = None
        self._response.close()

    def release_conn(self) -> None:
        """Give the connection back."""
        self._response.release_conn()

    def _finish(self) -> None:
        keep, self._keep = self._keep, None
        if keep is not None:
            keep(b"".join(self._parts))
