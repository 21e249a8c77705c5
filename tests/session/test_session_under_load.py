"""Calls that never stop, while tokens end and are revoked: none fails, and IAM is left in peace."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

import wx_notebook as wx
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow

MODEL = "ibm/granite-4-h-small"


@contextmanager
def calling(session, threads=8):
    """Let threads call without a pause; afterwards the result is (calls, errors)."""
    over, calls, errors = threading.Event(), [], []

    def call():
        while not over.is_set():
            try:
                session.chat("hello", model=MODEL)
                calls.append(1)
            except Exception as problem:  # noqa: BLE001
                errors.append(repr(problem))

    workers = [threading.Thread(target=call) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield calls, errors
    finally:
        over.set()
        for worker in workers:
            worker.join(60)


def connected(sandbox):
    return wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)


def test_tokens_that_live_for_seconds_fail_no_call_and_cost_no_exchange_a_call():
    lifetime_s = 3
    with Sandbox(token_lifetime_s=lifetime_s, requests_per_second=100_000) as sandbox:
        began = time.monotonic()
        with calling(connected(sandbox)) as (calls, errors):
            # several lives, and as many again on a slow machine
            while sandbox.counts["token"] < 4 and time.monotonic() - began < 60:
                threading.Event().wait(0.05)
        lives = (time.monotonic() - began) / lifetime_s
        assert errors == []
        assert len(calls) > sandbox.counts["token"]
        # renewed a fifth of its life before its end, and the first
        assert sandbox.counts["token"] <= lives * 1.5 + 2


def test_tokens_revoked_under_load_fail_no_call_and_cost_one_exchange_a_revocation():
    revocations = 8
    # the service's usual eight requests a second would be kept to: no load
    with Sandbox(requests_per_second=100_000) as sandbox:
        with calling(connected(sandbox)) as (calls, errors):
            for number in range(revocations):
                # only one that is in use can be missed
                before = len(calls)
                deadline = time.monotonic() + 30
                while len(calls) < before + 16 and time.monotonic() < deadline:
                    threading.Event().wait(0.01)
                assert sandbox.counts["token"] <= number + 1
                sandbox.revoke_tokens()
            before = len(calls)
            deadline = time.monotonic() + 30
            while len(calls) < before + 16 and time.monotonic() < deadline:
                threading.Event().wait(0.01)
        assert errors == []
        assert sandbox.counts["token"] == revocations + 1
