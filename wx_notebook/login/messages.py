"""One message of the form's page: what it asks for, the secret beside it, and how to check it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import WatsonxError
from wx_notebook.login.inputs import FormValues
from wx_notebook.login.strings import string
from wx_notebook.login.view import FormError

#: An API key in the wrong field: no other value has so many of these characters in a row.
_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])")
#: A UUID; in the address of a page two of them can follow each other without a gap.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: An address with a user or a password before its host.
_WITH_USER = re.compile(r"//[^/?#\s]*@|^[^/?#\s@]+:[^/?#\s]*@")
#: Characters of a field at most.
_MAX_LENGTH = 500


class FormMessage:
    """A request of one view of the form; it can be cancelled while it waits.

    Parameters
    ----------
    content
        The content of the message. Nothing in it makes this class raise.
    secret
        The secret that came beside it, None if no text arrived.

    Attributes
    ----------
    action
        What the user asks for, such as "connect".
    view_id
        The view that sent it.
    is_cancelled
        Whether the view took it back.
    """

    def __init__(self, content: Mapping[str, Any], secret: Secret | None = None) -> None:
        self._content = content
        self.secret = secret
        self.action = str(content.get("action", ""))
        self.view_id = self.text("view")
        self.is_cancelled = False

    def text(self, name: str) -> str:
        """Return a text of the content without surrounding blanks, "" if there is none."""
        value = self._content.get(name)
        return value.strip()[:_MAX_LENGTH] if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """Return whether the content has a true value of this name."""
        return bool(self._content.get(name))

    def values(self) -> FormValues:
        """Return the values of the fields, without the secret."""
        return FormValues(*(self.text(name) for name in FormValues._fields))


def read_secret(buffers: list[memoryview]) -> Secret | None:
    """Take the secret out of a message's buffers; return None if no text arrived.

    The text is bound to no name, so that no traceback of any mode can show it.
    """
    try:
        return Secret(bytes(buffers[0]).decode("utf-8-sig").strip())
    except (IndexError, UnicodeDecodeError):
        return None
    finally:
        buffers.clear()


def check_message(
    message: FormMessage, values: FormValues, *, keeps_key: bool = False
) -> FormError | None:
    """Return why a sign-in cannot be tried, or why a value must not be kept; None if all is well.

    A value that looks like a key is an error, because it would be saved with the notebook. With
    `keeps_key` the message needs no key.
    """
    if message.action == "connect":
        if message.secret is None:
            return FormError(string("key_lost"), string("key_lost.hint"), "secret")
        if not (message.secret or keeps_key):
            return FormError(string("no_key"), "", "secret")
    for field in ("region", "scope_text"):
        if _WITH_USER.search(getattr(values, field)):
            return FormError(string("user_in_url"), string("user_in_url.hint"), field)
    secret = message.secret or Secret("")
    for name, text in values._asdict().items():
        if _LIKE_A_KEY.search(_UUID.sub(" ", text)) or secret.hide_in(text) != text:
            field = name if name in ("region", "scope_text", "username") else "secret"
            return FormError(string("key_misplaced.kernel"), string("key_misplaced.hint"), field)
    return None


def hide_secret(error: WatsonxError, secret: Secret | None) -> WatsonxError:
    """Return an error without the secret, and without the frames that it passed."""
    hide = secret.hide_in if secret else str
    return type(error)(hide(error.message), hint=hide(error.hint))
