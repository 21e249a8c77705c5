"""No redirect is followed: a key in a body would go along with it."""

from __future__ import annotations

from support.cases import all_cases
from transport.servers import KEY, TOKEN, caught, connect, http, shown

from wx_notebook.errors import HostRefused

ASKS = {
    "a token": lambda session: session.state.token_source.token(),
    "an answer": lambda session: session.chat("hello", model="m"),
    "a streamed answer": lambda session: session.stream("hello", model="m").answer,
    "a generated text": lambda session: session.generate("hello", model="m"),
    "the models": lambda session: session.models(),
    "the project": lambda session: session.verify(),
    "the projects": lambda session: session.projects(),
}


@all_cases("status", [301, 302, 303, 307, 308])
@all_cases("asked", ASKS)
def test_a_redirect_is_an_error_that_names_both_hosts_and_the_second_one_sees_nothing(
    serve, asked, status
):
    second = serve(http(200, {}))
    first = serve(http(status, b"", Location=f"{second.url}/elsewhere"))
    if asked == "a token":
        first.on("/identity/token", http(status, b"", Location=f"{second.url}/identity/token"))
    session = connect(first)

    problem = caught(lambda: ASKS[asked](session))

    assert isinstance(problem, HostRefused)
    assert f"127.0.0.1:{first.port} redirects to 127.0.0.1:{second.port};" in problem.message
    assert "proxy" in problem.hint
    assert KEY not in shown(problem)
    assert TOKEN not in shown(problem)
    assert (second.connections, second.seen) == (0, [])
    redirected = [seen for seen in first.seen if asked == "a token" or "identity" not in seen.path]
    assert len(redirected) == 1, "sent once"


def test_a_redirect_to_another_path_of_the_same_host_is_refused_too(serve):
    server = serve(http(307, b"", Location="/ml/v2/text/chat"))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert isinstance(problem, HostRefused)
    assert len(server.of("/ml/")) == 1


@all_cases("location", ["", "http://[::bad", "//", "\xb2", "javascript:alert(1)"])
def test_a_redirect_to_nowhere_is_an_error_of_ours(serve, location):
    server = serve(http(302, b"", Location=location))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem).__module__ == "wx_notebook.errors"
    assert len(server.of("/ml/")) == 1


def test_a_redirect_whose_address_quotes_the_key_shows_it_to_nobody(serve):
    server = serve(http(307, b"", Location=f"https://{KEY}.example/?key={KEY}"))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert "<secret>.example" in problem.message
    assert KEY not in shown(problem)
