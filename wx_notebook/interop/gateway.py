"""The OpenAI client on the model gateway, signed in by the session."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wx_notebook.interop.bearer import HELD_ELSEWHERE, Keeper, signer, trusted_file
from wx_notebook.interop.extras import OPENAI, required
from wx_notebook.interop.sdk import made_by, open_session
from wx_notebook.transport import is_loopback

if TYPE_CHECKING:
    from wx_notebook.session import Session

PATH = "/ml/gateway/v1"


def openai_client(session: Session | None = None, **options: Any) -> Any:  # noqa: ANN401
    """Return an `openai.OpenAI` on watsonx.ai's model gateway; sends nothing.

    It holds neither key nor token: `api_key` is a text that says so, and each request is signed
    with the token of the moment while it is sent; one that was revoked is replaced. The names of
    models are the gateway's own: ``client.models.list()``.

    Parameters
    ----------
    session
        The current one, if not given.
    options
        Handed on: `timeout`, `max_retries` and the like.

    Raises
    ------
    BadOption
        The OpenAI client is not installed, or too old.
    NotConnected
        There is no session, or it is closed.
    """
    held = open_session(session)
    openai = required(OPENAI)

    def made() -> Any:  # noqa: ANN401
        here = is_loopback(urlsplit(held.endpoints.url).hostname or "")
        client: Any = openai.DefaultHttpxClient
        how: dict[str, Any] = {
            "auth": signer(_http_of(client), Keeper(held)),
            "follow_redirects": False,
            # no company's proxy leads to this machine
            "trust_env": not here,
        }
        if (authorities := trusted_file(held)) or here:
            how["verify"] = _context(authorities)
        headers = {f"X-IBM-{name.upper().replace('_', '-')}": value
                   for name, value in held.scope.as_body().items()}  # fmt: skip
        return openai.OpenAI(
            base_url=held.endpoints.url + PATH,
            api_key=HELD_ELSEWHERE,
            http_client=client(**how),
            default_headers=headers | options.pop("default_headers", {}),
            **options,
        )

    return made_by(made, held, "The OpenAI client")


def _http_of(client: Any) -> Any:  # noqa: ANN401  # the module that a client class comes from
    """Return the HTTP library that a class of the OpenAI client is made of: from 3 on, httpx2."""
    names = [base.__module__.partition(".")[0] for base in client.__mro__]
    return import_module(next(name for name in names if name.startswith("httpx")))


def _context(authorities: str) -> Any:  # noqa: ANN401  # an ssl.SSLContext
    import ssl

    return ssl.create_default_context(cafile=authorities or None)
