"""`%%watsonx --each`: a plan, a bar, a table; and `%watsonx batches`."""

from __future__ import annotations

import json
import re

import pytest

from wx_notebook.sandbox import Sandbox

ROWS = "rows = [{'text': f't{n}', 'n': n} for n in range(30)]"


@pytest.fixture
def sandbox():
    with Sandbox(requests_per_second=100_000) as running:
        yield running


@pytest.fixture(autouse=True)
def _own_journal(request):
    """The journal of the kernel lives longer than a test: each test sends prompts of its own."""
    if "connected" in request.fixturenames:
        kernel = request.getfixturevalue("connected")
        folder = kernel.folder / "data" / "wx_notebook" / "journal"
        for file in folder.glob("*.sqlite*"):
            file.unlink()


def test_a_cell_sends_its_prompt_for_each_row_and_binds_the_table(connected, sandbox):
    sandbox.say(*["good", "bad", "good"] * 10)
    ran = connected.run(f"{ROWS}\nNone").ok()
    ran = connected.run("%%watsonx --each rows --output labelled\nClassify {{ text }}").ok()
    assert connected.value("[row['n'] for row in labelled]") == list(range(30))
    assert connected.value("sorted({row['answer'] for row in labelled})") == ["bad", "good"]
    (output,) = ran.outputs
    text, html = output["data"]["text/plain"], output["data"]["text/html"]
    assert "30 rows answered" in text
    assert "good    ████████████████████    20" in text
    assert "<details>" in html
    assert "Classify t0" in html
    assert "text/markdown" not in output["data"]
    assert ran.frames[0]["data"]["text/plain"].startswith("30 rows, 30 distinct prompts")


def test_with_a_schema_its_fields_are_columns(connected, sandbox):
    sandbox.say('{"mood": "good", "topics": ["tea"]}')
    connected.run("reviews = [{'text': 'the tea is good'}]").ok()
    schema = '--schema "mood: good|bad, topics[]"'
    connected.run(f"%%watsonx --each reviews --output moods {schema}\nRead {{{{ text }}}}").ok()
    assert connected.value("moods") == [
        {"text": "the tea is good", "mood": "good", "topics": ["tea"], "error": None}
    ]


def test_the_plan_comes_first_and_show_sends_nothing(connected, sandbox):
    connected.run(ROWS).ok()
    before = sandbox.counts["chat"]
    plain = connected.run("%%watsonx --each rows --show\nClassify {{ text }} of {{ n }}").ok().plain
    assert sandbox.counts["chat"] == before
    assert "30 rows, 30 distinct prompts" in plain
    assert "tokens to read, at most 2,048 for each answer" in plain
    assert "time: known after the first answer" in plain
    assert "{{ text }} is a column, {{ n }} is a column" in plain
    assert "Classify t0 of 0" in plain


def test_the_same_cell_again_says_where_its_answers_come_from(connected, sandbox):
    connected.run(ROWS).ok()
    cell = "%%watsonx --each rows --output out\nClassify {{ text }}"
    connected.run(cell).ok()
    assert "30 from the journal" in connected.run(cell).ok().plain
    assert sandbox.counts["chat"] == 30


def test_an_interrupt_binds_the_partial_table_and_fails_the_cell(connected, sandbox):
    with Sandbox(account=sandbox, words_per_second=100, requests_per_second=100_000) as slow:
        connected.connect(slow)
        slow.say(*["word " * 40] * 30)
        connected.run(ROWS).ok()
        running = connected.start("%%watsonx --each rows --output part\nClassify {{ text }}")
        # a row has ended: a busy machine shows that none has, before
        ended = re.compile(r"\b[1-9]\d* of 30 rows")
        while not ended.search(json.dumps(connected.next_message()["content"], default=str)):
            pass
        connected.interrupt()
        ran = connected.finish(running)
    assert ran.status == "error"
    assert ran.error[0].startswith("Interrupted: Stopped. ")
    assert "The rows so far are in part." in ran.error[-1]
    assert connected.value("len(part)") == 30
    assert connected.value("sum(row['error'] is None for row in part)") >= 1


def test_a_file_and_a_misspelt_table(connected, sandbox):
    connected.run("open('few.csv', 'w').write('text\\na\\nb\\n'); reviews = [1]").ok()
    connected.run("%%watsonx --each few.csv --to out.jsonl\nSay {{ text }}").ok()
    written = (connected.folder / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in written] == ["a", "b"]
    ran = connected.run("%%watsonx --each review\nSay {{ value }}")
    assert "no file 'review' for --each. Did you mean 'reviews'?" in ran.error[0]
    ran = connected.run("%%watsonx --each reviews[:1]\nSay {{ value }}")
    assert ran.error[1] == "It takes a name. Run table = reviews[:1] first, then type --each table."
    ran = connected.run("%%watsonx --each reviews --on nowhere\nSay {{ value }}")
    assert ran.error == [
        "BadOption: --on takes a place, and 'nowhere' is no variable of this notebook.",
        "Type --on service, --on tls://HOST:PORT, or the name of a distributed.Client.",
    ]
    ran = connected.run("%%watsonx --rows 3\nhi")
    assert ran.error[0] == "BadOption: --rows goes with --each, which names the table."


