"""Every fault does what it says, to the calls that it says, as often as it says."""

from __future__ import annotations

import json

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, Timeout
from support.cases import all_cases

from wx_notebook.sandbox import FAULTS, Sandbox

WORDS = "one two three four five six"


def test_each_fault_has_one_line():
    assert set(FAULTS) == {
        "no-schema",
        *("429", "500", "503", "502-html", "reset", "reset-after", "redirect"),
        *("expired", "revoked"),
        *("cut", "cut-clean", "stall", "error-event", "malformed-event", "usage-missing"),
        *("slow-iam", "iam-500", "iam-html"),
        *("413", "job-fails", "job-expires"),
        *("lines-missing", "lines-twice", "lines-foreign", "lines-cut"),
    }
    assert all(line and "\n" not in line for line in FAULTS.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("429", (429, "rate_limit_reached_requests")),
        ("500", (500, "downstream_request_failed")),
        ("503", (503, "service_unavailable")),
    ],
)
def test_a_refusal_hits_as_many_prompts_as_asked_and_nothing_else(client, code_of, name, expected):
    client.sandbox.fault(name, times=2)
    assert client.exchange().status_code == 200
    assert client.get("/v2/projects").status_code == 200
    assert code_of(client.chat()) == expected
    assert code_of(client.stream()) == expected
    assert client.generate().status_code == 200


def test_a_fault_hits_once_by_default(client):
    client.sandbox.fault("503")
    assert [client.chat().status_code for _ in range(3)] == [503, 200, 200]
    client.sandbox.fault("503", times=None)
    assert [client.chat().status_code for _ in range(3)] == [503, 503, 503]
    client.sandbox.clear_faults()
    assert client.chat().status_code == 200


def test_faults_follow_each_other_in_the_order_in_which_they_were_switched_on(client):
    client.sandbox.fault("503")
    client.sandbox.fault("429")
    assert [client.chat().status_code for _ in range(3)] == [503, 429, 200]


def test_a_429_has_retry_after_only_on_request(client):
    client.sandbox.fault("429")
    client.sandbox.fault("429", retry_after=0)
    client.sandbox.fault("429", retry_after=1.5)
    replies = [client.chat() for _ in range(3)]
    assert [reply.headers.get("Retry-After") for reply in replies] == [None, "0", "1.5"]
    assert {reply.headers["x-requests-limit-remaining"] for reply in replies} == {"0"}


def test_a_fault_can_be_aimed_at_other_calls(client):
    client.sign_in()
    client.sandbox.fault("503", on="token")
    client.sandbox.fault("500", on={"models", "projects"}, times=2)
    client.sandbox.fault("429", on="any")
    assert client.exchange().status_code == 503
    assert client.get("/ml/v1/foundation_model_specs").status_code == 500
    assert client.exchange().status_code == 429
    assert client.get("/v2/projects").status_code == 500


def test_a_constructors_fault_stays_on_and_may_have_a_probability(client_of):
    with Sandbox(faults=["503"]) as sandbox:
        assert [client_of(sandbox).chat().status_code for _ in range(3)] == [503] * 3
    statuses = []
    for _ in range(2):
        with Sandbox(faults=["503=0.5", "429=0"]) as sandbox:
            client = client_of(sandbox)
            statuses.append([client.chat().status_code for _ in range(40)])
    assert 5 < statuses[0].count(503) < 35
    assert statuses[0].count(429) == 0
    # the same requests meet the same faults
    assert statuses[0] == statuses[1]


@all_cases(
    ("text", "words"),
    [
        ("stal", "Did you mean 'stall'"),
        ("nothing-like-it", "Faults: 429"),
        ("503=2", "from 0 to 1"),
        ("503=often", "from 0 to 1"),
        ("503=", "from 0 to 1"),
        ("503=nan", "from 0 to 1"),
    ],
)
def test_an_unknown_fault_is_an_error_at_once(sandbox, text, words):
    with pytest.raises(ValueError, match=words):
        sandbox.fault(text)
    with pytest.raises(ValueError, match=words):
        Sandbox(faults=[text])


