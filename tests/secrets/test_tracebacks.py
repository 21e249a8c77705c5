"""What an error shows of the frames that it came through: nothing, in any mode, to any tool."""

from __future__ import annotations

import contextlib
import gc
import json
import linecache
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
import requests
from support.cases import all_cases
from transport.servers import CHAT, PROJECT, Server, caught, chunked, http, interrupt_when, shown

import wx_notebook as wx
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.files import from_file
from wx_notebook.credentials.secret import Opaque, Secret
from wx_notebook.errors import Interrupted, KeyRefused, ServiceDown, UserFacingError, WatsonxError
from wx_notebook.session import Session
from wx_notebook.session.process import environment
from wx_notebook.transport import Transport

from .leaks import KEY, KINDS, LIMITS, PASSWORD, SECRETS, TOKEN, answers, found, logged, session_of

MODES = ["Context", "Verbose", "Plain", "Minimal"]
EXCHANGED = [kind for kind in KINDS if KINDS[kind].paths]


# --- in a real kernel, in all four modes -------------------------------------------------------


def refused(server, secret):
    return http(400, {"errorCode": "BXNIM0415E", "errorMessage": f"no {secret}", "error": secret})


def page(server, secret):
    return http(200, f"<html>{secret}</html>")


def garbage(server, secret):
    return http(200, {"access_token": [secret], "token": {"a": secret}, "expires_in": secret})


def half(server, secret):
    return server.hang_up(http(200, {"access_token": secret, "token": secret})[:-9])


def closed(server, secret):
    return server.hang_up()


def elsewhere(server, secret):
    return http(308, b"", Location=f"https://{secret}.example.com/")


FAULTS = {"a refusal": refused, "a page": page, "garbage": garbage, "half a reply": half,
          "a closed connection": closed, "a redirect": elsewhere}  # fmt: skip
IN_A_CELL = {
    "an IBM Cloud key": "api_key=read()",
    "an AWS key": "api_key=read(), kind='mcsp'",
    "a cluster's password": "password=read(), username='jane', kind='software'",
    "a token": "token=read()",
    "a function": "token=read",
}


@pytest.fixture(scope="module")
def kernel(_running_kernel):
    """One for all of these: nothing of a cell that failed is of use to the next one."""
    _running_kernel.renew()
    # what an earlier test typed is no frame's, and stands in `In` of the frame of each cell
    _running_kernel.run("get_ipython().run_line_magic('reset', '-f in')", silent=True)
    return _running_kernel


@pytest.fixture
def cell(kernel, tmp_path):
    """Runs a prompt in the kernel, whose secret comes from a file: no cell has it in its text."""

    def run(kind, url, mode):
        (tmp_path / "secret").write_text(KINDS[kind].holds)
        kernel.run(
            f"%xmode {mode}\nimport wx_notebook as wx\n"
            f"def read(): return open({str(tmp_path / 'secret')!r}).read()",
            silent=True,
        )
        return kernel.start(
            f"s = wx.connect({IN_A_CELL[kind]}, url={url!r}, "
            f"project_id={PROJECT!r})\n"
            # between two attempts
            "s.state.transport._sleep = lambda seconds: None\n"
            "s.chat('hello', model='m')"
        )

    return run


@contextlib.contextmanager
def pressed_until_it_ends(process):
    """Press the interrupt button, and again after a while: Python drops an interrupt that happens
    to hit the end of a weak reference.
    """
    over = threading.Event()

    def press():
        os.kill(process, signal.SIGINT)
        while not over.wait(10):
            os.kill(process, signal.SIGINT)

    finger = threading.Thread(target=press)
    finger.start()
    try:
        yield
    finally:
        over.set()
        finger.join()


def check_cell(kernel, ran, mode):
    assert ran.status == "error"
    assert found(ran.everything, *SECRETS) == []
    assert len([line for line in ran.error if line.strip()]) <= 6
    if mode != "Verbose":
        return
    # what a debugger would open, and what `%tb` shows once more
    again = kernel.run(
        "import sys, traceback\n%tb\n"
        "e = sys.last_value\n"
        "print(repr(e), vars(e), e.__context__, e.__cause__, hasattr(e, 'request'))\n"
        "print(*traceback.TracebackException.from_exception(e, capture_locals=True).format())"
    )
    assert found(again.everything, *SECRETS) == []
    assert "None None False" in again.printed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", IN_A_CELL)
def test_a_cell_that_fails_shows_no_secret(kernel, cell, serve, kind, mode):
    for fault in FAULTS.values():
        server = serve(token=False)
        server.on("", fault(server, KINDS[kind].holds))
        ran = kernel.finish(cell(kind, server.url, mode))
        check_cell(kernel, ran, mode)
        assert server.seen, "it was asked"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", IN_A_CELL)
