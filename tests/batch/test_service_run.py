"""`--on service`: the table goes to the service's own batch jobs, and comes back as any other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest

import wx_notebook as wx
from wx_notebook.batch import service_jobs, service_lines, service_parts, service_watch
from wx_notebook.batch.functions import make_batch
from wx_notebook.errors import BadOption, BatchStopped, Interrupted, ServiceDown
from wx_notebook.journal import JobLog, open_journal
from wx_notebook.sandbox import Sandbox
from wx_notebook.sandbox.http.faults import BATCH_CALLS
from wx_notebook.session.process import METER

ROWS = [f"t{number}" for number in range(12)]
PROMPT = "Say this: {{ value }}"
#: Longer than any test waits.
FOR_EVER = 10_000


@pytest.fixture
def sandbox(request):
    with Sandbox(batch_seconds=getattr(request, "param", 0.1)) as running:
        yield running


#: A test that looks at a job on its way says so: there the job takes longer.
slower = pytest.mark.parametrize("sandbox", [0.3], indirect=True, ids=[""])


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch):
    monkeypatch.setattr(service_watch, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(service_watch, "_LONGEST_LOOK_S", 0.1)


def run(rows=ROWS, prompt=PROMPT, clock=None, **options):
    seen = []

    def show(progress):
        seen.append(progress)
        if clock is not None:
            clock.now += 100

    return wx.batch(prompt, rows, on="service", on_progress=show, **options), seen


def errors(table):
    return [row["error"] for row in table]


@slower
def test_each_answer_stands_beside_its_row_and_equal_rows_are_sent_once(session, sandbox):
    table, seen = run([*ROWS, *ROWS[:4]])
    assert [row["value"] for row in table] == [*ROWS, *ROWS[:4]]
    assert errors(table) == [None] * 16
    assert all(f"Say this: {row['value']}”" in row["answer"] for row in table)
    assert len(sandbox.answered_lines) == 12
    assert sandbox.counts["chat"] == 0
    counts = seen[-1].counts
    assert (counts.done, counts.sent, counts.equal) == (16, 12, 4)
    states = "".join(one.waiting for one in seen)
    assert "1 batch job at the service: 1 " in states
    assert "in_progress" in states


def test_requests_are_signed_with_the_token_and_a_header_says_who_pays(session, sandbox):
    run()
    token = session.state.token.value.reveal()
    calls = [call for call in sandbox.calls if call.kind in ("files", "batches", "file_content")]
    assert len(calls) == 3
    for call in calls:
        assert call.headers["x-ibm-project-id"] == sandbox.project_id
        assert token.encode() not in call.body
    assert sandbox.project_id.encode() not in calls[0].body
    assert sandbox.counts["token"] == 1


def test_both_lanes_share_the_journal(session, sandbox):
    run(ROWS[:6])
    wx.batch(PROMPT, ROWS[:8])
    assert sandbox.counts["chat"] == 2
    _, seen = run()
    assert (seen[-1].counts.reused, len(sandbox.answered_lines)) == (8, 6 + 4)
    with contextlib.closing(open_journal()) as journal:
        # an export has all rows of a batch, whoever paid for them
        assert [len(list(journal.answers(one.id))) for one in journal.batches()] == [12, 8, 6]


@pytest.mark.parametrize("kind", ["frame", "iterator", "csv"])
def test_the_same_kind_of_table_comes_back(kind, session, sandbox, tmp_path):
    frame = pd.DataFrame(
        {"n": [str(at) for at in range(5)], "value": ROWS[:5]}, index=list("abcab")
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    rows = frame.to_dict("records")
    table = {"frame": frame, "iterator": iter(rows), "csv": str(tmp_path / "in.csv")}[kind]
    answered, _ = run(table)
    if kind == "frame":
        assert list(answered.index) == list("abcab")
        answered = answered.to_dict("records")
    assert [{name: row[name] for name in ("n", "value")} for row in answered] == rows
    assert all(row["answer"] for row in answered)


def test_a_file_is_written_and_bad_rows_are_errors_of_their_own(session, sandbox, tmp_path):
    rows = [{"value": "a"}, {"value": None}, {"value": "x " * 200_000}, {"value": "b"}]
    path, _ = run(iter(rows), to=tmp_path / "out.jsonl")
    found = [row["error"] for row in pd.read_json(path, lines=True).to_dict("records")]
    assert (found[0], found[3]) == (None, None)
    assert found[1] == "The column 'value' is empty in this row."
    assert found[2].startswith("PromptTooLong: ")


@pytest.mark.slow
def test_a_schema_gives_columns_and_one_that_is_not_met_is_asked_for_once_more(session, sandbox):
    sandbox.say("no JSON at all", '{"mood": "good"}')
    table, seen = run(["a"], schema="mood: good|bad")
    assert table == [{"value": "a", "mood": "good", "error": None}]
    assert len(sandbox.answered_lines) == 2
    assert seen[-1].counts.sent == 2
    sandbox.say("neither", "nor", '{"mood": "bad"}')
    table, _ = run(["b"], schema="mood: good|bad")
    assert table[0]["error"].startswith("SchemaMismatch: ")
    table, _ = run(["b"], schema="mood: good|bad")
    assert table[0]["mood"] == "bad", "an answer that no row can use is no answer"


def test_the_verbs_take_it_too(session, sandbox):
    table = wx.classify(["a", "b"], "value", ["good", "bad"], on="service")
    assert {row["label"] for row in table} <= {"good", "bad"}
    assert sandbox.counts["chat"] == 0


def test_a_model_that_takes_no_schema_gets_it_in_the_prompt(session, sandbox):
    sandbox.fault("no-schema", times=None, on="chat")
    sandbox.say(*['{"mood": "bad"}'] * 12)
    table, _ = run(schema="mood: good|bad")
    assert [row["mood"] for row in table] == ["bad"] * 12
    assert sandbox.counts["batches"] == 2


@slower
def test_a_table_of_several_parts_and_a_file_that_is_too_large(session, sandbox, monkeypatch):
    monkeypatch.setattr(service_parts, "MOST_ROWS", 5)
    sandbox.fault("413")
    table, seen = run()
    assert errors(table) == [None] * 12
    # the first part of five was refused and cut in two
    assert sandbox.counts["batches"] == 4
    assert sandbox.counts["files"] == 5
    assert "4 batch jobs at the service" in "".join(one.waiting for one in seen)


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_failed_job_says_why_and_costs_nothing(session, sandbox):
    sandbox.fault("job-fails")
    with pytest.raises(
        BatchStopped, match=r"job failed: The job failed \(a sandbox fault\)"
    ) as caught:
        run()
    assert all("batch job failed" in error for error in errors(caught.value.table))
    table, seen = run()
    assert errors(table) == [None] * 12
    assert seen[-1].counts.unknown == 0
    assert len(sandbox.answered_lines) == 12


def test_an_expired_job_leaves_its_answers_and_the_rest_is_sent_again(session, sandbox):
    sandbox.fault("job-expires")
    table, _ = run()
    assert errors(table).count(None) == 6
    expired = "the service's batch job expired before this row was answered"
    assert set(errors(table)) == {None, expired}
    table, seen = run()
    assert errors(table) == [None] * 12
    assert (seen[-1].counts.sent, seen[-1].counts.unknown) == (6, 0)
    assert sorted(sandbox.answered_lines) == sorted(set(sandbox.answered_lines))


def test_a_job_that_somebody_cancels(session, sandbox):
    with Sandbox(account=sandbox, batch_seconds=FOR_EVER) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)

        def cancel(_):
            state = wx.session().state
            journal = open_journal()
            for job in JobLog(journal).jobs():
                service_jobs.ServiceJobs(state, JobLog(journal)).cancel(job)
            journal.close()

        table = wx.batch(PROMPT, ROWS, on="service", on_progress=cancel)
    assert set(errors(table)) == {
        "the service's batch job was cancelled before this row was answered"
    }


def test_a_project_without_storage_is_told(session, sandbox):
    bare = sandbox.add_project("bare", storage=False)
    wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=bare)
    with pytest.raises(BatchStopped, match="has no storage") as caught:
        run()
    assert "Manage > General > Storage" in caught.value.hint
    assert sandbox.counts["batches"] == 0


@pytest.mark.parametrize("fault", ["lines-missing", "lines-cut"])
def test_a_result_file_that_lacks_lines_is_read_again(fault, session, sandbox):
    sandbox.fault(fault)
    table, _ = run()
    assert errors(table) == [None] * 12
    assert sandbox.counts["file_content"] == 2


@pytest.mark.parametrize("fault", ["lines-missing", "lines-cut"])
def test_lines_that_never_come_are_errors_of_their_rows(fault, session, sandbox):
    sandbox.fault(fault, times=None)
    table, _ = run()
    lost = [error for error in errors(table) if error]
    assert set(lost) == {
        "the service's result files have no line for this row; it may have been billed"
    }
    assert 0 < len(lost) < 12
    sandbox.clear_faults()
    table, seen = run()
    assert errors(table) == [None] * 12
    assert seen[-1].counts.unknown == len(lost), "what may be paid twice is told"
    with_notes = run(ROWS, "Once more: {{ value }}", resend=False)[0]
    assert errors(with_notes) == [None] * 12


def test_what_a_file_had_before_it_broke_is_counted_as_well(session, sandbox, monkeypatch):
    file_lines = service_jobs.file_lines

    # the sandbox breaks no download in its middle
    def broken(*asked):
        lines = file_lines(*asked)
        yield next(lines)
        raise ServiceDown("The connection was cut.")

    before = METER.used("notebook")
    with monkeypatch.context() as patch:
        patch.setattr(service_jobs, "file_lines", broken)
        with pytest.raises(BatchStopped, match="The connection was cut"):
            run()
    table, _ = run()
    assert errors(table) == [None] * 12
    (answers,) = {tuple(_answers(one)) for one in _journal(lambda j: j.batches()) if one.done}
    assert METER.used("notebook") - before == sum(one.tokens for one in answers)


def test_a_row_whose_line_may_be_unreadable_may_have_been_billed(session, sandbox):
    sandbox.fault("job-expires")
    sandbox.fault("lines-cut", times=None)
    table, _ = run()
    assert "may have been billed" in " ".join(filter(None, errors(table)))
    lost = len(sandbox.answered_lines) - errors(table).count(None)
    assert lost > 0
    sandbox.clear_faults()
    _, seen = run()
    assert seen[-1].counts.unknown >= lost


def test_without_resend_what_may_have_been_billed_is_not_sent_again(session, sandbox):
    sandbox.fault("lines-missing", times=None)
    run()
    sandbox.clear_faults()
    table, _ = run(resend=False)
    assert errors(table).count(None) == 11
    assert "may have been billed in an earlier run; --no-resend" in errors(table)
    assert len(sandbox.answered_lines) == 12


@pytest.mark.parametrize("fault", ["lines-twice", "lines-foreign"])
def test_lines_that_are_too_many_change_no_row(fault, session, sandbox):
    sandbox.fault(fault, times=None)
    table, seen = run()
    assert errors(table) == [None] * 12
    assert all(f"{row['value']}”" in row["answer"] for row in table)
    usage = seen[-1].counts.tokens
    assert usage == sum(
        one.tokens for batch in _journal(lambda j: j.batches()) for one in _answers(batch)
    )


def _journal(ask):
    journal = open_journal()
    try:
        return ask(journal)
    finally:
        journal.close()


def _answers(batch):
    return _journal(lambda journal: list(journal.answers(batch.id)))


def test_half_an_error_file_leaves_no_row_without_a_word(session, sandbox):
    sandbox.fault("lines-cut", times=None)
    rows = [f"{at} " + "x " * 140_000 for at in range(4)]
    table, _ = run(rows)
    said = errors(table)
    assert all(said)
    assert {error.split(":")[0] for error in said} == {
        "PromptTooLong",
        "the service's result files have no line for this row; it may have been billed",
    }
    assert sandbox.answered_lines == []


def test_what_is_wrong_with_result_files_is_told(session, sandbox):
    for fault in ("lines-twice", "lines-foreign"):
        sandbox.fault(fault, times=None)
        notes = make_batch(f"{fault}: {{{{ value }}}}", ROWS, {"on": "service"}).run().notes
        sandbox.clear_faults()
        assert len(notes) == 1
        assert "lines of the service's result files" in notes[0]


def test_failed_lines_may_stand_among_the_answers(session, sandbox):
    sandbox.put_errors_inline()
    table, _ = run([*ROWS[:3], "x " * 200_000])
    assert [bool(error) for error in errors(table)] == [False, False, False, True]
    assert table[3]["error"].startswith("PromptTooLong: ")


def test_an_unknown_model_stops_with_its_own_words(session, sandbox):
    with pytest.raises(BatchStopped, match="ModelError: The model is not available"):
        run(model="ibm/none-at-all")


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        ("503", "files"), ("503", "batches"), ("503", "batch"), ("503", "file_content"),
        ("reset", "files"), ("reset", "batches"), ("reset", "batch"), ("reset", "file_content"),
        ("reset-after", "files"), ("reset-after", "batches"), ("reset-after", "batch"),
        ("reset-after", "file_content"), ("revoked", "batch"), ("expired", "file_content"),
    ],
)  # fmt: skip
def test_what_goes_wrong_on_the_way_once_costs_nobody_anything(fault, on, session, sandbox):
    sandbox.fault(fault, times=1, on=on)
    table, _ = run()
    assert errors(table) == [None] * 12
    assert len(sandbox.answered_lines) == 12, "nothing is paid twice"


#: All that the sandbox can do to files and batch jobs, and to the requests for them.
ON_CALLS = ("429", "500", "503", "502-html", "reset", "reset-after", "expired", "revoked")
ON_JOBS = ("413", "job-expires", "job-fails", "lines-missing", "lines-twice", "lines-foreign",
           "lines-cut")  # fmt: skip


@pytest.mark.slow  # SOAK_ROWS=5000 makes it longer still
def test_in_a_storm_of_faults_each_row_gets_its_answer_and_what_is_paid_twice_is_told(
    session, sandbox, monkeypatch
):
    number, runs = int(os.environ.get("SOAK_ROWS", "1000")) // 5, []
    monkeypatch.setattr(service_parts, "MOST_ROWS", number // 10)
    rows = [f"row {n:04}" for n in range(number)]
    for fault in ON_CALLS:
        sandbox.fault(f"{fault}={0.1 / len(ON_CALLS)}", times=None, on=BATCH_CALLS)
    for fault in ON_JOBS:
        sandbox.fault(f"{fault}=0.1", times=None)
    table: list = []
    while not table or any(errors(table)):
        assert len(runs) < 60, "it does not come to an end"
        seen = []
        try:
            table = wx.batch(PROMPT, rows, on="service", on_progress=seen.append)
        except BatchStopped as stopped:
            table = stopped.table
        runs.append(seen[-1].counts if seen else None)
        assert [row["value"] for row in table] == rows
    assert all(f"Say this: {row}" in one["answer"] for row, one in zip(rows, table, strict=True))
    paid = Counter(sandbox.answered_lines)
    assert len(paid) == number
    told = sum(counts.unknown for counts in runs if counts is not None)
    assert paid.total() - number <= told


@pytest.mark.slow
def test_a_budget_lets_the_next_part_go_when_the_first_has_ended(session, sandbox):
    sandbox.say(*["four words of text"] * 12)
    table, _ = run(budget=1_300, max_tokens=500)
    assert errors(table) == [None] * 12
    assert sandbox.counts["batches"] > 2
    with pytest.raises(BatchStopped, match="has no room for another row"):
        run(["x"], budget=100)


def test_a_share_of_errors_cancels_the_job(session, sandbox, clock):
    rows = [*[f"t{at}" for at in range(40)], *[f"{at} " + "x " * 140_000 for at in range(8)]]
    with Sandbox(account=sandbox, batch_seconds=1_000, clock=clock) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        with pytest.raises(BatchStopped, match="rows failed, and max_errors= allows 2") as caught:
            run(rows, clock=clock, max_errors=2)
        assert len(caught.value.table) == 48
        assert slow.counts["batch_cancel"] == 1
        paid = len(slow.answered_lines)
        assert paid < 40
        table, _ = run(rows[:40], clock=clock)
        assert set(errors(table)) == {
            None, "the service's batch job was cancelled before this row was answered"
        }  # fmt: skip
        assert errors(table).count(None) == paid


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": "mars"}, "takes a place: service, .*, not 'mars'"),
        ({"on": "servce"}, "Did you mean 'service'"),
        ({"on": "service", "concurrency": 5}, "the service decides how many"),
        ({"on": "service", "generate": True}, "asks the chat endpoint"),
        ({"on": "service", "deployment": "abc"}, "asks a model"),
    ],
)
def test_what_cannot_be_is_an_error_before_anything_is_sent(options, says, session, sandbox):
    with pytest.raises(BadOption, match=says):
        wx.batch(PROMPT, ROWS, **options)
    assert sandbox.counts["files"] == 0


def test_without_a_journal_nothing_could_be_picked_up(session, sandbox, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.wx_notebook]\njournal = false\n")
    with pytest.raises(BadOption, match="needs the journal"):
        run()


# --- it outlives the kernel --------------------------------------------------------------------


def interrupted(slow, rows=ROWS):
    """Begin a run, press stop while it waits, and return the error."""
    wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)

    def press_stop(progress):
        if "at the service" in progress.waiting:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted) as caught:
        wx.batch(PROMPT, rows, on="service", on_progress=press_stop)
    return caught.value


def test_an_interrupt_leaves_the_job_and_the_same_call_waits_for_it(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        error = interrupted(slow)
        assert "cancel " in error.hint
        assert set(errors(error.table)) == {
            "at the service: run it again, and its answer is fetched"
        }
        table, seen = run([*ROWS, "new"], clock=clock)
        assert errors(table) == [None] * 13
        assert len(slow.answered_lines) == 13
        assert seen[-1].counts.sent == 1
        first, second = sorted(_journal(lambda j: j.batches()), key=lambda one: one.began)
    assert (first.state, first.done, second.state, second.done) == ("picked up", 12, "done", 13)


def test_a_plain_run_says_what_may_be_paid_twice(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
        seen = []
        wx.batch(PROMPT, ROWS, on_progress=seen.append)
    assert seen[-1].counts.unknown == 12


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_in_another_project_the_job_is_not_known_and_nothing_is_sent(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
        other = slow.add_project("another")
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=other)
        with pytest.raises(BatchStopped, match="does not know the batch job") as caught:
            run()
        assert "Connect to the project" in caught.value.hint
        assert slow.counts["batches"] == 1


def test_on_a_network_drive_another_kernel_picks_it_up(session, sandbox, clock, network_drive):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
        network_drive()
        for _ in range(2):
            table, _ = run(clock=clock)
            assert errors(table) == [None] * 12
        assert len(slow.answered_lines) == 12
        assert slow.counts["file_content"] == 1


def test_a_job_of_another_place_is_left_alone(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
    wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
    journal = open_journal()
    jobs = service_jobs.ServiceJobs(wx.session().state, JobLog(journal))
    with pytest.raises(BadOption, match="was started at"):
        jobs.cancel(JobLog(journal).jobs()[0])
    journal.close()


def test_two_kernels_that_wait_for_one_job_do_each_other_no_harm(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
        clock.now += 100

        def fetch_elsewhere(_):
            journal = open_journal()
            jobs = service_jobs.ServiceJobs(wx.session().state, JobLog(journal))
            for job in JobLog(journal).jobs():
                if job.is_open:
                    jobs.fetch(*jobs.look(job))
            journal.close()

        table = wx.batch(PROMPT, ROWS, on="service", on_progress=fetch_elsewhere)
    assert errors(table) == [None] * 12
    assert len(slow.answered_lines) == 12


def test_fresh_sends_all_whatever_is_under_way(session, sandbox, clock):
    with Sandbox(account=sandbox, batch_seconds=100, clock=clock) as slow:
        interrupted(slow)
        table, seen = run([*ROWS, ROWS[0]], clock=clock, fresh=True)
    assert errors(table) == [None] * 13
    assert (seen[-1].counts.sent, seen[-1].counts.equal) == (12, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["batches", "batch"], ids=["while it is made", "while it waits"])
def test_a_killed_kernel_pays_nothing_twice(kind, sandbox, data_folder, monkeypatch):
    script = f"""
