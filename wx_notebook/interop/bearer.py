"""The session's token in the hands of another library's HTTP client (httpx, httpx2).

What is given away asks the session for the token of the moment, and signs requests: one that is
refused goes out once more with a new token. The key stays in the session.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from types import ModuleType
from typing import Any, NoReturn

from wx_notebook.credentials import Secret, Token, TokenSource
from wx_notebook.session import Session

#: Stands where a library insists on a key, and says to whoever reads it where the key is.
HELD_ELSEWHERE = "held.by.wx_notebook"
#: Tokens by which a request is known as ours: one can be renewed while it is on its way.
_REMEMBERED = 8


class Keeper:
    """The tokens of one session, for one other library. Shows nothing, and is not written away.

    Parameters
    ----------
    session
        Whose tokens; it stays the one that renews them.
    """

    __slots__ = ("_bases", "_handed_out", "_tokens")

    def __init__(self, session: Session) -> None:
        self._tokens: TokenSource = session._tokens  # the same package
        self._bases = (session.endpoints.url, session.endpoints.platform_url)
        self._handed_out: tuple[Secret, ...] = (Secret(HELD_ELSEWHERE),)

    def token(self) -> Token:
        """Return the token of the moment; raises as `TokenSource.token`."""
        token = self._tokens.token()
        first, *handed_out = self._handed_out
        if token.value not in handed_out:
            self._handed_out = (first, token.value, *handed_out)[:_REMEMBERED]
        return token

    def signs(self, http: ModuleType, request: Any) -> bool:  # noqa: ANN401  # of that module
        """Whether a request is this session's: to its own hosts, and with what it handed out.

        A client can be given another token by its user, and send requests elsewhere.
        """
        bases = [http.URL(base) for base in self._bases]
        where = (request.url.scheme, request.url.netloc)
        if where not in [(base.scheme, base.netloc) for base in bases]:
            return False
        shown = Secret(request.headers.get("Authorization", "").rpartition(" ")[2])
        return any(shown == token for token in self._handed_out)

    def sign(self, request: Any, token: Token) -> None:  # noqa: ANN401
        """Write the token into a request."""
        request.headers["Authorization"] = f"{token.scheme} {token.value.reveal()}"

    def rejected(self, http: ModuleType, request: Any, response: Any, token: Token) -> bool:  # noqa: ANN401
        """Whether a request has to go out again with another token; this one is forgotten."""
        if response.status_code != 401 or not self._tokens.renewable:
            return False
        self._tokens.discard(token.value)
        # what was read from a file while it was sent is not there a second time
        return isinstance(request.stream, http.ByteStream)

    def now(self) -> float:
        """Return the time on the clock by which tokens age."""
        return self._tokens.clock()

    def __repr__(self) -> str:
        return "<tokens of a wx_notebook session>"

    def __deepcopy__(self, _: object) -> Keeper:
        # the SDK copies the credentials that it is given
        return self

    def __copy__(self) -> Keeper:
        return self

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(
            "What was made from a session of wx_notebook is not pickled: it leads to a secret. "
            "Make it where it is needed."
        )


def signer(http: ModuleType, keeper: Keeper) -> Any:  # noqa: ANN401  # an Auth of that module
    """Return how a client of the HTTP library `http` signs: with the token of the moment.

    A request that is answered 401 goes out once more with a new token, as from `Service.send`: it
    was refused before anything was done for it.
    """
    base: Any = http.Auth

    class Signer(base):  # type: ignore[misc]  # of which module is known at run time only
        def sync_auth_flow(self, request: Any) -> Generator[Any, Any]:  # noqa: ANN401
            if not keeper.signs(http, request):
                yield request
                return
            token = keeper.token()
            keeper.sign(request, token)
            response = yield request
            while keeper.rejected(http, request, response, token):
                rejected_at = keeper.now()
                token = keeper.token()
                keeper.sign(request, token)
                response = yield request
                # one that was being asked for while another was revoked may be revoked as well;
                # of one that was asked for afterwards the service means what it says
                if token.asked_at >= rejected_at:
                    return

        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401
            # as above; only that nobody else waits while a token is asked for
            from anyio.to_thread import run_sync

            if not keeper.signs(http, request):
                yield request
                return
            token = await run_sync(keeper.token)
            keeper.sign(request, token)
            response = yield request
            while keeper.rejected(http, request, response, token):
                rejected_at = keeper.now()
                token = await run_sync(keeper.token)
                keeper.sign(request, token)
                response = yield request
                if token.asked_at >= rejected_at:
                    return

    return Signer()


def trusted_file(session: Session) -> str:
    """Return the authorities that the session trusts besides its library's own, "" for no more.

    The other libraries do not look where `requests` does.
    """
    from wx_notebook.session.twin import environment

    places = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    found = (environment().get(name, "") for name in places)
    return session.given.ca_bundle or next(filter(None, found), "")
