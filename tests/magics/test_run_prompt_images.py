"""`--image` and pictures in placeholders, in a real kernel and in Python."""

from __future__ import annotations

import base64

import pytest
from support.kernels import refused

SEES, BLIND = "mistralai/mistral-small-3-1-24b-instruct-2503", "ibm/granite-4-h-small"
DRAW = (
    "import matplotlib; matplotlib.use('agg')\n"
    "from matplotlib.figure import Figure\n"
    "fig = Figure(); fig.subplots().plot([1, 3, 2]); png = open('dot.png', 'wb')\n"
    "import PIL.Image; red = PIL.Image.new('RGB', (128, 64), 'red'); red.save(png); png.close()\n"
)


@pytest.fixture
def drawn(connected):
    connected.run(DRAW).ok()
    return connected


def parts(sandbox):
    return sandbox.calls[-1].body_json["messages"][-1]["content"]


def kinds(sandbox):
    return [part.get("text") or part["image_url"]["url"][:15] for part in parts(sandbox)]


def test_pictures_go_behind_the_text_and_in_the_place_of_their_placeholder(drawn, sandbox):
    drawn.run(
        f"%%watsonx -m {SEES} --image dot.png --image red\nWhat is {{{{ fig }}}}, and this?"
    ).ok()
    png = "data:image/png;"
    assert kinds(sandbox) == ["What is ", png, ", and this?", png, png]
    assert base64.b64decode(parts(sandbox)[-1]["image_url"]["url"].partition(",")[2])[:4] == (
        b"\x89PNG"
    )
    drawn.run("red").ok()
    number = drawn.value("max(Out)")
    drawn.run(f"%watsonx ask -m {SEES} --image Out[{number}] What is it?").ok()
    assert kinds(sandbox) == ["What is it?", png]


def test_python_takes_the_values_themselves(drawn, sandbox):
    drawn.run(f"wx.ask('What is it?', images=['dot.png', red, fig], model='{SEES}')").ok()
    assert len(parts(sandbox)) == 4
    drawn.run(f"wx.ask('Is {{{{ red }}}} red?', names=globals(), model='{SEES}')").ok()
    assert [part["type"] for part in parts(sandbox)] == ["text", "image_url", "text"]
    drawn.run(
        f"wx.session().chat([{{'role': 'user', 'content': 'hi'}}], images=red, model='{SEES}')"
    ).ok()
    assert [part["type"] for part in parts(sandbox)] == ["text", "image_url"]


def test_show_says_what_each_picture_is_and_shortens_it(drawn, sandbox):
    shown = drawn.run(
        f"%%watsonx -m {SEES} --image red --image-pixels 64 --max-images 2 --show\nWhat is it?"
    ).ok().plain  # fmt: skip
    assert "picture red" in shown
    assert "estimated; PNG, 64 x 32 pixels of 128 x 64, 1 kB" in shown
    assert "sends the picture red to sandbox" in shown
    assert "data:image/png;base64,iVBORw0KGgoA... (" in shown
    assert sandbox.counts["chat_stream"] == 0


def test_a_model_that_cannot_see_is_told_before_sending_with_those_that_can(drawn, sandbox):
    for cell in (f"%%watsonx -m {BLIND} --image red\nhi", "%%watsonx\n{{ red }} is what?"):
        ran = drawn.run(cell)
        assert ran.error[0] == f"ModelError: '{BLIND}' cannot do this: it cannot see pictures."
        assert SEES in ran.error[1]
    assert sandbox.counts["chat_stream"] == 0
    sandbox.fault("500", on="models", times=None)
    drawn.run("from wx_notebook.session import disconnect as _d; _d()").ok()
    drawn.connect(sandbox)
    # nobody knows what it can do: it is asked
    drawn.run(f"%%watsonx -m {BLIND} --image red\nhi").ok()


def test_in_a_chat_a_picture_goes_with_its_own_turn_and_that_is_said(drawn, sandbox):
    ran = drawn.run(f"%%watsonx -m {SEES} --chat\nWhat is {{{{ red }}}}?").ok()
    assert "chat: the first turn; the next turns are sent without its pictures" in ran.plain
    drawn.run(f"%%watsonx -m {SEES} --chat\nAnd why?").ok()
    texts = [message["content"] for message in sandbox.calls[-1].body_json["messages"]]
    assert texts[0] == "What is ?"
    assert texts[-1] == "And why?"


def test_what_a_picture_takes_counts_in_a_budget(drawn, sandbox):
    drawn.run("big = red.resize((2000, 2000))\n").ok()
    drawn.run("%watsonx usage --budget 5000").ok()
    try:
        ran = drawn.run(f"%%watsonx -m {SEES} --image big\nhi")
    finally:
        drawn.run("%watsonx usage --budget off").ok()
    assert ran.error[0].startswith("QuotaSpent")
    assert sandbox.counts["chat_stream"] == 0


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (
            "%%watsonx --image rde\nhi",
            "neither a variable nor a file. Did you mean 'red'?",
        ),
        ("%%watsonx --image wx\nhi", "'wx' is not a picture (module)."),
        ("%%watsonx --image pyproject.toml\nhi", "neither a variable nor a file"),
        ("%%watsonx --image red --generate\nhi", "can't be combined"),
        (
            "%%watsonx --image-pixels 3 --image red\nhi",
            "takes a whole number from 64",
        ),
        ("%%watsonx --image many\nhi", "The prompt has 40 pictures, and at most 10 are sent."),
        ("wx.ask('hi', images=[])", "images takes a value, or a list of values"),
        ("wx.ask('hi', images=3)", "'images[0]' is not a picture (int)."),
    ],
)
def test_a_mistake_is_a_failing_cell_before_anything_is_sent(drawn, sandbox, cell, what):
    drawn.run("many = [red] * 40").ok()
    assert what in refused(drawn, sandbox, cell)


def test_a_program_reads_its_pictures_from_files(drawn):
    drawn.run(f"%%watsonx -m {SEES} --image red --image dot.png\nhi").ok()
    text = drawn.run("%watsonx code --for requests").ok().plain
    assert "#   red.png (red; PNG, 128 x 64 pixels, 1 kB)" in text
    # both are the same picture
    assert text.count('"url": picture("red.png", "png")') == 2
    assert "base64,iVBOR" not in text
    assert "base64,iVBORw0KGgoA... (" in drawn.run("%watsonx show").ok().plain


def test_the_tab_key_offers_variables_that_are_pictures_and_then_files(drawn):
    reply = drawn.client.complete("%%watsonx --image re", reply=True, timeout=30)
    assert reply["content"]["matches"] == ["red"]
    reply = drawn.client.complete("%%watsonx --image dot.p", reply=True, timeout=30)
    assert reply["content"]["matches"] == ["dot.png"]


def test_a_project_sets_the_limits(drawn, sandbox):
    drawn.run("open('pyproject.toml', 'w').write("
              "'[tool.wx_notebook]\\nimage_pixels = 64\\nmax_images = 1\\n')").ok()  # fmt: skip
    try:
        ran = drawn.run(f"%%watsonx -m {SEES} --image red --image red\nhi")
        assert "at most 1 are sent" in ran.error[0]
        drawn.run("wide = red.resize((640, 10))").ok()
        shown = drawn.run(f"%%watsonx -m {SEES} --image wide --show\nhi").ok().plain
        assert "64 x 1 pixels of 640 x 10" in shown
    finally:
        drawn.run("import os; os.unlink('pyproject.toml')").ok()
