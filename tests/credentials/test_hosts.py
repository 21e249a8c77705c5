"""Where a credential may go, and that nothing else ever results, whatever is typed."""

from __future__ import annotations

import re
import socket

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.credentials.hosts import endpoints
from wx_notebook.errors import BadOption, HostRefused, UnknownRegion
from wx_notebook.transport import is_loopback

DALLAS = "us-south.ml.cloud.ibm.com"
#: Every https base that a key or token may go to, but for clusters: typed, not taken from the code.
_REGIONS = ["us-south", "eu-de", "eu-gb", "jp-tok", "au-syd", "ca-tor"]
_PLATFORMS = ["dataplatform", "eu-de.dataplatform", "eu-gb.dataplatform", "jp-tok.dataplatform",
              "au-syd.dai", "ca-tor.dai"]  # fmt: skip
_AWS = ["ap-south-1", "us-east-1"]
INFERENCE = {f"https://{p}{r}.ml.cloud.ibm.com" for p in ("", "private.") for r in _REGIONS}
PLATFORM = {f"https://{p}api.{h}.cloud.ibm.com" for p in ("", "private.") for h in _PLATFORMS}
IAM = {f"https://{p}iam.{t}cloud.ibm.com" for p in ("", "private.") for t in ("", "test.")}
INFERENCE_MCSP = {f"https://{p}{r}.aws.wxai.ibm.com" for p in ("", "private.") for r in _AWS} | {
    f"https://{h}ibmforusgov.com"
    for h in ("wxai.", "wxai.prep.", "private.wxai.", "private.internal.wxai.")
}
PLATFORM_MCSP = {f"https://api.{r}.aws.data.ibm.com" for r in _AWS} | {
    f"https://api.dai.{p}ibmforusgov.com" for p in ("", "prep.")
}
AWS_IAM = {f"https://account-iam.platform.{t}saas.ibm.com" for t in ("", "test.")}
GOV_IAM = {"https://dai.ibmforusgov.com", "https://dai.prep.ibmforusgov.com",
           "https://account-iam.awsg.usge1.private.platform.ibmforusgov.com"}  # fmt: skip
TABLE = {"iam": (INFERENCE, IAM, PLATFORM),
         "mcsp": (INFERENCE_MCSP, AWS_IAM | GOV_IAM, PLATFORM_MCSP)}  # fmt: skip
CLUSTER = "https://cpd.example.com"
PLATFORM_OF_DALLAS = "https://api.dataplatform.cloud.ibm.com"
TOKEN_PATHS = {
    "iam": ["/identity/token"],
    "mcsp": ["/api/2.0/apikeys/token", "/api/rest/mcsp/apikeys/token"],
    "software": ["/icp4d-api/v1/authorize"],
    "zen": [""],
}
LOOPBACK = re.compile(
    r"https?://(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:[1-9]\d{0,4})?"
)


@pytest.fixture(autouse=True)
def _no_socket(monkeypatch):
    """Whatever is decided here is decided before a socket opens."""

    def opened(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", opened)
    monkeypatch.setattr(socket, "getaddrinfo", opened)


# --- the rows of design.md, section 6 ----------------------------------------------------------


def test_a_region_comes_with_its_own_iam_and_platform():
    found = endpoints(region="jp-tok")
    assert found.url == "https://jp-tok.ml.cloud.ibm.com"
    assert found.iam_url == "https://iam.cloud.ibm.com"
    assert found.platform_url == "https://api.jp-tok.dataplatform.cloud.ibm.com"


@all_cases(
    "url",
    ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://127.8.9.10",
     "https://127.0.0.1:8443", "https://localhost", "http://127.0.0.1:1/"],
)  # fmt: skip
def test_the_loopback_is_iam_and_platform_too_and_may_be_plain_http(url):
    found = endpoints(url=url)
    origin = url.rstrip("/")
    assert (found.url, found.iam_url, found.platform_url) == (origin, origin, origin)
    assert found.place == "sandbox"


