"""Answers to prompts: their documents, their limits and their warnings."""

from __future__ import annotations

from support.cases import all_cases

from wx_notebook.sandbox import Sandbox


def warning_ids(reply) -> list[str]:
    return [warning["id"] for warning in reply.json()["system"]["warnings"]]


def test_a_chat_answer_is_the_document_that_the_service_sends(client):
    client.sandbox.say("Four.")
    document = client.chat("two and two?", max_completion_tokens=50).json()
    assert document.pop("id").startswith("chatcmpl-")
    assert document.pop("created_at").endswith("Z")
    assert isinstance(document.pop("created"), int)
    assert document == {
        "object": "chat.completion",
        "model_id": "ibm/granite-4-h-small",
        "model": "ibm/granite-4-h-small",
        "model_version": "4.0.0",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Four."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"completion_tokens": 1, "prompt_tokens": 6, "total_tokens": 7},
        "system": {"warnings": []},
    }


def test_a_generation_answer_is_the_document_that_the_service_sends(client):
    client.sandbox.say("Blue sky.")
    document = client.generate("The colour of the day is", max_new_tokens=50).json()
    assert document.pop("created_at").endswith("Z")
    (warning,) = document.pop("system")["warnings"]
    assert warning["id"] == "api_legacy"
    assert document == {
        "model_id": "ibm/granite-4-h-small",
        "model_version": "4.0.0",
        "results": [
            {
                "generated_text": "Blue sky.",
                "generated_token_count": 2,
                "input_token_count": 6,
                "stop_reason": "eos_token",
            }
        ],
    }


def test_the_dates_in_an_answer_come_from_the_wall_clock(client_of):
    with Sandbox(wall_clock=lambda: 1_790_000_000.101) as sandbox:
        document = client_of(sandbox).chat().json()
    assert document["created"] == 1_790_000_000
    assert document["created_at"] == "2026-09-21T14:13:20.101Z"


def test_the_limit_of_a_chat_cuts_the_answer_and_says_so(client):
    client.sandbox.say("one two three four", "one two three four")
    for name in ("max_completion_tokens", "max_tokens"):
        document = client.chat(**{name: 3}).json()
        (choice,) = document["choices"]
        assert choice["message"]["content"] == "one two three "
        assert choice["finish_reason"] == "length"
        assert document["usage"]["completion_tokens"] == 3


def test_an_answer_exactly_as_long_as_its_limit_is_whole(client):
    client.sandbox.say("one two three")
    (choice,) = client.chat(max_completion_tokens=3).json()["choices"]
    assert choice["finish_reason"] == "stop"


def test_a_deprecated_limit_yields_to_the_current_one(client):
    client.sandbox.say("one two three four")
    document = client.chat(max_tokens=1, max_completion_tokens=2).json()
    assert document["usage"]["completion_tokens"] == 2


def test_a_limit_of_zero_is_all_that_the_model_can_write(client):
    client.sandbox.say("word " * 2000)
    (choice,) = client.chat(max_completion_tokens=0).json()["choices"]
    assert choice["message"]["content"] == "word " * 2000


def test_a_chat_without_a_limit_gets_1024_tokens_and_a_warning(client):
    client.sandbox.say("word " * 2000)
    reply = client.chat()
    document = reply.json()
    assert document["usage"]["completion_tokens"] == 1024
    assert document["choices"][0]["finish_reason"] == "length"
    assert warning_ids(reply) == ["unspecified_max_completion_tokens"]
    (warning,) = document["system"]["warnings"]
    assert warning["additional_properties"] == {
        "limit": 0,
        "new_value": 1024,
        "parameter": "max_completion_tokens",
        "value": 0,
    }


def test_a_generation_without_a_limit_gets_20_tokens(client):
    client.sandbox.say("word " * 30)
    (result,) = client.generate().json()["results"]
    assert result["generated_token_count"] == 20
    assert result["stop_reason"] == "max_tokens"


def test_a_chat_ends_before_the_first_of_its_stop_sequences(client):
    client.sandbox.say("alpha beta gamma delta")
    (choice,) = client.chat(stop=["delta", "amm", "beta g"]).json()["choices"]
    assert choice["message"]["content"] == "alpha "
    assert choice["finish_reason"] == "stop"


@all_cases(
    ("parameters", "text"),
    [
        ({}, "alpha beta g"),
        ({"include_stop_sequence": True}, "alpha beta g"),
        ({"include_stop_sequence": False}, "alpha beta "),
        ({"min_new_tokens": 3}, "alpha beta gamma g"),
    ],
)
def test_a_generation_ends_with_its_stop_sequence_or_before(client, parameters, text):
    client.sandbox.say("alpha beta gamma gamma")
    (result,) = client.generate(stop_sequences=["g"], **parameters).json()["results"]
    assert (result["generated_text"], result["stop_reason"]) == (text, "stop_sequence")


def test_input_that_is_truncated_counts_as_what_is_left(client):
    (result,) = client.generate("one two three four", truncate_input_tokens=2).json()["results"]
    assert result["input_token_count"] == 2


