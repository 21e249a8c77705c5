"""Every region by whatever a user may paste."""

from __future__ import annotations

import pytest
from support.cases import all_cases

from wx_notebook.credentials.hosts import Endpoints, endpoints, other_regions
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.errors import BadOption, HostRefused, UnknownRegion

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
ACCOUNT_IAM = "https://account-iam.platform.saas.ibm.com"
ACCOUNT_PATH = "/api/2.0/apikeys/token"
GOV_PATH = "/api/rest/mcsp/apikeys/token"
INSIDE = "https://account-iam.awsg.usge1.private.platform.ibmforusgov.com"
#: the same, with the base and the path where a key becomes a token
ELSEWHERE = [
    ("ap-south-1", "Mumbai", "ap-south-1.aws.wxai.ibm.com", "ap-south-1.aws.data.ibm.com",
     ACCOUNT_IAM, ACCOUNT_PATH),
    ("us-east-1", "N. Virginia", "us-east-1.aws.wxai.ibm.com", "us-east-1.aws.data.ibm.com",
     ACCOUNT_IAM, ACCOUNT_PATH),
    ("govcloud", "US GovCloud", "wxai.ibmforusgov.com", "dai.ibmforusgov.com",
     "https://dai.ibmforusgov.com", GOV_PATH),
    ("govcloud-prep", "US GovCloud, pre-production", "wxai.prep.ibmforusgov.com",
     "dai.prep.ibmforusgov.com", "https://dai.prep.ibmforusgov.com", GOV_PATH),
]  # fmt: skip


def expected(region_id: str, host: str, console: str) -> Endpoints:
    url, platform = f"https://{host}", f"https://api.{console}"
    return Endpoints(url, IAM, platform, region_id, "iam", "/identity/token")


@all_cases(("region_id", "city", "host", "console"), TABLE)
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
        host,
        f"{host}.",
        f"https://{host}./ml/v1",
        f"//{host}",
        f"'https://{host}'",
        f"{city} ({region_id})",
        f"{region_id} ({city})",
        f"{city}, {region_id}",
        region_id.replace("-", "_"),
        region_id.replace("-", " ").title(),
        f"{region_id}.",
        f'"{region_id}"',
        f"https://{console}/docs/content/wsj/analyze-data/fm-prompt-lab.html?context=wx&audience=wdp",
        f"https://{host}/ml/v1/deployments/{{id}}/text/generation?version=<date>",
    ):
        assert endpoints(region=text) == expected(region_id, host, console), text


@all_cases(("region_id", "city", "host", "console"), TABLE)
def test_a_private_url_leads_to_the_private_twins_of_all_three(region_id, city, host, console):
    for text in (f"https://private.{host}", f"https://private.api.{console}"):
        assert endpoints(url=text) == Endpoints(
            f"https://private.{host}", PRIVATE_IAM, f"https://private.api.{console}", region_id
        )
        assert endpoints(region=text) == endpoints(url=text)


@all_cases(("region_id", "city", "host", "console"), TABLE)
def test_the_url_argument_takes_the_same_urls_with_or_without_https(region_id, city, host, console):
    for text in (f"https://{host}", host, f" {host}/ ", f"https://{console}"):
        assert endpoints(url=text) == expected(region_id, host, console)
        assert endpoints(url=text, region=region_id) == expected(region_id, host, console)
        assert endpoints(url=text, region=city) == expected(region_id, host, console)


def test_without_region_and_url_it_is_dallas():
    assert endpoints() == expected(*TABLE[0][::2], TABLE[0][3])
    assert endpoints(region="  ", url=" ") == endpoints()


@all_cases(("region_id", "place", "host", "console", "iam", "path"), ELSEWHERE)
def test_aws_regions_and_govcloud_sign_in_at_their_account_iam(
    region_id, place, host, console, iam, path
):
    for text in (region_id, region_id.upper(), place, f"https://{host}", f"{host}/ml/v1",
                 f"https://api.{console}", f"https://{console}/projects/?context=wx"):  # fmt: skip
        assert endpoints(region=text) == Endpoints(
            f"https://{host}", iam, f"https://api.{console}", region_id, "mcsp", path
        )
        assert endpoints(url=text, kind="mcsp") == endpoints(url=text)


