"""A secret goes to the hosts it was given with, and to no other, whoever asks for that."""

from __future__ import annotations

import base64
import socket
from urllib.parse import quote_plus

import pytest
from credentials.keyring_stand_ins import Keeps, system
from support.cases import all_cases
from transport.servers import CHAT, PROJECT, Proxy, caught, http, shown
from transport.servers import KEY as OTHER_KEY

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.credentials import profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import (
    HostRefused,
    NotConnected,
    ServiceDown,
    UnknownRegion,
    UserFacingError,
)

from .leaks import KEY, KINDS, PASSWORD, SECRETS, TOKEN, answers, found, session_of

EVIL = "https://evil.example.com"
ODD = [
    EVIL, "http://evil.example.com", "https://us-south.ml.cloud.ibm.com.evil.example.com",
    "https://us-south.ml.cloud.ibm.com@evil.example.com", "https://evil.example.com#.ibm.com",
    "https://evil.example.com\\@us-south.ml.cloud.ibm.com", "//evil.example.com",
    "http://us-south.ml.cloud.ibm.com", "https://us-south.ml.cloud.ibm.com:8443",
    "https://169.254.169.254/latest", "http://0.0.0.0:8000", "https://[::ffff:127.0.0.1]",
    "http://2130706433", "https://us-south.ml.cloud.ibm.com%2eevil.example.com",
]  # fmt: skip


# --- before a socket opens ---------------------------------------------------------------------


@pytest.fixture
def no_socket(monkeypatch):
    """No name is resolved and no connection opened; what was tried is kept."""
    tried = []

    def refuse(*asked, **_):
        tried.append(asked[-1])
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A keyring that works, and a settings file of this test's."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    with system(Keeps) as backend:
        yield backend


def check_refused(call, no_socket, kinds=(HostRefused, UnknownRegion)):
    problem = caught(call)
    assert isinstance(problem, kinds), repr(problem)
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert problem.hint
    assert found(shown(problem), *SECRETS) == []
    assert no_socket == [], "before a socket opens"


