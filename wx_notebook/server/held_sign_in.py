"""The sign-in that this server holds for its notebooks.

The key stays in the memory of this process. One thread runs what the form asks for, so that the
event loop never waits for IAM; the HTTP library is loaded in it, when the form is first opened.
What kernels need to know is in a private file (`credentials.sign_in_file`); tokens they get from
the `KernelListener`.

A server that ends while somebody is signed in leaves a note in place of its file, without address
and secret. One that was killed leaves the file itself. The next server of the same user removes
both; its panel and its kernels say that the sign-in is gone, until somebody signs in or logs out.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials.runtime_files import is_running, process_identity
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sign_in_file import SignInFile, read_sign_in_file, sign_in_path
from wx_notebook.errors import NotConnected
from wx_notebook.guard.kernel_fingerprints import PUBLISHER
from wx_notebook.hints import name_the_panel
from wx_notebook.server.background import Background
from wx_notebook.session.current import current_session, end_sessions, is_logged_out
from wx_notebook.session.events import SecretHeld, SessionChanged, subscribe

if TYPE_CHECKING:
    from wx_notebook.server.panel_form import PanelForm
    from wx_notebook.session.connection import Session

#: Threads that wait for a token; all of them wait for the same exchange.
_TOKEN_THREADS = 2


class HeldSignIn:
    """Holds one sign-in for all notebooks of this server.

    Parameters
    ----------
    log
        The server's log.
    """

    def __init__(self, log: Any) -> None:  # noqa: ANN401  # a Logger, or traitlets' adapter
        self._log = log
        #: what a kernel shows to get tokens; another one for each process
        self.secret = Secret(secrets.token_urlsafe(32))
        #: where the listener is; "" before it is needed
        self._url = ""
        #: by which pages and kernels see that another process has taken this one's place
        self.server_id = secrets.token_hex(16)
        self._path = sign_in_path(os.getpid())
        self._form_thread = Background("wx_notebook: sign-in")
        self._token_threads = Background("wx_notebook: tokens", _TOKEN_THREADS)
        self._log_out_thread = Background("wx_notebook: log out")
        self._thread_id = 0
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._form: PanelForm | None = None
        self._session: Session | None = None
        self._generation = 0
        self._begun = self._done = 0
        #: whether a sign-in has ended with an earlier server, and nobody has done anything since
        self.is_lost = take_over(self._path)
        atexit.register(self.close)
        if self.is_lost:
            self._write()

    # --- the form ------------------------------------------------------------------------------

    def submit(self, content: dict[str, Any], secret: Secret | None) -> int:
        """Do what the form asks for, in the thread of the form; return the number of the request.

        Parameters
        ----------
        content
            What the page sends, without the secret.
        secret
            The key, password or token that was typed.
        """
        if content.get("action") == "cancel":
            if self._form is not None:
                self._form.cancel()
            return self._done
        self._begun += 1
        self._form_thread.submit(lambda: self._run(content, secret))
        return self._begun

    def state(self) -> dict[str, Any]:
        """Return what the form shows, and how many requests are done."""
        form = self._form
        if form is not None and self._done == self._begun:
            form.refresh()
        shown = None if form is None else form.as_json()
        return {
            "server": self.server_id,
            "done": self._done,
            "form": shown,
            "lost": self.is_lost,
        }

    def sources(self) -> Future[dict[str, str]]:
        """Return the script and the style sheet of the form."""
        return self._form_thread.submit(lambda: self._loaded_form().sources())

    def _run(self, content: dict[str, Any], secret: Secret | None) -> None:
        try:
            self._publish(is_signed_in=self._loaded_form().run(content, secret))
        except Exception as error:  # noqa: BLE001  # its message and its frames could hold the key
            self._log.error("The sign-in of wx_notebook failed: %s", type(error).__name__)
        finally:
            self._done += 1

    def _loaded_form(self) -> PanelForm:
        if self._form is None:
            # brings the HTTP library along
            from wx_notebook.server.panel_form import PanelForm

            self._thread_id = threading.get_ident()
            subscribe(self._on_event)
            name_the_panel()
            self._form = PanelForm()
        return self._form

    # --- what kernels are told -----------------------------------------------------------------

    def token(self, seen: str, generation: object) -> Future[tuple[Secret, float]]:
        """Return an access token and the seconds for which it is valid.

        However many ask, there is one exchange at IAM.

        Parameters
        ----------
        seen
            The fingerprint of the token that the kernel had before, "" for none.
        generation
            The number of the sign-in that the kernel knows.
        """
        return self._token_threads.submit(lambda: self._token(seen, generation))

    def listen_at(self, url: str) -> None:
        """Tell kernels from now on where the listener is."""
        with self._lock:
            self._url = url
            if self.is_lost:
                # for a kernel that logs out before anybody signs in
                self._write()

    def log_out(self) -> Future[None]:
        """End the sign-in for all notebooks."""
        # not in a thread that may wait for IAM
        return self._log_out_thread.submit(self._log_out)

    def close(self) -> None:
        """Remove the file that names the listener, unless it is another server's by now.

        Where a sign-in ends with this server, a note for the next one takes its place.
        """
        if os.getpid() != self._owner:
            # a process that was forked off the server has a copy of this object
            return
        found = read_sign_in_file(self._path)
        if found is None or found.server_id != self.server_id:
            return
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if self._session is not None or self.is_lost:
            leave_note(self._path)

    def _token(self, seen: str, generation: object) -> tuple[Secret, float]:
        with self._lock:
            form, session = self._form, self._session
            is_current = generation == self._generation
        if form is None or session is None:
            raise NotConnected("Nobody is signed in at the Jupyter server.")
        if not is_current:
            # the kernel would send it to the hosts of the sign-in that it knows
            raise NotConnected("The Jupyter server has a new sign-in. Nothing was sent.")
        return form.token_of(session, seen)

    def _log_out(self) -> None:
        end_sessions()
        self._publish(is_signed_in=False)

    def _on_event(self, event: SessionChanged | SecretHeld) -> None:
        if isinstance(event, SecretHeld):
            # so that the guard removes it from notebooks
            PUBLISHER.add(event.secret, event.kind)
        elif threading.get_ident() != self._thread_id:
            self._publish(is_signed_in=False)

    def _publish(self, *, is_signed_in: bool) -> None:
        """Tell kernels whose sign-in holds now.

        Only a sign-in by the form is handed on: code in this process may have a session of its own.
        """
        with self._lock:
            current = current_session()
            held = current if is_signed_in or current is self._session else None
            is_lost = self.is_lost and held is None and not is_logged_out()
            if held is self._session and is_lost == self.is_lost:
                return
            self._session, self.is_lost = held, is_lost
            self._generation += 1
            self._write()

    def _write(self) -> None:
        connection = None
        if self._form is not None and self._session is not None:
            connection = self._form.connection_of(self._session)
        file = SignInFile(
            self.server_id, self._url, self.secret, self._generation, connection,
            self.is_lost, process_identity(),
        )  # fmt: skip
        try:
            file.write(self._path)
        except (OSError, RuntimeError) as error:
            # an old file must not go on telling of an earlier sign-in
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._log.error(
                "Notebooks can't find the sign-in of wx_notebook: %s can't be written (%s).",
                self._path.name,
                type(error).__name__,
            )


def take_over(own: Path) -> bool:
    """Remove the files of servers that have ended; return whether a sign-in ended with one.

    Parameters
    ----------
    own
        The path of this server's file. One that is there already is of an earlier process.
    """
    pattern = sign_in_path("*")
    is_lost = False
    for path in pattern.parent.glob(pattern.name):
        file = read_sign_in_file(path)
        # a server of another machine, which shares the folder, may still run
        has_ended = path == own or (file is not None and is_running(file.writer) is False)
        if file is not None and has_ended:
            is_lost |= file.connection is not None or file.is_lost
        if has_ended:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
    return is_lost


def leave_note(own: Path) -> None:
    """Write in place of this server's file that a sign-in has ended with it."""
    with contextlib.suppress(OSError, RuntimeError):
        SignInFile("", "", Secret(""), 0, None, is_lost=True).write(own)
