"""`%watsonx doctor` and `wx-notebook doctor` where people run them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import nbclient
import nbformat
import pytest
from support.fronts import LabPage
from support.terminals import terminal
from transport.servers import KEY, http

from wx_notebook.doctor import CHECKS

PROGRAM = [sys.executable, "-c", "import sys; from wx_notebook.cli import main; sys.exit(main())"]
#: What a cell has in its text stays in the kernel, where other tests look for what is theirs.
TYPED = "mIsPlAcEd-in-a-line-by-somebody-0123456789-x"  # pragma: allowlist secret
NAMES = [
    *("versions", "front end", "widgets", "extension", "page", "server", "keyring", "credential"),
    *("proxy", "certificates", "clock", "IAM", "region", "project", "runtime", "quota", "model"),
]


def variables(sandbox):
    return {"WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
            "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip


def told(text):
    """The verdict of each check in the order in which the lines stand."""
    return [(name.strip(), verdict) for verdict, name in
            re.findall(r"^ ?\d+  (\w+) +(\w[\w ]*?)(?:  |$)", text, re.MULTILINE)]  # fmt: skip


# --- a kernel ----------------------------------------------------------------------------------


def test_in_a_kernel_one_output_fills_up_and_ends_with_a_report(connected, sandbox):
    ran = connected.run("%watsonx doctor", allow_stdin=True).ok()
    first, *_, last = ran.frames
    assert "of 17 checks, running: " in first["data"]["text/plain"]
    (output,) = ran.outputs
    assert output["data"] == last["data"]
    assert [name for name, _ in told(ran.plain)] == NAMES
    verdicts = dict(told(ran.plain))
    assert [verdicts[name] for name in ("IAM", "region", "project", "model")] == ["ok"] * 4
    assert "API key •••••••• from: arguments" in ran.plain
    assert "%watsonx doctor --report prints this" in ran.plain
    html = output["data"]["text/html"]
    assert html.count("<tr") == 17
    assert "<details><summary" in html
    assert "```text" in html
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert not any(kind.startswith("chat") for kind in sandbox.counts), "a prompt was sent"


def test_a_failed_check_does_not_fail_the_cell(kernel, sandbox):
    """It is what the doctor was asked for, and the cells below may not need it."""
    found = variables(sandbox) | {"WATSONX_PROJECT_ID": sandbox.bare_project_id}
    kernel.run(f"_os.environ.update({found!r})", store_history=False).ok()
    ran = kernel.run("%watsonx doctor").ok()
    assert ("runtime", "FAILED") in told(ran.plain)
    assert "-> In watsonx.ai: your project > Manage" in ran.plain
    assert kernel.run("from wx_notebook.session import current_session\n"
                      "assert current_session() is None").ok()  # fmt: skip


def test_the_report_alone_is_a_block_for_an_issue(connected):
    ran = connected.run("%watsonx doctor --report").ok()
    lines = ran.plain.split("\n")
    assert lines[0] == "```text"
    assert lines[-1] == "```"
    assert lines[1].startswith("17 checks in ")
    assert [name for name, _ in told(ran.plain)] == NAMES


def test_an_interrupt_leaves_what_is_known_and_is_short_in_every_mode(kernel, serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", server.silent())
    secret = "pr0xy-cAnArY-0f-jane"
    found = {"WATSONX_API_KEY": KEY, "WATSONX_URL": server.url, "WATSONX_REGION": "",
             "https_proxy": f"http://jane:{secret}@127.0.0.1:1"}  # fmt: skip
    kernel.run(f"_os.environ.update({found!r})\n%xmode Verbose", store_history=False).ok()
    try:
        running, begun = kernel.start("%watsonx doctor"), False
        while not begun:
            message = kernel.next_message()
            plain = message["content"].get("data", {}).get("text/plain", "")
            begun = "region  " in plain and "running: clock, IAM" in plain
        kernel.interrupt()
        ran = kernel.finish(running)
    finally:
        kernel.run("_os.environ.pop('https_proxy'); None", store_history=False).ok()
    assert ran.error[0].startswith("Interrupted: Stopped: the checks without a verdict")
    assert len(ran.error) <= 2
    frame = ran.frames[-1]["data"]["text/plain"]
    assert ("versions", "ok") in told(frame)
    assert ("IAM", "stopped") in told(frame)
    assert "stopped before it had a result" in frame
    for canary in (KEY, secret):
        assert canary not in ran.everything


def test_that_a_key_stands_in_a_cell_is_said_below_the_list(kernel, sandbox):
    kernel.run(f"_os.environ.update({variables(sandbox)!r})").ok()
    ran = kernel.run("%watsonx doctor").ok()
    table, warning = ran.outputs
    assert "17 checks in" in table["data"]["text/plain"]
    assert "This API key is in cell" in warning["data"]["text/plain"]
    assert sandbox.api_key not in ran.everything


@pytest.mark.parametrize(
    ("line", "says"),
    [("--fast", "'--fast' is not an option of %watsonx doctor."),
     ("--reprot", "Did you mean '--report'?"), ("--report=x", "--report takes no value."),
     ("work play", "%watsonx doctor takes one PROFILE, but got more than one word."),
     (f"--key {TYPED}", "takes no key on its line")],
)  # fmt: skip
def test_what_it_does_not_take_is_refused(kernel, line, says):
    ran = kernel.run(f"%watsonx doctor {line}")
    assert any(says in each for each in ran.error)
    assert TYPED not in ran.everything.replace(json.dumps(line)[1:-1], "")


def test_a_profile_that_does_not_exist_is_a_finding_like_any_other(kernel):
    ran = kernel.run("%watsonx doctor work").ok()
    assert ("credential", "FAILED") in told(ran.plain)
    assert "There is no profile 'work'" in ran.plain


# --- without a front end -----------------------------------------------------------------------


@pytest.mark.slow
def test_in_nbclient_nothing_asks_and_the_same_is_said(sandbox, tmp_path, monkeypatch):
    for name, value in variables(sandbox).items():
        monkeypatch.setenv(name, value)
    cells = ["%load_ext wx_notebook", "%watsonx doctor"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(tmp_path))
    (output,) = notebook.cells[1].outputs
    results = output["data"]["text/plain"]
    verdicts = dict(told(results))
    assert (
        "no front end (nbclient, papermill, CI): login uses a credential that it finds"
        in " ".join(results.split())
    )
    assert (verdicts["widgets"], verdicts["extension"]) == ("skipped", "skipped")
    assert verdicts["project"] == "ok"
    assert notebook.metadata.get("widgets") is None
    assert sandbox.api_key not in nbformat.writes(notebook)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals here")
def test_in_a_terminal_lines_are_added_and_nothing_is_taken_back(sandbox, tmp_path):
    with terminal(tmp_path, os.environ | variables(sandbox)) as typed:
        typed("", r"In \[1\]: ")
        typed("%load_ext wx_notebook", r"In \[2\]: ")
        results = typed("%watsonx doctor", r"In \[3\]: ")
    # the line that says what is waited for is written over
    results = "\n".join(
        line.rpartition("\x1b[K")[2] for line in results.replace("\r\n", "\n").split("\n")
    )
    assert [name for name, _ in told(results)] == NAMES
    assert "IPython in a terminal" in results
    assert ("project", "ok") in told(results)
    assert re.search(r"17 checks in \d+\.\d s: ", results)
    assert sandbox.api_key not in results


def ended(*arguments, **environment):
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("WATSONX_", "WX_"))}
    return subprocess.run(
        [*PROGRAM, "doctor", *arguments], capture_output=True, text=True, timeout=120,
        env=kept | environment,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_says_the_same_and_its_exit_status_is_0_when_nothing_failed(sandbox):
    done = ended(**variables(sandbox))
    assert [name for name, _ in told(done.stdout)] == NAMES
    assert "FAILED" not in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert "wx-notebook doctor --report prints this" in done.stdout
    # a path or a command is whole in its line, to be copied
    assert all(
        len(line) <= 80 or re.search(r"[/`]\S{20}", line) for line in done.stdout.splitlines()
    )


@pytest.mark.slow
def test_its_exit_status_is_1_when_something_failed(sandbox):
    done = ended("--json", **variables(sandbox) | {"WATSONX_PROJECT_ID": sandbox.bare_project_id})
    assert done.returncode == 1
    checks = json.loads(done.stdout)["checks"]
    assert [check["name"] for check in checks] == NAMES
    assert [check["number"] for check in checks] == list(range(1, len(CHECKS) + 1))
    failed = [check for check in checks if check["verdict"] == "failed"]
    assert [check["name"] for check in failed] == ["runtime"]
    assert failed[0]["repair"]
    assert failed[0]["seconds"] >= 0


@pytest.mark.slow
def test_ctrl_c_ends_the_command_with_what_is_known(serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", server.silent())
    process = subprocess.Popen(
        [*PROGRAM, "doctor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"WATSONX_API_KEY": KEY, "WATSONX_URL": server.url},
    )  # fmt: skip
    try:
        assert server.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "Stopped.\n"
    assert ("IAM", "stopped") in told(out)
    assert KEY not in out


# --- JupyterLab and Notebook 7 -----------------------------------------------------------------


def looked_at(page, server, sandbox):
    """Watch it fill up while IAM is slow, in the end in both themes; return what was seen."""
    lab = LabPage(page, server)
    given = f"api_key={sandbox.api_key!r}, url={sandbox.url!r}, project_id={sandbox.project_id!r}"
    connect = f"import wx_notebook as wx\n%load_ext wx_notebook\nwx.connect({given})"
    lab.open("doctor.ipynb", [connect, "%watsonx doctor"])
    lab.run(0)
    sandbox.fault("slow-iam", seconds=1.5)
    lab.run(1, wait=False)
    running = lab.wait_for_output(1, "running: clock, IAM")
    done = lab.wait_for_output(1, "17 checks in")
    colours = []
    for shade in ("light", "dark"):
        lab.theme(shade)
        cell = page.locator(".wxn-checks td").first
        colours.append(cell.evaluate(
            "e => [getComputedStyle(e).color, getComputedStyle(e.closest('tr')).backgroundColor]"
        ))  # fmt: skip
    page.locator(".wxn-checks summary").click()
    report = page.locator(".wxn-checks details pre").inner_text()
    return running, done, colours, report, lab.seen


@pytest.mark.browser
@pytest.mark.parametrize(("front", "program"), [("lab", "JupyterLab"), ("notebook", "Notebook")])
def test_in_the_browser_it_fills_up_and_is_readable_in_both_themes(
    chromium, jupyter, sandbox, front, program
):
    running, done, colours, report, seen = chromium.run(looked_at, jupyter(front), sandbox)
    assert "running\tIAM" in running
    assert f"{program} (jupyterlab " in done
    assert "as the kernel does; questions can be asked" in done
    assert re.search(r"ok\tproject\t", done)
    assert colours[0] != colours[1], "the text follows the theme"
    assert {background for _, background in colours} == {"rgba(0, 0, 0, 0)"}, "no stripes"
    assert report.startswith("```text\n17 checks in ")
    assert seen.page_errors == seen.console_errors == seen.foreign == []


# --- a replay ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "verdict", "found"),
    [
        ('{"wx_notebook": "recording", "version": 1}\n', "ok", "answers come from the recording"),
        ("1,2\n", "failed", "a.jsonl is not a recording of wx_notebook"),
    ],
    ids=["good", "bad"],
)
def test_a_replay_sends_nothing_and_its_file_is_read(text, verdict, found, tmp_path):
    (tmp_path / "a.jsonl").write_text(text)
    environment = os.environ | {"WX_NOTEBOOK_REPLAY": str(tmp_path / "a.jsonl")}
    done = subprocess.run(
        [*PROGRAM, "doctor", "--json"], capture_output=True, text=True, env=environment, check=False
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["credential"]["verdict"] == verdict
    assert found in checks["credential"]["found"]
    for name in ("IAM", "region", "project", "runtime", "model"):
        assert checks[name]["verdict"] == "skipped", checks[name]