def test_a_cell_that_is_interrupted_while_it_signs_in_shows_no_secret(
    kernel, cell, serve, kind, mode
):
    server = serve(token=False)
    server.on("", server.silent(b""))
    process = kernel.value("__import__('os').getpid()")
    running = cell(kind, server.url, mode)
    assert server.arrived.wait(60)
    with pressed_until_it_ends(process):
        ran = kernel.finish(running)
    assert ran.reply["ename"] == "Interrupted"
    check_cell(kernel, ran, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["an IBM Cloud key", "a cluster's password"])
def test_a_cell_whose_host_is_not_there_or_not_to_be_trusted_shows_no_secret(
    kernel, cell, serve, authority, kind, mode
):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    untrusted = serve(http(200, CHAT), tls=authority.context)
    for url in (nobody, untrusted.url):
        ran = kernel.finish(cell(kind, url, mode))
        check_cell(kernel, ran, mode)
        assert ran.reply["ename"] == "ServiceDown"
    assert untrusted.seen == []


@pytest.mark.parametrize("mode", ["Verbose", "Context"])
@pytest.mark.parametrize(
    "line",
    ["%watsonx login --env {}", "%watsonx login --file {}", "wx.connect(api_key='@{}')",
     "wx.connect(credentials='{}')"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_shows_none_of_its_text(kernel, tmp_path, line, mode):
    texts = [f"WATSONX_API_KEY='{KEY}", f'{{"apikey": ["{KEY}"]}}', f"{KEY}\n= {PASSWORD}",
             f"WATSONX_API_KEY={KEY} {TOKEN}"]  # fmt: skip
    kernel.run(f"%xmode {mode}\nimport wx_notebook as wx", silent=True)
    for number, text in enumerate(texts):
        file = tmp_path / f"file{number}"
        file.write_text(text)
        ran = kernel.run(line.format(file))
        check_cell(kernel, ran, mode)


def test_the_names_of_the_notebook_are_shown_by_no_frame_of_ours(kernel):
    """IPython hands them to a magic that fills in the names of a function."""
    kernel.run(f"%xmode Verbose\nA_KEY = {KEY!r}", silent=True)
    # the excuse for a patch: a failure that is none of ours, and shows frames
    broken = "from wx_notebook.magics import commands as c; _run, c.run = c.run, lambda *a: 1 / 0"
    kernel.run(broken, silent=True)
    ran = kernel.run("%watsonx status")
    kernel.run("c.run = _run", silent=True)
    assert "ZeroDivisionError" in ran.everything
    assert "watsonx.py" in ran.everything
    assert found(ran.everything, KEY) == []


def test_an_error_of_anybody_else_does_show_it_so_the_tests_above_can_fail(kernel, tmp_path):
    (tmp_path / "secret").write_text(KEY)
    kernel.run("%xmode Verbose", silent=True)
    ran = kernel.run(
        f"def use(key): return key.missing\nuse(open({str(tmp_path / 'secret')!r}).read())"
    )
    assert found(ran.everything, KEY)


# --- to tools that look at the names of all frames ---------------------------------------------


def check(problem):
    assert isinstance(problem, UserFacingError), repr(problem)
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert not any(isinstance(value, requests.Request) for value in vars(problem).values())
    assert not hasattr(problem, "request")
    assert not hasattr(problem, "response")
    # names of frames, too
    assert found(shown(problem), *SECRETS) == []
    libraries = [frame.name for frame in traceback.extract_tb(problem.__traceback__)
                 if "site-packages" in frame.filename
                 and not frame.filename.startswith(OURS)]  # fmt: skip
    assert libraries == []


@all_cases("fault", FAULTS)
@all_cases("kind", KINDS)
def test_an_error_of_any_sign_in_has_no_frame_with_a_secret(serve, kind, fault):
    server = serve(token=False)
    server.on("", FAULTS[fault](server, KINDS[kind].holds))
    session = session_of(kind, server.url)
    check(caught(lambda: session.chat("hello", model="m")))
    assert found(f"{session!r} {session.status_line()} {vars(session)}", *SECRETS) == []


@all_cases("fault", FAULTS)
@all_cases("kind", ["a trusted profile", "a cluster with an IAM"])
def test_nor_has_the_second_step_of_a_sign_in(serve, kind, fault):
    """It is asked with the token of the first one, in a form or in a header."""
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))
    path = list(KINDS[kind].paths)[-1]
    wrong = FAULTS[fault](server, TOKEN)
    server.on(path, *([http(200, KINDS[kind].paths[path])] if kind[2] == "t" else []), wrong)
    session = session_of(kind, server.url)
    check(caught(lambda: session.chat("hello", model="m")))
    assert any(TOKEN.encode() in seen.raw for seen in server.seen), "the second step was taken"


