"""Buttons on an answer, drawn by the extension over what is saved as plain HTML."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from support.fronts import LabPage
from support.lab_pages import (
    THEMES,
    axe,
    connect_cell,
    execute,
    is_enabled,
    select,
    shoot,
    sources,
)

from wx_notebook.render import ANSWER_TYPE

pytestmark = pytest.mark.browser

TEXT = "A **watt** is `1 J/s`.\n\n```python\nprint(1)\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |"
LONG = "word " * 4000
#: The buttons of an answer that has ended.
ALL = ["Copy", "Insert as a cell", "Ask again"]
STOP = "wx-notebook:stop"
PICTURE = "Look: ![a pixel](http://203.0.113.1/pixel.png)"


@pytest.fixture
def slow_sandbox():
    from wx_notebook.sandbox import Sandbox

    with Sandbox(words_per_second=150) as running:
        yield running


def button(lab, cell, name):
    return lab.cell(cell).get_by_role("button", name=name, exact=True)


def seen_buttons(lab, cell):
    return lab.cell(cell).locator(".wx-buttons button:visible").all_inner_texts()


def asked(page, server, sandbox, shots):
    lab = LabPage(page, server)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.open("buttons.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nGo on.", "'last'"])
    lab.run(0)
    found = {"there is something to stop": [is_enabled(lab, STOP)]}

    # Stop, by keyboard, while the kernel is busy
    lab.run(1, wait=False)
    lab.wait_for_output(1, "word word")
    found["there is something to stop"].append(is_enabled(lab, STOP))
    found["while it arrives"] = seen_buttons(lab, 1)
    found["axe while it arrives"] = axe(lab, ".wx-answer")
    button(lab, 1, "Stop").focus()
    page.keyboard.press("Enter")
    lab.wait_for_output(1, "interrupted: this is what had arrived")
    lab.wait_until_idle()
    lab.wait_until(lambda: seen_buttons(lab, 1) == ALL, f"{ALL}; it is {seen_buttons(lab, 1)}")
    found["focused"] = page.evaluate("() => document.activeElement.innerText")
    found["there is something to stop"].append(is_enabled(lab, STOP))

    # Ask again; the text as the model wrote it; code has a button of its own
    button(lab, 1, "Ask again").click()
    lab.wait_for_output(1, "print(1)")
    lab.wait_until_idle()
    button(lab, 1, "Copy").click()
    lab.cell(1).get_by_role("status").filter(has_text="Copied.").wait_for()
    found["copied"] = page.evaluate("() => navigator.clipboard.readText()")
    button(lab, 1, "Copy code").click()
    lab.wait_until(
        lambda: page.evaluate("() => navigator.clipboard.readText()").strip() == "print(1)",
        "the code alone",
    )
    lab.cell(1).locator(".wx-code").hover()
    found["axe"] = {}
    for theme in THEMES:
        lab.theme(theme)
        found["axe"][theme] = axe(lab, ".wx-answer")
        shoot(lab, shots, f"answer {theme}")
    lab.theme("light")
    button(lab, 1, "Insert as a cell").click()
    found["inserted"] = sources(lab)[2]
    found["its type"] = lab.save().cells[2].cell_type
    found["rendered"] = page.locator(".jp-MarkdownCell .jp-MarkdownOutput:visible").count()
    # the new cell has the focus: Jupyter's key takes it back
    page.keyboard.press("z")
    lab.wait_until(lambda: TEXT not in sources(lab), "the inserted cell is undone")

    # an answer that would fetch a picture
    button(lab, 1, "Ask again").click()
    lab.wait_for_output(1, "Look")
    lab.wait_until_idle()
    button(lab, 1, "Insert as a cell").click()
    found["with a picture"] = lab.save().cells[2].cell_type

    lab.reload()
    lab.wait_until(lambda: seen_buttons(lab, 1) == ALL, "the buttons after a reload")
    return lab, found, lab.save()


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_an_answer_is_stopped_copied_inserted_and_asked_again(
    chromium, jupyter, slow_sandbox, front
):
    for text in (LONG, TEXT, PICTURE):
        slow_sandbox.say(text)
    lab, found, saved = chromium.run(asked, jupyter(front), slow_sandbox, chromium.shots)
    assert found["while it arrives"] == ["Stop"]
    assert found["there is something to stop"] == [False, True, False]
    assert found["focused"] == "Copy", "the focus does not get lost with the button"
    assert found["copied"] == TEXT
    assert (found["inserted"], found["its type"], found["rendered"]) == (TEXT, "markdown", 0)
    assert found["with a picture"] == "raw", "nothing of it is fetched"
    assert found["axe while it arrives"] == []
    assert found["axe"] == {theme: [] for theme in THEMES}
    (output,) = saved.cells[1].outputs
    assert "<button" not in output.data["text/html"]
    assert set(output.data[ANSWER_TYPE]) == {"state", "behind"}, "the text stands there once"
    assert lab.seen.foreign == lab.seen.page_errors == lab.seen.console_errors == []


MODELS = ["ibm/granite-4-h-small", "ibm/granite-3-3-8b-instruct"]


def compared(page, server, sandbox):
    lab = LabPage(page, server)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask = f"%%watsonx --compare {','.join(MODELS)}\nGo on."
    cells = [connect_cell(lab, sandbox), ask, "'last'"]
    lab.open("compared.ipynb", cells)
    lab.run(0)
    lab.run(1, wait=False)
    lab.wait_for_output(1, "word word")
    found = {"while they arrive": seen_buttons(lab, 1), "axe": axe(lab, ".wx-answer")}
    button(lab, 1, "Stop").click()
    lab.wait_for_output(1, "0 of 2 answers are complete")
    lab.wait_until_idle()
    found["stopped"] = seen_buttons(lab, 1)
    button(lab, 1, "Ask again").click()
    lab.wait_for_output(1, "print(1)")
    lab.wait_until_idle()
    found["ended"] = seen_buttons(lab, 1)
    found["axe ended"] = axe(lab, ".wx-answer")
    button(lab, 1, "Copy").click()
    lab.cell(1).get_by_role("status").filter(has_text="Copied.").wait_for()
    found["copied"] = page.evaluate("() => navigator.clipboard.readText()")
    button(lab, 1, "Insert as a cell").click()
    found["inserted"] = sources(lab)[2]
    lab.save()
    lab.reload()
    lab.wait_until(lambda: seen_buttons(lab, 1) == ALL, "the buttons after a reload")
    return lab, found


def test_compared_answers_have_the_same_buttons_and_are_copied_below_their_models(
    chromium, jupyter, slow_sandbox
):
    for text in (LONG, LONG, TEXT, "A *joule*."):
        slow_sandbox.say(text)
    lab, found = chromium.run(compared, jupyter("lab"), slow_sandbox)
    assert found["while they arrive"] == ["Stop"]
    assert found["stopped"] == found["ended"] == ALL
    assert found["axe"] == found["axe ended"] == []
    assert found["copied"] == found["inserted"]
    titles = re.findall(r"^(.+)\n-{10,}\n\n", found["copied"], re.MULTILINE)
    assert titles == MODELS
    # each as the model wrote it, whichever was asked first
    assert TEXT in found["copied"]
    assert "A *joule*." in found["copied"]
    assert lab.seen.page_errors == lab.seen.console_errors == []


ATTACK = (
    '<p>hello</p><script>window.ran = true</script><img src="x" onerror="window.ran = true">'
    '<pre>code</pre>'
)  # fmt: skip


def untrusted(page, server):
    lab = LabPage(page, server)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%%watsonx\nhello")])
    data = {
        "text/plain": "hello\n\n[m · 1 s]",
        "text/html": ATTACK,
        ANSWER_TYPE: {"state": "ended", "behind": 11},
    }
    book.cells[0].outputs = [nbformat.v4.new_output("display_data", data)]
    # the kernel died before the last frame of this one
    book.cells.append(nbformat.v4.new_code_cell("%%watsonx\nand this"))
    data = {"text/plain": "...", "text/html": "<p>half</p>", ANSWER_TYPE: {"state": "arriving"}}
    book.cells[1].outputs = [nbformat.v4.new_output("display_data", data)]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (server.root / "foreign.ipynb").write_text(nbformat.writes(book))
    lab.open("foreign.ipynb")
    lab.wait_for_output(0, "hello")
    lab.wait_until(lambda: seen_buttons(lab, 0), "buttons")
    return seen_buttons(lab, 0), seen_buttons(lab, 1), page.evaluate("() => window.ran ?? false")


def test_in_a_notebook_of_a_stranger_buttons_work_and_nothing_runs(chromium, jupyter):
    ended, half, ran = chromium.run(untrusted, jupyter("lab"))
    assert ended == ALL
    assert half == ["Ask again"], "there is nothing to stop"
    assert ran is False


def wait_for_greeting(lab, sent=0):
    """Wait until the page has said to the kernel that it is there, which it does to an idle one."""
    lab.wait_until(
        lambda: any(b"wx_notebook.lab" in f and b'"hello"' in f for f in lab.seen.sent[sent:]),
        "the greeting of the page",
    )


def cells_after(lab, code):
    """Ask for code; return the cells below once it is there."""
    lab.run(1)
    lab.wait_until(lambda: any(code in source for source in sources(lab)), code)
    return sources(lab)[2:]


def generated(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open(
        "generated.ipynb",
        [connect_cell(lab, sandbox), "%%watsonx --format code\nWrite code.", "'last'"],
    )
    lab.run(0)
    wait_for_greeting(lab)
    found = [cells_after(lab, "x = 0"), cells_after(lab, "x = 1")]
    sent = len(lab.seen.sent)
    lab.reload()
    wait_for_greeting(lab, sent)
    found.append(cells_after(lab, "x = 2"))
    # what somebody has edited stays
    select(lab, 2)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+End")
    page.keyboard.type("  # mine")
    found.append(cells_after(lab, "x = 3"))
    # somebody reads along in a second browser that has a notebook model of its own
    return found, lab.save()


def test_a_second_run_replaces_the_generated_cell_while_nobody_has_edited_it(
    chromium, jupyter, sandbox
):
    for n in range(4):
        sandbox.say(f"```python\nx = {n}\n```")
    found, _ = chromium.run(generated, jupyter("lab"), sandbox)
    codes = [[source.partition("\n")[2] for source in cells[:-1]] for cells in found]
    assert codes == [["x = 0"], ["x = 1"], ["x = 2"], ["x = 3", "x = 2  # mine"]]


#: As on a busy machine: a kernel that is just starting leaves a question without an answer.
NO_ANSWER = """() => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    Object.getPrototypeOf(kernel).requestCommInfo = () => new Promise(() => {});
}"""


def unanswered(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("asks.ipynb", ["1"])
    page.evaluate(NO_ANSWER)
    server.end_kernels("greets.ipynb")
    server.write("greets.ipynb", [connect_cell(lab, sandbox), "%reload_ext wx_notebook"])
    execute(lab, "docmanager:open", {"path": "greets.ipynb", "factory": "Notebook"})
    lab.wait_until(lambda: "sandbox.json" in "".join(sources(lab)), "the second notebook")
    lab.wait_until_idle()
    for cell in (0, 1):
        sent = len(lab.seen.sent)
        lab.run(cell)
        wait_for_greeting(lab, sent)


def test_a_page_greets_a_kernel_that_answers_no_question_or_is_loaded_again(
    chromium, jupyter, sandbox
):
    chromium.run(unanswered, jupyter("lab"), sandbox, fresh=True)


def switched_off(page, server, sandbox):
    lab = LabPage(page, server)
    code = "%%watsonx --format code\nWrite code."
    lab.open("off.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nhello", "1/0", code])
    lab.run(0)
    lab.run(1)
    lab.wait_for_output(1, "plain answer")
    lab.run(2)
    lab.wait_for_output(2, "ZeroDivisionError")
    buttons = page.locator(".wx-buttons, .wx-line, .wx-prompt").count()
    strong = lab.cell(1).locator(".jp-OutputArea-output strong").count()
    for _ in range(2):
        lab.run(3)
        lab.wait_until_idle()
    lab.wait_until(lambda: len(sources(lab)) == 6, "a cell for each run")
    return lab, buttons, strong, [each.partition("\n")[2] for each in sources(lab)[4:]]


def test_without_the_extension_answers_and_errors_are_shown_as_html(
    chromium, jupyter, sandbox, tmp_path
):
    config = tmp_path / "labconfig" / "page_config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"disabledExtensions": {"wx-notebook": True}}))
    sandbox.say("a **plain answer**")
    for n in range(2):
        sandbox.say(f"```python\nx = {n}\n```")
    server = jupyter("lab", JUPYTER_CONFIG_PATH=str(tmp_path))
    lab, buttons, strong, cells = chromium.run(switched_off, server, sandbox)
    assert buttons == 0
    # nobody can tell whether a cell was edited, so none is replaced
    assert cells == ["x = 1", "x = 0"]
    assert strong == 1
    assert lab.seen.page_errors == lab.seen.console_errors == []
