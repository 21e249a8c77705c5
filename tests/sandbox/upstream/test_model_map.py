"""Which of the models of an upstream answers for which name of watsonx.ai."""

from __future__ import annotations

import pytest
from support.cases import all_cases
from support.upstreams import UpstreamServer

from wx_notebook.sandbox import Sandbox
from wx_notebook.sandbox.upstream.model_map import ModelMap, read_model_map

SMALL = "ibm/granite-4-h-small"


@all_cases(
    ("there", "expected"),
    [
        (["llama3.2", "granite4:small-h"], "granite4:small-h"),
        (["granite4:tiny-h", "granite4:small-h"], "granite4:small-h"),
        (["granite4:3b", "granite4:tiny-h-q8_0"], "granite4:tiny-h-q8_0"),
        (["granite4:latest"], "granite4:latest"),
        (["ibm/granite4:micro-h"], "ibm/granite4:micro-h"),
        (["granite4.1:8b"], "granite4.1:8b"),
        (["ibm-granite/granite-4.0-h-small"], "ibm-granite/granite-4.0-h-small"),
        (["ibm/granite-4-h-tiny"], "ibm/granite-4-h-tiny"),
        (["/models/granite-4.0-h-micro-Q4_K_M.gguf"], "/models/granite-4.0-h-micro-Q4_K_M.gguf"),
        (["granite4:tiny-h", SMALL], SMALL),
        (["granite3.3:8b", "llama3.3"], None),
        ([], None),
    ],
)
def test_the_default_model_leads_to_the_local_granite_that_is_nearest(there, expected):
    assert ModelMap().upstream_name(SMALL, there) == expected


@all_cases(
    ("name", "there", "expected"),
    [
        ("ibm/granite-3-3-8b-instruct", "granite3.3:8b", True),
        ("ibm/granite-3-3-8b-instruct", "granite4:small-h", False),
        ("meta-llama/llama-3-3-70b-instruct", "llama3.3:70b", True),
        ("openai/gpt-oss-120b", "gpt-oss:20b", True),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b", True),
        ("granite4", "granite4:latest", True),
        ("mymodel", "mymodel.gguf", True),
        ("llama3.2", "llama3.3", False),
    ],
)
def test_other_names_lead_to_their_own_family_only(name, there, expected):
    assert ModelMap().upstream_name(name, [there]) == (there if expected else None)


def test_the_users_table_wins_over_the_defaults_and_its_star_comes_last():
    there = ["granite4:small-h", "qwen3:4b", "mistral"]
    table = ModelMap({SMALL: "qwen3:4b", "mistralai/*": ["none", "mistral"], "*": "qwen3:4b"})
    assert table.upstream_name(SMALL, there) == "qwen3:4b"
    assert table.upstream_name("mistralai/mistral-medium-2505", there) == "mistral"
    assert table.upstream_name("anything", there) == "qwen3:4b"
    assert table.upstream_name("mistral", there) == "mistral"
    assert ModelMap({"*": "qwen3:4b"}).upstream_name(SMALL, there) == "granite4:small-h"


def test_a_name_that_the_table_leads_astray_does_not_fall_back_to_another_model():
    assert ModelMap({SMALL: "granite4:big"}).upstream_name(SMALL, ["granite4:small-h"]) is None


