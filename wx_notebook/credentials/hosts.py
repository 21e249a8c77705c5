"""Which hosts a credential may be sent to.

(a) the hosts of a region in IBM's table, (b) this machine, the only place for plain http, (c) a
cluster of somebody's own, by https, where it came together with the credential and with the word
that it is one. Everything else is refused before a socket opens: a URL in the environment, in a
notebook or in a form field can be somebody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult

from wx_notebook.credentials.given import checked_kind
from wx_notebook.credentials.regions import (
    DEFAULT_REGION,
    REGIONS,
    TOKEN_PATHS,
    Region,
    find_region,
    region_named,
    region_of_host,
    token_path,
)
from wx_notebook.credentials.urls import (
    ALLOWED,
    check_https,
    check_page,
    host_of,
    is_proper,
    near_host,
    origin,
    shown,
    split,
)
from wx_notebook.errors import BadOption, HostRefused
from wx_notebook.transport import is_loopback

#: Kinds of credential that are good at a host of somebody's own, and nowhere else.
CLUSTER_KINDS = ("software", "zen")
#: What stands for a region on this machine.
SANDBOX = "sandbox"
_SIGN_IN = {"iam": "IBM Cloud IAM", "mcsp": "the account IAM of AWS regions and GovCloud"}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The three bases of one connection, without a trailing slash, and what to call them.

    Attributes
    ----------
    place
        A region's id, "sandbox" for this machine, or the host of a cluster.
    kind
        Who signs people in there: one of `KINDS`.
    token_path
        Where below `iam_url` the credential becomes a token.
    """

    url: str
    iam_url: str
    platform_url: str
    place: str
    kind: str = "iam"
    token_path: str = TOKEN_PATHS["iam"]


def endpoints(
    *,
    region: str = "",
    url: str = "",
    iam_url: str = "",
    platform_url: str = "",
    kind: str = "",
    joined: bool = False,
) -> Endpoints:
    """Return where a credential given together with these texts may go.

    Parameters
    ----------
    region
        An id, a city or any URL of a region.
    url
        A base URL, or any URL of a region. Without it and `region` it is IBM Cloud's first region,
        `us-south`.
    iam_url, platform_url
        What differs from that region's, machine's or cluster's own.
    kind
        Who signs people in; "" where the region says it.
    joined
        Whether the texts came from another source than the credential.

    Raises
    ------
    UnknownRegion
        No such region, or a URL of IBM's without a region in it.
    BadOption
        No such kind, or not there.
    HostRefused
        The URL is neither IBM's, nor this machine's, nor that of a cluster which came together
        with its credential.
    """
    region, url, kind = region.strip(), url.strip(), checked_kind(kind)
    if not (region or url or kind in ("", "iam")):
        raise _without_place(kind)
    named = _from_text(region, kind, joined) if region else None
    found = _from_text(url, kind, joined) if url else named or _of(DEFAULT_REGION, kind)
    if named is not None and named.place != found.place:
        raise HostRefused(
            f"The URL belongs to {found.place}, the region given is {named.place}.",
            hint="Give only one of the two (in the environment: WATSONX_URL or WATSONX_REGION).",
        )
    if platform_url.strip():
        found = replace(found, platform_url=_platform(platform_url.strip(), found))
    return _with_iam(found, iam_url.strip()) if iam_url.strip() else found


def other_regions(here: Endpoints) -> tuple[Endpoints, ...]:
    """Return the other regions where the same credential works; none on this machine."""
    home = region_of_host(host_of(here.url))
    # what was led to a test stage, or in part to this machine, knows nobody elsewhere
    if (
        home is None
        or here.iam_url not in (home.iam_url, home.private_iam_url)
        or region_of_host(host_of(here.platform_url)) is None
    ):
        return ()
    return tuple(
        _of(region, "", private=here.url != home.url)
        for region in REGIONS
        if region is not home and region.iam_hosts == home.iam_hosts
    )


def _from_text(text: str, kind: str, joined: bool) -> Endpoints:
    text = text.strip("\"'` \t\r\n")
    if (region := find_region(text)) is not None:
        return _of(region, kind)
    if re.search(r"[./:@\\]", text) or is_loopback(text.lower()):
        return _from_url(text, kind, joined)
    return _of(region_named(text), kind)  # for its error, which has the nearest name


def _from_url(text: str, kind: str, joined: bool) -> Endpoints:
    parts = split(text)
    host = parts.hostname or ""
    if is_loopback(host):
        return _one_base(origin(parts), SANDBOX, kind or "iam")
    host = host.removesuffix(".")
    if region := region_of_host(host):
        check_https(parts, host)
        found = _of(region, kind, private=host.startswith("private."))
        other = region.other_private_url
        return replace(found, url=other) if other == f"https://{host}" else found
    check_page(host, text)
    if kind in CLUSTER_KINDS:
        return _cluster(parts, host, kind, joined)
    raise HostRefused(
        f"The host '{shown(host or text)}' is not one of IBM's, so no key is sent to it."
        f"{near_host(host)}",
        hint=f'{ALLOWED}; a cluster needs kind="software" with its URL.',
    )


