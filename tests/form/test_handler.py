"""The kernel's half of the form, called as a kernel calls it: by a message on its comm."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import comm
import pytest
from comm.base_comm import BaseComm
from fronts import pieces
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from wx_notebook import errors
from wx_notebook.credentials.secret import Secret
from wx_notebook.form import Offer
from wx_notebook.form.widget import LoginForm

if TYPE_CHECKING:
    from collections.abc import Iterator


class Desk:
    """Keeps what it was asked for, and answers with a line or an error."""

    def __init__(self, error: BaseException | None = None, line: str = "") -> None:
        self.error = error
        self.now = line
        self.asked: list[tuple[Any, ...]] = []

    def sign_in(self, api_key: Secret, region: str, project_id: str) -> str:
        self.asked.append((api_key.reveal(), region, project_id))
        return self._answer(f"Connected to {region}")

    def use(self, offer: str, region: str, project_id: str) -> str:
        self.asked.append((offer, region, project_id))
        return self._answer(f"Connected by {offer}")

    def sign_out(self) -> None:
        self.now = ""

    def line(self) -> str:
        return self.now

    def _answer(self, line: str) -> str:
        if self.error:
            raise self.error
        self.now = line
        return line


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything that leaves the kernel on a comm."""
    sent: list[Any] = []

    class Recording(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, **rest: Any) -> None:
            sent.append((data, rest))

    monkeypatch.setattr(comm, "create_comm", Recording)
    return sent


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A shell that shows all it can: `%xmode Verbose`."""
    InteractiveShell.clear_instance()
    config = Config(
        {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}
    )
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("xmode", "Verbose")
    yield shell
    InteractiveShell.clear_instance()


def send(form: LoginForm, content: dict[str, str], *buffers: bytes) -> None:
    """Deliver a message as the kernel does, its buffers beside it."""
    form.comm.handle_msg(
        {
            "content": {"data": {"method": "custom", "content": content}},
            "buffers": [memoryview(each) for each in buffers],
        }
    )


def connect(form: LoginForm, key: bytes, region: str = "eu-de", project: str = "p1") -> None:
    send(form, {"kind": "connect", "region": region, "project_id": project}, key)


def shown(form: LoginForm) -> tuple[str, str, str, str]:
    return form.phase, form.field, form.message, form.hint


FAILURES = [
    (errors.KeyRefused("IAM does not accept this key.", hint="Make a new one."), "api_key"),
    (errors.NotConnected("No credential.", hint="Log in."), "api_key"),
    (errors.UnknownRegion("No region 'us-s0uth'.", hint="Try us-south."), "region"),
    (errors.HostRefused("Not a host of IBM's.", hint="Use https."), "region"),
    (errors.ProjectError("No such project.", hint="Copy its ID."), "project_id"),
    (errors.NoRuntime("No runtime.", hint="Associate one."), "project_id"),
    (errors.ServiceDown("It cannot be reached.", hint="Run it again."), ""),
    (errors.RateLimited("Too many requests.", hint="Wait."), ""),
]


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize(("error", "field"), FAILURES, ids=lambda it: type(it).__name__)
def test_an_error_stands_beside_the_field_that_mends_it(error, field):
    form = LoginForm(Desk(error))
    connect(form, b"a key")
    assert shown(form) == ("form", field, error.message, error.hint)


@pytest.mark.parametrize(
    "failure",
    [
        lambda key: errors.KeyRefused(f"The service quotes {key}.", hint=f"Not {key}."),
        lambda key: ValueError(f"api_key={key}"),
        lambda key: ConnectionError({"headers": key}),
        lambda key: UnicodeDecodeError("utf-8", key.encode(), 0, 1, key),
        lambda key: KeyError(key),
        lambda key: errors.Interrupted(f"Stopped with {key}."),
        lambda key: KeyboardInterrupt(key),
    ],
)
def test_no_failure_shows_the_key_in_verbose_mode(failure, canary, shell, wire, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    form = LoginForm(Desk(failure(canary)))
    connect(form, canary.encode())
    out, err = capfd.readouterr()
    everything = "\n".join(
        [out, err, caplog.text, repr(wire), str(form.get_state()), repr(vars(form))]
    )
    assert form.phase == "form"
    assert form.message
    assert "Traceback" not in out + err
    assert not any(piece.decode() in everything for piece in pieces(canary))
    assert not hasattr(sys, "last_value") or canary not in repr(sys.last_value)


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), errors.Interrupted("stopped")])
def test_an_interrupt_ends_as_a_message(stop):
    form = LoginForm(Desk(stop))
    connect(form, b"a key")
    assert shown(form)[:3] == ("form", "", "Interrupted before the sign-in was done.")


@pytest.mark.usefixtures("shell", "wire")
def test_the_desk_gets_the_key_without_the_blanks_around_it():
    desk = Desk()
    form = LoginForm(desk)
    connect(form, b" \t a key \n", " eu-de ", " p1 ")
    assert desk.asked == [("a key", "eu-de", "p1")]
    assert (form.phase, form.line) == ("connected", "Connected to eu-de")
    assert (form.region, form.project_id) == ("eu-de", "p1")


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize("buffers", [(b"",), (b" \n ",), (b"\xff\xfe",), ()])
def test_without_a_key_nothing_is_asked(buffers):
    desk = Desk()
    form = LoginForm(desk)
    send(form, {"kind": "connect", "region": "eu-de", "project_id": ""}, *buffers)
    assert shown(form)[:2] == ("form", "api_key")
    assert form.message in {"An API key is needed.", "The key did not arrive."}
    assert desk.asked == []


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("field", ["region", "project_id"])
def test_a_key_in_the_wrong_field_is_neither_used_nor_kept(field, canary, wire):
    desk = Desk()
    form = LoginForm(desk)
    content = {"kind": "connect", "region": "eu-de", "project_id": "p1", field: canary}
    send(form, content, b"something")
    send(form, content | {field: f"x {canary}"}, canary.encode())
    assert shown(form)[:2] == ("form", field)
    assert "looks like an API key" in form.message
    assert desk.asked == []
    assert canary not in repr(wire) + str(form.get_state())


@pytest.mark.usefixtures("shell", "wire")
def test_a_message_has_at_most_six_lines():
    form = LoginForm(Desk(errors.ServiceDown("\n".join("abcdefgh"), hint="Try\nagain.")))
    connect(form, b"a key")
    assert form.message.split("\n") == ["a", "b", "c", "d", "e"]
    assert form.hint == "Try again."


@pytest.mark.usefixtures("shell", "wire")
def test_a_form_of_somebody_who_is_signed_in_is_the_line():
    form = LoginForm(Desk(line="Connected to eu-de"))
    assert (form.phase, form.line) == ("connected", "Connected to eu-de")


@pytest.mark.usefixtures("shell", "wire")
def test_a_failed_change_leaves_the_session_that_stands():
    form = LoginForm(Desk(errors.KeyRefused("No."), line="Connected to eu-de"))
    connect(form, b"another key")
    assert (form.phase, form.line) == ("connected", "Connected to eu-de")
    assert (form.message, form.field) == ("No.", "api_key")


@pytest.mark.usefixtures("shell", "wire")
def test_a_key_in_another_field_is_not_kept_when_an_offer_is_taken():
    desk = Desk()
    form = LoginForm(desk, [Offer("environment", "Use the key of the environment")])
    send(form, {"kind": "use", "offer": "environment", "region": "", "project_id": "k" * 44})
    assert desk.asked == []
    assert (form.field, form.project_id) == ("project_id", "")


@pytest.mark.usefixtures("shell", "wire")
def test_an_offer_signs_in_by_its_id_and_log_out_ends_it():
    desk = Desk()
    form = LoginForm(desk, [Offer("sandbox", "Use the sandbox")])
    assert form.offers == [["sandbox", "Use the sandbox"]]
    send(form, {"kind": "use", "offer": "sandbox", "region": " eu-de ", "project_id": "p"})
    assert desk.asked == [("sandbox", "eu-de", "p")]
    assert (form.phase, form.line) == ("connected", "Connected by sandbox")
    send(form, {"kind": "sign_out"})
    assert (form.phase, form.line) == ("form", "")


@pytest.mark.usefixtures("shell")
def test_every_message_is_acknowledged_first_and_done_last(wire):
    form = LoginForm(Desk())
    for kind in ("ping", "connect", "use", "sign_out"):
        del wire[:]
        send(form, {"kind": kind, "offer": "x"}, b"a key")
        first, last = wire[0][0], wire[-1][0]
        assert first == {"method": "custom", "content": {"kind": "ack", "of": kind}}
        assert last == {"method": "custom", "content": {"kind": "done", "of": kind}}


@pytest.mark.usefixtures("shell", "wire")
def test_a_ping_brings_the_line_of_now():
    desk = Desk(line="58 min left")
    form = LoginForm(desk)
    desk.now = "57 min left"
    send(form, {"kind": "ping"})
    assert form.line == "57 min left"
    desk.now = ""
    send(form, {"kind": "ping"})
    assert form.phase == "form"


@pytest.mark.usefixtures("shell", "wire")
def test_beside_the_widget_stands_a_word_for_pages_without_widgets():
    data, _ = LoginForm(Desk())._repr_mimebundle_()
    assert "`%watsonx login --text`" in data["text/plain"]
    assert "<code>%watsonx login --text</code>" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_importing_the_room_is_light():
    code = "import sys, wx_notebook.form; print([m for m in sys.modules if 'widget' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CELL = """
