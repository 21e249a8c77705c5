"""Clients of other libraries, signed in by the session: IBM's SDK, LangChain, OpenAI."""

from __future__ import annotations

import datetime as dt
import ssl
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from wx_notebook.credentials.hosts import CLUSTER_KINDS
from wx_notebook.credentials.token import NO_END_S, Token
from wx_notebook.errors import BadOption
from wx_notebook.interop.bearer import KEY_PLACEHOLDER, SessionTokens, bearer_auth, ca_bundle_of
from wx_notebook.interop.extras import (
    LANGCHAIN,
    OPENAI,
    SDK,
    build_client,
    import_extra,
    open_session,
)
from wx_notebook.session import Session
from wx_notebook.session.switch import check_model
from wx_notebook.transport import is_loopback

GATEWAY_PATH = "/ml/gateway/v1"
#: The SDK asks for a token with each request when the last one is expired. The session answers
#: from memory and knows when a token really expires.
_ALWAYS_EXPIRED = dt.datetime(1970, 1, 1)


class TokenFunction(SessionTokens):
    """The `token_function` of the SDK's `Credentials`: it asks the session.

    The SDK passes its HTTP client with each call. That client gets our authentication, so that it
    sends a request again whose token was revoked.
    """

    __slots__ = ()

    def __call__(self, http_client: Any) -> Any:  # noqa: ANN401  # httpx.Client -> TokenInfo
        """Return the current token."""
        self._configure(http_client)
        return _token_info(self.token())

    async def fetch_async(self, http_client: Any) -> Any:  # noqa: ANN401  # httpx.AsyncClient
        """Return the current token without blocking the event loop."""
        from anyio.to_thread import run_sync

        self._configure(http_client)
        return _token_info(await run_sync(self.token))

    def _configure(self, http_client: Any) -> None:  # noqa: ANN401
        import httpx

        # users can pass a client with an authentication of their own
        if http_client.auth is None:
            http_client.auth = bearer_auth(httpx, self)


def _token_info(token: Token) -> Any:  # noqa: ANN401  # the SDK's TokenInfo
    from ibm_watsonx_ai.utils.auth import TokenInfo

    # a token without an end is the key itself: only a request that is being sent may contain it
    if token.lifetime_s >= NO_END_S:
        return TokenInfo(KEY_PLACEHOLDER, _ALWAYS_EXPIRED)
    return TokenInfo(token.value.reveal(), _ALWAYS_EXPIRED)


def sdk_credentials(session: Session | None = None) -> Any:  # noqa: ANN401  # the SDK's Credentials
    """Return `ibm_watsonx_ai.Credentials` that work as long as the session; sends nothing.

    ::

        credentials = wx.interop.sdk_credentials()
        ModelInference(model_id="...", credentials=credentials, project_id="...")

    They contain no key: `api_key` is a text that says so, and `token_function` asks the session.
    Functions of the SDK that use the key itself (`task_credentials.store`) need `Credentials` that
    you create from the key.

    Raises
    ------
    BadOption
        The SDK is not installed, too old, or refuses the session's address.
    NotConnected
        There is no session, or it is closed.
    """
    session = open_session(session)
    sdk = import_extra(SDK)
    endpoints = session.endpoints
    if not endpoints.url.startswith("https://") or not endpoints.platform_url.startswith(
        "https://"
    ):
        raise BadOption(
            f"IBM's SDK supports https only, but this session uses {endpoints.url}.",
            hint="Start the sandbox with TLS: wx-notebook sandbox --tls prints what to connect to.",
        )
    credentials: Any = sdk.Credentials(
        url=endpoints.url,
        # tells the SDK that this is IBM Cloud, also for a region that its own table lacks
        platform_url=None if endpoints.kind in CLUSTER_KINDS else endpoints.platform_url,
        # by default the SDK stops verifying, without a message, after the first wrong certificate
        verify=ca_bundle_of(session) or True,
        # the SDK refuses credentials without a key
        api_key=KEY_PLACEHOLDER,
    )
    # the constructor reads a token from watsonx Studio's environment
    credentials.token, credentials._is_env_token = None, False
    function = TokenFunction(session)
    credentials.token_function, credentials.atoken_function = function, function.fetch_async
    return credentials