def _of(region: Region, kind: str, *, private: bool = False) -> Endpoints:
    if kind not in ("", region.sign_in):
        raise BadOption(
            f"kind={kind!r} does not fit {region.title}, which signs in at "
            f"{_SIGN_IN[region.sign_in]}.",
            hint='Leave kind away: the region says it. With kind="software" give a cluster\'s URL.',
        )
    bases = (
        (region.private_url, region.private_iam_url, region.private_platform_url)
        if private
        else (region.url, region.iam_url, region.platform_url)
    )
    path = token_path(host_of(bases[1]), region.sign_in)
    return Endpoints(*bases, region.region_id, region.sign_in, path)


def _one_base(base: str, place: str, kind: str) -> Endpoints:
    return Endpoints(base, base, base, place, kind, TOKEN_PATHS[kind])


def _cluster(parts: SplitResult, host: str, kind: str, joined: bool) -> Endpoints:
    if joined:
        raise HostRefused(
            f"'{shown(host)}' is a host of somebody's own: nothing is sent there unless "
            "credential, URL and the word that it is a cluster come together.",
            hint='Give all three in one place: kind="software" in the call, '
            "WATSONX_AI_AUTH_TYPE=cp4d in the environment, or one profile.",
        )
    _check_own(parts, host)
    return _one_base(origin(parts), host, kind)


def _check_own(parts: SplitResult, host: str) -> None:
    if parts.scheme != "https" or not is_proper(host):
        raise HostRefused(
            f"'{parts.scheme}://{shown(host)}' is no address of a cluster: by https, and by name.",
            hint="Write it as https://cpd.example.com, with the name of the cluster's own route.",
        )


def _with_iam(found: Endpoints, text: str) -> Endpoints:
    # litellm takes the full token URL in the same variable; a path is not kept anyway
    parts = split(text)
    host = (parts.hostname or "").removesuffix(".")
    if _is_cluster(found):
        if host == host_of(found.url):
            _check_own(parts, host)
            return replace(found, iam_url=origin(parts))
    elif is_loopback(parts.hostname or ""):
        return replace(found, iam_url=origin(parts))
    elif host in _iam_hosts(found):
        check_https(parts, host)
        return replace(found, iam_url=f"https://{host}", token_path=token_path(host, found.kind))
    known = any(host in region.iam_hosts for region in REGIONS)
    why = f"not where {found.place} signs people in" if known else _not_a_host_of(found)
    raise HostRefused(
        f"The IAM host '{shown(host or text)}' is {why}, so no key is sent to it.",
        hint=f"Leave WATSONX_IAM_URL away, or set it to {found.iam_url}",
    )


def _platform(text: str, found: Endpoints) -> str:
    parts = split(text)
    host = (parts.hostname or "").removesuffix(".")
    region = region_of_host(host)
    if _is_cluster(found):
        if host == host_of(found.url):
            _check_own(parts, host)
            return origin(parts)
    elif is_loopback(parts.hostname or ""):
        return origin(parts)
    elif region is not None and region.iam_hosts <= _iam_hosts(found):
        check_https(parts, host)
        # whichever of a region's hosts it is, the console's for instance
        return _of(region, "", private=host.startswith("private.")).platform_url
    why = f"not one of {found.place}" if region is not None else _not_a_host_of(found)
    raise HostRefused(
        f"The platform host '{shown(host or text)}' is {why}, so no token is sent to it.",
        hint=f"Leave WATSONX_PLATFORM_URL away, or set it to {found.platform_url}",
    )


def _not_a_host_of(found: Endpoints) -> str:
    return "not the cluster's own" if _is_cluster(found) else "not one of IBM's"


def _is_cluster(found: Endpoints) -> bool:
    # by its host and not by its place: a cluster may be called "sandbox" or "us-south"
    return found.kind in CLUSTER_KINDS and not is_loopback(host_of(found.url))


def _iam_hosts(found: Endpoints) -> frozenset[str]:
    """Return IBM's hosts that may see this credential: of its region; here, of its kind."""
    home = region_of_host(host_of(found.url))
    alike = [home] if home else [region for region in REGIONS if region.sign_in == found.kind]
    return frozenset().union(*(region.iam_hosts for region in alike))


def _without_place(kind: str) -> BadOption:
    if kind in CLUSTER_KINDS:
        return BadOption(
            f"kind={kind!r} is for a cluster, and no URL of one was given.",
            hint='Give its URL, too: url="https://cpd.example.com" or WATSONX_URL.',
        )
    names = ", ".join(region.region_id for region in REGIONS if region.sign_in == kind)
    return BadOption(
        f"kind={kind!r} needs a region that signs in there.", hint=f"Give a region: {names}."
    )
