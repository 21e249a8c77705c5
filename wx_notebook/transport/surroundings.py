"""What the machine says of the way to a host: proxies, and the authorities to trust.

requests finds it out, from the names of the environment and on some systems from their settings,
and goes through the whole environment for it: a fifth of what a request costs. So what it found is
kept for as long as those names say the same.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import urlsplit

import requests

from wx_notebook.transport.connections import is_loopback

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
#: REQUEST_METHOD: with it, HTTP_PROXY may be what a client of a CGI script said
_NAMES = (*_PROXIES, *map(str.upper, _PROXIES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
          "REQUEST_METHOD")  # fmt: skip
#: There the proxies may be a matter of the system's settings, which change without a sign.
_HAS_SETTINGS = sys.platform in ("darwin", "win32")


class Surroundings:
    """The ways to the hosts of one transport.

    Parameters
    ----------
    ca_bundle
        Path of a PEM file with the authorities to trust, instead of requests' own choice.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._ca_bundle = ca_bundle
        self._kept: dict[str, tuple[tuple[str | None, ...], dict[str, Any]]] = {}

    def way_to(self, url: str, session: requests.Session) -> dict[str, Any]:
        """Return proxies, stream, verify and cert, as an adapter takes them."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        said = tuple(map(os.environ.get, _NAMES))
        kept = self._kept.get(origin)
        if kept is not None and kept[0] == said and not _HAS_SETTINGS:
            return kept[1]
        way = dict(session.merge_environment_settings(origin, {}, True, self._ca_bundle, None))
        if is_loopback(parts.hostname or ""):
            way["proxies"] = {}
        # an empty path of a bundle must not switch verification off
        way["verify"] = way["verify"] or True
        self._kept[origin] = said, way
        return way
