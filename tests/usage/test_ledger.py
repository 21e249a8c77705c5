"""The tokens of a day, kept for all kernels of a user: exact, bounded, and never in the way."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections import deque

import pytest
from support.cases import all_cases

from wx_notebook.usage.ledger import KEPT_DAYS, Ledger, LedgerEntry, TokenCounts

TODAY = dt.date(2026, 6, 15)
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "wx_notebook" / "usage"


def ledger(folder, host="here"):
    return Ledger(lambda: folder, host=host)


def files(folder):
    return sorted(folder.iterdir())


def test_what_one_kernel_writes_another_one_reads(folder):
    here, there = ledger(folder), ledger(folder)
    here.add(TODAY, "a/b", TokenCounts(1, 10, 5))
    assert there.by_model(TODAY) == {"a/b": TokenCounts(1, 10, 5)}
    here.add(TODAY, "a/b", TokenCounts(1, 1, 2, estimated=1))
    here.add(TODAY, "c/d", TokenCounts(1, 7, 0))
    found = {"a/b": TokenCounts(2, 11, 7, estimated=1), "c/d": TokenCounts(1, 7, 0)}
    assert there.by_model(TODAY) == here.by_model(TODAY) == found


def test_each_day_begins_at_nothing_and_the_days_before_are_remembered(folder):
    book = ledger(folder)
    book.add(YESTERDAY, "a/b", TokenCounts(1, 10, 5))
    assert book.by_model(TODAY) == {}
    book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    assert book.days(3, TODAY) == [0, 15, 2]


def test_two_machines_that_share_a_home_write_two_files(folder):
    for host in ("one", "two"):
        ledger(folder, host).add(TODAY, "a/b", TokenCounts(1, 10, 5))
    assert len(files(folder)) == 2
    assert ledger(folder).by_model(TODAY) == {"a/b": TokenCounts(2, 20, 10)}
    assert not any("one" in path.name or "two" in path.name for path in files(folder))


def test_a_line_holds_a_model_and_numbers_and_the_file_is_the_users_alone(folder):
    umask = os.umask(0)
    try:
        ledger(folder).add(TODAY, "a/b", TokenCounts(1, 10, 5, estimated=1))
        # the first file of a folder and the next one come into being in two ways
        ledger(folder).add(YESTERDAY, "a/b", TokenCounts(1, 10, 5))
    finally:
        os.umask(umask)
    before, path = files(folder)
    assert stat.S_IMODE(before.stat().st_mode) == 0o600
    assert path.name.startswith("2026-06-15-")
    assert json.loads(path.read_text()) == {"model_id": "a/b", "in": 10, "out": 5, "estimated": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_days_of_long_ago_are_removed_and_files_of_others_are_not(folder):
    book = ledger(folder)
    old = TODAY - dt.timedelta(days=KEPT_DAYS + 1)
    kept = TODAY - dt.timedelta(days=KEPT_DAYS)
    for day in (old, kept):
        book.add(day, "a/b", TokenCounts(1, 1, 1))
    (folder / "2020-01-01-notes.txt").write_text("mine")
    ledger(folder).add(TODAY, "a/b", TokenCounts(1, 1, 1))
    names = [path.name[:10] for path in files(folder)]
    assert names == ["2020-01-01", kept.isoformat(), TODAY.isoformat()]


@all_cases(
    "junk",
    [b"", b"\n\n", b"{", b"null\n", b"[1]\n", b'{"model_id": 7, "in": 1}\n', b"\xff\xfe\n",
     b'{"model_id": "a/b", "in": "7", "out": -3}\n', b'{"model_id": "a/b", "in": 1e400}\n',
     b'{"model_id": "a/b", "in": ' + b"9" * 5_000 + b"}\n", b"[" * 50_000 + b"\n", b"x" * 200_000],
    ids=range(12),
)  # fmt: skip
def test_junk_in_a_file_costs_itself_and_no_line_behind_it(tmp_path, junk):
    folder = tmp_path / "usage"
    book = ledger(folder)
    book.add(TODAY, "a/b", TokenCounts(1, 10, 5))
    (path,) = files(folder)
    with path.open("ab") as file:
        file.write(junk)
    book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    found = ledger(folder).by_model(TODAY)["a/b"]
    assert (found.input_tokens, found.output_tokens) == (11, 6)


def test_a_line_is_counted_from_its_end_on_wherever_a_reader_meets_it(folder):
    writer = ledger(folder)
    writer.add(TODAY, "a/b", TokenCounts(1, 10, 5))
    (path,) = files(folder)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        reader = ledger(folder)
        assert reader.by_model(TODAY) == {}
        with path.open("ab") as file:
            file.write(whole[cut:])
        assert reader.by_model(TODAY) == {"a/b": TokenCounts(1, 10, 5)}


def test_a_file_that_was_emptied_or_replaced_is_read_anew(folder):
    book = ledger(folder)
    book.add(TODAY, "a/b", TokenCounts(1, 10, 5))
    assert book.by_model(TODAY)
    (path,) = files(folder)
    path.write_bytes(b"")
    assert book.by_model(TODAY) == {}
    path.unlink()
    book.add(TODAY, "a/b", TokenCounts(1, 2, 3))
    assert book.by_model(TODAY) == {"a/b": TokenCounts(1, 2, 3)}


def test_only_what_is_new_is_read_again(folder, monkeypatch):
    book = ledger(folder)
    for _ in range(500):
        book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    book.by_model(TODAY)
    read = []
    real = json.loads
    monkeypatch.setattr(json, "loads", lambda line: read.append(line) or real(line))
    book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    assert book.by_model(TODAY)["a/b"].prompts == 501
    assert len(read) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes and links as POSIX has them")
@pytest.mark.parametrize("lay", ["pipe", "link", "folder"])
def test_what_is_no_file_of_ours_is_neither_written_nor_waited_for(folder, tmp_path, lay):
    book = ledger(folder)
    book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    (path,) = files(folder)
    path.unlink()
    if lay == "pipe":
        os.mkfifo(path)
    elif lay == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    with pytest.raises(OSError):
        book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    assert ledger(folder).by_model(TODAY) == {}
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_that_takes_half_a_line_is_an_error_and_the_next_line_is_whole(folder, monkeypatch):
    book = ledger(folder)
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:20]))
    with pytest.raises(OSError):
        book.add(TODAY, "a/b", TokenCounts(1, 10, 5))
    monkeypatch.setattr(os, "write", real)
    book.add(TODAY, "a/b", TokenCounts(1, 1, 1))
    assert ledger(folder).by_model(TODAY) == {"a/b": TokenCounts(1, 1, 1)}


def test_of_many_lines_in_one_write_those_that_a_disk_took_are_written_once(folder, monkeypatch):
    book = ledger(folder)
    entries = deque(LedgerEntry(TODAY, "a/b", TokenCounts(1, 10, 5)) for _ in range(100))
    entries.append(LedgerEntry(YESTERDAY, "a/b", TokenCounts(1, 10, 5)))
    real = os.write
    writes = []

    def half_of_the_second(descriptor, data):
        writes.append(data)
        return real(descriptor, data[: len(data) // 2] if len(writes) == 2 else data)

    monkeypatch.setattr(os, "write", half_of_the_second)
    with pytest.raises(OSError):
        book.write(entries)
    assert 0 < len(entries) < 100
    book.write(entries)
    assert not entries
    assert ledger(folder).by_model(TODAY) == {"a/b": TokenCounts(100, 1000, 500)}
    assert ledger(folder).by_model(YESTERDAY) == {"a/b": TokenCounts(1, 10, 5)}
    assert len(writes) < 10


WRITER = """
import datetime as dt, os, sys
from pathlib import Path
from wx_notebook.usage.ledger import Ledger, TokenCounts
book = Ledger(lambda: Path(sys.argv[1]), host="here")
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    book.add(dt.date(2026, 6, 15), sys.argv[3], TokenCounts(1, 2, 3))
    os.write(1, b"+")
