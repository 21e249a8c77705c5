"""The Tab key in `%%watsonx` cells and `%watsonx` lines: in a real kernel and a real terminal."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import CompletionContext
from jinja2.filters import FILTERS as JINJAS
from support.cases import all_cases
from transport.servers import KEY, connect, http, serve  # noqa: F401  # a fixture

from wx_notebook.credentials.secret import Secret
from wx_notebook.magics.commands import COMMANDS, parser_of
from wx_notebook.magics.completion import _answer, suggest
from wx_notebook.magics.completion.placeholders import FILTERS
from wx_notebook.magics.completion.values import ValueLists
from wx_notebook.options import DEFAULT_MODEL, known_options
from wx_notebook.session import current

SPECS = "/ml/v1/foundation_model_specs"


# --- as JupyterLab asks ------------------------------------------------------------------------


def completed(kernel, text, *, whole=True):
    """What the kernel answers to a Tab where the "^" stands: the cell that each match makes."""
    before, _, behind = text.partition("^")
    sent = kernel.client.complete(before + behind, len(before))
    while True:
        reply = kernel.client.get_shell_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == sent:
            break
    content = reply["content"]
    assert content["status"] == "ok"
    start, end = content["cursor_start"], content["cursor_end"]
    cell = before + behind
    return [cell[:start] + match + (cell[end:] if whole else "") for match in content["matches"]]


def ends(kernel, text):
    """The last words that the matches make."""
    cells = completed(kernel, text, whole=False)
    return [cell.split("\n")[-1].split(" ")[-1] for cell in cells]


OPTIONS = [f for option in known_options() for f in option.metadata["flags"] if f[:2] == "--"]

TABLE = """
class Row:
    kind = "of a table"
    def __init__(self): self.cells = {"title": 1, "two words": 2}; self._own = 1
    @property
    def ratio(self): raise SystemExit("a property was run")
    def method(self): pass
