"""How often a request is sent: a prompt costs money, a list does not."""

from __future__ import annotations

import socket
import threading

import pytest
from support.cases import all_cases
from transport.servers import (
    CHAT,
    PROJECT,
    TOKEN_DOCUMENT,
    Pauses,
    caught,
    chunked,
    connect,
    http,
)

from wx_notebook.errors import RateLimited, ServiceDown
from wx_notebook.transport import FREE, PAID, HttpRequest, RetryPolicy, Transport, Wait


def paid(session):
    return session.chat("hello", model="m")


def free(session):
    return session.models()


def nobody_there() -> str:
    """A URL where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


# --- what cannot have reached the service ------------------------------------------------------


@pytest.mark.parametrize(("policy", "attempts"), [(PAID, 5), (FREE, 3)])
def test_a_refused_connection_is_tried_again_and_the_attempts_are_told(policy, attempts):
    pauses, waits = Pauses(), []
    call = HttpRequest("POST", nobody_there() + "/", body={}, policy=policy)
    problem = caught(lambda: Transport(sleep=pauses).open(call, on_wait=waits.append))
    assert type(problem) is ServiceDown
    assert problem.message == f"{call.host} cannot be reached. Attempts: {attempts}."
    assert [wait.attempt for wait in waits] == list(range(1, attempts))
    assert [wait.pause_s for wait in waits] == pauses
    assert str(waits[0]).startswith(f"{call.host} cannot be reached; attempt 2 of {attempts} in 0.")


def test_a_service_that_comes_up_meanwhile_answers_and_the_attempts_are_counted(serve):
    nowhere = nobody_there()
    servers = []

    def come_up(_):
        servers.append(serve(http(200, CHAT), port=int(nowhere.rpartition(":")[2])))

    reply = Transport(sleep=come_up).open(HttpRequest("POST", nowhere, body={"a": 1}, policy=PAID))
    assert (reply.json(), reply.attempts) == (CHAT, 2)
    assert [seen.body for seen in servers[0].seen] == [b'{"a":1}'], "sent whole, and once"


def test_a_name_that_cannot_be_resolved_is_tried_again(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # the excuse for a patch: a test must not depend on this machine's name servers
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    pauses = Pauses()
    problem = caught(lambda: connect("eu-de", sleep=pauses).chat("hello", model="m"))
    assert problem.message == "The name iam.cloud.ibm.com cannot be resolved. Attempts: 3."
    assert len(pauses) == 2


# --- what the service said --------------------------------------------------------------------


@all_cases("status", [429, 503])
@all_cases(("ask", "attempts"), [(paid, 5), (free, 3)])
def test_not_now_is_asked_again_with_growing_pauses(serve, status, ask, attempts):
    server, pauses = serve(http(status, {})), Pauses()
    problem = caught(lambda: ask(connect(server, sleep=pauses)))
    assert len(server.of("/ml/")) == attempts
    assert f"HTTP {status}, {attempts} attempts." in problem.message
    assert isinstance(problem, RateLimited if status == 429 else ServiceDown)
    longest = 8 if ask is paid else 2
    for number, pause in enumerate(pauses):
        plain = min(0.5 * 2**number, longest)
        assert plain <= pause <= plain * 1.25


def test_an_answer_after_a_busy_service_says_how_often_it_was_sent(serve):
    server = serve(http(503, {}), http(429, {}), http(200, CHAT))
    answer = paid(connect(server))
    assert answer.text == "Four."
    assert answer.warnings == ("sent 3 times: the service was busy at first",)
    assert len({seen.body for seen in server.of("/ml/")}) == 1


@all_cases("status", [500, 501, 502, 504, 520, 524])
def test_another_failure_of_the_service_is_not_repeated_for_a_prompt(serve, status):
    server, pauses = serve(http(status, {})), Pauses()
    problem = caught(lambda: paid(connect(server, sleep=pauses)))
    assert type(problem) is ServiceDown
    assert (len(server.of("/ml/")), pauses) == (1, [])
    assert f"HTTP {status}." in problem.message


@all_cases("status", [500, 502, 504])
@all_cases("asked", ["the models", "the projects", "a token"])
def test_a_list_or_a_token_is_asked_for_again(serve, status, asked):
    paths = {"the models": "/ml/v1/foundation_model_specs", "the projects": "/v2/projects",
             "a token": "/identity/token"}  # fmt: skip
    server = serve(http(200, {"resources": []}))
    good = http(200, TOKEN_DOCUMENT if asked == "a token" else {"resources": []})
    server.on(paths[asked], http(status, {}), http(status, {}), good)
    session = connect(server)
    assert (session.models() if asked == "the models" else session.projects()) == []
    assert len(server.of(paths[asked])) == 3


@all_cases("status", [400, 403, 404, 422])
@all_cases("ask", [paid, free])
def test_a_refusal_is_never_repeated(serve, status, ask):
    server, pauses = serve(http(status, {})), Pauses()
    caught(lambda: ask(connect(server, sleep=pauses)))
    sent = [seen for seen in server.of("/ml/") if ask is free or seen.method == "POST"]
    assert (len(sent), pauses) == (1, [])


# --- Retry-After -------------------------------------------------------------------------------


@all_cases(("said", "waited"), [("7", 7), ("0", 0), (" 12 ", 12), ("60", 60)])
def test_retry_after_is_waited_for(serve, said, waited):
    server, pauses = serve(http(429, {}, Retry_After=said), http(200, CHAT)), Pauses()
    assert paid(connect(server, sleep=pauses)).text == "Four."
    assert pauses == [waited]


@pytest.mark.parametrize("said", ["61", "3600", "9" * 400])
def test_a_retry_after_longer_than_a_person_waits_ends_it_at_once(serve, said):
    server, pauses = serve(http(429, {}, Retry_After=said)), Pauses()
    problem = caught(lambda: paid(connect(server, sleep=pauses)))
    assert isinstance(problem, RateLimited)
    assert (len(server.of("/ml/")), pauses) == (1, [])


@all_cases("said", ["Fri, 31 Dec 1999 23:59:59 GMT", "-5", "1.5", "", "soon", "\xb2", "nan", "inf"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(serve, said):
    server, pauses = serve(http(429, {}, Retry_After=said), http(200, CHAT)), Pauses()
    assert paid(connect(server, sleep=pauses)).text == "Four."
    assert len(pauses) == 1
    assert 0.5 <= pauses[0] <= 0.625


# --- what may have reached the service ---------------------------------------------------------


@all_cases("ending", ["reset", "closed", "half a head", "no http"])
def test_a_connection_lost_before_the_answer_is_not_repeated_for_a_prompt_but_for_a_list(
    serve, ending
):
    def lose(connection, _):
        if ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        elif ending == "half a head":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
        elif ending == "no http":
            connection.sendall(b"go away\r\n\r\n")
        return False

    server = serve(lose)
    pauses = Pauses()
    session = connect(server, sleep=pauses)
    problem = caught(lambda: paid(session))
    assert isinstance(problem, ServiceDown)
    assert (len(server.of("/ml/v1/text/chat")), pauses) == (1, [])
    if ending != "half a head":
        closed = f"127.0.0.1:{server.port} closed the connection without an answer"
        assert problem.message == f"{closed}; the prompt may have been billed."
        assert problem.maybe_billed
        problem = caught(session.models)
        assert problem.message == f"{closed}. Attempts: 3."
        assert not problem.maybe_billed
        assert len(server.of("/ml/v1/foundation_model_specs")) == 3


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_an_answer_that_breaks_off_is_not_repeated(serve, framing):
    whole = http(200, CHAT)
    server = serve()
    broken = whole[:-5] if framing == "length" else chunked(b'{"a":', kind="application/json",
                                                            end=False)  # fmt: skip
    server.on("/ml/", server.hang_up(broken))
    caught(lambda: paid(connect(server)))
    assert len(server.of("/ml/")) == 1


def test_a_connection_that_the_service_closed_between_two_prompts_costs_nothing(serve):
    closed = threading.Event()

    def answer_and_close(connection, _):
        connection.sendall(http(200, CHAT))
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()
        return False

    server = serve(answer_and_close)
    session = connect(server)
    for _ in range(3):
        closed.clear()
        assert paid(session).text == "Four."
        assert closed.wait(5)
    assert len(server.of("/ml/")) == 3


def test_connections_are_used_again(serve):
    server = serve(http(200, CHAT))
    session = connect(server)
    for _ in range(5):
        paid(session)
    assert server.connections == 1


def test_the_sandbox_agrees_about_resets_and_failures(sandbox, session):
    for fault, sent in [("reset", 1), ("500", 1), ("502-html", 1)]:
        before = sandbox.counts["chat"]
        sandbox.fault(fault, times=1)
        caught(lambda: paid(session))
        assert sandbox.counts["chat"] - before == sent, fault


# --- the policy itself ---------------------------------------------------------------------------


def test_a_wait_reads_as_a_sentence():
    assert str(Wait("x answered 429", 1.234, 1, 5)) == "x answered 429; attempt 2 of 5 in 1.2 s"


def test_the_last_attempt_is_followed_by_no_pause():
    policy = RetryPolicy(attempts=2)
    assert policy.pause_s(1) is not None
    assert policy.pause_s(2) is None
    assert policy.pause_s(2, "1") is None


def test_an_interrupt_while_waiting_for_the_next_attempt_ends_it(serve):
    from wx_notebook.errors import Interrupted

    def pressed(_):
        raise KeyboardInterrupt

    server = serve(http(429, {}))
    problem = caught(lambda: paid(connect(server, sleep=pressed)))
    assert type(problem) is Interrupted
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert len(server.of("/ml/")) == 1


def test_the_project_goes_out_with_every_attempt(serve):
    server = serve(http(503, {}), http(200, CHAT))
    paid(connect(server))
    assert all(PROJECT.encode() in seen.body for seen in server.of("/ml/"))