@all_cases(
    ("typed", "origin"),
    [("127.0.0.1:8080", "http://127.0.0.1:8080"), ("localhost:80", "http://localhost:80"),
     ("LOCALHOST:8080/x", "http://localhost:8080"), ("http://LocalHost:9", "http://localhost:9"),
     ("http://127.0.0.1:8080/ml/v1/text/chat?version=x#y", "http://127.0.0.1:8080"),
     ("  http://127.0.0.1:8080\n", "http://127.0.0.1:8080")],
)  # fmt: skip
def test_a_local_address_is_taken_as_people_paste_it(typed, origin):
    assert endpoints(url=typed).url == origin
    assert endpoints(region=typed).url == origin


@all_cases("iam", sorted(IAM))
@all_cases("path", ["", "/", "/identity/token", "/identity/token/"])
def test_the_iam_url_may_be_one_of_ibms_with_or_without_the_token_path(iam, path):
    assert endpoints(region="eu-de", iam_url=iam + path).iam_url == iam


@pytest.mark.parametrize("path", ["", "/", "/identity/token"])
def test_the_iam_url_may_be_on_the_loopback(path):
    found = endpoints(region="eu-de", iam_url=f"http://127.0.0.1:99{path}")
    assert found.iam_url == "http://127.0.0.1:99"
    assert found.url == "https://eu-de.ml.cloud.ibm.com", "the rest stays"


def test_the_platform_url_may_be_any_host_of_a_region_and_leads_to_its_api():
    for typed in ("https://api.eu-de.dataplatform.cloud.ibm.com",
                  "https://eu-de.dataplatform.cloud.ibm.com/projects",
                  "eu-de.dataplatform.cloud.ibm.com"):  # fmt: skip
        assert endpoints(region="eu-de", platform_url=typed).platform_url == (
            "https://api.eu-de.dataplatform.cloud.ibm.com"
        )
    private = endpoints(
        region="au-syd", platform_url="https://private.api.au-syd.dai.cloud.ibm.com"
    )
    assert private.platform_url == "https://private.api.au-syd.dai.cloud.ibm.com"


@pytest.mark.parametrize("field", ["url", "iam_url", "platform_url"])
def test_any_other_https_host_is_refused(field):
    with pytest.raises(HostRefused) as caught:
        endpoints(**{field: "https://watsonx.example.com"})
    assert "'watsonx.example.com' is not an IBM host" in caught.value.message
    assert caught.value.hint


@all_cases(
    ("field", "host"),
    [("url", DALLAS), ("iam_url", "iam.cloud.ibm.com"),
     ("platform_url", "api.dataplatform.cloud.ibm.com")],
)  # fmt: skip
@all_cases("form", ["http://{}", "http://{}:443", "https://{}:8443", "http://{}:80"])
def test_a_host_of_ibms_by_plain_http_or_at_another_port_is_refused_with_what_to_write(
    field, host, form
):
    with pytest.raises(HostRefused) as caught:
        endpoints(**{field: form.format(host)})
    assert caught.value.message == f"A key is sent to {host} only over https and the usual port."
    assert caught.value.hint == f"Write it as https://{host}"


# --- who signs people in -----------------------------------------------------------------------


@all_cases(
    ("kind", "path"),
    [("", "/identity/token"), ("iam", "/identity/token"), ("mcsp", "/api/2.0/apikeys/token"),
     ("software", "/icp4d-api/v1/authorize"), ("zen", "")],
)  # fmt: skip
def test_on_this_machine_any_kind_may_be_given(kind, path):
    found = endpoints(url="http://127.0.0.1:8080", kind=kind)
    assert (found.kind, found.token_path) == (kind or "iam", path)
    assert found.iam_url == found.platform_url == found.url == "http://127.0.0.1:8080"
    assert found.place == "sandbox"
    assert found == endpoints(region="http://127.0.0.1:8080", kind=kind, mixed_sources=True)


