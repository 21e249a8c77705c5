"""A token that is always fresh: one exchange at a time, early and in the background."""

from __future__ import annotations

import contextlib
import copy
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from typing import NoReturn

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
    token
        One that is there already, got by the same `fetch`.
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
        token: Token | None = None,
    ) -> None:
        self._fetch = fetch
        self.clock = clock
        self.renewable = renewable
        self._token = token
        self._forgotten = 0
        #: whether the service refuses a token that cannot be renewed
        self.refused = False
        self._fetches = 0  # counts ended exchanges, so that who waited knows that one has ended
        self._failure: WatsonxError | None = None
        self._again_at = 0.0
        self._failures = 0  # early ones in a row
        self.begin_in_this_process()
        _SOURCES.add(self)

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("What hands out tokens cannot be copied, pickled or stored.")

    def begin_in_this_process(self) -> None:
        """Start without threads: they do not survive a fork, and what they held stays locked."""
        # entered by itself: a `Condition` is entered by Python code that an interrupt can leave
        # with the lock held
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # the thread that asks for a token
        self._leader: int | None = None
        self._renewer: _Renewer | None = None

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
        stopped = "Stopped while waiting for a token."
        try:
            token = self._shared()
            return token if token is not None else self._renewed()
        except Interrupted as problem:
            stopped = problem.message
        except KeyboardInterrupt:
            pass
        finally:
            # wherever this was left, the next in line asks
            self._step_back()
        raise Interrupted(stopped, hint="Run it again.")

    def _step_back(self) -> None:
        with self._lock:
            if self._leader == threading.get_ident():
                self._leader = None
                self._changed.notify_all()

    def _shared(self) -> Token | None:
        """Return a token that is there, or comes; None when it is this thread's turn to ask."""
        with self._lock:
            if self._leader == threading.get_ident():
                # left over: who comes here does not ask
                self._leader = None
            while not self._serves(self._token):
                if self._leader is None:
                    self._leader = threading.get_ident()
                    return None
                ended = self._fetches
                # in slices: who was to notify may have been interrupted
                while self._fetches == ended and self._leader is not None:
                    self._changed.wait(1.0)
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
        with self._lock:
            if self._token is None or self._token.value != rejected:
                return
            if self.renewable:
                self._token = None
            else:
                self.refused = True

    def accepted(self) -> None:
        """Note that the service has taken the token."""
        self.refused = False

    def forget(self) -> None:
        """Forget the token, and renew no more until somebody asks for one."""
        with self._lock:
            self._token = None
            self._forgotten += 1
            self._wake_renewer()

    def close(self, instead: Callable[[], Token]) -> None:
        """Forget the token and how one is got; from now on `instead` says what to do."""
        self._fetch = instead
        self.renewable = True
        self.forget()

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
            with self._lock:
                self._leader = None
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
                self._changed.notify_all()
                self._wake_renewer()
        if token is None:
            assert failure is not None  # noqa: S101  # an interrupt left through `finally`
            raise failure
        return token

    # --- in the background ---------------------------------------------------------------------

    def _put_off(self, failure: BaseException) -> None:
        """Note when a renewal that nobody waits for is tried again after this failure."""
        self._failures += 1
        pause_s = min(self.PAUSE_S * 2.0 ** min(self._failures - 1, 9), self.LONGEST_PAUSE_S)
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
            self._renewer.ring()
        elif self.renewable and self._token is not None:
            renewer = _Renewer(self)
            # without another thread (the process is ending, or may have no more) callers renew it
            with contextlib.suppress(RuntimeError):
                renewer.start()
                self._renewer = renewer

    def renew_when_due(self, renewer: _Renewer) -> float | None:
        """Renew a token that is due; return the pause until the next look, None for no more."""
        with self._lock:
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
        try:
            self._renewed()
        except WatsonxError:
            # noted, and told to whoever waited; who asks next asks for a token, too
            return 0.0
        except BaseException as problem:  # noqa: BLE001  # a user's function can raise anything
            with self._lock:
                self._put_off(problem)
        return 0.0


class _Renewer(threading.Thread):
    """Renews the tokens of one source while somebody holds that source."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__(name="wx_notebook: renewal of the token", daemon=True)
        # an `Event` has a lock; the garbage collector can ring in the middle of anything, also of
        # a wait for that very lock
        bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._bell = bell
        self._source = weakref.ref(source, lambda _: bell.put(None))

    def ring(self) -> None:
        """Let it look at the token now."""
        self._bell.put(None)

    def run(self) -> None:
        while (source := self._source()) is not None:
            pause_s = source.renew_when_due(self)
            del source
            if pause_s is None:
                return
            # an hour at most: a clock that counts sleep runs on while this wait stands still
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=min(pause_s, 3600.0))
            with contextlib.suppress(queue.Empty):
                while True:
                    self._bell.get_nowait()


_SOURCES: weakref.WeakSet[TokenSource] = weakref.WeakSet()


def _after_a_fork() -> None:
    for source in list(_SOURCES):
        source.begin_in_this_process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_a_fork)
