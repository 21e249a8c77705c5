"""IBM's Python SDK, signed in by the session."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials.hosts import CLUSTER_KINDS
from wx_notebook.credentials.token import NO_END_S, Token
from wx_notebook.errors import (
    BadOption,
    NotConnected,
    ProjectError,
    ServiceDown,
    Told,
    unframed,
    without_frames,
)
from wx_notebook.interop.bearer import HELD_ELSEWHERE, Keeper, signer, trusted_file
from wx_notebook.interop.extras import SDK, required
from wx_notebook.session import session as current_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_notebook.session import Session

#: A token that the SDK takes for ended is asked for anew with each request: of the session, which
#: knows better and costs nothing.
_ALWAYS_DUE = dt.datetime(1970, 1, 1)


class TokenFunction(Keeper):
    """What the SDK's `Credentials` take as a `token_function`: asks the session.

    The SDK hands over its HTTP client with each call; that is taught to send a request again whose
    token was revoked.
    """

    __slots__ = ()

    def __call__(self, http_client: Any) -> Any:  # noqa: ANN401  # httpx.Client -> TokenInfo
        """Return the token of the moment."""
        self._teach(http_client)
        return _as_information(self.token())

    async def later(self, http_client: Any) -> Any:  # noqa: ANN401  # httpx.AsyncClient
        """Return the same, without keeping an event loop waiting."""
        from anyio.to_thread import run_sync

        self._teach(http_client)
        return _as_information(await run_sync(self.token))

    def _teach(self, http_client: Any) -> None:  # noqa: ANN401
        import httpx

        # somebody who brought a client of their own may have taught it something else
        if http_client.auth is None:
            http_client.auth = signer(httpx, self)


def open_session(session: Session | None) -> Session:
    """Return the session to hand over: the one given, or the current one.

    Raises
    ------
    NotConnected
        There is none, or it is closed.
    """
    held = session if session is not None else current_session()
    if held.credential is None:
        raise NotConnected("not connected: the session was closed.", hint="Next: %watsonx login")
    return held


def sdk_credentials(session: Session | None = None) -> Any:  # noqa: ANN401  # their Credentials
    """Return `ibm_watsonx_ai.Credentials` that go on as long as the session does; sends nothing.

    ::

        credentials = wx.interop.sdk_credentials()
        ModelInference(model_id="...", credentials=credentials, project_id="...")

    They hold no key: `api_key` is a text that says so, and `token_function` asks the session.
    What the SDK does with a key itself (`task_credentials.store`) needs `Credentials` of your own.

    Raises
    ------
    BadOption
        The SDK is not installed, too old, or refuses the session's address.
    NotConnected
        There is no session, or it is closed.
    """
    held = open_session(session)
    sdk = required(SDK)
    bases = held.endpoints
    if not bases.url.startswith("https://") or not bases.platform_url.startswith("https://"):
        raise BadOption(
            f"IBM's SDK speaks https only, and this session goes to {bases.url}.",
            hint="Start the sandbox with TLS: wx-notebook sandbox --tls prints what to connect to.",
        )
    made: Any = sdk.Credentials(
        url=bases.url,
        # by it the SDK knows a cloud that is not in its own table of regions
        platform_url=None if bases.kind in CLUSTER_KINDS else bases.platform_url,
        # without a word the SDK goes on unverified, for good, once a certificate is wrong
        verify=trusted_file(held) or True,
        # the SDK refuses credentials without one
        api_key=HELD_ELSEWHERE,
    )
    # the constructor takes a token from watsonx Studio's environment
    made.token, made._is_env_token = None, False
    function = TokenFunction(held)
    made.token_function, made.atoken_function = function, function.later
    return made


def api_client(session: Session | None = None, **options: Any) -> Any:  # noqa: ANN401  # APIClient
    """Return an `ibm_watsonx_ai.APIClient` for the session's project or space.

    It asks the session for a token with each request, so it lives past a token's end; one that was
    revoked is replaced and the request sent again. It holds no key, and of tokens the newest.

    Parameters
    ----------
    session
        The current one, if not given.
    options
        Handed on: `httpx_client`, `scope_validation` and the like.

    Raises
    ------
    BadOption, NotConnected
        As `sdk_credentials`.
    WatsonxError
        Key, region and project do not fit together.
    """
    held = open_session(session)
    credentials = sdk_credentials(held)
    if not {"project_id", "space_id"} & options.keys():
        options |= held.scope.as_body()
    sdk = required(SDK)
    return made_by(lambda: sdk.APIClient(credentials, **options), held, "IBM's SDK")


def made_by(make: Callable[[], Any], held: Session, who: str) -> Any:  # noqa: ANN401
    """Return what a library's constructor makes; what it raises becomes an error of ours.

    Raises
    ------
    WatsonxError
        What is wrong with the session, where that is the reason.
    ProjectError, ServiceDown
        The library's own words.
    """
    failure: BaseException | None = None
    said = kind = ""
    try:
        # on the way there are frames of theirs, in which a token lies open
        return unframed(make, f"Stopped before {who} was ready.")
    except Told as problem:
        failure = problem
    except Exception as problem:  # noqa: BLE001  # their errors have many bases
        kind = type(problem).__name__
        said = " ".join(held._transport.redact(f"{kind}: {problem}").split())[:400]
    if failure is None and held.scope.as_body():
        # whether key and project are right, our own call says in better words
        held.verify()
    if failure is None and kind == "CannotSetProjectOrSpace":
        failure = ProjectError(
            f"{who} does not take this project or space. {said}",
            hint="Check its ID: in watsonx.ai, your project > Manage > General.",
        )
    if failure is None:
        failure = ServiceDown(f"{who} made no client. {said}", hint="Next: %watsonx status")
    raise without_frames(failure)


def _as_information(token: Token) -> Any:  # noqa: ANN401  # their TokenInfo
    from ibm_watsonx_ai.utils.auth import TokenInfo

    # one without an end is the key itself: it is written while the request is sent, and only there
    if token.lifetime_s >= NO_END_S:
        return TokenInfo(HELD_ELSEWHERE, _ALWAYS_DUE)
    return TokenInfo(token.value.reveal(), _ALWAYS_DUE)
