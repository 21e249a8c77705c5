"""The one way to the network."""

from __future__ import annotations

import copy
import os
import platform
import threading
import time
import weakref
from collections.abc import Callable
from functools import cache, lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import NoReturn, Self
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_ACCEPT_ENCODING

from wx_notebook.errors import Interrupted, WatsonxError
from wx_notebook.transport.cancel_scope import CancelScope, refuse_as_closed
from wx_notebook.transport.connections import NetworkSettings, QuietAdapter, sending_in
from wx_notebook.transport.recording import adapter_in_use
from wx_notebook.transport.redaction import Hidable, Redaction
from wx_notebook.transport.request import HttpRequest, OnWait, Timeouts, Wait, encode_body
from wx_notebook.transport.response import Response
from wx_notebook.transport.translate_error import (
    Failure,
    redirect_error,
    timeout_error,
    translate_error,
)


class Transport:
    """The one way to the network.

    Parameters
    ----------
    timeouts
        Limits of every request.
    ca_bundle
        Path of a PEM file with the certificate authorities to trust, instead of requests' own
        choice (`REQUESTS_CA_BUNDLE`, then certifi).
    clock, sleep
        Seconds that never go backwards, and a pause; passed in so that a test can be exact.
    """

    def __init__(
        self,
        *,
        timeouts: Timeouts | None = None,
        ca_bundle: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self.clock = clock
        self.redaction = Redaction()
        self._network_settings = NetworkSettings(ca_bundle)
        self._sleep = sleep
        # requests does not promise that a session may be shared between threads
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._cancel_scope = CancelScope()

    def for_session(self) -> Self:
        """Return this transport with requests that end by themselves: `close` ends no others.

        The connections, and the secrets that it blanks, are the same.
        """
        own = copy.copy(self)
        own._cancel_scope = CancelScope()
        return own

    def for_group(self) -> Self:
        """Return this transport with requests that `cancel` can end together, apart from others."""
        own = copy.copy(self)
        own._cancel_scope = CancelScope(self._cancel_scope)
        return own

    def hide(self, secret: Hidable) -> None:
        """Blank `secret` from now on in every text that `redact` sees."""
        self.redaction.add(secret)

    def redact(self, text: str) -> str:
        """Return `text` without the secrets of this transport and without anything like one."""
        return self.redaction(text)

    def open(self, request: HttpRequest, *, on_wait: OnWait | None = None) -> Response:
        """Send a request, again where its policy allows; return the response once its head is here.

        The response may have any status but a redirect; `attempts` says how often it was sent.

        Raises
        ------
        BadOption
            The body holds what JSON cannot.
        ServiceDown
            No response, after as many attempts as the policy allows.
        HostRefused
            The response redirects to another address.
        Interrupted
            The user stopped it.
        """
        body = request.data if request.body is None else encode_body(request.body)
        timeouts = self.timeouts.with_whole(request.whole_s)
        since = self.clock() if request.since is None else request.since
        deadline = since + timeouts.whole_s
        if timeouts.is_given and self.clock() >= deadline:
            # the token took all the time: what is sent now would be paid for and not read
            raise timeout_error(request.host, timeouts)
        attempt = 0
        while True:
            attempt += 1
            outcome, waited_s = self._attempt_behind_gate(request, body, timeouts, deadline)
            deadline += waited_s
            if isinstance(outcome, Response):
                outcome.attempts = attempt
                policy = request.policy
                if outcome.status not in policy.statuses or outcome.says(policy.final_words):
                    return outcome
                pause = policy.pause_s(attempt, outcome.headers.get("Retry-After"))
                if pause is None or self.clock() + pause >= deadline:
                    return outcome
                outcome.drain()
                reason = f"{request.host} answered {outcome.status}"
            else:
                is_safe = outcome.unsent or request.policy.after_sending
                pause = None
                if outcome.transient and is_safe:
                    pause = request.policy.pause_s(attempt)
                if pause is None or self.clock() + pause >= deadline:
                    self._give_up(request, outcome, timeouts, deadline, attempt)
                reason = outcome.error.message.rstrip(".")
            if on_wait is not None:
                on_wait(Wait(reason, pause, attempt, request.policy.attempts))
            self._rest(pause)

    def close(self, refuse: Callable[[], NoReturn] = refuse_as_closed) -> None:
        """End the requests that are under way, and close the connections of every thread.

        Every later request raises what `refuse` raises.
        """
        self.cancel(refuse)
        for session in list(self._sessions):
            session.close()

    def cancel(self, refuse: Callable[[], NoReturn]) -> None:
        """End the requests that are under way; every later one raises what `refuse` raises."""
        self._cancel_scope.cancel(refuse)

    def _attempt_behind_gate(
        self, request: HttpRequest, body: bytes | None, timeouts: Timeouts, deadline: float
    ) -> tuple[Response | Failure, float]:
        """Return what `_attempt` does, and the seconds for which the gate was closed."""
        gate = request.gate
        if gate is None:
            return self._attempt(request, body, timeouts, deadline), 0.0
        waited_s = gate.enter(self._cancel_scope.check)
        outcome = self._attempt(request, body, timeouts, deadline + waited_s)
        if isinstance(outcome, Response):
            gate.leave(outcome.status, outcome.headers)
        else:
            gate.leave(0, {})
        return outcome, waited_s

    def _attempt(
        self, request: HttpRequest, body: bytes | None, timeouts: Timeouts, deadline: float
    ) -> Response | Failure:
        response: urllib3.HTTPResponse | None = None
        limits = timeouts.within(deadline - self.clock(), request.policy.first_byte_s)
        scope = self._cancel_scope
        try:
            session = self._session()
            scope.check()
            prepared = _prepare(request, body)
            options = self._network_settings.send_options(request.url, session)
            # by the adapter: a session would read the whole body of a redirect, however long
            network = session.get_adapter(request.url)
            adapter = adapter_in_use(network, self.redaction, request.auth)
            with sending_in(scope):
                response = adapter.send(prepared, timeout=limits, **options)
            assert response is not None  # noqa: S101  # QuietAdapter returns urllib3's response
            if 300 <= response.status < 400:
                target = urlsplit(response.headers.get("Location", "")).netloc or request.host
                response.close()
                error = redirect_error(request.host, self.redact(target))
                return Failure(error, unsent=True, transient=False)
            return Response(
                response,
                request.host,
                deadline=deadline,
                timeouts=timeouts,
                clock=self.clock,
                cancel_scope=scope,
                largest=request.largest_reply,
                pause=self._sleep if request.stream else None,
            )
        except KeyboardInterrupt:
            if response is not None:
                response.close()
            stopped = f"Stopped while waiting for {request.host}."
            return Failure(Interrupted(stopped, hint="Run it again."), transient=False)
        except Exception as error:  # noqa: BLE001  # whatever it is, it may hold the request
            failure = translate_error(error, request.host, limits, is_prompt=request.policy.paid)
            if scope.is_cancelled:
                # our own error: the scope stopped it before anything was sent
                is_unsent = failure.unsent or isinstance(error, WatsonxError)
                return Failure(scope.error(), unsent=is_unsent, transient=False)
            return failure

    def _give_up(
        self,
        request: HttpRequest,
        failure: Failure,
        timeouts: Timeouts,
        deadline: float,
        attempts: int,
    ) -> NoReturn:
        error: WatsonxError | Interrupted = failure.error
        if timeouts.is_given and failure.is_late and self.clock() >= deadline:
            error = timeout_error(request.host, timeouts)
        message = error.message
        # nobody knows whether the service went on with a prompt that was sent
        maybe_billed = request.policy.paid and not failure.unsent
        if maybe_billed:
            message = f"{message.rstrip('.')}; the prompt may have been billed."
        if attempts > 1:
            message = f"{message} Attempts: {attempts}."
        error = type(error)(message, hint=error.hint)
        error.maybe_billed = maybe_billed
        raise error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None or self._local.process != os.getpid():
            # a child that was forked would speak on its parent's connections
            session = requests.Session()
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            for scheme in ("http://", "https://"):
                session.mount(scheme, QuietAdapter(max_retries=0))
            self._local.session = session
            self._local.process = os.getpid()
            self._sessions.add(session)
        return session

    def _rest(self, pause_s: float) -> None:
        is_stopped = False
        try:
            self._sleep(pause_s)
        except KeyboardInterrupt:
            is_stopped = True
        if is_stopped:
            raise Interrupted("Stopped while waiting for the next attempt.", hint="Run it again.")


def _prepare(request: HttpRequest, body: bytes | None) -> requests.PreparedRequest:
    """Return the request as an adapter takes it.

    Nothing is added that a session would add from .netrc, a cookie jar or hooks.
    """
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = _full_url(request.url, tuple(request.params.items()))
    prepared.headers = CaseInsensitiveDict(
        {
            "Accept": "text/event-stream" if request.stream else "application/json",
            # a compressing proxy would hold parts back until its window is full
            "Accept-Encoding": "identity" if request.stream else DEFAULT_ACCEPT_ENCODING,
            "Connection": "keep-alive",
            "User-Agent": _user_agent(),
            **request.headers,
        }
    )
    prepared.body = body
    if body is not None:
        prepared.headers.setdefault("Content-Type", "application/json")
        prepared.headers["Content-Length"] = str(len(body))
    elif request.method not in ("GET", "HEAD"):
        prepared.headers["Content-Length"] = "0"
    return request.auth(prepared)


@lru_cache(maxsize=64)
def _full_url(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """Return a URL with its query. A notebook asks the same few, and no URL holds a secret."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, dict(params))
    return str(prepared.url)


@cache
def _user_agent() -> str:
    from wx_notebook import __version__

    return f"wx-notebook/{__version__} (python {platform.python_version()})"
