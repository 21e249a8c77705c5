"""With `--upstream`, another server answers: a second real one, speaking OpenAI's protocol."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from support.upstreams import USAGE, UpstreamServer, answers, refuses

from wx_notebook.sandbox import Sandbox

KEY = "WX_NOTEBOOK_UPSTREAM_KEY"


@pytest.fixture
def upstream(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with UpstreamServer() as running:
        yield running


@pytest.fixture
def client(upstream, client_of):
    """A client of a sandbox behind which the upstream is."""
    with Sandbox(upstream=upstream.url) as sandbox:
        yield client_of(sandbox)


def texts_of(events):
    return [c["delta"].get("content") for e in events for c in e["data"]["choices"]]


def test_a_chat_is_answered_by_the_upstream_in_the_words_of_the_service(client, upstream):
    reply = client.chat("hi", temperature=0.5, seed=3, stop=["x"]).json()
    assert reply["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "Hello there!"},
         "finish_reason": "stop"}
    ]  # fmt: skip
    assert reply["usage"] == USAGE
    assert reply["model_id"] == reply["model"] == "ibm/granite-4-h-small"
    assert reply["object"] == "chat.completion"
    (asked,) = upstream.prompts
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "model": "granite4:tiny-h",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "seed": 3,
        "stop": ["x"],
        "max_tokens": 1024,
        "stream": False,
    }


def test_no_key_or_token_of_watsonx_goes_to_the_upstream(client, upstream):
    client.chat()
    client.stream().close()
    sent = repr(upstream.asked)
    assert client.token not in sent
    assert client.sandbox.api_key not in sent
    assert client.sandbox.project_id not in sent
    assert all("authorization" not in each.headers for each in upstream.asked)


def test_the_upstreams_own_key_comes_from_the_environment_and_goes_nowhere_else(
    client, upstream, monkeypatch
):
    monkeypatch.setenv(KEY, "upstream-secret-1")
    upstream.behave = refuses(400, {"error": {"message": "no, upstream-secret-1 is bad"}})
    reply = client.chat()
    assert upstream.prompts[0].headers["authorization"] == "Bearer upstream-secret-1"
    assert "no, <hidden> is bad" in reply.json()["errors"][0]["message"]
    assert "upstream-secret-1" not in reply.text + repr(client.sandbox.calls)


def test_the_error_of_a_key_with_a_line_end_does_not_repeat_it(client, code_of, monkeypatch):
    monkeypatch.setenv(KEY, "one\ntwo-secret")
    reply = client.chat()
    assert code_of(reply) == (500, "downstream_request_failed")
    assert "its key contains characters that a key cannot have" in reply.text
    assert "two-secret" not in reply.text


def test_a_stream_is_framed_as_the_service_frames_it(client, events_of):
    events = events_of(client.stream("hi").content)
    assert [event["id"] for event in events] == [str(n + 1) for n in range(len(events))]
    assert texts_of(events) == ["", "Hello ", "there!", ""]
    assert events[0]["data"]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    reasons = [c["finish_reason"] for e in events for c in e["data"]["choices"]]
    assert reasons == [None, None, None, "stop"]
    assert events[-1]["data"]["choices"] == []
    assert events[-1]["data"]["usage"] == USAGE


def test_each_piece_is_out_before_the_next_one_is_in(client, upstream):
    """The upstream holds the second piece back until the client has the first."""

    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {"content": "first"}}]})
        assert upstream.go_on.wait(20)
        handler.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        handler.end()

    upstream.behave = behave
    seen = b""
    with client.stream() as reply:
        for piece in reply.iter_content(None):
            seen += piece
            if b'"first"' in seen:
                upstream.go_on.set()
    assert upstream.go_on.is_set()
    assert b'"stop"' in seen


def test_a_client_that_leaves_a_stream_ends_the_upstreams_request(client, upstream):
    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {"content": "first"}}]})
        handler.wait_until_gone()

    upstream.behave = behave
    with client.stream() as reply:
        next(reply.iter_content(None))
    assert upstream.client_gone.wait(10)
    assert client.sandbox.wait_for(lambda call: call.client_gone).kind == "chat_stream"


def test_a_client_that_leaves_while_the_upstream_thinks_ends_its_request_too(client, upstream):
    upstream.behave = lambda handler, _body: handler.wait_until_gone()
    for path in ("/ml/v1/text/chat", "/ml/v1/text/chat_stream"):
        upstream.client_gone.clear()
        with client.connect() as connection:
            connection.sendall(client.raw_prompt(client.chat_body(), path))
            deadline = time.monotonic() + 10
            while not upstream.prompts and time.monotonic() < deadline:
                threading.Event().wait(0.01)
        assert upstream.client_gone.wait(10)
        upstream.asked.clear()


def test_with_tls_pieces_go_through_and_a_client_that_leaves_is_seen_too(upstream, client_of):
    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {"content": "first"}}]})
        handler.wait_until_gone()

    with Sandbox(upstream=upstream.url, tls=True) as sandbox:
        client = client_of(sandbox)
        client.http.verify = str(sandbox.ca_file)
        assert client.stream().content.endswith(b"}\n\n")
        upstream.behave = behave
        with client.stream() as reply:
            seen = b""
            for piece in reply.iter_content(None):
                seen += piece
                if b'"first"' in seen:
                    break
        assert upstream.client_gone.wait(10)


def test_closing_the_sandbox_ends_the_upstreams_request(upstream, client_of):
    upstream.behave = lambda handler, _body: handler.wait_until_gone()
    sandbox = Sandbox(upstream=upstream.url).start()
    client = client_of(sandbox)
    with client.connect() as connection:
        connection.sendall(client.raw_prompt(client.chat_body()))
        deadline = time.monotonic() + 10
        while not upstream.prompts and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        sandbox.close()
    assert upstream.client_gone.wait(10)


def test_tools_and_formats_go_through_and_a_call_comes_back(client, upstream):
    calls = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}]

    def behave(handler, _body):
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        handler.json({"choices": [{"message": message, "finish_reason": "tool_calls"}]})

    upstream.behave = behave
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    reply = client.chat(tools=tools, tool_choice_option="required", response_format=form).json()
    assert reply["choices"][0]["finish_reason"] == "tool_calls"
    assert reply["choices"][0]["message"]["tool_calls"] == calls
    body = upstream.prompts[0].body
    assert body["tools"] == tools
    assert body["tool_choice"] == "required"
    assert body["response_format"] == form
    assert "tool_choice_option" not in body


def test_a_streamed_call_has_an_id_and_its_continuations_an_empty_name(client, upstream, events_of):
    def behave(handler, _body):
        handler.begin()
        for index, function in enumerate([{"name": "add", "arguments": '{"a"'},
                                          {"arguments": ":1}"}]):  # fmt: skip
            delta = {"tool_calls": [{"index": 0, "function": function}]}
            reason = "tool_calls" if index else None
            handler.event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
        handler.end()

    upstream.behave = behave
    events = events_of(client.stream().content)
    first, second = (e["data"]["choices"][0]["delta"]["tool_calls"][0] for e in events[1:3])
    assert first["id"].startswith("call_")
    assert first["function"] == {"name": "add", "arguments": '{"a"'}
    assert second == {"index": 0, "type": "function", "function": {"name": "", "arguments": ":1}"}}
    assert events[2]["data"]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_has_the_services_name(client, upstream, events_of, name):
    def behave(handler, body):
        if not body["stream"]:
            message = {"role": "assistant", "content": "4", name: "2+2"}
            handler.json({"choices": [{"message": message, "finish_reason": "stop"}]})
            return
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {name: "2+2", "content": ""}}]})
        handler.event({"choices": [{"delta": {"content": "4"}, "finish_reason": "stop"}]})
        handler.end()

    upstream.behave = behave
    assert client.chat().json()["choices"][0]["message"]["reasoning_content"] == "2+2"
    deltas = [c["delta"] for e in events_of(client.stream().content) for c in e["data"]["choices"]]
    assert deltas[1:] == [{"reasoning_content": "2+2"}, {"content": "4"}]


@all_cases(
    ("theirs", "chat", "generation"),
    [
        ("stop", "stop", "eos_token"),
        ("length", "length", "max_tokens"),
        ("tool_calls", "tool_calls", "eos_token"),
        ("content_filter", "cancelled", "cancelled"),
        ("something new", "error", "error"),
    ],
)
def test_reasons_to_end_are_translated(client, upstream, theirs, chat, generation):
    def behave(handler, body):
        said = {"text": "x"} if "prompt" in body else {"message": {"content": "x"}}
        handler.json({"choices": [{**said, "finish_reason": theirs}]})

    upstream.behave = behave
    assert client.chat().json()["choices"][0]["finish_reason"] == chat
    assert client.generate().json()["results"][0]["stop_reason"] == generation


def test_usage_that_the_upstream_does_not_tell_is_counted(client, upstream, events_of):
    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {"content": "one two three"}}]})
        handler.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        handler.end()

    upstream.behave = behave
    usage = events_of(client.stream("a b").content)[-1]["data"]["usage"]
    assert usage["completion_tokens"] == 3
    assert usage["total_tokens"] == usage["prompt_tokens"] + 3


def test_text_generation_has_its_own_words(client, upstream, events_of):
    parameters = {"max_new_tokens": 5, "decoding_method": "greedy", "random_seed": 4,
                  "stop_sequences": ["."], "top_k": 3}  # fmt: skip
    result = client.generate("Once", **parameters).json()["results"]
    assert result == [{"generated_text": "Hello there!", "generated_token_count": 3,
                       "input_token_count": 7, "stop_reason": "eos_token"}]  # fmt: skip
    assert upstream.prompts[0].path == "/v1/completions"
    assert upstream.prompts[0].body == {
        "model": "granite4:tiny-h", "prompt": "Once", "max_tokens": 5, "temperature": 0,
        "seed": 4, "stop": ["."], "top_k": 3, "stream": False,
    }  # fmt: skip
    events = [e["data"]["results"][0] for e in events_of(client.stream_generation().content)]
    assert "".join(e["generated_text"] for e in events) == "Hello there!"
    assert [e["stop_reason"] for e in events] == ["not_finished"] * 3 + ["eos_token"]
    assert (events[-1]["generated_token_count"], events[-1]["input_token_count"]) == (3, 7)


def test_an_upstream_that_knows_only_chats_generates_in_a_chat(client, upstream):
    works = answers("In a chat.")

    def behave(handler, body):
        if "prompt" in body:
            handler.json({"error": {"message": "404 page not found"}}, 404)
        else:
            works(handler, body)

    upstream.behave = behave
    for _ in range(2):
        assert client.generate("hi").json()["results"][0]["generated_text"] == "In a chat."
    # the second time nobody tries the other path again
    paths = [each.path for each in upstream.prompts]
    assert paths == ["/v1/completions", "/v1/chat/completions", "/v1/chat/completions"]
    assert upstream.prompts[-1].body["messages"] == [{"role": "user", "content": "hi"}]


def test_an_upstream_that_does_not_stream_is_streamed_all_the_same(client, upstream, events_of):
    whole = answers("All at once.")
    upstream.behave = lambda handler, body: whole(handler, {**body, "stream": False})
    assert texts_of(events_of(client.stream().content)) == ["", "All at once."]
    events = events_of(client.stream_generation().content)
    assert "".join(e["data"]["results"][0]["generated_text"] for e in events) == "All at once."


def test_a_deployment_and_the_gateway_ask_the_upstream_too(client, upstream):
    path = f"/ml/v1/deployments/{client.sandbox.deployment_id}/text/chat"
    reply = client.post(path, {"messages": [{"role": "user", "content": "hi"}]})
    assert reply.json()["choices"][0]["message"]["content"] == "Hello there!"
    body = {"model": "granite4:tiny-h", "messages": [{"role": "user", "content": "hi"}]}
    reply = client.post("/ml/gateway/v1/chat/completions", body).json()
    assert reply["choices"][0]["message"]["content"] == "Hello there!"
    assert reply["usage"] == USAGE
    assert "no-model" not in reply["system_fingerprint"]
    reply = client.post("/ml/gateway/v1/completions", {"model": "granite4:tiny-h", "prompt": "hi"})
    assert reply.json()["choices"][0]["text"] == "Hello there!"
    body = {**body, "stream": True}
    for more in ({}, {"stream_options": {"include_usage": True}}):
        streamed = client.post("/ml/gateway/v1/chat/completions", {**body, **more}).text
        *events, done = streamed.removesuffix("\n\n").split("\n\n")
        assert done == "data: [DONE]"
        chunks = [json.loads(event.removeprefix("data: ")) for event in events]
        usage = [chunk["usage"] for chunk in chunks if chunk["usage"]]
        assert usage == ([USAGE] if more else [])
        last = [c["choices"][0]["finish_reason"] for c in chunks if not c["usage"]][-1]
        assert last == "stop"


def test_the_checks_of_the_service_come_first(client, upstream, code_of):
    assert code_of(client.chat(temperature=7)) == (400, "json_validation_error")
    assert code_of(client.chat(project_id=...)) == (400, "invalid_request_entity")
    client.token = "none"
    assert client.chat().status_code == 401
    assert upstream.prompts == []


@all_cases(
    ("status", "error", "expected", "words"),
    [
        (401, {"error": {"message": "bad key"}}, (500, "downstream_request_failed"),
         "wants a key: start the sandbox with it in WX_NOTEBOOK_UPSTREAM_KEY"),
        (404, {"error": {"message": "model 'x' not found"}}, (404, "model_not_supported"),
         "said: model 'x' not found (HTTP 404)"),
        (400, {"error": {"message": "too long", "code": "context_length_exceeded"}},
         (400, "invalid_input_argument"), "too long"),
        (422, {"error": "wrong field"}, (400, "invalid_request_entity"), "wrong field"),
        (429, {"error": {"message": "slow down"}}, (429, "rate_limit_reached_requests"), "slow"),
        (429, {"error": {"message": "pay", "code": "insufficient_quota"}},
         (403, "token_quota_reached"), "pay"),
        (500, {"error": {"message": "oops"}}, (500, "downstream_request_failed"), "oops"),
        (502, "<html><h1>Bad Gateway</h1></html>", (500, "downstream_request_failed"),
         "answered HTTP 502 with a web page"),
        (503, {"error": {"message": "Loading model"}}, (503, "service_unavailable"), "Loading"),
        (200, "<html>a web app</html>", (500, "downstream_request_failed"),
         "answered with a web page: it does not speak OpenAI's protocol"),
        (200, {"object": "error", "message": "x"}, (500, "downstream_request_failed"),
         "answered without a choice"),
        (200, {"choices": "none"}, (500, "downstream_request_failed"), "without a choice"),
        (307, {}, (500, "downstream_request_failed"), "redirects to"),
    ],
)  # fmt: skip
def test_an_error_of_the_upstream_is_reported_as_the_service_would(
    client, upstream, code_of, status, error, expected, words
):
    upstream.behave = refuses(status, error)
    for reply in (client.chat(), client.stream()) if status != 200 else (client.chat(),):
        assert code_of(reply) == expected
        assert words in reply.json()["errors"][0]["message"]
    upstream.behave = answers()
    assert client.chat().status_code == 200


def test_a_key_that_the_upstream_refuses_is_no_401_since_the_clients_own_is_good(
    client, upstream, code_of, monkeypatch
):
    monkeypatch.setenv(KEY, "wrong")
    upstream.behave = refuses(401, {"error": {"message": "wrong is wrong"}})
    reply = client.chat()
    assert code_of(reply) == (500, "downstream_request_failed")
    assert f"refuses the key of {KEY} (HTTP 401)" in reply.text


def test_retry_after_is_passed_on(client, upstream):
    upstream.behave = refuses(429, {"error": {"message": "slow"}}, Retry_After="7")
    reply = client.chat()
    assert reply.headers["Retry-After"] == "7"
    assert reply.headers["x-requests-limit-remaining"] == "0"


def test_an_upstream_that_is_down_is_reported_and_can_come_later(client_of, code_of):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with Sandbox(upstream=f"http://127.0.0.1:{port}") as sandbox:
            client = client_of(sandbox)
            assert "is not running: nothing listens there" in sandbox.upstream_report()
            reply = client.chat()
            assert code_of(reply) == (500, "downstream_request_failed")
            assert f"http://127.0.0.1:{port} is not running" in reply.text
            assert (
                client.get("/ml/v1/foundation_model_specs", version="2026-10-14").status_code == 500
            )
            # what needs no upstream goes on
            assert client.get("/v2/projects").status_code == 200


def test_an_upstream_that_is_silent_is_given_up(upstream, client_of, code_of):
    upstream.behave = lambda handler, _body: handler.wait_until_gone()
    with Sandbox(upstream=upstream.url, upstream_patience_s=0.2) as sandbox:
        reply = client_of(sandbox).chat()
    assert code_of(reply) == (500, "downstream_request_failed")
    assert "was silent for 0.2 s" in reply.text


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("cut", "closed the connection too early"),
        ("reset", "broke the connection off"),
        ("end early", "ended its stream before the answer was complete"),
        ("error", "stopped and said: out of memory"),
        ("no json", "sent an event that is not JSON"),
        ("silence", "was silent for 0.5 s"),
    ],
)
def test_what_goes_wrong_in_a_stream_is_an_error_event(upstream, client_of, end, words):
    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"index": 0, "delta": {"content": "first"}}]})
        if end == "cut":
            handler.cut()
        elif end == "reset":
            upstream.go_on.wait(20)
            handler.reset()
        elif end == "end early":
            handler.wfile.write(b"0\r\n\r\n")
        elif end == "error":
            handler.event({"error": {"message": "out of memory"}})
        elif end == "no json":
            handler.raw(b"data: {broken\n\n")
        else:
            handler.wait_until_gone()

    upstream.behave = behave
    with Sandbox(upstream=upstream.url, upstream_patience_s=0.5) as sandbox:
        body = b""
        with client_of(sandbox).stream() as reply:
            for piece in reply.iter_content(None):
                body += piece
                if b'"first"' in body:
                    upstream.go_on.set()
    assert b'"first"' in body
    *_, last = body.decode().removesuffix("\n\n").split("\n\n")
    number, name, data = last.split("\n")
    assert (number, name) == ("id: 3", "event: error")
    document = json.loads(data.removeprefix("data: "))
    assert document["errors"][0]["code"] == "downstream_request_failed"
    assert words in document["errors"][0]["message"]


def test_an_upstream_that_breaks_off_after_the_last_piece_has_answered(client, upstream, events_of):
    def behave(handler, _body):
        handler.begin()
        handler.event({"choices": [{"delta": {"content": "all"}, "finish_reason": "stop"}]})
        handler.cut()

    upstream.behave = behave
    assert events_of(client.stream().content)[-1]["data"]["usage"]["completion_tokens"] == 1


def test_events_are_whole_wherever_the_network_cuts_them(client, upstream, events_of):
    chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": "é€𝄞"}}]}, ensure_ascii=False)
    last = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    stream = (
        f": ping\r\n\r\nevent: x\r\ndata: {chunk}\r\n\r\ndata:{last}\n\ndata: [DONE]\n\n".encode()
    )

    def behave(handler, _body):
        handler.begin()
        for index in range(len(stream)):
            handler.raw(stream[index : index + 1])
        handler.wfile.write(b"0\r\n\r\n")

    upstream.behave = behave
    assert texts_of(events_of(client.stream().content)) == ["", "é€𝄞", ""]


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\xff" * 10, b""])
def test_a_server_that_does_not_speak_http_is_reported_as_one(client_of, code_of, garbage):
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.recv(65_536)
            connection.sendall(garbage)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    with listening, Sandbox(upstream=f"http://127.0.0.1:{listening.getsockname()[1]}") as sandbox:
        reply = client_of(sandbox).chat()
        assert code_of(reply) == (500, "downstream_request_failed")
        told = "not HTTP" if garbage else "without an answer"
        assert told in reply.text


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_the_base_may_be_written_in_many_ways(upstream, client_of, suffix):
    with Sandbox(upstream=upstream.url + suffix) as sandbox:
        assert client_of(sandbox).chat().status_code == 200
    with Sandbox(upstream=upstream.url.removeprefix("http://") + suffix) as sandbox:
        assert client_of(sandbox).chat().status_code == 200


def test_an_interface_at_another_path_is_found(client_of):
    with UpstreamServer(base="/api/openai") as upstream:
        with Sandbox(upstream=f"{upstream.url}/api/openai") as sandbox:
            assert client_of(sandbox).chat().status_code == 200
        assert upstream.prompts[-1].path == "/api/openai/chat/completions"


@all_cases(
    ("url", "words"),
    [
        ("", "is not the URL of a server"),
        ("ollama", None),
        ("ftp://127.0.0.1", "is not the URL of a server"),
        ("http://", "is not the URL of a server"),
        ("http://[", "cannot be parsed"),
        ("http://127.0.0.1:99999", "cannot be parsed"),
        ("http://me:secret@127.0.0.1", "has no user, password or query"),
        ("http://127.0.0.1/?key=secret", "has no user, password or query"),
    ],
)
def test_a_malformed_url_is_an_error_at_once_and_a_password_is_not_repeated(url, words):
    if words is None:
        Sandbox(upstream=url)
        return
    with pytest.raises(ValueError, match=words) as caught:
        Sandbox(upstream=url or " ")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:11434" in str(caught.value)


@pytest.mark.parametrize(
    ("models", "page", "words"),
    [
        (None, None, "has no list of models at /v1/models: it does not speak OpenAI's protocol"),
        (None, b"<html>hello</html>", "answered with a web page"),
        ([], None, "has no model yet"),
    ],
)
def test_a_server_without_models_is_said_to_have_none(client_of, models, page, words):
    with UpstreamServer(models) as upstream:
        upstream.page = page
        with Sandbox(upstream=upstream.url) as sandbox:
            assert words in client_of(sandbox).chat().json()["errors"][0]["message"]
            assert words in sandbox.upstream_report()


def test_the_answer_names_its_author_if_that_is_another_model(client, upstream):
    warnings = client.chat(max_completion_tokens=5).json()["system"]["warnings"]
    assert [each["id"] for each in warnings] == ["sandbox_upstream"]
    assert "'granite4:tiny-h'" in warnings[0]["message"]
    assert upstream.url in warnings[0]["message"]
    reply = client.chat(model_id="granite4:tiny-h", max_completion_tokens=5)
    assert reply.json()["system"]["warnings"] == []


@all_cases("fault", ["cut", "cut-clean", "error-event", "malformed-event",
                                   "usage-missing", "reset-after"])  # fmt: skip
def test_faults_hit_the_upstreams_streams_too(client, upstream, fault):
    upstream.behave = answers("one two three four five six seven")
    client.sandbox.fault(fault)
    try:
        body = client.stream().content
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        assert fault in ("cut", "reset-after")
        return
    shown = {"error-event": b"event: error", "malformed-event": b"seven"}.get(fault, b"data")
    assert shown in body
    assert (b'"usage"' in body) == (fault == "malformed-event")


def test_a_stream_that_is_cut_by_a_fault_ends_the_upstreams_request(client, upstream):
    def behave(handler, _body):
        handler.begin()
        for word in range(5):
            handler.event({"choices": [{"index": 0, "delta": {"content": f"{word} "}}]})
        handler.wait_until_gone()

    upstream.behave = behave
    client.sandbox.fault("cut-clean", after=2)
    assert client.stream().content.count(b"\n\n") == 2
    assert upstream.client_gone.wait(10)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "delta", "content", "text", "tool_calls", "index",
                         "function", "name", "arguments", "usage", "prompt_tokens", "error",
                         "finish_reason", "code", "completion_tokens_details", "id"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_values, st.booleans(), st.sampled_from(["chat", "generation"]))
def test_no_json_at_all_of_an_upstream_makes_the_sandbox_fail(client, upstream, value, wrap, kind):
    document = {"choices": [value]} if wrap else value

    def behave(handler, body):
        if not body["stream"]:
            handler.json(document)
            return
        handler.begin()
        handler.event(document)
        handler.end()

    upstream.behave = behave
    whole, streamed = {"chat": (client.chat, client.stream),
                       "generation": (client.generate, client.stream_generation)}[kind]  # fmt: skip
    reply = whole()
    assert reply.status_code in (200, 500)
    assert "sandbox_failed" not in reply.text
    reply = streamed()
    assert reply.status_code == 200
    assert reply.content.endswith(b"}\n\n")


def test_two_sandboxes_share_one_upstream(upstream, client_of):
    with Sandbox(upstream=upstream.url) as one, Sandbox(upstream=upstream.url) as other:
        assert one.url != other.url
        assert client_of(one).chat().status_code == 200
        assert client_of(other).chat().status_code == 200
        assert client_of(one).exchange(other.api_key).status_code == 400
