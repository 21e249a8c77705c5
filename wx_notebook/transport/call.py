"""One HTTP request as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from wx_notebook.transport.policy import FREE, RetryPolicy


class NoAuth(AuthBase):
    """Nothing is added. Its presence keeps requests from reading `.netrc`."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return r


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, complete but for the secret that `auth` adds while it is sent.

    `whole_s` is the time that somebody gave it, with all that is done for it, instead of the
    transport's own limit; it counts from `since`, by the transport's clock.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthBase = field(default_factory=NoAuth, repr=False)
    stream: bool = False
    policy: RetryPolicy = FREE
    whole_s: float | None = None
    since: float | None = None

    @property
    def host(self) -> str:
        """The host with its port, for messages."""
        return urlsplit(self.url).netloc