@all_cases(("name", "on"), [("503", "lunch"), ("cut", "chat"), ("iam-500", "chat"), ("stall", ())])
def test_a_fault_that_could_never_hit_is_an_error_at_once(sandbox, name, on):
    with pytest.raises(ValueError, match=f"fault '{name}' cannot hit"):
        sandbox.fault(name, on=on)


def test_a_bad_gateway_is_a_page_with_a_script(client):
    client.sandbox.fault("502-html")
    reply = client.chat()
    assert reply.status_code == 502
    assert reply.headers["Content-Type"] == "text/html"
    assert "<script>" in reply.text


def test_a_redirect_names_the_other_url_and_does_nothing_else(client_of, client):
    with Sandbox() as other:
        client.sandbox.fault("redirect", to=f"{other.url}/identity/token")
        reply = client.http.post(
            f"{client.sandbox.url}/identity/token", data={}, allow_redirects=False, timeout=10
        )
        assert other.calls == []
    assert (reply.status_code, reply.headers["Location"]) == (307, f"{other.url}/identity/token")
    client.sandbox.fault("redirect", on="chat")
    assert client.chat().headers["Location"] == "https://elsewhere.invalid/"


def test_an_expired_token_stays_expired_and_a_new_one_is_good(client, code_of):
    client.sign_in()
    client.sandbox.fault("expired")
    assert code_of(client.chat()) == (401, "authentication_token_expired")
    assert code_of(client.chat()) == (401, "authentication_token_expired")
    client.sign_in()
    assert client.chat().status_code == 200


def test_an_expired_token_of_the_constructor_expires_once(client_of):
    with Sandbox(faults=["expired"]) as sandbox:
        client = client_of(sandbox)
        assert client.chat().status_code == 401
        client.sign_in()
        assert client.chat().status_code == 200


def test_a_reset_ends_the_connection_before_any_byte(client):
    client.sign_in()
    client.sandbox.fault("reset")
    with client.connect() as connection:
        connection.sendall(client.raw_prompt(client.chat_body()))
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    client.sandbox.fault("reset")
    with pytest.raises(requests.ConnectionError):
        client.chat()
    assert client.chat().status_code == 200
    assert [call.status for call in client.sandbox.calls if call.kind != "token"] == [
        None,
        None,
        200,
    ]


def chunks_until_error(reply: requests.Response) -> tuple[bytes, Exception | None]:
    body = b""
    try:
        for chunk in reply.iter_content(None):
            body += chunk
    except (ChunkedEncodingError, requests.ConnectionError) as error:
        return body, error
    return body, None


@all_cases("after", [0, 1, 3, 8, 99])
def test_a_cut_stream_breaks_off_after_whole_events_and_http_shows_it(client, events_of, after):
    client.sandbox.say(WORDS)
    client.sandbox.fault("cut", after=after)
    body, error = chunks_until_error(client.stream())
    assert isinstance(error, ChunkedEncodingError)
    assert body.count(b"\n\n") == min(after, 8)
    assert body == b"" or body.endswith(b"}\n\n")


def test_a_cut_is_in_the_middle_by_default(client):
    for stream in (client.stream, client.stream_generation):
        client.sandbox.say(WORDS)
        client.sandbox.fault("cut")
        body, error = chunks_until_error(stream())
        assert error is not None
        assert body.count(b"\n\n") in (3, 4)


def test_a_clean_cut_ends_early_and_http_does_not_show_it(client, events_of):
    client.sandbox.say(WORDS)
    client.sandbox.fault("cut-clean", after=3)
    body, error = chunks_until_error(client.stream())
    assert error is None
    texts = [c["delta"]["content"] for e in events_of(body) for c in e["data"]["choices"]]
    assert texts == ["", "one ", "two "]


def test_a_stalled_stream_sends_some_events_and_then_nothing_until_the_client_leaves(client):
    client.sandbox.say(WORDS)
    client.sandbox.fault("stall", after=2)
    with client.connect() as connection:
        connection.sendall(client.raw_prompt(client.chat_body()))
        body = b""
        while body.count(b"\n\n") < 2:
            body += connection.recv(65_536)
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        (call,) = [call for call in client.sandbox.calls if call.kind == "chat_stream"]
        assert (call.status, call.seconds, call.client_gone) == (200, None, False)
    assert client.sandbox.wait_for(lambda call: call.client_gone).kind == "chat_stream"


