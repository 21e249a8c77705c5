"""The token of an MCP server that is reached by its address.

It is named, never written down: by a variable of the environment, or by an entry of the keyring. It
is opened when a request is filled, and taken out of whatever the server says.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from wx_notebook.credentials.keyring_backend import call_keyring
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.variables import SECRET_VARIABLES
from wx_notebook.errors import BadOption, mask_keys

#: The service of the entries; `keyring set wx_notebook.mcp NAME` writes one.
SERVICE = "wx_notebook.mcp"
_HEADER, _SCHEME = "Authorization", "Bearer "


def token_of(name: str, env: str, keyring: str) -> Secret | None:
    """Return the token of a server, None where it names none.

    Parameters
    ----------
    name
        The server, for messages.
    env, keyring
        Where the token is: a variable, or an entry of the keyring.

    Raises
    ------
    BadOption
        It is not there, or it is the key of watsonx.ai, which goes to no other host.
    """
    shown = mask_keys(name)
    if env in SECRET_VARIABLES:
        raise BadOption(
            f"{env} is your key for watsonx.ai, and it does not go to the MCP server '{shown}'.",
            hint="Put the server's own token into another variable, and name that as token_env.",
        )
    if env:
        token = Secret(os.environ.get(env, "").strip())
        if not token:
            raise BadOption(
                f"The MCP server '{shown}' needs a token, and the variable {env} is not set.",
                hint=f"Set {env} where Jupyter is started, and restart the kernel.",
            )
        return token
    if not keyring:
        return None
    read = call_keyring(lambda one: Secret(one.get_password(SERVICE, keyring) or ""))
    if not read.value:
        why = read.error or f"the keyring has no entry '{mask_keys(keyring)}'"
        raise BadOption(
            f"The MCP server '{shown}' needs a token: {why}.",
            hint=f"In a terminal: keyring set {SERVICE} {mask_keys(keyring)}",
        )
    return read.value


def authorising(token: Secret, header: str) -> Callable[[Any], Any]:
    """Return what puts a token into each request, as httpx calls it."""

    def authorise(request: Any) -> Any:  # noqa: ANN401  # a request of httpx
        request.headers[header or _HEADER] = f"{'' if header else _SCHEME}{token.reveal()}"
        return request

    return authorise
