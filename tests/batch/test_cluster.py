"""Rows are filled in and sent on the workers of a cluster; the kernel writes them down."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import os
import pickle
import shutil
import signal
import threading
import time
from types import SimpleNamespace

import dask.dataframe as dd
import distributed
import pandas as pd
import pytest

import wx_notebook as wx
from wx_notebook.batch.cluster import senders
from wx_notebook.batch.cluster.exchange import RowExchange
from wx_notebook.batch.cluster.written_parts import WrittenParts
from wx_notebook.errors import BadOption, BatchStopped, Interrupted, ServiceDown
from wx_notebook.journal import open_journal
from wx_notebook.sandbox import Sandbox
from wx_notebook.service import Service
from wx_notebook.session import end_sessions

# the workers are processes, and starting them takes seconds
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

PROMPT = "Say this: {{ text }}"
FRAME = pd.DataFrame({"n": range(40), "text": [f"t{at}" for at in range(40)]})


@contextlib.contextmanager
def new_cluster():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture(scope="module")
def client():
    with new_cluster() as one:
        yield one


@pytest.fixture
def mortal():
    """A cluster whose workers a test kills: a busy machine may bring none in their place."""
    with new_cluster() as one:
        yield one


@pytest.fixture
def _not_from_here(session, monkeypatch):
    """The kernel itself sends no prompt: only the workers, which are other processes, do."""
    send = Service.send

    def refuse(self, request, **more):
        assert not request.paid, "a prompt was sent from the kernel"
        return send(self, request, **more)

    monkeypatch.setattr(Service, "send", refuse)


def for_workers(function):
    """Let Dask send a function as it does from a notebook: no worker can import this file."""
    function.__module__ = "__main__"
    return function


@for_workers
def with_process(part):
    return part.assign(pid=os.getpid())


@pytest.mark.usefixtures("_not_from_here")
def test_the_workers_read_fill_in_and_send_and_a_dask_dataframe_comes_back(client, prompts):
    table = dd.from_pandas(FRAME, npartitions=4).map_partitions(with_process)
    answered = wx.batch("{{ text }} of {{ pid }}", table, on=client)
    assert isinstance(answered, dd.DataFrame)
    assert answered.npartitions == 4
    computed = answered.compute()
    assert list(computed.n) == list(range(40))
    assert list(computed.error) == [None] * 40
    assert all(computed.answer.str.len() > 0)
    processes = {prompt.split(" of ")[1] for prompt in prompts()}
    assert processes == {str(pid) for pid in client.run(os.getpid).values()}
    assert len(prompts()) == 40


@pytest.mark.usefixtures("_not_from_here")
def test_a_sample_is_chosen_on_the_workers_and_is_that_of_a_run_without_them(client, prompts):
    table = dd.from_pandas(FRAME, npartitions=4)
    answered = wx.batch(PROMPT, table, sample=5, on=client)
    assert isinstance(answered, dd.DataFrame)
    chosen = answered.compute()
    assert len(prompts()) == len(chosen) == 5
    assert list(wx.batch(PROMPT, table, sample=5).compute().n) == list(chosen.n)
    assert len(prompts()) == 5, "the journal has them"


@pytest.mark.usefixtures("_not_from_here")
def test_any_other_table_comes_back_as_it_would_from_here(client, sandbox):
    address = client.scheduler.address
    answered = wx.batch(PROMPT, FRAME, on=address)
    assert isinstance(answered, pd.DataFrame)
    assert list(answered.n) == list(range(40))
    assert list(answered.error) == [None] * 40
    rows = wx.batch(PROMPT, iter(FRAME.to_dict("records")), on=address)
    assert [row["n"] for row in rows] == list(range(40))
    # these were in the journal
    assert [row["answer"] for row in rows] == list(answered.answer)
    assert sandbox.counts["chat"] == 40


def test_the_kernel_writes_the_journal_and_a_run_without_the_cluster_finds_it(
    client, session, sandbox
):
    seen = []
    wx.batch(PROMPT, dd.from_pandas(FRAME, npartitions=3), on=client, rows=30)
    with contextlib.closing(open_journal()) as journal:
        (batch,) = journal.batches()
        prompts = [one.prompt for one in journal.answers(batch.id)]
    assert (batch.state, batch.done, batch.open) == ("done", 30, 0)
    assert prompts == [f"Say this: t{at}" for at in range(30)]
    wx.batch(PROMPT, FRAME, on_progress=seen.append)
    assert seen[-1].counts.reused == 30
    assert sandbox.counts["chat"] == 40


def test_equal_rows_that_are_each_sent_are_found_again_without_the_cluster(
    client, session, sandbox
):
    wx.batch("Say: {{ value }}", ["same"] * 80, dedupe=False, on=client)
    seen = []
    wx.batch("Say: {{ value }}", ["same"] * 80, dedupe=False, on_progress=seen.append)
    assert (seen[-1].counts.reused, sandbox.counts["chat"]) == (80, 80)


def test_a_worker_that_is_killed_costs_only_what_was_under_way_there(mortal, slow):
    at_once, rows = 10, 200
    texts = [f"t{at}" for at in range(rows)]
    table = dd.from_pandas(pd.DataFrame({"text": texts}), npartitions=8)
    pid, _ = mortal.run(os.getpid).values()
    killed, seen = [], []

    def kill(progress):
        seen.append(progress)
        if progress.counts.done >= rows // 3 and not killed:
            killed.append(os.kill(pid, signal.SIGKILL))

    answered = wx.batch(PROMPT, table, on=mortal, concurrency=at_once, on_progress=kill)
    computed = answered.compute()
    assert killed
    assert list(computed.text) == texts
    assert list(computed.error) == [None] * rows
    assert set(computed.answer) == {"a b c d e"}
    sent = [c.body_json["messages"][-1]["content"] for c in slow.calls if c.kind == "chat"]
    assert len(set(sent)) == rows
    counts = seen[-1].counts
    assert counts.sent == rows + counts.repeated
    assert 0 < counts.repeated == counts.resent <= at_once
    assert len(sent) - rows <= counts.resent
    with contextlib.closing(open_journal()) as journal:
        (batch,) = journal.batches()
    assert (batch.state, batch.done, batch.open) == ("done", rows, 0)


@for_workers
def in_an_order_of_its_own(part):
    return part.assign(text=part.text.sample(frac=1, random_state=os.getpid()).to_list())


def test_a_partition_that_comes_back_with_other_rows_puts_no_answer_beside_another_row(
    mortal, sandbox
):
    table = dd.from_pandas(FRAME, npartitions=1).map_partitions(in_an_order_of_its_own)
    pids, killed = list(mortal.run(os.getpid).values()), []

    def kill(progress):
        if progress.counts.done >= 5 and not killed:
            killed.extend(os.kill(pid, signal.SIGKILL) for pid in pids)

    # its answers repeat their prompts
    with Sandbox(account=sandbox, requests_per_second=100_000, words_per_second=200) as service:
        wx.connect(**service.credentials())
        with pytest.raises(BatchStopped, match="came back with other rows"):
            wx.batch(PROMPT, table, on=mortal, concurrency=2, on_progress=kill)
    with contextlib.closing(open_journal()) as journal:
        (batch,) = journal.batches()
        kept = list(journal.answers(batch.id))
    assert len(kept) >= 5
    assert all(f"{one.prompt}”" in one.text for one in kept)


def test_a_partition_that_kills_its_workers_stops_the_run_and_keeps_what_was_done(
    mortal, slow, monkeypatch
):
    # Dask gives a task up when so many workers were lost with it
    monkeypatch.setattr(mortal.cluster.scheduler, "allowed_failures", 0)
    pids, killed = list(mortal.run(os.getpid).values()), []

    def kill(progress):
        if progress.counts.done >= 10 and not killed:
            killed.extend(os.kill(pid, signal.SIGKILL) for pid in pids)

    with pytest.raises(BatchStopped, match="KilledWorker") as caught:
        wx.batch(PROMPT, FRAME, on=mortal, concurrency=2, on_progress=kill)
    table = caught.value.table
    assert len(table) == 40
    assert sum(error is None for error in table.error) >= 10


def test_there_is_one_limiter_for_all_workers(client, session, sandbox):
    with Sandbox(account=sandbox, requests_per_second=20) as limited:
        wx.connect(api_key=limited.api_key, url=limited.url, project_id=limited.project_id)
        rows = [f"t{at}" for at in range(100)]
        began = time.monotonic()
        answered = wx.batch("{{ value }}", rows, on=client)
        took_s = time.monotonic() - began
        refused = sum(call.status == 429 for call in limited.calls if call.kind == "chat")
    assert [row["error"] for row in answered] == [None] * 100
    # with a limiter for each worker twice as many would go out, and half of them be refused
    assert took_s > 4
    assert refused < 25


def test_an_answer_that_does_not_fit_its_schema_is_repaired_on_the_worker(client, session, sandbox):
    sandbox.say("none", '{"score": 3}', *['{"score": 3}'] * 4)
    answered = wx.batch("{{ value }}", ["a", "b", "c"], schema="score: int", on=client)
    assert [row["score"] for row in answered] == [3, 3, 3]
    assert sandbox.counts["chat"] == 4


def test_a_row_that_holds_the_key_is_not_sent(client, session, sandbox, prompts):
    answered = wx.batch("{{ value }}", ["harmless", f"my key: {sandbox.api_key}"], on=client)
    assert "holds the key of this session" in answered[1]["error"]
    assert prompts() == ["harmless"]


def test_a_revoked_token_is_renewed_by_the_kernel_and_no_row_notices(client, slow, sandbox):
    revoked = []

    def revoke(progress):
        if progress.counts.done >= 10 and not revoked:
            revoked.append(sandbox.revoke_tokens())

    answered = wx.batch(PROMPT, FRAME, on=client, concurrency=5, on_progress=revoke)
    assert revoked
    assert list(answered.error) == [None] * 40


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_the_workers_write_the_folder_of_a_dask_dataframe(suffix, client, session, tmp_path):
    table = dd.from_pandas(FRAME, npartitions=3)
    path = wx.batch(PROMPT, table, on=client, rows=20, to=tmp_path / f"out.{suffix}")
    read = {
        "parquet": dd.read_parquet,
        "csv": lambda folder: dd.read_csv(folder / "*.csv"),
        "jsonl": lambda folder: dd.concat(
            [dd.from_pandas(pd.read_json(one, lines=True), npartitions=1)
             for one in sorted(folder.iterdir()) if one.stat().st_size]
        ),
    }  # fmt: skip
    written = read[suffix](path).compute()
    assert list(written.text) == [f"t{at}" for at in range(20)]
    assert all(written.answer.str.len() > 0)
    assert [one.name for one in tmp_path.glob("out*")] == [f"out.{suffix}"]
    with pytest.raises(BadOption, match="is there already"):
        wx.batch(PROMPT, table, on=client, to=path)


def test_each_partition_is_written_when_it_is_done_and_let_go(mortal, slow, tmp_path, monkeypatch):
    written, held = [], []
    put = WrittenParts.put

    def watched(self, place, cells):
        put(self, place, cells)
        held.append(len(self._cells) + len(self._data))

    monkeypatch.setattr(WrittenParts, "put", watched)
    frame = pd.DataFrame({"text": [f"t{at}" for at in range(120)]}).assign(score=None)
    # a worker is lost on the way: nothing is written twice, and nothing is missing
    pid, killed = next(iter(mortal.run(os.getpid).values())), []

    def look(progress):
        written.append(len(list(tmp_path.glob("out.part.parquet/part-*"))))
        if written[-1] >= 3 and not killed:
            killed.append(os.kill(pid, signal.SIGKILL))

    path = wx.batch(PROMPT, dd.from_pandas(frame, npartitions=30), on=mortal, concurrency=4,
                    to=tmp_path / "out.parquet", on_progress=look)  # fmt: skip
    assert killed
    assert len(set(written)) > 3, "it grows"
    # those that are sent, those that are filled in meanwhile, each with its answers and its data
    assert max(held) <= 16
    read = pd.read_parquet(path)
    assert list(read.text) == list(frame.text)
    assert set(read.answer) == {"a b c d e"}
    assert read.error.isna().all()


def test_all_parts_have_one_type_whatever_the_first_rows_are(client, session, sandbox, tmp_path):
    sandbox.say(*['{"score": 3, "tags": []}'] * 3, '{"score": 3.5, "tags": ["x", "y"]}')
    frame = pd.DataFrame({"text": list("abcd"), "seen": [None, None, None, "yes"]})
    table = dd.from_pandas(frame, npartitions=4)
    options = {"on": client, "schema": "score: float, tags[]", "concurrency": 1}
    path = wx.batch(PROMPT, table, to=tmp_path / "out.parquet", **options)
    read = pd.read_parquet(path)
    assert list(read.score) == [3.0, 3.0, 3.0, 3.5]
    assert list(read.seen) == [None, None, None, "yes"]
    path = wx.batch(PROMPT, table, to=tmp_path / "out.csv", **options)
    *_, last = sorted(path.iterdir())
    assert last.read_text() == 'text,seen,score,tags,error\nd,yes,3.5,"[""x"", ""y""]",\n'
    assert sandbox.counts["chat"] == 4


def test_a_folder_that_workers_cannot_write_stops_the_run_and_costs_nothing_twice(
    client, session, sandbox, tmp_path
):
    table = dd.from_pandas(FRAME, npartitions=4)

    def remove(progress):
        shutil.rmtree(tmp_path / "out.part.csv", ignore_errors=True)

    with pytest.raises(BatchStopped, match="A worker sees no folder"):
        wx.batch(PROMPT, table, on=client, to=tmp_path / "out.csv", on_progress=remove)
    path = wx.batch(PROMPT, table, on=client, to=tmp_path / "out.csv")
    assert len(dd.read_csv(path / "*.csv").compute()) == 40
    assert sandbox.counts["chat"] == 40


# --- secrets -------------------------------------------------------------------------------------


@for_workers
def what_the_scheduler_holds(dask_scheduler):
    """Its tasks with their arguments, its state as dashboards and dumps show it, and its logs."""
    tasks = dask_scheduler.tasks.values()
    specs = [pickle.dumps(task.run_spec) for task in tasks if task.run_spec is not None]
    shown = [
        *tasks, dask_scheduler.plugins, dask_scheduler.identity(n_workers=-1),
        dask_scheduler.get_events(), dask_scheduler.get_logs(),
        list(dask_scheduler.transition_log), dask_scheduler.task_metadata,
        dask_scheduler.get_task_stream(), [task.run_spec for task in tasks],
        [vars(run) for run in dask_scheduler.plugins["wx-notebook-rows"]._runs.values()],
    ]  # fmt: skip
    return b"\n".join(specs).decode("latin-1") + repr(shown)


@for_workers
def texts_of(length):
    """Return the hashes of all texts of so many characters in this process."""
    found = set()
    for one in gc.get_objects():
        for text in gc.get_referents(one):
            if isinstance(text, str) and len(text) == length:
                found.add(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
    return found


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_workers_get_tokens_and_never_the_key_and_the_scheduler_holds_neither(client, slow):
    key, held, on_workers = slow.api_key, [], []

    def look(progress):
        held.append(client.run_on_scheduler(what_the_scheduler_holds))
        if progress.counts.done > 5 and not on_workers:
            token = wx.session().state.token.value.reveal()
            on_workers.extend(client.run(texts_of, len(token)).values())
            assert any(digest(token) in found for found in on_workers), "workers have the token"
            for found in client.run(texts_of, len(key)).values():
                assert digest(key) not in found

    wx.batch(PROMPT, dd.from_pandas(FRAME, npartitions=2), on=client, concurrency=2,
             on_progress=look)  # fmt: skip
    assert on_workers
    held.append(client.run_on_scheduler(what_the_scheduler_holds))
    logs = repr([client.get_worker_logs(), client.get_scheduler_logs(), client.get_events()])
    token = wx.session().state.token.value.reveal()
    assert any("Say this: {{ text }}" in text for text in held), "the arguments of tasks are there"
    assert len(held) > 3
    for text in [*held, logs]:
        assert key not in text
        assert token not in text


@pytest.mark.parametrize(
    ("on", "says"),
    [
        ("tcp://10.1.2.3:8786", "tcp:// is not encrypted"),
        ("tcp://scheduler.example.com:8786", "tcp:// is not encrypted"),
        ("udp://127.0.0.1:8786", "takes a place: service, the address"),
    ],
)
def test_an_address_that_others_could_listen_to_is_refused_before_anything_is_sent(
    on, says, session, sandbox
):
    with pytest.raises(BadOption, match=says) as caught:
        wx.batch(PROMPT, FRAME, on=on)
    assert "--on tls://" in caught.value.hint
    assert sandbox.counts["chat"] == 0


def test_a_worker_at_an_address_that_others_could_listen_to_gets_no_token():
    def ask(peer_address):
        exchange = RowExchange()

        async def asked():
            await exchange.start(SimpleNamespace(handlers={}, workers={}))
            await exchange.begin("run", "client", 5, "limit", None)
            comm = SimpleNamespace(peer_address=peer_address)
            asking = asyncio.create_task(exchange.ask(comm, "run", "token", ""))
            await asyncio.sleep(0)
            told = (await exchange.events("run", 0.05))["told"]
            await exchange.stop("run")
            return told, await asking

        return asyncio.run(asked())

    assert ask("tcp://10.1.2.3:40000") == ([], None)
    for private in ("tcp://127.0.0.1:40000", "tls://10.1.2.3:40000", "tcp://[::1]:40000"):
        told, _ = ask(private)
        assert told == [("ask", 0, "token", "")]


def test_a_cluster_with_tls_gets_tokens_at_any_address(session, sandbox):
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, security=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as its_client,
    ):
        assert its_client.scheduler.address.startswith("tls://")
        answered = wx.batch("{{ value }}", ["a", "b"], on=its_client)
    assert [row["error"] for row in answered] == [None, None]
    assert sandbox.counts["chat"] == 2


def test_a_cluster_that_does_not_answer_or_has_no_workers_is_told(session, sandbox, monkeypatch):
    from wx_notebook.batch.cluster import address

    monkeypatch.setattr(address, "_CONNECT_S", 1)
    with pytest.raises(ServiceDown, match=r"No scheduler answers at tcp://127\.0\.0\.1:9"):
        wx.batch(PROMPT, FRAME, on="tcp://127.0.0.1:9")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        distributed.Client(empty, set_as_default=False) as its_client,
        pytest.raises(BadOption, match="has no workers"),
    ):
        wx.batch(PROMPT, FRAME, on=its_client)
    assert sandbox.counts["chat"] == 0


def test_what_cannot_be_sent_to_a_worker_is_told_before_anything_is_sent(client, session, sandbox):
    lock = threading.Lock()
    with pytest.raises(BadOption, match="The variable 'lock' cannot be sent to the workers"):
        wx.batch("{{ text }} {{ lock }}", FRAME, names={"lock": lock}, on=client)
    with pytest.raises(BadOption, match="holds the key of this session"):
        wx.batch("{{ text }} {{ mine }}", FRAME, names={"mine": sandbox.api_key}, on=client)
    with pytest.raises(BadOption, match="holds the key of this session"):
        wx.batch(PROMPT, FRAME, system=f"key {sandbox.api_key}", on=client)
    assert sandbox.counts["chat"] == 0


# --- ends ----------------------------------------------------------------------------------------


def test_an_interrupt_keeps_what_is_done_and_ends_what_is_under_way(client, slow):
    def press_stop(progress):
        if progress.counts.done >= 10:
            signal.raise_signal(signal.SIGINT)

    rows = [f"t{at}" for at in range(300)]
    with pytest.raises(Interrupted, match="Stopped") as caught:
        wx.batch("{{ value }}", rows, on=client, concurrency=4, on_progress=press_stop)
    table = caught.value.table
    assert [row["value"] for row in table] == rows
    assert sum(row["error"] is None for row in table) >= 10
    assert table[-1]["error"] == "not sent: the run was stopped before this row"
    sent = slow.counts["chat"]
    time.sleep(0.5)
    assert slow.counts["chat"] == sent
    # the rest, and nothing twice but what was under way
    again = wx.batch("{{ value }}", rows, on=client)
    assert [row["error"] for row in again] == [None] * 300
    assert slow.counts["chat"] <= 300 + 4


def test_a_run_that_is_stopped_leaves_the_folder_of_the_workers_free(client, slow, tmp_path):
    def press_stop(progress):
        if progress.counts.done >= 5:
            raise KeyboardInterrupt

    table, folder = dd.from_pandas(FRAME, npartitions=2), tmp_path / "out.csv"
    with pytest.raises(Interrupted, match=r"The rows so far are in .*out\.part\.csv\.") as caught:
        wx.batch(PROMPT, table, on=client, concurrency=2, to=folder, on_progress=press_stop)
    assert caught.value.table == tmp_path / "out.part.csv"
    so_far = dd.read_csv(caught.value.table / "*.csv").compute()
    assert so_far.answer.notna().sum() >= 5
    assert wx.batch(PROMPT, table, on=client, to=folder) == folder
    assert not caught.value.table.exists()
    assert len(dd.read_csv(folder / "*.csv").compute()) == 40


def test_a_dead_key_stops_the_whole(client, slow, sandbox):
    def kill(progress):
        if progress.counts.done >= 10:
            sandbox.disable_key()
            sandbox.revoke_tokens()

    table = dd.from_pandas(FRAME, npartitions=4)
    with pytest.raises(BatchStopped, match="KeyRefused") as caught:
        wx.batch(PROMPT, table, on=client, concurrency=2, on_progress=kill)
    done = caught.value.table.compute()
    assert sum(error is None for error in done.error) >= 10


def test_a_log_out_stops_the_whole(client, slow):
    with pytest.raises(BatchStopped, match="NotConnected") as caught:
        wx.batch(PROMPT, FRAME, on=client, concurrency=2,
                 on_progress=lambda now: now.counts.done > 5 and end_sessions())  # fmt: skip
    assert len(caught.value.table) == 40


def test_a_partition_that_cannot_be_read_stops_the_run_and_keeps_what_was_done(
    client, session, sandbox
):
    key = sandbox.api_key

    def read(part):
        if part.n.max() > 30:
            raise OSError(f"the disk is gone: https://{key}@storage.example")
        return part

    table = dd.from_pandas(FRAME, npartitions=4).map_partitions(read, meta=FRAME.iloc[:0])
    with pytest.raises(BatchStopped, match=r"Partition 3 .* the disk is gone") as caught:
        wx.batch(PROMPT, table, on=client)
    assert key not in str(caught.value)
    assert list(caught.value.table.compute().n) == list(range(30))


def test_a_scheduler_that_goes_away_stops_the_run_and_keeps_what_was_done(slow):
    with new_cluster() as client:
        gone = []

        def close(progress):
            if progress.counts.done >= 10 and not gone:
                gone.append(client.cluster.close(timeout=10))

        with pytest.raises(BatchStopped, match=r"scheduler .* cannot be reached") as caught:
            wx.batch(PROMPT, FRAME, on=client, concurrency=2, on_progress=close)
    table = caught.value.table
    assert len(table) == 40
    assert sum(error is None for error in table.error) >= 10


# --- in cells ------------------------------------------------------------------------------------


def test_a_run_whose_workers_have_all_ended_stops_and_keeps_what_was_done(slow, monkeypatch):
    monkeypatch.setattr(senders, "_NO_WORKER_S", 1.0)

    def end_workers(progress):
        if progress.counts.done >= 4 and not ended:
            ended.append(True)
            client.cluster.scale(0)

    ended = []
    with new_cluster() as client, pytest.raises(BatchStopped, match=r"workers .* ended") as caught:
        wx.batch(PROMPT, FRAME, on=client, concurrency=2, on_progress=end_workers)
    answered = caught.value.table.error.isna()
    assert 4 <= answered.sum() < 40


def test_a_cell_names_a_client_or_an_address(client, connected, sandbox):
    address = client.scheduler.address
    connected.run(
        "import distributed, dask.dataframe as dd, pandas as pd\n"
        f"client = distributed.Client('{address}')\n"
        "few = dd.from_pandas(pd.DataFrame({'text': ['a', 'b', 'c']}), npartitions=2)\n"
        "rows = [{'text': 'd'}, {'text': 'e'}]"
    ).ok()
    connected.run("%%watsonx --each few --on client --output out\nSay {{ text }}").ok()
    assert connected.value("list(out.compute().error)") == [None] * 3
    cell = f"%%watsonx --each rows --on {address} --output out\nSay {{{{ text }}}}"
    connected.run(cell).ok()
    assert connected.value("[row['error'] for row in out]") == [None, None]
    assert sandbox.counts["chat"] == 5
    shown = connected.run("%%watsonx --each few --on client --show\nSay {{ text }}").ok().plain
    assert f"sent by the workers of {address}" in shown
    ran = connected.run("%%watsonx --each few --on clinet\nSay {{ text }}")
    message, hint = ran.error
    assert "'clinet' is no variable of this notebook. Did you mean 'client'?" in message
    assert hint == "Clients here: client."
    ran = connected.run("%%watsonx --each few --on few\nSay {{ text }}")
    assert ran.error[0] == "BadOption: --on takes a place, and 'few' is no distributed.Client."
