"""The one way to the network."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_ACCEPT_ENCODING

from wx_notebook.errors import BadOption, Interrupted, WatsonxError
from wx_notebook.transport.call import Call
from wx_notebook.transport.connections import QuietAdapter
from wx_notebook.transport.failures import Failure, out_of_time, redirected, told
from wx_notebook.transport.policy import PAID, OnWait, Timeouts, Wait
from wx_notebook.transport.redaction import Hidable, Redaction
from wx_notebook.transport.reply import Reply
from wx_notebook.transport.surroundings import Surroundings


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
        self._surroundings = Surroundings(ca_bundle)
        self._sleep = sleep
        # requests does not promise that a session may be shared between threads
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def hide(self, secret: Hidable) -> None:
        """Blank `secret` from now on in every text that `redact` sees."""
        self.redaction.add(secret)

    def redact(self, text: str) -> str:
        """Return `text` without the secrets of this transport and without anything like one."""
        return self.redaction(text)

    def open(self, call: Call, *, on_wait: OnWait | None = None) -> Reply:
        """Send `call`, again where its policy allows, and return the reply once its head is here.

        The reply may have any status but a redirect; `attempts` says how often it was sent.

        Raises
        ------
        BadOption
            The body holds what JSON cannot.
        ServiceDown
            No reply, after as many attempts as the policy allows.
        HostRefused
            The reply redirects to another address.
        Interrupted
            The user stopped it.
        """
        body = None if call.body is None else _encoded(call.body)
        timeouts = self.timeouts.given(call.whole_s)
        deadline = (self.clock() if call.since is None else call.since) + timeouts.whole_s
        if timeouts.is_given and self.clock() >= deadline:
            # a token took all of it: what is sent now would be paid for and not read
            raise out_of_time(call.host, timeouts)
        attempt = 0
        while True:
            attempt += 1
            outcome = self._once(call, body, timeouts, deadline)
            if isinstance(outcome, Reply):
                outcome.attempts = attempt
                if outcome.status not in call.policy.statuses:
                    return outcome
                pause = call.policy.pause_s(attempt, outcome.headers.get("Retry-After"))
                if pause is None or self.clock() + pause >= deadline:
                    return outcome
                outcome.drain()
                reason = f"{call.host} answered {outcome.status}"
            else:
                again = outcome.transient and (outcome.unsent or call.policy.after_sending)
                pause = call.policy.pause_s(attempt) if again else None
                if pause is None or self.clock() + pause >= deadline:
                    is_over = timeouts.is_given and outcome.is_late and self.clock() >= deadline
                    error = out_of_time(call.host, timeouts) if is_over else outcome.error
                    # of a prompt nobody knows whether the service went on with it
                    maybe_billed = call.policy is PAID and not outcome.unsent
                    _raise_told(error, attempt, maybe_billed=maybe_billed)
                reason = outcome.error.message.rstrip(".")
            if on_wait is not None:
                on_wait(Wait(reason, pause, attempt, call.policy.attempts))
            self._rest(pause)

    def close(self) -> None:
        """Close the connections of every thread."""
        for session in list(self._sessions):
            session.close()

    def _once(
        self, call: Call, body: bytes | None, timeouts: Timeouts, deadline: float
    ) -> Reply | Failure:
        response: requests.Response | None = None
        limits = timeouts.within(deadline - self.clock(), call.policy.first_byte_s)
        try:
            session = self._session()
            prepared = _prepared(call, body)
            # by the adapter: a session would read the whole body of a redirect, however long
            response = session.get_adapter(call.url).send(
                prepared,
                timeout=(limits.connect_s, limits.first_byte_s),
                **self._surroundings.way_to(call.url, session),
            )
            # what was sent stays attached to the reply, and with it the key or the token
            prepared.body = None
            prepared.headers = CaseInsensitiveDict()
            if 300 <= response.status_code < 400:
                target = urlsplit(response.headers.get("Location", "")).netloc or call.host
                response.close()
                error = redirected(call.host, self.redact(target))
                return Failure(error, unsent=True, transient=False)
            return Reply(response, call, deadline=deadline, timeouts=timeouts, clock=self.clock)
        except KeyboardInterrupt:
            if response is not None:
                response.close()
            return Failure(_stopped(call.host), transient=False)
        except Exception as problem:  # noqa: BLE001  # whatever it is, it may hold the request
            return told(problem, call.host, limits, is_prompt=call.policy is PAID)

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
        stopped = False
        try:
            self._sleep(pause_s)
        except KeyboardInterrupt:
            stopped = True
        if stopped:
            raise Interrupted(
                "Stopped while waiting for the next attempt.", hint="Run it again in a while."
            )


def _stopped(host: str) -> Interrupted:
    return Interrupted(f"Stopped while waiting for {host}.", hint="Run it again when you like.")


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        reason = str(problem)
    raise BadOption(
        f"The request holds something that cannot be written as JSON: {reason}",
        hint="Send texts and numbers: of an Answer, answer.text.",
    )


def _prepared(call: Call, body: bytes | None) -> requests.PreparedRequest:
    """Return the request, without what a session would add from .netrc, a cookie jar or hooks."""
    prepared = requests.PreparedRequest()
    prepared.prepare_method(call.method)
    prepared.prepare_url(call.url, dict(call.params))
    prepared.prepare_headers(_headers(call))
    prepared.prepare_body(body, None)
    prepared.prepare_auth(call.auth, call.url)
    return prepared


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "Accept": "text/event-stream" if call.stream else "application/json",
        # a compressing proxy would hold pieces back until its window is full
        "Accept-Encoding": "identity" if call.stream else DEFAULT_ACCEPT_ENCODING,
        "Connection": "keep-alive",
        "User-Agent": _user_agent(),
    }
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    return headers | dict(call.headers)


@cache
def _user_agent() -> str:
    from wx_notebook import __version__

    return f"wx-notebook/{__version__} (python {platform.python_version()})"


def _raise_told(
    error: WatsonxError | Interrupted, attempts: int, *, maybe_billed: bool
) -> NoReturn:
    message = error.message
    if maybe_billed:
        message = f"{message.rstrip('.')}; the prompt may have been billed."
    if attempts > 1:
        message = f"{message} Attempts: {attempts}."
    error = type(error)(message, hint=error.hint)
    error.maybe_billed = maybe_billed
    raise error
