"""The handlers of the Jupyter server that JupyterLab's panel speaks to.

All of them need the user's sign-in to the Jupyter server, and a change needs its XSRF token, too:
`APIHandler` checks that, and where a request comes from.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, authenticated

from wx_notebook.credentials.secret import Secret
from wx_notebook.server.held_sign_in import HeldSignIn
from wx_notebook.server.kernel_listener import KernelListener

#: Bytes of a request: a key, or a whole file with one.
_MAX_SIZE = 1_100_000


def panel_handlers(
    base_url: str, sign_in: HeldSignIn | None, is_shared: Callable[[], bool]
) -> list[tuple[Any, ...]]:
    """Return the handlers of the panel, as `add_handlers` takes them.

    Parameters
    ----------
    sign_in
        The sign-in that the server holds, None if an admin has switched that off.
    is_shared
        Returns whether several people use this server.
    """
    listener = None if sign_in is None else KernelListener(sign_in)
    if sign_in is not None and listener is not None and sign_in.is_lost:
        # a kernel can end that by a log out
        IOLoop.current().add_callback(listener.start)
    arguments = {"sign_in": sign_in, "listener": listener, "is_shared": is_shared}
    return [
        (url_path_join(base_url, "wx-notebook", "sign-in"), _SignInHandler, arguments),
        (url_path_join(base_url, "wx-notebook", "sign-in", "form"), _FormHandler, arguments),
    ]


class _PanelHandler(APIHandler):
    # what an admin's `Authorizer` is asked about
    auth_resource = "wx_notebook"

    def initialize(
        self,
        sign_in: HeldSignIn | None,
        listener: KernelListener | None,
        is_shared: Callable[[], bool],
    ) -> None:
        self._sign_in = sign_in
        self._listener = listener
        self._is_shared = is_shared

    def held(self) -> HeldSignIn:
        """Return the sign-in, which may be used now."""
        if self._sign_in is None or self._listener is None:
            raise HTTPError(403, "The sign-in for all notebooks is switched off.")
        self._listener.start()
        return self._sign_in


class _SignInHandler(_PanelHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """Send what the form shows."""
        if self._sign_in is None:
            await self.finish({"enabled": False})
            return
        state = {"enabled": True, "shared": self._is_shared(), **self._sign_in.state()}
        await self.finish(state)

    @authenticated
    @authorized
    async def post(self) -> None:
        """Do what the form asks for, and send the number of the request at once."""
        content, secret = self._content()
        held = self.held()
        self.set_status(202)
        await self.finish({"server": held.server_id, "request": held.submit(content, secret)})

    def _content(self) -> tuple[dict[str, Any], Secret | None]:
        """Return what the page sent, with the secret apart. No name is bound to the secret."""
        content: Any = None
        if len(self.request.body) <= _MAX_SIZE:
            try:
                content = json.loads(self.request.body)
            except (ValueError, RecursionError):
                # not raised from here: the exception holds the whole body
                content = None
        if not isinstance(content, dict):
            raise HTTPError(400, "This is not a request of the form.")
        if not isinstance(content.get("secret"), str):
            content.pop("secret", None)
            return content, None
        return content, Secret(content.pop("secret").strip())


class _FormHandler(_PanelHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        """Send the script and the style sheet of the form."""
        await self.finish(await asyncio.wrap_future(self.held().sources()))
