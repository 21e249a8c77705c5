"""One limiter for all threads of a session: it paces, and learns from what it is refused."""

from __future__ import annotations

import threading

import pytest

from wx_notebook.service.rate_limit import RateLimiter


class Clock:
    """A clock that a limiter's own waiting moves on."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(clock):
    return RateLimiter(clock)


def headers(rate, left=1):
    return {"x-requests-limit-rate": str(rate), "x-requests-limit-remaining": str(left)}


def pause(limiter, clock):
    """How long the next request would wait."""
    return max(limiter._pause_s(clock()), 0.0)


def send(limiter, clock, number=1):
    """Send as soon as it is allowed; return when each was sent, from the first on."""
    sent = []
    for _ in range(number):
        clock.now += pause(limiter, clock)
        limiter.enter(lambda: None)
        sent.append(clock.now)
    return [round(at - 100, 3) for at in sent]


def test_without_a_word_of_the_service_nothing_waits(limiter, clock):
    assert send(limiter, clock, 200) == [0.0] * 200


def test_the_limit_of_the_service_is_kept_in_every_second(limiter, clock):
    limiter.leave(200, headers(8))
    sent = send(limiter, clock, 40)
    for at in range(len(sent) - 8):
        assert sent[at + 8] - sent[at] > 1.0
    assert sent[-1] == pytest.approx(39 // 8, rel=0.02)


def test_a_lone_429_slows_nothing_and_several_slow_all(limiter, clock):
    for _ in range(2):
        limiter.leave(200, {})
        limiter.leave(429, {})
        clock.now += 5
    assert pause(limiter, clock) == 0
    for _ in range(16):
        limiter.leave(200, {})
    for _ in range(3):
        limiter.leave(429, {})
    assert limiter.paused_s() == 1.0
    clock.now += 1.0
    first, *rest = send(limiter, clock, 9)
    # 16 were accepted in two seconds: a little less than 8 a second is tried
    assert rest[0] - first == pytest.approx(1 / 7.2, rel=0.02)


def test_after_a_refusal_the_rate_grows_until_the_limit_of_the_service(limiter, clock):
    limiter.leave(200, headers(8))
    for _ in range(3):
        limiter.leave(429, headers(8, 0))
    send(limiter, clock)
    assert limiter._found(clock()) < 8
    clock.now += 60
    assert limiter._found(clock()) is None
    assert send(limiter, clock, 8)[-1] == pytest.approx(61)


def test_several_refusals_wait_as_long_as_the_service_says(limiter):
    for _ in range(3):
        limiter.leave(429, {"Retry-After": "7"})
    assert limiter.paused_s() == 7


@pytest.mark.slow
def test_a_prompt_of_a_person_goes_before_rows_that_wait():
    limiter, order, started = RateLimiter(), [], []
    limiter.leave(200, headers(2))

    def go(name, background):
        started.append(name)
        limiter.enter(lambda: None, background=background)
        order.append(name)

    for _ in range(2):
        limiter.enter(lambda: None)
    threads = [threading.Thread(target=go, args=(f"row {n}", True)) for n in range(3)]
    threads += [threading.Thread(target=go, args=("prompt", False))]
    for number, thread in enumerate(threads):
        thread.start()
        while len(limiter._waiting) < number + 1:
            pass
    for thread in threads:
        thread.join()
    assert order[0] == "prompt"


def test_who_waits_hears_that_the_session_was_closed(limiter, clock):
    limiter.leave(200, headers(1))
    send(limiter, clock)

    def closed():
        raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"):
        limiter.enter(closed)
    assert limiter._waiting == []
