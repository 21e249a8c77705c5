"""Every region by whatever a user may paste."""

from __future__ import annotations

import pytest

from wx_notebook.credentials import REGIONS, Endpoints, endpoints
from wx_notebook.errors import HostRefused, UnknownRegion

IAM = "https://iam.cloud.ibm.com"
PRIVATE_IAM = "https://private.iam.cloud.ibm.com"
#: id, city, host of the inference API, host of the platform: typed from watsonx-api.md, section 2
TABLE = [
    ("us-south", "Dallas", "us-south.ml.cloud.ibm.com", "dataplatform.cloud.ibm.com"),
    ("eu-de", "Frankfurt", "eu-de.ml.cloud.ibm.com", "eu-de.dataplatform.cloud.ibm.com"),
    ("eu-gb", "London", "eu-gb.ml.cloud.ibm.com", "eu-gb.dataplatform.cloud.ibm.com"),
    ("jp-tok", "Tokyo", "jp-tok.ml.cloud.ibm.com", "jp-tok.dataplatform.cloud.ibm.com"),
    ("au-syd", "Sydney", "au-syd.ml.cloud.ibm.com", "au-syd.dai.cloud.ibm.com"),
    ("ca-tor", "Toronto", "ca-tor.ml.cloud.ibm.com", "ca-tor.dai.cloud.ibm.com"),
]
ELSEWHERE = [
    ("ap-south-1", "Mumbai", "ap-south-1.aws.wxai.ibm.com", "api.ap-south-1.aws.data.ibm.com"),
    ("us-east-1", "N. Virginia", "us-east-1.aws.wxai.ibm.com", "api.us-east-1.aws.data.ibm.com"),
    ("govcloud", "US GovCloud", "wxai.ibmforusgov.com", "api.dai.ibmforusgov.com"),
    ("govcloud-prep", "US GovCloud, pre-production", "wxai.prep.ibmforusgov.com",
     "api.dai.prep.ibmforusgov.com"),
]  # fmt: skip


def expected(region_id: str, host: str, console: str) -> Endpoints:
    return Endpoints(f"https://{host}", IAM, f"https://api.{console}", region_id)


@pytest.mark.parametrize(("region_id", "city", "host", "console"), TABLE)
def test_a_region_is_found_by_id_city_and_each_of_its_urls(region_id, city, host, console):
    for text in (
        region_id,
        region_id.upper(),
        f"  {region_id}\n",
        city,
        city.lower(),
        f"https://{host}",
        f"https://{host}/",
        f"https://{host.upper()}",
        f"HTTPS://{host}:443/ml/v1/text/chat?version=2026-10-14",
        f"https://api.{console}",
        f"https://api.{console}/v2/projects",
        f"https://{console}/projects/12345678-1234-4123-8123-123456789abc/manage?context=wx#top",
        f"{host}/ml/v1/text/generation",
    ):
        assert endpoints(region=text) == expected(region_id, host, console), text


@pytest.mark.parametrize(("region_id", "city", "host", "console"), TABLE)
def test_a_private_url_leads_to_the_private_twins_of_all_three(region_id, city, host, console):
    for text in (f"https://private.{host}", f"https://private.api.{console}"):
        assert endpoints(url=text) == Endpoints(
            f"https://private.{host}", PRIVATE_IAM, f"https://private.api.{console}", region_id
        )


@pytest.mark.parametrize(("region_id", "city", "host", "console"), TABLE)
def test_the_url_argument_takes_the_same_urls_with_or_without_https(region_id, city, host, console):
    for text in (f"https://{host}", host, f" {host}/ ", f"https://{console}"):
        assert endpoints(url=text) == expected(region_id, host, console)
        assert endpoints(url=text, region=region_id) == expected(region_id, host, console)
        assert endpoints(url=text, region=city) == expected(region_id, host, console)


def test_without_region_and_url_it_is_dallas():
    assert endpoints() == expected(*TABLE[0][::2], TABLE[0][3])
    assert endpoints(region="  ", url=" ") == endpoints()


@pytest.mark.parametrize(("region_id", "place", "host", "platform"), ELSEWHERE)
def test_regions_with_another_sign_in_say_so_and_name_regions_that_work(
    region_id, place, host, platform
):
    for text in (region_id, place, f"https://{host}", f"https://{platform}"):
        with pytest.raises(UnknownRegion) as caught:
            endpoints(region=text)
        assert caught.value.message.startswith(f"{region_id} ({place}) signs in at another service")
        assert "us-south" in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "near"),
    [("us-suth", "us-south"), ("ussouth", "us-south"), ("eu_de", "eu-de"),
     ("Franfurt", "frankfurt"), ("jp-tokyo", "jp-tok"), ("au-sydney", "sydney")],
)  # fmt: skip
def test_an_unknown_region_gets_the_near_name(typed, near):
    with pytest.raises(UnknownRegion) as caught:
        endpoints(region=typed)
    assert caught.value.message == (
        f"'{typed}' is not a region of watsonx.ai. Did you mean '{near}'?"
    )
    assert caught.value.hint == "Regions: us-south, eu-de, eu-gb, jp-tok, au-syd, ca-tor."


def test_a_region_like_nothing_gets_the_list():
    with pytest.raises(UnknownRegion, match=r"'mars' is not a region of watsonx\.ai\.\n") as caught:
        endpoints(region="mars")
    assert "eu-de" in caught.value.hint


def test_a_key_that_was_typed_as_the_region_is_not_shown():
    key = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"
    for given in ({"region": key}, {"url": key}, {"url": f"https://{key}/"}, {"iam_url": key}):
        with pytest.raises((UnknownRegion, HostRefused)) as caught:
            endpoints(**given)
        assert "<secret>" in caught.value.message
        assert key.lower() not in str(caught.value).lower()


def test_a_pasted_url_with_a_place_for_the_region_says_what_is_missing():
    for text in ("https://{region}.ml.cloud.ibm.com", "https://{cluster_url}/ml/v1/text/chat"):
        with pytest.raises(UnknownRegion, match="place for the region that was not filled in"):
            endpoints(url=text)


def test_a_url_of_an_unknown_region_gets_the_near_name():
    with pytest.raises(UnknownRegion, match="Did you mean 'us-south'"):
        endpoints(url="https://us-suth.ml.cloud.ibm.com")


@pytest.mark.parametrize(
    "given",
    [{"region": "eu-de", "url": "https://us-south.ml.cloud.ibm.com"},
     {"region": "Tokyo", "url": "http://127.0.0.1:8080"},
     {"region": "https://eu-de.ml.cloud.ibm.com", "url": "https://us-south.ml.cloud.ibm.com"},
     {"region": "http://127.0.0.1:1", "url": "https://us-south.ml.cloud.ibm.com"}],
    ids=["id", "city", "two URLs", "loopback"],
)  # fmt: skip
def test_region_and_url_that_contradict_each_other_are_refused(given):
    with pytest.raises(HostRefused, match="The URL belongs to") as caught:
        endpoints(**given)
    assert caught.value.hint == "Give only one of the two."


def test_no_host_belongs_to_two_regions():
    hosts = [host for region in REGIONS for host in region.hosts]
    assert len(hosts) == len(set(hosts))


def test_the_table_has_what_this_test_has():
    assert [region.region_id for region in REGIONS] == [row[0] for row in TABLE + ELSEWHERE]
