"""`--tool` in a real kernel: calls are shown, asked for, run, and stand above the answer."""

from __future__ import annotations

import pytest
from support.kernels import refused

AREA = '''
def area(width: float, height: float) -> float:
    """Return the area of a rectangle."""
    return width * height

def slow(n: int) -> int:
    "Wait."
    import time
    print("started", flush=True)
    time.sleep(60)
    return n
'''


@pytest.fixture
def shop(connected):
    connected.run(AREA).ok()
    return connected


def answering(kernel, code, *replies):
    """Run a cell, and answer what it asks; return the cell and the questions."""
    running = kernel.start(code, allow_stdin=True)
    questions = []
    for reply in replies:
        message = kernel.client.get_stdin_msg(timeout=30)
        questions.append(message["content"]["prompt"])
        kernel.client.input(reply)
    return kernel.finish(running), questions


def messages(sandbox):
    return [c.body_json["messages"] for c in sandbox.calls if c.kind == "chat_stream"]


def test_a_call_is_asked_for_and_stands_above_the_answer(shop, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("It is 12.")
    ran, (question,) = answering(shop, "%%watsonx --tool area -o kept\nThe area?", "y")
    assert ran.status == "ok"
    assert question == (
        "area(width=3, height=4)\nRun it? y (yes), n (no), a (all calls of this prompt): "
    )
    (output,) = ran.outputs
    for kind in ("text/plain", "text/html"):
        text = output["data"][kind]
        assert text.index("area(width=3, height=4) → 12.0") < text.index("It is 12.")
    assert shop.value("[kept.text, kept.calls[0].result, kept is _]") == ["It is 12.", "12.0", True]
    shown = [frame["data"]["text/html"] for frame in ran.frames]
    asked = next(html for html in shown if "waiting for your answer about area" in html)
    assert "area(width=3, height=4)" in asked, "before it runs"


def test_a_call_that_is_not_allowed_is_told_to_the_model(shop, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("I don't know.")
    ran, _ = answering(shop, "%%watsonx --tool area\nThe area?", "n")
    assert "did not allow" in messages(sandbox)[1][-1]["content"]
    assert "area(width=3, height=4): The user did not allow this call." in ran.plain


def test_headless_it_needs_yes_and_says_so_before_anything_is_sent(shop, sandbox):
    ran = shop.run("%%watsonx --tool area\nThe area?")
    assert ran.error == [
        "BadOption: Calls of area need your consent, and nobody can be asked here.",
        "To allow all calls: %%watsonx --tool NAME --yes, in Python yes=True.",
    ]
    assert messages(sandbox) == []
    sandbox.say_calls(("area", {"width": 3, "height": 4}), ("area", {"width": 1, "height": 1}))
    sandbox.say("12 and 1.")
    ran = shop.run("%%watsonx --tool area --yes\nThe areas?").ok()
    assert "[area(width=3, height=4) → 12.0]\n[area(width=1, height=1) → 1.0]" in ran.plain


def test_the_sandbox_itself_calls_a_tool_and_then_answers(shop, sandbox):
    ran = shop.run("%%watsonx --tool area --yes\nWhat is the area of a rectangle?").ok()
    assert "[area(width=" in ran.plain
    assert "no model was asked" in ran.plain.lower()
    assert len(messages(sandbox)) == 2


def test_python_in_a_cell_asks_too_and_writes_the_calls(shop, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("It is 12.")
    ran, questions = answering(shop, "wx.ask('The area?', tools=[area]).text", "yes")
    assert questions[0].startswith("area(width=3, height=4)")
    assert ran.printed.startswith("area(width=3, height=4)\n")
    assert "→ 12.0" in ran.printed


def test_show_has_the_tools_and_what_they_take_and_runs_nothing(shop, sandbox):
    shown = shop.run("%%watsonx --tool area --show\nThe area?").ok().plain
    assert '"name": "area"' in shown
    assert "estimated; area, which the model may call" in shown
    assert messages(sandbox) == []


def test_with_a_schema_the_answer_after_the_calls_is_a_value(shop, sandbox):
    cell = "%%watsonx --tool area --schema 'area: float' --yes -o size\nThe area?"
    shown = shop.run(cell.replace("-o", "--show -o")).ok().plain
    assert "sent at the end of the prompt, because the model may call tools" in shown
    assert messages(sandbox) == []
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("Twelve.", '{"area": 12}')
    ran = shop.run(cell).ok()
    assert "[area(width=3, height=4) → 12.0]" in ran.plain
    assert "asked twice (" in ran.plain
    assert shop.value("[size.data, len(size.calls), size is _]") == [{"area": 12.0}, 1, True]


def test_stop_in_a_tool_keeps_what_is_done(shop, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}), ("slow", {"n": 1}))
    running = shop.start("%%watsonx --tool area --tool slow --yes -o kept\nhi")
    while "started" not in str(shop.next_message()["content"].get("text", "")):
        pass
    shop.interrupt()
    ran = shop.finish(running)
    assert ran.error[0] == "Interrupted: Stopped while a tool was running."
    assert "wx.last()" in ran.error[1]
    assert shop.value("[[c.name, c.result] for c in kept.calls]") == [
        ["area", "12.0"], ["slow", None]
    ]  # fmt: skip
    assert "area(width=3, height=4) → 12.0" in ran.frames[-1]["data"]["text/plain"]


def test_in_a_chat_the_answer_is_the_turn(shop, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("It is 12.")
    shop.run("%%watsonx --chat --tool area --yes\nThe area?").ok()
    assert shop.value("[(t.prompt, t.answer) for t in wx.chat().turns]") == [
        ["The area?", "It is 12."]
    ]  # fmt: skip


def test_a_method_is_named_by_its_object(shop, sandbox):
    shop.run(
        "class Stock:\n    def __init__(self): self.prices = {'tea': 3}\n"
        "    def price(self, item: str) -> int: return self.prices[item]\nstock = Stock()"
    ).ok()
    sandbox.say_calls(("price", {"item": "tea"}))
    sandbox.say("It costs 3.")
    assert "[price(item='tea') → 3]" in shop.run("%%watsonx --tool stock.price --yes\nTea?").plain


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("%%watsonx --tool stock.prize\nhi", "There is no function 'stock.prize'"),
        ("%%watsonx --tool aera\nhi", "There is no function 'aera' in the notebook. Did you mean"),
        ("%%watsonx --tool wx\nhi", "'wx' is a value (module), but a tool must be a function."),
        ("%%watsonx --tool bare\nhi", "bare() does not say what 'x' is."),
        ("%%watsonx --tool area --generate\nhi", "can't be combined"),
        ("%%watsonx --tool area --tool area\nhi", "Two tools have the name 'area'."),
        ("%%watsonx --yes\nhi", "--yes has no effect without --tool."),
        ("%%watsonx --max-rounds 3\nhi", "--max-rounds has no effect without --tool."),
        ("wx.ask('hi', yes=True)", "yes has no effect without tools."),
        ("%%watsonx --tool area --max-rounds 0\nhi", "takes a whole number from 1"),
        ("%%watsonx --tool area -m meta-llama/llama-2-13b-chat\nhi", "it cannot call tools"),
    ],
)
def test_a_mistake_is_a_failing_cell_before_anything_is_paid(shop, sandbox, cell, what):
    shop.run("def bare(x): return x").ok()
    assert what in refused(shop, sandbox, cell)


def test_the_tab_key_offers_the_functions_of_the_notebook(shop):
    reply = shop.client.complete("%%watsonx --tool ar", reply=True, timeout=30)
    assert reply["content"]["matches"] == ["area"]


def test_no_project_file_answers_for_the_user(shop, sandbox):
    shop.run("open('pyproject.toml', 'w').write('[tool.wx_notebook]\\nyes = true\\n')").ok()
    try:
        ran = shop.run("%%watsonx --tool area\nhi")
    finally:
        shop.run("import os; os.unlink('pyproject.toml')").ok()
    assert "must not answer questions for you" in ran.error[0]
