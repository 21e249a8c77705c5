"""`cache`: a prompt that was paid for before is answered from the journal."""

from __future__ import annotations

import contextlib
import json

import pytest

import wx_notebook as wx
from wx_notebook.errors import BadOption, QuotaSpent, SchemaMismatch, WatsonxError
from wx_notebook.journal import JournalError, find_prompts, open_journal, prune
from wx_notebook.sandbox import Sandbox
from wx_notebook.session.process import METER

WATT = "What is a watt?"


@pytest.fixture(autouse=True)
def data_folder(monkeypatch, tmp_path):
    """A journal that no other test has written."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def asked(sandbox):
    """How many prompts have reached the sandbox."""
    return lambda: sandbox.counts["chat"] + sandbox.counts["chat_stream"]


def notes(answer):
    return [one for one in answer.warnings if "from the journal" in one]


def test_the_same_prompt_again_is_answered_from_the_journal_and_marked(session, asked):
    first = session.chat(WATT, cache=True)
    counted = METER.used("notebook"), METER.used("day")
    again = session.chat(WATT, cache=True)
    assert asked() == 1
    assert (again.text, again.model_id, again.usage, again.finish_reason, again.request_id) == (
        first.text, first.model_id, first.usage, first.finish_reason, first.request_id
    )  # fmt: skip
    assert notes(first) == []
    (note,) = notes(again)
    assert note.endswith("nothing was sent now")
    assert note in again.notes
    assert (METER.used("notebook"), METER.used("day")) == counted


def test_without_the_option_nothing_is_kept_and_nothing_is_looked_for(session, asked, data_folder):
    session.chat(WATT)
    session.chat(WATT)
    assert asked() == 2
    assert not (data_folder / "wx_notebook" / "journal").exists()


def test_a_stream_a_row_of_a_table_and_a_whole_answer_are_the_same_question(session, asked):
    wx.batch("{{ value }}", [WATT])
    stream = session.stream(WATT, cache=True)
    text = "".join(stream)
    assert notes(stream.answer)
    assert session.chat(WATT, cache=True).text == text
    session.chat("What is a joule?", cache=True)
    assert wx.batch("{{ value }}", ["What is a joule?"])[0]["answer"]
    assert asked() == 2


@pytest.mark.parametrize(
    "other",
    [
        {"temperature": 1.0}, {"system": "Be brief."}, {"seed": 7}, {"generate": True},
        {"model": "ibm/granite-3-8b-instruct"},
    ],
    ids=str,
)  # fmt: skip
def test_another_question_is_asked(other, session, sandbox):
    session.chat(WATT, cache=True)
    assert not notes(session.chat(WATT, cache=True, **other))


def test_another_host_is_asked_and_another_project_is_not(session, sandbox, asked):
    session.chat(WATT, cache=True)
    project = sandbox.add_project("another")
    wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=project)
    assert notes(wx.ask(WATT, cache=True))
    with Sandbox() as elsewhere:
        wx.connect(**elsewhere.credentials())
        assert not notes(wx.ask(WATT, cache=True))
        assert elsewhere.counts["chat"] == 1
    assert asked() == 1


def test_new_asks_again_and_its_answer_takes_the_place_of_the_old_one(session, sandbox):
    sandbox.say("old", "new", "other")
    assert session.chat(WATT, cache=True).text == "old"
    assert session.chat(WATT, cache="new").text == "new"
    assert session.chat(WATT, cache=True).text == "new"
    assert session.chat(WATT, cache=False).text == "other"
    assert session.chat(WATT, cache=True).text == "new"


def test_what_the_model_thought_is_kept_as_well(session, sandbox):
    sandbox.say_thinking("A unit?", "It is a unit.")
    assert session.chat(WATT, cache=True).reasoning == "A unit?"
    assert session.chat(WATT, cache=True).reasoning == "A unit?"


def test_errors_cut_and_stopped_answers_are_not_kept(session, sandbox, asked):
    with pytest.raises(WatsonxError):
        session.chat(WATT, cache=True, model="none/none")
    sandbox.fault("cut", after=3)
    with pytest.raises(WatsonxError):
        list(session.stream(WATT, cache=True))
    with session.stream(WATT, cache=True) as stream:
        next(stream)
    with contextlib.closing(open_journal()) as journal:
        assert find_prompts(journal) == []
    # a limit of tokens is part of the question
    short = session.chat(WATT, cache=True, max_tokens=3)
    assert short.finish_reason == "length"
    assert notes(session.chat(WATT, cache=True, max_tokens=3))


def test_a_value_that_fits_at_the_second_try_is_kept_and_one_that_never_fits_is_not(
    session, sandbox, asked
):
    sandbox.say("no JSON", '{"name": "Ada"}')
    for _ in range(2):
        assert session.chat("Who?", schema="name", cache=True).data == {"name": "Ada"}
    assert asked() == 2
    sandbox.say("no", "no", '{"name": "Eve"}')
    with pytest.raises(SchemaMismatch):
        session.chat("Who else?", schema="name", cache=True)
    assert session.chat("Who else?", schema="name", cache=True).data == {"name": "Eve"}


def test_it_is_the_same_question_in_whichever_place_the_model_takes_its_schema(sandbox, asked):
    def ask(prompt):
        return wx.ask(prompt, schema="n: int", cache=True)

    wx.connect(**sandbox.credentials())
    sandbox.say(*['{"n": 1}'] * 2)
    ask("in a field")
    sandbox.fault("no-schema", times=None, on="chat")
    ask("in the prompt")
    paid = asked()
    assert notes(ask("in a field"))
    wx.connect(**sandbox.credentials())  # which has to find out anew what the model takes
    assert notes(ask("in the prompt"))
    assert asked() == paid


def test_a_prompt_that_the_journal_answers_passes_a_budget_that_is_used_up(session):
    session.chat(WATT, cache=True)
    METER.set_budget(1, "notebook")
    try:
        assert session.chat(WATT, cache=True).text
        with pytest.raises(QuotaSpent):
            session.chat("What is a joule?", cache=True)
    finally:
        METER._budgets.clear()


def test_the_project_file_can_switch_it_on_and_a_call_off(session, tmp_path, asked):
    (tmp_path / "pyproject.toml").write_text("[tool.wx_notebook]\ncache = true\n")
    session.chat(WATT)
    assert notes(session.chat(WATT))
    assert not notes(session.chat(WATT, cache=False))
    # what cannot be kept leaves the default out
    assert len(session.chat(WATT, n=2).answers) == 2
    assert wx.batch("{{ value }}", [WATT])[0]["answer"]
    assert asked() == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cache": "sometimes"}, "takes on, off or new"),
        ({"cache": 1}, "takes on, off or new"),
        ({"cache": True, "n": 2}, "cache and n can't be combined"),
        ({"cache": True, "tools": len}, "cache and tools can't be combined"),
        ({"cache": True, "param": {"logprobs": True}}, "cache and param.logprobs can't be"),
    ],
    ids=range(5),
)
def test_what_cannot_be_kept_is_told_before_anything_is_sent(options, words, session, asked):
    with pytest.raises(BadOption, match=words):
        session.chat(WATT, **options)
    assert asked() == 0


def test_where_the_journal_is_off_the_option_is_an_error(session, tmp_path, asked):
    (tmp_path / "pyproject.toml").write_text("[tool.wx_notebook]\njournal = false\n")
    with pytest.raises(BadOption, match="journal = false switches that off"):
        session.chat(WATT, cache=True)
    assert session.chat(WATT).text
    assert asked() == 1


def test_a_journal_that_cannot_be_written_is_told_before_anything_is_paid(
    session, data_folder, asked
):
    data_folder.write_text("a file")
    with pytest.raises(JournalError, match="Nothing was sent"):
        session.chat(WATT, cache=True)
    assert asked() == 0


def test_what_is_recorded_comes_from_the_service_and_what_is_replayed_is_not_kept(
    session, tmp_path, monkeypatch, asked, data_folder
):
    session.chat(WATT, cache=True)
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(tmp_path / "answers.jsonl"))
    text = session.chat(WATT, cache=True).text
    assert asked() == 2
    monkeypatch.delenv("WX_NOTEBOOK_RECORD")
    monkeypatch.setenv("WX_NOTEBOOK_REPLAY", str(tmp_path / "answers.jsonl"))
    data_folder.rename(tmp_path / "elsewhere")
    assert session.chat(WATT, cache=True).text == text
    assert not data_folder.exists()
    assert json.loads((tmp_path / "answers.jsonl").read_text().splitlines()[-1])["request"]


def test_prompts_go_after_a_month_and_when_there_is_no_room(session):
    for word in "abcd":
        session.chat(word, cache=True)
    with contextlib.closing(open_journal()) as journal:
        prune(journal, most_bytes=1)
        assert [one.answer.prompt for one in find_prompts(journal)] == ["d", "c"]
        now = find_prompts(journal)[0].answer.at
        prune(journal, clock=lambda: now + 32 * 86_400)
        assert find_prompts(journal) == []