def env(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@all_cases("url", ODD)
@all_cases("place", ["url", "region", "iam_url", "platform_url"])
def test_a_hostile_url_as_an_argument_is_refused(no_socket, place, url):
    check_refused(lambda: wx.connect(api_key=Secret(KEY), **{place: url}), no_socket)
    check_refused(lambda: wx.connect(token=Secret(TOKEN), **{place: url}), no_socket)


@all_cases("url", ODD)
@all_cases(
    "name",
    ["WATSONX_URL", "WATSONX_API_BASE", "WATSONX_AI_URL", "WATSONX_IAM_URL", "WATSONX_PLATFORM_URL",
     "WATSONX_AI_AUTH_URL", "WATSONX_REGION"],
)  # fmt: skip
def test_a_hostile_url_in_the_environment_is_refused(no_socket, monkeypatch, name, url):
    env(monkeypatch, WATSONX_API_KEY=KEY, **{name: url})
    check_refused(wx.connect, no_socket)


@all_cases("name", ["WATSONX_URL", "WATSONX_URL_HOST", "WML_URL"])
@all_cases("word", ["cp4d", "zen"])
@all_cases("by", ["key", "password", "token"])
def test_an_environment_that_says_cluster_does_not_get_a_secret_of_the_call(
    no_socket, monkeypatch, name, word, by
):
    """The kind and the URL of a hostile environment, with what the user gives himself."""
    env(monkeypatch, WATSONX_AI_AUTH_TYPE=word, WATSONX_USERNAME="jane",
        **{name: EVIL.removeprefix("https://" if name == "WATSONX_URL_HOST" else "")})  # fmt: skip
    given = {
        "key": {"api_key": Secret(KEY)},
        "token": {"token": Secret(TOKEN)},
        "password": {"password": Secret(PASSWORD), "username": "jane", "kind": "software"},
    }[by]
    check_refused(lambda: wx.connect(**given), no_socket)


@pytest.mark.parametrize("kind", ["software", "zen"])
def test_a_cell_that_says_cluster_does_not_get_a_secret_of_the_environment(
    no_socket, monkeypatch, kind
):
    """A notebook from somewhere, run where the user's key lies in the environment."""
    env(monkeypatch, WATSONX_API_KEY=KEY, WATSONX_USERNAME="jane")
    check_refused(lambda: wx.connect(url=EVIL, kind=kind), no_socket)
    check_refused(lambda: wx.connect(url=EVIL, kind=kind, username="jane"), no_socket)
    check_refused(lambda: wx.connect(region=EVIL, kind=kind), no_socket)


def test_nor_does_it_get_that_of_a_file_or_of_ibm_s_form(no_socket, tmp_path):
    """Without the word that says cluster. With it: `test_open_holes`."""
    file = tmp_path / "apikey.json"
    file.write_text(f'{{"apikey": "{KEY}"}}')
    for given in (
        {"credentials": str(file)},
        {"api_key": f"@{file}"},
        {"credentials": {"apikey": Secret(KEY)}},
        {"credentials": {"token": Secret(TOKEN), "url": "https://us-south.ml.cloud.ibm.com"}},
    ):
        for place in ("url", "region", "iam_url", "platform_url"):
            call = {place: EVIL} | given
            check_refused(lambda call=call: wx.connect(**call), no_socket)


def test_a_cluster_s_three_bases_are_its_own_host(no_socket):
    own = {"url": "https://cpd.example.com", "kind": "software", "username": "jane"}
    for more in ({"iam_url": EVIL}, {"platform_url": EVIL}, {"iam_url": "http://cpd.example.com"},
                 {"iam_url": "https://iam.cloud.ibm.com"}, {"iam_url": "http://127.0.0.1:8000"},
                 ):  # fmt: skip
        given = own | more
        check_refused(lambda g=given: wx.connect(api_key=Secret(KEY), **g), no_socket)
        check_refused(lambda g=given: wx.connect(password=Secret(PASSWORD), **g), no_socket)


def test_a_key_of_one_sign_in_goes_to_no_other(no_socket):
    for given in ({"region": "ap-south-1", "iam_url": "https://iam.cloud.ibm.com"},
                  {"region": "us-south", "iam_url": "https://account-iam.platform.saas.ibm.com"},
                  {"region": "us-south", "platform_url": "https://api.ap-south-1.aws.data.ibm.com"},
                  ):  # fmt: skip
        check_refused(lambda g=given: wx.connect(api_key=Secret(KEY), **g), no_socket)


@pytest.mark.parametrize(
    "change",
    [("us-south", EVIL), ('region = "us-south"', f'url = "{EVIL}"'),
     ('region = "us-south"', f'region = "us-south"\niam_url = "{EVIL}"'),
     ('region = "us-south"', f'region = "us-south"\nplatform_url = "{EVIL}"'),
     ('region = "us-south"', f'url = "{EVIL}"\nkind = "software"\nusername = "jane"'),
     ('region = "us-south"', 'url = "http://127.0.0.1:9999"'),
     ('region = "us-south"', 'region = "localhost:9999"')],
    ids=str,
)  # fmt: skip
def test_a_settings_file_that_was_changed_moves_no_key(no_socket, kept, change):
    profiles.remember_credentials(
        "work", ConnectionParams("form", Secret(KEY), region="us-south", project_id=PROJECT)
    )
    file = settings.settings_file()
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change))
    check_refused(lambda: wx.connect(profile="work"), no_socket)
    # as the default, too
    check_refused(wx.connect, no_socket)


