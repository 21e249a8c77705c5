"""The regions of watsonx.ai, and how a text leads to one of them.

Source of the table: IBM's Python SDK `ibm-watsonx-ai` 1.8.1 (`PLATFORM_URLS_MAP` and its kin) and
IBM's Node SDK 1.7.14 (`endpoints.ts`); an IBM page that lists regions could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from wx_notebook.errors import UnknownRegion, did_you_mean, mask_keys

SignIn: TypeAlias = Literal["iam", "mcsp"]
#: The path at which each kind of credential becomes a token; a `zen` key is sent as it is.
TOKEN_PATHS: Mapping[str, str] = {
    "iam": "/identity/token",
    "mcsp": "/api/2.0/apikeys/token",
    "software": "/icp4d-api/v1/authorize",
    "zen": "",
}
_GOV_TOKEN_PATH = "/api/rest/mcsp/apikeys/token"  # noqa: S105  # a path
IAM_URL = "https://iam.cloud.ibm.com"
#: Every host of IBM Cloud IAM: production, on IBM's private network, IBM's own test stage.
IAM_HOSTS = frozenset(
    {
        "iam.cloud.ibm.com",
        "private.iam.cloud.ibm.com",
        "iam.test.cloud.ibm.com",
        "private.iam.test.cloud.ibm.com",
    }
)
#: Hosts of the account IAM of the AWS regions: production and IBM's own test stage.
AWS_IAM_HOSTS = frozenset(
    {"account-iam.platform.saas.ibm.com", "account-iam.platform.test.saas.ibm.com"}
)
#: Hosts of the account IAM of GovCloud, from outside and from inside its network.
GOV_IAM_HOSTS = frozenset(
    {"dai.ibmforusgov.com", "account-iam.awsg.usge1.private.platform.ibmforusgov.com"}
)
GOV_PREP_IAM_HOSTS = frozenset({"dai.prep.ibmforusgov.com"})


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its three base URLs, and the service that exchanges a key for a token."""

    region_id: str
    place: str
    url: str
    platform_url: str
    sign_in: SignIn = "iam"
    iam_url: str = IAM_URL
    #: the hosts of the service at `iam_url`; each of them may be used instead
    iam_hosts: frozenset[str] = IAM_HOSTS
    #: the same service on IBM's private network
    private_url: str = ""
    private_platform_url: str = ""
    private_iam_url: str = ""
    #: another name of `private_url`, where IBM's tables disagree
    other_private_url: str = ""

    @property
    def console_host(self) -> str:
        """The host that people see in their browser."""
        return _host(self.platform_url).removeprefix("api.")

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that belongs to this region."""
        private = (self.private_url, self.private_platform_url, self.other_private_url)
        urls = (self.url, self.platform_url, *private)
        return frozenset(_host(url) for url in urls if url) | {self.console_host}

    @property
    def token_path(self) -> str:
        """The path below `iam_url` at which a key becomes a token."""
        return token_path(_host(self.iam_url), self.sign_in)

    @property
    def title(self) -> str:
        """The region as a message names it: "eu-de (Frankfurt)"."""
        return f"{self.region_id} ({self.place})"


def token_path(iam_host: str, kind: str) -> str:
    """Return the path on this host at which a credential of this kind becomes a token."""
    from_outside = iam_host.startswith("dai.") and iam_host in GOV_IAM_HOSTS | GOV_PREP_IAM_HOSTS
    return _GOV_TOKEN_PATH if from_outside else TOKEN_PATHS[kind]


def _host(url: str) -> str:
    return url.removeprefix("https://")


def _cloud(region_id: str, place: str, platform_host: str) -> Region:
    return Region(
        region_id,
        place,
        f"https://{region_id}.ml.cloud.ibm.com",
        f"https://{platform_host}",
        private_url=f"https://private.{region_id}.ml.cloud.ibm.com",
        private_platform_url=f"https://private.{platform_host}",
        private_iam_url="https://private.iam.cloud.ibm.com",
    )


def _aws(region_id: str, place: str) -> Region:
    url, platform = f"{region_id}.aws.wxai.ibm.com", f"api.{region_id}.aws.data.ibm.com"
    account_iam = "https://account-iam.platform.saas.ibm.com"
    return Region(
        region_id,
        place,
        f"https://{url}",
        f"https://{platform}",
        "mcsp",
        account_iam,
        AWS_IAM_HOSTS,
        # the private hosts of AWS regions use the public platform and sign-in
        private_url=f"https://private.{url}",
        private_platform_url=f"https://{platform}",
        private_iam_url=account_iam,
    )


REGIONS = (
    _cloud("us-south", "Dallas", "api.dataplatform.cloud.ibm.com"),
    _cloud("eu-de", "Frankfurt", "api.eu-de.dataplatform.cloud.ibm.com"),
    _cloud("eu-gb", "London", "api.eu-gb.dataplatform.cloud.ibm.com"),
    _cloud("jp-tok", "Tokyo", "api.jp-tok.dataplatform.cloud.ibm.com"),
    _cloud("au-syd", "Sydney", "api.au-syd.dai.cloud.ibm.com"),
    _cloud("ca-tor", "Toronto", "api.ca-tor.dai.cloud.ibm.com"),
    _aws("ap-south-1", "Mumbai"),
    _aws("us-east-1", "N. Virginia"),
    Region(
        "govcloud",
        "US GovCloud",
        "https://wxai.ibmforusgov.com",
        "https://api.dai.ibmforusgov.com",
        "mcsp",
        "https://dai.ibmforusgov.com",
        GOV_IAM_HOSTS,
        private_url="https://private.wxai.ibmforusgov.com",
        private_platform_url="https://api.dai.ibmforusgov.com",
        private_iam_url="https://account-iam.awsg.usge1.private.platform.ibmforusgov.com",
        other_private_url="https://private.internal.wxai.ibmforusgov.com",
    ),
    Region(
        "govcloud-prep",
        "US GovCloud, pre-production",
        "https://wxai.prep.ibmforusgov.com",
        "https://api.dai.prep.ibmforusgov.com",
        "mcsp",
        "https://dai.prep.ibmforusgov.com",
        GOV_PREP_IAM_HOSTS,
    ),
)
DEFAULT_REGION = REGIONS[0]
#: The regions that messages name: a list of all would be too long for a line.
SOME_REGIONS = ", ".join(region.region_id for region in REGIONS[:6])
_BY_HOST = {host: region for region in REGIONS for host in region.hosts}
#: Placeholders in documentation: {region}, <region>, [region], $REGION, YOUR_REGION.
_PLACEHOLDER = re.compile(
    r"[{}<>$]|%7b|\[[a-z_ -]{1,40}\]|your.{0,20}region|(?:^|[.@])region(?:$|[.:])", re.IGNORECASE
)


def _normalise(word: str) -> str:
    return re.sub(r"[\s_-]+", "-", word.lower()).strip("-.,;:/'\"`()")


_BY_WORD = {
    _normalise(word): region for region in REGIONS for word in (region.region_id, region.place)
} | {"northern-virginia": REGIONS[7], "virginia": REGIONS[7]}
_WORDS = [word for region in REGIONS for word in (region.region_id, region.place)]


def find_region(text: str) -> Region | None:
    """Return the region that a text names: "eu-de", "Frankfurt", "Frankfurt (eu-de)".

    Returns None if it names no region, or two.
    """
    if (region := _BY_WORD.get(_normalise(text))) is not None:
        return region
    if "/" in text:
        return None
    parts = re.split(r"[(),;]", text)
    ids = {_BY_WORD[word].region_id for part in parts if (word := _normalise(part)) in _BY_WORD}
    return _BY_WORD[ids.pop()] if len(ids) == 1 else None


def region_by_name(word: str) -> Region:
    """Return the region with this id or city.

    Raises
    ------
    UnknownRegion
        There is no such region; the message has the nearest name.
    """
    if (region := find_region(word)) is not None:
        return region
    quote = mask_keys(" ".join(word.split()))
    if has_placeholder(word):
        raise placeholder_error(quote)
    raise UnknownRegion(
        f"'{quote}' is not a region of watsonx.ai.{suggest_region(word)}",
        hint=f"Regions: {SOME_REGIONS}.",
    )


def region_of_host(host: str) -> Region | None:
    """Return the region that this IBM host belongs to, None for any other host."""
    return _BY_HOST.get(host.lower())


def region_in_text(text: str) -> Region | None:
    """Return the region whose ID stands somewhere in a text, None if there is none."""
    for region in REGIONS:
        if re.search(rf"(?<![\w-]){region.region_id}(?![\w-])", text[:2000], re.IGNORECASE):
            return region
    return None


def suggest_region(word: str) -> str:
    """Return " Did you mean 'x'?" for the region nearest to a word, or an empty string."""
    # a typing error is never longer, and the search is slow on long texts
    return did_you_mean(_normalise(word[:60]), _WORDS)


def has_placeholder(text: str) -> bool:
    """Return whether a text has a placeholder of documentation that should be filled in."""
    return _PLACEHOLDER.search(text[:2000]) is not None


def placeholder_error(quote: str) -> UnknownRegion:
    """Return the error for a text with such a placeholder."""
    return UnknownRegion(
        f"'{quote}' still has a placeholder for the region.",
        hint=f"Put a region in its place: https://eu-de.ml.cloud.ibm.com. Regions: {SOME_REGIONS}.",
    )
