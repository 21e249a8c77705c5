"""Base URLs that users type, split so that every library reads the same host from them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from wx_notebook.credentials.regions import (
    DEFAULT_REGION,
    REGIONS,
    SOME_REGIONS,
    has_placeholder,
    placeholder_error,
    region_by_name,
    region_in_text,
    suggest_region,
)
from wx_notebook.errors import HostRefused, UnknownRegion, did_you_mean, mask_keys
from wx_notebook.transport import is_loopback, one_line

ALLOWED_HOSTS = "Give a region of IBM Cloud (us-south, eu-de, ...) or the URL of a local sandbox"
#: No base URL is longer, and some patterns are slow on long texts that were made for them.
_LONGEST = 2_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# urllib and urllib3 read these differently, and no base URL needs them
_DUBIOUS = re.compile(r"[\s\\\x00-\x20\x7f]")
_DUBIOUS_IN_HOST = re.compile(r"[^\x21-\x7e]|[@<>\"^`|%]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# some libraries read a last label of digits as an address
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$|0x[0-9a-f]*$){_LABEL}")

#: Names that IBM gives to regions. A new region is not in the table yet, but is no cluster.
_REGION_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)*([a-z0-9-]+)\.(?:ml\.cloud|aws\.wxai|aws\.data)\.ibm\.com|"
    r"(?:[a-z0-9-]+\.)*(?:(?:dataplatform|dai)\.cloud\.ibm\.com|ibmforusgov\.com)"
)
#: IBM's hosts that serve something else than watsonx.ai, and that people give as its URL.
#: The hosts are those of IBM's API documents and of the SDKs of these services; `*` is one or more
#: labels.
_SERVICES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"(?:.+\.)?watson-orchestrate(?:\.cloud)?\.ibm\.com", "watsonx Orchestrate"),
        (r"(?:.+\.)?wxo(?:\..+)?\.ibm\.com", "watsonx Orchestrate"),
        (r"(?:.+\.)?lakehouse(?:\..+)?\.ibm\.com", "watsonx.data"),
        (r"(?:.+\.)?(?:aiopenscale|openscale)(?:\..+)?\.ibm\.com", "watsonx.governance"),
        (r"(?:.+\.)?(?:bam|bam-api|workbench|workbench-api)\.res\.ibm\.com",
         "BAM, IBM's former trial of foundation models"),
        (r"(?:.+\.)?assistant\.watson(?:\..+)?\.(?:ibm\.com|appdomain\.cloud)",
         "watsonx Assistant"),
        (r"(?:.+\.)?discovery\.watson\.cloud\.ibm\.com", "Watson Discovery"),
        (r"(?:.+\.)?speech-to-text\.watson\.cloud\.ibm\.com", "Watson Speech to Text"),
        (r"(?:.+\.)?text-to-speech\.watson\.cloud\.ibm\.com", "Watson Text to Speech"),
        (r"(?:.+\.)?natural-language-understanding\.watson\.cloud\.ibm\.com",
         "Watson Natural Language Understanding"),
        (r"(?:.+\.)?language-translator\.watson\.cloud\.ibm\.com", "Watson Language Translator"),
        (r"(?:.+\.)?(?:watson\.cloud\.ibm\.com|watsonplatform\.net|watson\.appdomain\.cloud)",
         "another Watson service"),
        (r"ibm-watson-ml(?:\..+)?\.(?:mybluemix|bluemix)\.net", "Watson Machine Learning"),
        (r"(?:.+\.)?(?:mybluemix|bluemix)\.net", "IBM Cloud's former name, Bluemix"),
        (r"(?:.+\.)?quantum(?:-computing)?(?:\.cloud)?\.ibm\.com", "IBM Quantum"),
        (r"(?:.+\.)?cloud-object-storage\.appdomain\.cloud", "Cloud Object Storage"),
        (r"(?:.+\.)?codeengine\.(?:appdomain\.cloud|cloud\.ibm\.com)", "Code Engine"),
        (r"(?:.+\.)?functions\.(?:appdomain\.cloud|cloud\.ibm\.com)", "Cloud Functions"),
        (r"(?:.+\.)?(?:databases|cloudantnosqldb)\.appdomain\.cloud", "a database of IBM Cloud"),
        (r"(?:.+\.)?secrets-manager\.appdomain\.cloud", "Secrets Manager"),
        (r"(?:.+\.)?(?:kms|logging|monitoring|containers|iaas|schematics)(?:\..+)?\.cloud\.ibm\.com",
         "another service of IBM Cloud"),
        (r"(?:resource-controller|user-management|accounts|globalcatalog)\.cloud\.ibm\.com",
         "the administration of IBM Cloud"),
        (r"(?:.+\.)?watsonx\.ai", "a name that serves no API of watsonx.ai"),
        (r"github\.com|(?:.+\.)?github\.io|huggingface\.co", "a site for code and models"),
    )
)  # fmt: skip
_OF_IBM = re.compile(r"(?:.+\.)?(?:ibm\.com|appdomain\.cloud|softlayer\.com)")
#: Pages that users have open beside watsonx.ai.
_PAGES = {
    "cloud.ibm.com": "the IBM Cloud console; its address names no watsonx.ai region",
    "www.ibm.com": "IBM's website; its address names no watsonx.ai region",
}


def split_url(text: str) -> SplitResult:
    """Return the parts of a URL. Without a scheme it is https, on this machine http.

    Raises
    ------
    UnknownRegion
        Its host still has a placeholder for the region.
    HostRefused
        It is not an http or https URL, or two libraries would read it differently.
    """
    typed = text
    if len(text) > _LONGEST:
        raise _refused(typed)
    if not _SCHEME.match(text):
        text = text.removeprefix("//")
        first = re.split(r"[/?#:]", text, maxsplit=1)[0]
        text = ("http://" if is_loopback(first.lower()) else "https://") + text
    # the path and what follows are dropped, so their contents do no harm
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if has_placeholder(authority):
        raise placeholder_error(quote_url(typed))
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
        f"'{quote_url(typed)}' is not a URL that a key can be sent to.", hint=f"{ALLOWED_HOSTS}."
    )


def origin(parts: SplitResult) -> str:
    """Return scheme, host and port as one text."""
    host = (parts.hostname or "").removesuffix(".")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def host_of(base: str) -> str:
    """Return the host of a base URL that was validated before."""
    return urlsplit(base).hostname or ""


def is_valid_host(host: str) -> bool:
    """Return whether a host is a name, or an IP address in its usual spelling."""
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
    """Refuse plain http and unusual ports at an IBM host."""
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise HostRefused(
            f"A key is sent to {host} only over https and the usual port.",
            hint=f"Write it as https://{host}",
        )


def check_ibm_page(host: str, text: str) -> None:
    """Check that a host is not a page of IBM that people mistake for a region.

    Raises
    ------
    UnknownRegion
        It is a host of IBM, but leads to no region of the table.
    """
    region = region_in_text(text)
    suggestion = f" Did you mean '{region.region_id}'?" if region else ""
    hint = f"Give a region: {SOME_REGIONS}, ..."
    if service := other_service(host):
        raise UnknownRegion(
            f"'{quote_url(host)}' is the URL of {service}, not of watsonx.ai.",
            hint=f"You need {(region or DEFAULT_REGION).url}, the URL of watsonx.ai in "
            f"{(region or DEFAULT_REGION).place}, or another region: {SOME_REGIONS}, ...",
        )
    description = _PAGES.get(host)
    if description is None and any(host in region.iam_hosts for region in REGIONS):
        description = "a sign-in host, which serves many regions"
    if description is not None:
        raise UnknownRegion(f"{host} is {description}.{suggestion}", hint=hint)
    if match := _REGION_HOST.fullmatch(host):
        if match[1] is not None:
            region_by_name(match[1])  # for its error, which has the nearest name
        raise UnknownRegion(
            f"'{quote_url(host)}' is not the host of a known region."
            f"{suggestion or suggest_host(host)}",
            hint=hint,
        )


def suggest_host(host: str) -> str:
    """Return " Did you mean 'x'?" for the nearest host of a region, or its nearest name."""
    hosts = [known.removeprefix("https://") for region in REGIONS for known in region.hosts]
    return did_you_mean(host[:100], sorted(hosts)) or suggest_region(host)


def quote_url(text: str) -> str:
    """Return a URL for an error message, without keys, query and user information (before an @)."""
    text = re.split(r"[?#]", text[:_LONGEST], maxsplit=1)[0]
    return one_line(mask_keys(re.sub(r"[^/]*@", "...@", text)))


def other_service(host: str) -> str:
    """Return the name of the other IBM service at a host, "" for any other host."""
    return next((name for pattern, name in _SERVICES if pattern.fullmatch(host)), "")


def is_of_ibm(host: str) -> bool:
    """Return whether a host belongs to IBM by its name; clusters of customers may do so, too."""
    return _OF_IBM.fullmatch(host) is not None
