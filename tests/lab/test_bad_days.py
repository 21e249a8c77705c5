"""What does not work as it should: the page says nothing that helps nobody, and cells go on."""

from __future__ import annotations

import json
import os
import signal

import pytest
from support.forms import GONE
from support.fronts import BASE_URL, LabPage
from support.lab_pages import connect_cell, execute, sources

pytestmark = pytest.mark.browser

LINE = ".wx-line button:visible"
#: A kernel with an older, or a newer, package than the page's extension.
OTHER = (
    "import wx_notebook.magics.lab_link as link\nlink.__version__ = '{}'\n%reload_ext wx_notebook"
)
CODE = "%%watsonx --format code\nWrite code."


@pytest.fixture
def slow_sandbox():
    from wx_notebook.sandbox import Sandbox

    with Sandbox(words_per_second=150) as running:
        yield running


def a_bad_day(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("bad.ipynb", [connect_cell(lab, sandbox), OTHER.format("99.0"), CODE,
                           "import os; os.getpid()", "%%watsonx\nGo on.",
                           OTHER.format("0.0.1")])  # fmt: skip
    lab.run(0)
    page.locator(LINE).wait_for()

    # the kernel's package is newer than the extension, or older
    found = {}
    for name, cell in (("newer", 1), ("older", 5)):
        lab.run(cell)
        page.locator(f"{LINE}[title*='{'99.0' if name == 'newer' else '0.0.1'}']").wait_for()
        found[name] = page.locator(LINE).get_attribute("title")
        found[f"{name} line"] = page.locator(LINE).inner_text()[0]

    # somebody has the notebook open in a second browser
    other = LabPage(page.context.browser.new_context().new_page(), server)
    other.open("bad.ipynb")
    other.page.locator(LINE).filter(has_text="⚠").wait_for()
    lab.run(2)
    lab.wait_until(lambda: len(sources(lab)) == 7, "the generated cell")
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
    # without the server's extension a sign-in is the form of a cell
    execute(lab, "wx-notebook:sign-in")
    found["sign in"] = sources(lab)[1]
    lab.wait_for_output(1, "connected to project 'Sandbox project'")
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
    lab, found = chromium.run(a_bad_day, jupyter("lab", **around), slow_sandbox, fresh=True)
    assert "The kernel has wx_notebook 0.0.1, this page" in found["older"]
    assert "The kernel has wx_notebook 99.0, this page" in found["newer"]
    assert found["older line"] == found["newer line"] == "⚠"
    assert found["generated"] == (True, 6), "in the page that asked, and in no other"
    assert found["line of a new kernel"] == 0
    assert found["sign in"] == "%watsonx login"
    assert lab.seen.page_errors == []


def left_alone(page, server):
    """An unfinished form, saved without the state of its widget, and its kernel gone."""
    lab = LabPage(page, server)
    lab.open("form.ipynb", ["%load_ext wx_notebook", "%watsonx login"])
    lab.save_widget_state(on=False)
    lab.run(0)
    lab.run(1)
    lab.cell(1).get_by_label("API key", exact=True).wait_for()
    lab.save()
    lab.shut_down()
    again = LabPage(page.context.new_page(), server)
    again.open("form.ipynb")
    place = again.cell(1).locator(".jp-OutputArea-output")
    passing = ("", "Loading widget...")
    again.wait_until(lambda: place.inner_text().strip() not in passing, "a text for the form")
    icons = place.evaluate(
        """node => [node, ...node.querySelectorAll("*")].filter(one => {
            const before = getComputedStyle(one, "::before");
            const isShown = one.checkVisibility() && before.display !== "none";
            return isShown && !["none", "normal", '""'].includes(before.content);
        }).length"""
    )
    fields = place.locator("img:visible, input:visible, button:visible, select:visible").count()
    return again, place.inner_text().strip(), icons, fields


@pytest.mark.parametrize("has_help", [True, False], ids=["with its help", "without"])
def test_an_unfinished_form_of_a_kernel_that_is_gone_is_one_line_also_without_the_server_extension(
    chromium, jupyter, tmp_path, has_help
):
    off = {"ServerApp": {"jpserver_extensions": {"wx_notebook.server": has_help}}}
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(off))
    server = jupyter("lab", JUPYTER_CONFIG_PATH=str(tmp_path))
    lab, said, icons, fields = chromium.run(left_alone, server, fresh=True)
    assert len(said.splitlines()) == 1
    # the words of JupyterLab, which the README explains, or our own
    assert said == (GONE if has_help else "Error displaying widget: model not found")
    assert (icons, fields) == (0, 0)
    assert lab.seen.page_errors == []


def broken(page, server, sandbox):
    found = {}
    for name in ("remoteEntry.js", "answers.js"):
        broken_page = page.context.browser.new_context().new_page()
        broken_page.route(f"**/static/*/{name}", lambda route: route.abort())
        lab = LabPage(broken_page, server)
        lab.open("broken.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nhello"])
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
    found = chromium.run(broken, jupyter("lab"), sandbox, fresh=True)
    # the HTML of the answer, tinted prompts, buttons, dialogs
    assert found["remoteEntry.js"] == (1, 0, 0, 0)
    assert found["answers.js"] == (1, 1, 0, 0)


def large(page, server):
    lab = LabPage(page, server)
    lab.open("large.ipynb", [f"%%watsonx\nprompt {n}" if n % 2 else f"{n} + 1" for n in range(500)])
    lab.wait_until(lambda: page.locator(".wx-prompt").count() == 250, "250 prompt cells")
    lab.run(498)
    return lab.output(498), lab.seen.page_errors


def test_a_notebook_of_500_cells_opens_and_each_prompt_looks_like_one(chromium, jupyter):
    assert chromium.run(large, jupyter("lab")) == ("499", [])
