"""A base URL as somebody typed it, taken apart so that every library would read the same host."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from wx_notebook.credentials.regions import (
    REGIONS,
    SOME_REGIONS,
    has_gap,
    near_region,
    region_named,
    region_within,
    unfilled,
)
from wx_notebook.credentials.secret import without_keys
from wx_notebook.errors import HostRefused, UnknownRegion, near
from wx_notebook.transport import is_loopback, one_line

ALLOWED = "Give a region of IBM Cloud (us-south, eu-de, ...) or the URL of a local sandbox"
#: Nobody's base URL is longer, and some patterns take their time with what was made for it.
_LONGEST = 2_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# urllib and urllib3 do not agree on what these mean; nobody needs them in a base URL
_DUBIOUS = re.compile(r"[\s\\\x00-\x20\x7f]")
_DUBIOUS_IN_HOST = re.compile(r"[^\x21-\x7e]|[@<>\"^`|%]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# a last label of digits is an address to some libraries
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$|0x[0-9a-f]*$){_LABEL}")

#: Names that IBM gives to regions; a new one is not in the table yet, and nobody's cluster.
_OF_A_REGION = re.compile(
    r"(?:[a-z0-9-]+\.)*([a-z0-9-]+)\.(?:ml\.cloud|aws\.wxai|aws\.data)\.ibm\.com|"
    r"(?:[a-z0-9-]+\.)*(?:(?:dataplatform|dai)\.cloud\.ibm\.com|ibmforusgov\.com)"
)
#: Pages that people have open beside watsonx.ai.
_PAGES = {
    "cloud.ibm.com": "IBM Cloud's console, which has no region of watsonx.ai in its address",
    "www.ibm.com": "IBM's own site, which has no region of watsonx.ai in its address",
}


def split(text: str) -> SplitResult:
    """Return the parts of a URL; without a scheme it is https, on this machine http.

    Raises
    ------
    UnknownRegion
        Its host has a place for the region that was not filled in.
    HostRefused
        It is no URL of http or https, or of a kind that two libraries read in two ways.
    """
    typed = text
    if len(text) > _LONGEST:
        raise _refused(typed)
    if not _SCHEME.match(text):
        text = text.removeprefix("//")
        first = re.split(r"[/?#:]", text, maxsplit=1)[0]
        text = ("http://" if is_loopback(first.lower()) else "https://") + text
    # the path and what follows are thrown away; what they hold does no harm
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if has_gap(authority):
        raise unfilled(shown(typed))
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if (
        not port_is_valid
        or _DUBIOUS.search(text)
        or _DUBIOUS_IN_HOST.search(authority)
        or parts.scheme not in ("http", "https")
    ):
        raise _refused(typed)
    return parts


def _refused(typed: str) -> HostRefused:
    return HostRefused(
        f"'{shown(typed)}' is not a URL that a key can be sent to.", hint=f"{ALLOWED}."
    )


def origin(parts: SplitResult) -> str:
    """Return scheme, host and port, put together again."""
    host = (parts.hostname or "").removesuffix(".")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def host_of(base: str) -> str:
    """Return the host of a base URL of ours."""
    return urlsplit(base).hostname or ""


def is_proper(host: str) -> bool:
    """Whether a host is a name, or an address that is written in the one usual way."""
    if len(host) <= 253 and _NAME.fullmatch(host):
        return not is_loopback(host)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    odd = address.is_unspecified or address.is_loopback or address.is_link_local
    mapped = getattr(address, "ipv4_mapped", None) is not None
    return str(address) == host and not (odd or mapped or address.is_multicast)


def check_https(parts: SplitResult, host: str) -> None:
    """Refuse plain http and unusual ports at a host of IBM's."""
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise HostRefused(
            f"A key goes to {host} by https at its usual port only.",
            hint=f"Write it as https://{host}",
        )


def check_page(host: str, text: str) -> None:
    """Say of a URL of IBM's what it is instead of a region's.

    Raises
    ------
    UnknownRegion
        It is one, and leads to no region of the table.
    """
    within = region_within(text)
    meant = f" Did you mean '{within.region_id}'?" if within else ""
    one_of = f"Give a region: {SOME_REGIONS}, ..."
    what = _PAGES.get(host)
    if what is None and any(host in region.iam_hosts for region in REGIONS):
        what = "where keys become tokens, one place for many regions"
    if what is not None:
        raise UnknownRegion(f"{host} is {what}.{meant}", hint=one_of)
    if found := _OF_A_REGION.fullmatch(host):
        if found[1] is not None:
            region_named(found[1])  # for its error, which has the nearest name
        raise UnknownRegion(
            f"'{shown(host)}' is no region's host that is known here.{meant or near_host(host)}",
            hint=one_of,
        )


def near_host(host: str) -> str:
    """Return " Did you mean 'x'?" for the nearest host of a region, or its nearest name."""
    hosts = [known.removeprefix("https://") for region in REGIONS for known in region.hosts]
    return near(host[:100], sorted(hosts)) or near_region(host)


def shown(text: str) -> str:
    """Return a URL as an error quotes it: without key, query and what stands before an @."""
    text = re.split(r"[?#]", text[:_LONGEST], maxsplit=1)[0]
    return one_line(without_keys(re.sub(r"[^/]*@", "...@", text)))
