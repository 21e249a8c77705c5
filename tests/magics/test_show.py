"""`--show` and `%watsonx show`: what would go out, what did, and `answer.more()` in a notebook."""

from __future__ import annotations

import json

import pytest

FRAME = "import pandas as pd; df = pd.DataFrame({'n': range(1000), 'word': ['watt'] * 1000})"


@pytest.fixture
def signed_in(connected):
    """A session that has asked the service already."""
    connected.run("_ = wx.session().verify()").ok()
    return connected


def shown(ran):
    """The request's JSON, and the lines below it."""
    text = ran.plain
    head, _, rest = text.partition("\n\n{\n")
    body, _, account = ("{\n" + rest).partition("\n}\n\n")
    return head, json.loads(body + "\n}"), account.split("\n")


def test_show_prints_the_exact_request_that_would_go_out(signed_in, sandbox):
    cell = "%%watsonx --system 'be brief' -t 0.5\nWhat is a {{ unit }}?"
    signed_in.run("unit = 'watt'").ok()
    head, body, _ = shown(signed_in.run(cell.replace("%%watsonx", "%%watsonx --show")).ok())
    signed_in.run(cell).ok()
    call = sandbox.calls[-1]
    assert body == call.body_json
    assert head.startswith(f"POST {sandbox.url}/ml/v1/text/chat_stream?version=")


def test_show_prints_what_nobody_sees_and_what_turns_the_line(connected, sandbox):
    connected.run(r"z = 'a\u200bb\u202ec\u00e9'").ok()
    sent = [{"role": "user", "content": "say a\u200bb\u202ec\u00e9"}]
    before = connected.run("%%watsonx --show\nsay {{ z }}").ok()
    assert shown(before)[1]["messages"] == sent
    assert r"say a\u200bb\u202ec" in before.plain
    connected.run("%%watsonx\nsay {{ z }}").ok()
    assert sandbox.calls[-1].body_json["messages"] == sent
    assert r"say a\u200bb\u202ec" in connected.run("%watsonx show").ok().plain


def test_show_counts_each_part_by_the_service_and_bills_nothing(signed_in, sandbox):
    signed_in.run("unit = 'kilowatt hour'").ok()
    before = dict(sandbox.counts)
    ran = signed_in.run("%%watsonx --show --system 'be brief'\nWhat is a {{ unit }}?").ok()
    _, _, account = shown(ran)
    assert account[0] == "tokens, counted by sandbox for ibm/granite-4-h-small, not billed:"
    counts = {line.split()[0]: line for line in account[1:5]}
    assert set(counts) == {"system", "{{", "your", "together"}

    def of(text):
        return signed_in.value(
            f"wx.session().pipeline.count_tokens({text!r}, model_id='ibm/granite-4-h-small')"
        )

    assert int(counts["{{"].split()[3]) == of("kilowatt hour")
    together = of("What is a kilowatt hour?") + of("be brief")
    assert int(counts["together"].split()[1]) == together
    new = {kind for kind, n in sandbox.counts.items() if n > before.get(kind, 0)}
    assert new == {"tokenization"}


def test_show_without_a_connection_estimates_and_says_so(kernel):
    _, body, account = shown(kernel.run("%%watsonx --show\nWhat is a watt?").ok())
    assert body["messages"] == [{"role": "user", "content": "What is a watt?"}]
    assert account[0] == "tokens, estimated (not connected):"
    assert account[-1] == "sends only your own words to the service"


def test_show_estimates_before_the_first_sign_in_and_where_the_count_fails(connected, sandbox):
    _, _, account = shown(connected.run("%%watsonx --show\nhello").ok())
    assert account[0] == "tokens, estimated (not verified yet):"
    assert sum(sandbox.counts.values()) == 0
    connected.run("_ = wx.session().verify()").ok()
    sandbox.fault("500", times=None, on="tokenization")
    _, _, account = shown(connected.run("%%watsonx --show\nhello").ok())
    assert account[0].startswith("tokens, estimated (")


def test_show_says_which_rows_of_a_table_go_where_and_what_is_left_out(signed_in):
    signed_in.run(FRAME).ok()
    _, body, account = shown(signed_in.run("%%watsonx --show\nSum up {{ df | rows(5) }}").ok())
    assert "The first 5 rows, as CSV:\nn,word\n0,watt\n" in body["messages"][0]["content"]
    assert account[-1] == "sends 5 rows of df to sandbox"
    assert account[-2] == "left out: 995 of 1,000 rows of df (as asked)"
    assert any(line.endswith("  5 rows of df") for line in account)
    _, _, account = shown(signed_in.run("%%watsonx --show\nSum up {{ df }}").ok())
    assert "within 1,000 tokens" in account[-2]


def test_show_names_every_variable_that_goes_out(signed_in, tmp_path):
    (tmp_path / "notes.txt").write_text("some notes")
    signed_in.run(f"import pathlib; notes = pathlib.Path({str(tmp_path / 'notes.txt')!r})").ok()
    signed_in.run("a = 1; b = {'c': 2}").ok()
    ran = signed_in.run("%%watsonx --show\n{{ a }} {{ b.c }} {{ a }} {{ notes }}").ok()
    _, _, account = shown(ran)
    assert account[-1] == (
        "sends the value of a, the value of b.c and the file notes.txt to sandbox"
    )


