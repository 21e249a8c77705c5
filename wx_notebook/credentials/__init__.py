"""Who the user is to IBM: the secret, where it comes from, where it may go, and its token.

`Secret` is imported with the package, because a key is wrapped before anything else happens; the
others bring the HTTP library along and are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.credentials.secret import Secret, without_keys

if TYPE_CHECKING:
    from wx_notebook.credentials.checks import checked_id, checked_key
    from wx_notebook.credentials.given import KINDS, Given, TokenFunction, checked_kind
    from wx_notebook.credentials.hosts import Endpoints, endpoints, other_regions
    from wx_notebook.credentials.regions import REGIONS, Region
    from wx_notebook.credentials.renewal import TokenSource, steady_clock
    from wx_notebook.credentials.sources import find
    from wx_notebook.credentials.token import Token
    from wx_notebook.credentials.ways_in import WayIn, way_in

__all__ = [
    "KINDS",
    "REGIONS",
    "Endpoints",
    "Given",
    "Region",
    "Secret",
    "Token",
    "TokenFunction",
    "TokenSource",
    "WayIn",
    "checked_id",
    "checked_key",
    "checked_kind",
    "endpoints",
    "find",
    "other_regions",
    "steady_clock",
    "way_in",
    "without_keys",
]

_HOMES = {
    "checks": ("checked_id", "checked_key"),
    "given": ("KINDS", "Given", "TokenFunction", "checked_kind"),
    "hosts": ("Endpoints", "endpoints", "other_regions"),
    "regions": ("REGIONS", "Region"),
    "renewal": ("TokenSource", "steady_clock"),
    "sources": ("find",),
    "token": ("Token",),
    "ways_in": ("WayIn", "way_in"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name is
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"wx_notebook.credentials.{home}"), name)
    raise AttributeError(f"module 'wx_notebook.credentials' has no attribute '{name}'")