row, price_list, _price, price = Row(), [Row()], 1, {"net": 1, "it's": 2}
def price_of(): pass
import math as price_math
import pandas as pd
price_frame = pd.DataFrame({"amount": [1], "unit price": [2]})
price_row = price_frame.iloc[0]
"""


@pytest.mark.parametrize("jedi", [True, False])
def test_in_a_kernel_options_models_commands_and_variables_are_offered(connected, jedi):
    connected.run(f"%config IPCompleter.use_jedi = {jedi}").ok()
    connected.run(TABLE).ok()
    connected.run("wx.session().models(); None").ok()
    for typed, expected in {
        "%%watsonx ^": OPTIONS,
        "%%watsonx --mo^\nhello": ["--model"],
        "# a comment\n\n%%watsonx --system 'be brief' --max-t^": ["--max-tokens"],
        "%%watsonx -m llama-3^": ["meta-llama/llama-3-3-70b-instruct"],
        "%%watsonx --model=openai^": ["--model=openai/gpt-oss-120b"],
        "%%watsonx --model mixtral^": [],
        "%watsonx mod^": ["models"],
        "x = %watsonx mod^": ["models"],
        "%watsonx models --can emb^": ["embedding"],
        "%watsonx models --can chat,too^": ["chat,tools"],
        "%watsonx models maverick^": ["meta-llama/llama-4-maverick-17b-128e-instruct-fp8"],
        "%watsonx models --region eu^": ["eu-de", "eu-gb"],
        "%watsonx code --for ^": ["sdk", "langchain", "openai", "requests", "curl"],
        "%watsonx usage --budget ^": ["off"],
        "%watsonx help vers^": ["version"],
        "%%watsonx\nWhat is {{ pri^": ["price", "price_frame", "price_list", "price_row"],
        "%%watsonx\nWhat is {{ price_l^ }}?": ["price_list"],
        "%watsonx ask what is {{ price_l^": ["price_list"],
        "%watsonx ask --mo^": ["--model"],
        "%watsonx ask --seed 1 --model openai^": ["openai/gpt-oss-120b"],
        "%watsonx ask --seed 1 {{ price_l^": ["price_list"],
        "%%watsonx\n{{ row.^": ["row.cells", "row.kind", "row.ratio"],
        "%%watsonx\n{{ row.cells.t^": ["row.cells.title"],
        "%%watsonx\n{{ price_list[0].ce^": ["price_list[0].cells"],
        "%%watsonx\n{{ row['cells'].t^": [],
        "%%watsonx\n{{ price['n^": ["price['net']"],
        '%%watsonx\n{{ price_frame.^': ["price_frame.amount"],
        '%%watsonx\n{{ price_row.a^': ["price_row.amount"],
        "%%watsonx\n{{ price_frame | trun^": ["truncate"],
        "%%watsonx\n{{ price_frame | ro^": ["rows(", "round"],
        "%%watsonx\n{{ price_frame | trim | ro^": ["round"],
        "%%watsonx\n{{ price_list | ro^": ["round"],
        "%watsonx use -^": list(parser_of("use").flags),
        "%%watsonx\n{{ x^": [],
        "%%watsonx --raw\nprice_l^": [],
        "%%watsonx --raw\n{{ price_l^": [],
        "%%watsonx\n{{ pr.ice^": [],
        "%%watsonx --output ^": [],
        "%%watsonx pri^": [],
        "%%watsonx --temperature pri^": [],
        "%%watsonx\n{{ price['net'] | trim | up^": ["upper"],
    }.items():  # fmt: skip
        found = ends(connected, typed)
        # where a line or a place is ours, nothing that IPython finds by itself is an answer
        assert sorted(found) == sorted(expected), typed
    (line,) = completed(connected, '%%watsonx\n{{ price_frame["uni^')
    assert line == '%%watsonx\n{{ price_frame["unit price"]'


@pytest.mark.parametrize("line", ["%watsonx check ", "%watsonx login --env "])
def test_the_name_of_a_file_is_completed_by_ipython(kernel, line):
    (kernel.folder / "of_a_watt.env").write_text("")
    assert ends(kernel, f"{line}of_a^") == ["of_a_watt.env"]


def test_where_the_cell_or_the_place_is_not_ours_nothing_is_offered():
    shell = shell_with(price=1)
    assert offered("%%watsonx\n{{ pri", shell) == ["price"]
    for typed in ("x = {{ pri", "%%bash\n%%watsonx {{ pri", "%%watsonx --raw\n{{ pri",
                  "%%watsonx\n{{ price }} pri", "%%watsonx\n{{{ pri", "# %%watsonx --mo",
                  "%%watsonxx --mo", "%%watsonx\n%watsonx mo", "%watsonx nothing --mo",
                  "%%watsonx", "%%watsonx --temperature pri", "%%watsonx pri"):  # fmt: skip
        assert offered(typed, shell) == [], typed


def test_other_cells_are_completed_as_before(kernel):
    kernel.run("price_of_a_watt = {'per_hour': 1}").ok()
    for typed in ("price_of_a^", "price_of_a_watt['per^", "%load_^", "import thread^"):
        with_us = completed(kernel, typed)
        kernel.run("%unload_ext wx_notebook").ok()
        without = completed(kernel, typed)
        kernel.run("%load_ext wx_notebook").ok()
        assert with_us == without
        assert with_us


def test_it_comes_off_at_unload(kernel):
    matchers = "len(get_ipython().Completer.custom_matchers)"
    before = kernel.value(matchers)
    kernel.run("%reload_ext wx_notebook").ok()
    assert kernel.value(matchers) == before
    kernel.run("%unload_ext wx_notebook").ok()
    assert kernel.value(matchers) == before - 1
    assert "--model" not in ends(kernel, "%%watsonx --mo^")
    kernel.run("%load_ext wx_notebook").ok()
    assert ends(kernel, "%%watsonx --mo^") == ["--model"]


def test_a_front_end_gets_a_sign_for_each_kind_of_thing(connected):
    connected.run("price = 1").ok()
    sent = connected.client.complete("%%watsonx\n{{ pri", 16)
    while (reply := connected.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != sent:
        pass
    (about,) = reply["content"]["metadata"]["_jupyter_types_experimental"]
    assert (about["text"], about["type"]) == ("price", "instance")


def test_a_name_that_is_no_ascii_is_found_where_it_stands(connected):
    connected.run("größe, größer = 1, 2").ok()
    found = completed(connected, "%%watsonx\n\U0001f600 ist {{ grö^ }} groß")
    assert found == ["%%watsonx\n\U0001f600 ist {{ größe }} groß",
                     "%%watsonx\n\U0001f600 ist {{ größer }} groß"]  # fmt: skip


TERMINAL = """
import sys, types
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from IPython.terminal.ptutils import IPythonPTCompleter
shell = TerminalInteractiveShell.instance()
shell.run_line_magic("load_ext", "wx_notebook")
shell.user_ns["price_of_a_watt"] = 1
completer = IPythonPTCompleter(shell=shell)
for text in sys.argv[1:]:
    document = Document(text, len(text))
    for found in completer.get_completions(document, CompleteEvent()):
        print(text[:len(text) + found.start_position].count(chr(10)), found.text)
