"""Checks: which credential there is, and whether it becomes a token.

The rooms below are imported where they are used: a library that cannot be imported is a finding.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from wx_notebook.doctor.verdicts import Finding, failed, ok, skipped
from wx_notebook.errors import NotConnected

if TYPE_CHECKING:
    from wx_notebook.credentials import Given, Token
    from wx_notebook.doctor.case import Case

_PROFILE = "profile "


def credential(case: Case) -> Finding:
    """Find what signs in, or would, and where it leads. Nothing is sent."""
    given, finding = _found(case)
    for secret in (given.api_key, given.token, given.password):
        case.mask.hide(secret if not callable(secret) else None)
    case.mask.hide_word(given.username)
    case.given = given
    case.endpoints = given.endpoints()
    from wx_notebook.doctor.listening import ListeningTransport

    case.transport = ListeningTransport(
        ca_bundle=given.ca_bundle or None, wall_clock=case.wall_clock
    )
    case.mask.also(case.transport.redact)
    if finding is not None:
        return finding
    from wx_notebook.session.connection import Session
    from wx_notebook.session.standing import details

    others = case.held.others if case.held is not None else None
    case.session = Session(given, transport=case.transport, today=case.today, others=others)
    told = ". ".join((*details(case.session), *given.notes))
    return Finding("warning", told, "Look at what is named there") if given.notes else ok(told)


def _found(case: Case) -> tuple[Given, Finding | None]:
    """Return the source, and what there is to say where its credential is not at hand."""
    from wx_notebook.credentials import Given, find
    from wx_notebook.credentials.profiles import from_profile
    from wx_notebook.session.places import place_of_the_next_prompt

    if case.profile:
        case.held = None
        return from_profile(case.profile), None
    if case.held is not None and case.held.credential is not None:
        return case.held.given, None
    case.held = None
    nobody: NotConnected | None = None
    try:
        found = find(Given("arguments"), case.environ, only_names=True)
    except NotConnected as problem:
        nobody = problem
    if nobody is None and found.has_credential:
        return found, None
    where = Given("nothing")
    with contextlib.suppress(NotConnected):
        # as far as anything says where: the network can be looked at without a key
        where = place_of_the_next_prompt(case.environ)
    if nobody is not None:
        told = failed(nobody)
        elsewhere = f"{told.found} A sign-in of another kernel cannot be seen from here."
        return where, Finding("warning", elsewhere, told.repair)
    name = found.source.removeprefix(_PROFILE)
    unread = f"the next prompt connects with the {found.source}; its key was left in the keyring"
    return where, Finding("ok", unread, f"`{case.command} {name}` reads it and tries it")


def iam(case: Case) -> Finding:
    """Exchange the credential for a new token; the one in use stays."""
    from wx_notebook.credentials.token import NO_END_S
    from wx_notebook.session.connection import Session

    assert case.endpoints is not None and case.transport is not None  # noqa: PT018, S101
    if case.session is None:
        return _only_there(case)
    way = case.session.credential
    assert way is not None  # noqa: S101  # the doctor's own session is open
    token = way.fetch()
    case.signed_in = Session(
        case.given, transport=case.transport, today=case.today, others=case.session.others,
        token=token,
    )  # fmt: skip
    if token.lifetime_s >= NO_END_S:
        return ok("no token to get: the key goes with each request")
    if way.renewable:
        return ok(f"{case.endpoints.iam_url} gave a token for {token.lifetime_s / 60:.0f} min")
    return _of_a_token(token, case.wall_clock())


def _of_a_token(token: Token, now: float) -> Finding:
    """Say how long a token that was brought is good, by its own word and this machine's clock."""
    from wx_notebook.credentials.bearer import GO_ON
    from wx_notebook.credentials.token import claims_of, seconds_of
    from wx_notebook.session.standing import ENDING_S

    ends = seconds_of(claims_of(token.value).get("exp"))
    if ends is None:
        return ok("the token that was given does not say how long it is good")
    left_s = ends - now
    if left_s <= 0:
        told = f"the token that was given says that it ended {-left_s / 60:.0f} min ago"
        return Finding("warning", f"{told}; the project's check tells whether it is taken", GO_ON)
    told = f"the token that was given is good for {left_s / 60:.0f} min, as it says itself"
    return Finding("warning", told, GO_ON) if left_s < ENDING_S else ok(told)


def _only_there(case: Case) -> Finding:
    """Say whether the service that signs people in can be reached; no key is sent."""
    from wx_notebook.transport import Call

    assert case.endpoints is not None and case.transport is not None  # noqa: PT018, S101
    to = case.endpoints
    # refused, as every GET there; that it is refused by this service is what is wanted
    reply = case.transport.open(Call("GET", to.iam_url + to.token_path))
    reply.close()
    return skipped(f"{to.iam_url} answers (HTTP {reply.status}); no key was sent to it")
