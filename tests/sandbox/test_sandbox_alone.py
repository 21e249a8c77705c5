"""The sandbox shares nothing with the client that it tests, and prints nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wx_notebook.sandbox as room
from wx_notebook.sandbox import FAULTS, Call, Sandbox, SandboxConfig

# an empty package in its place shows what the room itself imports, not what the front door does
WITHOUT_FRONT_DOOR = f"""
import sys, types
package = types.ModuleType("wx_notebook")
package.__path__ = [{str(Path(room.__file__).parents[1])!r}]
sys.modules["wx_notebook"] = package
"""
CALL_IT = """
import sys, urllib.request
from wx_notebook.sandbox import Sandbox
with Sandbox() as sandbox:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(sandbox.url).read()
print(*sys.modules)
"""


def run(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_sandbox_that_runs_has_imported_no_other_room_and_nothing_but_tornado():
    modules = run(WITHOUT_FRONT_DOOR + CALL_IT)
    ours = [name for name in modules if name.startswith("wx_notebook")]
    assert "wx_notebook.sandbox.http.server" in ours
    assert [
        n for n in ours if not (n == "wx_notebook" or n.startswith("wx_notebook.sandbox"))
    ] == []
    bare = run("import sys\nprint(*sys.modules)")
    roots = {name.partition(".")[0] for name in modules} - {n.partition(".")[0] for n in bare}
    # tornado imports multiprocessing, which gives the main module a second name
    assert roots - sys.stdlib_module_names - {"__mp_main__"} == {"wx_notebook", "tornado"}


def test_importing_it_the_usual_way_loads_no_http_client():
    assert not {"requests", "urllib3", "IPython"} & set(run(CALL_IT))


def test_the_public_names_are_four():
    assert room.__all__ == ["FAULTS", "Call", "Sandbox", "SandboxConfig"]
    assert [FAULTS, Call, Sandbox, SandboxConfig] == [getattr(room, name) for name in room.__all__]


def test_nothing_is_printed_whatever_comes_in(client, capfd):
    client.raw(b"garbage\r\n\r\n")
    client.raw(b"POST /ml/v1/text/chat HTTP/1.1\r\nContent-Length: many\r\n\r\n")
    with client.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    client.get("/nothing")
    assert capfd.readouterr() == ("", "")


def test_every_start_has_another_key_other_projects_and_another_canary():
    first, second = Sandbox(), Sandbox()
    for name in ("api_key", "project_id", "bare_project_id", "space_id", "storage_secret"):
        assert getattr(first, name) != getattr(second, name)


def test_the_repr_tells_the_address_and_not_the_key():
    with Sandbox() as sandbox:
        assert repr(sandbox) == f"<Sandbox, {sandbox.url}>"
    assert repr(sandbox) == "<Sandbox, not running>"


def test_credentials_are_url_key_and_project(sandbox):
    assert sandbox.credentials() == {
        "url": sandbox.url,
        "api_key": sandbox.api_key,
        "project_id": sandbox.project_id,
    }


def test_a_port_that_is_taken_is_an_ordinary_error(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=port).start()


def test_a_sandbox_starts_once_and_can_be_closed_again():
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="before it is started"):
        sandbox.url  # noqa: B018
    sandbox.close()
    with sandbox.start() as same:
        assert same is sandbox
        with pytest.raises(RuntimeError, match="starts once"):
            sandbox.start()
    sandbox.close()


def test_it_listens_on_the_loopback_only(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")


def test_the_root_says_in_one_line_what_this_is(client):
    reply = client.get("/", auth=False)
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.text.count("\n") == 1
    assert "wx_notebook sandbox" in reply.text
