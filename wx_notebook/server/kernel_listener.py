"""Where the kernels of this server get access tokens: an address of this machine, and nothing else.

It is not a handler of the Jupyter server: so it needs neither that server's token, which opens
everything, nor its password, its TLS, or the sign-in of a JupyterHub. It answers whoever shows the
secret of the private file. A page can't: it does not know the secret, and a request with an origin,
a cookie or another host name is refused (DNS rebinding).

It is TCP and no Unix socket. There the system names the process and the user at the other end, so
no secret would be needed; but it takes a second way on Windows and an adapter of `requests`, and
its path may have about 100 characters. The private file keeps the same people out.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, Finish, RequestHandler

from wx_notebook.credentials.sign_in_file import LOG_OUT_PATH, TOKEN_PATH
from wx_notebook.errors import WatsonxError
from wx_notebook.server.held_sign_in import HeldSignIn

_ADDRESS = "127.0.0.1"
#: Bytes of a request; a kernel's has some hundred.
_MAX_SIZE = 4_096
#: Seconds that a client may take for a request, or keep a connection without one.
_PATIENCE_S = 10.0
#: What browsers send along, and kernels don't.
_OF_PAGES = ("Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Mode")


class KernelListener:
    """Gives access tokens to the kernels of this server.

    Parameters
    ----------
    sign_in
        The sign-in that the server holds.
    """

    def __init__(self, sign_in: HeldSignIn) -> None:
        self._sign_in = sign_in
        self._server: HTTPServer | None = None

    def start(self) -> None:
        """Listen from now on, on a port that is free; call it on the event loop."""
        if self._server is not None:
            return
        sockets = bind_sockets(0, _ADDRESS)
        host = f"{_ADDRESS}:{sockets[0].getsockname()[1]}"
        arguments = {"sign_in": self._sign_in, "host": host}
        application = Application(
            [(TOKEN_PATH, _TokenHandler, arguments), (LOG_OUT_PATH, _LogOutHandler, arguments)],
            default_handler_class=_Handler,
            default_handler_args=arguments,
            # nothing of a kernel's requests is logged
            log_function=lambda _: None,
        )
        self._server = HTTPServer(
            application,
            max_body_size=_MAX_SIZE,
            max_header_size=_MAX_SIZE,
            # each open connection takes a file descriptor of the Jupyter server
            idle_connection_timeout=_PATIENCE_S,
            body_timeout=_PATIENCE_S,
        )
        self._server.add_sockets(sockets)
        self._sign_in.listen_at(f"http://{host}")


class _Handler(RequestHandler):
    """Answers a kernel that shows the secret, and nobody else."""

    def initialize(self, sign_in: HeldSignIn, host: str) -> None:
        self.sign_in = sign_in
        self._host = host

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        headers = self.request.headers
        if headers.get("Host") != self._host or any(name in headers for name in _OF_PAGES):
            self._refuse(403)
        shown = headers.get("Authorization", "").encode("utf-8", "replace")
        # expressions only: tracebacks show local variables
        if not hmac.compare_digest(shown, f"Bearer {self.sign_in.secret.reveal()}".encode()):
            self._refuse(401)

    async def post(self) -> None:
        """Answer 404: there is nothing else here."""
        self._refuse(404)

    def _refuse(self, status: int) -> None:
        self.set_status(status)
        raise Finish

    def write_error(self, status_code: int, **_: Any) -> None:  # noqa: ANN401
        # no page, and nothing of the exception
        self.finish()

    def log_exception(self, *_: Any) -> None:  # noqa: ANN401
        # an exception could quote a request
        return

    async def answer_with(self, work: Awaitable[dict[str, Any]]) -> None:
        """Send the result of some work, or the error that it raised."""
        try:
            document = await work
        except WatsonxError as error:
            self.set_status(502)
            document = {
                "error": type(error).__name__,
                "message": error.message,
                "hint": error.hint,
            }
        self.set_header("Content-Type", "application/json")
        await self.finish(json.dumps(document))


class _TokenHandler(_Handler):
    async def post(self) -> None:
        """Send an access token and the seconds for which it is valid."""
        await self.answer_with(self._token())

    async def _token(self) -> dict[str, Any]:
        value, expires_in = await asyncio.wrap_future(self.sign_in.token(*self._known()))
        return {"token": value.reveal(), "expires_in": expires_in}

    def _known(self) -> tuple[str, object]:
        """Return what the kernel says of the token and of the sign-in that it knows."""
        try:
            said = json.loads(self.request.body)
        except (ValueError, RecursionError):
            said = None
        fields = said if isinstance(said, dict) else {}
        return str(fields.get("seen", "")), fields.get("generation")


class _LogOutHandler(_Handler):
    async def post(self) -> None:
        """End the sign-in for all notebooks."""
        await self.answer_with(self._log_out())

    async def _log_out(self) -> dict[str, Any]:
        await asyncio.wrap_future(self.sign_in.log_out())
        return {}
