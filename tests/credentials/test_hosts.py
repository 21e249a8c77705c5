"""Where a credential may go, and that nothing else ever results, whatever is typed."""

from __future__ import annotations

import re
import socket

import pytest
import requests
import urllib3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wx_notebook.credentials import endpoints
from wx_notebook.errors import HostRefused, UnknownRegion
from wx_notebook.transport import is_loopback

DALLAS = "us-south.ml.cloud.ibm.com"
#: Every https base that an IBM Cloud key or token may go to: typed, not taken from the code.
_REGIONS = ["us-south", "eu-de", "eu-gb", "jp-tok", "au-syd", "ca-tor"]
_PLATFORMS = ["dataplatform", "eu-de.dataplatform", "eu-gb.dataplatform", "jp-tok.dataplatform",
              "au-syd.dai", "ca-tor.dai"]  # fmt: skip
INFERENCE = {f"https://{p}{r}.ml.cloud.ibm.com" for p in ("", "private.") for r in _REGIONS}
PLATFORM = {f"https://{p}api.{h}.cloud.ibm.com" for p in ("", "private.") for h in _PLATFORMS}
IAM = {f"https://{p}iam.{t}cloud.ibm.com" for p in ("", "private.") for t in ("", "test.")}
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


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://127.8.9.10",
     "https://127.0.0.1:8443", "https://localhost", "http://127.0.0.1:1/"],
)  # fmt: skip
def test_the_loopback_is_iam_and_platform_too_and_may_be_plain_http(url):
    found = endpoints(url=url)
    origin = url.rstrip("/")
    assert (found.url, found.iam_url, found.platform_url) == (origin, origin, origin)
    assert found.place == "sandbox"


@pytest.mark.parametrize(
    ("typed", "origin"),
    [("127.0.0.1:8080", "http://127.0.0.1:8080"), ("localhost:80", "http://localhost:80"),
     ("LOCALHOST:8080/x", "http://localhost:8080"), ("http://LocalHost:9", "http://localhost:9"),
     ("http://127.0.0.1:8080/ml/v1/text/chat?version=x#y", "http://127.0.0.1:8080"),
     ("  http://127.0.0.1:8080\n", "http://127.0.0.1:8080")],
)  # fmt: skip
def test_a_local_address_is_taken_as_people_paste_it(typed, origin):
    assert endpoints(url=typed).url == origin
    assert endpoints(region=typed).url == origin


@pytest.mark.parametrize("iam", sorted(IAM))
@pytest.mark.parametrize("path", ["", "/", "/identity/token", "/identity/token/"])
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
    assert "'watsonx.example.com' is not one of IBM's" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("field", "host"),
    [("url", DALLAS), ("iam_url", "iam.cloud.ibm.com"),
     ("platform_url", "api.dataplatform.cloud.ibm.com")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["http://{}", "http://{}:443", "https://{}:8443", "http://{}:80"])
def test_a_host_of_ibms_by_plain_http_or_at_another_port_is_refused_with_what_to_write(
    field, host, form
):
    with pytest.raises(HostRefused) as caught:
        endpoints(**{field: form.format(host)})
    assert caught.value.message == f"A key goes to {host} by https at its usual port only."
    assert caught.value.hint == f"Write it as https://{host}"


ODD = [
    "https://us-south.ml.cloud.ibm.com.",  # the root's own dot: the certificate has none
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


@pytest.mark.parametrize("odd", ODD)
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


@pytest.mark.parametrize(
    "odd", [o for o in ODD if not o.startswith(("https:us-south", "https:///us", "//us-south"))]
)
def test_none_of_them_is_taken_for_a_place_of_ours(odd):
    with pytest.raises((HostRefused, UnknownRegion)):
        endpoints(url=odd)


def check(found):
    """The property: three bases, each on the list, and requests and urllib3 read the same host."""
    for base, allowed in [(found.url, INFERENCE), (found.iam_url, IAM),
                          (found.platform_url, PLATFORM)]:  # fmt: skip
        assert base in allowed or LOOPBACK.fullmatch(base), base
        sent_to = urllib3.util.parse_url(base)
        prepared = requests.Request("POST", base + "/ml/v1/text/chat").prepare()
        assert prepared.url == base + "/ml/v1/text/chat"
        assert sent_to.path is None
        assert sent_to.auth is None
        if base not in allowed:
            assert is_loopback(sent_to.host.strip("[]"))
        else:
            assert (sent_to.scheme, sent_to.port) == ("https", None)


_ODD_PIECES = st.sampled_from(
    [*"@:/\\?#[]%.-_ \t\n\x00{}", "http://", "https://", "//", "127.0.0.1", "localhost", "[::1]",
     "::1", "evil.com", ".evil.com", "443", ":443", ":80", "8080", "us-south", "eu-de", DALLAS,
     "iam.cloud.ibm.com", "api.dataplatform.cloud.ibm.com", ".ibm.com", "private.", "api.", "%2e",
     "/identity/token", "user:pw@", "xn--", "。", "ｌｏｃａｌｈｏｓｔ", "K", "ſ", "é"]
)  # fmt: skip
TYPED = st.one_of(st.text(max_size=60), st.lists(_ODD_PIECES, min_size=1, max_size=7).map("".join))


@settings(max_examples=700, deadline=None)
@given(TYPED, TYPED, st.sampled_from(["", "eu-de"]), st.sampled_from(["", "http://127.0.0.1:1"]))
@example("https://jp-toK.ml.cloud.ibm.com", "https://iam.cloud.ibm.com", "", "")
@example("localhost", "http://[::1]:1/identity/token", "", "")
def test_nothing_typed_leads_anywhere_else(first, second, region, url):
    for given_ in (
        {"url": first},
        {"region": first},
        {"url": first, "region": second},
        {"region": region, "url": url, "iam_url": first, "platform_url": second},
        {"url": first, "iam_url": second, "platform_url": first},
    ):
        try:
            found = endpoints(**given_)
        except (HostRefused, UnknownRegion):
            continue
        check(found)


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