@pytest.mark.parametrize(
    ("region", "iam", "path"),
    [("us-east-1", "https://account-iam.platform.test.saas.ibm.com", "/api/2.0/apikeys/token"),
     ("govcloud", "https://account-iam.awsg.usge1.private.platform.ibmforusgov.com",
      "/api/2.0/apikeys/token"),
     ("govcloud", "https://dai.ibmforusgov.com", "/api/rest/mcsp/apikeys/token")],
)  # fmt: skip
def test_the_account_iam_may_be_another_of_its_own_and_its_path_goes_with_it(region, iam, path):
    for typed in (iam, f"{iam}/", f"{iam}{path}", iam.removeprefix("https://")):
        found = endpoints(region=region, iam_url=typed)
        assert (found.iam_url, found.token_path) == (iam, path)


@all_cases("region", ["us-south", "ap-south-1", "govcloud", "govcloud-prep"])
def test_a_key_goes_to_no_sign_in_of_ibms_but_its_own(region):
    own = {"us-south": IAM, "ap-south-1": AWS_IAM, "govcloud-prep": {"https://dai.prep.ibmforusgov.com"},
           "govcloud": GOV_IAM - {"https://dai.prep.ibmforusgov.com"}}[region]  # fmt: skip
    for iam in IAM | AWS_IAM | GOV_IAM:
        if iam in own:
            assert endpoints(region=region, iam_url=iam).iam_url == iam
            continue
        with pytest.raises(HostRefused) as caught:
            endpoints(region=region, iam_url=iam)
        assert f"is not the sign-in of {region}" in caught.value.message
        assert endpoints(region=region).iam_url in caught.value.hint


def test_a_token_goes_to_no_platform_that_another_service_signs_in_to():
    for region, platform in (("us-south", "https://api.ap-south-1.aws.data.ibm.com"),
                             ("ap-south-1", "https://api.dataplatform.cloud.ibm.com"),
                             ("ap-south-1", "https://api.dai.ibmforusgov.com")):  # fmt: skip
        with pytest.raises(HostRefused, match=f"is not one of {region}") as caught:
            endpoints(region=region, platform_url=platform)
        assert endpoints(region=region).platform_url in caught.value.hint


def test_on_this_machine_the_kind_says_which_of_ibms_hosts_may_be_asked_instead():
    here = "http://127.0.0.1:8080"
    for kind, iam in (("iam", "https://iam.cloud.ibm.com"),
                      ("mcsp", "https://account-iam.platform.saas.ibm.com")):  # fmt: skip
        assert endpoints(url=here, kind=kind, iam_url=iam).iam_url == iam
        for other in {"iam", "mcsp", "software", "zen"} - {kind}:
            with pytest.raises(HostRefused):
                endpoints(url=here, kind=other, iam_url=iam)


# --- a cluster of somebody's own ---------------------------------------------------------------


@all_cases(
    ("typed", "base"),
    [("https://cpd.example.com", CLUSTER), ("https://cpd.example.com/", CLUSTER),
     ("https://CPD.Example.com:8443/zen/#/homepage", f"{CLUSTER}:8443"),
     ("cpd.example.com", CLUSTER), ("cpd.example.com.", CLUSTER),
     ("https://cpd-cpd.apps.x1.cloud.techzone.ibm.com/zen",
      "https://cpd-cpd.apps.x1.cloud.techzone.ibm.com"),
     ("https://internal-nginx-svc:12443", "https://internal-nginx-svc:12443"),
     ("https://10.0.0.7:31843", "https://10.0.0.7:31843"),
     ("https://[fd00::7]:8443", "https://[fd00::7]:8443")],
)  # fmt: skip
@all_cases("kind", ["software", "zen", "cpd"])
def test_a_cluster_s_three_bases_are_the_host_that_was_given_with_the_credential(kind, typed, base):
    found = endpoints(url=typed, kind=kind)
    assert (found.url, found.iam_url, found.platform_url) == (base, base, base)
    assert found.kind == ("zen" if kind == "zen" else "software")
    assert f"https://{found.place}" in base.replace("[", "").replace("]", "")


