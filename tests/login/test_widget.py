"""The kernel's half of the form, called as a kernel calls it: by a message on its comm."""

from __future__ import annotations

import html
import json
import logging
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager
from support.fronts import pieces
from traitlets.config import Config

import wx_notebook as wx
from wx_notebook import errors
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import NotConnected
from wx_notebook.login import widget
from wx_notebook.login.controller import LoginController
from wx_notebook.login.inputs import DetectedCredential, FormValues
from wx_notebook.login.scopes import ScopeChoice
from wx_notebook.login.sign_in import SignedIn, Step
from wx_notebook.login.static_line import line_bundle
from wx_notebook.login.strings import string
from wx_notebook.login.view import SwitchChoices
from wx_notebook.login.widget import LoginForm
from wx_notebook.service import Project, ProjectLocation
from wx_notebook.session import disconnect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ID = "12345678-1234-4123-8123-123456789abc"
HERE = endpoints(region="eu-de")
PLACES = ScopeChoice(
    (
        ProjectLocation(HERE, Project(ID, "My project", True)),
        ProjectLocation(HERE, Project("2", "Other", True)),
    )
)


class Controller:
    """Keeps what it was asked for, and yields steps, an error, or somebody who is signed in."""

    def __init__(self, *events: Any, line: str = "", by: BaseException | None = None) -> None:
        self.events = events
        self.error = by
        self.now = line
        self.asked: list[tuple[Any, ...]] = []

    def sign_in(self, secret: Secret, typed: FormValues) -> Iterator[Any]:
        self.asked.append((secret.reveal(), typed))
        yield from self._told(f"Connected to {typed.region}")

    def use_detected(self, credential_id: str, typed: FormValues) -> Iterator[Any]:
        self.asked.append((credential_id, typed))
        yield from self._told(f"Connected by {credential_id}")

    def list_scopes(self) -> Iterator[Any]:
        yield PLACES

    def choose(self, place: str, model: str, profile: str) -> Iterator[Any]:
        self.asked.append((place, model, profile))
        yield from self._told(f"Connected to {place}")

    def cancel_choice(self) -> None:
        self.asked.append(("cancelled",))

    def switch_choices(self) -> SwitchChoices:
        return SwitchChoices(("m1", "m2"), "m1")

    def sign_out(self, *, forget: bool = False) -> None:
        self.now = ""
        self.asked.append(("out", forget))

    def status_line(self) -> str:
        return self.now

    keeps_key = False

    def session_lines(self) -> tuple[str, tuple[str, ...]]:
        line = self.status_line()
        return line, ("A note.",) if line else ()

    def is_outdated(self) -> bool:
        return False

    def set_visible(self, is_visible: bool) -> None:
        self.is_visible = is_visible

    def _told(self, line: str) -> Iterator[Any]:
        yield Step("key", "busy")
        if self.error:
            raise self.error
        if self.events:
            yield from self.events
            return
        yield Step("key", "ok")
        self.now = line
        yield SignedIn(None)  # type: ignore[arg-type]


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


def connect(form: LoginForm, key: bytes, region: str = "eu-de", scope: str = "p1") -> None:
    values = {"kind": "cloud", "region": region, "scope_text": scope}
    send(form, {"action": "connect", **values}, key)


def bad(form: LoginForm) -> list[tuple[str, str, str]]:
    """The steps that failed: which, why, and what mends it."""
    steps = form.view["steps"]
    return [(s["name"], s["message"], s["hint"]) for s in steps if s["state"] == "bad"]


FAILURES = [
    (errors.KeyRefused("IAM does not accept this key.", hint="Make a new one."), "key"),
    (errors.UnknownRegion("No region 'us-s0uth'.", hint="Try us-south."), "region"),
    (errors.ProjectError("No such project.", hint="Copy its ID."), "project"),
    (errors.ServiceDown("It cannot be reached.", hint="Run it again."), "key"),
]


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize(("error", "name"), FAILURES, ids=lambda it: type(it).__name__)
def test_an_error_stands_at_its_step(error, name):
    for controller in (Controller(by=error), Controller(Step(name, "bad", error=error))):
        form = LoginForm(controller)
        connect(form, b"a key")
        assert form.view["phase"] == "form"
        assert bad(form) == [(name, error.message, error.hint)]


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
    form = LoginForm(Controller(by=failure(canary)))
    connect(form, canary.encode())
    out, err = capfd.readouterr()
    everything = "\n".join(
        [out, err, caplog.text, repr(wire), str(form.get_state()), repr(vars(form))]
    )
    assert form.view["phase"] == "form"
    assert form.view["error"]["message"] or bad(form)
    assert "Traceback" not in out + err
    assert not any(piece.decode() in everything for piece in pieces(canary))
    assert not hasattr(sys, "last_value") or canary not in repr(sys.last_value)