"""


def writer(folder, many, model_id):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(many), model_id], stdout=subprocess.PIPE
    )


def test_kernels_at_the_same_time_lose_no_line_of_each_other(folder):
    writers = [writer(folder, 400, f"a/{n}") for n in range(3)]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    for each in writers:
        each.stdout.close()
    assert ledger(folder).by_model(TODAY) == {
        f"a/{n}": TokenCounts(400, 800, 1200) for n in range(3)
    }
    assert len(files(folder)) == 1


def test_threads_of_one_kernel_lose_no_line_of_each_other(folder):
    book = ledger(folder)

    def write():
        for _ in range(100):
            book.add(TODAY, "a/b", TokenCounts(1, 2, 3))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert book.by_model(TODAY) == {"a/b": TokenCounts(400, 800, 1200)}


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kernel_that_is_killed_has_lost_nothing_that_it_had_acknowledged(folder):
    killed = writer(folder, 10**6, "a/b")
    assert killed.stdout.readline() == b"ready\n"
    acknowledged = len(killed.stdout.read(200))
    killed.send_signal(signal.SIGKILL)
    acknowledged += len(killed.stdout.read())
    killed.wait(10)
    killed.stdout.close()
    assert acknowledged >= 200
    # the one that was written when the kill came may not have been acknowledged any more
    assert ledger(folder).by_model(TODAY)["a/b"].prompts in (acknowledged, acknowledged + 1)


FULL = """
import datetime as dt, resource, sys
from pathlib import Path
from wx_notebook.usage.ledger import Ledger, TokenCounts
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
book, day, said = Ledger(lambda: Path(sys.argv[1]), host="here"), dt.date(2026, 6, 15), []
for _ in range(4):
    try:
        book.add(day, "a/b", TokenCounts(1, 2, 3))
    except OSError as problem:
        said.append(type(problem).__name__)
print(len(said), book.by_model(day)["a/b"].prompts)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit to the size of files")
def test_where_nothing_fits_any_more_that_is_an_error_and_what_was_written_counts(folder):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True, check=True
    )
    refused, written = map(int, done.stdout.split())
    assert (refused, written) == (2, 2)