def api_client(session: Session | None = None, **options: Any) -> Any:  # noqa: ANN401  # APIClient
    """Return an `ibm_watsonx_ai.APIClient` for the session's project or space.

    It asks the session for a token with each request, so it works after a token expires. A revoked
    token is replaced, and the request is sent again. The client contains no key, and of all tokens
    the newest.

    Parameters
    ----------
    session
        By default the current one.
    options
        For the constructor: `httpx_client`, `scope_validation` and the like.

    Raises
    ------
    BadOption, NotConnected
        As `sdk_credentials`.
    WatsonxError
        Key, region and project do not fit together.
    """
    session = open_session(session)
    credentials = sdk_credentials(session)
    if not {"project_id", "space_id"} & options.keys():
        options |= session.scope.as_body()
    sdk = import_extra(SDK)
    return build_client(lambda: sdk.APIClient(credentials, **options), session, "IBM's SDK")


def chat_model(session: Session | None = None, model: str = "", **options: Any) -> Any:  # noqa: ANN401
    """Return langchain-ibm's `ChatWatsonx`, on an `api_client`.

    Parameters
    ----------
    session
        By default the current one.
    model
        The ID of the model, by default the session's.
    options
        For the constructor: `temperature`, `max_completion_tokens` and the like.

    Raises
    ------
    BadOption
        langchain-ibm or the SDK is not installed, or too old.
    ModelError
        The region has no such model.
    WatsonxError
        As `api_client`.
    """
    session = open_session(session)
    library = import_extra(LANGCHAIN)
    if model:
        check_model(session.state, model)
    model_id = model or session.state.default_model()
    client, scope = api_client(session), session.scope.as_body()
    return build_client(
        lambda: library.ChatWatsonx(model_id=model_id, watsonx_client=client, **scope, **options),
        session,
        "LangChain",
    )


def openai_client(session: Session | None = None, **options: Any) -> Any:  # noqa: ANN401
    """Return an `openai.OpenAI` on watsonx.ai's model gateway; sends nothing.

    It contains neither key nor token: `api_key` is a text that says so, and each request is signed
    with the current token while it is sent. A revoked token is replaced. The gateway has its own
    names for models: ``client.models.list()``.

    Parameters
    ----------
    session
        By default the current one.
    options
        For the constructor: `timeout`, `max_retries` and the like.

    Raises
    ------
    BadOption
        The OpenAI client is not installed, or too old.
    NotConnected
        There is no session, or it is closed.
    """
    session = open_session(session)
    openai = import_extra(OPENAI)
    scope = session.scope.as_body()
    headers = {f"X-IBM-{name.upper().replace('_', '-')}": scope[name] for name in scope}
    return build_client(
        lambda: openai.OpenAI(
            base_url=session.endpoints.url + GATEWAY_PATH,
            api_key=KEY_PLACEHOLDER,
            http_client=_http_client(openai.DefaultHttpxClient, session),
            default_headers=headers | options.pop("default_headers", {}),
            **options,
        ),
        session,
        "The OpenAI client",
    )


def _http_client(http_class: Any, session: Session) -> Any:  # noqa: ANN401  # a class of httpx, httpx2
    """Return the HTTP client for the OpenAI client, with the session's authentication."""
    # the OpenAI client is built on httpx, from version 3 on on httpx2
    names = [base.__module__.partition(".")[0] for base in http_class.__mro__]
    http = import_module(next(name for name in names if name.startswith("httpx")))
    on_loopback = is_loopback(urlsplit(session.endpoints.url).hostname or "")
    arguments: dict[str, Any] = {
        "auth": bearer_auth(http, SessionTokens(session)),
        "follow_redirects": False,
        # a company's proxy does not lead to this machine
        "trust_env": not on_loopback,
    }
    if (ca_bundle := ca_bundle_of(session)) or on_loopback:
        arguments["verify"] = ssl.create_default_context(cafile=ca_bundle or None)
    return http_class(**arguments)
