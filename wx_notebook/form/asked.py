"""One message of the browser: what it asks for, the key beside it, and what is wrong in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.form import Typed
from wx_notebook.form.steps import Trouble
from wx_notebook.form.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_notebook.errors import WatsonxError

#: An API key in the wrong field: nothing that belongs there has so many of these in a row.
_KEY_LIKE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])")
#: An address with a user or a password before its host.
_WITH_USER = re.compile(r"//[^/?#\s]*@|^[^/?#\s@]+:[^/?#\s]*@")
#: What a field beside the secret may hold at most.
_LONGEST = 500


class Asked:
    """What one view asks for; it can be taken back while it waits.

    Parameters
    ----------
    content
        Of the message; whatever it holds, nothing here raises.
    key
        What came beside it, None when no text arrived.
    """

    def __init__(self, content: Mapping[str, Any], key: Secret | None = None) -> None:
        self.content = content
        self.key = key
        self.act = str(content.get("act", ""))
        self.view = self.text("view")
        self.cancelled = False

    def text(self, name: str) -> str:
        """Return a text of it, without blanks around it."""
        value = self.content.get(name)
        return value.strip()[:_LONGEST] if isinstance(value, str) else ""

    def typed(self) -> Typed:
        """Return what stood in the fields beside the secret."""
        return Typed(*(self.text(name) for name in Typed._fields))


def taken(buffers: list[memoryview]) -> Secret | None:
    """Take the key out of a message's buffers; None when no text arrived.

    The text is bound to no name, so that no traceback of any mode can show it.
    """
    try:
        return Secret(bytes(buffers[0]).decode("utf-8-sig").strip())
    except (IndexError, UnicodeDecodeError):
        return None
    finally:
        buffers.clear()


def lacking(asked: Asked, typed: Typed) -> Trouble | None:
    """Say what keeps a sign-in from being tried, and what may not be kept."""
    if asked.act == "connect":
        if asked.key is None:
            return Trouble(word("key_lost"), word("key_lost.hint"), "secret")
        if not asked.key:
            return Trouble(word("no_key"), "", "secret")
    for field in ("where", "billed_to"):
        if _WITH_USER.search(getattr(typed, field)):
            return Trouble(word("user_here"), word("user_here.hint"), field)
    return _misplaced(typed, asked.key or Secret(""))


def without(problem: WatsonxError, key: Secret | None) -> WatsonxError:
    """Return an error without the key, and without the frames that it passed."""
    hide = key.hide_in if key else str
    return type(problem)(hide(problem.message), hint=hide(problem.hint))


def _misplaced(typed: Typed, key: Secret) -> Trouble | None:
    """Say so when a field holds a key: a trait with that text would be saved with the notebook."""
    for name, text in typed._asdict().items():
        if _KEY_LIKE.search(_without_ids(text)) or key.hide_in(text) != text:
            field = name if name in ("where", "billed_to", "username") else "secret"
            return Trouble(word("key_here.kernel"), word("key_here.hint"), field)
    return None


def _without_ids(text: str) -> str:
    """Return a text without ids, which in the address of a page can touch each other."""
    return re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", " ", text, flags=re.IGNORECASE)
