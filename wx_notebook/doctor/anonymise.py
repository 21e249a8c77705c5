"""Make a text fit to be shown, and to be pasted into an issue: no secrets and no user names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import SECRET_MASK, mask_all_keys

#: Variables whose values are secrets of any program; the secret variables of this package match.
_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|CREDENTIALS?)$")
#: A shell's working directories.
_FOLDER_VARIABLES = ("PWD", "OLDPWD")
_PROXY_NAME = re.compile(r"_PROXY$", re.IGNORECASE)
#: The part of a URL before its host: a user, a password, or a misplaced key.
_USERINFO = re.compile(r"(?<=://)[^\s/@]*@")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_MAX_LENGTH = 600
#: User names of no particular person, which are also words in paths.
_GENERIC_USERS = {
    "root", "user", "python", "jupyter", "jovyan", "lib", "bin", "home", "opt", "usr", "var",
}  # fmt: skip


class Anonymiser:
    """Removes secrets and personal names from texts: those of the environment, and those added.

    Parameters
    ----------
    environ
        The environment; its secrets are removed.
    home
        The user's home folder, which becomes "~".
    """

    def __init__(self, environ: Mapping[str, str], *, home: str = "") -> None:
        self._secrets = [
            Secret(environ[name])
            for name in environ
            if _SECRET_NAME.search(name.upper()) and name not in _FOLDER_VARIABLES
        ]
        for name in environ:
            if _PROXY_NAME.search(name):
                self._secrets += _proxy_passwords(environ[name])
        self._filters: list[Callable[[str], str]] = []
        self._usernames: list[str] = []
        self._homes = _home_paths(home or os.path.expanduser("~"))  # noqa: PTH111  # as it is written
        self._users = _user_names(environ, self._homes)

    def add_secret(self, secret: Secret | None) -> None:
        """Remove this secret from now on."""
        if secret is not None:
            self._secrets.append(secret)

    def add_username(self, name: str) -> None:
        """Remove the user name of a sign-in, which is no secret but personal."""
        if name:
            self._usernames.append(name)

    def add_filter(self, redact: Callable[[str], str]) -> None:
        """Apply this function as well: a transport knows the tokens that passed it."""
        self._filters.append(redact)

    def __call__(self, text: str) -> str:
        """Return a text on one line, without secrets, user names and home folder."""
        text = _INVISIBLE.sub(" ", text)
        for secret in self._secrets:
            text = secret.hide_in(text)
        for redact in self._filters:
            text = redact(text)
        text = _USERINFO.sub(f"{SECRET_MASK}@", text)
        for name in self._usernames:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<user>", text)
        for home in self._homes:
            text = re.sub(rf"(?<![\w.-]){re.escape(home)}(?![\w.-])", "~", text)
        for user in self._users:
            # only in the name of a folder: elsewhere it may be an ordinary word
            text = re.sub(
                rf"(?<![A-Za-z0-9]){re.escape(user)}(?![A-Za-z0-9])(?=[^\s/\\]*[/\\])",
                "<user>",
                text,
            )
        return _shorten(" ".join(mask_all_keys(text).split()))


def _proxy_passwords(proxy: str) -> list[Secret]:
    """Return the user's part of a proxy's address, with and without its % escapes."""
    before, at, _ = proxy.rpartition("@")
    if not at:
        return []
    whole = Secret(before.rpartition("://")[2])
    password = Secret(whole.reveal().partition(":")[2])
    return [whole, password, Secret(unquote(password.reveal()))]


def _home_paths(home: str) -> list[str]:
    paths = {home.rstrip("/\\"), os.path.realpath(home)}
    return sorted((path for path in paths if len(path) > 1), key=len, reverse=True)


def _user_names(environ: Mapping[str, str], homes: list[str]) -> list[str]:
    # from variables and folders only: a look-up in a directory service could hang
    names = {environ.get(name, "").strip() for name in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    names |= {re.split(r"[/\\]", home)[-1] for home in homes}
    return sorted(n for n in names if len(n) > 2 and n.lower() not in _GENERIC_USERS)


def _shorten(text: str) -> str:
    if len(text) <= _MAX_LENGTH:
        return text
    return f"{text[: max(text.rfind(' ', 0, _MAX_LENGTH), 1)]} ..."


def url_origin(url: str) -> str:
    """Return scheme, host and port of an address, "" if they can't be told apart.

    A password that contains "/" or "#" would pass for a part of the host or the path.
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