import sys, wx_notebook as wx
wx.connect(api_key=sys.argv[1], url=sys.argv[2], project_id=sys.argv[3])
wx.batch({PROMPT!r}, {ROWS!r}, on="service")
"""
    with Sandbox(account=sandbox, batch_seconds=2) as slow:
        child = subprocess.Popen(
            [sys.executable, "-c", script, slow.api_key, slow.url, slow.project_id],
            env={**os.environ, "JUPYTER_DATA_DIR": str(data_folder)},
        )
        try:
            slow.wait_for(lambda call: call.kind == kind, 60)
        finally:
            child.kill()
            child.wait()
        monkeypatch.setattr(service_jobs, "_MAKING_S", 0.5)
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        table, _ = run()
        assert errors(table) == [None] * 12
        assert sorted(slow.answered_lines) == sorted(set(slow.answered_lines))
        assert len(slow.answered_lines) == 12


def test_no_secret_lies_in_the_journal_or_the_file_that_is_sent(session, sandbox, data_folder):
    sandbox.say(f"your key is {sandbox.api_key}")
    table, _ = run([*ROWS[:2], f"my key is {sandbox.api_key}"])
    assert "holds the key" in table[2]["error"]
    token = session.state.token.value.reveal()
    secrets = [sandbox.api_key, token, sandbox.project_id]
    for file in (data_folder / "wx_notebook" / "journal").iterdir():
        content = file.read_bytes()
        assert [one for one in secrets if one.encode() in content] == []
    uploads = [call.body for call in sandbox.calls if call.kind == "files"]
    assert [one for one in secrets if one.encode() in b"".join(uploads)] == []


def test_a_line_is_small_enough(session):
    assert service_lines.MOST_BYTES < 32 * 1024 * 1024
