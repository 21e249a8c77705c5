"""A log out holds for its kernel: nothing that was signed in before it sends anything after it."""

from __future__ import annotations

import json
import os
import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell
from transport.servers import CHAT, PROJECT, TOKEN_DOCUMENT, caught, chunked, connect, events, http

import wx_notebook as wx
from wx_notebook import hints
from wx_notebook.credentials import Secret
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.errors import AnswerCut, BadOption, KeyRefused, NotConnected
from wx_notebook.interop.bearer import SessionTokens
from wx_notebook.magics import commands
from wx_notebook.session import current, current_session, end_sessions

HALF = chunked(events({"choices": [{"index": 0, "delta": {"content": "Four"}}]}), end=False)


class Gate:
    """What a server says once the test lets it."""

    def __init__(self, says=b""):
        self.says = says
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, connection, _):
        self.reached.set()
        assert self.opened.wait(10)
        connection.sendall(self.says)
        return True


@pytest.fixture
def in_thread():
    """Calls in a thread; `end()` returns what the call raised or returned."""
    threads = []

    def start(call):
        ended = []

        def work():
            try:
                ended.append(call())
            except BaseException as problem:  # noqa: BLE001
                ended.append(problem)

        thread = threading.Thread(target=work)
        threads.append(thread)
        thread.start()

        def end():
            thread.join(10)
            assert not thread.is_alive(), "it still waits"
            return ended[0]

        return end

    yield start
    for thread in threads:
        thread.join(10)


@pytest.fixture
def environment(sandbox, monkeypatch):
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    monkeypatch.setenv("WATSONX_PROJECT_ID", sandbox.project_id)
    return sandbox


def prompts(server):
    return server.of("/ml/v1/text/chat")


# --- it holds -------------------------------------------------------------------------------------


def test_after_a_log_out_no_prompt_signs_in_by_itself_until_the_user_does(environment):
    assert wx.ask("hello")
    end_sessions()
    asked = dict(environment.counts)
    for use in (wx.session, lambda: wx.ask("hello"), lambda: wx.stream("hello")):
        problem = caught(use)
        assert type(problem) is NotConnected
        assert problem.message == "You have logged out in this kernel. Nothing was sent."
        assert problem.hint == "Next: run %watsonx login, or call wx.connect()."
    assert dict(environment.counts) == asked
    wx.connect()
    assert wx.ask("hello")


@pytest.mark.parametrize("command", ["models", "models granite", "doctor", "status", "usage"])
def test_no_command_asks_the_service_after_a_log_out(environment, command, capsys):
    end_sessions()
    try:
        commands.run(InteractiveShell.instance(), command)
    except NotConnected as error:
        assert error.message.startswith("You have logged out")  # noqa: PT017
    assert "No prompt" not in capsys.readouterr().out
    assert environment.calls == []


def test_a_region_that_the_user_names_is_asked_for_its_models_without_a_credential(environment):
    end_sessions()
    commands.run(InteractiveShell.instance(), f"models --region {environment.url}")
    (call,) = environment.calls
    assert call.path.startswith("/ml/v1/foundation_model_specs")
    assert "authorization" not in {name.lower() for name in call.headers}


def test_a_log_out_holds_also_where_nobody_was_signed_in_yet(environment):
    end_sessions()
    assert type(caught(lambda: wx.ask("hello"))) is NotConnected
    assert environment.counts["token"] == 0


@pytest.mark.parametrize("asks", [True, False])
def test_in_the_demo_it_holds_too_and_the_error_names_the_way_back(
    sandbox, monkeypatch, tmp_path, asks
):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    monkeypatch.setenv("WX_NOTEBOOK_SANDBOX", str(file))
    monkeypatch.setattr(hints, "can_ask", lambda _=None: asks)
    assert wx.ask("hello")
    end_sessions()
    hint = caught(lambda: wx.ask("hello")).hint
    if asks:
        assert hint == "Next: run %watsonx login and click “Use the sandbox”."
    else:
        assert hint == "Next: call wx.connect() to use the sandbox."
    file.unlink()
    assert "sandbox" not in caught(lambda: wx.ask("hello")).hint, "the demo has ended"


