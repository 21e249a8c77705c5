"""`wx-notebook sandbox` and `demo` with `--upstream` and `--map`, run as people run them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import pytest
import requests
from support.upstreams import UpstreamServer

#: Each test starts the command, which takes a second.
pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-c", "import sys; from wx_notebook.cli import main; sys.exit(main())"]
#: The last line of what it prints when it serves.
READY = "Ctrl-C ends it."


def environment(**more):
    return {k: v for k, v in os.environ.items() if not k.startswith(("WATSONX_", "WX_"))} | more


@pytest.fixture
def serve():
    """Starts the command and returns the process and what it printed until it serves."""
    started = []

    def start(*arguments, **more):
        process = subprocess.Popen(
            [*COMMAND, "sandbox", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=environment(**more), start_new_session=True,
        )  # fmt: skip
        started.append(process)
        giving_up = threading.Timer(60, process.kill)
        giving_up.start()
        said = ""
        for line in process.stdout:
            said += line
            if READY in line:
                break
        giving_up.cancel()
        assert READY in said, said
        return process, said

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def refused(*arguments):
    """Returns status and words of a command that does not start."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False,
        env=environment(), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def ask(said):
    url, key, project = (
        re.search(f"export WATSONX_{name}=(\\S+)", said)[1]
        for name in ("URL", "API_KEY", "PROJECT_ID")
    )
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": key}
    token = requests.post(f"{url}/identity/token", data=form, timeout=10).json()["access_token"]
    return requests.post(
        f"{url}/ml/v1/text/chat?version=2026-10-14",
        headers={"Authorization": f"Bearer {token}"},
        json={"model_id": "ibm/granite-4-h-small", "project_id": project,
              "messages": [{"role": "user", "content": "hi"}]},
        timeout=10,
    )  # fmt: skip


def test_it_says_which_models_answer_and_passes_the_key_on_from_the_environment(serve, tmp_path):
    table = tmp_path / "models.toml"
    table.write_text('"ibm/granite-4-h-small" = "qwen3:4b"\n')
    with UpstreamServer(["granite4:tiny-h", "qwen3:4b"]) as upstream:
        process, said = serve("--upstream", upstream.url, "--map", str(table),
                              WX_NOTEBOOK_UPSTREAM_KEY="upstream-secret-1")  # fmt: skip
        assert f"{upstream.url} answers, with: granite4:tiny-h, qwen3:4b." in said
        assert "ibm/granite-4-h-small is answered by qwen3:4b" in said
        assert "upstream-secret-1" not in said
        assert ask(said).json()["choices"][0]["message"]["content"] == "Hello there!"
        assert upstream.prompts[0].body["model"] == "qwen3:4b"
        assert upstream.prompts[0].headers["authorization"] == "Bearer upstream-secret-1"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0


def test_an_upstream_that_is_down_is_reported_and_the_sandbox_stays_up(serve):
    _, said = serve("--upstream", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 is not running: nothing listens there." in said
    assert "Prompts are refused until it answers." in said
    reply = ask(said)
    assert reply.status_code == 500
    assert "is not running" in reply.text
    assert ask(said).status_code == 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--upstream", "ftp://127.0.0.1"], "'ftp://127.0.0.1' is not the URL of a server"),
        (["--upstream", "http://me:pw@127.0.0.1"], "has no user, password or query"),
        (["--upstream", "http://127.0.0.1:1", "--map", "/nowhere/m.toml"], "There is no file"),
        (["--map", "m.toml"], "--map FILE needs --upstream URL"),
        (["--fault", "429,retry=2"], "Unknown option 'retry=2' of a fault. Options: times, on,"),
    ],
)
def test_a_wrong_argument_gets_one_line_and_status_2(arguments, words):
    status, said = refused("sandbox", *arguments)
    assert status == 2
    assert words in said
    assert len(said.strip().splitlines()) == 1


def test_the_demo_takes_an_upstream_and_refuses_a_malformed_one():
    status, said = refused("demo", "--run", "--upstream", "ftp://127.0.0.1")
    assert status == 2
    assert "is not the URL of a server" in said


def test_the_demo_is_answered_by_the_upstream(tmp_path):
    with UpstreamServer() as upstream:
        done = subprocess.run(
            [*COMMAND, "demo", "--run", "--upstream", upstream.url], capture_output=True,
            text=True, timeout=120, check=False, env=environment(TMPDIR=str(tmp_path)),
        )  # fmt: skip
        assert upstream.prompts
    assert "ibm/granite-4-h-small is answered by granite4:tiny-h" in done.stdout
    assert "Hello there!" in done.stdout


def test_two_sandboxes_run_at_once_and_a_port_in_use_is_reported(serve):
    _, first = serve()
    _, second = serve()
    one, other = (re.search(r"http://127\.0\.0\.1:(\d+)", said)[1] for said in (first, second))
    assert one != other
    status, said = refused("sandbox", "--port", one)
    assert status == 1
    assert f"Port {one} cannot be used" in said
    assert ask(first).status_code == ask(second).status_code == 200


def test_the_page_is_named_and_help_names_the_variable_of_the_key_and_no_option_for_it(serve):
    _, said = serve()
    (page,) = re.findall(r"to switch faults, open (http://\S+/)", said)
    assert "wx_notebook sandbox" in requests.get(
        page, headers={"Accept": "text/html"}, timeout=10).text  # fmt: skip
    told = subprocess.run([*COMMAND, "sandbox", "--help"], capture_output=True, text=True,
                          check=True, env=environment(COLUMNS="80")).stdout  # fmt: skip
    assert "WX_NOTEBOOK_UPSTREAM_KEY" in told
    assert not re.search(r"--\S*key", told)
