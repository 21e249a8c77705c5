"""A session in threads, in asyncio, in a forked child, in a spawned process, on another machine."""

from __future__ import annotations

import asyncio
import copy
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from session.processes import tell, used

import wx_notebook as wx
from wx_notebook.errors import HostRefused, NotConnected
from wx_notebook.sandbox import Sandbox
from wx_notebook.session.status import details

MODEL = "ibm/granite-4-h-small"


@pytest.fixture
def around(sandbox, monkeypatch):
    """The credential in the environment, as it would be on another machine."""
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    # a spawned process imports this folder's modules
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


@pytest.mark.slow
def test_64_threads_at_a_due_token_make_one_exchange_and_64_answers(sandbox, session):
    session.projects()
    sandbox.revoke_tokens()
    answers, everybody = [], threading.Barrier(64)

    def one():
        everybody.wait(30)
        answers.append(session.chat("hello", model=MODEL).text)

    threads = [threading.Thread(target=one) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 64
    assert sandbox.counts["token"] == 2, "the first one, and one for all of them"


@pytest.mark.slow
def test_tasks_of_asyncio_share_it_by_threads(sandbox, session):
    async def many():
        return await asyncio.gather(
            *(asyncio.to_thread(session.chat, "hello", model=MODEL) for _ in range(12))
        )

    assert len({answer.request_id for answer in asyncio.run(many())}) == 12
    assert sandbox.counts["token"] == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_goes_on_with_the_token_by_itself(sandbox, session):
    session.projects()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with warnings.catch_warnings():
        # Python 3.12 warns that a process with threads is forked; that it works is the point here
        warnings.simplefilter("ignore", DeprecationWarning)
        child = context.Process(target=tell, args=[session, queue])
        child.start()
    kind, text, process = queue.get(timeout=60)
    child.join(30)
    assert (kind, bool(text)) == ("text", True)
    assert process != os.getpid()
    assert sandbox.counts["token"] == 1
    assert session.chat("hello", model=MODEL).text, "and the parent's connections are its own"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_was_forked_while_a_thread_asked_for_a_token_is_not_locked_out():
    with Sandbox() as sandbox:
        sandbox.fault("slow-iam", on="token", seconds=1.0)
        session = wx.connect(
            api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id
        )
        asking = threading.Thread(target=session.projects)
        asking.start()
        sandbox.wait_for(lambda call: call.kind == "token")
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = context.Process(target=tell, args=[session, queue])
            child.start()
        assert queue.get(timeout=60)[0] == "text"
        child.join(30)
        asking.join(30)


def test_what_is_pickled_holds_no_secret(sandbox, session):
    session.projects()
    token = session.state.token_source.current().value.reveal()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(session, protocol)
        for secret in (sandbox.api_key, token, *token.split(".")):
            assert secret.encode() not in data


def test_a_session_that_arrives_finds_its_credential_there(sandbox, session, around):
    session.state = session.state.with_params(model=MODEL)
    there = pickle.loads(pickle.dumps(session))
    assert there is not session
    assert there.source == "environment (WATSONX_API_KEY)"
    assert (there.endpoints, there.scope, there.state.params.model) == (
        session.endpoints, session.scope, MODEL,
    )  # fmt: skip
    assert there.chat("hello").text


@pytest.mark.slow
def test_in_a_spawned_process_as_well(sandbox, session, around):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(used, [session] * 3))
    assert {kind for kind, _, _ in results} == {"text"}
    assert os.getpid() not in {process for _, _, process in results}


def test_where_there_is_none_its_first_use_says_so(sandbox, session):
    there = pickle.loads(pickle.dumps(session))
    with pytest.raises(NotConnected, match="without its credential") as caught:
        there.chat("hello", model=MODEL)
    assert "WATSONX_API_KEY" in caught.value.hint
    assert sandbox.calls == []
    assert repr(there).endswith("no credential for it here>")
    assert "no credential for it was found here" in there.status_line()


