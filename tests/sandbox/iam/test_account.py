"""Tokens of any lifetime, keys that change, clocks that are off, regions of one account."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

import pytest

from wx_notebook.sandbox import FAULTS, Sandbox

NOW = 1_790_000_000.0
EXPIRED = (401, "authentication_token_expired")
NOT_VALID = (401, "authentication_token_not_valid")
KINDS = ("cloud", "mcsp", "software")


def sign_in(client, key: str | None = None):
    """Exchange a key for a token in the way of the sandbox's kind."""
    sandbox = client.sandbox
    key = key or sandbox.api_key
    if sandbox.kind == "cloud":
        return client.exchange(key)
    if sandbox.kind == "mcsp":
        path, body = "/api/2.0/apikeys/token", {"apikey": key}
    else:
        path, body = "/icp4d-api/v1/authorize", {"username": sandbox.username, "api_key": key}
    return client.http.post(sandbox.url + path, json=body, timeout=10)


def token_in(reply) -> str:
    document = reply.json()
    return document.get("access_token") or document["token"]


@pytest.fixture(params=KINDS)
def any_client(request, client_of, clock):
    with Sandbox(kind=request.param, clock=clock, wall_clock=lambda: NOW) as running:
        yield client_of(running)


@pytest.fixture
def regions(client_of, clock):
    """Clients of two regions of one account."""
    with Sandbox(clock=clock) as first, Sandbox(account=first, clock=clock) as second:
        yield client_of(first), client_of(second)


def test_the_default_kind_is_the_cloud():
    assert Sandbox().kind == "cloud"
    assert [Sandbox(kind=kind).kind for kind in KINDS] == list(KINDS)
    with pytest.raises(ValueError, match=r"Unknown kind 'aws'. Kinds: cloud, mcsp, software"):
        Sandbox(kind="aws")


def test_every_start_has_another_user_another_password_and_another_profile():
    first, second = Sandbox(), Sandbox()
    for name in ("username", "password", "profile_id"):
        assert getattr(first, name) != getattr(second, name)


def test_the_lifetime_of_the_next_token_can_be_changed_at_any_time(
    any_client, clock, code_of, claims_of
):
    long = token_in(sign_in(any_client))
    any_client.sandbox.token_lifetime_s = 3
    assert any_client.sandbox.token_lifetime_s == 3
    short = any_client.token = token_in(sign_in(any_client))
    assert claims_of(short)["exp"] - claims_of(short)["iat"] == 3
    clock.now += 2.9
    assert any_client.chat().status_code == 200
    clock.now += 0.1
    assert code_of(any_client.chat()) == EXPIRED
    any_client.token = long
    assert any_client.chat().status_code == 200


@pytest.mark.parametrize("seconds", [math.inf, math.nan])
def test_a_lifetime_is_a_number_of_seconds(sandbox, seconds):
    with pytest.raises(ValueError, match="cannot be valid for"):
        sandbox.token_lifetime_s = seconds
    with pytest.raises(ValueError, match="cannot be valid for"):
        sandbox.issue_token(lifetime_s=seconds)
    with pytest.raises(ValueError, match="cannot be valid for"):
        Sandbox(token_lifetime_s=seconds)


def test_a_token_can_be_had_ready_made_with_a_lifetime_of_its_own(
    any_client, clock, code_of, claims_of
):
    any_client.token = any_client.sandbox.issue_token(lifetime_s=60)
    told = claims_of(any_client.token)
    assert (told["iat"], told["exp"]) == (NOW, NOW + 60)
    assert any_client.chat().status_code == 200
    clock.now += 60
    assert code_of(any_client.chat()) == EXPIRED
    any_client.token = any_client.sandbox.issue_token()
    assert claims_of(any_client.token)["exp"] == NOW + 3600
    assert any_client.sandbox.counts["token"] == 0


def test_a_ready_made_token_may_have_expired_already(any_client, code_of, claims_of):
    for seconds in (0, -100):
        any_client.token = any_client.sandbox.issue_token(lifetime_s=seconds)
        assert claims_of(any_client.token)["exp"] == NOW + seconds
        assert code_of(any_client.chat()) == EXPIRED


def test_revoked_tokens_are_not_valid_any_more_and_new_ones_are(any_client, code_of):
    any_client.token = any_client.sandbox.issue_token()
    any_client.sandbox.revoke_tokens()
    assert code_of(any_client.chat()) == NOT_VALID
    any_client.token = token_in(sign_in(any_client))
    assert any_client.chat().status_code == 200


def test_an_expired_token_of_a_fault_stays_expired(any_client, code_of):
    any_client.token = any_client.sandbox.issue_token()
    any_client.sandbox.fault("expired")
    assert [code_of(any_client.chat()) for _ in range(2)] == [EXPIRED, EXPIRED]
    assert "expired" in FAULTS


def test_a_replaced_key_is_unknown_and_the_new_one_is_good(any_client):
    sandbox = any_client.sandbox
    old = sandbox.api_key
    any_client.token = token_in(sign_in(any_client))
    new = sandbox.replace_key()
    assert new == sandbox.api_key != old
    assert len(new) == len(old)
    refused = sign_in(any_client, old)
    assert refused.status_code == (401 if sandbox.kind == "software" else 400)
    assert sandbox.kind == "software" or refused.json()["errorCode"] == "BXNIM0415E"
    assert any_client.chat().status_code == 200
    any_client.token = token_in(sign_in(any_client, new))
    assert any_client.chat().status_code == 200
    assert old not in repr(sandbox.calls)
    assert new not in repr(sandbox.calls)


