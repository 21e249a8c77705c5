"""A token that is always fresh: one exchange at a time, early and in the background."""

from __future__ import annotations

import contextlib
import copy
import os
import threading
import time
import weakref
from collections.abc import Callable

from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import Interrupted, KeyRefused, TokenRefused, WatsonxError


def steady_clock() -> float:
    """Seconds that never go backwards and that also count while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere monotonic is what there is
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class TokenSource:
    """Hands out a token that is good, whatever the number of threads that ask.

    Who asks waits for an exchange only where there is no good token: at the first use, and after
    one was revoked. A thread in the background renews the token before it ends, also while nobody
    asks. After a `fork` the child goes on by itself with the token that was there.

    Parameters
    ----------
    fetch
        Gets a new token; takes seconds and may raise a `WatsonxError`.
    clock
        The clock that `Token.expires_at` is counted by.
    renewable
        Whether another token can be got. If not, the one that there is serves to its end and
        beyond: whether it has ended is for the service to say, our estimate may be wrong.
    """

    #: A token is renewed this long before it ends, or a fifth of its life before, if that is less.
    LEAD_S = 300.0
    #: After an early renewal that failed, the old token serves this long before the next try; for
    #: tokens of a short life a twentieth of it.
    PAUSE_S = 15.0
    #: The longest pause between tries that nobody waits for.
    LONGEST_PAUSE_S = 300.0

    def __init__(
        self,
        fetch: Callable[[], Token],
        *,
        clock: Callable[[], float] = steady_clock,
        renewable: bool = True,
    ) -> None:
        self._fetch = fetch
        self.clock = clock
        self.renewable = renewable
        self._token: Token | None = None
        self._forgotten = 0
        #: whether the service refused a token that cannot be renewed
        self.refused = False
        self._fetches = 0  # counts ended exchanges, so that who waited knows that one has ended
        self._failure: WatsonxError | None = None
        self._again_at = 0.0
        self._failures = 0  # early ones in a row
        self._begin_in_this_process()

    def _begin_in_this_process(self) -> None:
        # threads do not survive a fork, and what they held stays locked
        self._process = os.getpid()
        self._changed = threading.Condition()
        # the thread that asks for a token
        self._leader: int | None = None
        self._renewer: _Renewer | None = None

    def _after_a_fork(self) -> None:
        if self._process != os.getpid():
            self._begin_in_this_process()

    def token(self) -> Token:
        """Return a token that is good for the next request.

        Where there is none, one caller asks for it; the others wait for that exchange and take its
        token or a copy of its error. A renewal that fails while the old token is still good is
        forgotten.

        Raises
        ------
        KeyRefused, TokenRefused, ServiceDown
            As the exchange says.
        Interrupted
            The user stopped it.
        """
        self._after_a_fork()
        token: Token | None = None
        stopped = False
        try:
            token = self._shared()
        except KeyboardInterrupt:
            stopped = True
        if stopped:
            with self._changed:
                self._step_back()
            raise Interrupted("Stopped while waiting for a token.", hint="Run it again.")
        return token if token is not None else self._renewed()

    def _step_back(self) -> None:
        if self._leader == threading.get_ident():
            self._leader = None
            self._changed.notify_all()

    def _shared(self) -> Token | None:
        """Return a token that is there, or comes; None when it is this thread's turn to ask."""
        with self._changed:
            # who comes here does not ask for a token: it was interrupted on the way
            self._step_back()
            while not self._serves(self._token):
                if self._leader is None:
                    self._leader = threading.get_ident()
                    return None
                ended = self._fetches
                self._changed.wait_for(lambda: self._fetches > ended or self._leader is None)  # noqa: B023
                if self._failure is not None and self._fetches > ended:
                    raise copy.copy(self._failure)
            if self._leader is None and self._seconds_until_due() <= 0:
                self._wake_renewer()
            return self._token

    def _serves(self, token: Token | None) -> bool:
        # a second for the way there, or a twentieth of a life that is counted in seconds
        return token is not None and (
            not self.renewable or self.clock() < token.expires_at - min(1.0, token.lifetime_s / 20)
        )

    def current(self) -> Token | None:
        """Return the token that is held, good or not, without any request."""
        return self._token

    def seconds_left(self) -> float:
        """Seconds until the token that is held ends; 0 when there is none."""
        token = self._token
        return max(0.0, token.expires_at - self.clock()) if token is not None else 0.0

    def discard(self, rejected: Secret) -> None:
        """Forget the token that the service rejected, unless somebody has renewed it already.

        One that cannot be renewed is kept: it is all there is, and a service can err for a moment.
        """
        self._after_a_fork()
        with self._changed:
            if self._token is None or self._token.value != rejected:
                return
            if self.renewable:
                self._token = None
            else:
                self.refused = True

    def forget(self) -> None:
        """Forget the token, and renew no more until somebody asks for one."""
        self._after_a_fork()
        with self._changed:
            self._token = None
            self._forgotten += 1
            self._wake_renewer()

    def _renewed(self) -> Token:
        token: Token | None = None
        failure: WatsonxError | None = None
        forgotten = self._forgotten
        try:
            token = self._fetch()
        except WatsonxError as problem:
            failure = problem
        finally:
            # also after an interrupt: then the next in line asks again
            with self._changed:
                if token is not None:
                    # a session that was closed meanwhile holds no token again
                    self._token = token if self._forgotten == forgotten else None
                    self._failures = 0
                    self._again_at = 0.0
                elif failure is not None:
                    self._put_off(failure)
                    if self._serves(self._token):
                        token, failure = self._token, None
                # a copy: the one that is raised grows a traceback, which holds the caller's names
                self._failure = copy.copy(failure)
                self._fetches += token is not None or failure is not None
                self._leader = None
                self._wake_renewer()
                self._changed.notify_all()
        if token is None:
            assert failure is not None  # noqa: S101  # an interrupt left through `finally`
            raise failure
        return token

    # --- in the background ---------------------------------------------------------------------

    def _put_off(self, failure: WatsonxError) -> None:
        """Note when a renewal that nobody waits for is tried again after this failure."""
        self._failures += 1
        pause_s = min(self.PAUSE_S * 2.0 ** (self._failures - 1), self.LONGEST_PAUSE_S)
        if self._token is not None and self._serves(self._token):
            pause_s = min(pause_s, self._token.lifetime_s / 20)
        self._again_at = self.clock() + pause_s
        if isinstance(failure, KeyRefused | TokenRefused) and not self._serves(self._token):
            # it would stay refused for good; the next caller asks, and hears it
            self._token = None

    def _seconds_until_due(self) -> float:
        token = self._token
        if token is None:
            return float("inf")
        lead_s = min(self.LEAD_S, token.lifetime_s / 5)
        return max(token.expires_at - lead_s, self._again_at) - self.clock()

    def _wake_renewer(self) -> None:
        """Let the renewer look at the token anew; make one where there is none. Under the lock."""
        if self._renewer is not None:
            self._renewer.bell.set()
        elif self.renewable and self._token is not None:
            renewer = _Renewer(self)
            # without another thread (the process is ending, or may have no more) callers renew it
            with contextlib.suppress(RuntimeError):
                renewer.start()
                self._renewer = renewer

    def _renew_when_due(self, renewer: _Renewer) -> float | None:
        """Renew a token that is due; return the pause until the next look, None for no more."""
        with self._changed:
            if self._renewer is not renewer or self._token is None:
                if self._renewer is renewer:
                    self._renewer = None
                return None
            pause_s = self._seconds_until_due()
            if self._leader is not None:
                # its end rings the bell
                return max(pause_s, 1.0)
            if pause_s > 0:
                return pause_s
            self._leader = threading.get_ident()
        # a failure is noted, and told to whoever waited; who asks next asks for a token, too
        with contextlib.suppress(WatsonxError):
            self._renewed()
        return 0.0


class _Renewer(threading.Thread):
    """Renews the tokens of one source while somebody holds that source."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__(name="wx_notebook: renewal of the token", daemon=True)
        self.bell = threading.Event()
        self._source = weakref.ref(source, lambda _: self.bell.set())

    def run(self) -> None:
        while (source := self._source()) is not None:
            pause_s = source._renew_when_due(self)  # the other half of that class
            del source
            if pause_s is None:
                return
            # an hour at most: a clock that counts sleep runs on while this wait stands still
            self.bell.wait(min(pause_s, 3600.0))
            self.bell.clear()
