"""The hosts that a credential may be sent to.

There are three: (a) the hosts of a region in IBM's table; (b) this machine, the only place for
plain http; (c) a self-managed cluster, over https, if its URL came together with the credential and
with the word that it is a cluster. Every other host is refused before a socket opens: a URL in the
environment, in a notebook or in a form can come from somebody else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult

from wx_notebook.credentials.connection_params import ConnectionParams, is_replay, validate_kind
from wx_notebook.credentials.regions import (
    DEFAULT_REGION,
    REGIONS,
    TOKEN_PATHS,
    Region,
    find_region,
    region_by_name,
    region_of_host,
    token_path,
)
from wx_notebook.credentials.urls import (
    ALLOWED_HOSTS,
    check_https,
    check_ibm_page,
    host_of,
    is_of_ibm,
    is_valid_host,
    origin,
    quote_url,
    split_url,
    suggest_host,
)
from wx_notebook.errors import BadOption, HostRefused
from wx_notebook.transport import is_loopback

#: Kinds of credential that are valid at a self-managed cluster only.
CLUSTER_KINDS = ("software", "zen")
#: The name of the place where this machine stands for a region.
SANDBOX = "sandbox"
_SIGN_IN = {"iam": "IBM Cloud IAM", "mcsp": "the account IAM of AWS regions and GovCloud"}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The three base URLs of one connection, without a trailing slash.

    Attributes
    ----------
    place
        The ID of a region, "sandbox" for this machine, or the host of a cluster.
    kind
        How users sign in there: one of `KINDS`.
    token_path
        The path below `iam_url` at which the credential becomes a token.
    """

    url: str
    iam_url: str
    platform_url: str
    place: str
    kind: str = "iam"
    token_path: str = TOKEN_PATHS["iam"]


def endpoints_of(params: ConnectionParams) -> Endpoints:
    """Return where the credential of a source may be sent; raises as `endpoints`."""
    found = endpoints(
        region=params.region,
        url=params.url,
        iam_url=params.iam_url,
        platform_url=params.platform_url,
        kind=params.kind,
        mixed_sources=params.mixed_sources,
    )
    # nothing is sent to a region in a replay: what is shown names the file
    return replace(found, place=params.source) if is_replay(params.source) else found


def endpoints(
    *,
    region: str = "",
    url: str = "",
    iam_url: str = "",
    platform_url: str = "",
    kind: str = "",
    mixed_sources: bool = False,
) -> Endpoints:
    """Return where a credential that was given with these texts may be sent.

    Parameters
    ----------
    region
        The ID or city of a region, or any of its URLs.
    url
        A base URL, or any URL of a region. Without `url` and `region`, the region is `us-south`.
    iam_url, platform_url
        What differs from the region's, the machine's or the cluster's own.
    kind
        One of `KINDS`, or "" if the region decides.
    mixed_sources
        Whether the texts came from another source than the credential.

    Raises
    ------
    UnknownRegion
        There is no such region, or the URL of IBM names no region.
    BadOption
        There is no such kind, or it does not fit the region.
    HostRefused
        The host is not IBM's, not this machine, and not that of a cluster given with its key.
    """
    region, url, kind = region.strip(), url.strip(), validate_kind(kind)
    if not (region or url or kind in ("", "iam")):
        raise _missing_host(kind)
    by_region = _from_text(region, kind, mixed_sources) if region else None
    if url:
        result = _from_text(url, kind, mixed_sources)
    else:
        result = by_region or _of_region(DEFAULT_REGION, kind)
    if by_region is not None and by_region.place != result.place:
        raise HostRefused(
            f"The URL belongs to {quote_url(result.place)}, but the region is "
            f"{quote_url(by_region.place)}.",
            hint="Give only one of them (in the environment: WATSONX_URL or WATSONX_REGION).",
        )
    if platform_url.strip():
        result = replace(result, platform_url=_platform_url(platform_url.strip(), result))
    return _with_iam(result, iam_url.strip()) if iam_url.strip() else result


def other_regions(home: Endpoints) -> tuple[Endpoints, ...]:
    """Return the other regions where the same credential works; none for this machine."""
    region = region_of_host(host_of(home.url))
    # a connection to IBM's test stage, or partly to this machine, has no other regions
    if (
        region is None
        or home.iam_url not in (region.iam_url, region.private_iam_url)
        or region_of_host(host_of(home.platform_url)) is None
    ):
        return ()
    return tuple(
        _of_region(other, "", private=home.url != region.url)
        for other in REGIONS
        if other is not region and other.iam_hosts == region.iam_hosts
    )


def _from_text(text: str, kind: str, mixed_sources: bool) -> Endpoints:
    text = text.strip("\"'` \t\r\n")
    if (region := find_region(text)) is not None:
        return _of_region(region, kind)
    if re.search(r"[./:@\\]", text) or is_loopback(text.lower()):
        return _from_url(text, kind, mixed_sources)
    return _of_region(region_by_name(text), kind)  # for its error, which has the nearest name


