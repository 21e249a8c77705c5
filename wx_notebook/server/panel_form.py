"""The sign-in form of JupyterLab's panel, and the session that it signs in.

Importing this module brings the HTTP library along; it is imported in the thread of the form.
"""

from __future__ import annotations

from typing import Any

from wx_notebook.credentials import keyring_store
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import fingerprint_of
from wx_notebook.errors import NotConnected
from wx_notebook.login.controller import LoginController
from wx_notebook.login.form_actions import FormActions
from wx_notebook.login.inputs import detect_credentials, region_choices
from wx_notebook.login.messages import FormMessage
from wx_notebook.login.page import module, styles
from wx_notebook.login.strings import string
from wx_notebook.login.view import FormError, FormView, as_json, on_invalid
from wx_notebook.session import Session, current_session, end_sessions


class PanelForm:
    """The form of the panel; every page of this server shows the same one."""

    def __init__(self) -> None:
        self._controller = LoginController()
        self._actions = FormActions(self._controller, FormView(), lambda _: None)
        self._running: FormMessage | None = None
        self._detected = self._detect()
        self._regions = [list(pair) for pair in region_choices()]
        self._no_keyring = keyring_store.missing_keyring("the sign-in ends with this server")

    def run(self, content: dict[str, Any], secret: Secret | None) -> bool:
        """Do what a page asks for; return whether somebody is signed in by it."""
        message = self._running = FormMessage(content, secret)
        if message.action == "change" and current_session() is None:
            # of a page that has not heard of a log out or of a restart of the server: what the form
            # would connect with then is another credential, which nobody has named
            self._actions.refresh()
            return False
        if message.action == "ping":
            # a page that opens the form: a profile may have been saved since the last one
            self._detected = self._detect()
        is_done = self._actions.run(message)
        session = current_session()
        if is_done and session is not None and session.endpoints.kind == "zen":
            # its token is the key itself, in another writing
            end_sessions()
            is_done = False
            refusal = FormError(string("panel.zen"), string("panel.zen.hint"))
            self._actions.view = on_invalid(FormView(values=self._actions.view.values), refusal)
        self._actions.show(self._actions.idle(is_done=is_done))
        self._running = None
        return is_done

    def _detect(self) -> list[list[str]]:
        return [list(credential) for credential in detect_credentials()]

    def cancel(self) -> None:
        """Stop what is under way; called from another thread."""
        message, tried = self._running, self._controller.tried
        if message is not None and tried is not None and tried is not current_session():
            message.is_cancelled = True
            tried.close()

    def refresh(self) -> None:
        """Show the current session, which a kernel may have ended."""
        self._actions.refresh()

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows. None of it is secret."""
        return {
            "view": as_json(self._actions.view),
            "detected": self._detected,
            "regions": self._regions,
            "no_keyring": self._no_keyring,
        }

    def sources(self) -> dict[str, str]:
        """Return the script and the style sheet of the form."""
        return {"script": module(place="panel"), "styles": styles()}

    def connection_of(self, session: Session) -> dict[str, str]:
        """Return what a kernel needs to know of a session besides its token."""
        endpoints, scope, params = session.endpoints, session.scope, session.state.params
        return {
            "url": endpoints.url,
            "iam_url": endpoints.iam_url,
            "platform_url": endpoints.platform_url,
            "kind": endpoints.kind,
            "project_id": scope.project_id,
            "space_id": scope.space_id,
            "model": params.model,
            "ca_bundle": params.ca_bundle,
        }

    def token_of(self, session: Session, seen: str) -> tuple[Secret, float]:
        """Return the token of a session and its seconds; raises as `TokenSource.token`.

        A kernel that has seen the current token, although it is not due yet, was refused with it:
        then there is another exchange, one for all kernels.
        """
        source = session.state.token_source
        current = source.current()
        if current is not None and seen == fingerprint_of(current.value):
            due_s = min(source.LEAD_S, current.lifetime_s / 5)
            if source.seconds_left() > due_s:
                source.discard(current.value)
        token = source.token()
        if token.scheme != "Bearer":
            raise NotConnected(string("panel.zen"))
        return token.value, max(1.0, token.expires_at - source.clock())