def test_a_private_url_of_an_aws_region_goes_with_the_public_platform_and_sign_in():
    found = endpoints(url="https://private.ap-south-1.aws.wxai.ibm.com")
    assert found.url == "https://private.ap-south-1.aws.wxai.ibm.com"
    assert found.platform_url == "https://api.ap-south-1.aws.data.ibm.com"
    assert (found.iam_url, found.token_path) == (ACCOUNT_IAM, ACCOUNT_PATH)


def test_govcloud_is_signed_in_to_from_inside_only_where_its_private_url_was_given():
    # IBM's tables have both names
    for host in ("private.wxai.ibmforusgov.com", "private.internal.wxai.ibmforusgov.com"):
        found = endpoints(url=f"https://{host}/ml/v1")
        assert (found.url, found.place) == (f"https://{host}", "govcloud")
        assert (found.iam_url, found.token_path) == (INSIDE, ACCOUNT_PATH)
    assert endpoints(region="govcloud").iam_url == "https://dai.ibmforusgov.com"


@all_cases(
    ("typed", "region_id"),
    [("US East (N. Virginia)", "us-east-1"), ("Northern Virginia", "us-east-1"),
     ("Asia Pacific (Mumbai)", "ap-south-1"), ("us gov cloud", ""), ("GovCloud", "govcloud"),
     ("FRANKFURT", "eu-de"), ("eu-de, us-south", ""), ("evil.com/eu-de", "")],
)  # fmt: skip
def test_a_region_in_several_words_is_found_where_they_name_one(typed, region_id):
    if region_id:
        assert endpoints(region=typed).place == region_id
    else:
        with pytest.raises((UnknownRegion, HostRefused)):
            endpoints(region=typed)


def test_the_url_may_be_just_a_region_too():
    assert endpoints(url="eu-de") == endpoints(region="eu-de")


@all_cases(
    ("kind", "region", "says"),
    [("mcsp", "us-south", "kind='mcsp' does not fit us-south (Dallas), where users sign in at IBM"),
     ("iam", "ap-south-1", "kind='iam' does not fit ap-south-1 (Mumbai), where users sign in at"),
     ("software", "https://eu-de.ml.cloud.ibm.com", "kind='software' does not fit eu-de"),
     ("zen", "govcloud", "kind='zen' does not fit govcloud")],
)  # fmt: skip
def test_a_kind_that_does_not_fit_the_region_says_what_does(kind, region, says):
    with pytest.raises(BadOption) as caught:
        endpoints(region=region, kind=kind)
    assert caught.value.message.startswith(says)
    assert caught.value.hint.startswith("Leave kind out")


@pytest.mark.parametrize(
    ("kind", "says", "next_step"),
    [("mcsp", "needs a region", "ap-south-1, us-east-1, govcloud"),
     ("software", "needs the URL of a cluster", "https://cpd.example.com"),
     ("zen", "needs the URL of a cluster", "WATSONX_URL")],
)  # fmt: skip
def test_a_kind_without_a_place_says_which_place_it_needs(kind, says, next_step):
    with pytest.raises(BadOption, match=says) as caught:
        endpoints(kind=kind)
    assert next_step in caught.value.hint
    assert endpoints(kind="iam") == endpoints()


def test_a_kind_that_does_not_exist_gets_the_near_name():
    with pytest.raises(BadOption, match="Did you mean 'software'"):
        endpoints(region="eu-de", kind="softwear")


