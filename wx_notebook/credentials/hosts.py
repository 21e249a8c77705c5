"""Which hosts a credential may be sent to.

A key goes to the hosts of a region in IBM's table or, as the only place for plain http, to this
machine. Everything else is refused before a socket opens: a URL in the environment, in a notebook
or in a form field can be somebody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from wx_notebook.credentials.regions import (
    DEFAULT_REGION,
    IAM_HOSTS,
    IAM_URL,
    Region,
    region_named,
    region_of_host,
)
from wx_notebook.credentials.secret import without_keys
from wx_notebook.errors import HostRefused, UnknownRegion, near
from wx_notebook.transport import is_loopback

# urllib and urllib3 do not agree on what these mean; nobody needs them in a base URL
_DUBIOUS = re.compile(r"[\s\\@\x00-\x20\x7f<>\"^`|]")
_ALLOWED = "Give a region of IBM Cloud (us-south, eu-de, ...) or the URL of a local sandbox."


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The three bases of one connection, without a trailing slash, and what to call them."""

    url: str
    iam_url: str
    platform_url: str
    #: a region id, or "sandbox" for this machine
    place: str


def endpoints(
    *, region: str = "", url: str = "", iam_url: str = "", platform_url: str = ""
) -> Endpoints:
    """Return where a credential given together with these texts may go.

    `region` may be an id, a city or any URL of a region; `url` a base URL. What is not given
    follows from the region; without either it is IBM Cloud's first region, `us-south`.

    Raises
    ------
    UnknownRegion
        No such region, or one that this version cannot sign in to.
    HostRefused
        The URL is neither IBM's nor this machine's.
    """
    region, url = region.strip(), url.strip()
    named = _from_word(region) if region else None
    found = _from_url(url) if url else named or _of(DEFAULT_REGION)
    if named is not None and named.place != found.place:
        raise HostRefused(
            f"The URL belongs to {found.place}, the region given is {named.place}.",
            hint="Give only one of the two.",
        )
    return Endpoints(
        found.url,
        _iam(iam_url.strip()) if iam_url.strip() else found.iam_url,
        _platform(platform_url.strip(), found) if platform_url.strip() else found.platform_url,
        found.place,
    )


def _from_word(text: str) -> Endpoints:
    if "://" in text or "/" in text or is_loopback(text.split(":", maxsplit=1)[0].lower()):
        return _from_url(text)
    return _of(region_named(text))


def _of(region: Region, *, private: bool = False) -> Endpoints:
    if region.sign_in != "iam":
        raise UnknownRegion(
            f"{region.region_id} ({region.place}) signs in at another service than IBM Cloud IAM, "
            "which this version does not speak yet.",
            hint="Use a project in an IBM Cloud region: us-south, eu-de, eu-gb, jp-tok, ...",
        )
    if private:
        return Endpoints(
            region.private_url,
            "https://private.iam.cloud.ibm.com",
            region.private_platform_url,
            region.region_id,
        )
    return Endpoints(region.url, IAM_URL, region.platform_url, region.region_id)


def _from_url(text: str) -> Endpoints:
    parts = _split(text)
    host = parts.hostname or ""
    if is_loopback(host):
        origin = _origin(parts)
        return Endpoints(origin, origin, origin, "sandbox")
    if region := region_of_host(host):
        _check_https(parts)
        return _of(region, private=host.startswith("private."))
    if "{" in text:
        raise UnknownRegion(
            f"The URL '{without_keys(text)}' has a place for the region that was not filled in.",
            hint="Write the region into it, for example https://eu-de.ml.cloud.ibm.com",
        )
    if found := re.fullmatch(r"([a-z0-9-]+)\.ml\.cloud\.ibm\.com", host):
        region_named(found[1])  # for its error, which has the nearest name
    raise HostRefused(
        f"The host '{without_keys(host or text)}' is not one of IBM's, so no key is sent to it."
        f"{_near_host(host)}",
        hint=_ALLOWED,
    )


def _near_host(host: str) -> str:
    from wx_notebook.credentials.regions import REGIONS

    return near(host, [region.url.removeprefix("https://") for region in REGIONS])


def _iam(text: str) -> str:
    # litellm takes the full token URL in the same variable
    parts = _split(text.removesuffix("/").removesuffix("/identity/token"))
    host = parts.hostname or ""
    if is_loopback(host):
        return _origin(parts)
    if host in IAM_HOSTS:
        _check_https(parts)
        return f"https://{host}"
    shown = without_keys(host or text)
    raise HostRefused(
        f"The IAM host '{shown}' is not one of IBM's, so no key is sent to it.",
        hint=f"Leave WATSONX_IAM_URL away, or set it to {IAM_URL}",
    )


def _platform(text: str, found: Endpoints) -> str:
    parts = _split(text)
    host = parts.hostname or ""
    if is_loopback(host):
        return _origin(parts)
    if region := region_of_host(host):
        _check_https(parts)
        # whichever of a region's hosts it is, the console's for instance
        return _of(region, private=host.startswith("private.")).platform_url
    shown = without_keys(host or text)
    raise HostRefused(
        f"The platform host '{shown}' is not one of IBM's, so no token is sent to it.",
        hint=f"Leave WATSONX_PLATFORM_URL away, or set it to {found.platform_url}",
    )


def _split(text: str) -> SplitResult:
    if "://" not in text:
        host = text.split("/", maxsplit=1)[0].split(":", maxsplit=1)[0].lower()
        text = ("http://" if is_loopback(host) else "https://") + text
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or _DUBIOUS.search(text) or parts.scheme not in ("http", "https"):
        # what stands before an @ may be a password
        shown = without_keys(re.sub(r"//[^/]*@", "//...@", text))
        raise HostRefused(f"'{shown}' is not a URL that a key can be sent to.", hint=_ALLOWED)
    return parts


def _check_https(parts: SplitResult) -> None:
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise HostRefused(
            f"A key goes to {parts.hostname} by https at its usual port only.",
            hint=f"Write it as https://{parts.hostname}",
        )


def _origin(parts: SplitResult) -> str:
    # rebuilt from its pieces, so that every library reads the same host
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
