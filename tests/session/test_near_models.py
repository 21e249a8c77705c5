"""A model's name that is none: near ones among those that are current and can do the job."""

from __future__ import annotations

import datetime as dt

import pytest
from support.cases import all_cases
from transport.servers import caught, connect, http, serve  # noqa: F401  # a fixture

import wx_notebook as wx
from wx_notebook.errors import ModelError
from wx_notebook.sandbox.inference.models import LOCAL_MODELS
from wx_notebook.service.models import Model, Stage
from wx_notebook.session.near_models import suggest_models

TODAY = dt.date(2026, 11, 30)
#: The sandbox's own catalogue, as the client reads it.
MODELS = [
    Model(one.model_id, one.model_id, one.functions, 0, one.stage("2026-11-30"), about=one.about)
    for one in LOCAL_MODELS.models()
]


def near(typed, models=MODELS, aliases=(), **more):
    return suggest_models(typed, models, dict(aliases), TODAY, **more).strip()


def model(model_id, *functions, stage="available", **more):
    return Model(model_id, model_id, functions or ("text_chat",), 0, stage, **more)


@all_cases(
    ("typed", "suggested"),
    [
        ("llama 70b", "Did you mean 'meta-llama/llama-3-3-70b-instruct'?"),
        ("LLAMA", ("Did you mean 'meta-llama/llama-3-3-70b-instruct' or "
         "'meta-llama/llama-4-maverick-17b-128e-instruct-fp8'?")),
        ("granite", ("Did you mean 'ibm/granite-4-h-small', 'ibm/granite-3-3-8b-instruct' or "
         "'ibm/granite-3-8b-instruct'?")),
        ("granite-4", "Did you mean 'ibm/granite-4-h-small'?"),
        ("ibm/granite-4-h-smal", "Did you mean 'ibm/granite-4-h-small'?"),
        ("granit-4-h-small", "Did you mean 'ibm/granite-4-h-small'?"),
        ("ibm/granite-4-small", "Did you mean 'ibm/granite-4-h-small'?"),
        ("mistral-large", ("Did you mean 'mistralai/mistral-small-3-1-24b-instruct-2503' or "
         "'mistralai/mistral-medium-2505'?")),
        ("mistral-medum", "Did you mean 'mistralai/mistral-medium-2505'?"),
        ("gpt-oss", "Did you mean 'openai/gpt-oss-120b'?"),
        ("openai/gpt-oss-20b", "Did you mean 'openai/gpt-oss-120b'?"),
        ("llama-2-13b-chat", "Did you mean 'meta-llama/llama-2-13b-chat'?"),
        ("claude-sonnet", ""),
        ("x", ""),
        ("7", ""),
        ("", ""),
        ("🦙", ""),
    ],
)  # fmt: skip
def test_a_name_in_words_or_misspelt_gets_near_models_that_chat(typed, suggested):
    assert near(typed) == suggested


def test_only_current_models_are_suggested():
    gone = model("a/wise-1", stage="withdrawn")
    old, new = model("a/wise-2", stage="deprecated"), model("b/wise-3")
    assert near("wise", [gone, old, new]) == "Did you mean 'b/wise-3'?"
    assert near("wise", [gone, old]) == "Did you mean 'a/wise-2'?", "the only one is told"
    assert near("wise", [gone]) == ""


def test_only_models_that_can_do_the_job_are_suggested():
    embeds, chats = model("a/wise-e", "embedding"), model("a/wise-c")
    generates = model("a/wise-g", "text_generation")
    assert near("wise", [embeds, chats], functions=["text_chat"]) == "Did you mean 'a/wise-c'?"
    models = [embeds, chats, generates]
    assert near("wise", models, functions=["text_generation"]) == "Did you mean 'a/wise-g'?"
    assert near("wise", [embeds]) == ""


def test_words_are_found_in_the_description_as_by_the_list_of_models():
    guard = model("a/shield", about="Finds harm in prompts.", provider="Acme")
    assert near("acme harm", [guard, model("b/other")]) == "Did you mean 'a/shield'?"


def test_an_alias_is_suggested_if_its_model_can_do_the_job():
    aliases = {"quick": "ibm/granite-4-h-small", "vectors": "ibm/slate-125m-english-rtrvr-v2"}
    assert near("quik", aliases=aliases) == "Did you mean 'quick'?"
    assert near("vector", aliases=aliases) == ""


def test_an_embedding_model_given_to_chat_is_told_what_it_can_do(session, sandbox):
    problem = caught(lambda: wx.ask("hi", model="ibm/slate-125m-english-rtrvr-v2"))
    assert type(problem) is ModelError
    assert "'ibm/slate-125m-english-rtrvr-v2'. It can do: embedding, rerank" in problem.message
    assert "The default is 'ibm/granite-4-h-small'." in problem.message


def test_each_endpoint_suggests_its_own_models(session, sandbox):
    message = caught(lambda: wx.ask("hi", model="mistral-medum", generate=True)).message
    assert "Did you mean 'mistralai/mistral-small-3-1-24b-instruct-2503'?" in message
    message = caught(lambda: wx.ask("hi", model="mistral-medum")).message
    assert "Did you mean 'mistralai/mistral-medium-2505'?" in message


def test_a_withdrawn_model_is_told_with_what_replaces_it(session, sandbox):
    problem = caught(lambda: wx.ask("hi", model="mistralai/mixtral-8x7b-instruct-v01"))
    assert "It was withdrawn on" in problem.message
    assert "Did you mean" not in problem.message.split("\n")[0]
    successor = "mistralai/mistral-small-3-1-24b-instruct-2503"
    assert problem.hint == f"Next: model='{successor}'"


def test_a_successor_that_is_gone_too_is_not_suggested(serve):  # noqa: F811
    def entry(model_id, *stages):
        return {"model_id": model_id, "functions": [{"id": "text_chat"}], "lifecycle": [
            {"id": name, "start_date": day, "alternative_model_ids": list(others)}
            for name, day, *others in stages]}  # fmt: skip

    server = serve()
    server.on("/ml/v1/foundation_model_specs", http(200, {"resources": [
        entry("a/wise-1", ("withdrawn", "2025-01-01", "a/wise-2", "a/wise-3")),
        entry("a/wise-2", ("withdrawn", "2025-06-01")), entry("a/wise-3"),
    ]}))  # fmt: skip
    catalogue = connect(server).state.catalogue
    catalogue.load()
    assert catalogue.withdrawal("a/wise-1").successor == "a/wise-3"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("llama 70b", "Did you mean 'meta-llama/llama-3-3-70b-instruct'?"),
        ("ibm/slate-30m-english-rtrvr-v2", "does not answer prompts. It can do: embedding"),
    ],
)
def test_a_session_takes_only_models_that_answer_prompts(session, typed, told):
    from wx_notebook.session.switch import check_model

    problem = caught(lambda: check_model(session.state, typed))
    assert type(problem) is ModelError
    assert told in problem.message


def test_the_stages_of_a_model_are_those_of_today():
    ended = model("a/wise-1", lifecycle=(Stage("withdrawn", "2026-12-31"),))
    assert near("wise", [ended]) == "Did you mean 'a/wise-1'?", "it is current until then"