def test_a_new_key_is_not_disabled(any_client):
    any_client.sandbox.disable_key()
    assert sign_in(any_client).status_code in (400, 401)
    any_client.sandbox.replace_key()
    assert sign_in(any_client).status_code == 200


def test_every_reply_tells_the_date(client_of, code_of):
    with Sandbox(wall_clock=lambda: NOW) as sandbox:
        client = client_of(sandbox)
        replies = [client.exchange(), client.exchange("wrong"), client.chat(), client.stream()]
        replies += [client.get("/nothing"), client.get("/", auth=False)]
        client.sandbox.fault("502-html")
        replies.append(client.chat())
        dates = {reply.headers["Date"] for reply in replies}
        garbage = client.raw(b"BREW / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert dates == {"Mon, 21 Sep 2026 14:13:20 GMT"}
    assert b"\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n" in garbage


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [-86_400, 3600])
def test_dates_can_be_off_while_tokens_live_as_long_as_ever(
    client_of, clock, claims_of, code_of, kind, offset
):
    with Sandbox(kind=kind, clock=clock, wall_clock=lambda: NOW, date_offset_s=offset) as sandbox:
        client = client_of(sandbox)
        reply = sign_in(client)
        assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == NOW + offset
        client.token = token_in(reply)
        told = claims_of(client.token)
        assert (told["iat"], told["exp"]) == (NOW + offset, NOW + offset + 3600)
        assert reply.json().get("expires_in", 3600) == 3600
        assert reply.json().get("expiration", told["exp"]) == told["exp"]
        assert client.chat().json()["created"] == NOW
        clock.now += 3599
        assert client.chat().status_code == 200
        clock.now += 1
        assert code_of(client.chat()) == EXPIRED


def test_regions_share_user_key_and_profile_and_have_their_own_projects(regions):
    first, second = (client.sandbox for client in regions)
    for name in ("api_key", "username", "password", "profile_id", "kind"):
        assert getattr(first, name) == getattr(second, name)
    for name in ("url", "project_id", "bare_project_id", "space_id", "storage_secret"):
        assert getattr(first, name) != getattr(second, name)


def test_a_token_of_one_region_is_good_at_the_other_and_its_project_is_not(regions, code_of):
    for here, there in (regions, regions[::-1]):
        there.token = here.sign_in()
        assert there.chat().status_code == 200
        elsewhere = there.chat(project_id=here.sandbox.project_id)
        assert code_of(elsewhere) == (404, "container_not_found")
        path = f"/v2/projects/{here.sandbox.project_id}"
        assert code_of(there.get(path)) == (404, "not_found")
        assert here.get(path).status_code == 200


def test_spaces_and_tokens_name_the_same_account_in_each_region(regions, claims_of):
    for client in regions:
        space = client.get(f"/v2/spaces/{client.sandbox.space_id}").json()
        told = claims_of(client.token)["account"]["bss"]
        assert space["entity"]["scope"]["bss_account_id"] == told
    assert claims_of(regions[0].token)["account"] == claims_of(regions[1].token)["account"]


def test_what_happens_to_a_key_or_to_tokens_happens_in_each_region(regions, code_of):
    first, second = regions
    second.token = first.sign_in()
    first.sandbox.revoke_tokens()
    assert code_of(second.chat()) == NOT_VALID
    new = second.sandbox.replace_key()
    assert first.sandbox.api_key == new
    assert first.exchange(new).status_code == 200
    first.sandbox.disable_key()
    assert second.exchange().status_code == 400
    assert new not in repr(second.sandbox.calls + first.sandbox.calls)


def test_each_region_has_its_own_lifetime_its_own_answers_and_its_own_record(regions, claims_of):
    first, second = regions
    second.sandbox.token_lifetime_s = 3
    assert first.sandbox.token_lifetime_s == 3600
    told = [claims_of(client.sign_in()) for client in regions]
    assert [each["exp"] - each["iat"] for each in told] == [3600, 3]
    first.sandbox.say("from the first")
    assert "from the first" not in second.chat().text
    assert first.sandbox.counts == {"token": 1}
    assert second.sandbox.counts == {"token": 1, "chat": 1}


def test_a_token_lives_by_the_clock_of_the_server_that_issued_it(client_of, clock, code_of):
    with Sandbox(clock=clock) as first, Sandbox(account=first, clock=lambda: 0) as second:
        client = client_of(second)
        client.token = first.issue_token()
        clock.now += 3600
        assert code_of(client.chat()) == EXPIRED


def test_regions_outlive_each_other(client_of):
    with Sandbox(kind="mcsp") as first, Sandbox(account=first) as second:
        assert second.kind == "mcsp"
        first.close()
        client = client_of(second)
        client.token = token_in(sign_in(client))
        assert client.chat().status_code == 200


def test_servers_of_two_kinds_share_no_account():
    with pytest.raises(ValueError, match="'software' server cannot share the account of a 'cloud'"):
        Sandbox(account=Sandbox(), kind="software")