def test_a_cell_cannot_lead_a_profile_s_key_away(no_socket, kept):
    profiles.remember_credentials(
        "work", ConnectionParams("form", Secret(KEY), region="us-south", project_id=PROJECT)
    )
    for more in ({"url": EVIL}, {"region": EVIL}, {"iam_url": EVIL}, {"platform_url": EVIL},
                 {"url": EVIL, "kind": "software", "username": "jane"},
                 {"url": EVIL, "kind": "zen"}):  # fmt: skip
        check_refused(lambda m=more: wx.connect(profile="work", **m), no_socket)
        check_refused(lambda m=more: wx.connect(**m), no_socket)


@all_cases("sets", ["url", "host", "region", "iam_url", "profile", "ca_bundle"])
def test_a_project_file_sets_no_host(no_socket, tmp_path, monkeypatch, sets):
    """What a cloned repository brings along, beside the notebook."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.wx_notebook]\n{sets} = "{EVIL}"\n')
    (tmp_path / "wx_notebook.toml").write_text(
        f'profile = "a"\n[profiles.a]\nurl = "{EVIL}"\nkind = "software"\nusername = "jane"\n'
    )
    monkeypatch.chdir(tmp_path)
    session = wx.connect(api_key=Secret(KEY), project_id=PROJECT)
    bases = session.endpoints
    assert (bases.url, bases.iam_url) == (
        "https://us-south.ml.cloud.ibm.com", "https://iam.cloud.ibm.com",
    )  # fmt: skip
    assert (session.state.params.ca_bundle, session.state.params.profile, no_socket) == ("", "", [])


def test_a_file_that_merely_lies_there_is_not_read(no_socket, tmp_path, monkeypatch):
    for name in (".env", "ibm-credentials.env"):
        (tmp_path / name).write_text(
            f"WATSONX_URL={EVIL}\nWATSONX_AI_AUTH_TYPE=cp4d\nWATSONX_USERNAME=jane\n"
            f"WATSONX_PASSWORD={PASSWORD}\n"
        )
    monkeypatch.chdir(tmp_path)
    check_refused(wx.connect, no_socket, NotConnected)
    assert wx.connect(api_key=Secret(KEY)).endpoints.place == "us-south"


def test_the_parts_of_a_hostile_pickle_open_no_host(no_socket, monkeypatch):
    env(monkeypatch, WATSONX_API_KEY=KEY)
    rebuild, (luggage,) = wx.connect(api_key=Secret(KEY)).__reduce_ex__(4)
    for change in ({"url": EVIL}, {"iam_url": EVIL}, {"platform_url": EVIL},
                   {"url": EVIL, "kind": "software"}, {"kind": "zen", "url": EVIL}):  # fmt: skip
        with pytest.raises(UserFacingError):
            rebuild(luggage | change).projects()
    assert no_socket == []


# --- redirects ---------------------------------------------------------------------------------


@all_cases("status", [301, 302, 303, 307, 308])
@all_cases("kind", KINDS)
def test_no_sign_in_and_no_prompt_follows_a_redirect(serve, kind, status):
    """Each path that sees a secret, in turn, sends us to a second server."""
    for path in [*KINDS[kind].paths, "/ml/", "/v2/"]:
        second, first = serve(http(200, {"access_token": TOKEN, "expires_in": 3600})), serve()
        answers(first, kind, http(200, CHAT))
        first.on(path, http(status, b"", Location=f"{second.url}{path}"))
        session = session_of(kind, first.url)
        ask = session.projects if path == "/v2/" else lambda s=session: s.chat("hello", model="m")
        problem = caught(ask)
        assert isinstance(problem, HostRefused)
        assert (second.connections, second.seen) == (0, [])
        assert found(shown(problem), *SECRETS) == []
        assert len(first.of(path)) == 1, "sent once"
        session.close()


@pytest.mark.parametrize("status", [302, 307])
def test_the_second_step_of_a_trusted_profile_follows_none_either(serve, status):
    second, first = serve(http(200, {})), serve()
    away = http(status, b"", Location=f"{second.url}/identity/token")
    good = http(200, {"access_token": TOKEN, "expires_in": 3600})
    first.on("/identity/token", good, away)
    problem = caught(lambda: session_of("a trusted profile", first.url).chat("hello", model="m"))
    assert isinstance(problem, HostRefused)
    assert second.connections == 0
    assert TOKEN.encode() in first.seen[1].body, "it was that step"


def test_a_redirect_of_a_library_does_carry_a_form_so_the_tests_above_can_fail(serve):
    import requests

    second = serve(http(200, {}))
    first = serve()
    first.on("/identity/token", http(307, b"", Location=f"{second.url}/identity/token"))
    requests.post(f"{first.url}/identity/token", data={"apikey": OTHER_KEY}, timeout=20)
    assert OTHER_KEY.encode() in second.seen[0].body


# --- .netrc and proxies ------------------------------------------------------------------------


@all_cases("entry", ["machine 127.0.0.1", "default"])
@all_cases("kind", KINDS)
def test_an_entry_in_netrc_changes_no_request(serve, monkeypatch, tmp_path, entry, kind):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"{entry} login somebody password of-somebody\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))
    session = session_of(kind, server.url)
    assert session.chat("hello", model="m").text == "Four."
    *asked, chat = server.seen
    assert not any("authorization" in seen.headers for seen in asked)
    scheme, _, value = chat.headers["authorization"].partition(" ")
    assert scheme == ("ZenApiKey" if kind == "a ZenApiKey" else "Bearer")
    assert value == (
        TOKEN if scheme == "Bearer" else base64.b64encode(f"jane:{KEY}".encode()).decode()
    )
    assert not any(b"somebody" in seen.raw for seen in server.seen)


@all_cases("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@all_cases("kind", KINDS)
def test_no_proxy_sees_what_goes_to_this_machine(serve, monkeypatch, name, kind):
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))
    with Proxy(server) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert session_of(kind, server.url).chat("hello", model="m").text == "Four."
        assert (proxy.connections, proxy.carried) == (0, b"")
    assert any(quote_plus(KINDS[kind].holds).encode() in seen.raw
               or KINDS[kind].holds.encode() in seen.raw
               or b"authorization" in seen.raw.lower() for seen in server.seen)  # fmt: skip


FAR = {
    "an IBM Cloud key": {"url": "", "region": "eu-de"},
    "an AWS key": {"url": "", "region": "ap-south-1"},
    "a cluster's password": {"url": "https://cpd.example.com"},
    "a cluster with an IAM": {"url": "https://cpd.example.com", "iam_url": "https://cpd.example.com"},
    "a ZenApiKey": {"url": "https://cpd.example.com"},
    "a token": {"url": "", "region": "us-south"},
}  # fmt: skip


@all_cases("status", [403, 407])
@all_cases("kind", FAR)
def test_a_proxy_that_refuses_has_seen_no_secret_and_its_error_shows_none(
    monkeypatch, kind, status
):
    with Proxy(refuses=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:proxy-password@"))
        session = session_of(kind, "http://127.0.0.1:1", **FAR[kind])
        problem = caught(lambda: session.chat("hello", model="m"))
        assert type(problem) is ServiceDown
        assert proxy.carried.startswith(b"CONNECT ")
        assert found(proxy.carried.decode("latin-1"), *SECRETS) == []
    assert found(shown(problem), *SECRETS, "proxy-password") == []


@pytest.mark.parametrize("kind", FAR)
def test_a_host_whose_certificate_is_not_to_be_trusted_gets_no_secret(
    serve, authority, monkeypatch, kind
):
    """Somebody in the middle, by a proxy that leads to them."""
    middle = serve(http(200, CHAT), tls=authority.context)
    with Proxy(middle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        session = session_of(kind, "http://127.0.0.1:1", **FAR[kind])
        problem = caught(lambda: session.chat("hello", model="m"))
        assert found(proxy.carried.decode("latin-1"), *SECRETS) == []
    assert "certificate" in problem.message
    assert middle.seen == []
    assert found(shown(problem), *SECRETS) == []
