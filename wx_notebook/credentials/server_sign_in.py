"""The sign-in of the Jupyter server, as its kernels see it: a source of access tokens.

The server holds the key. A kernel finds the server by a private file that is named by the process
ID of its parent, and asks it for access tokens at an address of this machine. Elsewhere (a
terminal, papermill, a remote kernel) there is no such file, and nothing opens a connection.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests

from wx_notebook import errors
from wx_notebook.credentials.connection_params import SERVER_SOURCE, ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sign_in_file import (
    LOG_OUT_PATH,
    TOKEN_PATH,
    SignInFile,
    parent_pid,
    read_sign_in_file,
    sign_in_path,
)
from wx_notebook.credentials.token import Token, new_token, parse_seconds
from wx_notebook.errors import NotConnected, ServiceDown, TokenRefused, WatsonxError, strip_frames
from wx_notebook.hints import IN_THE_PANEL, login_hint
from wx_notebook.transport import (
    ConnectionBroken,
    HttpRequest,
    Response,
    RetryPolicy,
    SignIn,
    Transport,
    is_loopback,
)

#: The server asks IAM itself, and repeats that where it may: nothing is gained by asking twice.
_ONCE = RetryPolicy(attempts=1, statuses=frozenset(), first_byte_s=100.0)
_GONE = "The Jupyter server was restarted or has ended, and its sign-in is gone with it"
_OR_IN_THE_PANEL = f", or {IN_THE_PANEL}"


def find_server_sign_in(*, or_lost: bool = False) -> ServerSignIn | None:
    """Return the sign-in that the Jupyter server of this kernel holds, None if there is none.

    Parameters
    ----------
    or_lost
        Return also one that has ended with an earlier server: a log out makes an end of that.
    """
    pid = parent_pid()
    path = sign_in_path(pid)
    found = read_sign_in_file(path)
    if found is None or not _is_local(found.url):
        return None
    if found.connection is None and not (or_lost and found.is_lost):
        return None
    return ServerSignIn(path, pid, found)


def from_server() -> ConnectionParams | None:
    """Return the sign-in of the Jupyter server as a source, None if it holds none."""
    sign_in = find_server_sign_in()
    if sign_in is None:
        return None
    values: dict[str, Any] = dict(sign_in.file.connection or {})
    return ConnectionParams(SERVER_SOURCE, token=sign_in, **values)


def lost_sign_in() -> NotConnected | None:
    """Return the error for a sign-in that has ended with an earlier server of this user."""
    found = read_sign_in_file(sign_in_path(parent_pid()))
    if found is None or not found.is_lost:
        return None
    return NotConnected(f"{_GONE}.", hint=login_hint(after=_OR_IN_THE_PANEL))


class ServerSignIn:
    """One sign-in of a Jupyter server. It holds a secret that is good for access tokens only.

    Parameters
    ----------
    path
        The file that names it.
    server_pid
        The process ID of the server.
    file
        What the file says.
    """

    def __init__(self, path: Path, server_pid: int, file: SignInFile) -> None:
        self._path = path
        self._server_pid = server_pid
        self._owner = os.getpid()
        self.file = file

    def __call__(self) -> NoReturn:
        """Refuse: tokens come through `fetch`, with their lifetime."""
        raise TypeError("Tokens of the Jupyter server come through its session.")

    def check(self) -> None:
        """Check, without a request, that this sign-in still holds.

        Raises
        ------
        NotConnected
            Somebody logged out, or signed in anew, or the server has ended.
        """
        now = read_sign_in_file(self._path)
        # a process that was forked off the kernel has another parent
        is_orphan = os.getpid() == self._owner and parent_pid() != self._server_pid
        if now is None or is_orphan or now.server_id != self.file.server_id:
            raise _server_is_gone()
        if now.connection is None:
            raise NotConnected(
                "The Jupyter server's sign-in has ended: somebody logged out for all notebooks. "
                "Nothing was sent.",
                hint=_sign_in_hint(),
            )
        if now.generation != self.file.generation:
            raise NotConnected(
                "The Jupyter server has a new sign-in since this session was made. Nothing was "
                "sent.",
                hint="Next: wx.connect() uses the new sign-in; a %%watsonx cell does so by itself.",
            )

    def token_fetcher(
        self, transport: Transport, *, clock: Callable[[], float]
    ) -> Callable[[], Token]:
        """Return the function that asks the server for a token.

        It says which token it got before: if the server would hand out the same one although it is
        not due yet, the service has refused it.
        """
        seen = ""

        def fetch() -> Token:
            nonlocal seen
            before = seen
            token = strip_frames(
                lambda: self._request_token(transport, before, clock),
                "Stopped while waiting for the Jupyter server.",
            )
            seen = fingerprint_of(token.value)
            return token

        return fetch

    def reach(self, transport: Transport) -> None:
        """Check that the server answers and knows the secret; it gives out no token for that.

        Raises
        ------
        NotConnected
            The server has ended, or another one has its place.
        ServiceDown
            It does not answer.
        """
        strip_frames(lambda: self._post(transport, "/", {})).close()

    def end_for_all(self, transport: Transport) -> None:
        """Log out for all notebooks of the server.

        Raises
        ------
        NotConnected
            The server has ended.
        ServiceDown
            It does not answer.
        """
        reply = strip_frames(lambda: self._post(transport, LOG_OUT_PATH, {}))
        reply.close()
        if reply.status != 200:
            raise ServiceDown(
                f"The Jupyter server did not log out ({reply.status}).", hint="Run it again."
            )

    def _request_token(self, transport: Transport, seen: str, clock: Callable[[], float]) -> Token:
        self.check()
        requested_at = clock()
        known = {"seen": seen, "generation": self.file.generation}
        reply = self._post(transport, TOKEN_PATH, known)
        broken = ""
        try:
            document = reply.json()
        except ConnectionBroken as error:
            broken = error.message
        # the sign-in may have ended on the way; where the server refuses, that is the reason
        self.check()
        fields = document if not broken and isinstance(document, dict) else {}
        if reply.status == 200 and isinstance(fields.get("token"), str):
            value = Secret(fields["token"])
            transport.hide(value)
            return new_token(value, requested_at, parse_seconds(fields.get("expires_in")))
        raise _refusal(reply.status, fields, broken)

    def _post(self, transport: Transport, path: str, body: dict[str, Any]) -> Response:
        request = HttpRequest(
            "POST", self.file.url + path, body=body, auth=_Shown(self.file.secret), policy=_ONCE
        )
        failure: ServiceDown | None = None
        try:
            reply = transport.open(request)
        except ServiceDown as error:
            failure = error
        if failure is not None:
            # where the server has ended, that is the reason
            self.check()
            raise ServiceDown(
                f"The Jupyter server does not answer: {failure.message}", hint="Run it again."
            )
        if reply.status == 401:
            raise _server_is_gone()
        return reply


class _Shown(SignIn):
    """Shows the secret of the file while a request is sent."""

    is_local = True

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the secret in its header."""
        r.headers["Authorization"] = f"Bearer {self._secret.reveal()}"
        return r


def fingerprint_of(token: Secret) -> str:
    """Return by what a kernel says which token it got before."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _refusal(status: int, fields: dict[str, Any], broken: str) -> WatsonxError:
    """Return the error that the server describes: one of ours, by the name of its class."""
    kind = getattr(errors, str(fields.get("error", "")), None)
    message = str(fields.get("message") or broken or f"It answered {status}.")
    if not (isinstance(kind, type) and issubclass(kind, WatsonxError)):
        return ServiceDown(f"The Jupyter server has no token: {message}", hint="Run it again.")
    hint = str(fields.get("hint", ""))
    if issubclass(kind, NotConnected | TokenRefused | errors.KeyRefused):
        # only a new sign-in there helps, or one of this kernel's own
        hint = _sign_in_hint()
    return kind(message, hint=hint)


def _server_is_gone() -> NotConnected:
    return NotConnected(f"{_GONE}. Nothing was sent.", hint=_sign_in_hint())


def _sign_in_hint() -> str:
    return login_hint(
        after=_OR_IN_THE_PANEL,
        otherwise="call wx.connect() to connect with what is found here",
    )