def test_a_sign_in_that_fails_does_not_end_a_log_out(environment):
    end_sessions()
    wrong = ConnectionParams("form", Secret("w9" * 22), url=environment.url)
    assert type(caught(lambda: current.sign_in(wrong))) is KeyRefused
    assert type(caught(wx.session)) is NotConnected


# --- of everything --------------------------------------------------------------------------------


def test_it_ends_every_session_of_the_kernel_and_what_was_made_of_them(sandbox):
    first = wx.connect(**sandbox.credentials())
    answer = first.chat("hello", max_tokens=1)
    assert answer.finish_reason == "length"
    tokens = SessionTokens(first)
    kept = [wx.connect(**sandbox.credentials()), wx.connect(**sandbox.credentials())]
    only_tokens = SessionTokens(wx.connect(**sandbox.credentials()))
    del first
    asked = sandbox.counts["chat"]
    end_sessions()
    assert type(caught(answer.more)) is BadOption
    for each in (tokens, only_tokens):
        assert type(caught(each.token)) is NotConnected
    for session in kept:
        assert type(caught(lambda session=session: session.chat("hello"))) is NotConnected
        assert session.status_line() == "closed: key and token are forgotten"
    assert sandbox.counts["chat"] == asked


def test_who_signs_in_again_does_not_open_the_sessions_of_before(sandbox):
    before = wx.connect(**sandbox.credentials())
    end_sessions()
    wx.connect(**sandbox.credentials())
    problem = caught(lambda: before.chat("hello"))
    assert problem.message == "not connected: a log out has closed this session."
    assert "wx.session()" in problem.hint
    assert wx.ask("hello")


# --- what is under way ----------------------------------------------------------------------------


def test_a_thread_that_waits_for_its_first_token_sends_no_prompt(serve, in_thread):
    iam = Gate(http(200, TOKEN_DOCUMENT))
    server = serve(http(200, CHAT))
    server.on("/identity/token", iam)
    session = connect(server)
    end = in_thread(lambda: session.chat("hello", model="m"))
    assert iam.reached.wait(10)
    end_sessions()
    iam.opened.set()
    assert type(end()) is NotConnected
    assert prompts(server) == []


def test_nor_does_one_whose_own_function_returns_a_token_too_late(serve, in_thread):
    entered, opened = threading.Event(), threading.Event()

    def token():
        entered.set()
        assert opened.wait(10)
        return "t9" * 25

    server = serve(http(200, CHAT))
    session = wx.connect(token=token, url=server.url, project_id=PROJECT)
    end = in_thread(lambda: session.chat("hello", model="m"))
    assert entered.wait(10)
    end_sessions()
    opened.set()
    assert type(end()) is NotConnected
    assert prompts(server) == []


@pytest.mark.parametrize("path", ["/ml/v1/text/chat", "/identity/token"])
def test_what_waits_for_its_next_attempt_is_not_sent_again(serve, in_thread, path):
    waits, opened = threading.Event(), threading.Event()

    def sleep(_):
        waits.set()
        assert opened.wait(10)

    server = serve(http(200, CHAT))
    server.on(path, http(503, {}), http(200, CHAT if "chat" in path else TOKEN_DOCUMENT))
    session = connect(server, sleep=sleep)
    end = in_thread(lambda: session.chat("hello", model="m"))
    assert waits.wait(10)
    end_sessions()
    opened.set()
    problem = end()
    assert type(problem) is NotConnected
    assert "billed" not in problem.message, "it was refused the first time"
    assert len(server.of(path)) == 1


def test_a_token_that_is_renewed_after_a_refusal_sends_no_prompt(serve, in_thread):
    again = Gate(http(200, TOKEN_DOCUMENT))
    server = serve(http(401, {"errors": [{"code": "authentication_token_expired"}]}))
    server.on("/identity/token", http(200, TOKEN_DOCUMENT), again)
    session = connect(server)
    end = in_thread(lambda: session.chat("hello", model="m"))
    assert again.reached.wait(10)
    end_sessions()
    again.opened.set()
    assert type(end()) is NotConnected
    assert len(prompts(server)) == 1


