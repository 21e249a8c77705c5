"""The address of an upstream, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_VERSIONED = re.compile(r".*/v[0-9][a-z0-9]*")
_WITHOUT_SCHEME = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/.*)?")
#: What people paste along with the base.
_ENDPOINTS = ("/chat/completions", "/completions", "/models", "/embeddings")
_EXAMPLE = "an upstream is given as http://127.0.0.1:11434"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream is.

    Attributes
    ----------
    host, port
        None is the scheme's own port.
    bases
        The paths at which its interface can lie, the likely one first.
    """

    is_https: bool
    host: str
    port: int | None
    bases: tuple[str, ...]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        netloc = host if self.port is None else f"{host}:{self.port}"
        base = self.bases[-1].removesuffix("/v1")
        return f"{'https' if self.is_https else 'http'}://{netloc}{base}"


def address(url: str) -> Address:
    """Return the address that `url` names: with or without `/v1`, and without a scheme http.

    Raises
    ------
    ValueError
        It names none, or holds a password, which does not belong there.
    """
    text = url.strip()
    if "://" not in text and _WITHOUT_SCHEME.fullmatch(text):
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        msg = f"that URL cannot be read; {_EXAMPLE}"
        raise ValueError(msg) from None
    if parts.username is not None or parts.password is not None or parts.query:
        # not quoted: what stands there may be a key
        msg = f"an upstream's URL holds no user, password or query; {_EXAMPLE}"
        raise ValueError(msg)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{url[:80]!r} is no URL of a server; {_EXAMPLE}"
        raise ValueError(msg)
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    bases = (path,) if _VERSIONED.fullmatch(path) else (f"{path}/v1", path)
    return Address(parts.scheme == "https", parts.hostname, port, bases)