@pytest.mark.usefixtures("shell")
def test_a_step_that_quotes_the_key_is_shown_without_it(canary, wire):
    problem = errors.KeyRefused(f"IAM said: {canary} is bad.", hint=canary)
    form = LoginForm(Controller(Step("key", "bad", error=problem)))
    connect(form, canary.encode())
    assert bad(form) == [("key", "IAM said: <secret> is bad.", "<secret>")]
    assert canary not in repr(wire)


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), errors.Interrupted("stopped")])
def test_an_interrupt_ends_as_a_message(stop):
    form = LoginForm(Controller(by=stop))
    connect(form, b"a key")
    assert form.view["phase"] == "form"
    assert form.view["error"]["message"] == "The sign-in was interrupted."
    assert form.view["steps"] == []


@pytest.mark.usefixtures("shell", "wire")
def test_the_controller_gets_the_key_without_the_blanks_around_it():
    controller = Controller()
    form = LoginForm(controller)
    connect(form, b" \t a key \n", " eu-de ", " p1 ")
    assert controller.asked == [("a key", FormValues("cloud", "eu-de", "p1", "", "", ""))]
    assert (form.view["phase"], form.view["line"]) == ("connected", "Connected to eu-de")
    assert form.view["notes"] == ["A note."]
    assert form.view["values"]["region"] == "eu-de"


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize("buffers", [(b"",), (b" \n ",), (b"\xff\xfe",), ()])
def test_without_a_key_nothing_is_asked(buffers):
    controller = Controller()
    form = LoginForm(controller)
    send(form, {"action": "connect", "region": "eu-de"}, *buffers)
    error = form.view["error"]
    assert (form.view["phase"], error["field"]) == ("form", "secret")
    assert error["message"] in {string("no_key"), string("key_lost")}
    assert controller.asked == []


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("field", ["region", "scope_text", "username", "remember", "kind"])
def test_a_key_in_the_wrong_field_is_neither_used_nor_kept(field, canary, wire):
    controller = Controller()
    form = LoginForm(controller)
    content = {"action": "connect", "region": "eu-de", "scope_text": "p1", field: canary}
    send(form, content, b"something")
    send(form, content | {field: f"x {canary}"}, canary.encode())
    send(form, content | {field: f"https://eu-de.ml.cloud.ibm.com/?apikey={canary}"}, b"a key")
    send(form, content | {"action": "use", "credential": "environment"})
    assert "looks like an API key" in form.view["error"]["message"]
    assert controller.asked == []
    assert canary not in repr(wire) + str(form.get_state())


@pytest.mark.usefixtures("shell", "wire")
def test_the_address_of_a_project_is_no_key():
    controller = Controller()
    address = f"https://dataplatform.cloud.ibm.com/projects/{ID}/manage?context=wx"
    connect(LoginForm(controller), b"a key", address, address)
    assert controller.asked[0][1].scope_text == address


@pytest.mark.usefixtures("shell", "wire")
def test_a_form_of_somebody_who_is_signed_in_is_the_line():
    form = LoginForm(Controller(line="Connected to eu-de"))
    assert (form.view["phase"], form.view["line"]) == ("connected", "Connected to eu-de")


@pytest.mark.usefixtures("shell", "wire")
def test_a_failed_change_leaves_the_session_that_stands():
    form = LoginForm(Controller(by=errors.KeyRefused("No."), line="Connected to eu-de"))
    connect(form, b"another key")
    assert (form.view["phase"], form.view["line"]) == ("connected", "Connected to eu-de")
    assert bad(form) == [("key", "No.", "")]


@pytest.mark.usefixtures("shell", "wire")
def test_an_offer_signs_in_by_its_id_and_log_out_ends_it():
    controller = Controller()
    form = LoginForm(controller, [DetectedCredential("sandbox", "Use the sandbox")])
    assert form.detected == [["sandbox", "Use the sandbox"]]
    send(form, {"action": "use", "credential": "sandbox", "region": " eu-de ", "scope_text": "p"})
    assert controller.asked[0][0] == "sandbox"
    assert (form.view["phase"], form.view["line"]) == ("connected", "Connected by sandbox")
    send(form, {"action": "sign_out"})
    send(form, {"action": "sign_out", "forget": True})
    assert controller.asked[1:] == [("out", False), ("out", True)]
    assert (form.view["phase"], form.view["line"]) == ("form", "")


