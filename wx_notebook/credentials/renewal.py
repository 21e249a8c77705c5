"""A token that is always fresh: one exchange at a time, early, by our own clock."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable

from wx_notebook.credentials.iam import Token
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import Interrupted, WatsonxError


def steady_clock() -> float:
    """Seconds that never go backwards and that also count while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere monotonic is what there is
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class TokenSource:
    """Hands out a token that is good, whatever the number of threads that ask.

    Parameters
    ----------
    fetch
        Gets a new token; takes seconds and may raise a `WatsonxError`.
    clock
        The clock that `Token.expires_at` is counted by.
    """

    #: A token is renewed this long before it ends, or a fifth of its life before, if that is less.
    LEAD_S = 300.0
    #: After an early renewal that failed, the old token serves this long before the next try.
    PAUSE_S = 15.0

    def __init__(
        self, fetch: Callable[[], Token], *, clock: Callable[[], float] = steady_clock
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._changed = threading.Condition()
        self._token: Token | None = None
        # the thread that asks IAM
        self._leader: int | None = None
        self._forgotten = 0
        self._fetches = 0  # counts ended exchanges, so that who waited knows that one has ended
        self._failure: WatsonxError | None = None
        self._early_again_at = 0.0

    def token(self) -> Token:
        """Return a token that is good for the next request.

        One caller asks IAM; the others wait for that exchange and take its token or a copy of its
        error. A renewal that fails while the old token is still good is forgotten.

        Raises
        ------
        KeyRefused, ServiceDown
            As the exchange says.
        Interrupted
            The user stopped it.
        """
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
            # who comes here does not ask IAM: it was interrupted on the way
            self._step_back()
            while self._token is None or not self._is_fresh(self._token):
                if self._leader is None:
                    self._leader = threading.get_ident()
                    return None
                ended = self._fetches
                self._changed.wait_for(lambda: self._fetches > ended or self._leader is None)  # noqa: B023
                if self._failure is not None and self._fetches > ended:
                    raise copy.copy(self._failure)
            return self._token

    def current(self) -> Token | None:
        """Return the token that is held, good or not, without any request."""
        return self._token

    def seconds_left(self) -> float:
        """Seconds until the token that is held ends; 0 when there is none."""
        token = self._token
        return max(0.0, token.expires_at - self._clock()) if token is not None else 0.0

    def discard(self, rejected: Secret) -> None:
        """Forget the token that the service rejected, unless somebody has renewed it already."""
        with self._changed:
            if self._token is not None and self._token.value == rejected:
                self._token = None

    def forget(self) -> None:
        """Forget the token."""
        with self._changed:
            self._token = None
            self._forgotten += 1

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
                elif failure is not None and self._token is not None and self._is_good():
                    token, failure = self._token, None
                    self._early_again_at = self._clock() + self.PAUSE_S
                # a copy: the one that is raised grows a traceback, which holds the caller's names
                self._failure = copy.copy(failure)
                self._fetches += token is not None or failure is not None
                self._leader = None
                self._changed.notify_all()
        if token is None:
            assert failure is not None  # noqa: S101  # an interrupt left through `finally`
            raise failure
        return token

    def _is_fresh(self, token: Token) -> bool:
        lead_s = min(self.LEAD_S, token.lifetime_s / 5)
        now = self._clock()
        if now < self._early_again_at:
            return now < token.expires_at - 1.0
        return now < token.expires_at - lead_s

    def _is_good(self) -> bool:
        # a second for the way there
        return self.seconds_left() > 1.0
