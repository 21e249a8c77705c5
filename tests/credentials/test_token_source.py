"""A token that is always fresh: one exchange at a time, early, by a clock that a test moves."""

from __future__ import annotations

import gc
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport.servers import caught, connect, http, interrupt_when

from wx_notebook.credentials import token_source
from wx_notebook.credentials.exchange.iam import exchange_api_key
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.errors import Interrupted, KeyRefused, ServiceDown, WatsonxError
from wx_notebook.sandbox import Sandbox
from wx_notebook.transport import Transport

HOUR = 3600.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Iam:
    """Issues tokens `t1`, `t2`, ... of one lifetime; can be made to fail, and to wait."""

    def __init__(self, clock, lifetime_s=HOUR):
        self.clock, self.lifetime_s = clock, lifetime_s
        self.asked = 0
        self.fails: BaseException | None = None
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self):
        self.asked += 1
        self.entered.set()
        began = self.clock()
        assert self.go_on.wait(10)
        if isinstance(self.fails, Interrupted):
            # the button is pressed once
            failure, self.fails = self.fails, None
            raise failure
        if self.fails is not None:
            raise self.fails
        return Token(Secret(f"t{self.asked}"), began + self.lifetime_s, self.lifetime_s)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def iam(clock):
    return Iam(clock)


@pytest.fixture
def source(iam, clock):
    return TokenSource(iam, clock=clock)