@pytest.mark.usefixtures("shell", "wire")
def test_a_project_is_chosen_from_a_list_and_an_escape_goes_back():
    controller = Controller(PLACES)
    form = LoginForm(controller)
    connect(form, b"a key")
    assert form.view["phase"] == "choosing"
    assert [place["name"] for place in form.view["scopes"]] == ["My project", "Other"]
    assert form.view["choices"]["models"] == ["m1", "m2"]
    send(form, {"action": "back"})
    assert (form.view["phase"], form.view["scopes"]) == ("form", [])
    assert controller.asked[-1] == ("cancelled",), "what waited for the choice is not kept"
    connect(form, b"a key")
    controller.events = ()
    send(form, {"action": "choose", "scope_id": ID, "model": "m2", "profile": ""})
    assert controller.asked[-1] == (ID, "m2", "")
    assert (form.view["phase"], form.view["scopes"]) == ("connected", [])


@pytest.mark.usefixtures("shell", "wire")
def test_the_line_takes_the_place_of_the_widget_once_every_view_has_made_room():
    settled = []
    form = LoginForm(Controller(), on_rest=settled.append)
    for view in ("one", "two"):
        send(form, {"action": "ping", "view": view})
    connect(form, b"a key")
    assert settled == [form]
    line = form.comm
    send(form, {"action": "line_shown", "view": "one"})
    assert form.comm is line, "the other tab still shows it"
    send(form, {"action": "line_shown", "view": "two"})
    assert form.comm is None


@pytest.mark.usefixtures("shell", "wire")
def test_a_view_that_is_gone_is_not_waited_for():
    settled = []
    form = LoginForm(Controller(), on_rest=settled.append)
    for action, view in (("ping", "before"), ("closed", "before"), ("ping", "after the reload")):
        send(form, {"action": action, "view": view})
    assert form.comm is not None, "a page that is loaded anew shows it again"
    connect(form, b"a key")
    send(form, {"action": "ping", "view": "elsewhere"})
    send(form, {"action": "line_shown", "view": "after the reload"})
    assert form.comm is not None
    send(form, {"action": "closed", "view": "elsewhere"})
    assert form.comm is None


@pytest.mark.usefixtures("shell", "wire")
def test_a_form_that_finds_a_session_becomes_the_line_with_its_first_view():
    settled = []
    form = LoginForm(Controller(line="Connected to eu-de"), on_rest=settled.append)
    form.refresh()
    assert settled == [], "no page shows it yet"
    for _ in range(2):
        send(form, {"action": "ping", "view": "v"})
        assert settled == [form]
    # one that is there already, when somebody signs in elsewhere
    controller = Controller()
    form = LoginForm(controller, on_rest=settled.append)
    send(form, {"action": "ping", "view": "v"})
    assert len(settled) == 1
    controller.now = "Connected to eu-de"
    form.refresh()
    assert settled[1:] == [form]


@pytest.mark.usefixtures("shell", "wire")
def test_what_is_open_beside_the_line_or_went_wrong_stays_a_form():
    settled = []
    ping = {"action": "ping", "view": "v"}
    form = LoginForm(Controller(line="Connected to eu-de"), on_rest=settled.append)
    form.start()
    send(form, ping)
    form.show_lists()
    send(form, ping)
    assert form.view["phase"] == "choosing"
    send(form, {"action": "back", "stay": "yes"})
    send(form, ping)
    failing = LoginForm(
        Controller(by=errors.KeyRefused("No."), line="A line"), on_rest=settled.append
    )
    connect(failing, b"another key")
    send(failing, ping)
    assert bad(failing) == [("key", "No.", "")]
    assert settled == []
    # given up
    send(form, {"action": "back"})
    assert settled == [form]