def test_prompts_and_answers_are_shown_as_text(connected, sandbox):
    sandbox.say(*["<script>alert(1)</script>", "<b>x</b>"] * 15)
    connected.run(ROWS).ok()
    ran = connected.run("%%watsonx --each rows --output out\n<i>Classify</i> {{ text }}").ok()
    html = "".join(frame["data"]["text/html"] for frame in ran.frames)
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;i&gt;Classify" in html
    assert [mark for mark in ("<script", "<i>", "<b>") if mark in html] == []


def test_batches_are_listed_resumed_exported_and_deleted(connected, sandbox):
    assert "no batches yet" in connected.run("%watsonx batches").ok().plain
    connected.run(ROWS).ok()
    connected.run("%%watsonx --each rows --output out\nClassify {{ text }}").ok()
    listed = connected.run("%watsonx batches").ok().plain
    name = listed.split(" ")[0]
    assert f"{name} · " in listed
    assert "done · 30 of 30 rows answered" in listed
    assert "journal.sqlite" in listed
    assert "after 31 days" in listed
    resumed = connected.run(f"%watsonx batches resume {name}").ok()
    (payload,) = resumed.reply["payload"]
    assert payload["text"] == "%%watsonx --each rows --output out\nClassify {{ text }}"
    said = connected.run(f"%watsonx batches export {name} out.csv").ok().plain
    assert said.startswith("30 answers of batch")
    assert (connected.folder / "out.csv").read_text().count(",Classify t") == 30
    connected.run(f"%watsonx batches delete {name}").ok()
    assert "no batches yet" in connected.run("%watsonx batches").ok().plain
    assert "no batch" in connected.run(f"%watsonx batches delete {name}").error[0]
    assert "Did you mean 'resume'" in connected.run("%watsonx batches resum x").error[0]


def test_ask_takes_a_table_too(connected, sandbox):
    connected.run(ROWS).ok()
    connected.run("%watsonx ask --each rows --rows 2 --output two Say {{ text }}").ok()
    assert connected.value("len(two)") == 2


def test_a_call_from_python_shows_how_far_it_is_too(connected, sandbox):
    connected.run(ROWS).ok()
    ran = connected.run("out = wx.batch('Say {{ text }}', rows)").ok()
    assert "30 rows answered" in ran.plain
    assert ran.frames[0]["data"]["text/plain"].startswith("30 rows, 30 distinct prompts")
    ran = connected.run("out = await wx.abatch('Tell {{ text }}', rows)").ok()
    assert "30 rows answered" in ran.plain
    silent = connected.run("out = wx.batch('Say {{ text }}', rows, on_progress=print)").ok()
    assert silent.outputs == []


def test_a_verb_is_told_by_its_task(connected, sandbox):
    connected.run(ROWS).ok()
    ran = connected.run("out = wx.classify(rows[:2], 'text', ['good', 'bad'])").ok()
    assert "wxn_" not in ran.plain
    listed = connected.run("%watsonx batches").ok().plain
    assert "Give the text one of these labels: good, bad." in listed


def test_a_table_goes_to_the_service_and_is_picked_up_later(connected, sandbox):
    with Sandbox(account=sandbox, batch_seconds=10_000) as slow:
        connected.connect(slow)
        connected.run(ROWS).ok()
        shown = connected.run("%%watsonx --each rows --on service --show\nRate {{ text }}").ok()
        assert "on the service: 1 batch job of at most 20,000 rows" in shown.plain
        assert f"POST {slow.url}/ml/v1/batches" in shown.plain
        assert '"url": "/v1/chat/completions"' in shown.plain
        assert slow.counts["files"] == 0
        cell = "%%watsonx --each rows --output out --on service\nRate {{ text }}"
        running = connected.start(cell)
        slow.wait_for(lambda call: call.kind == "batch", 30)
        connected.interrupt()
        ran = connected.finish(running)
        assert ran.status == "error"
        assert "It goes on at the service" in "".join(ran.error)
        assert connected.value("len(out)") == 30
        listed = connected.run("%watsonx batches").ok().plain
        assert "1 batch job, last seen " in listed
        assert "30 rows at the service" in listed
        assert "may have been billed" not in listed
        name = listed.split(" ")[0]
        said = connected.run(f"%watsonx batches resume {name}").ok().plain
        assert "validating, 0 of 30 rows answered" in said
        slow._jobs._job_s = 0
        said = connected.run(f"%watsonx batches resume {name}").ok()
        assert "completed, 30 answers are in the journal now" in said.plain
        (payload,) = said.reply["payload"]
        assert payload["text"] == cell
        ran = connected.run(cell).ok()
        assert "30 from the journal" in ran.plain
        assert connected.value("sum(row['error'] is None for row in out)") == 30
        assert len(slow.answered_lines) == 30


def test_what_is_under_way_at_the_service_can_be_cancelled(connected, sandbox):
    with Sandbox(account=sandbox, batch_seconds=10_000) as slow:
        connected.connect(slow)
        connected.run(ROWS).ok()
        running = connected.start("%%watsonx --each rows --on service\nRate {{ text }}")
        slow.wait_for(lambda call: call.kind == "batch", 30)
        connected.interrupt()
        connected.finish(running)
        name = connected.run("%watsonx batches").ok().plain.split(" ")[0]
        said = connected.run(f"%watsonx batches cancel {name}").ok().plain
        assert "cancelling" in said
        said = connected.run(f"%watsonx batches resume {name}").ok().plain
        assert "cancelled, 0 answers are in the journal now, 30 rows have none" in said
        refused = connected.run(f"%watsonx batches cancel {name}")
        assert "Nothing of batch" in refused.error[0]
    connected.connect(sandbox)