def test_a_stalled_stream_ends_when_the_sandbox_closes(client_of):
    with Sandbox(faults=["stall"]) as sandbox:
        client = client_of(sandbox)
        with client.connect() as connection:
            connection.sendall(client.raw_prompt(client.chat_body()))
            body = b""
            while b"id: 1\n" not in body:
                body += connection.recv(65_536)
            sandbox.close()
            body += b"".join(iter(lambda: connection.recv(65_536), b""))
    assert not body.endswith(b"0\r\n\r\n")
    (call,) = [call for call in sandbox.calls if call.kind == "chat_stream"]
    # it was the sandbox that left
    assert not call.client_gone


def test_an_error_event_ends_a_stream(client, events_of):
    client.sandbox.say(WORDS)
    client.sandbox.fault("error-event", after=3)
    body, error = chunks_until_error(client.stream())
    assert error is None
    *_, last = body.decode().removesuffix("\n\n").split("\n\n")
    number, name, data = last.split("\n")
    assert (number, name) == ("id: 4", "event: error")
    document = json.loads(data.removeprefix("data: "))
    assert document["errors"][0]["code"] == "downstream_request_failed"
    assert document["status_code"] == 500


@pytest.mark.parametrize(("after", "broken"), [(None, 4), (0, 0), (99, 7)])
def test_a_malformed_event_is_no_json_while_the_others_are(client, after, broken):
    client.sandbox.say(WORDS)
    client.sandbox.fault("malformed-event", after=after)
    body, error = chunks_until_error(client.stream())
    assert error is None
    events = body.decode().removesuffix("\n\n").split("\n\n")
    assert len(events) == 8
    for index, event in enumerate(events):
        data = event.partition("data: ")[2]
        if index == broken:
            with pytest.raises(ValueError, match="Expecting"):
                json.loads(data)
        else:
            json.loads(data)


def test_a_stream_without_its_usage_event_ends_properly_all_the_same(client, events_of):
    client.sandbox.say(WORDS)
    client.sandbox.fault("usage-missing")
    assert client.stream_generation().status_code == 200
    client.sandbox.say(WORDS)
    body, error = chunks_until_error(client.stream())
    assert error is None
    last = events_of(body)[-1]["data"]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert b'"usage"' not in body


def test_faults_of_streams_leave_whole_answers_alone(client):
    for name in ("cut", "cut-clean", "stall", "error-event", "malformed-event"):
        client.sandbox.fault(name)
    assert client.chat().status_code == 200
    assert client.generate().status_code == 200


def test_iam_fails_in_its_own_ways(client):
    client.sandbox.fault("iam-500")
    client.sandbox.fault("iam-html")
    first, second, third = (client.exchange() for _ in range(3))
    assert first.status_code == 500
    assert first.json()["errorCode"]
    assert second.status_code == 502
    assert "<script>" in second.text
    assert third.status_code == 200


def test_a_slow_iam_keeps_a_client_waiting_until_it_leaves(client):
    client.sandbox.fault("slow-iam", seconds=1000)
    with pytest.raises(Timeout):
        requests.post(
            f"{client.sandbox.url}/identity/token",
            data={
                "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
                "apikey": client.sandbox.api_key,
            },
            timeout=0.05,
        )
    call = client.sandbox.wait_for(lambda call: call.client_gone)
    assert (call.kind, call.status) == ("token", None)


def test_a_slow_iam_answers_in_the_end(client):
    client.sandbox.fault("slow-iam", seconds=0.05)
    assert client.exchange().status_code == 200
    assert client.sandbox.wait_for(lambda call: call.seconds is not None).seconds >= 0.05


def test_a_fault_in_a_stream_waits_for_a_prompt_that_passes_the_checks(client):
    client.sandbox.fault("cut-clean", after=1)
    assert client.stream(model_id="none").status_code == 404
    assert client.stream().content.count(b"\n\n") == 1
