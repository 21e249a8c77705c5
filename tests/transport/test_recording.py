"""Record and replay: what is recorded answers without a key and without a network."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

import wx_notebook as wx
from wx_notebook.batch import service_watch
from wx_notebook.errors import AnswerCut, BatchStopped, ModelError, NotConnected, WatsonxError
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import disconnect
from wx_notebook.transport import RecordingError

RECORD = (
    "Next: run the notebook once with WX_NOTEBOOK_RECORD=answers.jsonl, without "
    "WX_NOTEBOOK_REPLAY and with a key."
)
WATT, JOULE = "What is a watt?", "What is a joule?"


@pytest.fixture
def sandbox(request):
    with Sandbox(batch_seconds=getattr(request, "param", 5)) as running:
        yield running


@pytest.fixture
def file(tmp_path):
    return tmp_path / "answers.jsonl"


@pytest.fixture
def recording(sandbox, file, monkeypatch):
    """Connected to the sandbox; each exchange is recorded."""
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(file))
    wx.connect(**sandbox.credentials())


@pytest.fixture
def replay(file, monkeypatch, sandbox):
    """Return a function that begins a replay on a machine without a key, and closes the sandbox."""

    def begin(path=file):
        monkeypatch.delenv("WX_NOTEBOOK_RECORD", raising=False)
        monkeypatch.setenv("WX_NOTEBOOK_REPLAY", str(path))
        sandbox.close()
        disconnect()

    return begin


def prompts_in(file, method="POST"):
    """The recorded prompts; the list of models may have been asked for as well."""
    head, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert head == {"wx_notebook": "recording", "version": 1}
    return [line for line in lines if line["request"]["method"] == method]


def everything():
    session = wx.session()
    session.verify()
    streamed = wx.stream(WATT, seed=1)
    parts = [*streamed]
    answers = [streamed.answer, wx.ask(WATT), session.generate(JOULE), wx.ask(JOULE, n=2)]
    table = wx.batch("Say {{ value }}", ["one", "two", "one"], max_tokens=20)
    return (
        parts,
        [(a.text, a.model_id, a.finish_reason, a.usage, len(a.answers)) for a in answers],
        table,
        session.models(),
        [(one.name, one.has_runtime) for one in (*session.projects(), *session.spaces())],
        session.project.name,
    )


def test_a_replay_gives_the_same_values_without_key_and_network(recording, replay, sandbox):
    first = everything()
    reached = len(sandbox.calls)
    replay()
    assert everything() == first
    assert len(sandbox.calls) == reached
    assert wx.session().source == "recording answers.jsonl"


def by_the_service(**more):
    """A table by batch jobs of the service, one row of which has to be asked for twice."""
    rows = ["one", "two", None, "x " * 200_000]
    return [
        wx.batch("Say {{ value }}", rows, on="service"),
        wx.batch("Mood: {{ value }}", ["a", "b"], on="service", schema="mood: good|bad", **more),
    ]


@pytest.mark.parametrize("sandbox", [0.1], indirect=True)
def test_batch_jobs_of_the_service_are_recorded_too_and_nothing_is_waited_for(
    recording, replay, sandbox, file, monkeypatch
):
    monkeypatch.setattr(service_watch, "FIRST_LOOK_S", 0.01)
    sandbox.say("this is one", "and two", "no JSON", '{"mood": "good"}', '{"mood": "bad"}')
    first = by_the_service()
    assert [row["error"] for row in first[1]] == [None, None]
    assert sandbox.counts["chat"] == 0
    meter = wx.session().state.meter
    used, reached = meter.used("notebook"), len(sandbox.calls)
    replay()
    # the ID of the request that the service names is not in the file
    assert repr(by_the_service()) == re.sub(r", request [0-9a-f]+\.", ".", repr(first))
    assert (meter.used("notebook"), len(sandbox.calls)) == (used, reached)
    # a job is there once it has ended, however often it was asked for
    paths = Counter(line["request"]["path"] for line in prompts_in(file, "GET"))
    assert [paths[f"/ml/v1/batches/job-{n}"] for n in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert paths["/ml/v1/files/file-2/content"] == 1
    with pytest.raises(BatchStopped, match=r"has no answer to this request: POST /ml/v1/files"):
        wx.batch("Say {{ value }}", ["three"], on="service")


def test_a_notebook_that_changes_its_folder_keeps_its_file(session, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    name = f"{tmp_path.name}.jsonl"
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", name)
    texts = [wx.ask(WATT).text]
    monkeypatch.chdir("data")
    texts.append(wx.ask(JOULE).text)
    monkeypatch.delenv("WX_NOTEBOOK_RECORD")
    monkeypatch.setenv("WX_NOTEBOOK_REPLAY", name)
    disconnect()
    assert [wx.ask(WATT).text, wx.ask(JOULE).text] == texts
    assert [one.name for one in tmp_path.rglob("*.jsonl")] == [name]


def test_a_replay_costs_nothing_and_no_budget_stops_it(recording, replay):
    wx.ask(WATT)
    meter = wx.session().state.meter
    used = meter.used("notebook"), meter.used("day")
    assert min(used) > 0
    replay()
    meter.set_budget(1, "notebook")
    try:
        assert wx.ask(WATT).usage.total_tokens > 1, "the answer says what it cost once"
    finally:
        meter.set_budget(None, "notebook")
    assert (meter.used("notebook"), meter.used("day")) == used


def test_one_exchange_is_one_line_and_reads_well(recording, file):
    wx.ask(WATT, model="ibm/granite-4-h-small")
    (line,) = prompts_in(file)
    assert line["run"] == 1
    assert line["request"]["path"] == "/ml/v1/text/chat"
    assert line["request"]["body"]["messages"] == [{"role": "user", "content": WATT}]
    assert "query" not in line["request"], "the version of the API is no part of a question"
    assert line["answer"]["body"]["choices"]


def test_the_nth_equal_request_gets_the_nth_answer(recording, replay, sandbox):
    sandbox.say("one", "two")
    for _ in range(2):
        wx.ask(WATT)
    replay()
    assert [wx.ask(WATT).text for _ in range(2)] == ["one", "two"]
    with pytest.raises(RecordingError, match="has this request 2 times, and it was sent 3"):
        wx.ask(WATT)


def test_a_list_that_is_asked_for_once_more_gets_the_same_answer(recording, replay):
    first = wx.session().projects()
    replay()
    assert [wx.session().projects() for _ in range(3)] == [wx.session().projects()] * 3
    assert len(wx.session().projects()) == len(first)


def test_another_project_host_and_space_make_no_difference(recording, replay, monkeypatch, sandbox):
    text = wx.ask(WATT).text
    replay()
    wx.connect(
        api_key="Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST",  # pragma: allowlist secret
        region="eu-de", space_id="12345678-1234-4123-8123-123456789abc",
    )  # fmt: skip
    assert wx.session().verify().name == "recorded project"
    assert wx.ask(WATT).text == text


def test_a_request_that_is_not_in_it_shows_the_nearest_one_and_what_to_type(recording, replay):
    wx.ask("Name a colour.")
    wx.ask(WATT, temperature=0.5)
    replay()
    with pytest.raises(RecordingError) as caught:
        wx.ask("What is a volt?", temperature=0.5)
    lines = caught.value._render_traceback_()
    assert lines == [
        "RecordingError: answers.jsonl has no answer to this request: POST /ml/v1/text/chat",
        "The nearest one in it differs in messages[0].content:",
        '  recorded: "What is a watt?"',
        '  now:      "What is a volt?"',
        RECORD,
    ]


def test_a_parameter_and_another_way_of_sending_are_named_as_what_differs(recording, replay):
    wx.ask(WATT, temperature=0.5)
    replay()
    with pytest.raises(RecordingError, match="differs in temperature:") as caught:
        wx.ask(WATT, temperature=1)
    assert values_in(caught.value) == ["  recorded: 0.5", "  now:      1.0"]
    with pytest.raises(RecordingError, match="differs in path") as caught:
        wx.stream(WATT, temperature=0.5)
    assert "/ml/v1/text/chat_stream" in str(caught.value)


def test_a_long_prompt_is_shown_where_it_begins_to_differ(recording, replay):
    wx.ask("word " * 200 + "first end")
    replay()
    with pytest.raises(RecordingError) as caught:
        wx.ask("word " * 200 + "other end")
    assert values_in(caught.value) == [
        '  recorded: ...word word word word first end"',
        '  now:      ...word word word word other end"',
    ]


def values_in(error):
    return [line for line in error.message.splitlines() if line.startswith("  ")]


def test_a_table_with_a_row_that_is_not_in_it_stops(recording, replay):
    wx.batch("Say {{ value }}", ["one", "two"])
    replay()
    with pytest.raises(BatchStopped, match=r"answers\.jsonl has no answer to this request"):
        wx.batch("Say {{ value }}", ["one", "three"])


def test_the_journal_answers_no_row_that_is_recorded_and_keeps_none_that_is_replayed(
    session, sandbox, file, monkeypatch, replay, tmp_path
):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    rows = ["one", "two"]
    wx.batch("Say {{ value }}", rows)
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(file))
    table = wx.batch("Say {{ value }}", rows)
    assert sandbox.counts["chat"] == 4
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    replay()
    assert wx.batch("Say {{ value }}", rows) == table
    assert not (tmp_path / "data" / "wx_notebook" / "journal").exists()


def test_a_refusal_of_the_service_is_replayed_as_the_same_error(recording, replay):
    with pytest.raises(ModelError) as first:
        wx.ask(WATT, model="ibm/granite-9")
    replay()
    with pytest.raises(ModelError) as again:
        wx.ask(WATT, model="ibm/granite-9")
    assert first.value.message.splitlines()[0] == again.value.message.splitlines()[0]


def test_not_now_a_cut_and_a_stopped_answer_are_not_recorded(recording, file, sandbox):
    sandbox.fault("429", retry_after=0)
    wx.ask(WATT)
    assert [line["answer"]["status"] for line in prompts_in(file)] == [200]
    sandbox.fault("cut", after=3)
    with pytest.raises(AnswerCut), wx.stream(WATT) as stream:
        list(stream)
    with wx.stream(WATT) as stream:
        next(stream)
    sandbox.revoke_tokens()
    wx.ask(WATT)
    assert [line["answer"]["status"] for line in prompts_in(file)] == [200, 200]


def test_what_is_recorded_anew_takes_the_place_of_the_older_answer(
    recording, replay, sandbox, file, monkeypatch
):
    sandbox.say("old", "other")
    wx.ask(WATT)
    wx.ask(JOULE)
    # as a later process records: its number is the next one
    copy = file.with_name("later.jsonl")
    copy.write_text(file.read_text())
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(copy))
    sandbox.say("new")
    wx.ask(WATT)
    replay(copy)
    assert (wx.ask(WATT).text, wx.ask(JOULE).text) == ("new", "other")


def test_recording_and_replaying_take_turns_in_one_process(session, file, monkeypatch):
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(file))
    text = wx.ask(WATT).text
    monkeypatch.delenv("WX_NOTEBOOK_RECORD")
    monkeypatch.setenv("WX_NOTEBOOK_REPLAY", str(file))
    assert wx.ask(WATT).text == text
    monkeypatch.delenv("WX_NOTEBOOK_REPLAY")
    assert wx.ask(WATT).text


HEAD = '{"wx_notebook": "recording", "version": 1}\n'
BAD_FILES = {
    "": "is not a recording of wx_notebook",
    "a,b\n1,2\n": "is not a recording of wx_notebook",
    '{"wx_notebook": "recording", "version": 2}\n': "has version 2, and this package reads",
    HEAD + "{not json}\n": "Line 2 of the recording answers.jsonl is not an exchange",
    HEAD + '{"run": 1, "request": {}}\n': "Line 2 of the recording answers.jsonl",
    "\udcff": "cannot be read: it is not text",
}


@pytest.mark.parametrize("text", BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_file_that_is_no_recording_says_what_is_wrong(text, file, replay):
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    replay()
    with pytest.raises(RecordingError) as caught:
        wx.session().verify()
    assert BAD_FILES[text] in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_not_there_says_how_to_make_it(replay):
    replay()
    with pytest.raises(RecordingError, match=r"answers\.jsonl does not exist") as caught:
        wx.ask(WATT)
    assert "WX_NOTEBOOK_RECORD=answers.jsonl" in caught.value.hint


@pytest.mark.parametrize("variable", ["WX_NOTEBOOK_RECORD", "WX_NOTEBOOK_REPLAY"])
def test_a_folder_is_no_file(variable, session, tmp_path, monkeypatch, sandbox):
    monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(RecordingError, match="directory"):
        wx.ask(WATT)
    assert sandbox.counts["chat"] == 0


def test_a_file_that_cannot_be_written_is_told_before_anything_is_paid(
    session, sandbox, tmp_path, monkeypatch
):
    (tmp_path / "plain").write_text("")
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(tmp_path / "plain" / "answers.jsonl"))
    with pytest.raises(RecordingError, match=r"cannot be written: .* Nothing was sent"):
        wx.ask(WATT)
    assert sandbox.counts["chat"] == 0


def test_another_file_of_the_user_is_not_written_into(session, file, monkeypatch, sandbox):
    file.write_text("my notes\n")
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(file))
    with pytest.raises(RecordingError, match="is not a recording"):
        wx.ask(WATT)
    assert file.read_text() == "my notes\n"
    assert sandbox.counts["chat"] == 0


def test_both_variables_are_an_error_that_says_which_to_unset(recording, file, monkeypatch):
    monkeypatch.setenv("WX_NOTEBOOK_REPLAY", str(file))
    with pytest.raises(RecordingError, match="are both set") as caught:
        wx.ask(WATT)
    assert "Unset" in caught.value.hint


def test_status_says_what_is_recorded_and_what_answers(recording, replay):
    from wx_notebook.session.status import details

    assert any("recorded in answers.jsonl" in line for line in details(wx.session().state))
    replay()
    assert "answers come from the recording answers.jsonl (WX_NOTEBOOK_REPLAY)" in details(
        wx.session().state
    )
    assert issubclass(RecordingError, NotConnected)
    assert issubclass(NotConnected, WatsonxError)
