"""A session that is sent to another process or machine: it carries no secret.

What travels is where it goes and what it is billed to. Where it arrives it finds a credential of
its own, in the same places and the same order as `connect`; when there is none, its first use says
so.
(An error while it is being unpacked would be lost: a worker of `multiprocessing` ends by it.)
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from wx_notebook.credentials import Given, find
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.errors import HostRefused, NotConnected, WatsonxError

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session


@dataclass(frozen=True, slots=True)
class _Luggage:
    """Where a session went and what it was billed to; nothing that signs in."""

    profile: str
    url: str
    iam_url: str
    platform_url: str
    kind: str
    project_id: str
    space_id: str
    trusted_profile_id: str
    ca_bundle: str
    model: str
    model_is_chosen: bool


def packed(held: Session) -> tuple[object, ...]:
    """Return what pickle writes of a session."""
    luggage = _Luggage(
        profile=held.given.profile,
        url=held.endpoints.url,
        iam_url=held.endpoints.iam_url,
        platform_url=held.endpoints.platform_url,
        kind=held.endpoints.kind,
        project_id=held.scope.project_id,
        space_id=held.scope.space_id,
        trusted_profile_id=held.given.trusted_profile_id,
        ca_bundle=held.given.ca_bundle,
        model=held.given.model,
        model_is_chosen=held.given.model_is_chosen,
    )
    return _arrived, (asdict(luggage),)


def _arrived(luggage: dict[str, Any]) -> Session:
    sent = _Luggage(**luggage)
    try:
        return _made(_found_here(sent))
    except WatsonxError as problem:
        # kept as words: an exception would keep the frames that it passed
        why = problem.message.partition("\n")[0]
    return _made(_nobody(sent, why))


def _made(found: Given) -> Session:
    from wx_notebook.session import twin
    from wx_notebook.session.connection import Session
    from wx_notebook.transport import Transport

    transport = Transport(ca_bundle=found.ca_bundle or None)
    return Session(found, transport=transport, remember=twin.remember, meter=twin.METER)


def _found_here(sent: _Luggage) -> Given:
    """Return the credential that is found where the session has arrived, for the same hosts.

    Between IBM's regions it goes where the session went; a cluster's or a sandbox's is bound to the
    host that it was given with, and nothing else is sent there.
    """
    found = replace(
        _credential_here(sent),
        project_id=sent.project_id,
        space_id=sent.space_id,
        model=sent.model,
        model_is_chosen=sent.model_is_chosen,
    )
    own = found.endpoints()
    if _is_bound(own.url) or _is_bound(sent.url):
        if own.url != sent.url:
            raise HostRefused(
                f"the credential found here belongs to {own.place}, the session to {sent.url}"
            )
        return replace(found, kind=found.kind or sent.kind)
    return replace(
        found,
        url=sent.url,
        region="",
        iam_url=sent.iam_url,
        platform_url=sent.platform_url,
        trusted_profile_id=sent.trusted_profile_id or found.trusted_profile_id,
        # the hosts came with the session, not with the credential
        joined=True,
    )


def _credential_here(sent: _Luggage) -> Given:
    from wx_notebook.session import twin
    from wx_notebook.session.arguments import named_profile

    given = Given("where it was sent to", ca_bundle=sent.ca_bundle)
    if sent.profile:
        # without that profile whatever else is there will do
        with contextlib.suppress(WatsonxError):
            given = named_profile(sent.profile)
    return find(given, twin.environment())


def _is_bound(url: str) -> bool:
    return region_of_host(url.partition("://")[2]) is None


def _nobody(sent: _Luggage, why: str) -> Given:
    """Return a source that says at its first use that there is no credential here."""

    def refuse() -> NoReturn:
        raise NotConnected(
            f"This session was sent here without its credential, and none was found: "
            f"{why.removeprefix('not connected: ')}",
            hint="Set WATSONX_API_KEY where this runs, or make the session there: wx.connect(...).",
        )

    return Given(
        "nowhere",
        token=refuse,
        url=sent.url,
        iam_url=sent.iam_url,
        platform_url=sent.platform_url,
        kind=sent.kind,
        project_id=sent.project_id,
        space_id=sent.space_id,
        model=sent.model,
    )