def test_where_another_credential_is_that_is_told_in_plain_words(session, monkeypatch):
    monkeypatch.setenv("WATSONX_API_KEY", "k9" * 22)
    monkeypatch.setenv("WATSONX_REGION", "eu-de")
    there = pickle.loads(pickle.dumps(session))
    told = "the credential found here (environment (WATSONX_API_KEY)) belongs to eu-de"
    assert told in "\n".join(details(there.state))
    assert "none was found here that fits it" in "\n".join(details(there.state))
    assert there.status_line().startswith("not connected to project")
    assert "nowhere" not in repr(there) + there.status_line()
    with pytest.raises(NotConnected, match=r"belongs to eu-de, the session to http://127"):
        there.chat("hello", model=MODEL)


@pytest.mark.slow
def test_a_worker_that_has_no_credential_is_not_lost(session, monkeypatch):
    """An error while its task is unpacked would end it, and the pool would wait for ever."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        kind, words, _ = pool.submit(used, session).result(timeout=60)
    assert kind == "NotConnected"
    assert "none was found" in words


def test_a_cluster_s_session_finds_only_that_cluster_s_credential(monkeypatch):
    session = wx.connect(
        api_key="k9" * 22, username="jane", kind="software", url="https://cpd.example.com",
        project_id="12345678-1234-4123-8123-123456789abc",
    )  # fmt: skip
    data = pickle.dumps(session)
    for name, value in {
        "WATSONX_API_KEY": "w9" * 22, "WATSONX_USERNAME": "joe", "WATSONX_AI_AUTH_TYPE": "cp4d",
        "WATSONX_URL": "https://evil.example.com",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    there = pickle.loads(data)
    with pytest.raises(NotConnected, match=r"belongs to evil\.example\.com"):
        there.projects()
    monkeypatch.setenv("WATSONX_URL", "https://cpd.example.com")
    assert pickle.loads(data).endpoints.url == "https://cpd.example.com"


def test_a_pickle_opens_no_host_of_somebodys_own(session, around):
    """Whoever can write the file could write the address."""
    _, (luggage,) = session.__reduce_ex__(4)
    changed = luggage | {"url": "https://evil.example.com", "kind": "software"}
    with pytest.raises((NotConnected, HostRefused)):
        session.__reduce_ex__(4)[0](changed).projects()
    changed = luggage | {"url": "https://evil.example.com"}
    with pytest.raises((NotConnected, HostRefused)):
        session.__reduce_ex__(4)[0](changed).projects()


def test_a_sandboxs_session_takes_no_real_key_to_this_machine(session, monkeypatch):
    """On a machine that others use, that port can be anybody's."""
    data = pickle.dumps(session)
    monkeypatch.setenv("WATSONX_API_KEY", "r9" * 22)
    monkeypatch.setenv("WATSONX_REGION", "eu-de")
    with pytest.raises(NotConnected, match="belongs to eu-de"):
        pickle.loads(data).projects()


def test_a_session_with_a_profile_takes_what_is_there_where_the_profile_is_not(session, around):
    session.state = session.state.with_params(profile="work")
    assert pickle.loads(pickle.dumps(session)).source == "environment (WATSONX_API_KEY)"


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_session_is_not_copied(session, way):
    with pytest.raises(TypeError, match="cannot be copied"):
        way(session)


def test_what_travels_is_readable(session):
    _, (luggage,) = session.__reduce_ex__(4)
    assert json.loads(json.dumps(luggage))["url"] == session.endpoints.url


@pytest.mark.slow
def test_a_program_that_ends_does_not_wait_for_the_renewal(sandbox):
    code = (
        "import wx_notebook as wx, os\n"
        f"s = wx.connect(url={sandbox.url!r}, project_id={sandbox.project_id!r})\n"
        "s.projects(); print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env=os.environ | {"WATSONX_API_KEY": sandbox.api_key}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