def test_an_answer_that_arrives_is_cut_and_what_came_is_kept(serve):
    server = serve()
    server.on("/ml/", server.drip(HALF, b"1\r\n:\r\n"))
    stream = connect(server).stream("hello", model="m")
    assert next(stream) == "Four"
    end_sessions()
    cut = caught(lambda: next(stream))
    assert type(cut) is AnswerCut
    assert cut.answer.text == "Four"
    assert cut.message == "The answer was cut. Its session was closed."
    assert cut.hint == "What was received is in wx.last()."
    assert server.gone.wait(5)


@pytest.mark.parametrize("first", [HALF, b""], ids=["in the middle", "before the first byte"])
def test_a_thread_that_reads_an_answer_is_released_at_once(serve, in_thread, first):
    server = serve()
    reached = threading.Event()
    silent = server.silent(first)

    def say(connection, seen):
        reached.set()
        return silent(connection, seen)

    server.on("/ml/", say)
    session = connect(server)
    end = in_thread(lambda: session.stream("hello", model="m").answer)
    assert reached.wait(10)
    end_sessions()
    problem = end()
    assert type(problem) in (AnswerCut, NotConnected)
    if not first:
        assert "may have been billed" in problem.message
    assert server.gone.wait(5)


def test_an_answer_without_a_length_that_a_log_out_ends_is_not_whole(serve, in_thread):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    server = serve()
    reached = threading.Event()
    silent = server.silent(head + json.dumps(CHAT).encode())

    def say(connection, seen):
        reached.set()
        return silent(connection, seen)

    server.on("/ml/", say)
    session = connect(server)
    end = in_thread(lambda: session.chat("hello", model="m"))
    assert reached.wait(10)
    end_sessions()
    assert isinstance(end(), (AnswerCut, NotConnected))


def test_a_sign_in_that_is_being_verified_does_not_come_into_force(serve, in_thread):
    iam = Gate(http(200, TOKEN_DOCUMENT))
    server = serve(http(200, CHAT))
    server.on("/identity/token", iam)
    new = connect(server)
    end = in_thread(lambda: current.verify_and_activate(new))
    assert iam.reached.wait(10)
    end_sessions()
    iam.opened.set()
    assert type(end()) is NotConnected
    assert current_session() is None
    assert type(caught(lambda: current.activate(new))) is NotConnected


def test_closing_one_session_leaves_the_others_alone(serve, in_thread):
    """Two of the same credential share their connections."""
    gate = Gate(http(200, CHAT))
    server = serve(gate)
    first = connect(server)
    second = first.with_params(first.state.params)
    end = in_thread(lambda: second.chat("hello", model="m"))
    assert gate.reached.wait(10)
    first.close()
    gate.opened.set()
    assert end().text == "Four."
    assert second.chat("hello", model="m").text == "Four."


# --- a fork ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_while_the_models_are_requested_requests_them_itself(
    serve, in_thread
):
    models = Gate(http(200, {"resources": []}))
    server = serve(http(200, {"resources": []}))
    server.on("/ml/v1/foundation_model_specs", models, http(200, {"resources": []}))
    session = connect(server)
    end = in_thread(session.state.catalogue.load)
    assert models.reached.wait(10)
    child = os.fork()
    if not child:
        try:
            session.state.catalogue.load()
            session.state.meter.reserve(1, {})
        finally:
            os._exit(0 if session.state.catalogue.everything == () else 1)
    done = threading.Event()
    status = []

    def reap():
        status.append(os.waitpid(child, 0)[1])
        done.set()

    threading.Thread(target=reap, daemon=True).start()
    is_done = done.wait(10)
    if not is_done:
        os.kill(child, 9)
    models.opened.set()
    end()
    assert is_done, "the child waits for a thread that it does not have"
    assert status == [0]
