"""One HTTP request as a value: how long it may take, and when it is sent once more."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from wx_notebook.errors import BadOption

#: No answer of the service is that large; a larger body is an attack or a mistake.
LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds.

    `first_byte_s` counts until the first byte of the body, `idle_s` between two parts of it,
    `whole_s` from sending to the end; `is_given` says that the user set this last one.
    """

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    whole_s: float = 1800.0
    is_given: bool = False

    def with_whole(self, whole_s: float | None) -> Timeouts:
        """Return the limits of a request whose whole time the user set; None changes nothing.

        Where that time is long, an answer may begin late: one that is not streamed comes as a
        whole.
        """
        if whole_s is None:
            return self
        return replace(
            self, whole_s=whole_s, first_byte_s=max(self.first_byte_s, whole_s), is_given=True
        )

    def within(self, left_s: float, first_byte_s: float = math.inf) -> tuple[float, float]:
        """Return `connect_s` and `first_byte_s` for a request that has only `left_s` left."""
        # a socket takes no limit of 0: that would mean "do not wait at all"
        left_s = max(left_s, 0.001)
        return min(self.connect_s, left_s), min(self.first_byte_s, first_byte_s, left_s)


def format_seconds(number: float) -> str:
    """Return a number of seconds as a person writes it: "120 s", "0.2 s"."""
    return f"{round(number, 2) or float(f'{number:.1g}'):g} s"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a request is sent once more, and after which pause.

    A failure before a byte of the request was sent (no route, refused, connect time-out) is always
    safe to repeat. `statuses` are the responses that mean "not now". `after_sending` also repeats
    what may have reached the service, which only an unpaid request can afford. `first_byte_s` is a
    shorter limit than the transport's for requests that are answered at once or not at all.
    `final_words` in a response mean that no repetition changes it, whatever its status. `paid`
    requests cost money, perhaps also when no response to them came.
    """

    attempts: int = 5
    statuses: frozenset[int] = frozenset({429, 503})
    after_sending: bool = False
    first_pause_s: float = 0.5
    longest_pause_s: float = 8.0
    longest_retry_after_s: float = 60.0
    first_byte_s: float = math.inf
    # a plan's tokens of the month: recorded with 403, documented with 429 (`watsonx-api.md` §6.2)
    final_words: tuple[bytes, ...] = (b"token_quota_reached",)
    paid: bool = False

    def pause_s(self, attempt: int, retry_after: str | None = None) -> float | None:
        """Return the seconds before the attempt after `attempt`; None where there is no other one.

        A `Retry-After` in seconds wins over the doubling pause; one that is longer than a person
        waits ends the attempts.
        """
        if attempt >= self.attempts:
            return None
        # decimal ASCII digits: `isdigit` alone also takes "\N{SUPERSCRIPT TWO}", `float` does not
        if retry_after is not None and re.fullmatch(r"\s*[0-9]+\s*", retry_after):
            seconds = float(retry_after)
            return seconds if seconds <= self.longest_retry_after_s else None
        pause = min(self.first_pause_s * 2.0 ** (attempt - 1), self.longest_pause_s)
        return pause * random.uniform(1.0, 1.25)  # noqa: S311  # jitter, not cryptography


#: A prompt costs money: it is repeated only when it cannot have been served.
PAID = RetryPolicy(paid=True)
#: Whoever sends the rows of a table repeats them, and does something else meanwhile.
PAID_ONCE = RetryPolicy(attempts=1, paid=True)
#: Tokens and lists cost nothing. All attempts together end before a token does that is renewed
#: early: IAM may hang.
FREE = RetryPolicy(
    attempts=3,
    statuses=frozenset({429, 500, 502, 503, 504}),
    after_sending=True,
    longest_pause_s=2,
    first_byte_s=30,
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why the next attempt has to wait, for a progress line."""

    reason: str
    pause_s: float
    attempt: int
    attempts: int

    def __str__(self) -> str:
        return (
            f"{self.reason}; attempt {self.attempt + 1} of {self.attempts} in {self.pause_s:.1f} s"
        )


OnWait: TypeAlias = Callable[[Wait], None]


class Gate(Protocol):
    """Says when an attempt may be sent, and learns what became of it."""

    def enter(self, check: Callable[[], None]) -> float:
        """Wait until it may be sent, and return the seconds; `check` raises when it may not."""

    def leave(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the head of the response; `status` is 0 where none came."""


class NoAuth(AuthBase):
    """Adds nothing. Its presence keeps requests from reading `.netrc`."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return r


class SignIn(AuthBase):
    """Adds what is exchanged for an access token: such a request is never recorded."""

    #: whether it asks this machine's own Jupyter server, and not a service
    is_local = False


_NO_AUTH = NoAuth()


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request, complete but for the secret that `auth` adds while it is sent.

    `whole_s` is the time that the user gave it, with all that is done for it, instead of the
    transport's own limit; it counts from `since`, by the transport's clock. The time that `gate`
    waits does not count. `data` is a body that is no JSON; a reply of more bytes than
    `largest_reply` is refused.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None
    largest_reply: int = LARGEST_BODY
    auth: AuthBase = field(default=_NO_AUTH, repr=False)
    stream: bool = False
    policy: RetryPolicy = FREE
    whole_s: float | None = None
    since: float | None = None
    gate: Gate | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The host with its port, for messages."""
        return urlsplit(self.url).netloc


def encode_body(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON.

    Raises
    ------
    BadOption
        It holds what JSON cannot.
    """
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise BadOption(
        f"The request holds something that cannot be written as JSON: {reason}",
        hint="Send texts and numbers. The text of an Answer is answer.text.",
    )
