"""A recording is meant for a repository: no secret and no ID of an account is in it."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from transport.servers import CHAT, PROJECT, http

import wx_notebook as wx
from wx_notebook.errors import WatsonxError
from wx_notebook.sandbox import Sandbox
from wx_notebook.service.batches import list_batches

from .leaks import KEY, KINDS, SECRETS, TOKEN, answers, found, session_of


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("WX_NOTEBOOK_RECORD", str(tmp_path / "answers.jsonl"))
    return tmp_path / "answers.jsonl"


@pytest.mark.parametrize("kind", ["cloud", "software"])
def test_keys_tokens_accounts_projects_and_traces_are_not_in_it(kind, file):
    with Sandbox(kind=kind) as sandbox:
        given = {"api_key": sandbox.api_key, "url": sandbox.url, "project_id": sandbox.project_id}
        if kind == "software":
            given |= {"username": sandbox.username, "kind": kind}
        session = wx.connect(**given)
        session.verify()
        session.models()
        session.projects()
        session.spaces()
        # a model that repeats what it must not, in pieces, and a service that names it in an error
        sandbox.say_pieces([f"It is {sandbox.project_id[:9]}", f"{sandbox.project_id[9:]}."])
        assert sandbox.project_id in "".join(wx.stream("Which project is this?"))
        wx.batch("Say {{ value }}", ["one", "two"])
        with pytest.raises(WatsonxError):
            session.with_params(session.state.params).chat("hello", model="none/none")
        secrets = [sandbox.api_key, sandbox.password, sandbox.storage_secret]
        secrets += [*sandbox.account.tokens._lifetimes]
        ids = [sandbox.project_id, sandbox.bare_project_id, sandbox.space_id, sandbox.account.id]
        ids += [
            sandbox.url.partition("://")[2],
            sandbox.username,
            "IBMid-SANDBOX",
            "sandbox.user@example.com",
        ]
    text = file.read_text()
    assert text.count("\n") > 6
    assert found(text, *secrets) == []
    assert [one for one in ids if one in text] == []
    assert not re.search(r'"trace"|crn:v1|account_id|Authorization|"creator', text)
    # the IDs that are left are ours
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) <= {
        f"00000000-0000-4000-8000-{number:012d}" for number in range(1, 9)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_signs_in_stays_out_of_it_also_where_the_service_repeats_it(kind, serve, file):
    server = serve()
    echo = json.loads(json.dumps(CHAT)) | {"trace": str(uuid.uuid4())}
    echo["choices"][0]["message"]["content"] = " ".join(SECRETS)
    answers(server, kind, http(200, echo))
    session = session_of(kind, server.url)
    session.chat("hello", model="ibm/granite-4-h-small")
    server.on("", http(400, {"errors": [{"code": "x", "message": f"{PROJECT} {SECRETS[2]}"}]}))
    with pytest.raises(WatsonxError):
        session.chat("again", model="ibm/granite-4-h-small")
    text = file.read_text()
    assert text.count("\n") == 3
    # of a password only who signed in with it can tell that it is one
    assert found(text, KINDS[kind].holds, KEY, TOKEN) == []
    assert PROJECT not in text


def test_a_key_that_the_user_typed_into_a_prompt_stays_out_of_it_too(session, file):
    session.chat(f"My other key is {KEY}, is that safe?")
    assert found(file.read_text(), KEY) == []
    assert "My other key is <secret>" in file.read_text()


def test_no_secret_and_no_id_of_a_file_or_a_batch_job_is_in_it(file):
    with Sandbox(batch_seconds=0) as sandbox:
        session = wx.connect(**sandbox.credentials())
        # a model that repeats what it must not, and a prompt with another key
        sandbox.say(f"It is {sandbox.project_id} {sandbox.api_key}", "fine")
        wx.batch("Say {{ value }}", ["one", f"my key {KEY}"], on="service")
        (job,), _ = list_batches(session.state.service, session.scope)
        secrets = [sandbox.api_key, KEY, *sandbox.account.tokens._lifetimes]
        ids = [sandbox.project_id, job.id, job.output_file, *job.metadata.values()]
        ids += sandbox.answered_lines
        paths = [call.path for call in sandbox.calls if "/ml/v1/files/" in call.path]
    text = file.read_text()
    assert "my key <secret>" in text
    assert '"/ml/v1/batches"' in text
    assert found(text, *secrets) == []
    assert [one for one in [*ids, *(path.split("/")[4] for path in paths)] if one in text] == []
    assert not re.search(r"wx-notebook-[0-9a-f]|request_id|processed_at|Bearer", text)
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", text)) <= {
        f"00000000-0000-4000-8000-{number:012d}" for number in range(1, 9)
    }