@all_cases(
    ("name", "text"),
    [
        ("m.toml", f'"{SMALL}" = "a"\n"x/*" = ["b", "c"]\n'),
        ("m.toml", f'[models]\n"{SMALL}" = ["a"]\n"x/*" = ["b", "c"]\n'),
        ("m.json", f'{{"{SMALL}": "a", "x/*": ["b", "c"]}}'),
        ("m", f'{{"models": {{"{SMALL}": "a", "x/*": ["b", "c"]}}}}'),
        ("bom.json", f'\ufeff{{"{SMALL}": "a", "x/*": ["b", "c"]}}'),
    ],
)
def test_a_table_is_toml_or_json(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_model_map(path) == {SMALL: ["a"], "x/*": ["b", "c"]}


@all_cases(
    ("name", "data", "words"),
    [
        ("m.toml", b'ibm/granite = "a"', 'is not TOML: .*A line is "ibm/granite-4-h-small" = '),
        ("m.json", b"{", "is not JSON"),
        ("m.json", b"[1]", "is not a JSON object"),
        ("m.toml", b"a = 3", "'a' must be one name or a list of names"),
        ("m.json", b'{"a": ["x", 1]}', "'a' must be one name or a list of names"),
        ("m.toml", b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_the_error_of_a_malformed_file_names_the_reason(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_model_map(path)


def test_the_error_of_a_missing_file_has_near_names(tmp_path):
    (tmp_path / "models.toml").touch()
    with pytest.raises(ValueError, match=r"There is no file .*Did you mean 'models.toml'\?"):
        read_model_map(tmp_path / "model.toml")
    with pytest.raises(ValueError, match="cannot be read"):
        read_model_map(tmp_path)


@pytest.fixture
def upstream():
    listed = [{"id": "granite4:tiny-h", "owned_by": "library"},
              {"id": "qwen3:4b", "max_model_len": 40_960},
              {"id": "nomic-embed-text"}]  # fmt: skip
    with UpstreamServer(listed) as running:
        yield running


def test_the_catalogue_lists_what_the_upstream_has_by_both_names(upstream, client_of):
    with Sandbox(upstream=upstream.url, model_map={"ibm/mine": "qwen3:4b"}) as sandbox:
        client = client_of(sandbox)
        found = client.get("/ml/v1/foundation_model_specs", version="2026-10-14").json()
        by_id = {each["model_id"]: each for each in found["resources"]}
        gateway = client.get("/ml/gateway/v1/models").json()["data"]
    chat = [name for name, each in by_id.items() if {"id": "text_chat"} in each["functions"]]
    assert chat == [SMALL, "ibm/mine", "granite4:tiny-h", "qwen3:4b"]
    assert "'granite4:tiny-h' of another server" in by_id[SMALL]["long_description"]
    assert by_id["ibm/mine"]["model_limits"]["max_sequence_length"] == 40_960
    # texts are still measured here
    assert "ibm/slate-30m-english-rtrvr-v2" in by_id
    assert {each["id"] for each in gateway} == set(by_id)


def test_a_model_that_comes_later_is_there_after_a_moment(upstream, client_of, clock):
    with Sandbox(upstream=upstream.url, clock=clock) as sandbox:
        client = client_of(sandbox)
        assert client.chat(model_id="new").status_code == 404
        upstream.models.append("new")
        assert client.chat(model_id="new").status_code == 404
        clock.now += 6
        assert client.chat(model_id="new").status_code == 200


def test_the_error_of_an_unmapped_model_has_near_names(upstream, client_of, code_of):
    with Sandbox(upstream=upstream.url, model_map={"ibm/lost": "gone:7b"}) as sandbox:
        client = client_of(sandbox)
        reply = client.chat(model_id="qwen3:8b")
        assert code_of(reply) == (404, "model_not_supported")
        message = reply.json()["errors"][0]["message"]
        assert "Did you mean 'qwen3:4b'?" in message
        assert f"The upstream at {upstream.url} has: granite4:tiny-h, qwen3:4b." in message
        assert "--map FILE maps names" in message
        lost = client.chat(model_id="ibm/lost").json()["errors"][0]["message"]
        assert "The map names 'gone:7b', which the upstream does not have." in lost
        body = {"model": "qwen3:8b", "messages": [{"role": "user", "content": "hi"}]}
        told = client.post("/ml/gateway/v1/chat/completions", body).json()["error"]
        assert told["code"] == "model_not_found"
        assert "Did you mean 'qwen3:4b'?" in told["message"]
        assert client.chat().status_code == 200


def test_without_an_upstream_an_unknown_model_gets_near_names_too(client):
    message = client.chat(model_id="ibm/granite-4-small").json()["errors"][0]["message"]
    assert "Did you mean 'ibm/granite-4-h-small'" in message


def test_tokens_are_counted_for_the_upstreams_models_as_well(upstream, client_of):
    with Sandbox(upstream=upstream.url) as sandbox:
        client = client_of(sandbox)
        body = {"model_id": "qwen3:4b", "project_id": sandbox.project_id, "input": "one two"}
        reply = client.post("/ml/v1/text/tokenization", body).json()
    assert reply["result"]["token_count"] == 2
