"""`%%watsonx --n 2` in a real kernel: both answers, one below the other, while they stream."""

from __future__ import annotations

import pytest

from wx_notebook.sandbox import Sandbox


@pytest.mark.parametrize("flag", ["--n 2", "-n 2", "--n=2"])
def test_two_answers_are_one_value_and_one_output(connected, sandbox, flag):
    sandbox.say("one two", "three four")
    ran = connected.run(f"%%watsonx {flag} --output answer\nhello").ok()
    assert sandbox.calls[-1].body_json["n"] == 2
    assert connected.value("[each.text for each in answer.answers]") == ["one two", "three four"]
    assert connected.value("answer.text") == "one two"
    assert len(ran.outputs) == 1
    assert ran.html.index("answer 1 of 2") < ran.html.index("one two")
    assert ran.html.index("answer 2 of 2") < ran.html.index("three four")


def test_both_grow_one_below_the_other(connected):
    with Sandbox(words_per_second=40) as sandbox:
        connected.connect(sandbox)
        sandbox.say("one " * 30, "two " * 30)
        ran = connected.run("%%watsonx --n 2\nhello").ok()
        partial = [frame["data"]["text/html"] for frame in ran.frames[:-1]]
        both = [html for html in partial if "one one" in html and "two two" in html]
        assert both, "a frame on the way has both"
        assert all(html.index("one one") < html.index("two two") for html in both)


def test_without_a_stream_it_is_the_same(connected, sandbox):
    sandbox.say("one two", "three four")
    ran = connected.run("%%watsonx --n 2 --no-stream\nhello").ok()
    assert sandbox.calls[-1].kind == "chat"
    assert "answer 2 of 2" in ran.plain
    assert "three four" in ran.html


def test_show_says_what_it_may_cost_and_sends_nothing(connected, sandbox):
    ran = connected.run("%%watsonx --n 3 --max-tokens 100 --show\nhello").ok()
    assert '"n": 3' in ran.printed + ran.plain
    assert "3 answers: up to 300 tokens, and each answer is paid for" in ran.printed + ran.plain
    assert sandbox.counts["chat_stream"] == 0


def test_with_format_json_each_must_be_json(connected, sandbox):
    sandbox.say('{"a": 1}', '{"a": 2}', '{"a": 1}', "no")
    connected.run("%%watsonx --n 2 --format json --output answer\nhello").ok()
    assert connected.value("[each.data['a'] for each in answer.answers]") == [1, 2]
    assert (
        connected.run("%%watsonx --n 2 --format json\nhello").error[0].startswith("SchemaMismatch")
    )


def test_a_cut_keeps_both(connected, sandbox):
    sandbox.say("one two three four", "five six seven eight")
    sandbox.fault("cut")
    ran = connected.run("%%watsonx --n 2 --output answer\nhello")
    assert ran.error[0].startswith("AnswerCut")
    first, second = connected.value("[each.text for each in answer.answers]")
    assert "one two three four".startswith(first)
    assert "five six seven eight".startswith(second)
    assert first
    assert second
    assert "answer.answers[1].more()" in ran.html
