"""Embeddings, rerank and tokenization: fields, order, refusals, and vectors that mean something."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.sandbox.inference.models import MODELS
from wx_notebook.sandbox.inference.text_measures import embed, similarity

EMBEDDER = "ibm/granite-embedding-278m-multilingual"
RANKER = "cross-encoder/ms-marco-minilm-l-12-v2"
EMBEDDINGS, RERANK, TOKENIZATION = (
    f"/ml/v1/text/{name}" for name in ("embeddings", "rerank", "tokenization")
)


@pytest.fixture
def post(client):
    def send(path, body, **more):
        scope = {"project_id": client.sandbox.project_id}
        whole = {**scope, **body, **more}
        return client.post(path, {name: value for name, value in whole.items() if value is not ...})

    return send


@pytest.fixture
def embeddings(post):
    def ask(*texts, **more):
        return post(EMBEDDINGS, {"model_id": EMBEDDER, "inputs": list(texts)}, **more)

    return ask


@pytest.fixture
def ranked(post):
    def ask(query, /, *texts, **options):
        body = {"model_id": RANKER, "query": query, "inputs": [{"text": text} for text in texts]}
        return post(RERANK, body, parameters={"return_options": options})

    return ask


def test_an_embedding_has_the_fields_of_the_reference(embeddings):
    document = embeddings("one two", "three").json()
    assert set(document) == {"model_id", "created_at", "results", "input_token_count", "system"}
    assert document["model_id"] == EMBEDDER
    assert document["input_token_count"] == 3
    assert [set(result) for result in document["results"]] == [{"embedding"}] * 2
    assert {len(result["embedding"]) for result in document["results"]} == {768}


@all_cases("model", [m for m in MODELS if m.dimension], ids=lambda m: m.model_id)
def test_each_model_has_vectors_of_its_own_and_of_its_length(post, model):
    reply = post(EMBEDDINGS, {"model_id": model.model_id, "inputs": ["hello"]})
    (result,) = reply.json()["results"]
    assert len(result["embedding"]) == model.dimension
    assert result["embedding"] == embed("hello", model.dimension, model.model_id)
    assert result["embedding"] != embed("hello", model.dimension, "another")


def test_the_same_text_has_the_same_vector_today_and_tomorrow(embeddings):
    first, second = (embeddings("hello").json()["results"] for _ in range(2))
    assert first == second
    # written down once: another machine, another Python, another day
    place, value = max(enumerate(first[0]["embedding"]), key=lambda each: abs(each[1]))
    assert (place, value) == (624, 0.666666667)


def test_texts_that_share_words_are_nearer_than_texts_that_do_not():
    cats = ["The cat sat on the mat.", "A cat is sitting on a mat!", "cats, sitting on mats"]
    money = ["Quarterly revenue grew in Europe.", "European revenue growth by quarter"]
    vectors = {text: embed(text, 384) for text in cats + money}
    for text, other in itertools.combinations(cats, 2):
        for stranger in money:
            near = similarity(vectors[text], vectors[other])
            assert near > 0.2 + similarity(vectors[text], vectors[stranger])
    assert similarity(vectors[money[0]], vectors[money[1]]) > 0.3


@given(st.text(), st.sampled_from([1, 7, 384, 1024]))
def test_every_text_has_a_vector_of_length_one(text, dimension):
    vector = embed(text, dimension)
    assert len(vector) == dimension
    assert math.isclose(similarity(vector, vector), 1, abs_tol=1e-6)


def test_case_and_form_of_a_letter_make_no_difference():
    assert embed("STRASSE ﬁne", 64) == embed("straße fine", 64)


def test_the_input_comes_back_only_on_request(embeddings):
    reply = embeddings("one two three", parameters={"return_options": {"input_text": True}})
    assert reply.json()["results"][0]["input"] == "one two three"


def test_a_long_text_is_refused_and_a_cut_one_taken(embeddings, code_of):
    long = "word " * 600
    assert code_of(embeddings(long)) == (400, "invalid_input_argument")
    cut = embeddings(long, parameters={"truncate_input_tokens": 512})
    assert cut.json()["input_token_count"] == 512
    # on the right, as the reference has it
    assert cut.json()["results"] == embeddings("word " * 512).json()["results"]


def test_rerank_lists_by_falling_score_with_the_place_of_each_text(ranked):
    document = ranked("Where do cats sleep?", "Dogs bark.", "Cats sleep on sofas.", "Rain").json()
    results = document["results"]
    assert set(document) == {"model_id", "created_at", "results", "input_token_count", "system"}
    assert [set(result) for result in results] == [{"index", "score"}] * 3
    assert results[0]["index"] == 1
    scores = [result["score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0 > scores[-1]


def test_rerank_gives_back_what_was_asked_for(ranked):
    document = ranked("cat", "dog", "cat", top_n=1, inputs=True, query=True).json()
    (result,) = document["results"]
    assert (result["index"], result["input"]) == (1, {"text": "cat"})
    assert document["query"] == "cat"


def test_tokenization_counts_and_lists(post):
    body = {"model_id": "ibm/granite-4-h-small", "input": "one two  three"}
    assert post(TOKENIZATION, body).json()["result"] == {"token_count": 3}
    result = post(TOKENIZATION, body, parameters={"return_tokens": True}).json()["result"]
    assert result == {"token_count": 3, "tokens": ["one ", "two  ", "three"]}


def test_a_chat_is_counted_as_tokenization_counts(post, client):
    body = {"model_id": "ibm/granite-4-h-small", "input": "some more words here"}
    counted = post(TOKENIZATION, body).json()["result"]["token_count"]
    generated = client.generate("some more words here").json()
    assert generated["results"][0]["input_token_count"] == counted


def test_each_of_them_says_that_no_model_was_asked(embeddings, ranked, post):
    tokens = post(TOKENIZATION, {"model_id": "ibm/granite-4-h-small", "input": "x"})
    for reply in (embeddings("x"), ranked("x", "y"), tokens):
        (warning,) = reply.json()["system"]["warnings"]
        assert "No model was asked" in warning["message"]


def test_extra_fields_of_litellm_are_ignored(embeddings):
    assert embeddings("x", model="again", parameters={"token": None}).status_code == 200


BODIES = {
    EMBEDDINGS: {"model_id": EMBEDDER, "inputs": ["x"]},
    RERANK: {"model_id": RANKER, "query": "x", "inputs": [{"text": "y"}]},
    TOKENIZATION: {"model_id": "ibm/granite-4-h-small", "input": "x"},
}
MISSING, WRONG_TYPE = (400, "invalid_request_entity"), (400, "json_type_error")


@all_cases(
    ("path", "change", "expected", "field"),
    [
        *[(p, {"model_id": ...}, MISSING, "model_id") for p in BODIES],
        *[(p, {"project_id": ...}, MISSING, None) for p in BODIES],
        *[(p, {"project_id": "x"}, (400, "json_validation_error"), "project_id") for p in BODIES],
        *[(p, {"model_id": "no/such"}, (404, "model_not_supported"), None) for p in BODIES],
        *[(p, {"parameters": []}, WRONG_TYPE, "parameters") for p in BODIES],
        (EMBEDDINGS, {"inputs": ...}, MISSING, "inputs"),
        (EMBEDDINGS, {"inputs": "x"}, WRONG_TYPE, "inputs"),
        (EMBEDDINGS, {"inputs": [5]}, WRONG_TYPE, "inputs"),
        (EMBEDDINGS, {"model_id": RANKER}, (400, "model_no_support_for_function"), None),
        (EMBEDDINGS, {"parameters": {"truncate_input_tokens": "5"}}, WRONG_TYPE,
         "parameters.truncate_input_tokens"),
        (RERANK, {"query": ...}, MISSING, "query"),
        (RERANK, {"inputs": ["x"]}, WRONG_TYPE, "inputs[0]"),
        (RERANK, {"inputs": [{}]}, MISSING, "inputs[0].text"),
        (RERANK, {"model_id": EMBEDDER}, (400, "model_no_support_for_function"), None),
        (RERANK, {"parameters": {"return_options": {"top_n": 0}}}, (400, "json_validation_error"),
         "parameters.return_options.top_n"),
        (TOKENIZATION, {"input": ...}, MISSING, "input"),
        (TOKENIZATION, {"input": ["x"]}, WRONG_TYPE, "input"),
    ],
)  # fmt: skip
def test_what_is_refused_and_how(post, code_of, path, change, expected, field):
    reply = post(path, BODIES[path], **change)
    assert code_of(reply) == expected
    target = reply.json()["errors"][0].get("target")
    assert target == (field and {"type": "field", "name": field})


def test_they_need_a_token_a_version_and_a_runtime_and_count_towards_the_rate(
    client, post, code_of
):
    body = BODIES[EMBEDDINGS] | {"project_id": client.sandbox.project_id}
    assert code_of(client.post(EMBEDDINGS, body, version=None)) == MISSING
    bare = post(EMBEDDINGS, body, project_id=client.sandbox.bare_project_id)
    assert code_of(bare) == (403, "no_associated_service_instance_error")
    assert post(EMBEDDINGS, body).headers["x-requests-limit-remaining"]
    client.sandbox.fault("429")
    assert code_of(post(EMBEDDINGS, body)) == (429, "rate_limit_reached_requests")
    client.sandbox.revoke_tokens()
    assert code_of(post(EMBEDDINGS, body)) == (401, "authentication_token_not_valid")
