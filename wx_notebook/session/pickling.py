"""A session that is sent to another process or machine: its pickle carries no secret.

The pickle says where the session is connected to and what it is billed to. Where it arrives, a
credential is found in the same places and the same order as for `connect`; when there is none, the
first use of the session says so. (An error during unpickling would be lost: a worker of
`multiprocessing` ends by it.)
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any, NoReturn

from wx_notebook.credentials.connection_params import CONNECTION_FIELDS, ConnectionParams
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.profiles import from_profile
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.errors import HostRefused, NotConnected, WatsonxError
from wx_notebook.session.process import environment
from wx_notebook.session.state import STRANDED, SessionState

#: What a pickled session carries, by the table of connection fields; nothing that signs in.
_PICKLED = {name for name, row in CONNECTION_FIELDS.items() if row.is_pickled}
#: Those that it takes from its endpoints, where a region has become URLs.
_ENDPOINT_FIELDS = {"url", "iam_url", "platform_url", "kind"}


def pickled_state(state: SessionState) -> dict[str, Any]:
    """Return what pickle writes of a session, by name."""
    values = {name: getattr(state.params, name) for name in _PICKLED}
    values |= {name: getattr(state.endpoints, name) for name in _ENDPOINT_FIELDS}
    values |= {name: getattr(state.scope, name) for name in ("project_id", "space_id")}
    return values


def params_on_arrival(pickled: dict[str, Any]) -> ConnectionParams:
    """Return the parameters of a session that arrives here, with a credential that is found here.

    Without one they hold a token function that raises `NotConnected`.
    """
    sent = ConnectionParams("where it was sent from", **pickled)
    try:
        return _params_found_here(sent)
    except WatsonxError as error:
        # kept as text: an exception would keep the frames that it passed
        reason = error.message.partition("\n")[0]
    return _params_without_credential(sent, reason)


def _params_found_here(sent: ConnectionParams) -> ConnectionParams:
    """Return the credential that is found here, for the hosts of the session.

    Between IBM's regions it goes where the session went. The credential of a cluster or a sandbox
    is bound to the host that it was given with, and is sent nowhere else.
    """
    params = replace(
        _credential_found_here(sent),
        project_id=sent.project_id,
        space_id=sent.space_id,
        model=sent.model,
        model_is_chosen=sent.model_is_chosen,
    )
    own = endpoints_of(params)
    if _is_bound(own.url) or _is_bound(sent.url):
        if own.url != sent.url:
            raise HostRefused(
                f"the credential found here ({params.source}) belongs to {own.place}, the session "
                f"to {sent.url}"
            )
        return replace(params, kind=params.kind or sent.kind)
    return replace(
        params,
        url=sent.url,
        region="",
        iam_url=sent.iam_url,
        platform_url=sent.platform_url,
        trusted_profile_id=sent.trusted_profile_id or params.trusted_profile_id,
        # the hosts came with the session, not with the credential
        mixed_sources=True,
    )


def _credential_found_here(sent: ConnectionParams) -> ConnectionParams:
    params = ConnectionParams("where it was sent to", ca_bundle=sent.ca_bundle)
    if sent.profile:
        # where that profile is missing, any other credential will do
        with contextlib.suppress(WatsonxError):
            params = from_profile(sent.profile)
    return find_credentials(params, environment())


def _is_bound(url: str) -> bool:
    return region_of_host(url.partition("://")[2]) is None


def _params_without_credential(sent: ConnectionParams, reason: str) -> ConnectionParams:
    why = reason.removeprefix("not connected: ")
    what = (
        f"session was sent here without its credential, and none was found here that fits it: {why}"
    )

    def refuse() -> NoReturn:
        raise NotConnected(
            f"This {what}",
            hint="Set WATSONX_API_KEY where this runs, or make the session there: wx.connect(...).",
        )

    return ConnectionParams(
        STRANDED,
        token=refuse,
        url=sent.url,
        iam_url=sent.iam_url,
        platform_url=sent.platform_url,
        kind=sent.kind,
        project_id=sent.project_id,
        space_id=sent.space_id,
        model=sent.model,
        notes=(f"this {what}",),
    )
