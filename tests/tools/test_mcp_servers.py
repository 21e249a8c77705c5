"""MCP servers: real ones, each a process of its own, that hang, die, flood and change."""

from __future__ import annotations

import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from credentials import keyring_stand_ins
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.errors import BadOption, Interrupted
from wx_notebook.settings import settings_file
from wx_notebook.tools import McpServer, mcp_connection, mcp_servers

SERVER = str(Path(__file__).parents[1] / "support" / "mcp_server.py")
pytestmark = pytest.mark.slow


def server(*flags, name="test", **fields):
    return McpServer(name, sys.executable, (SERVER, *flags), **fields)


TEST = server()


@pytest.fixture(scope="module", autouse=True)
def _ends():
    yield
    mcp_servers.CONNECTIONS.close()


def call(sandbox, *calls, tools=TEST, **options):
    sandbox.say_calls(*calls)
    sandbox.say("ok")
    return wx.ask("hi", tools=[tools], yes=True, **options).calls


def sent(sandbox):
    return [c for c in sandbox.calls if c.kind == "chat"]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a zombie that nobody has waited for has ended, too
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid, within_s=15):
    until = time.monotonic() + within_s
    while is_alive(pid):
        assert time.monotonic() < until, f"{pid} is alive"
        time.sleep(0.05)
    return True


def test_its_tools_are_offered_and_called(session, sandbox):
    first, second = call(sandbox, ("add", {"a": 1, "b": 2}), ("fail", {"why": "x"}))
    assert first.result == "3"
    assert "Error executing tool fail" in second.error
    names = [tool["function"]["name"] for tool in sent(sandbox)[0].body_json["tools"]]
    assert names == ["add", "environment", "process", "fail", "hang", "flood"]
    described = sent(sandbox)[0].body_json["tools"][0]["function"]
    assert described["description"] == "Add two numbers."
    assert described["parameters"]["required"] == ["a", "b"]


def test_one_process_serves_all_prompts_and_ends_when_it_is_closed(session, sandbox):
    own = server(name="own")
    pids = {call(sandbox, ("process", {}), tools=own)[0].result for _ in range(2)}
    (pid,) = map(int, pids)
    assert is_alive(pid)
    mcp_servers.CONNECTIONS.close()
    assert gone(pid)


def test_it_gets_no_variable_of_ours_but_those_that_the_user_names(session, sandbox, monkeypatch):
    monkeypatch.setenv("WATSONX_API_KEY", "k" * 44)
    monkeypatch.setenv("FILES_ROOT", "/data")
    (found,) = call(sandbox, ("environment", {}), tools=server(name="e", pass_env=("FILES_ROOT",)))
    assert "WATSONX" not in found.result
    assert "FILES_ROOT=/data" in found.result
    assert "PATH=" in found.result


def test_a_live_key_that_it_returns_does_not_reach_the_model(session, sandbox, monkeypatch):
    monkeypatch.setenv("LEAKED", sandbox.api_key)
    (found,) = call(sandbox, ("environment", {}), tools=server(name="l", pass_env=("LEAKED",)))
    assert "LEAKED=<secret>" in found.result
    assert sandbox.api_key not in str(sent(sandbox)[-1].body_json)


def test_a_flood_is_shortened(session, sandbox):
    (found,) = call(sandbox, ("flood", {"size": 3_000_000}))
    assert found.result.startswith("xxx")
    assert found.result.endswith("more characters are left out)")


def test_a_server_that_hangs_is_told_ended_and_started_anew(session, sandbox, tmp_path):
    hanging = server(name="h", call_s=2)
    first, second = call(
        sandbox, ("hang", {"file": str(tmp_path / "pid")}), ("add", {"a": 1, "b": 1}), tools=hanging
    )
    assert "'h' did not answer hang within 2 s, and was ended" in first.error
    assert "has ended" in second.error
    assert gone(int((tmp_path / "pid").read_text()))
    assert call(sandbox, ("add", {"a": 1, "b": 2}), tools=hanging)[0].result == "3"