def _from_url(text: str, kind: str, mixed_sources: bool) -> Endpoints:
    parts = split_url(text)
    host = parts.hostname or ""
    if is_loopback(host):
        return _one_base(origin(parts), SANDBOX, kind or "iam")
    host = host.removesuffix(".")
    if region := region_of_host(host):
        check_https(parts, host)
        result = _of_region(region, kind, private=host.startswith("private."))
        other = region.other_private_url
        return replace(result, url=other) if other == f"https://{host}" else result
    check_ibm_page(host, text)
    if kind in CLUSTER_KINDS:
        return _of_cluster(parts, host, kind, mixed_sources)
    kind_of_host = "not a host of watsonx.ai" if is_of_ibm(host) else "not an IBM host"
    raise HostRefused(
        f"'{quote_url(host or text)}' is {kind_of_host}, so no key is sent to it."
        f"{suggest_host(host)}",
        hint=f'{ALLOWED_HOSTS}. For your own cluster, give kind="software" with its URL.',
    )


def _of_region(region: Region, kind: str, *, private: bool = False) -> Endpoints:
    if kind not in ("", region.sign_in):
        raise BadOption(
            f"kind={kind!r} does not fit {region.title}, where users sign in at "
            f"{_SIGN_IN[region.sign_in]}.",
            hint='Leave kind out: the region decides. With kind="software", give the URL of your '
            "cluster.",
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


def _of_cluster(parts: SplitResult, host: str, kind: str, mixed_sources: bool) -> Endpoints:
    if mixed_sources:
        raise HostRefused(
            f"'{quote_url(host)}' is not an IBM host. To use your own cluster, give the key, the "
            'URL and kind="software" together.',
            hint='Together means in one call (kind="software"), all in the environment '
            "(WATSONX_AI_AUTH_TYPE=cp4d), or in one profile.",
        )
    _check_cluster_url(parts, host)
    return _one_base(origin(parts), host, kind)


def _check_cluster_url(parts: SplitResult, host: str) -> None:
    if parts.scheme != "https" or not is_valid_host(host):
        raise HostRefused(
            f"'{parts.scheme}://{quote_url(host)}' can't be the URL of a cluster: it needs https "
            "and a host name.",
            hint="Write it as https://cpd.example.com, with the host name of the cluster's route.",
        )


def _with_iam(endpoints: Endpoints, text: str) -> Endpoints:
    # litellm takes the full token URL in the same variable; only its host is used
    parts = split_url(text)
    host = (parts.hostname or "").removesuffix(".")
    if _is_cluster(endpoints):
        if host == host_of(endpoints.url):
            _check_cluster_url(parts, host)
            return replace(endpoints, iam_url=origin(parts))
    elif is_loopback(parts.hostname or ""):
        return replace(endpoints, iam_url=origin(parts))
    elif host in _allowed_iam_hosts(endpoints):
        check_https(parts, host)
        path = token_path(host, endpoints.kind)
        return replace(endpoints, iam_url=f"https://{host}", token_path=path)
    if any(host in region.iam_hosts for region in REGIONS):
        reason = f"not the sign-in of {endpoints.place}"
    else:
        reason = _not_a_host_of(endpoints)
    raise HostRefused(
        f"The IAM host '{quote_url(host or text)}' is {reason}, so no key is sent to it.",
        hint=f"Leave WATSONX_IAM_URL unset, or set it to {endpoints.iam_url}",
    )


def _platform_url(text: str, endpoints: Endpoints) -> str:
    parts = split_url(text)
    host = (parts.hostname or "").removesuffix(".")
    region = region_of_host(host)
    if _is_cluster(endpoints):
        if host == host_of(endpoints.url):
            _check_cluster_url(parts, host)
            return origin(parts)
    elif is_loopback(parts.hostname or ""):
        return origin(parts)
    elif region is not None and region.iam_hosts <= _allowed_iam_hosts(endpoints):
        check_https(parts, host)
        # any host of the region will do, for example that of the console
        return _of_region(region, "", private=host.startswith("private.")).platform_url
    reason = f"not one of {endpoints.place}" if region else _not_a_host_of(endpoints)
    raise HostRefused(
        f"The platform host '{quote_url(host or text)}' is {reason}, so no token is sent to it.",
        hint=f"Leave WATSONX_PLATFORM_URL unset, or set it to {endpoints.platform_url}",
    )


def _not_a_host_of(endpoints: Endpoints) -> str:
    return "not the cluster's own host" if _is_cluster(endpoints) else "not an IBM host"


def _is_cluster(endpoints: Endpoints) -> bool:
    # by its host and not by its place: a cluster may be named "sandbox" or "us-south"
    return endpoints.kind in CLUSTER_KINDS and not is_loopback(host_of(endpoints.url))


def _allowed_iam_hosts(endpoints: Endpoints) -> frozenset[str]:
    """Return the IBM hosts that may get this credential: those of its region, or of its kind."""
    home = region_of_host(host_of(endpoints.url))
    alike = [home] if home else [region for region in REGIONS if region.sign_in == endpoints.kind]
    return frozenset().union(*(region.iam_hosts for region in alike))


def _missing_host(kind: str) -> BadOption:
    if kind in CLUSTER_KINDS:
        return BadOption(
            f"kind={kind!r} needs the URL of a cluster. No URL was given.",
            hint='Give the URL, too: url="https://cpd.example.com" or WATSONX_URL.',
        )
    names = ", ".join(region.region_id for region in REGIONS if region.sign_in == kind)
    return BadOption(f"kind={kind!r} needs a region of that kind.", hint=f"Give a region: {names}.")
