"""What does not work as it should: the page says nothing that helps nobody, and cells go on."""

from __future__ import annotations

import json
import os
import signal

import pytest
from support.fronts import BASE_URL, LabPage
from support.lab_pages import connect_cell, execute, sources

pytestmark = pytest.mark.browser

LINE = ".wx-line button:visible"
#: A kernel with an older package than the page's extension.
OLDER = (
    "import wx_notebook.magics.lab_link as link\n"
    "link.__version__ = '0.0.1'\n%reload_ext wx_notebook"
)
CODE = "%%watsonx --format code\nWrite code."


@pytest.fixture
def slow_sandbox():
    from wx_notebook.sandbox import Sandbox

    with Sandbox(words_per_second=150) as running:
        yield running


def a_bad_day(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("bad.ipynb", [connect_cell(lab, sandbox), OLDER, CODE, "import os; os.getpid()",
                           "%%watsonx\nGo on."])  # fmt: skip
    lab.restart()
    lab.run(0)
    page.locator(LINE).wait_for()

    # the kernel's package is older than the extension
    lab.run(1)
    page.locator(LINE).filter(has_text="⚠").wait_for()
    found = {"versions": page.locator(LINE).get_attribute("title")}

    # somebody has the notebook open in a second browser
    other = LabPage(page.context.browser.new_context().new_page(), server)
    other.open("bad.ipynb")
    other.page.locator(LINE).filter(has_text="⚠").wait_for()
    lab.run(2)
    lab.wait_until(lambda: len(sources(lab)) == 6, "the generated cell")
    found["generated"] = (sources(lab)[3].endswith("x = 1"), len(sources(other)))
    other.page.context.close()

    # the kernel dies while an answer arrives
    lab.run(4)
    pid = int(lab.wait_for_output(4).split()[-1])
    lab.run(5, wait=False)
    lab.wait_for_output(5, "word word")
    os.kill(pid, signal.SIGKILL)
    page.locator(".jp-Dialog").get_by_role("button").first.click()
    buttons = lab.cell(5).locator(".wx-buttons button:visible")
    lab.wait_until(lambda: buttons.all_inner_texts() == ["Ask again"], "no Stop for what is dead")
    lab.wait_until_idle()
    found["line of a new kernel"] = page.locator(LINE).count()
    lab.run(0)
    page.locator(LINE).filter(has_text="Sandbox project").wait_for()
    execute(lab, "docmanager:save")
    return lab, found


def test_older_kernels_second_browsers_base_urls_dead_kernels_and_no_server_extension(
    chromium, jupyter, slow_sandbox, tmp_path
):
    slow_sandbox.say("```python\nx = 1\n```")
    slow_sandbox.say("word " * 4000)
    off = {"ServerApp": {"jpserver_extensions": {"wx_notebook.server": False}}}
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(off))
    around = {BASE_URL: "/user/x/", "JUPYTER_CONFIG_PATH": str(tmp_path)}
    lab, found = chromium.run(a_bad_day, jupyter("lab", **around), slow_sandbox)
    assert "The kernel has wx_notebook 0.0.1, this page" in found["versions"]
    assert found["generated"] == (True, 5), "in the page that asked, and in no other"
    assert found["line of a new kernel"] == 0
    assert lab.seen.page_errors == []


def broken(page, server, sandbox):
    found = {}
    for name in ("remoteEntry.js", "answers.js"):
        broken_page = page.context.browser.new_context().new_page()
        broken_page.route(f"**/static/*/{name}", lambda route: route.abort())
        lab = LabPage(broken_page, server)
        lab.open("broken.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nhello"])
        lab.restart()
        lab.run(0)
        lab.run(1)
        lab.wait_for_output(1, "plain answer")
        found[name] = (
            lab.cell(1).locator(".jp-OutputArea-output strong").count(),
            broken_page.locator(".wx-prompt").count(),
            broken_page.locator(".wx-buttons").count(),
            broken_page.locator(".jp-Dialog").count(),
        )
        broken_page.context.close()
    return found


def test_a_script_that_does_not_load_takes_its_own_part_with_it_and_no_other(
    chromium, jupyter, sandbox
):
    for _ in range(2):
        sandbox.say("a **plain answer**")
    found = chromium.run(broken, jupyter("lab"), sandbox)
    # the HTML of the answer, tinted prompts, buttons, dialogs
    assert found["remoteEntry.js"] == (1, 0, 0, 0)
    assert found["answers.js"] == (1, 1, 0, 0)
