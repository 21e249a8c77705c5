"""The printed programs for other people's libraries, run with those libraries."""

from __future__ import annotations

import json

import pytest
from interop import program_runs

import wx_notebook as wx
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow

NEEDS = {"sdk": "ibm_watsonx_ai", "langchain": "langchain_ibm", "openai": "openai"}


@pytest.fixture(scope="module")
def sandbox():
    pytest.importorskip("trustme")
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture
def session(sandbox):
    return wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
        ca_bundle=str(sandbox.ca_file),
    )  # fmt: skip


def send(session, text, options, *, stream):
    if stream:
        return session.stream(text, **options).answer
    return session.chat(text, **options)


def as_the_gateway_has_it(body):
    """The same prompt in OpenAI's words: the project goes into a header."""
    body = dict(body)
    body["model"] = body.pop("model_id")
    del body["project_id"]
    return body


def check(target, session, sandbox, folder, *, stream):
    cell = json.loads(program_runs.last_prompt(sandbox).body)
    path = program_runs.last_prompt(sandbox).path
    sandbox.say("Vier Watt.")
    told = program_runs.run(program_runs.printed_for(session, target), target, sandbox, folder)
    assert told.printed == "Vier Watt.\n"
    if target == "openai":
        assert told.body.pop("stream", False) == stream
        assert told.body == as_the_gateway_has_it(cell)
        assert told.headers["x-ibm-project-id"] == cell["project_id"]
    else:
        assert told.body == cell
        assert told.path == path


@pytest.mark.parametrize("stream", [True, False], ids=["streaming", "whole"])
@pytest.mark.parametrize("options", program_runs.OPTIONS.values(), ids=program_runs.OPTIONS)
@pytest.mark.parametrize("target", NEEDS)
def test_a_program_sends_what_the_cell_sent_and_prints_the_answer(
    target, options, stream, session, sandbox, tmp_path
):
    pytest.importorskip(NEEDS[target])
    if target == "openai" and "generate" in options:
        pytest.skip("the gateway has chats only, and says so")
    send(session, program_runs.PROMPTS["quotes"], options, stream=stream)
    check(target, session, sandbox, tmp_path, stream=stream)


@pytest.mark.parametrize("target", NEEDS)
def test_whatever_the_prompt_holds_arrives_byte_for_byte(target, session, sandbox, tmp_path):
    pytest.importorskip(NEEDS[target])
    # all in one: each run of the SDK takes seconds
    everything = "\n".join(program_runs.PROMPTS.values())
    session.stream(everything, system=everything).answer  # noqa: B018  # waits for its end
    check(target, session, sandbox, tmp_path, stream=True)


@pytest.mark.parametrize("target", ["sdk", "langchain"])
def test_nor_does_the_sdk_fill_anything_into_a_generation(target, session, sandbox, tmp_path):
    pytest.importorskip(NEEDS[target])
    session.stream("{x} {{x}} {} %s", generate=True).answer  # noqa: B018
    check(target, session, sandbox, tmp_path, stream=True)


@pytest.mark.parametrize("target", NEEDS)
def test_several_messages_arrive_as_they_were(target, session, sandbox, tmp_path):
    pytest.importorskip(NEEDS[target])
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is a watt?"},
        {"role": "assistant", "content": "A joule a second."},
        {"role": "user", "content": "And two?"},
    ]
    session.chat(messages)
    check(target, session, sandbox, tmp_path, stream=False)


@pytest.mark.parametrize("way", ["api_key", "password"])
@pytest.mark.parametrize("target", NEEDS)
def test_at_a_cluster_a_program_signs_in_as_the_session_did(target, way, tmp_path):
    pytest.importorskip(NEEDS[target])
    with Sandbox(tls=True, kind="software") as cluster:
        secret = {"api_key": cluster.api_key, "password": cluster.password}[way]
        held = wx.connect(
            **{way: secret}, username=cluster.username, kind="software", url=cluster.url,
            project_id=cluster.project_id, ca_bundle=str(cluster.ca_file),
        )  # fmt: skip
        held.chat("What is a watt?")
        text = program_runs.printed_for(held, target)
        more = {"WATSONX_USERNAME": cluster.username, "WATSONX_PASSWORD": cluster.password}
        told = program_runs.run(text, target, cluster, tmp_path, **more)
        assert told.body["messages"] == [{"role": "user", "content": "What is a watt?"}]
        assert secret not in text