@all_cases("kind", EXCHANGED)
def test_nor_has_an_interrupt_while_a_sign_in_hangs(serve, kind):
    server = serve(token=False)
    server.on("", server.silent(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"token": "x'))
    session = session_of(kind, server.url)
    with interrupt_when(server.arrived):
        problem = caught(lambda: session.chat("hello", model="m"))
    assert type(problem) is Interrupted
    check(problem)


def test_nor_has_a_user_name_that_is_no_text(serve):
    """Bytes of the environment that are no UTF-8; the error of a codec holds what it was given."""
    server = serve(token=False)
    for kind in ("a ZenApiKey", "a cluster's password", "a cluster with an IAM"):
        answers(server, kind, http(401, {}))
        session = session_of(kind, server.url, username="j\udcffne\ud800")
        check(caught(session.projects))


@pytest.mark.parametrize("kind", [*EXCHANGED, "a function"])
def test_an_error_in_the_background_prints_nothing(serve, capfd, monkeypatch, kind):
    """The thread that renews has nobody to tell."""
    said, now, good = [], [0.0], [True]
    monkeypatch.setattr("threading.excepthook", said.append)
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))

    def function():
        if good:
            return TOKEN
        raise SystemExit(TOKEN)

    given = KINDS[kind].of(server.url) | ({"token": function} if kind == "a function" else {})
    with logged() as logs:
        transport = Transport(timeouts=LIMITS, sleep=lambda _: None)
        session = Session(
            ConnectionParams("arguments", **given), transport=transport, clock=lambda: now[0]
        )
        session.chat("hello", model="m")
        good.clear()
        for path in KINDS[kind].paths:
            server.on(path, refused(server, KINDS[kind].holds))
        # due, and not over
        now[0] += 0.95 * session.state.token.lifetime_s
        assert session.state.token_source.token().value.reveal() == TOKEN
        deadline = time.monotonic() + 60
        while not session.state.token_source._failures and time.monotonic() < deadline:
            time.sleep(0.01)
        assert session.state.token_source._failures == 1, "it was tried"
        session.close()
    assert said == []
    assert "".join(capfd.readouterr()) == ""
    assert found("\n".join(logs), *SECRETS) == []


# --- logs and debug prints ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_log_and_no_debug_print_has_a_secret(serve, kind, monkeypatch, capfd):
    """Every library at DEBUG, the switch of `http.client`, while all goes well and while not."""
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with logged() as logs:
        for fault in (None, *FAULTS.values()):
            server = serve(token=False)
            answers(server, kind, http(200, CHAT))
            server.on("/v2/", http(200, {"resources": []}))
            if fault is not None:
                server.on("/ml/", fault(server, KINDS[kind].holds))
                for path in KINDS[kind].paths:
                    server.on(path, fault(server, KINDS[kind].holds))
            session = session_of(kind, server.url)
            with contextlib.suppress(UserFacingError):
                session.chat("hello", model="m")
            with contextlib.suppress(UserFacingError):
                session.projects()
            session.close()
    assert any("urllib3" in text for text in logs), "the log was on"
    assert found("\n".join(logs), *SECRETS) == []
    assert "".join(capfd.readouterr()) == ""


def test_a_broken_chunk_and_a_broken_compression_are_no_log_either(serve):
    with logged() as logs:
        for says in (chunked(b"{", end=False) + TOKEN.encode() + b"\r\n",
                     http(200, TOKEN.encode(), Content_Encoding="gzip")):  # fmt: skip
            server = serve(token=False)
            server.on("", says)
            session = session_of("an IBM Cloud key", server.url)
            check(caught(lambda s=session: s.chat("hello", model="m")))
    assert found("\n".join(logs), *SECRETS) == []


# --- an interrupt anywhere ---------------------------------------------------------------------

OURS = str(wx.__file__).removesuffix("__init__.py")
#: Here the arguments of the caller, whose own frame has them as well, are about to be wrapped.
FIRST_STEPS = {"connect", "_closed", "__init__"}