def test_a_cluster_that_came_without_the_credential_is_refused():
    for given_ in ({"url": CLUSTER}, {"region": CLUSTER}):
        with pytest.raises(
            HostRefused, match='give the key, the URL and kind="software" together'
        ) as caught:
            endpoints(**given_, kind="software", mixed_sources=True)
        assert "in one call" in caught.value.hint
    # what is IBM's, or on this machine, may come from anywhere
    assert endpoints(region="eu-de", mixed_sources=True) == endpoints(region="eu-de")
    assert endpoints(url="http://localhost:1", mixed_sources=True) == endpoints(
        url="http://localhost:1"
    )


@pytest.mark.parametrize("kind", ["", "iam", "mcsp"])
def test_a_cluster_needs_its_kind_and_the_error_says_so(kind):
    with pytest.raises(HostRefused, match="is not an IBM host") as caught:
        endpoints(url=CLUSTER, kind=kind)
    assert 'kind="software"' in caught.value.hint


def test_of_a_cluster_ports_may_differ_and_nothing_else():
    found = endpoints(url=CLUSTER, kind="software", iam_url=f"{CLUSTER}:8443/idprovider/",
                      platform_url="cpd.example.com:9443")  # fmt: skip
    assert found.iam_url == f"{CLUSTER}:8443"
    assert found.platform_url == f"{CLUSTER}:9443"
    for field in ("iam_url", "platform_url"):
        for other in ("https://iam.cloud.ibm.com", "https://evil.com", "http://127.0.0.1:1",
                      "https://x.cpd.example.com", "https://cpd.example.com.evil.com",
                      "http://cpd.example.com", PLATFORM_OF_DALLAS):  # fmt: skip
            with pytest.raises(HostRefused) as caught:
                endpoints(url=CLUSTER, kind="software", **{field: other})
            assert caught.value.hint


def test_a_cluster_named_like_a_place_of_ours_is_still_a_cluster():
    for name in ("sandbox", "us-south"):
        assert endpoints(url=f"https://{name}", kind="software").iam_url == f"https://{name}"
        with pytest.raises(HostRefused):
            endpoints(url=f"https://{name}", kind="software", iam_url="http://127.0.0.1:1")


@all_cases(
    "odd",
    ["http://cpd.example.com", "http://internal-nginx-svc:12080", "https://localhost.",
     "https://127.1", "https://2130706433", "https://0x7f000001", "https://0x7f.1", "https://0",
     "https://0177.0.0.1", "https://127.0.0.256", "https://0.0.0.0", "https://169.254.169.254",
     "https://[::]", "https://[::ffff:127.0.0.1]", "https://[fe80::1]", "https://[FD00:0::7]x",
     "https://user:password@cpd.example.com", "https://cpd.example.com\\@evil.com",
     "https://cpd.example.com@evil.com", "https://cpd。example.com", "https://cpd.exаmple.com",
     "https://cpd.example.com%2eevil.com", "https://-cpd.example.com", "https://cpd..example.com",
     "https://cpd.example.com:0", "https://cpd.example.com:99999", "https://cpd .example.com",
     "ftp://cpd.example.com", "https://", "https://.", "https://*.example.com"],
)  # fmt: skip
def test_a_cluster_by_an_odd_address_is_refused(odd):
    for field in ("url", "region"):
        with pytest.raises(HostRefused) as caught:
            endpoints(**{field: odd}, kind="software")
        assert "password" not in str(caught.value)
        assert caught.value.hint


def test_a_region_that_ibm_may_have_but_the_table_has_not_is_nobody_s_cluster():
    for host in ("us-suth.ml.cloud.ibm.com", "x.us-south.ml.cloud.ibm.com.",
                 "eu-west-1.aws.wxai.ibm.com", "api.eu-dee.dataplatform.cloud.ibm.com",
                 "private.dai.ibmforusgov.com"):  # fmt: skip
        with pytest.raises((UnknownRegion, HostRefused)):
            endpoints(url=f"https://{host}", kind="software")