def soon(condition, seconds=10.0):
    """Whether `condition` holds at once or after a while: another thread has to come to it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.002)
    return True


def at_once(number, call):
    """Call from `number` threads at the same time; what each returned or raised."""
    results: list[object] = [None] * number
    everybody = threading.Barrier(number)

    def one(index):
        everybody.wait(10)
        try:
            results[index] = call()
        except BaseException as problem:  # noqa: BLE001
            results[index] = problem

    threads = [threading.Thread(target=one, args=[index]) for index in range(number)]
    for thread in threads:
        thread.start()
    return threads, results


def joined(threads):
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads), "a caller waits for ever"


# --- when --------------------------------------------------------------------------------------


def test_nothing_is_asked_before_the_first_use(source, iam):
    assert iam.asked == 0
    assert source.current() is None
    assert source.seconds_left() == 0


def test_a_token_is_used_again_while_it_is_fresh(source, iam):
    assert [source.token().value.reveal() for _ in range(10)] == ["t1"] * 10
    assert iam.asked == 1


@pytest.mark.parametrize(
    ("lifetime_s", "lead_s"),
    [(3, 0.6), (60, 12), (900, 180), (1500, 300), (3600, 300), (86_400, 300)],
)
def test_it_is_renewed_early_by_a_fifth_of_its_life_and_five_minutes_at_most(
    lifetime_s, lead_s, clock
):
    iam = Iam(clock, lifetime_s)
    source = TokenSource(iam, clock=clock)
    source.token()
    clock.now = 1000 + lifetime_s - lead_s - 0.01
    assert source.token().value.reveal() == "t1"
    assert iam.asked == 1
    clock.now = 1000 + lifetime_s - lead_s + 0.01
    source.token()
    assert soon(lambda: source.current().value.reveal() == "t2")
    assert iam.asked == 2


@given(
    st.sampled_from([3.0, 60.0, 900.0, HOUR]),
    st.lists(st.floats(0, 5000, allow_nan=False), max_size=20),
)
def test_no_token_that_is_handed_out_has_ended(lifetime_s, steps):
    clock = Clock()
    iam = Iam(clock, lifetime_s)
    source = TokenSource(iam, clock=clock)
    for step in steps:
        clock.now += step
        token = source.token()
        assert token.expires_at > clock.now
        held, left = source.current(), source.seconds_left()
        # the renewer may have put another one into its place meanwhile
        assert source.current() is not held or left == held.expires_at - clock.now
    assert iam.asked <= len(steps)


def test_the_life_left_never_goes_below_nothing(source, clock):
    source.token()
    clock.now += 2 * HOUR
    assert source.seconds_left() == 0


def test_the_clock_counts_on_while_the_machine_sleeps_where_it_can():
    first = steady_clock()
    assert steady_clock() >= first
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is not None:
        assert abs(steady_clock() - time.clock_gettime(boot)) < 60


# --- many threads ------------------------------------------------------------------------------


def test_64_threads_make_one_exchange_and_all_get_its_token(source, iam):
    iam.go_on.clear()
    threads, results = at_once(64, source.token)
    assert iam.entered.wait(10)
    iam.go_on.set()
    joined(threads)
    assert [token.value.reveal() for token in results] == ["t1"] * 64
    assert iam.asked == 1


def test_64_threads_at_an_early_renewal_make_one_exchange(source, iam, clock):
    source.token()
    clock.now += HOUR - 200
    iam.go_on.clear()
    threads, results = at_once(64, source.token)
    iam.go_on.set()
    joined(threads)
    assert {token.value.reveal() for token in results} <= {"t1", "t2"}
    assert soon(lambda: source.current().value.reveal() == "t2")
    assert iam.asked == 2


def test_nobody_waits_for_an_early_renewal(source, iam, clock):
    source.token()
    clock.now += HOUR - 200
    iam.go_on.clear()
    assert [source.token().value.reveal() for _ in range(100)] == ["t1"] * 100
    assert soon(iam.entered.is_set)
    assert source.token().value.reveal() == "t1", "also while IAM thinks about it"
    iam.go_on.set()
    assert soon(lambda: source.token().value.reveal() == "t2")


@pytest.mark.slow
def test_a_token_is_renewed_also_while_nobody_asks(iam):
    iam.clock, iam.lifetime_s = steady_clock, 1.0
    source = TokenSource(iam)
    source.token()
    assert soon(lambda: iam.asked >= 3), "three lives of a second"
    assert source.seconds_left() > 0


def test_the_thread_that_renews_ends_with_its_source_and_when_the_token_is_forgotten(iam, clock):
    source = TokenSource(iam, clock=clock)
    source.token()
    (renewer,) = [thread for thread in threading.enumerate() if thread is source._renewer]
    source.forget()
    assert soon(lambda: not renewer.is_alive())
    source.token()
    renewer = source._renewer
    assert renewer.daemon
    assert renewer.is_alive()
    del source
    gc.collect()
    assert soon(lambda: not renewer.is_alive())


def test_a_key_that_is_refused_early_is_not_tried_for_ever(source, iam, clock):
    source.token()
    renewer = source._renewer
    iam.fails = KeyRefused("refused")
    clock.now += HOUR + 1
    renewer.ring()
    assert soon(lambda: not renewer.is_alive())
    assert iam.asked == 2
    assert isinstance(caught(source.token), KeyRefused), "who asks hears it"


def test_a_token_that_cannot_be_renewed_serves_until_the_service_says_no(iam, clock):
    source = TokenSource(iam, clock=clock, renewable=False)
    first = source.token()
    clock.now += 2 * HOUR
    source.discard(first.value)
    assert source.token() is first
    assert (iam.asked, source.seconds_left(), source._renewer) == (1, 0, None)


def test_a_failing_exchange_reaches_everybody_at_once_each_with_an_error_of_its_own(source, iam):
    iam.fails = KeyRefused("The key is refused.", hint="Make a new one.")
    iam.go_on.clear()
    threads, results = at_once(64, source.token)
    assert iam.entered.wait(10)
    waiting(source, 63)
    iam.go_on.set()
    joined(threads)
    assert {type(problem) for problem in results} == {KeyRefused}
    assert {(p.message, p.hint) for p in results} == {("The key is refused.", "Make a new one.")}
    assert len({id(problem) for problem in results}) == 64
    tracebacks = {id(p.__traceback__) for p in results}
    assert len(tracebacks) == 64, "no traceback grows in another thread"
    assert {(p.__cause__, p.__context__) for p in results} == {(None, None)}
    assert iam.asked == 1


def waiting(source, number):
    """Wait until so many threads wait in the source for an exchange that another one makes."""
    until = time.monotonic() + 10
    while len(source._changed._waiters) < number:
        assert time.monotonic() < until
        threading.Event().wait(0.001)


def test_after_a_failure_the_next_call_asks_again(source, iam):
    iam.fails = ServiceDown("down")
    assert isinstance(caught(source.token), ServiceDown)
    iam.fails = None
    assert source.token().value.reveal() == "t2"


def test_a_failure_that_was_raised_is_not_kept_with_its_frames(source, iam):
    iam.fails = ServiceDown("down")
    problem = caught(source.token)
    assert problem.__traceback__ is not None
    assert source._failure is not problem
    assert source._failure.__traceback__ is None


# --- interrupts --------------------------------------------------------------------------------


def test_an_interrupt_of_the_one_who_asks_does_not_stop_those_who_wait(source, iam):
    """The main thread asks IAM, a worker waits for it; then the user interrupts the cell."""
    iam.go_on.clear()
    results = []

    def work():
        assert iam.entered.wait(10)
        results.append(source.token().value.reveal())

    worker = threading.Thread(target=work)
    worker.start()

    def interrupted():
        waiting(source, 1)
        iam.fails = Interrupted("Stopped.")
        iam.go_on.set()

    threading.Thread(target=interrupted).start()
    assert isinstance(caught(source.token), Interrupted)
    worker.join(10)
    assert results == ["t2"], "the next in line asks"


def test_an_interrupt_by_signal_of_the_one_who_asks_leaves_the_next_one_to_ask(serve):
    server = serve(token=False)
    server.on("/identity/", server.silent(), http(200, {"access_token": "t", "expires_in": 60}))
    session = connect(server)
    results = []
    worker = threading.Thread(
        target=lambda: (
            server.arrived.wait(10) and results.append(session.state.token_source.token())
        )
    )
    worker.start()
    with interrupt_when(server.arrived, after_s=0.1):
        assert type(caught(session.state.token_source.token)) is Interrupted
    worker.join(10)
    assert [token.value.reveal() for token in results] == ["t"]
    assert len(server.seen) == 2


def test_an_interrupt_of_one_who_waits_is_ours_and_leaves_the_exchange_alone(source, iam):
    iam.go_on.clear()
    worker = threading.Thread(target=source.token)
    worker.start()
    with interrupt_when(iam.entered):
        problem = caught(source.token)
    assert type(problem) is Interrupted
    assert (problem.__cause__, problem.__context__) == (None, None)
    iam.go_on.set()
    worker.join(10)
    assert source.current().value.reveal() == "t1"
    assert iam.asked == 1


class Stop:
    """Raises KeyboardInterrupt at the n-th step of the interpreter through one file."""

    def __init__(self, at, file):
        self.left, self.file, self.where = at, file, ""

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != self.file:
            return None
        frame.f_trace_opcodes = True
        self.left -= 1
        if self.left == 0:
            self.where = f"{frame.f_code.co_name}:{frame.f_lineno}"
            raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("due", ["first", "early"])
def test_an_interrupt_at_any_step_never_locks_the_next_call_of_that_thread_out(due):
    """A signal's exception may come between any two bytecodes, also before a `try` is entered."""
    tracing, steps = sys.gettrace(), 0
    for at in range(1, 10_000):
        clock = Clock()
        iam = Iam(clock)
        source = TokenSource(iam, clock=clock)
        if due == "early":
            source.token()
            clock.now += HOUR - 1
        stop = Stop(at, token_source.__file__)
        sys.settrace(stop)
        try:
            source.token()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(tracing)
        if not stop.where:
            break
        steps += 1
        if source._changed._lock._is_owned():
            # within the `with` itself: no Python code can close that gap
            continue
        assert source.token().value.reveal(), stop.where
        assert source._leader is None
    assert steps > 50


