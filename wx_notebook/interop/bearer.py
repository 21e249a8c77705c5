"""The session's token in another library's HTTP client (httpx, httpx2).

The client asks the session for a token with each request. A request whose token is refused goes
out once more with a new token. The key stays in the session.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from types import ModuleType
from typing import Any, NoReturn

from wx_notebook.credentials import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource
from wx_notebook.session import Session
from wx_notebook.session.process import environment

#: Fills the field for a key where a library requires one, and says where the key is.
KEY_PLACEHOLDER = "held.by.wx_notebook"
#: The newest tokens identify our requests, because a token can be renewed during a request.
_REMEMBERED_TOKENS = 8


class SessionTokens:
    """The tokens of one session, for one other library. Its repr is empty; it can't be pickled.

    Parameters
    ----------
    session
        The session that renews the tokens.
    """

    __slots__ = ("_bases", "_issued", "_tokens")

    def __init__(self, session: Session) -> None:
        self._tokens: TokenSource = session.state.token_source  # the same package
        self._bases = (session.endpoints.url, session.endpoints.platform_url)
        self._issued: tuple[Secret, ...] = (Secret(KEY_PLACEHOLDER),)

    def token(self) -> Token:
        """Return the current token; raises as `TokenSource.token`."""
        token = self._tokens.token()
        first, *issued = self._issued
        if token.value not in issued:
            self._issued = (first, token.value, *issued)[:_REMEMBERED_TOKENS]
        return token

    def owns(self, http: ModuleType, request: Any) -> bool:  # noqa: ANN401  # of that module
        """Whether a request is this session's: to one of its hosts, with a token it issued.

        Users can give a client another token, and can send its requests to other hosts.
        """
        bases = [http.URL(base) for base in self._bases]
        target = (request.url.scheme, request.url.netloc)
        if target not in [(base.scheme, base.netloc) for base in bases]:
            return False
        sent = Secret(request.headers.get("Authorization", "").rpartition(" ")[2])
        return any(sent == token for token in self._issued)

    def sign(self, request: Any, token: Token) -> None:  # noqa: ANN401
        """Write the token into a request."""
        request.headers["Authorization"] = f"{token.scheme} {token.value.reveal()}"

    def needs_retry(self, http: ModuleType, request: Any, response: Any, token: Token) -> bool:  # noqa: ANN401
        """Whether to send a request again with another token; discards a token that was refused."""
        if response.status_code != 401 or not self._tokens.renewable:
            return False
        self._tokens.discard(token.value)
        # a body that was read from a file during sending is not there a second time
        return isinstance(request.stream, http.ByteStream)

    def now(self) -> float:
        """Return the time in seconds, on the clock that tokens expire by."""
        return self._tokens.clock()

    def __repr__(self) -> str:
        return "<tokens of a wx_notebook session>"

    def __deepcopy__(self, _: object) -> SessionTokens:
        # the SDK copies the credentials that it receives
        return self

    def __copy__(self) -> SessionTokens:
        return self

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(
            "A client of a wx_notebook session can't be pickled, because it leads to a secret. "
            "Create it where it is used."
        )


def bearer_auth(http: ModuleType, tokens: SessionTokens) -> Any:  # noqa: ANN401  # an Auth of that module
    """Return the authentication for a client of the HTTP library `http`: the current token.

    A request that is answered with 401 goes out once more with a new token, as in `Service.send`:
    the service refuses it before it does any work.
    """
    base: Any = http.Auth

    class SessionAuth(base):  # type: ignore[misc]  # the module is known at run time only
        def sync_auth_flow(self, request: Any) -> Generator[Any, Any]:  # noqa: ANN401
            if not tokens.owns(http, request):
                yield request
                return
            token = tokens.token()
            tokens.sign(request, token)
            response = yield request
            while tokens.needs_retry(http, request, response, token):
                rejected_at = tokens.now()
                token = tokens.token()
                tokens.sign(request, token)
                response = yield request
                # a token requested before the refusal may be revoked as well, so it gets another
                # try; a refusal of a token requested afterwards is final
                if token.requested_at >= rejected_at:
                    return

        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401
            # as above, but the event loop does not wait while a token is requested
            from anyio.to_thread import run_sync

            if not tokens.owns(http, request):
                yield request
                return
            token = await run_sync(tokens.token)
            tokens.sign(request, token)
            response = yield request
            while tokens.needs_retry(http, request, response, token):
                rejected_at = tokens.now()
                token = await run_sync(tokens.token)
                tokens.sign(request, token)
                response = yield request
                if token.requested_at >= rejected_at:
                    return

    return SessionAuth()


def ca_bundle_of(session: Session) -> str:
    """Return the file of the certificate authorities that the session trusts, "" for the default.

    The other libraries do not read the variables that `requests` reads.
    """
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    values = (environment().get(name, "") for name in variables)
    return session.state.params.ca_bundle or next(filter(None, values), "")
