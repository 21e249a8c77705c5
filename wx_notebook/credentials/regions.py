"""The regions of watsonx.ai, and how a text leads to one of them.

Source of the table: IBM's Python SDK `ibm-watsonx-ai` 1.8.1 (`PLATFORM_URLS_MAP` and its kin) and
IBM's Node SDK 1.7.14 (`endpoints.ts`); an IBM page that lists regions could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from wx_notebook.credentials.secret import without_keys
from wx_notebook.errors import UnknownRegion, near

SignIn: TypeAlias = Literal["iam", "mcsp"]
IAM_URL = "https://iam.cloud.ibm.com"
#: Every host that speaks IBM Cloud IAM: production, its private twin, IBM's own test stage.
IAM_HOSTS = frozenset(
    {
        "iam.cloud.ibm.com",
        "private.iam.cloud.ibm.com",
        "iam.test.cloud.ibm.com",
        "private.iam.test.cloud.ibm.com",
    }
)


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its three bases, and which service exchanges the key for a token."""

    region_id: str
    place: str
    url: str
    platform_url: str
    sign_in: SignIn = "iam"
    #: the same service by IBM's private network
    private_url: str = ""
    private_platform_url: str = ""

    @property
    def console_host(self) -> str:
        """The host that people see in their browser."""
        return _host(self.platform_url).removeprefix("api.")

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that belongs to this region."""
        urls = (self.url, self.platform_url, self.private_url, self.private_platform_url)
        return frozenset(_host(url) for url in urls if url) | {self.console_host}


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
    )


def _aws(region_id: str, place: str) -> Region:
    url, platform = f"{region_id}.aws.wxai.ibm.com", f"api.{region_id}.aws.data.ibm.com"
    return Region(
        region_id,
        place,
        f"https://{url}",
        f"https://{platform}",
        "mcsp",
        # private AWS hosts go with the public platform
        private_url=f"https://private.{url}",
        private_platform_url=f"https://{platform}",
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
        # IBM's SDK names private.internal.wxai.ibmforusgov.com, too: its tables disagree
        private_url="https://private.wxai.ibmforusgov.com",
        private_platform_url="https://api.dai.ibmforusgov.com",
    ),
    Region(
        "govcloud-prep",
        "US GovCloud, pre-production",
        "https://wxai.prep.ibmforusgov.com",
        "https://api.dai.prep.ibmforusgov.com",
        "mcsp",
    ),
)
DEFAULT_REGION = REGIONS[0]
_BY_WORD = {region.region_id: region for region in REGIONS} | {
    region.place.lower(): region for region in REGIONS
}
_BY_HOST = {host: region for region in REGIONS for host in region.hosts}


def region_named(word: str) -> Region:
    """Return the region with this id or city.

    Raises
    ------
    UnknownRegion
        There is none; the message has the nearest name.
    """
    if (region := _BY_WORD.get(word.strip().lower())) is not None:
        return region
    raise UnknownRegion(
        f"'{without_keys(word)}' is not a region of watsonx.ai.{near(word, _BY_WORD)}",
        hint="Regions: " + ", ".join(region.region_id for region in REGIONS[:6]) + ".",
    )


def region_of_host(host: str) -> Region | None:
    """Return the region that this host of IBM's belongs to, None for any other host."""
    return _BY_HOST.get(host.lower())
