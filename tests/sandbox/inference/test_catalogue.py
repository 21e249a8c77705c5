"""The list of models, and the projects and spaces."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

SPECS = "/ml/v1/foundation_model_specs"
GONE = {"ibm/granite-13b-instruct-v2", "mistralai/mixtral-8x7b-instruct-v01"}


def ids(reply) -> list[str]:
    return [model["model_id"] for model in reply.json()["resources"]]


def specs(client, **query: object):
    return client.get(SPECS, auth=False, version="2026-10-14", **query)


def test_models_are_listed_without_a_token(client):
    document = specs(client).json()
    assert document["total_count"] == len(document["resources"]) >= 12
    assert document["limit"] == 100
    assert "next" not in document
    assert client.sandbox.counts == {"models": 1}


def test_a_model_has_the_fields_that_clients_read(client):
    first = specs(client).json()["resources"][0]
    assert first["model_id"] == "ibm/granite-4-h-small"
    assert {"id": "text_chat"} in first["functions"]
    assert first["model_limits"]["max_sequence_length"] == 131_072
    assert first["lifecycle"] == [{"id": "available", "start_date": "2025-10-02"}]
    assert {
        "label",
        "provider",
        "source",
        "short_description",
        "long_description",
        "input_tier",
        "output_tier",
        "number_params",
        "tasks",
        "limits",
        "versions",
    } <= set(first)


def test_pages_follow_each_other_until_all_models_were_seen_once(client):
    query: dict[str, object] = {"limit": 5, "filters": "!lifecycle_withdrawn"}
    seen: list[str] = []
    while True:
        reply = specs(client, **query)
        seen += ids(reply)
        if "next" not in reply.json():
            break
        href = reply.json()["next"]["href"]
        assert href.startswith(client.sandbox.url + SPECS + "?version=2026-10-14&")
        query = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
        query.pop("version")
    assert len(seen) == reply.json()["total_count"]
    assert seen == ids(specs(client, filters="!lifecycle_withdrawn"))


@all_cases(
    ("filters", "expected"),
    [
        ("modelid_openai/gpt-oss-120b", {"openai/gpt-oss-120b"}),
        ("modelid_openai/gpt-oss-120b,function_embedding:or", 7),
        ("modelid_openai/gpt-oss-120b,function_embedding", 7),
        ("modelid_openai/gpt-oss-120b,function_embedding:and", set()),
        ("lifecycle_withdrawn", GONE),
        ("lifecycle_withdrawn,provider_IBM:and", {"ibm/granite-13b-instruct-v2"}),
        ("lifecycle_deprecated", {"meta-llama/llama-2-13b-chat"}),
        ("provider_mistral ai,!lifecycle_withdrawn:and", 2),
        ("task_function_calling,provider_openai:and", {"openai/gpt-oss-120b"}),
        ("function_image_chat", 2),
        ("tier_class_c1", 7),
        ("source_none", set()),
    ],
)
def test_filters_choose_models(client, filters, expected):
    found = set(ids(specs(client, filters=filters)))
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_chat_models_that_are_not_withdrawn_all_take_a_prompt_and_the_withdrawn_none(client):
    chat_models = ids(specs(client, filters="function_text_chat,!lifecycle_withdrawn:and"))
    assert len(chat_models) >= 9
    for model_id in chat_models:
        assert client.chat(model_id=model_id).status_code == 200
    assert not GONE & set(chat_models)
    for model_id in GONE:
        assert client.chat(model_id=model_id).status_code == 404


def test_a_stage_of_life_begins_on_its_day(client_of):
    # the day before granite-13b-instruct-v2 was deprecated, and that day
    for now, stage in ((1_750_204_799, "available"), (1_750_204_800, "deprecated")):
        with Sandbox(wall_clock=lambda now=now: now) as sandbox:
            found = ids(specs(client_of(sandbox), filters=f"lifecycle_{stage}"))
        assert "ibm/granite-13b-instruct-v2" in found


@all_cases(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "-1"},
        {"limit": "many"},
        {"start": "made-up"},
        {"start": "-1"},
        {"start": "ä"},
        {"filters": "granite"},
        {"filters": "function_chat:xor"},
        {"filters": "function_chat,:and"},
    ],
)
def test_a_list_that_cannot_be_made_is_refused_and_the_parameter_named(client, code_of, query):
    reply = specs(client, **query)
    assert code_of(reply) == (400, "invalid_request_entity")
    target = {"type": "parameter", "name": next(iter(query))}
    assert reply.json()["errors"][0]["target"] == target


def test_a_project_tells_its_name_its_runtime_and_what_no_client_may_keep(client):
    sandbox = client.sandbox
    document = client.get(f"/v2/projects/{sandbox.project_id}").json()
    assert document["metadata"]["guid"] == sandbox.project_id
    entity = document["entity"]
    assert entity["name"] == "Sandbox project"
    assert [each["type"] for each in entity["compute"]] == ["machine_learning"]
    assert entity["compute"][0]["guid"]
    assert entity["storage"]["type"] == "bmcos_object_storage"
    assert sandbox.storage_secret in json.dumps(entity["storage"]["properties"]["credentials"])


def test_the_other_project_has_no_runtime(client):
    document = client.get(f"/v2/projects/{client.sandbox.bare_project_id}").json()
    assert document["entity"]["compute"] == []


def test_projects_are_listed_by_page_and_by_name(client):
    sandbox = client.sandbox
    first = client.get("/v2/projects", limit=1).json()
    second = client.get("/v2/projects", limit=1, bookmark=first["bookmark"]).json()
    guids = [each["metadata"]["guid"] for page in (first, second) for each in page["resources"]]
    assert guids == [sandbox.project_id, sandbox.bare_project_id]
    assert first["total_results"] == 2
    assert "bookmark" not in second
    named = client.get("/v2/projects", name="Sandbox project").json()
    assert [each["metadata"]["guid"] for each in named["resources"]] == [sandbox.project_id]
    assert client.get("/v2/projects", name="none").json()["resources"] == []
    assert client.get("/v2/projects", limit=101).status_code == 400


def test_a_space_is_listed_and_found(client):
    space_id = client.sandbox.space_id
    (listed,) = client.get("/v2/spaces", limit=10).json()["resources"]
    assert listed == client.get(f"/v2/spaces/{space_id}").json()
    assert listed["metadata"]["id"] == space_id
    assert listed["entity"]["compute"][0]["type"] == "machine_learning"


def test_what_does_not_exist_is_not_found(client, code_of, other_uuid):
    for path in (f"/v2/projects/{other_uuid}", f"/v2/spaces/{client.sandbox.project_id}"):
        assert code_of(client.get(path)) == (404, "not_found")


def test_the_address_of_the_next_page_carries_an_offset(client):
    query = {"version": "2026-10-14", "limit": 3, "filters": "function_text_chat"}
    first = client.get(SPECS, **query).json()
    assert "&start=3" in first["next"]["href"]
    other = client.get(SPECS, **query, start=4).json()["resources"][0]
    second = client.get(SPECS, **query, start=3).json()
    assert second["resources"][1] == other
    assert "&start=6" in second["next"]["href"]
    beyond = client.get(SPECS, **query, start=1000).json()
    assert (beyond["resources"], "next" in beyond) == ([], False)


@all_cases(
    ("model_id", "version"),
    [
        ("ibm/granite-4-h-small", "4.0.0"),
        ("ibm/granite-3-3-8b-instruct", "3.3.0"),
        ("meta-llama/llama-3-3-70b-instruct", "3.3.0"),
        ("meta-llama/llama-4-maverick-17b-128e-instruct-fp8", "4.0.0"),
        ("mistralai/mistral-small-3-1-24b-instruct-2503", "1.0.0"),
        # recorded without one
        ("openai/gpt-oss-120b", None),
    ],
)
def test_a_model_that_has_a_version_says_so_in_the_list_and_in_answers(
    client, events_of, model_id, version
):
    specs = client.get(SPECS, version="2026-10-14", filters=f"modelid_{model_id}").json()
    listed = specs["resources"][0].get("versions", [{"version": None}])[0]["version"]
    answer = client.chat(model_id=model_id).json()
    events = events_of(client.stream(model_id=model_id).content)
    told = {each["data"].get("model_version") for each in events}
    assert (listed, answer.get("model_version"), told) == (version, version, {version})
