"""`--compare` in a real kernel."""

from __future__ import annotations

import pytest
from support.kernels import refused

A, B, C = "ibm/granite-4-h-small", "mistralai/mistral-medium-2505", "openai/gpt-oss-120b"


def test_the_answers_stand_side_by_side_and_the_value_is_a_table(connected, sandbox):
    ran = connected.run(f"%%watsonx --compare {A},{B} --output table\nName a unit.").ok()
    (output,) = ran.outputs
    assert output["kind"] == "display_data"
    assert output["metadata"]["wx_notebook"] == {
        "models": [A, B], "finish_reasons": ["stop", "stop"]
    }  # fmt: skip
    html, plain = output["data"]["text/html"], output["data"]["text/plain"]
    assert "display:grid" in html
    assert html.count('wxn-column"') == 2
    for text in (A, B, "first word after ", " in, ", "stop"):
        assert text in html
        assert text in plain
    assert connected.value("list(__import__('pandas').DataFrame(table).model)") == [A, B]
    assert connected.value("_ is table")
    assert sandbox.counts["chat_stream"] == 2


def test_with_pandas_loaded_it_is_a_frame(connected):
    connected.run("import pandas as pd").ok()
    connected.run(f"%%watsonx --compare {A},{B} -o table\nName a unit.").ok()
    assert connected.value("type(table) is pd.DataFrame and len(table)") == 2
    # nothing of it stays behind: the next frame is shown as pandas shows it
    assert "first_word_s" in connected.run("table").ok().html


def test_frames_show_what_has_arrived_of_each(connected, sandbox):
    sandbox.say("one two three " * 30, "four five six " * 30)
    sandbox.fault("stall", times=2, after=20)
    running = connected.start(f"%%watsonx --compare {A},{B} --output kept\nName a unit.")
    while True:
        content = connected.next_message()["content"]
        html = content.get("data", {}).get("text/html", "")
        if "one two" in html and "four five" in html:
            break
    connected.interrupt()
    ran = connected.finish(running)
    assert ran.error == [
        "Interrupted: Stopped: 0 of 2 answers are complete.",
        "What was received is in kept and in wx.last().answers.",
    ]
    connected.run("import pandas as pd; kept = pd.DataFrame(kept)").ok()
    kept = connected.value("[*zip(kept.finish_reason, kept.text.str[:3])]")
    assert sorted(kept) == [["interrupted", "fou"], ["interrupted", "one"]]
    assert "wx.last().answers[1].more()" in ran.frames[-1]["data"]["text/plain"]
    assert connected.value("'_' in globals() and _ is kept") is False


def test_show_prints_one_request_and_whom_else_it_goes_to(connected, sandbox):
    shown = connected.run(
        f"%%watsonx --compare {A},{B},{C} --max-tokens 50 --show\nName a unit."
    ).ok().plain  # fmt: skip
    assert f'"model_id": "{A}"' in shown
    assert f"the same goes to {B}, {C}" in shown
    assert "3 answers of up to 50 tokens each, and each answer is paid for" in shown
    assert sandbox.counts["chat_stream"] == 0


def test_with_a_schema_the_values_stand_side_by_side(connected, sandbox):
    connected.run("import dataclasses\n@dataclasses.dataclass\nclass Person:\n"
                  "    name: str\n    age: int").ok()  # fmt: skip
    shown = connected.run(f"%%watsonx --compare {A},{B} --schema Person --show\nWho?").ok().plain
    assert "schema Person: sent as response_format" in shown
    assert "an answer that does not fit is not asked again (a comparison asks once)" in shown
    assert sandbox.counts["chat_stream"] == 0
    sandbox.say('{"name": "Ada", "age": 36}', '{"name": "Eve", "age": "old"}')
    ran = connected.run(f"%%watsonx --compare {A},{B} --schema Person -o table\nWho?").ok()
    assert ran.html.count('class="wxn-json"') == 1, "a tree, and a text that is none"
    assert "it does not fit the schema: age: 'old' is not of type 'integer'" in ran.plain
    assert '"name": "Ada"' in ran.plain
    ages = connected.value("list(__import__('pandas').DataFrame(table).age.fillna(0))")
    assert sorted(ages) == [0, 36]
    assert sandbox.counts["chat_stream"] == 2


def test_an_ask_line_takes_it_and_whole_answers_have_no_first_word(connected, sandbox):
    ran = connected.run(f"%watsonx ask --no-stream --compare {A},{B} Name a unit.").ok()
    assert "first word" not in ran.plain
    assert sandbox.counts["chat"] == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--compare one", "--compare takes 2 to 8 models, separated by commas, not 'one'."),
        (f"--compare {A},{A}", "takes each model once"),
        (f"--compare {A},{B} --model {C}", "--compare and --model can't be combined"),
        (f"--compare {A},{B} --chat", "--compare and --chat can't be combined"),
        (f"--compare {A},{B} -n 2", "--compare and --n can't be combined"),
        (f"--compare {A},{B} --schema 'age: integer'", "has the unknown type 'integer'"),
        (f"--compare {A},{B} --schema 'error'", "The schema has a field 'error', and the table"),
        (f"--compare {A},{B} --schema Persn", "There is no 'Persn' in this notebook."),
        (f"--compare {A},ibm/granit-4", f"Did you mean '{A}'?"),
    ],
)
def test_a_mistake_is_a_failing_cell_before_anything_is_paid(connected, sandbox, options, what):
    assert what in refused(connected, sandbox, f"%%watsonx {options}\nName a unit.")


def test_the_tab_key_completes_the_last_of_several_models(connected):
    connected.run("_ = wx.session().models()").ok()
    line = f"%%watsonx --compare {A},mistral-med"
    reply = connected.client.complete(line, reply=True, timeout=30)
    assert B in reply["content"]["matches"]