def test_what_stands_in_a_query_is_not_quoted():
    with pytest.raises(HostRefused) as caught:
        endpoints(url="ftp://eu-de.ml.cloud.ibm.com/x?apikey=short-one#short-two")
    assert "short" not in str(caught.value)


@all_cases("piece", ["a.", "your", "[a", "a-", "x", "@", "(", "eu ", "https://", "{", "%7", "\\"])
def test_a_text_that_was_made_to_take_long_is_refused_at_once(piece):
    for field in ("url", "region", "iam_url", "platform_url"):
        with pytest.raises((HostRefused, UnknownRegion)) as caught:
            endpoints(**{field: piece * 30_000})
        assert len(str(caught.value)) < 500


ODD = [
    "https://us-south.ml.cloud.ibm.com.example.com",
    "https://evil-us-south.ml.cloud.ibm.com",
    "https://x.us-south.ml.cloud.ibm.com",
    "https://us-south.ml.cloud.ibm.com@example.com",
    "https://example.com@us-south.ml.cloud.ibm.com",
    "https://user:password@us-south.ml.cloud.ibm.com",
    "https://:@us-south.ml.cloud.ibm.com",
    "https://example.com\\@us-south.ml.cloud.ibm.com",
    "https://us-south.ml.cloud.ibm.com\\.example.com",
    "https://us-south.ml.cloud.ibm.com\\example.com",
    "https://us-south.ml.cloud\t.ibm.com",
    "https://us-south.ml.cloud\n.ibm.com",
    "https://us-south.ml.cloud .ibm.com",
    "https://us-south.ml.cloud.ibm.com\x00.example.com",
    "https://us-south.ml.cloud.ibm.com%00.example.com",
    "https://us-south.ml.cloud.ibm.com%2eexample.com",
    "https://us-south%2eml.cloud.ibm.com",
    "https://us-south。ml。cloud。ibm。com",  # a dot that IDNA maps to one
    "https://us-ѕouth.ml.cloud.ibm.com",  # a Cyrillic letter
    "https://xn--us-outh-cyf.ml.cloud.ibm.com",
    "https://us-south.ml.cloud.ibm.com:0",
    "https://us-south.ml.cloud.ibm.com:99999",
    "https://us-south.ml.cloud.ibm.com:https",
    "https:us-south.ml.cloud.ibm.com",
    "https:///us-south.ml.cloud.ibm.com",
    "https://?us-south.ml.cloud.ibm.com",
    "https://#us-south.ml.cloud.ibm.com",
    "//us-south.ml.cloud.ibm.com",
    "ftp://us-south.ml.cloud.ibm.com",
    "file:///etc/passwd",
    "javascript:alert(1)//us-south.ml.cloud.ibm.com",
    "ws://127.0.0.1:8080",
    "unix:///var/run/docker.sock",
    "http://localhost.evil",
    "http://localhost.",
    "http://localhost.localdomain",
    "http://127.0.0.1.nip.io",
    "http://127.0.0.1.evil:8080",
    "http://127.evil.com",
    "http://127.0.0",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.0.0.1",
    "http://0177.0.0.1",
    "http://127.0.0.256",
    "http://127.0.0.-1",
    "http://127.0.0.１",  # a fullwidth digit
    "http://0.0.0.0:8080",
    "http://0",
    "http://[::]",
    "http://[::ffff:127.0.0.1]",
    "http://[::1%25eth0]",
    "http://[::1",
    "http://::1",
    "http://[0:0:0:0:0:0:0:1].evil",
    "http://user@127.0.0.1:8080",
    "http://127.0.0.1:8080@evil.com",
    "http://127.0.0.1:8080\\@evil.com",
    "http://127.0.0.1:8080 .evil.com",
    "http://evil.com#127.0.0.1",
    "http://evil.com?127.0.0.1",
    "http://evil.com/127.0.0.1",
    "http://10.0.0.1",
    "http://192.168.0.1",
    "http://169.254.169.254/latest/meta-data",
    "http://metadata.google.internal",
    "https://ibm.com",
    "https://cloud.ibm.com",
    "https://ml.cloud.ibm.com",
    "https://iam.cloud.ibm.com.evil.com",
    "https://iam-cloud-ibm.com",
]


