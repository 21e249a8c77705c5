"""Faults that are switched while the sandbox runs, over HTTP; and only by this machine's user."""

from __future__ import annotations

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

PATH = "/sandbox/faults"


@pytest.fixture
def switch(client):
    """Posts fields with the page's token, or with others."""

    def post(headers=None, **fields):
        fields = {"token": client.sandbox.page_token, **fields}
        fields = {name: value for name, value in fields.items() if value is not None}
        url = client.sandbox.url + PATH
        return requests.post(url, data=fields, headers=headers, timeout=10, allow_redirects=False)

    return post


def test_a_fault_is_switched_on_for_one_call_by_default(client, switch):
    assert switch(fault="503").json() == {"faults": ["503"]}
    assert [client.chat().status_code for _ in range(2)] == [503, 200]
    switch(fault="503", times="2")
    assert [client.chat().status_code for _ in range(3)] == [503, 503, 200]
    switch(fault="503", times="always")
    assert [client.chat().status_code for _ in range(3)] == [503, 503, 503]
    assert switch(off="0").json() == {"faults": []}
    assert client.chat().status_code == 200


def test_one_that_has_a_probability_stays_on(client, switch):
    switch(fault="503=0.5")
    switch(fault="429", probability="0")
    statuses = [client.chat().status_code for _ in range(40)]
    assert 5 < statuses.count(503) < 35
    assert switch(off="all").json() == {"faults": []}


def test_all_that_the_command_line_takes_is_taken_here_too(client, switch):
    switch(fault="429=1,retry_after=2,times=1")
    reply = client.chat()
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2")
    assert reply.headers["x-requests-limit-remaining"] == "0"
    switch(fault="500", on="token+models", times="2")
    assert client.chat().status_code == 200
    assert client.exchange().status_code == 500
    switch(fault="cut-clean", after="1")
    assert client.stream().content.count(b"\n\n") == 1


def test_a_program_may_send_json_and_the_token_in_a_header(client):
    url, token = client.sandbox.url + PATH, client.sandbox.page_token
    reply = requests.post(
        url, json={"fault": "503"}, headers={"X-Sandbox-Token": token}, timeout=10
    )
    assert reply.json() == {"faults": ["503"]}


@all_cases(
    ("fields", "words"),
    [
        ({"fault": "stal"}, "Did you mean 'stall'"),
        ({"fault": "503", "probability": "2"}, "from 0 to 1"),
        ({"fault": "503", "times": "often"}, "times=often must be a whole number"),
        ({"fault": "slow-iam", "seconds": "-1"}, "seconds=-1 must be a number of seconds"),
        ({"fault": "slow-iam", "seconds": "nan"}, "seconds=nan must be a number of seconds"),
        ({"fault": "503,hard=1"}, "Unknown option 'hard=1' of a fault"),
        ({"fault": "503,"}, "Unknown option '' of a fault"),
        ({"fault": "cut", "on": "token"}, "fault 'cut' cannot hit"),
        ({}, "Name a fault, as in fault=cut=0.05, or send off=all."),
        ({"off": "x"}, "Name a fault"),
    ],
)
def test_a_bad_switch_gets_an_error_and_changes_nothing(client, switch, fields, words):
    reply = switch(**fields)
    assert reply.status_code == 400
    assert words in reply.text
    assert client.chat().status_code == 200


def test_a_switch_needs_the_token(client, switch):
    for token in (None, "", "guess", "ö"):
        reply = switch(fault="503", token=token)
        assert reply.status_code == 403
        assert "Take it from the page" in reply.text
    assert client.chat().status_code == 200


@all_cases(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_no_page_of_another_site_switches_even_with_the_token(client, switch, headers):
    assert switch(headers, fault="503").status_code == 403
    assert client.chat().status_code == 200


def test_only_post_switches(client):
    url = f"{client.sandbox.url}{PATH}?fault=503&token={client.sandbox.page_token}"
    assert requests.get(url, timeout=10).status_code == 405
    assert client.chat().status_code == 200


def test_two_sandboxes_have_two_tokens(client, switch):
    with Sandbox() as other:
        assert other.page_token != client.sandbox.page_token
        assert switch(fault="503", token=other.page_token).status_code == 403


def test_what_is_switched_is_not_in_the_record(client, switch):
    switch(fault="slow-iam", seconds="0.01")
    assert client.sandbox.calls == []
    assert client.sandbox.counts == {}


def test_a_constructors_fault_takes_the_same_options(client_of):
    with Sandbox(faults=["429=1,retry_after=3", "slow-iam,seconds=0.01"]) as sandbox:
        client = client_of(sandbox)
        assert [client.chat().headers["Retry-After"] for _ in range(2)] == ["3", "3"]


def test_a_revoked_token_stays_revoked_and_a_new_one_is_good(client, code_of):
    client.sign_in()
    client.sandbox.fault("revoked")
    assert code_of(client.chat()) == (401, "authentication_token_not_valid")
    assert code_of(client.chat()) == (401, "authentication_token_not_valid")
    client.sign_in()
    assert client.chat().status_code == 200


def test_a_reset_after_the_first_bytes_leaves_half_an_answer(client):
    client.sandbox.fault("reset-after", times=2)
    with client.connect() as connection:
        connection.sendall(client.raw_prompt(client.chat_body(), "/ml/v1/text/chat"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ConnectionResetError):
            connection.recv(65_536)
    with pytest.raises((ChunkedEncodingError, requests.ConnectionError)):
        client.stream().content  # noqa: B018  # reads it
    assert client.chat().status_code == 200
