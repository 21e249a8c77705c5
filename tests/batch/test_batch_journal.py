"""A second run sends only what is missing; what lies on disk, and for whom."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import wx_notebook as wx
from wx_notebook.batch.functions import make_batch
from wx_notebook.errors import BadOption, BatchStopped
from wx_notebook.journal import (
    AnswerRecord,
    BatchRecord,
    JournalError,
    journal_to_read,
    open_journal,
    prune,
)
from wx_notebook.journal.records import StartedRecord
from wx_notebook.magics.batches import check_deleted

ROWS = [f"t{number}" for number in range(12)]
PROMPT = "Say this: {{ value }}"
# slow: the sandbox takes its time for a batch job
SERVICE_LANE = pytest.param({"on": "service"}, marks=pytest.mark.slow)


@pytest.fixture
def journal_file(data_folder):
    return data_folder / "wx_notebook" / "journal" / "journal.sqlite"


def counts_of(rows=ROWS, prompt=PROMPT, **options):
    seen = []
    wx.batch(prompt, rows, on_progress=seen.append, **options)
    return seen[-1].counts


def test_the_same_call_again_sends_only_what_is_missing(session, sandbox):
    first = wx.batch(PROMPT, ROWS[:8])
    again = counts_of(ROWS)
    assert (again.reused, again.sent) == (8, 4)
    assert wx.batch(PROMPT, ROWS[:8]) == first
    assert sandbox.counts["chat"] == 12


def rows_of(batch):
    with contextlib.closing(open_journal()) as journal:
        return [(one.position, one.prompt) for one in journal.answers(batch)]


def batch_ids():
    with contextlib.closing(open_journal()) as journal:
        return [one.id for one in journal.batches()]


def test_a_batch_has_each_of_its_rows_whoever_paid_for_them(session):
    wx.batch(PROMPT, ["a", "b"])
    wx.batch(PROMPT, ["b", "c", "c", "a"])
    newest, oldest = batch_ids()
    assert rows_of(oldest) == [(0, "Say this: a"), (1, "Say this: b")]
    said = ["Say this: b", "Say this: c", "Say this: c", "Say this: a"]
    assert rows_of(newest) == list(enumerate(said))


def test_what_a_newer_batch_has_too_outlives_the_older_one(session, sandbox):
    wx.batch(PROMPT, ["a", "b"])
    wx.batch(PROMPT, ["c", "a"])
    newest, oldest = batch_ids()
    with contextlib.closing(open_journal()) as journal:
        journal.delete(oldest)
    assert (rows_of(oldest), rows_of(newest)) == ([], [(0, "Say this: c"), (1, "Say this: a")])
    wx.batch(PROMPT, ["a", "b"])
    assert sandbox.counts["chat"] == 4, "b is gone, and a is not"


@pytest.mark.parametrize(
    "other", [{"system": "Be brief."}, {"temperature": 1.0}, {"max_tokens": 7}], ids=str
)
def test_another_question_is_asked(other, session, sandbox):
    counts_of()
    assert counts_of(**other).sent == 12


def test_the_project_is_no_part_of_the_question(session, sandbox):
    counts_of()
    other = sandbox.add_project("another")
    wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=other)
    assert counts_of().sent == 0


def test_fresh_sends_all_and_equal_rows_each_where_the_user_says_so(session, sandbox):
    counts_of()
    assert counts_of(fresh=True).sent == 12
    assert counts_of(["same"] * 5).sent == 1
    again = counts_of(["same"] * 5, dedupe=False)
    assert (again.sent, again.equal) == (5, 0)
    assert counts_of(["same"] * 5, dedupe=False).reused == 5


def test_what_was_under_way_in_a_crash_is_told_and_sent_again(session, sandbox):
    counts_of(ROWS[:3])
    with sqlite3.connect(open_journal().path) as database:
        database.execute("UPDATE answers SET state = 'started', text = NULL WHERE position = 1")
    database.close()
    again = counts_of(ROWS[:3])
    assert (again.unknown, again.sent, again.reused) == (1, 1, 2)
    with sqlite3.connect(open_journal().path) as database:
        database.execute("UPDATE answers SET state = 'started', text = NULL WHERE position = 1")
    database.close()
    result = make_batch(PROMPT, ROWS[:3], {"resend": False}).run()
    table = result.value
    assert "and was not sent again (--no-resend)" in result.notes[0]
    assert table[1]["error"] == "may have been billed in an earlier run; --no-resend"
    assert sandbox.counts["chat"] == 4


def test_the_file_is_for_its_user_only_and_holds_no_secret(session, sandbox, journal_file):
    sandbox.say(f"your key is {sandbox.api_key}", *["fine"] * 11)
    table = wx.batch(PROMPT, ROWS)
    token = session.state.token.value.reveal()
    for file in journal_file.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_bytes()
        for secret in (sandbox.api_key, token, sandbox.project_id):
            assert secret.encode() not in content
    assert stat.S_IMODE(journal_file.parent.stat().st_mode) == 0o700
    assert len(table) == 12


def test_a_setting_keeps_it_off_the_disk(session, sandbox, journal_file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.wx_notebook]\njournal = false\n")
    assert counts_of(["a", "b", "a"]).sent == 2
    assert counts_of(["a", "b", "a"]).sent == 2
    with contextlib.closing(journal_to_read(is_on=False)) as journal:
        assert journal.batches() == []
        assert "nothing is kept" in journal.note
    assert not journal_file.exists()
    with contextlib.closing(open_journal()):
        pass
    with contextlib.closing(journal_to_read(is_on=False)) as journal:
        assert journal.path == journal_file, "an older one can still be looked at"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), "damaged"),
        (lambda file: _set_version(file, 99), "other-version"),
    ],
    ids=["damaged", "another version"],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_told(
    spoil, why, session, sandbox, journal_file
):
    counts_of()
    spoil(journal_file)
    for suffix in ("-wal", "-shm"):
        journal_file.with_name(journal_file.name + suffix).unlink(missing_ok=True)
    assert counts_of().sent == 12
    aside = [one.name for one in journal_file.parent.glob(f"*aside-{why}*")]
    assert len(aside) == 1
    journal = open_journal()
    assert len(journal.batches()) == 1
    journal.close()


def _set_version(file, version):
    database = sqlite3.connect(file)
    database.execute(f"PRAGMA user_version = {version}")
    database.close()


def test_a_full_disk_is_an_error_before_the_next_paid_call(session, sandbox, monkeypatch):
    from wx_notebook.batch import prompt_batch as module

    opened = []

    def small():
        journal = open_journal()
        journal._connection.execute("PRAGMA max_page_count = 17")
        opened.append(journal)
        return journal

    monkeypatch.setattr(module, "open_journal", small)
    sandbox.say(*["x" * 900] * 200)
    with pytest.raises(BatchStopped, match="The disk is full") as caught:
        wx.batch(PROMPT, [f"row {number}" for number in range(200)], concurrency=1)
    table = caught.value.table
    answered = sum(row["error"] is None for row in table)
    assert 0 < answered < 200
    assert sandbox.counts["chat"] <= answered + 1
    monkeypatch.setattr(module, "open_journal", open_journal)
    again = counts_of([f"row {number}" for number in range(200)])
    assert again.reused >= answered
    assert again.done == 200


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(
    session, sandbox, monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(JournalError, match="Nothing was sent"):
        wx.batch(PROMPT, ROWS)
    assert sandbox.counts["chat"] == 0


def test_two_threads_of_two_journals_do_each_other_no_harm(data_folder):
    journals = [open_journal(), open_journal()]

    def write(journal, number):
        for at in range(50):
            key = f"{number}-{at}".encode()
            journal.start(key, "b", at)
            journal.finish_all([(key, AnswerRecord("text", position=at))], "b")

    threads = [
        threading.Thread(target=write, args=(journals[number % 2], number)) for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for journal in journals:
        assert len(list(journal.answers("b"))) == 300
        journal.close()


def test_old_batches_go_and_those_that_run_stay(data_folder):
    journal = open_journal()
    for name, days, ended, state in (
        ("old", 40, 1.0, "interrupted"), ("crashed", 40, None, "running"), ("new", 3, 1.0, "done"),
        ("goes on", 4, 1.0, "interrupted"),
    ):  # fmt: skip
        journal.begin(BatchRecord(name, 1e9 - days * 86_400, ended, state))
        journal.finish_all([(name.encode(), AnswerRecord("x" * 10_000))], name)
    assert prune(journal, clock=lambda: 1e9) == 1
    assert {one.id for one in journal.batches()} == {"crashed", "goes on", "new"}
    assert prune(journal, clock=lambda: 1e9, most_bytes=1_000) == 1
    assert {one.id for one in journal.batches()} == {"crashed", "goes on"}, "these are not over"
    assert journal.find(b"new") is None
    journal.close()


def test_on_a_network_drive_each_kernel_has_its_own_file_and_reads_all(
    session, sandbox, journal_file, network_drive
):
    counts_of()
    network_drive()
    assert counts_of().sent == 0
    assert len(list(journal_file.parent.glob("journal-*.sqlite"))) == 2
    with contextlib.closing(open_journal()) as journal:
        name = journal.batches()[-1].id
        journal.delete(name)
        with pytest.raises(BadOption, match=f"another kernel has written {name} into a file"):
            check_deleted(name, [one.id for one in journal.batches()])
        prune(journal, clock=lambda: time.time() + 30 * 86_400)
        assert len(list(journal_file.parent.glob("journal-*.sqlite"))) == 2
        prune(journal, clock=lambda: time.time() + 32 * 86_400)
        assert list(journal_file.parent.glob("*.sqlite")) == [journal.path]


def test_on_a_network_drive_a_kernel_that_was_killed_in_a_commit_keeps_its_other_rows(
    session, sandbox, network_drive
):
    counts_of()
    dead = network_drive()
    # what SQLite has written of a commit that does not end, and the file with what was there before
    killed = (
        "import os, sqlite3, sys; one = sqlite3.connect(sys.argv[1]); "
        "one.execute('PRAGMA cache_size = 1'); one.execute('BEGIN'); "
        "one.execute('UPDATE answers SET text = zeroblob(20000)'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed, dead], check=False)
    left = Path(f"{dead}-journal").read_bytes()
    assert left
    assert counts_of().sent == 0
    assert Path(f"{dead}-journal").read_bytes() == left, "the file is another kernel's"


def test_an_answer_counts_once_it_is_on_disk(data_folder):
    journal, seen = open_journal(), []
    with contextlib.closing(journal), contextlib.closing(open_journal()) as other:
        journal.finish(b"k", "b", AnswerRecord("text"), lambda _: seen.append(other.find(b"k")))
        journal.flush()
        assert [one.text for one in seen] == ["text"]


def test_what_many_threads_write_at_once_shares_a_few_commits(data_folder):
    with contextlib.closing(open_journal()) as journal:
        commits = []
        # each of them is a transaction by itself
        insert = "INSERT INTO answers"
        journal._connection.set_trace_callback(
            lambda sql: commits.append(sql.lstrip().startswith(insert))
        )
        journal.expect(50)
        done = threading.Barrier(51)

        def write(number):
            for at in range(4):
                key = f"{number}-{at}".encode()
                journal.start(key, "b", at)
                journal.finish(key, "b", AnswerRecord("text", position=at), lambda _: None)
            done.wait()

        for number in range(50):
            threading.Thread(target=write, args=(number,)).start()
        done.wait()
        journal.flush()
        assert len(list(journal.answers("b"))) == 200
        assert 5 <= sum(commits) <= 40, "400 statements"


def test_of_many_answers_all_are_written_or_none(data_folder):
    with contextlib.closing(open_journal()) as journal:
        answers = [(f"{at}".encode(), AnswerRecord("text", position=at)) for at in range(100)]
        with pytest.raises(JournalError):
            journal.finish_all([*answers, (b"last", AnswerRecord("text", position=2**70))], "b")
        assert list(journal.answers("b")) == []
        journal.finish_all(answers, "b")
        assert len(list(journal.answers("b"))) == 100


def test_an_answer_stays_while_its_request_is_sent_once_more(data_folder):
    with contextlib.closing(open_journal()) as journal:
        journal.finish_all([(b"k", AnswerRecord("old", position=3, at=5.0))], "earlier")
        journal.start(b"k", "b", 7)
        [kept] = journal.answers("earlier")
        assert (kept.text, kept.position, kept.at) == ("old", 3, 5.0)
        journal.forget_start(b"k")
        assert journal.find(b"k").text == "old"
        journal.finish_all([(b"k", AnswerRecord("new", position=7))], "b")
        assert journal.find(b"k", "earlier") is None
        assert [one.text for one in journal.answers("b")] == ["new"]


def test_a_disk_that_fails_is_told_with_each_request_and_spoils_no_file(data_folder, journal_file):
    journal = open_journal()
    journal.start(b"k", "b", 0)
    journal._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalError, match="Nothing more is sent"):
        journal.start(b"l", "b", 1)
    seen = []
    journal.finish(b"k", "b", AnswerRecord("text"), seen.append)
    journal.flush()
    journal.close()
    # a thread that outlives its run finds the file closed, which is no damage
    journal.finish(b"k", "b", AnswerRecord("text"), seen.append)
    assert [type(one) for one in seen] == [JournalError] * 2
    assert [one.name for one in journal_file.parent.glob("*aside*")] == []
    assert isinstance(open_journal().find(b"k"), StartedRecord)


@pytest.mark.parametrize("place", [{}, SERVICE_LANE])
def test_half_of_a_character_in_a_cell_stops_no_run(place, session):
    wx.batch(PROMPT, ["a", "half: \ud83d", "b"], **place)
    assert rows_of(batch_ids()[0])[1] == (1, "Say this: half: \N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    "odd",
    [
        {"model_id": "half: \ud83d", "request_id": "\udc00", "finish_reason": "\ud83d"},
        {"input_tokens": 1 << 70, "output_tokens": 10**30},
    ],
)
def test_whatever_the_service_says_of_an_answer_it_is_kept(data_folder, odd):
    told = queue.SimpleQueue()
    with contextlib.closing(open_journal()) as journal:
        journal.finish(b"a", "one", AnswerRecord(text="x", **odd), told.put)
        assert told.get(timeout=5) is None
        (kept,) = journal.answers("one")
    assert (kept.text, kept.tokens) == ("x", 0)


def test_a_value_that_no_file_takes_is_told_to_its_row_and_to_no_other(data_folder):
    told = queue.SimpleQueue()
    with contextlib.closing(open_journal()) as journal:
        # the first commit takes a while: what follows is one group
        journal._disk_lock.acquire()
        for at, name in enumerate(("first", "good", "bad", "also good")):
            position = 1 << 70 if name == "bad" else at
            journal.finish(
                name.encode(), "one", AnswerRecord(text=name, position=position),
                lambda error, name=name: told.put((name, error)),
            )  # fmt: skip
        time.sleep(0.05)
        journal._disk_lock.release()
        ends = dict(told.get(timeout=5) for _ in range(4))
        assert {name for name, error in ends.items() if error is None} == {
            "first", "good", "also good"
        }  # fmt: skip
        assert isinstance(ends["bad"], JournalError)
        assert [one.text for one in journal.answers("one")] == ["first", "good", "also good"]


def test_a_prompt_with_half_of_a_character_is_kept_like_any_other(session, sandbox):
    said = [wx.ask("half: \ud83d", cache=True).text for _ in range(2)]
    assert said[0] == said[1]
    assert sandbox.counts["chat"] == 1