@all_cases("odd", ODD)
def test_an_odd_spelling_is_refused_or_means_a_host_of_ours_to_every_library(odd):
    for field in ("url", "region", "iam_url", "platform_url"):
        found = refused = None
        try:
            found = endpoints(**{field: odd})
        except (HostRefused, UnknownRegion) as problem:
            refused = problem
        if found is not None:
            check(found)
        else:
            assert "password" not in str(refused)
            assert refused.hint


@all_cases(
    "odd", [o for o in ODD if not o.startswith(("https:us-south", "https:///us", "//us-south"))]
)
def test_none_of_them_is_taken_for_a_place_of_ours(odd):
    with pytest.raises((HostRefused, UnknownRegion)):
        endpoints(url=odd)


def check(found, typed=""):
    """The property: three bases, each on the list, and requests and urllib3 read the same host.

    Of a cluster, one host that stands in what was typed.
    """
    bases = (found.url, found.iam_url, found.platform_url)
    hosts = {urllib3.util.parse_url(base).host for base in bases}
    here = all(LOOPBACK.fullmatch(base) for base in bases)
    if found.kind in ("software", "zen") and not here:
        assert len(hosts) == 1
        assert hosts.pop() in typed.lower()
        assert not any(base in table for base in bases for row in TABLE.values() for table in row)
        listed = (set(bases),) * 3
    else:
        listed = TABLE.get(found.kind, (set(),) * 3)
    for base, allowed in zip(bases, listed, strict=True):
        assert base in allowed or LOOPBACK.fullmatch(base), base
        sent_to = urllib3.util.parse_url(base)
        prepared = requests.Request("POST", base + "/ml/v1/text/chat").prepare()
        assert prepared.url == base + "/ml/v1/text/chat"
        assert sent_to.path is None
        assert sent_to.auth is None
        if base not in allowed:
            assert is_loopback(sent_to.host.strip("[]"))
        else:
            assert sent_to.scheme == "https"
            assert sent_to.port is None or found.kind in ("software", "zen")
    assert found.token_path in TOKEN_PATHS[found.kind]


_ODD_PIECES = st.sampled_from(
    [*"@:/\\?#[]%.-_ \t\n\x00{}", "http://", "https://", "//", "127.0.0.1", "localhost", "[::1]",
     "::1", "evil.com", ".evil.com", "443", ":443", ":80", "8080", "us-south", "eu-de", DALLAS,
     "ap-south-1.aws.wxai.ibm.com", "wxai.ibmforusgov.com", "account-iam.platform.saas.ibm.com",
     "dai.ibmforusgov.com", "cpd.example.com", "internal-nginx-svc", ":12443", "{region}",
     "10.0.0.7", "iam.cloud.ibm.com", "api.dataplatform.cloud.ibm.com", ".ibm.com", "private.",
     "api.", "%2e",
     "/identity/token", "user:pw@", "xn--", "。", "ｌｏｃａｌｈｏｓｔ", "K", "ſ", "é"]
)  # fmt: skip
TYPED = st.one_of(st.text(max_size=60), st.lists(_ODD_PIECES, min_size=1, max_size=7).map("".join))


KINDS = st.sampled_from(["", "", "iam", "mcsp", "software", "zen"])
REFUSED = (HostRefused, UnknownRegion, BadOption)