# --- failures of an early renewal --------------------------------------------------------------


@pytest.mark.parametrize("failure", [ServiceDown("down"), KeyRefused("refused")])
def test_a_failed_early_renewal_keeps_the_old_token_and_does_not_ask_at_each_call(
    source, iam, clock, failure
):
    source.token()
    clock.now += HOUR - 290
    iam.fails = failure
    assert [source.token().value.reveal() for _ in range(50)] == ["t1"] * 50
    # the pause begins when the renewal has failed, not when it has asked
    assert soon(lambda: iam.asked == 2 and source._leader is None)
    clock.now += source.PAUSE_S - 0.1
    assert [source.token().value.reveal() for _ in range(50)] == ["t1"] * 50
    assert iam.asked == 2
    clock.now += 0.2
    assert source.token().value.reveal() == "t1"
    assert soon(lambda: iam.asked == 3 and source._leader is None)
    iam.fails = None
    clock.now += 2 * source.PAUSE_S
    source.token()
    assert soon(lambda: source.token().value.reveal() == "t4")


def test_a_renewal_that_fails_when_the_token_has_ended_is_an_error(source, iam, clock):
    source.token()
    clock.now += HOUR - 0.5
    iam.fails = ServiceDown("down")
    assert isinstance(caught(source.token), ServiceDown)
    clock.now += 10
    assert isinstance(caught(source.token), ServiceDown)