def interrupted(work, at):
    """Call `work` and interrupt it at a line of ours; return the error, the line, their number.

    In a thread of its own: where the line is inside an `except`, CPython 3.11 goes on handling that
    exception for as long as the thread lives.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_interrupted, work, at).result()


def leaves_a_with(frame, seen):
    """Return whether a `with` block ends here: between its last line and `__exit__`.

    A tracer can raise there, and a lock stays locked. Python hears no signal at that place.
    """
    code, line = frame.f_code, frame.f_lineno
    place = (id(frame), line)
    if place not in seen:
        seen.add(place)
        return False
    return linecache.getline(code.co_filename, line).lstrip().startswith("with ")


def _interrupted(work, at):
    lines, where, problem = 0, None, None

    seen = set()

    def line_of(frame, event, _):
        nonlocal lines, where
        if event == "line" and not leaves_a_with(frame, seen):
            lines += 1
            if lines == at:
                where = frame.f_code.co_name
                raise KeyboardInterrupt
        return line_of

    def call(frame, *_):
        name = frame.f_code.co_filename
        # nobody's code may raise when a weak reference ends
        ours = name.startswith(OURS) and "sandbox" not in name and "renewal" not in name
        return line_of if ours else None

    before = sys.gettrace()
    gc.disable()
    sys.settrace(call)
    try:
        work()
    except BaseException as error:  # noqa: BLE001
        problem = error
    finally:
        sys.settrace(before)
        gc.enable()
    return problem, where, lines


def by_key(server, folder):
    secret = Opaque(KEY)
    return lambda: wx.connect(api_key=secret.open(), url=server.url)


def by_ibms_form(server, folder):
    form = Opaque({"apikey": KEY, "url": server.url})
    return lambda: wx.connect(credentials=form.open())


def by_env_file(server, folder):
    (folder / ".env").write_text(f"A=1\nWATSONX_API_KEY={KEY}\nWATSONX_PASSWORD={PASSWORD}\n")
    return lambda: from_file(folder / ".env")


def by_json_file(server, folder):
    (folder / "apikey.json").write_text(json.dumps({"apikey": KEY, "url": server.url}))
    return lambda: from_file(folder / "apikey.json")


def by_environment(server, folder):
    return lambda: wx.connect(url=server.url)


def a_prompt(kind):
    def make(server, folder):
        session = session_of(kind, server.url)
        return lambda: session.chat("hello", model="m")

    return make


STEPS = {
    "by a key": (by_key, 23), "by IBM's own form": (by_ibms_form, 23),
    "by a .env file": (by_env_file, 7), "by a JSON file": (by_json_file, 5),
    "by the environment": (by_environment, 23),
} | {f"a prompt by {kind}": (a_prompt(kind), 31) for kind in KINDS}  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupt_at_any_line_shows_no_secret(serve, tmp_path, monkeypatch, step):
    make, every = STEPS[step]
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    server = serve(token=False)
    kind = step.removeprefix("a prompt by ")
    if kind in KINDS:
        answers(server, kind, http(400, {"errors": [{"message": KINDS[kind].holds}]}))
    _, _, lines = interrupted(make(server, tmp_path), 0)
    assert lines > 100
    stopped = 0
    for at in range(1, lines, every):
        problem, where, _ = interrupted(make(server, tmp_path), at)
        if problem is None or where in FIRST_STEPS:
            continue
        stopped += isinstance(problem, KeyboardInterrupt)
        assert found(shown(problem), *SECRETS) == [], where
    assert stopped > 3


# --- exceptions of libraries -------------------------------------------------------------------


@pytest.mark.slow
def test_no_exception_of_requests_or_urllib3_comes_out(serve):
    """Not as itself, not as context, and not alive in memory with the request that it held."""
    gc.collect()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    problems = []
    for kind in KINDS:
        for url in (nobody, serve(Server.hang_up(), token=False).url):
            session = session_of(kind, url)
            problems.append(caught(lambda s=session: s.chat("hello", model="m")))
            session.close()
    assert {type(problem) for problem in problems} == {ServiceDown}
    for problem in problems:
        check(problem)
    gc.collect()
    alive = [one for one in gc.get_objects() if isinstance(one, requests.PreparedRequest)]
    assert [one for one in alive if found(f"{one.headers} {one.body}", *SECRETS)] == []


def test_the_same_error_of_requests_itself_does_hold_it_so_the_test_above_can_fail(serve):
    server = serve(Server.hang_up(), token=False)
    with pytest.raises(requests.RequestException) as raised:
        requests.post(server.url, data={"apikey": KEY}, timeout=20)
    assert KEY in raised.value.request.body


def test_a_copy_of_an_error_in_another_thread_has_no_frames_either(serve):
    """Who waited for an exchange gets a copy of its error."""
    server = serve(token=False)
    server.on("", refused(server, KEY))
    session = session_of("an IBM Cloud key", server.url)
    check(caught(lambda: session.chat("hello", model="m")))
    kept = session.state.token_source._failure
    assert isinstance(kept, KeyRefused)
    assert kept.__traceback__ is None
    assert isinstance(kept, WatsonxError)
    assert found(shown(kept), *SECRETS) == []


def test_the_environment_in_a_frame_is_not_shown(monkeypatch):
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    monkeypatch.setenv("SOMETHING_ELSE", TOKEN)
    monkeypatch.setenv("WATSONX_URL", "https://example.com")
    check(caught(wx.connect))
    assert found(f"{environment()!r} {environment()}", *SECRETS) == []
    assert found(repr(Secret(KEY)), *SECRETS) == []