@pytest.mark.slow
@given(
    TYPED, TYPED, st.sampled_from(["", "eu-de"]),
    st.sampled_from(["", "http://127.0.0.1:1", CLUSTER]), KINDS, st.booleans(),
)  # fmt: skip
@example("https://jp-toK.ml.cloud.ibm.com", "https://iam.cloud.ibm.com", "", "", "", False)
@example("localhost", "http://[::1]:1/identity/token", "", "", "", False)
@example("cpd.example.com:12443", "internal-nginx-svc", "", CLUSTER, "software", False)
@example("cpd.example.com", "cpd.example.com", "", CLUSTER, "zen", True)
def test_nothing_typed_leads_anywhere_else(first, second, region, url, kind, joined):
    for given_ in (
        {"url": first},
        {"region": first},
        {"url": first, "region": second},
        {"region": region, "url": url, "iam_url": first, "platform_url": second},
        {"url": first, "iam_url": second, "platform_url": first},
    ):
        found = refused = None
        try:
            found = endpoints(**given_, kind=kind, mixed_sources=joined)
        except REFUSED as problem:
            refused = problem
        if refused is not None:
            assert refused.hint
            assert (refused.__cause__, refused.__context__) == (None, None)
            continue
        check(found, typed=" ".join(given_.values()))
        cluster = found.kind in ("software", "zen") and not LOOPBACK.fullmatch(found.url)
        assert not (cluster and joined), "what came from two places goes to nobody's own host"


@given(st.ip_addresses().map(str))
def test_of_all_addresses_only_the_loopback_is_ours(address):
    host = f"[{address}]" if ":" in address else address
    ours = address == "::1" or address.startswith("127.")
    try:
        found = endpoints(url=f"http://{host}:8080")
    except HostRefused:
        assert not ours
    else:
        assert ours
        check(found)


@all_cases(
    ("url", "service", "needed"),
    [
        ("https://api.us-south.watson-orchestrate.cloud.ibm.com/instances/1", "watsonx Orchestrate",
         "https://us-south.ml.cloud.ibm.com"),
        ("https://api.dl.watson-orchestrate.ibm.com", "watsonx Orchestrate",
         "https://us-south.ml.cloud.ibm.com"),
        ("https://api.eu-de.discovery.watson.cloud.ibm.com", "Watson Discovery",
         "https://eu-de.ml.cloud.ibm.com"),
        ("https://api.eu-gb.assistant.watson.cloud.ibm.com", "watsonx Assistant",
         "https://eu-gb.ml.cloud.ibm.com"),
        ("https://api.jp-tok.speech-to-text.watson.cloud.ibm.com", "Watson Speech to Text",
         "https://jp-tok.ml.cloud.ibm.com"),
        ("https://bam-api.res.ibm.com/v2", "BAM", "https://us-south.ml.cloud.ibm.com"),
        ("https://workbench-api.res.ibm.com/v1", "BAM", "https://us-south.ml.cloud.ibm.com"),
        ("https://eu-de.lakehouse.cloud.ibm.com", "watsonx.data", "https://eu-de.ml.cloud.ibm.com"),
        ("https://api.aiopenscale.cloud.ibm.com", "watsonx.governance", "us-south.ml"),
        ("https://gateway.watsonplatform.net/x", "another Watson service", "us-south.ml"),
        ("https://ibm-watson-ml.mybluemix.net", "Watson Machine Learning", "us-south.ml"),
        ("https://s3.us-south.cloud-object-storage.appdomain.cloud", "Cloud Object Storage",
         "us-south.ml"),
        ("https://api.watsonx.ai", "a name that serves no API", "us-south.ml"),
        ("https://resource-controller.cloud.ibm.com", "the administration of IBM Cloud",
         "us-south.ml"),
    ],
)  # fmt: skip
@all_cases("kind", ["", "software"])
def test_a_host_of_ibm_that_serves_something_else_is_named_with_the_url_that_is_needed(
    url, service, needed, kind
):
    with pytest.raises(UnknownRegion, match=r"not of watsonx\.ai") as caught:
        endpoints(url=url, kind=kind)
    assert f"is the URL of {service}" in caught.value.message
    assert needed in caught.value.hint


def test_a_cluster_under_a_name_of_ibm_stays_one():
    for host in ("cpd.apps.itz-1.cp.fyre.ibm.com", "cpd.x.us-south.containers.appdomain.cloud"):
        assert endpoints(url=f"https://{host}", kind="software").place == host
        with pytest.raises(HostRefused, match=r"not a host of watsonx\.ai"):
            endpoints(url=f"https://{host}")