"""


@pytest.mark.slow
def test_in_a_terminal_the_same_is_offered(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    texts = ["%%watsonx --mo", "%%watsonx\nhello {{ price", "%watsonx vers"]
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL, *texts], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:3] == ["0 --model", "1 price_of_a_watt", "0 version"]


# --- what it is made of ------------------------------------------------------------------------


def context(text, cursor_line=None, cursor_position=None):
    lines = text.split("\n")
    row = len(lines) - 1 if cursor_line is None else cursor_line
    at = len(lines[row]) if cursor_position is None else cursor_position
    return CompletionContext(
        full_text=text, cursor_position=at, cursor_line=row, token="", limit=500
    )


def shell_with(hidden=(), **names):
    return SimpleNamespace(user_ns=names, user_ns_hidden={name: names[name] for name in hidden})


def offered(text, shell=None, known=None):
    found = suggest(context(text), shell or shell_with(), known or ValueLists())
    return [each.text for each in found.candidates] if found is not None else []


def test_each_option_of_a_prompt_is_offered_and_its_choices():
    for option in known_options():
        for flag in option.metadata["flags"]:
            assert flag in offered(f"%%watsonx {flag[:2] if flag[:2] == '--' else '-'}")
            if choices := option.metadata["type"].choices:
                assert offered(f"%%watsonx {flag} ") == list(choices)


def test_behind_an_action_of_chats_the_chats_are_offered(monkeypatch):
    monkeypatch.setattr("wx_notebook.chats.registry._CHATS", {"": None, "plan": None, "trip": None})
    assert offered("%watsonx chats sh") == ["show"]
    assert offered("%watsonx chats show ")[:2] == ["plan", "trip"]
    assert offered("%watsonx chats fork t") == ["trip"]


def test_each_argument_of_each_command_is_offered():
    for name in COMMANDS:
        parser = parser_of(name)
        assert set(parser.flags) <= set(offered(f"%watsonx {name} -")), name
        for flag, action in parser.flags.items():
            completes = parser.completes[action.dest]
            if completes and isinstance(completes, tuple):
                assert offered(f"%watsonx {name} {flag} ") == list(completes), flag


def test_the_first_tab_behind_can_waits_for_no_library():
    program = (
        "import sys; from wx_notebook.magics.completion.values import ValueLists as V; "
        "print([one.text for one in V().matching('capabilities', 'too')], "
        "'requests' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['tools'] False"


def test_each_filter_that_is_offered_is_one_of_jinja_s():
    assert set(FILTERS) <= JINJAS.keys()


def test_profiles_are_offered_where_one_is_named(tmp_path, monkeypatch):
    from credentials.keyring_stand_ins import Keeps, system

    from wx_notebook.credentials import profiles
    from wx_notebook.credentials.connection_params import ConnectionParams

    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    with system(Keeps):
        for name in ("work", "home"):
            profiles.remember_credentials(name, ConnectionParams("form", Secret("d9" * 22)))
    assert offered("%watsonx use wo") == ["work"]
    assert offered("%watsonx logout ") == ["work", "home", "--everywhere"]
    assert offered("%watsonx login --remember h") == ["home"]
    assert {"work", "home", "--model", "--region"} <= set(offered("%watsonx use "))


def test_only_a_variable_that_a_prompt_can_hold_is_offered():
    import math

    shell = shell_with(
        hidden=["quiet"], a_number=1, a_text="x", a_secret=Secret("s9" * 22), a_function=len,
        a_module=math, a_class=int, _own=1, quiet=object(), __dunder=1,
    )  # fmt: skip
    assert offered("%%watsonx\n{{ ", shell) == ["a_number", "a_text"]
    # a hidden name that the user gave another value is the user's
    shell.user_ns["quiet"] = "mine"
    assert "quiet" in offered("%%watsonx\n{{ ", shell)


def test_a_session_is_not_offered_and_neither_are_its_parts(session):
    shell = shell_with(held=session, box={"held": session, "plain": 1})
    assert offered("%%watsonx\n{{ ", shell) == ["box"]
    assert offered("%%watsonx\n{{ held.", shell) == []
    assert offered("%%watsonx\n{{ box.held.", shell) == []


def test_a_line_alone_is_enough_for_a_front_end_that_sends_no_more():
    assert offered("%%watsonx --mo") == ["--model"]
    assert offered("%watsonx mo") == ["models"]


# --- nothing of the user's is run --------------------------------------------------------------

RAN = []


def forbidden(*_, **__):
    RAN.append("user code")
    raise RuntimeError("user code was run")


def hostile_shell():
    """Variables that run code at whatever looks at them; pytest itself must not see them."""

    class Meta(type):
        __instancecheck__ = __subclasscheck__ = __getattribute__ = __dir__ = forbidden
        __mro__ = property(forbidden)

    class Hostile(metaclass=Meta):
        __getattr__ = __getattribute__ = __dir__ = __eq__ = __repr__ = __str__ = forbidden
        __iter__ = __bool__ = __contains__ = __getitem__ = __hash__ = __len__ = forbidden
        __class__ = property(forbidden)
        __dict__ = property(forbidden)
        a_property = property(forbidden)

    class Mapping(dict):
        __iter__ = keys = items = get = __getitem__ = __contains__ = __len__ = forbidden

    inside = SimpleNamespace(deep=Hostile(), plain=1)
    return shell_with(
        hostile=Hostile(), mapping=Mapping(key=Hostile()), inside=inside, things=[Hostile()],
        plain="x",
    )  # fmt: skip


@all_cases(
    ("typed", "expected"),
    [("{{ ", ["hostile", "inside", "mapping", "plain", "things"]),
     ("{{ hostile.", ["a_property"]), ("{{ hostile.a_property.", []), ("{{ mapping.", ["key"]),
     ("{{ mapping['", ["key']"]), ("{{ mapping.key.", ["a_property"]),
     ("{{ inside.", ["deep", "plain"]), ("{{ inside.deep.", ["a_property"]),
     ("{{ things[0].", ["a_property"]), ("{{ things[9].", []), ("{{ hostile[0].", []),
     ("{{ hostile['", [])],
)  # fmt: skip
def test_to_look_at_a_variable_runs_nothing_of_it(typed, expected):
    RAN.clear()
    assert offered(f"%%watsonx\n{typed}", hostile_shell()) == expected
    assert RAN == []


PIECES = ["%%watsonx", "%watsonx", "ask", "models", "use", "--model", "--can", "=", "{{", "}}", "{",
          "hostile", "mapping", "inside", ".", "[", "]", "'", '"', "|", "(", ",", " ", "\n", "\t",
          "\r", "0", "-", "ibm/", "\\", "\u202e", "\ud800", "ü", "#", "x"]  # fmt: skip


LISTS = ValueLists()


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.data())
def test_whatever_is_typed_it_answers_and_runs_prints_and_raises_nothing(typed, data):
    RAN.clear()
    text = f"%%watsonx {typed}" if data.draw(st.booleans()) else typed
    lines = text.split("\n")
    row = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[row])))
    answer = _answer(context(text, row, at), hostile_shell(), LISTS)
    before = lines[row][:at]
    assert before.endswith(answer.get("matched_fragment", ""))
    assert all(each.text for each in answer["completions"])
    assert RAN == []


def test_an_error_of_ours_is_silent(capsys):
    answer = _answer(context("%%watsonx\n{{ x"), SimpleNamespace(), ValueLists())
    assert answer == {"completions": [], "suppress": False}

    def aliases():
        raise ValueError("a settings file with an error")

    answer = _answer(context("%%watsonx --model x"), shell_with(), ValueLists(aliases))
    assert answer["completions"] == []
    assert capsys.readouterr() == ("", "")


def test_a_variable_that_comes_while_the_names_are_read_harms_nothing():
    shell = shell_with(**{f"name_{n}": n for n in range(500)})
    over = threading.Event()

    def define():
        number = 0
        while not over.is_set():
            shell.user_ns[f"more_{number % 5_000}"] = number
            number += 1

    thread = threading.Thread(target=define)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for _ in range(50):
            assert "name_7" in offered("%%watsonx\n{{ name", shell)
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(interval)


# --- models, without a wait --------------------------------------------------------------------


def entry(model_id, *functions, stage=""):
    stages = [{"id": "available", "start_date": "2024-01-01"}]
    stages += [{"id": stage, "start_date": "2025-01-01"}] if stage else []
    return {"model_id": model_id, "functions": [{"id": f} for f in functions or ("text_chat",)],
            "lifecycle": stages}  # fmt: skip


CATALOGUE = {"resources": [
    entry("a/old", stage="deprecated"), entry("a/gone", stage="withdrawn"),
    entry("a/writes", "text_generation"), entry("a/embeds", "embedding"), entry("b/chats"),
]}  # fmt: skip


@pytest.fixture
def region(serve, monkeypatch):  # noqa: F811
    """A session with a region that has `CATALOGUE`; nothing has been asked."""
    server = serve()
    server.on(SPECS, http(200, CATALOGUE))
    session = connect(server)
    monkeypatch.setattr(current._CURRENT, "session", session)
    return server


def no_socket_in_this_thread(monkeypatch):
    """Let nobody of the thread that types wait for a network."""
    typing, real, opened = threading.current_thread(), socket.socket.connect, []

    def connect_elsewhere(self, address):
        opened.append(address)
        assert threading.current_thread() is not typing, "the matcher opened a connection"
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_elsewhere)
    return opened


def test_models_are_asked_for_in_the_background_once_and_offered_from_then_on(region, monkeypatch):
    no_socket_in_this_thread(monkeypatch)
    known = ValueLists()
    assert offered("%%watsonx --model ", known=known) == [DEFAULT_MODEL]
    known.thread.join(20)
    for _ in range(3):
        assert offered("%%watsonx --model ", known=known) == ["b/chats", "a/writes", "a/old"]
    assert offered("%watsonx models embeds", known=known) == ["a/embeds"]
    assert len(region.of(SPECS)) == 1
    assert region.seen == region.of(SPECS), "nobody has signed in for it"


def test_the_users_own_names_come_first_and_a_part_of_a_name_is_enough(region):
    known = ValueLists(lambda: {"chatty": "b/chats", "z": "a/old"})
    offered("%%watsonx --model ", known=known)
    known.thread.join(20)
    assert offered("%%watsonx --model ", known=known)[:2] == ["chatty", "z"]
    assert offered("%%watsonx --model ch", known=known) == ["chatty", "b/chats"]
    assert offered("%%watsonx --model RIT", known=known) == ["a/writes"]


def test_without_a_session_the_region_of_the_next_prompt_is_asked(serve, monkeypatch):  # noqa: F811
    server = serve()
    server.on(SPECS, http(200, CATALOGUE))
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    monkeypatch.setenv("WATSONX_URL", server.url)
    no_socket_in_this_thread(monkeypatch)
    known = ValueLists()
    assert offered("%%watsonx --model ", known=known) == [DEFAULT_MODEL]
    known.thread.join(20)
    assert offered("%%watsonx --model b", known=known) == ["b/chats"]
    (request,) = server.seen
    assert KEY.encode() not in request.raw


def test_where_nothing_names_a_region_nobody_is_asked(monkeypatch, capsys):
    opened = no_socket_in_this_thread(monkeypatch)
    now = [0.0]
    known = ValueLists(clock=lambda: now[0])
    for _ in range(3):
        assert offered("%%watsonx --model ", known=known) == [DEFAULT_MODEL]
    first = known.thread
    first.join(20)
    offered("%%watsonx --model ", known=known)
    assert known.thread is first, "it was looked up a moment ago"
    now[0] = 61.0
    offered("%%watsonx --model ", known=known)
    assert known.thread is not first
    known.thread.join(20)
    assert opened == []
    assert capsys.readouterr() == ("", "")


def test_a_region_that_does_not_answer_keeps_nobody_waiting(serve, monkeypatch):  # noqa: F811
    server = serve()
    server.on(SPECS, server.silent())
    monkeypatch.setattr(current._CURRENT, "session", connect(server))
    known = ValueLists()
    for _ in range(5):
        assert offered("%%watsonx --model ", known=known) == [DEFAULT_MODEL]
    assert known.thread.is_alive()
    assert server.connections <= 1