@pytest.mark.usefixtures("shell", "wire")
def test_what_is_remembered_is_what_signs_in_now_and_nothing_later():
    controller = Controller(Step("key", "busy"))
    form = LoginForm(controller, values=FormValues(remember="work"))
    asked = {"action": "connect", "region": "eu-de", "remember": "work"}
    send(form, asked, b"a key")
    assert form.view["values"]["remember"] == "work", "until it has signed in"
    controller.events = ()
    send(form, asked, b"a key")
    assert form.view["values"]["remember"] == ""


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("field", ["region", "scope_text"])
def test_an_address_with_a_password_is_neither_used_nor_kept(field, wire):
    controller = Controller()
    form = LoginForm(controller)
    for text in ("https://admin:hunter2@cpd.example.com", "HTTPS://hunter2@cpd.example.com/x",
                 "admin:hunter2@cpd.example.com"):  # fmt: skip
        for action in ("connect", "use"):
            send(
                form,
                {"action": action, "kind": "cluster", "credential": "x", field: text},
                b"a secret",
            )
            assert form.view["error"]["field"] == field
            assert "everything before the @" in form.view["error"]["hint"]
    assert controller.asked == []
    assert "hunter2" not in repr(wire) + str(form.get_state())
    send(form, {"action": "connect", "username": "me@example.com", field: "a@b"}, b"a secret")
    assert controller.asked[0][1].username == "me@example.com"


@pytest.mark.usefixtures("shell", "wire")
def test_a_log_out_that_cannot_forget_the_profile_is_still_one():
    class Locked(Controller):
        def sign_out(self, *, forget: bool = False) -> None:
            super().sign_out(forget=forget)
            raise errors.BadOption("The keyring is locked.", hint="Open it.")

    told: list[str] = []
    form = LoginForm(Locked(line="Connected to eu-de"), on_change=lambda: told.append("out"))
    form.show_lists()
    send(form, {"action": "sign_out", "forget": "yes"})
    assert (form.view["phase"], form.view["line"], form.view["scopes"]) == ("form", "", [])
    assert form.view["error"]["message"] == "The keyring is locked."
    assert told == ["out"]


@pytest.mark.usefixtures("shell", "wire")
def test_a_sign_in_that_failed_settles_nothing():
    settled = []
    form = LoginForm(Controller(by=errors.KeyRefused("No.")), on_rest=settled.append)
    connect(form, b"a key")
    assert settled == []


@pytest.mark.usefixtures("shell", "wire")
def test_what_waits_behind_a_cell_can_be_taken_back(monkeypatch):
    controller = Controller()
    form = LoginForm(controller)
    waiting: list[Callable[[], None]] = []
    with monkeypatch.context() as busy:
        busy.setattr(widget, "run_in_main_thread", lambda work, **_: waiting.append(work))
        connect(form, b"a key")
        send(form, {"action": "cancel"})
        # neither a view that comes or goes meanwhile, nor what another one asks for, changes that
        for action in ("ping", "line_shown", "closed"):
            send(form, {"action": action, "view": "other"})
        send(form, {"action": "connect", "region": "eu-de", "view": "other"}, b"theirs")
        send(form, {"action": "cancel", "view": "a third"})
    waiting.pop(0)()
    assert controller.asked == []
    assert form.view["error"]["message"] == "The sign-in was cancelled before it began."
    waiting.pop(0)()
    assert [key for key, _ in controller.asked] == ["theirs"]
    assert form.view["phase"] == "connected"
    # one that comes too late takes back nothing that comes after it
    send(form, {"action": "cancel"})
    connect(form, b"a key")
    assert controller.asked[1][0] == "a key"


@pytest.mark.usefixtures("shell")
def test_every_message_is_acknowledged_first_and_done_last(wire):
    form = LoginForm(Controller())
    for action in ("ping", "connect", "use", "change", "choose", "back", "sign_out"):
        del wire[:]
        send(form, {"action": action, "credential": "x"}, b"a key")
        first, last = wire[0][0], wire[-1][0]
        assert first == {"method": "custom", "content": {"action": "ack", "of": action}}
        assert last == {"method": "custom", "content": {"action": "done", "of": action}}


@pytest.mark.usefixtures("shell", "wire")
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"action": None},
        {"action": "nonsense"},
        {"action": "choose", "scope_id": 5, "model": ["m"], "profile": {}},
        {"action": "connect", "kind": 7, "region": None},
    ],
)
def test_a_message_of_another_shape_does_no_harm(content, capfd):
    form = LoginForm(Controller())
    send(form, content)
    assert capfd.readouterr() == ("", "")
    assert form.view["phase"] in ("form", "connected")


@pytest.mark.usefixtures("shell", "wire")
def test_a_ping_brings_the_line_of_now():
    controller = Controller(line="58 min left")
    form = LoginForm(controller)
    controller.now = "57 min left"
    send(form, {"action": "ping", "view": "v"})
    assert form.view["line"] == "57 min left"
    controller.now = ""
    send(form, {"action": "ping", "view": "v"})
    assert form.view["phase"] == "form"


