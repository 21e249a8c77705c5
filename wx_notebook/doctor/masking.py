"""What of a text may be shown, and pasted into an issue: no secret, and nobody's name in a path."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import PLACEHOLDER, keys_hidden

#: Whose values are secrets, whoever's they are; ours are among them.
_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|CREDENTIALS?)$")
#: A shell's working directories.
_FOLDERS = ("PWD", "OLDPWD")
_PROXY_NAME = re.compile(r"_PROXY$", re.IGNORECASE)
#: What stands before the host of a URL: a user, a password, or a key in the wrong place.
_USER_OF_URL = re.compile(r"(?<=://)[^\s/@]*@")
_NO_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_LONGEST = 600
#: Users who are nobody in particular, and whose names are words of paths.
_NOBODY = {"root", "user", "python", "jupyter", "jovyan", "lib", "bin", "home", "opt", "usr", "var"}


class Mask:
    """Makes a text fit to be shown. It knows the secrets around it, and those that it is given.

    Parameters
    ----------
    environ
        The environment: what is secret in it stands in no text.
    home
        The user's home folder, which is shown as "~".
    """

    def __init__(self, environ: Mapping[str, str], *, home: str = "") -> None:
        self._secrets = [
            Secret(environ[name])
            for name in environ
            if _SECRET_NAME.search(name.upper()) and name not in _FOLDERS
        ]
        for name in environ:
            if _PROXY_NAME.search(name):
                self._secrets += _passwords_of(environ[name])
        self._redactions: list[Callable[[str], str]] = []
        self._words: list[str] = []
        self._homes = _homes(home or os.path.expanduser("~"))  # noqa: PTH111  # as it is written
        self._users = _users(environ, self._homes)

    def hide(self, secret: Secret | None) -> None:
        """Blank this secret from now on."""
        if secret is not None:
            self._secrets.append(secret)

    def hide_word(self, word: str) -> None:
        """Blank a user's name, which is no secret and nobody's business."""
        if word:
            self._words.append(word)

    def also(self, redact: Callable[[str], str]) -> None:
        """Let a transport redact as well: it knows the tokens that passed it."""
        self._redactions.append(redact)

    def __call__(self, text: str) -> str:
        """Return a text in one line, without secrets, users and home folder."""
        text = _NO_CHARACTER.sub(" ", text)
        for secret in self._secrets:
            text = secret.hide_in(text)
        for redact in self._redactions:
            text = redact(text)
        text = _USER_OF_URL.sub(f"{PLACEHOLDER}@", text)
        for word in self._words:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "<user>", text)
        for home in self._homes:
            text = re.sub(rf"(?<![\w.-]){re.escape(home)}(?![\w.-])", "~", text)
        for user in self._users:
            # in a folder's name alone: elsewhere it may be a word like any other
            text = re.sub(
                rf"(?<![A-Za-z0-9]){re.escape(user)}(?![A-Za-z0-9])(?=[^\s/\\]*[/\\])",
                "<user>",
                text,
            )
        return _shortened(" ".join(keys_hidden(text).split()))


def _passwords_of(proxy: str) -> list[Secret]:
    """Return the user's part of a proxy's address, as it is written and as it is meant."""
    before, at, _ = proxy.rpartition("@")
    if not at:
        return []
    whole = Secret(before.rpartition("://")[2])
    password = Secret(whole.reveal().partition(":")[2])
    return [whole, password, Secret(unquote(password.reveal()))]


def _homes(home: str) -> list[str]:
    found = {home.rstrip("/\\"), os.path.realpath(home)}
    return sorted((path for path in found if len(path) > 1), key=len, reverse=True)


def _users(environ: Mapping[str, str], homes: list[str]) -> list[str]:
    # by name and by folder; a look into a directory of users could hang
    names = {environ.get(name, "").strip() for name in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    names |= {re.split(r"[/\\]", home)[-1] for home in homes}
    return sorted(n for n in names if len(n) > 2 and n.lower() not in _NOBODY)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: max(text.rfind(' ', 0, _LONGEST), 1)]} ..."


def shown_address(url: str) -> str:
    """Return scheme, host and port of an address, "" where these cannot be told apart.

    A password with a "/" or "#" in it would pass for a part of the host or the path.
    """
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    if not re.fullmatch(r"[\w.:-]+", host) or "@" in rest:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