def test_a_server_that_is_killed_in_mid_call_is_told_at_once_and_started_anew(
    session, sandbox, tmp_path
):
    mortal, file = server(name="k"), tmp_path / "pid"

    def kill():
        while not file.exists() or not file.read_text():
            time.sleep(0.02)
        os.kill(int(file.read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    first, second = call(
        sandbox, ("hang", {"file": str(file)}), ("add", {"a": 1, "b": 1}), tools=mortal
    )
    killer.join()
    assert time.monotonic() - began < 30, "long before the limit of a call"
    assert "'k'" in first.error
    assert "hang" in first.error
    assert "has ended" in second.error
    assert "'k'" in str(sent(sandbox)[-1].body_json["messages"])
    assert call(sandbox, ("add", {"a": 1, "b": 2}), tools=mortal)[0].result == "3"


def test_tools_that_have_changed_are_refused_until_they_were_looked_at(session, sandbox, tmp_path):
    flag = tmp_path / "changed"
    changing = server(f"changed={flag}", name="c")
    call(sandbox, ("add", {"a": 1, "b": 1}), tools=changing)
    mcp_servers.CONNECTIONS.of(changing).close()
    flag.touch()
    before = len(sent(sandbox))
    with pytest.raises(BadOption, match="'c' has changed its tools: send") as caught:
        wx.ask("hi", tools=[changing], yes=True)
    assert "%watsonx tools" in caught.value.hint
    assert len(sent(sandbox)) == before
    mcp_servers.server_tools(changing, accept_changes=True)
    assert call(sandbox, ("send", {"file": "x"}), tools=changing)[0].result == "x"


@all_cases(
    ("made", "what"),
    [
        (server("dead", name="d"), "'d' cannot be started"),
        (McpServer("n", "no-such-program"), "'n' cannot be started: FileNotFoundError"),
        (server("silent", name="s"), "'s' did not start within"),
        (server("many=150", name="m"), "has 156 tools, and a prompt takes at most 100"),
        (McpServer("u", url="http://127.0.0.1:1/mcp"), "'u' cannot be started"),
        ("mcp:nothing", "There is no MCP server 'nothing'"),
    ],
    ids=["dead", "missing", "silent", "many", "no port", "no name"],
)
def test_a_server_that_cannot_be_used_is_told_before_anything_is_sent(
    session, sandbox, monkeypatch, made, what
):
    if "silent" in getattr(made, "args", ()):
        monkeypatch.setattr(mcp_connection, "_START_S", 1.0)
    with pytest.raises(BadOption, match=what) as caught:
        wx.ask("hi", tools=[made], yes=True)
    assert caught.value.hint
    assert len(str(caught.value).split("\n")) <= 6
    assert sent(sandbox) == []


MUTE = McpServer("x", command="sleep", args=("60",))


def children():
    return {child.pid for child in psutil.Process().children()}


def threads():
    return {one for one in threading.enumerate() if one.name == "wx-mcp"}


def test_a_server_that_never_says_its_first_word_is_ended(session, sandbox, monkeypatch):
    monkeypatch.setattr(mcp_connection, "_START_S", 1.0)
    processes_before, threads_before = children(), threads()
    for _ in range(2):
        with pytest.raises(BadOption, match="'x' did not start within 1 s"):
            wx.ask("hi", tools=[MUTE], yes=True)
        assert all(gone(pid, within_s=5) for pid in children() - processes_before)
    assert threads() <= threads_before


def test_a_server_that_is_closed_twice_before_its_first_word_is_ended():
    before = children()
    connection = mcp_connection.McpConnection(MUTE)
    until = time.monotonic() + 30
    while not (started := children() - before):
        assert time.monotonic() < until, "it does not start"
        time.sleep(0.02)
    for _ in range(3):
        connection.close(0.1)
    assert all(gone(pid, within_s=8) for pid in started)


def test_a_server_that_is_closed_before_it_starts_is_not_started():
    before = children()
    connection = mcp_connection.McpConnection(MUTE)
    connection.close()
    connection._thread.join(30)
    assert not connection._thread.is_alive()
    assert children() == before


def test_what_a_server_writes_that_is_no_message_reaches_no_page_and_no_log(session, capfd, caplog):
    flood = "for _ in range(99): print('no message, with a token in it', flush=True)"
    with pytest.raises(BadOption, match="'f' cannot be started"):
        wx.ask("hi", tools=[McpServer("f", sys.executable, ("-c", flood))], yes=True)
    is_shown = "a token in it" in caplog.text + "".join(capfd.readouterr())
    assert not is_shown


def test_an_interrupt_while_a_server_is_asked_ends_it(session, sandbox, monkeypatch):
    def stop(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(mcp_connection.McpConnection, "_await_start", stop)
    with pytest.raises(Interrupted, match="Stopped while the MCP server 'i' was asked"):
        wx.ask("hi", tools=[server("silent", name="i")], yes=True)
    (asked,) = (one for each, one in mcp_servers.CONNECTIONS._by_server.items() if each.name == "i")
    assert not asked.is_alive
    assert sent(sandbox) == []


def answers(port):
    """Return whether a server speaks HTTP there; a bare socket may connect to itself."""
    probe = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        probe.request("GET", "/")
        return probe.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        probe.close()


@contextmanager
def serving(*flags, **environment):
    """Run a server with an address, and yield that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, SERVER, f"port={port}", *flags],
        stderr=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < until, "the server does not answer"
            assert process.poll() is None, "the server has ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        mcp_servers.CONNECTIONS.close()
        process.kill()
        process.wait()


def test_a_server_that_runs_already_is_reached_by_its_address(session, sandbox):
    with serving() as url:
        own = McpServer("web", url=url)
        assert call(sandbox, ("add", {"a": 2, "b": 2}), tools=own)[0].result == "4"


# --- a server that wants a token ------------------------------------------------------------------

TOKEN = "tok-4f6d2c9e8b7a1035"  # pragma: allowlist secret


def test_a_token_is_named_by_a_variable_and_stands_nowhere_else(
    session, sandbox, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    with serving("header=authorization", EXPECTED=f"Bearer {TOKEN}") as url:
        own = McpServer("web", url=url, token_env="WEB_TOKEN")
        monkeypatch.setenv("WEB_TOKEN", TOKEN)
        added, told = call(sandbox, ("add", {"a": 2, "b": 2}), ("environment", {}), tools=own)
        assert added.result == "4"
        # the server quotes what it was sent
        assert "EXPECTED=Bearer <secret>" in told.result
        connection = mcp_servers.CONNECTIONS.of(own)
        seen = [
            caplog.text,
            str(sent(sandbox)),
            repr(own),
            repr(vars(connection)),
            str(wx.last().calls),
        ]
        assert not any(TOKEN in text for text in seen)
        # another value is another connection, and one that is refused says where it is from
        monkeypatch.setenv("WEB_TOKEN", "old-" + TOKEN)
        before = len(sent(sandbox))
        with pytest.raises(BadOption, match="401") as caught:
            wx.ask("hi", tools=[own], yes=True)
        assert caught.value.hint == "Check the token in WEB_TOKEN."
        assert TOKEN not in str(caught.value)
        assert len(sent(sandbox)) == before
        monkeypatch.setenv("WEB_TOKEN", TOKEN)
        assert call(sandbox, ("add", {"a": 1, "b": 1}), tools=own)[0].result == "2"


def test_a_token_is_named_by_an_entry_of_the_keyring_and_goes_in_a_header_of_its_own(
    session, sandbox, user_file
):
    with (
        serving("header=x-api-key", EXPECTED=TOKEN) as url,
        keyring_stand_ins.system(keyring_stand_ins.Keeps) as keyring,
    ):
        user_file(f"[mcp.web]\nurl = '{url}'\ntoken_keyring = 'web'\n"
                  "token_header = 'X-Api-Key'\n")  # fmt: skip
        with pytest.raises(BadOption, match="has no entry 'web'") as caught:
            wx.ask("hi", tools=["mcp:web"], yes=True)
        assert caught.value.hint == "In a terminal: keyring set wx_notebook.mcp web"
        keyring.set_password("wx_notebook.mcp", "web", TOKEN)
        assert call(sandbox, ("add", {"a": 1, "b": 2}), tools="mcp:web")[0].result == "3"
        assert TOKEN not in settings_file().read_text()


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"token_env": "NOT_SET"}, "needs a token, and the variable NOT_SET is not set"),
        ({"token_env": "WATSONX_API_KEY"}, "is your key for watsonx.ai, and it does not go to"),
        ({"token_env": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}, "token_env is not the name"),
        ({"token_keyring": "web"}, "needs a token: this machine has no system keyring"),
        ({"token_env": "A", "token_keyring": "a"}, "Both token_env and token_keyring are given"),
        ({"token_env": "A", "token_header": "Host"}, "token_header is not the name of a header"),
        ({"token_header": "X-Api-Key"}, "token_header needs token_env or token_keyring"),
        ({"token_env": "A", "url": "http://example.org/mcp"}, "neither https nor on this machine"),
        ({"token_env": "A", "url": "", "command": "x"}, "A token goes to a url"),
    ],
)  # pragma: allowlist secret
def test_a_token_that_cannot_be_right_is_told_and_never_quoted(session, sandbox, fields, what):
    own = McpServer("web", **{"url": "http://127.0.0.1:1/mcp", **fields})
    with pytest.raises(BadOption, match=what) as caught:
        wx.ask("hi", tools=[own], yes=True)
    assert "16C7e42F292c" not in str(caught.value)
    assert caught.value.hint
    assert len(str(caught.value).split("\n")) <= 6
    assert sent(sandbox) == []


def test_without_the_extra_the_error_says_what_to_install(session, sandbox, monkeypatch):
    monkeypatch.setattr(mcp_servers.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BadOption) as caught:
        wx.ask("hi", tools=[TEST], yes=True)
    assert "pip install 'wx-notebook[mcp]'" in caught.value.hint


# --- where servers are named ----------------------------------------------------------------------


@pytest.fixture
def user_file(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))

    def write(text):
        settings_file().write_text(text)
        settings_file().chmod(0o600)

    return write


def test_the_users_settings_name_a_server(session, sandbox, user_file):
    user_file(f"[mcp.mine]\ncommand = {sys.executable!r}\nargs = [{SERVER!r}]\n")
    assert call(sandbox, ("add", {"a": 1, "b": 2}), tools="mcp:mine")[0].result == "3"
    with pytest.raises(BadOption, match="Did you mean 'mine'"):
        wx.ask("hi", tools=["mcp:mien"])


def test_a_project_names_none(session, sandbox, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.wx_notebook.mcp.evil]\ncommand = 'touch'\nargs = ['owned']\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption, match="must not start a program"):
        wx.ask("hi", tools=["mcp:evil"], yes=True)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("mcp = 3", "must contain servers"),
        ("[mcp.a]", "needs a command or a url"),
        ("[mcp.a]\ncommand = 'x'\nurl = 'https://example.org'", "needs a command or a url"),
        ("[mcp.a]\ncommand = 3", "is not a text"),
        ("[mcp.a]\ncommand = 'x'\nargs = 'y'", "is not a list of texts"),
        ("[mcp.a]\ncommand = 'x'\nenv = {A = 'b'}", "'env'"),
        ("[mcp.a]\nurl = 'http://example.org/mcp'", "neither https nor on this machine"),
        ("[mcp.a]\nurl = 'https://me:word@example.org/mcp'", "neither https nor"),
        ("[mcp.'a b']\ncommand = 'x'", "is not a valid name"),
        ("[mcp.a]\nurl = 'https://a.b/mcp'\ntoken_env = 'not a name'", "token_env is not the name"),
        ("[mcp.a]\ncommand = 'x'\ntoken_env = 'A'", "A token goes to a url"),
        ("[mcp.a]\nurl = 'https://a.b/mcp'\ntoken = 'x'", "contains a key, which must not be"),
    ],
)
def test_a_table_that_cannot_be_right_is_told(session, user_file, table, what):
    user_file(table)
    with pytest.raises(BadOption, match=what):
        wx.ask("hi", tools=["mcp:a"], yes=True)