@pytest.mark.usefixtures("shell", "wire")
def test_beside_the_widget_stands_a_word_for_pages_without_widgets():
    data, _ = LoginForm(Controller())._repr_mimebundle_()
    assert "`%watsonx login --text`" in data["text/plain"]
    assert "<code>%watsonx login --text</code>" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_line_that_stays_is_plain_text_and_html_that_runs_nothing():
    line = "connected to project '<script>x</script>' · token for 60 min, renewed by itself"
    data = line_bundle(line, ["<b>note</b>"], "an-id")
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"].split("\n") == [
        "was connected to project '<script>x</script>'", "<b>note</b>",
        "Status: %watsonx status · Sign in: %watsonx login",
    ]  # fmt: skip
    assert "<script" not in data["text/html"]
    assert "<b>" not in data["text/html"]
    # what is so only while the kernel lives is in no text, but where the page finds it
    life = 'data-wxn-now=" · token for 60 min, renewed by itself" data-wxn-seconds="3600"'
    assert f'<span {life} data-wxn-renewed="true"></span>' in data["text/html"]
    given = line_bundle("connected to x · token for 9 min, cannot be renewed")["text/html"]
    assert '"540"></span>' in given
    assert "%watsonx login" in line_bundle("")["text/plain"]


def test_a_saved_line_reads_as_history():
    """A notebook that is opened in a dead kernel claims no connection."""
    line = "connected to project 'P' · eu-de · token for 60 min, renewed by itself"
    data = line_bundle(line)
    first = data["text/plain"].split("\n")[0]
    assert first == "was connected to project 'P' · eu-de"
    shown = html.unescape(re.sub("<[^>]*>", "", data["text/html"]))
    assert shown.startswith(first)
    assert "token for" not in shown
    assert "✓" not in shown


def test_what_lacks_a_runtime_is_led_to_its_page_and_no_other_address_is_a_link():
    page = f"https://eu-de.dataplatform.cloud.ibm.com/projects/{ID}/manage/services?context=wx"
    note = f"The project 'https://evil.example/' has none. Associate one. {page}"
    evil = "The project is called https://evil.example/projects?context=wx"
    user = "Go to https://me@dataplatform.cloud.ibm.com/projects"
    data = line_bundle("a line", [note, evil, user])
    assert note in data["text/plain"]
    assert re.findall(r"<a [^>]*>[^<]*", data["text/html"]) == [
        f'<a href="{page}" target="_blank" rel="noopener noreferrer">{page}'
    ]


def test_importing_the_room_is_light():
    code = "import sys, wx_notebook.login; print([m for m in sys.modules if 'widget' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CELL = """
import json, logging
logging.basicConfig(level=logging.DEBUG)
from wx_notebook.login.view import SwitchChoices
from wx_notebook.login.widget import LoginForm
class Controller:
    def sign_in(self, secret, typed):
        raise ConnectionError(secret.reveal())
        yield
    keeps_key = False
    def status_line(self):
        return ""
    def session_lines(self):
        return "", ()
form = LoginForm(Controller())
%xmode Verbose
"""


@pytest.mark.slow
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
            content = {"action": "connect", "kind": "cloud", "region": "eu-de", "scope_text": "p1"}
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


@pytest.mark.usefixtures("shell", "wire")
def test_beside_a_form_with_something_typed_no_prompt_takes_another_credential(
    sandbox, monkeypatch
):
    for name, value in (("API_KEY", sandbox.api_key), ("URL", sandbox.url),
                        ("PROJECT_ID", sandbox.project_id)):  # fmt: skip
        monkeypatch.setenv(f"WATSONX_{name}", value)
    form = LoginForm(LoginController())
    send(form, {"action": "ping", "view": "a"})
    for end in ("emptied", "closed"):
        send(form, {"action": "begun", "is_begun": True, "view": "a"})
        with pytest.raises(NotConnected, match="A login form is filled in but not sent") as caught:
            wx.ask("hello")
        assert "press Connect in the form above, or empty its fields" in caught.value.hint
        assert sandbox.calls == []
        if end == "emptied":
            send(form, {"action": "begun", "is_begun": False, "view": "a"})
        else:
            send(form, {"action": "closed", "view": "a"})
        assert wx.session().source == "environment (WATSONX_API_KEY)"
        disconnect()
    send(form, {"action": "begun", "is_begun": True, "view": "a"})
    assert wx.connect().state.scope.project_id == sandbox.project_id, "who says so himself may"
    assert wx.ask("hello")
    form.close()