def test_show_holds_no_secret(signed_in, sandbox):
    ran = signed_in.run("%%watsonx --show\nhello").ok()
    assert sandbox.api_key not in ran.everything
    assert "Bearer" not in ran.everything


# --- %watsonx show -----------------------------------------------------------------------------


def test_the_last_request_and_its_answer_are_shown_again(connected, sandbox):
    sandbox.say("**One watt.**")
    connected.run("%%watsonx\nWhat is a watt?").ok()
    sent = sandbox.calls[-1].body_json
    ran = connected.run("%watsonx show").ok()
    request, answer = ran.outputs
    _, _, body = request["data"]["text/plain"].partition("\n\n")
    assert json.loads(body) == sent
    assert answer["data"]["text/plain"].startswith("**One watt.**")
    assert "<strong>One watt.</strong>" in answer["data"]["text/html"]
    assert sandbox.api_key not in ran.everything


def test_of_a_prompt_that_failed_the_request_is_shown(connected, sandbox):
    connected.run("%%watsonx\nfirst").ok()
    sandbox.fault("500")
    assert connected.run("%%watsonx\nsecond").status == "error"
    ran = connected.run("%watsonx show").ok()
    (output,) = ran.outputs
    assert '"second"' in output["data"]["text/plain"]
    assert output["data"]["text/plain"].endswith(
        "no answer to it has come: ServiceDown: The model failed to answer."
    )


def test_before_the_first_prompt_show_says_what_to_do(kernel):
    kernel.run("from wx_notebook.session.process import HISTORY as _h; _h.clear()").ok()
    ran = kernel.run("%watsonx show")
    assert ran.error[0].startswith("BadOption: There is no prompt yet to show.")
    assert ran.error[-1].startswith("Next: run a %%watsonx cell")


# --- answer.more() -----------------------------------------------------------------------------


def test_more_streams_into_the_notebook_and_shows_the_whole_once(connected, sandbox):
    sandbox.say_pieces(["One ", "two ", "three"])
    sandbox.say_pieces(["three ", "four."])
    ran = connected.run("%%watsonx -o answer --max-tokens 2\nCount.").ok()
    assert "continue it with answer.more()" in ran.plain
    (output,) = connected.run("answer.more()").ok().outputs
    assert output["data"]["text/plain"].startswith("One two three four.\n")
    assert connected.value("[_.text, _.finish_reason, wx.last() is _]") == [
        "One two three four.", "stop", True,
    ]  # fmt: skip
    (again,) = connected.run("_").ok().outputs
    assert again["data"]["text/plain"] == output["data"]["text/plain"]


def test_more_that_is_cut_shows_both_parts_and_fails_the_cell(connected, sandbox):
    sandbox.say_pieces(["One ", "two ", "three"])
    connected.run("%%watsonx -o answer --max-tokens 2\nCount.").ok()
    sandbox.say_pieces(["three ", "four ", "five ", "six ", "seven ", "eight "])
    sandbox.fault("cut", after=2)
    ran = connected.run("answer.more()")
    assert ran.error[0].startswith("AnswerCut: ")
    assert ran.plain.startswith("One two ")
    assert connected.value("wx.last().text.startswith('One two ')")


def test_code_that_went_on_comes_whole_into_the_next_cell(connected, sandbox):
    sandbox.say_pieces(["```python\n", "a = 1\n", "b = 2\n```"])
    sandbox.say_pieces(["b = 2\n", "```"])
    ran = connected.run("%%watsonx -o answer --format code --max-tokens 2\nCode.").ok()
    assert not ran.reply["payload"], "half of a program is nothing to run"
    ran = connected.run("answer.more()").ok()
    (payload,) = ran.reply["payload"]
    assert "a = 1\nb = 2" in payload["text"]


def test_after_a_log_out_an_answer_says_that_its_prompt_has_to_be_run_again(connected, sandbox):
    sandbox.say_pieces(["One ", "two ", "three"])
    connected.run("%%watsonx -o answer --max-tokens 2\nCount.").ok()
    connected.run("%watsonx logout").ok()
    connected.connect(sandbox)
    ran = connected.run("answer.more()")
    assert ran.error == [
        "BadOption: The session that this answer came from was closed.", "Run its prompt again."
    ]  # fmt: skip


def test_show_names_what_looks_like_a_place_and_is_none(connected):
    connected.run("name = 'x'").ok()
    ran = connected.run("%%watsonx --show\n{{ name }} {{ _ad }} {{ gone.text.upper() }}").ok()
    assert "left as typed, because these are not placeholders: {{ _ad }}, {{ gone.text" in ran.plain
    assert "{{ name }}," not in ran.plain


def test_show_says_what_a_filter_left_out_of_a_text(connected):
    connected.run("long = 'word ' * 5_000").ok()
    ran = connected.run("%%watsonx --show\n{{ long | truncate(50) }}").ok()
    assert "left out: a part of long" in ran.plain