def test_a_deprecated_model_answers_and_warns(client):
    reply = client.chat(model_id="meta-llama/llama-2-13b-chat", max_completion_tokens=9)
    assert warning_ids(reply) == ["deprecation_warning", "disclaimer_warning"]


def test_a_model_of_a_third_party_carries_its_disclaimer_and_no_version(client):
    reply = client.chat(model_id="openai/gpt-oss-120b", max_completion_tokens=9)
    assert warning_ids(reply) == ["disclaimer_warning"]
    assert "model_version" not in reply.json()


def test_scripted_answers_are_taken_in_turn_and_then_the_small_writer_speaks(client):
    client.sandbox.say("first", "second")
    client.sandbox.say_pieces(["th", "ird"])
    texts = [client.chat().json()["choices"][0]["message"]["content"] for _ in range(4)]
    assert texts[:3] == ["first", "second", "third"]
    assert "no model was asked" in texts[3].lower()


def test_a_refused_prompt_takes_no_scripted_answer(client):
    client.sandbox.say("kept")
    client.chat(model_id="ibm/none")
    client.sandbox.fault("503")
    client.chat()
    assert client.chat().json()["choices"][0]["message"]["content"] == "kept"


TEXTS = [
    "",
    " ",
    "\n\nfirst\r\nline\t",
    "x" * 100,
    "日本語" * 20,
    "a\u2028b <&> \U0001f600",
    "\\u003c",
]


@all_cases("text", TEXTS)
def test_a_scripted_text_arrives_verbatim(client, events_of, text):
    client.sandbox.say(text, text)
    assert client.chat().json()["choices"][0]["message"]["content"] == text
    events = events_of(client.stream().content)
    pieces = [c["delta"]["content"] for e in events for c in e["data"]["choices"]]
    assert "".join(pieces) == text
    assert max(map(len, pieces)) < 20


def test_a_space_is_as_good_as_a_project(client):
    reply = client.chat(project_id=..., space_id=client.sandbox.space_id)
    assert reply.status_code == 200


def test_the_id_of_a_project_may_be_written_in_capitals(client):
    assert client.chat(project_id=client.sandbox.project_id.upper()).status_code == 200


def test_a_conversation_with_every_kind_of_message_is_accepted(client):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "control", "content": "thinking"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, picture], "name": "me"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": "7", "tool_call_id": "1"},
        {"role": "assistant", "content": "Seven."},
        {"role": "user", "content": "and now?"},
    ]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    reply = client.chat(messages=messages, tools=[tool], tool_choice_option="auto")
    assert reply.status_code == 200


@all_cases("role", ["system", "user", "assistant", "tool", "control"])
def test_the_text_of_every_role_may_come_in_parts(client, role):
    parts = [{"type": "text", "text": "two words"}, {"type": "text", "text": "three more words"}]
    for content in (parts, "two words\nthree more words"):
        message = {"role": role, "content": content, "tool_call_id": "1"}
        last = {"role": "user", "content": "hello"}
        reply = client.chat(messages=[message, last])
        assert reply.status_code == 200
        assert reply.json()["usage"]["prompt_tokens"] == 5 + 3 + 1 + 3


def test_what_other_clients_send_beside_it_is_tolerated(client):
    # litellm: a second name for the model, stream, nulls
    reply = client.chat(
        model="ibm/granite-4-h-small",
        stream=False,
        temperature=None,
        parameters={"max_tokens": 5},
        guided_json="{}",
    )
    assert reply.status_code == 200
    body = client.generation_body(moderations={}, parameters={"token": None, "stream": True})
    assert client.post("/ml/v1/text/generation", body).status_code == 200


def test_unknown_query_keys_are_left_alone(client):
    url = f"{client.sandbox.url}/ml/v1/text/chat?version=2023-05-29&foo=bar"
    headers = {"Authorization": f"bearer {client.sign_in()}"}
    reply = client.http.post(url, json=client.chat_body(), headers=headers, timeout=10)
    assert reply.status_code == 200


def test_the_headers_of_the_rate_limit_count_down_and_recover(client_of, clock, code_of):
    with Sandbox(requests_per_second=2, clock=clock) as sandbox:
        client = client_of(sandbox)
        left = [client.chat().headers["x-requests-limit-remaining"] for _ in range(2)]
        refused = client.chat()
        clock.now += 1
        again = client.chat()
    assert left == ["1", "0"]
    assert code_of(refused) == (429, "rate_limit_reached_requests")
    assert refused.headers["x-requests-limit-remaining"] == "0"
    assert "Retry-After" not in refused.headers
    assert again.status_code == 200


def test_without_a_limit_nothing_is_refused_and_the_headers_never_say_wait(client):
    for _ in range(20):
        reply = client.chat()
        assert reply.status_code == 200
        assert reply.headers["x-requests-limit-rate"] == "8"
        assert int(reply.headers["x-requests-limit-remaining"]) >= 1


def test_refusals_and_streams_carry_the_rate_headers_too(client):
    for reply in (client.chat(model_id="none"), client.stream(), client.stream_generation()):
        assert reply.headers["x-requests-limit-rate"] == "8"
        reply.close()