def test_who_asks_while_an_early_renewal_hangs_beyond_the_tokens_end_waits_for_it(
    source, iam, clock
):
    source.token()
    clock.now += HOUR - 299
    iam.entered.clear()
    iam.go_on.clear()
    source.token()
    assert iam.entered.wait(10)
    clock.now += 400
    iam.fails = ServiceDown("no answer")
    threads, results = at_once(4, source.token)
    iam.go_on.set()
    joined(threads)
    assert {type(result) for result in results} == {ServiceDown}


# --- tokens that the service rejects -----------------------------------------------------------


def test_only_the_current_token_is_discarded(source, iam):
    first = source.token().value
    source.discard(first)
    second = source.token().value
    source.discard(first)
    assert source.token().value == second
    assert iam.asked == 2
    source.discard(Secret(second.reveal()))
    assert source.token().value.reveal() == "t3", "equal by value is the same token"


def test_forgetting_leaves_no_token(source):
    source.token()
    source.forget()
    assert source.current() is None


def test_a_token_that_arrives_after_it_was_to_be_forgotten_is_not_held(source, iam):
    iam.go_on.clear()
    worker = threading.Thread(target=source.token)
    worker.start()
    assert iam.entered.wait(10)
    source.forget()
    iam.go_on.set()
    worker.join(10)
    assert source.current() is None


@given(st.lists(st.sampled_from(["token", "early", "end", "discard", "fail", "heal", "forget"])))
def test_whatever_happens_a_call_returns_a_good_token_or_raises(events):
    clock = Clock()
    iam = Iam(clock, 900)
    source = TokenSource(iam, clock=clock)
    for event in events:
        if event == "early":
            clock.now += 750
        elif event == "end":
            clock.now += 1000
        elif event == "fail":
            iam.fails = ServiceDown("down")
        elif event == "heal":
            iam.fails = None
        elif event == "forget":
            source.forget()
        elif event == "discard" and source.current() is not None:
            source.discard(source.current().value)
        try:
            token = source.token()
        except WatsonxError:
            assert iam.fails is not None
        else:
            assert token.expires_at > clock.now


# --- against the sandbox -----------------------------------------------------------------------


@pytest.mark.parametrize("lifetime_s", [3, 60, 900, HOUR])
def test_no_prompt_meets_a_token_that_has_ended_however_the_clock_moves(lifetime_s, clock):
    """The sandbox's tokens age by the same moved clock, and it refuses the old ones."""
    with Sandbox(clock=clock, wall_clock=lambda: 0.0, token_lifetime_s=lifetime_s) as sandbox:
        transport, key = Transport(), Secret(sandbox.api_key)
        source = TokenSource(
            lambda: exchange_api_key(transport, sandbox.url, key, clock=clock), clock=clock
        )
        session = session_of(sandbox, source, transport)
        for part in (0, 0.5, 0.79, 0.85, 0.95, 1.0, 1.5, 3):
            clock.now += lifetime_s * part
            assert session.projects()
        assert all(call.status == 200 for call in sandbox.calls)
        assert sandbox.counts["token"] <= 8


def session_of(sandbox, source, transport):
    from wx_notebook.credentials.connection_params import ConnectionParams
    from wx_notebook.session import Session

    given_ = ConnectionParams("arguments", Secret(sandbox.api_key), url=sandbox.url,
                   project_id=sandbox.project_id)  # fmt: skip
    session = Session(given_, transport=transport)
    session.state.service.tokens = source
    return session


@pytest.mark.slow
def test_a_token_revoked_under_32_threads_costs_one_exchange_a_time_and_no_call(sandbox, session):
    session.projects()
    failures = []
    for round_ in range(1, 6):
        sandbox.revoke_tokens()
        threads, results = at_once(32, lambda: len(session.projects()))
        joined(threads)
        failures += [result for result in results if not isinstance(result, int)]
        assert sandbox.counts["token"] == 1 + round_
    assert failures == []


def test_a_key_that_was_disabled_fails_every_thread_at_once(sandbox, session):
    session.projects()
    sandbox.disable_key()
    sandbox.revoke_tokens()
    threads, results = at_once(16, session.projects)
    joined(threads)
    assert {type(result) for result in results} == {KeyRefused}