import json, logging
logging.basicConfig(level=logging.DEBUG)
from wx_notebook.form.widget import LoginForm
class Desk:
    def sign_in(self, api_key, region, project_id):
        raise ConnectionError(api_key.reveal())
    def line(self):
        return ""
form = LoginForm(Desk())
%xmode Verbose
"""


def test_a_debugging_kernel_and_a_second_client_see_nothing_of_the_key(canary, tmp_path):
    log = tmp_path / "kernel.log"
    manager = KernelManager(kernel_name="python3")
    with log.open("wb") as stream:
        manager.start_kernel(extra_arguments=["--debug"], stdout=stream, stderr=stream)
        ours, theirs = manager.blocking_client(), manager.blocking_client()
        try:
            for client in (ours, theirs):
                client.start_channels()
                client.wait_for_ready(timeout=30)
            reply = ours.execute(
                CELL, user_expressions={"id": "form.model_id"}, reply=True, timeout=30
            )
            model = reply["content"]["user_expressions"]["id"]["data"]["text/plain"].strip("'")
            content = {"kind": "connect", "region": "eu-de", "project_id": "p1"}
            message = ours.session.msg(
                "comm_msg", {"comm_id": model, "data": {"method": "custom", "content": content}}
            )
            ours.session.send(ours.shell_channel.socket, message, buffers=[canary.encode()])
            heard: list[str] = []
            until = time.monotonic() + 20
            while '"done"' not in "".join(heard) and time.monotonic() < until:
                heard.append(json.dumps(theirs.get_iopub_msg(timeout=20), default=repr))
        finally:
            for client in (ours, theirs):
                client.stop_channels()
            manager.shutdown_kernel(now=True)
    told = "".join(heard)
    assert "ConnectionError" in told
    assert "comm_msg" in log.read_text()
    everything = told.encode() + log.read_bytes()
    assert not any(piece in everything for piece in pieces(canary))
