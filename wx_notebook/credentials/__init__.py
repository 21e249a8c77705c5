"""Who the user is to IBM: the secret, where it comes from, where it may go, and its token."""

from wx_notebook.credentials.hosts import Endpoints, endpoints
from wx_notebook.credentials.iam import Token, exchange
from wx_notebook.credentials.regions import REGIONS, Region
from wx_notebook.credentials.renewal import TokenSource, steady_clock
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sources import Given, checked_id, checked_key, find

__all__ = [
    "REGIONS",
    "Endpoints",
    "Given",
    "Region",
    "Secret",
    "Token",
    "TokenSource",
    "checked_id",
    "checked_key",
    "endpoints",
    "exchange",
    "find",
    "steady_clock",
]
