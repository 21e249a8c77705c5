"""The settings of a sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wx_notebook.sandbox.http.routes import ServerKind
from wx_notebook.sandbox.iam.account import Account
from wx_notebook.sandbox.upstream.client import UPSTREAM_TIMEOUT_S


class AccountHolder(Protocol):
    """A sandbox, as another region of its account sees it."""

    @property
    def kind(self) -> ServerKind:
        """Who signs users in."""

    @property
    def account(self) -> Account:
        """The account, which both share."""


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """The settings of a sandbox; `Sandbox` takes the same as keywords.

    Parameters
    ----------
    port
        0 lets the system choose.
    token_lifetime_s
        Seconds for which an access token is valid.
    words_per_second
        Pace of every answer, streamed or whole. None is no delay; `Sandbox.HUMAN_PACE` can be read
        along.
    faults
        Names of `FAULTS`, each alone or as `NAME=PROBABILITY`, on until `clear_faults()`.
    requests_per_second
        Prompts above this rate are answered 429; with None there is no limit.
    batch_seconds
        How long a batch job takes; with 0 it is completed as soon as it is made.
    account
        Another sandbox, whose user, keys and tokens are valid here, too: this one is another region
        of the same account, with its own projects and spaces. A key or token that one of them
        disables, replaces or revokes is so at all.
    kind
        Who signs users in: IBM Cloud IAM (`cloud`), the account IAM of AWS regions and GovCloud
        (`mcsp`), or a cluster of watsonx.ai software (`software`). The sandbox does not have the
        paths of the others. None is the kind of `account`, or else `cloud`.
    clock, wall_clock
        Seconds that never go backwards, for the life of tokens, the rate, and the age of an
        upstream's list of models; epoch seconds, for the dates that the service writes.
    date_offset_s
        Seconds by which the `Date` header and the times in a token are off. To a client this looks
        as if its own clock were wrong.
    tls
        Speak https, with a certificate made at the start; clients must trust `Sandbox.ca_file`.
    upstream, upstream_patience_s
        Base URL of a server that speaks OpenAI's protocol and answers prompts at its own pace, and
        how long it may be silent. Its key, if it needs one, comes from the environment variable
        `WX_NOTEBOOK_UPSTREAM_KEY`.
    model_map
        Names of watsonx.ai, each with the upstream's model that answers for it, or several. Names
        that it does not have are looked up in the sandbox's own table.
    """

    port: int = 0
    token_lifetime_s: float = 3600
    words_per_second: float | None = None
    faults: Sequence[str] = ()
    requests_per_second: int | None = None
    batch_seconds: float = 2.0
    account: AccountHolder | None = None
    kind: ServerKind | None = None
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    date_offset_s: float = 0
    tls: bool = False
    upstream: str | None = None
    model_map: Mapping[str, str | Sequence[str]] | None = None
    upstream_patience_s: float = UPSTREAM_TIMEOUT_S
