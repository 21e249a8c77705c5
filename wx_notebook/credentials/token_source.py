"""A token that is always valid: renewed early, in the background, by one exchange at a time."""

from __future__ import annotations

import contextlib
import copy
import queue
import threading
import time
import weakref
from collections.abc import Callable
from typing import NoReturn

from wx_notebook.credentials.holders import CREDENTIAL_HOLDERS
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import Interrupted, KeyRefused, TokenRefused, WatsonxError
from wx_notebook.forking import begin_anew_after_fork


def steady_clock() -> float:
    """Return seconds that never go backwards and that also count while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere monotonic is what there is
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class TokenSource:
    """Returns a valid token to any number of threads.

    A caller waits for an exchange only if there is no valid token: at the first use, and after a
    token was revoked. A background thread renews the token before it expires, also while no caller
    needs it. After a `fork`, the child continues by itself with the same token.

    Parameters
    ----------
    fetch
        Returns a new token; it takes seconds and may raise a `WatsonxError`.
    clock
        The clock of `Token.expires_at`.
    renewable
        Whether there can be another token. If not, the present one is used to its end and beyond:
        the service decides whether it has expired, because our estimate may be wrong.
    token
        A token that the same `fetch` returned before.
    check
        Called for each caller; it raises a `WatsonxError` if no token may be used any more.
    """

    #: Seconds before the end at which a token is renewed, or a fifth of its lifetime if less.
    LEAD_S = 300.0
    #: Seconds between an early renewal that failed and the next try, or a twentieth of the lifetime
    #: if less.
    PAUSE_S = 15.0
    #: The longest pause between tries for which no caller waits.
    LONGEST_PAUSE_S = 300.0

    def __init__(
        self,
        fetch: Callable[[], Token],
        *,
        clock: Callable[[], float] = steady_clock,
        renewable: bool = True,
        token: Token | None = None,
        check: Callable[[], object] = bool,
    ) -> None:
        self._fetch = fetch
        self._check = check
        self.clock = clock
        self.renewable = renewable
        self._token = token
        self._forgotten = 0
        #: whether the service refuses a token that cannot be renewed
        self.refused = False
        self._fetches = 0  # counts finished exchanges, so that waiting threads notice the next one
        self._failure: WatsonxError | None = None
        self._again_at = 0.0
        self._failures = 0  # early ones in a row
        self.begin_in_forked_child()
        begin_anew_after_fork(self)
        CREDENTIAL_HOLDERS.add(self)

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("A source of tokens can't be copied, pickled or stored.")

    def begin_in_forked_child(self) -> None:
        """Start without threads: they do not survive a fork, and their locks stay locked."""
        # the lock is entered directly: a `Condition` is entered by Python code, in which an
        # interrupt can leave the lock held
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # the thread that requests a token
        self._leader: int | None = None
        self._renewer: _Renewer | None = None

    def token(self) -> Token:
        """Return a token that is valid for the next request.

        If there is none, one caller requests it; the others wait for that exchange and get its
        token or a copy of its error. A renewal that fails while the old token is still valid is
        no error.

        Raises
        ------
        KeyRefused, TokenRefused, ServiceDown
            What the exchange raised.
        Interrupted
            The user stopped it.
        """
        message = "Stopped while waiting for a token."
        try:
            self._check()
            token = self._shared()
            return token if token is not None else self._renew()
        except Interrupted as error:
            message = error.message
        except KeyboardInterrupt:
            pass
        finally:
            # however this ended, the next caller may request a token
            self._step_back()
        raise Interrupted(message, hint="Run it again.")

    def _step_back(self) -> None:
        with self._lock:
            if self._leader == threading.get_ident():
                self._leader = None
                self._changed.notify_all()

    def _shared(self) -> Token | None:
        """Return the present or the next token; None if this thread must request one."""
        with self._lock:
            if self._leader == threading.get_ident():
                # left over: a thread that comes here is not requesting
                self._leader = None
            while not self._is_valid(self._token):
                if self._leader is None:
                    self._leader = threading.get_ident()
                    return None
                finished = self._fetches
                # in slices: the thread that notifies may have been interrupted
                while self._fetches == finished and self._leader is not None:
                    self._changed.wait(1.0)
                if self._failure is not None and self._fetches > finished:
                    raise copy.copy(self._failure)
            if self._leader is None and self._seconds_until_due() <= 0:
                self._wake_renewer()
            return self._token

    def _is_valid(self, token: Token | None) -> bool:
        # a second for the way to the service, or a twentieth of a very short lifetime
        return token is not None and (
            not self.renewable or self.clock() < token.expires_at - min(1.0, token.lifetime_s / 20)
        )

    def current(self) -> Token | None:
        """Return the present token, valid or not, without a request."""
        return self._token

    @property
    def was_refused(self) -> bool:
        """Whether the credential, or the token made of it, was refused the last time."""
        return self.refused or isinstance(self._failure, KeyRefused | TokenRefused)

    def seconds_left(self) -> float:
        """Return the seconds until the present token expires; 0 if there is none."""
        token = self._token
        return max(0.0, token.expires_at - self.clock()) if token is not None else 0.0

    def discard(self, rejected: Secret) -> None:
        """Forget the token that the service rejected, unless it has been renewed already.

        A token that can't be renewed is kept: there is no other, and a service can be wrong for a
        moment.
        """
        with self._lock:
            if self._token is None or self._token.value != rejected:
                return
            if self.renewable:
                self._token = None
            else:
                self.refused = True

    def accepted(self) -> None:
        """Note that the service has accepted the token."""
        self.refused = False

    def forget(self) -> None:
        """Forget the token, and renew no more until a caller needs one."""
        with self._lock:
            self._token = None
            self._forgotten += 1
            self._wake_renewer()

    def close(self, refuse: Callable[[], NoReturn]) -> None:
        """Forget the token and the credential; from now on `refuse` says what to do.

        Who waits for a token then gets none, also if it is on its way already.
        """
        self._fetch = self._check = refuse
        self.renewable = True
        self.forget()

    def _renew(self) -> Token:
        """Request a token for all callers, and return it."""
        token: Token | None = None
        failure: WatsonxError | None = None
        forgotten, fetch = self._forgotten, self._fetch
        try:
            token = fetch()
        except WatsonxError as error:
            failure = error
        finally:
            # also after an interrupt: then the next caller requests a token
            with self._lock:
                self._leader = None
                is_closed = self._fetch is not fetch
                if is_closed:
                    # a log out while the token was on its way: nobody may send with it
                    token = failure = None
                elif token is not None:
                    # a session that was closed meanwhile must not hold a token again
                    self._token = token if self._forgotten == forgotten else None
                    self._failures = 0
                    self._again_at = 0.0
                elif failure is not None:
                    self._put_off(failure)
                    if self._is_valid(self._token):
                        token, failure = self._token, None
                # a copy: the raised one gets a traceback, which holds local variables
                self._failure = copy.copy(failure)
                self._fetches += is_closed or token is not None or failure is not None
                self._changed.notify_all()
                self._wake_renewer()
        if is_closed:
            # says why
            return self.token()
        if token is None:
            assert failure is not None  # noqa: S101  # an interrupt left through `finally`
            raise failure
        return token

    # --- in the background ---------------------------------------------------------------------

    def _put_off(self, failure: BaseException) -> None:
        """Set the time of the next try after a renewal that failed in the background."""
        self._failures += 1
        pause_s = min(self.PAUSE_S * 2.0 ** min(self._failures - 1, 9), self.LONGEST_PAUSE_S)
        if self._token is not None and self._is_valid(self._token):
            pause_s = min(pause_s, self._token.lifetime_s / 20)
        self._again_at = self.clock() + pause_s
        if isinstance(failure, KeyRefused | TokenRefused) and not self._is_valid(self._token):
            # it would stay refused; the next caller requests a token and gets the error
            self._token = None

    def _seconds_until_due(self) -> float:
        token = self._token
        if token is None:
            return float("inf")
        lead_s = min(self.LEAD_S, token.lifetime_s / 5)
        return max(token.expires_at - lead_s, self._again_at) - self.clock()

    def _wake_renewer(self) -> None:
        """Let the renewer check the token again; start one if needed. Call it under the lock."""
        if self._renewer is not None:
            self._renewer.ring()
        elif self.renewable and self._token is not None:
            renewer = _Renewer(self)
            # without a thread (the process ends), callers renew the token
            with contextlib.suppress(RuntimeError):
                renewer.start()
                self._renewer = renewer

    def renew_when_due(self, renewer: _Renewer) -> float | None:
        """Renew a token that is due; return the seconds until the next check, None to end."""
        with self._lock:
            if self._renewer is not renewer or self._token is None:
                if self._renewer is renewer:
                    self._renewer = None
                return None
            pause_s = self._seconds_until_due()
            if self._leader is not None:
                # the end of that exchange wakes the renewer
                return max(pause_s, 1.0)
            if pause_s > 0:
                return pause_s
            self._leader = threading.get_ident()
        try:
            self._renew()
        except WatsonxError:
            # it is noted, and the waiting threads get it; the next caller tries again
            return 0.0
        except BaseException as error:  # noqa: BLE001  # a user's function can raise anything
            with self._lock:
                self._put_off(error)
        return 0.0


class _Renewer(threading.Thread):
    """Renews the tokens of one source for as long as that source exists."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__(name="wx_notebook: renewal of the token", daemon=True)
        # not an `Event`, which has a lock: the garbage collector can call `put` at any time, also
        # while this thread waits for that lock
        bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._bell = bell
        self._source = weakref.ref(source, lambda _: bell.put(None))

    def ring(self) -> None:
        """Let it check the token now."""
        self._bell.put(None)

    def run(self) -> None:
        while (source := self._source()) is not None:
            pause_s = source.renew_when_due(self)
            del source
            if pause_s is None:
                return
            # an hour at most: while the machine sleeps the clock goes on, but this wait does not
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=min(pause_s, 3600.0))
            with contextlib.suppress(queue.Empty):
                while True:
                    self._bell.get_nowait()
