"""Checks of the sign-in: which credential is used, and whether it can be exchanged for a token.

`plan` imports this module when one of its checks runs, so that a library that can't be imported
becomes the finding of that check.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.profiles import from_profile
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.token import (
    NO_END_S,
    Token,
    new_token_hint,
    parse_seconds,
    read_claims,
)
from wx_notebook.doctor.check import (
    CONNECTION_TIMEOUT_S,
    CheckContext,
    CheckResult,
    ResponseHead,
)
from wx_notebook.errors import NotConnected
from wx_notebook.hints import login_hint
from wx_notebook.session.connection import Session
from wx_notebook.session.current import is_logged_out
from wx_notebook.session.model_scope import params_of_next_prompt
from wx_notebook.session.status import EXPIRY_WARNING_S, details
from wx_notebook.transport import (
    HttpRequest,
    OnWait,
    Response,
    Timeouts,
    Transport,
    is_offline,
    read_exchanges,
    replayed_file,
)

_PROFILE = "profile "
#: What a check finds that would send something.
NOT_SENT = "nothing is sent, because answers come from a recording"


class RecordingTransport(Transport):
    """A transport with short time limits that records the heads of all responses, also of errors.

    Parameters
    ----------
    heads
        The list that the heads are added to.
    ca_bundle, wall_clock
        As in `Transport`; seconds since 1970.
    """

    def __init__(
        self,
        heads: list[ResponseHead],
        *,
        ca_bundle: str | None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        limit_s = CONNECTION_TIMEOUT_S
        limits = Timeouts(connect_s=limit_s, first_byte_s=limit_s, idle_s=limit_s, whole_s=limit_s)
        super().__init__(timeouts=limits, ca_bundle=ca_bundle)
        self._heads = heads
        self._wall_clock = wall_clock

    def open(self, call: HttpRequest, *, on_wait: OnWait | None = None) -> Response:
        """Send a request as `Transport.open` does, and record the head of the response."""
        response = super().open(call, on_wait=on_wait)
        headers = response.headers
        self._heads.append(
            ResponseHead(
                response.host,
                _clock_ahead(headers.get("Date", ""), self._wall_clock()),
                _parse_count(headers.get("x-requests-limit-rate", "")),
                _parse_count(headers.get("x-requests-limit-remaining", "")),
            )
        )
        return response


def _clock_ahead(date: str, now: float) -> float | None:
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return now - parsedate_to_datetime(date).timestamp()
    return None


def _parse_count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def probe_credential(context: CheckContext) -> CheckResult:
    """Find the credential that prompts use, and the hosts it leads to; sends nothing."""
    params, result = _find_params(context)
    if (recording := replayed_file()) is not None:
        # a file that cannot be used is the finding of this check
        read_exchanges(recording)
    for secret in (params.api_key, params.token, params.password):
        context.anonymise.add_secret(secret if not callable(secret) else None)
    context.anonymise.add_username(params.username)
    context.params = params
    context.endpoints = endpoints_of(params)
    context.transport = RecordingTransport(
        context.response_heads,
        ca_bundle=params.ca_bundle or None,
        wall_clock=context.wall_clock,
    )
    context.anonymise.add_filter(context.transport.redact)
    if result is not None:
        return result
    current = context.current_session
    context.session = Session(
        params,
        transport=context.transport,
        today=context.today,
        others=current.state.others if current is not None else None,
    )
    finding = ". ".join(line.rstrip(".") for line in details(context.session.state))
    if params.notes:
        return CheckResult.warning(finding, "Check the settings that are named here")
    return CheckResult.ok(finding)


def _find_params(context: CheckContext) -> tuple[ConnectionParams, CheckResult | None]:
    """Return the connection of the next prompt, and a result if its credential is not at hand."""
    current, context.current_session = context.current_session, None
    if context.profile:
        return from_profile(context.profile), None
    if current is not None and not current.state.is_closed:
        context.current_session = current
        return current.state.params, None
    if is_logged_out():
        raise NotConnected(
            "you have logged out in this kernel, so nothing is asked.", hint=login_hint()
        )
    missing: NotConnected | None = None
    try:
        params = find_credentials(ConnectionParams("arguments"), context.environ, only_names=True)
    except NotConnected as error:
        missing = error
    if missing is None and params.has_credential:
        return params, None
    hosts = ConnectionParams("nothing")
    with contextlib.suppress(NotConnected):
        # the network can be checked without a key
        hosts = params_of_next_prompt(context.environ)
    if missing is not None:
        result = CheckResult.from_error(missing)
        finding = f"{result.finding} The sign-ins of other kernels cannot be seen from here."
        return hosts, CheckResult.warning(finding, result.repair)
    name = params.source.removeprefix(_PROFILE)
    return hosts, CheckResult(
        "ok",
        f"the next prompt connects with the {params.source}; its key was not read from the keyring",
        f"`{context.command} {name}` reads the key and tests it",
    )


def probe_iam(context: CheckContext) -> CheckResult:
    """Exchange the credential for a new token; the token in use stays."""
    assert context.endpoints is not None and context.transport is not None  # noqa: PT018, S101
    if is_offline():
        return CheckResult.skipped(NOT_SENT)
    if context.session is None:
        return _reach_iam(context)
    authenticator = context.session.state.authenticator
    assert authenticator is not None  # noqa: S101  # the doctor's own session is open
    token = authenticator.fetch()
    context.authenticated_session = Session(
        context.params,
        transport=context.transport,
        today=context.today,
        others=context.session.state.others,
        token=token,
    )
    if token.lifetime_s >= NO_END_S:
        return CheckResult.ok("no token is needed: each request sends the key")
    if authenticator.renewable:
        return CheckResult.ok(
            f"{context.endpoints.iam_url} issued a token for {token.lifetime_s / 60:.0f} min"
        )
    return _check_expiry(token, context.wall_clock())


def _check_expiry(token: Token, now: float) -> CheckResult:
    """Compare the expiry time in a token from the user with this machine's clock."""
    ends = parse_seconds(read_claims(token.value).get("exp"))
    if ends is None:
        return CheckResult.ok("the token does not say when it expires")
    left_s = ends - now
    if left_s <= 0:
        return CheckResult.warning(
            f"according to its own expiry time, the token expired {-left_s / 60:.0f} min ago; the "
            "project check shows whether the service still accepts it",
            new_token_hint(),
        )
    finding = f"according to its own expiry time, the token is valid for {left_s / 60:.0f} min"
    if left_s < EXPIRY_WARNING_S:
        return CheckResult.warning(finding, new_token_hint())
    return CheckResult.ok(finding)


def _reach_iam(context: CheckContext) -> CheckResult:
    """Check that the sign-in service can be reached; sends no key."""
    assert context.endpoints is not None and context.transport is not None  # noqa: PT018, S101
    endpoints = context.endpoints
    # the service refuses every GET here; its refusal shows that it can be reached
    response = context.transport.open(HttpRequest("GET", endpoints.iam_url + endpoints.token_path))
    response.close()
    return CheckResult.skipped(
        f"{endpoints.iam_url} answers (HTTP {response.status}); no key was sent to it"
    )