@all_cases(
    ("typed", "near"),
    [("us-suth", "us-south"), ("ussouth", "us-south"), ("eu_dee", "eu-de"),
     ("Franfurt", "Frankfurt"), ("jp-tokyo", "jp-tok"), ("au-sydney", "Sydney"),
     ("Frankfurt am Main", "Frankfurt"), ("mumbay", "Mumbai")],
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
    key = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
    for given in ({"region": key}, {"url": key}, {"url": f"https://{key}/"}, {"iam_url": key}):
        with pytest.raises((UnknownRegion, HostRefused)) as caught:
            endpoints(**given)
        assert "<secret>" in caught.value.message
        assert key.lower() not in str(caught.value).lower()


@all_cases(
    "text",
    ["https://{region}.ml.cloud.ibm.com", "https://{cluster_url}/ml/v1/text/chat", "{region}",
     "<region>", "https://<REGION>.ml.cloud.ibm.com/ml/v1", "YOUR_REGION", "your-region",
     "https://YOUR_REGION.ml.cloud.ibm.com", "https://your_region.ml.cloud.ibm.com", "[region]",
     "https://[region].ml.cloud.ibm.com", "$REGION", "https://${REGION}.ml.cloud.ibm.com",
     "https://region.ml.cloud.ibm.com", "REGION", "https://%7Bregion%7D.ml.cloud.ibm.com",
     "{region}.ml.cloud.ibm.com", "https://YOUR_CLOUD_REGION.ml.cloud.ibm.com"],
)  # fmt: skip
def test_a_place_for_the_region_that_was_left_unfilled_has_its_own_error(text):
    for given in ({"url": text}, {"region": text}):
        with pytest.raises(UnknownRegion) as caught:
            endpoints(**given)
        assert "still has a placeholder for the region." in caught.value.message
        assert caught.value.message.startswith(f"'{text}'"), "as it was written"
        assert "https://eu-de.ml.cloud.ibm.com" in caught.value.hint


@all_cases(
    ("text", "says"),
    [("https://cloud.ibm.com/iam/apikeys", "cloud.ibm.com is the IBM Cloud console; its address"),
     ("cloud.ibm.com", "cloud.ibm.com is the IBM Cloud console"),
     ("https://www.ibm.com/products/watsonx-ai", "www.ibm.com is IBM's website"),
     ("https://iam.cloud.ibm.com", "iam.cloud.ibm.com is a sign-in host"),
     ("https://iam.cloud.ibm.com/identity/token", "iam.cloud.ibm.com is a sign-in host"),
     (ACCOUNT_IAM, "account-iam.platform.saas.ibm.com is a sign-in host")],
)  # fmt: skip
def test_a_url_of_ibms_without_a_region_says_what_it_is(text, says):
    for given in ({"url": text}, {"region": text}, {"url": text, "kind": "software"}):
        with pytest.raises(UnknownRegion) as caught:
            endpoints(**given)
        assert caught.value.message.startswith(says)
        assert caught.value.hint.startswith("Give a region: us-south, eu-de")


def test_a_page_that_names_a_region_further_on_offers_it():
    with pytest.raises(UnknownRegion, match="Did you mean 'eu-gb'"):
        endpoints(url="https://cloud.ibm.com/catalog/services/watsonxai-runtime?region=eu-gb")
    with pytest.raises(UnknownRegion, match=r"Did you mean 'eu-de\.dataplatform\.cloud"):
        endpoints(url="https://eu-dee.dataplatform.cloud.ibm.com/projects")


def test_a_url_of_an_unknown_region_gets_the_near_name():
    with pytest.raises(UnknownRegion, match="Did you mean 'us-south'"):
        endpoints(url="https://us-suth.ml.cloud.ibm.com")


@all_cases(
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
    assert caught.value.hint.startswith("Give only one of them")


def test_no_host_belongs_to_two_regions():
    hosts = [host for region in REGIONS for host in region.hosts]
    assert len(hosts) == len(set(hosts))


def test_the_other_regions_are_those_where_the_same_credential_works():
    ids = {region_id for region_id, *_ in TABLE}
    for region_id in ids:
        here = endpoints(region=region_id)
        others = other_regions(here)
        assert {other.place for other in others} == ids - {region_id}
        assert all(other == endpoints(region=other.place) for other in others)
    assert [other.place for other in other_regions(endpoints(region="Mumbai"))] == ["us-east-1"]
    assert other_regions(endpoints(region="govcloud")) == ()
    assert other_regions(endpoints(region="govcloud-prep")) == ()


def test_who_is_on_the_private_network_has_the_others_there_too():
    others = other_regions(endpoints(url="https://private.eu-de.ml.cloud.ibm.com"))
    assert len(others) == 5
    for other in others:
        assert all("//private." in base for base in (other.url, other.iam_url, other.platform_url))


@all_cases(
    "given",
    [{"url": "http://127.0.0.1:8080"}, {"url": "https://cpd.example.com", "kind": "software"},
     {"url": "https://us-south", "kind": "software"},
     {"region": "eu-de", "iam_url": "https://iam.test.cloud.ibm.com"},
     {"region": "eu-de", "iam_url": "http://127.0.0.1:1"},
     {"region": "eu-de", "platform_url": "http://127.0.0.1:1"}],
    ids=["this machine", "cluster", "cluster by a region's name", "test stage", "IAM here",
         "platform here"],
)  # fmt: skip
def test_elsewhere_there_is_nowhere_else_to_go(given):
    assert other_regions(endpoints(**given)) == ()


def test_the_table_has_what_this_test_has():
    assert [region.region_id for region in REGIONS] == [row[0] for row in TABLE + ELSEWHERE]
