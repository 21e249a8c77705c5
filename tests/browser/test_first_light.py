"""From the form to a streamed answer in a real front end; nothing of the key in what is saved."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.fronts import LabPage, pieces

#: Where pictures are to stay; read before a fixture clears the environment.
PICTURES = os.environ.get("WX_PICTURES", "")
pytestmark = pytest.mark.browser

CELLS = ["%load_ext wx_notebook", "%watsonx login", "%%watsonx --output answer\nTell me.",
         "print(type(_).__name__, len(str(answer)))"]  # fmt: skip
TEXT = "# A heading\n\n" + " ".join(f"word{n} **bold**" for n in range(150)) + "\n\nThe end."


def sign_in(lab, sandbox, cell=1):
    """Type into the form as a person does, and press Enter."""
    form = lab.cell(cell)
    form.get_by_label("Region or URL").fill(sandbox.url)
    form.get_by_label("Project or space", exact=True).fill(sandbox.project_id)
    key = form.get_by_label("API key", exact=True)
    key.click()
    lab.page.keyboard.type(sandbox.api_key)
    key.press("Enter")
    form.get_by_text("connected to project 'Sandbox project'").wait_for()


def see_it_grow(lab, cell):
    """Run a prompt's cell and return the lengths that its output had on the way."""
    lab.page.evaluate(
        """cell => {
            window.lengths = new Set();
            const area = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[cell];
            new MutationObserver(() => {
                const text = area.querySelector(".jp-OutputArea-output")?.innerText ?? "";
                if (text) window.lengths.add(text.length);
            }).observe(area, {childList: true, subtree: true, characterData: true});
        }""",
        cell,
    )
    lab.run(cell)
    return sorted(lab.page.evaluate("() => [...window.lengths]"))


def first_light(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open(f"first-{server.front}.ipynb", CELLS)
    lab.save_widget_state() if server.front == "lab" else None
    lab.run(0)
    lab.run(1)
    sign_in(lab, sandbox)
    lengths = see_it_grow(lab, 2)
    lab.wait_for_output(2, "The end.")
    html = lab.cell(2).locator(".jp-OutputArea-output").inner_html()
    lab.run(3)
    said = lab.wait_for_output(3)
    return lab, lengths, html, said, lab.save()


@pytest.fixture
def slow_sandbox():
    from wx_notebook.sandbox import Sandbox

    with Sandbox(words_per_second=150) as running:
        yield running


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_key_is_typed_and_the_answer_grows_while_it_streams(
    chromium, jupyter, slow_sandbox, front
):
    server = jupyter(front)
    slow_sandbox.say(TEXT)
    lab, lengths, html, said, saved = chromium.run(first_light, server, slow_sandbox)
    assert len(lengths) >= 3, "the output did not grow in steps"
    assert "<h1" in html
    assert "<strong>bold</strong>" in html
    assert said == f"Answer {len(TEXT)}"
    (output,) = saved.cells[2].outputs
    assert output.data["text/plain"].startswith(TEXT)
    assert output.metadata["wx_notebook"]["finish_reason"] == "stop"
    assert lab.seen.page_errors == []
    assert lab.seen.foreign == []

    key = slow_sandbox.api_key
    file = lab.path.read_bytes()
    assert not [piece for piece in pieces(key) if piece in file]
    assert b"eyJ" not in file, "a token in the saved notebook"
    for path in server.files():
        content = path.read_bytes()
        assert key.encode() not in content, path
        assert b"eyJhbGciOi" not in content, f"a token in {path}"
    # the key crosses the wire once, from the browser to the kernel
    assert sum(key.encode() in frame for frame in lab.seen.sent) == 1
    assert not any(key.encode() in frame for frame in lab.seen.received)


def use_the_sandbox(page, server):
    lab = LabPage(page, server)
    lab.open("offered.ipynb", CELLS)
    lab.run(0)
    lab.run(1)
    lab.cell(1).get_by_role("button", name="Use the sandbox").click()
    lab.cell(1).get_by_text("connected to project 'Sandbox project'").wait_for()
    lab.run(2)
    lab.wait_for_output(2, "no model was asked")
    return lab, lab.save()


def test_one_click_uses_the_sandbox_and_its_key_never_reaches_the_page(
    chromium, jupyter, sandbox, tmp_path
):
    import json

    left = tmp_path / "sandbox.json"
    left.write_text(json.dumps(sandbox.credentials()))
    server = jupyter("lab", WX_NOTEBOOK_SANDBOX=str(left))
    lab, saved = chromium.run(use_the_sandbox, server)
    assert saved.cells[2].outputs
    key = sandbox.api_key.encode()
    assert not any(key in frame for frame in (*lab.seen.sent, *lab.seen.received))
    assert key not in lab.path.read_bytes()


def interrupted(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("interrupted.ipynb", CELLS)
    lab.run(0)
    lab.run(1)
    sign_in(lab, sandbox)
    lab.run(2, wait=False)
    lab.wait_for_output(2, "word3")
    lab.interrupt()
    lab.wait_for_output(2, "Interrupted")
    return lab.output(2)


def test_the_stop_button_ends_an_answer_and_what_came_stays(chromium, jupyter, slow_sandbox):
    # long enough to be stopped on a slow day, too
    slow_sandbox.say(TEXT.replace("The end.", "and on ") * 20 + "The end.")
    shown = chromium.run(interrupted, jupyter("lab"), slow_sandbox)
    assert "word3" in shown
    assert "The end." not in shown
    assert "interrupted: this is what had arrived" in shown
    assert "wx.last()" in shown.splitlines()[-1]
    slow_sandbox.wait_for(lambda call: call.client_gone)


def a_wrong_key(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("wrong.ipynb", CELLS)
    lab.run(0)
    lab.run(1)
    form = lab.cell(1)
    form.get_by_label("Region or URL").fill(sandbox.url)
    form.get_by_label("Project or space", exact=True).fill(sandbox.project_id)
    form.get_by_label("API key", exact=True).fill("w9" * 22)
    form.get_by_role("button", name="Connect").click()
    alert = form.get_by_role("alert").filter(has_text="does not know this API key")
    alert.wait_for()
    described = form.get_by_label("API key", exact=True).get_attribute("aria-invalid")
    return described, form.inner_text(), lab.save()


def test_a_wrong_key_gets_the_same_message_beside_its_field(chromium, jupyter, sandbox):
    invalid, text, saved = chromium.run(a_wrong_key, jupyter("lab"), sandbox)
    assert invalid == "true"
    assert "BXNIM0415E" in text
    assert "w" * 12 not in str(saved)


def picture(page, server, sandbox, path, shade):
    lab = LabPage(page, server)
    page.set_viewport_size({"width": 1000, "height": 640})
    source = "%%watsonx\nWhat is a watt? Explain it to a data scientist in a few sentences."
    lab.open(f"picture-{shade}.ipynb", ["%load_ext wx_notebook", "%watsonx login", source])
    lab.theme(shade)
    lab.run(0)
    lab.run(1)
    sign_in(lab, sandbox)
    lab.run(2)
    lab.wait_for_output(2, " out")
    page.screenshot(path=path)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_picture_of_the_readme_can_be_made_anew(chromium, jupyter, sandbox, tmp_path, shade):
    """With WX_PICTURES set to a folder, the pictures stay there."""
    path = tmp_path / f"first-prompt-{shade}.png"
    chromium.run(picture, jupyter("lab"), sandbox, path, shade)
    assert path.stat().st_size > 10_000
    if PICTURES:
        shutil.copy(path, Path(PICTURES) / path.name)
