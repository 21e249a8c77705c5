"""A proxy or a company's filter that answers instead of IAM, the platform or the service."""

from __future__ import annotations

import pytest
from support.cases import all_cases
from transport.servers import KEY, PROJECT, Proxy, caught, connect, http, shown

import wx_notebook as wx
from wx_notebook.errors import ProjectError, PromptTooLong, ServiceDown

PAGE = (
    "<html><head><title>Blocked</title></head><body><h1>Access Denied</h1>"
    "<p>{}: this site is blocked by your company.</p></body></html>"
)
PLACES = {"IAM": "/identity/", "the platform": "/v2/", "the service": "/ml/v1/text/"}


def refused(serve, place, reply):
    server = serve(token=place != "IAM")
    server.on(PLACES[place], reply)
    session = connect(server)
    ask = session.projects if place == "the platform" else lambda: session.chat("x", model="m")
    return server, caught(ask)


@all_cases("place", PLACES)
@all_cases(
    ("status", "next_step"),
    [(403, "to allow https://"), (407, "user name and password into HTTPS_PROXY"),
     (413, "Make the prompt shorter"), (502, "Run it again"), (503, "Run it again"),
     (511, "Sign in to the network")],
)  # fmt: skip
def test_a_page_of_a_filter_is_told_as_such_with_the_address_and_the_setting(
    serve, place, status, next_step
):
    server, problem = refused(serve, place, http(status, PAGE.format("Zscaler")))
    assert type(problem) is ServiceDown
    host = server.url.partition("://")[2]
    assert f"A proxy or filter on the way to {host} answered" in problem.message
    assert "It said: Access Denied Zscaler: this site is blocked" in problem.message
    assert "names Zscaler" in problem.message
    assert "HTTPS_PROXY" in problem.message
    assert f"HTTP {status}" in problem.message
    assert next_step in problem.hint
    assert "project" not in problem.hint
    assert "new" not in problem.hint, "no advice to make a new key"
    assert len(problem._render_traceback_()) <= 6


@all_cases(
    ("reply", "name"),
    [(http(403, "<p>no</p>", Server="squid/6.1"), "Squid"),
     (http(403, "<p>no</p>", X_Squid_Error="ERR_ACCESS_DENIED 0"), "Squid"),
     (http(403, "<p>Netskope blocked it</p>"), "Netskope"),
     (http(403, b"Blocked by FortiGuard", kind="text/plain"), "FortiGuard"),
     (http(503, "<p>no</p>", Server="cloudflare"), "Cloudflare")],
    ids=range(5),
)  # fmt: skip
def test_the_product_is_named_by_its_page_or_its_headers(serve, reply, name):
    _, problem = refused(serve, "the service", reply)
    assert f"names {name}" in problem.message


@all_cases(
    ("document", "said"),
    [({"error": "Forbidden by Zscaler"}, "Forbidden by Zscaler"),
     ({"message": "Blocked by the web filter"}, "Blocked by the web filter"),
     ({"status": 403, "title": "Web filter", "detail": "ask IT"}, "ask IT"),
     ({"error": {"message": "URL filter: category AI"}}, "URL filter: category AI")],
)  # fmt: skip
def test_a_filter_that_speaks_json_is_told_as_such_too(serve, document, said):
    for place in PLACES:
        _, problem = refused(serve, place, http(403, document))
        assert type(problem) is ServiceDown, place
        assert "A proxy or filter on the way" in problem.message
        assert f"It said: {said}" in problem.message


@pytest.mark.parametrize(
    "document",
    [{"errors": [{"code": "x", "message": "a firewall rule in your prompt"}], "trace": "t"},
     {"error": {"message": "you may not use this project"}}],
)  # fmt: skip
def test_a_refusal_of_the_service_in_json_is_no_filters(serve, document):
    _, problem = refused(serve, "the service", http(403, document))
    assert type(problem) is ProjectError


def test_what_a_proxy_says_is_not_taken_for_a_secret_because_of_the_line_above_it(serve):
    page = (
        "<html><p>Basic authentication is required.</p>\n<p>Password:</p>\n<p>Contact the help "
        "desk</p><p>Bearer authentication</p></html>"
    )
    _, problem = refused(serve, "the service", http(403, page))
    assert "Basic authentication is required. Password: Contact the help desk" in problem.message
    assert "<secret>" not in problem.message
    given = "<html>Authorization: Basic amFuZTpzM2NyM3Q=\npassword: hunter22x</html>"
    _, problem = refused(serve, "the service", http(403, given))
    assert "amFuZ" not in problem.message
    assert "hunter22x" not in problem.message


def test_a_page_instead_of_an_answer_is_told_as_such_too(serve):
    _, problem = refused(serve, "the service", http(200, "<html>Please log in</html>"))
    assert "A proxy or filter on the way to" in problem.message


def test_a_sign_in_page_of_the_network_instead_of_a_token(serve):
    _, problem = refused(serve, "IAM", http(200, "<html>Welcome to our guest network</html>"))
    assert "guest network" in problem.message
    assert type(problem) is ServiceDown


@pytest.mark.parametrize("status", [404, 405])
def test_a_page_that_is_not_there_at_a_sign_in_is_a_wrong_address(serve, status):
    _, problem = refused(serve, "IAM", http(status, "<html>Not Found</html>"))
    assert "issues no tokens of this kind" in problem.message
    _, problem = refused(serve, "the service", http(404, "<html>Not Found</html>"))
    assert problem.hint.startswith("Check the URL")


def test_a_refusal_of_the_service_itself_is_none_of_a_proxy(serve):
    _, problem = refused(serve, "the service", http(413, {"message": "Too large."}))
    assert type(problem) is PromptTooLong
    assert "proxy" not in problem.message


@pytest.mark.parametrize(
    ("status", "next_step"),
    [(407, "http://USER:PASSWORD@PROXY:PORT"), (403, "to allow https://iam.cloud.ibm.com"),
     pytest.param(502, "Run it again", marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_proxy_that_opens_no_tunnel_is_named_with_its_setting(monkeypatch, status, next_step):
    with Proxy(refuses=status) as proxy:
        host = proxy.url.partition("://")[2]
        monkeypatch.setenv("HTTPS_PROXY", f"http://jane:proxy-password@{host}")
        session = wx.connect(api_key=KEY, region="us-south", project_id=PROJECT)
        problem = caught(session.projects)
        assert KEY.encode() not in proxy.carried
    assert f"HTTP {status}, the proxy in use is {host} (HTTPS_PROXY)." in problem.message
    assert next_step in problem.hint
    assert "proxy-password" not in shown(problem)
    if status != 502:
        assert "Attempts" not in problem.message, "it would refuse again"
