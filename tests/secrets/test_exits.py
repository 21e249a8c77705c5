"""Each way out of a kernel that holds a key, a password, and the tokens they are exchanged for."""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import sqlite3
import warnings
from types import FunctionType

import pytest
from credentials.keyring_stand_ins import Keeps, system
from IPython.core.interactiveshell import InteractiveShell
from support.cases import all_cases
from transport.servers import CHAT, PROJECT, held_by, http

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import NotConnected
from wx_notebook.sandbox import Sandbox

from .leaks import KEY, KINDS, PASSWORD, SECRETS, TOKEN, answers, found, session_of

#: The sandbox's kind, and what `wx.connect` is given beside its URL and project; `read` is a
#: function of the kernel's, so that no cell has the secret in its text.
SIGNED_IN_BY = {
    "key": ("cloud", "api_key=read('api_key')"),
    "token": ("cloud", "token=read('token')"),
    "password": (
        "software",
        "kind='software', username=read('username'), password=read('password')",
    ),
}


class SignedIn:
    """A session `s` in the kernel, used once, and every secret that it holds."""

    def __init__(self, kernel, sandbox, by, folder):
        self.kernel, self.sandbox = kernel, sandbox
        self._brought = sandbox.issue_token()
        given = {"api_key": sandbox.api_key, "password": sandbox.password, "token": self._brought,
                 "username": sandbox.username}  # fmt: skip
        self.file = folder / f"{by}.json"
        self.file.write_text(json.dumps(given))
        kernel.renew()
        self.run(
            "import json, wx_notebook as wx\n"
            f"def read(name): return json.load(open({str(self.file)!r}))[name]\n"
            f"s = wx.connect(url={sandbox.url!r}, project_id={sandbox.project_id!r}, "
            f"{SIGNED_IN_BY[by][1]})\ns.verify(); s.chat('hello'); None"
        ).ok()

    @property
    def secrets(self):
        # the sandbox knows every token that it has issued
        box = self.sandbox
        return (box.api_key, box.password, *box.account.tokens._lifetimes)

    def run(self, code, **options):
        return self.kernel.run(code, **options)


@pytest.fixture(scope="module", params=SIGNED_IN_BY)
def signed_in(request, _running_kernel, tmp_path_factory):
    kind = SIGNED_IN_BY[request.param][0]
    with Sandbox(kind=kind) as sandbox:
        yield SignedIn(_running_kernel, sandbox, request.param, tmp_path_factory.mktemp("given"))


EXITS = {
    "its own display": "s",
    "repr": "print(repr(s), [s], {'s': s})",
    "str": "print(s, str(s), ascii(s))",
    "f-string": "print(f'{s} {s!r} {s!s} {s!a} {s=}')",
    "percent r in a log": "import logging, sys\n"
    "logging.basicConfig(level=10, stream=sys.stdout, force=True)\n"
    "logging.debug('%r %s', s, vars(s)); logging.info('%(s)r', {'s': s})",
    "vars": "params = s.state.params\n"
    "print(vars(s), vars(params) if hasattr(params, '__dict__') else params)",
    "dict": "print(s.__dict__, s.state.params, s.state.token, s.state.authenticator)",
    "the same as values": "state = s.state\n"
    "[vars(s), state.params, state.token, state.authenticator, s.endpoints]",
    "dir": "print([(n, getattr(s, n, None)) for n in dir(s)])",
    "dir of what it holds": "state = s.state\n"
    "for part in (state.params, state.token, state.authenticator, *vars(s).values()):\n"
    "    print([(n, getattr(part, n, None)) for n in dir(part)])",
    "json": "import json\nprint(json.dumps({'s': s, **vars(s)}, default=str))",
    "json of variables": "import json\nprint(json.dumps({n: v for n, v in globals().items()}, "
    "default=repr, skipkeys=True))",
    "pprint": "import pprint; pprint.pprint(vars(s)); pprint.pprint(s.state.params)",
    "pickle": "import pickle\nfor p in range(6): print(pickle.dumps(s, p).decode('latin-1'))",
    "pickle of what it holds": "import pickle\nfor n, part in vars(s).items():\n"
    "    try: print(pickle.dumps(part))\n"
    "    except Exception as e: print(n, repr(e), e.__context__)",
    "copy": "import copy\nfor way in copy.copy, copy.deepcopy:\n"
    "    for part in (s, s.state.params, s.state.token, s.state.authenticator, vars(s)):\n"
    "        try: print(repr(way(part)))\n"
    "        except TypeError as e: print(e)",
    "asdict": "import dataclasses; state = s.state\n"
    "for part in (state.params, state.token, state.authenticator):\n"
    "    try: print(dataclasses.asdict(part))\n"
    "    except TypeError as e: print(e)",
    "whos": "%whos",
    "who_ls": "%who_ls",
    "a question mark": "s?",
    "two question marks": "s??",
    "pinfo of what it holds": "given = s.state.params\n%pinfo given\n%pinfo2 given",
    "status": "%watsonx status",
    "status on the way": "%watsonx use --model ibm/granite-4-h-small",
    "profiles": "%watsonx profiles",
    "models": "%watsonx models",
    "show": "%%watsonx --show\nhello",
    "a prompt": "%%watsonx\nhello",
    "the environment": "import os\nprint(dict(os.environ))\n%env",
    "gc": "import gc, types\nprint([repr(o)[:5000] for o in gc.get_objects() "
    "if str(type(o).__module__).startswith('wx_notebook')])",
    "the history of this session": "%history -n",
    "the history of all": "%history -g",
    "warnings": "import warnings, gc\nwith warnings.catch_warnings(record=True) as told:\n"
    "    warnings.simplefilter('always')\n"
    "    t = wx.connect(url=s.endpoints.url, api_key='aB3_' * 11)\n"
    "    t.close(); del t; gc.collect()\nprint([(w, w.message, w.source) for w in told])",
}  # fmt: skip


@pytest.mark.parametrize("exit_", EXITS)
def test_no_secret_leaves_a_kernel_by(signed_in, exit_):
    ran = signed_in.run(EXITS[exit_]).ok()
    assert found(ran.everything, *signed_in.secrets) == []
    assert len(signed_in.secrets) > 2, "there is a token, too"


def test_a_plain_variable_does_leave_so_the_tests_above_can_fail(signed_in):
    signed_in.run("plain = read('api_key')", silent=True)
    for exit_ in ("whos", "json of variables"):
        assert found(signed_in.run(EXITS[exit_]).everything, signed_in.sandbox.api_key)
    signed_in.run("del plain", silent=True)


def test_no_secret_leaves_a_kernel_by_what_a_front_end_asks_for(signed_in):
    """Tooltips, completions, and the list of variables of a debugger."""
    client = signed_in.kernel.client
    replies = [
        client.inspect("s", detail_level=1, reply=True, timeout=30),
        client.inspect("s.state.params", detail_level=1, reply=True, timeout=30),
        client.complete("s.", reply=True, timeout=30),
        client.complete("s.state.params.", reply=True, timeout=30),
        client.complete("s.state.token.value.", reply=True, timeout=30),
        client.history(raw=False, output=True, hist_access_type="range", reply=True, timeout=30),
    ]
    assert found(json.dumps(replies, default=str), *signed_in.secrets) == []


def test_store_keeps_a_session_without_its_secrets_on_the_disk(signed_in):
    ran = signed_in.run("%load_ext storemagic\n%store s\n%store\n%store -d s").ok()
    assert found(ran.everything, *signed_in.secrets) == []
    signed_in.run("%store s").ok()
    kept = [
        file for file in (signed_in.kernel.ipython_dir).rglob("*") if "autorestore" in str(file)
    ]
    assert any(file.is_file() for file in kept)
    for file in filter(lambda file: file.is_file(), kept):
        assert found(file.read_bytes().decode("latin-1"), *signed_in.secrets) == []
    signed_in.run("%store -d s").ok()


def test_the_history_database_holds_the_cells_and_no_secret(signed_in):
    file = signed_in.kernel.ipython_dir / "profile_default" / "history.sqlite"
    signed_in.run("'a-cell-of-this-test'").ok()
    # the database is written by a thread, a moment later
    signed_in.run("get_ipython().history_manager.writeout_cache()").ok()
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT source, source_raw FROM history")
        cells = " ".join(f"{source} {raw}" for source, raw in rows)
    assert "a-cell-of-this-test" in cells
    assert found(cells, *signed_in.secrets) == []
    for part in file.parent.glob("history.sqlite*"):
        assert found(part.read_bytes().decode("latin-1"), *signed_in.secrets) == []


def test_no_file_of_the_kernel_s_folders_holds_a_secret(signed_in):
    texts = [
        file.read_bytes().decode("latin-1")
        for file in signed_in.kernel.folder.rglob("*")
        if file.is_file()
    ]
    assert texts
    assert found("\n".join(texts), *signed_in.secrets) == []


# --- the lines of the magics -------------------------------------------------------------------


def test_login_with_a_named_file_shows_the_file_and_no_secret(kernel, sandbox, tmp_path):
    file = tmp_path / "mine.env"
    file.write_text(
        f"WATSONX_API_KEY={sandbox.api_key}\nWATSONX_URL={sandbox.url}\n"
        f"WATSONX_PROJECT_ID={sandbox.project_id}\n"
    )
    cells = [f"%watsonx login --env {file}", f"%watsonx login --file {file} --remember work",
             "%watsonx status", "%watsonx profiles", "%watsonx logout"]  # fmt: skip
    shown = [kernel.run(cell).ok() for cell in cells]
    assert "connected to project 'Sandbox project'" in shown[0].plain
    assert "mine.env" in shown[2].plain
    # this kernel has no keyring: nothing may be written in plain text instead
    assert "not remembered" in shown[1].plain
    tokens = sandbox.account.tokens._lifetimes
    assert found("".join(ran.everything for ran in shown), sandbox.api_key, *tokens) == []
    assert not list(kernel.folder.rglob("wx_notebook.toml"))


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell of this process, whose keyring works."""
    from wx_notebook.magics import load, unload

    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    load(shell)
    with system(Keeps) as backend:
        shell.user_ns["backend"] = backend
        yield shell
    unload(shell)
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("by", ["key", "password", "token"])
def test_the_life_of_a_profile_is_told_without_its_secret(shell, tmp_path, capfd, by):
    kind = SIGNED_IN_BY[by][0]
    with Sandbox(kind=kind) as sandbox:
        token = sandbox.issue_token()
        lines = {
            "key": f"WATSONX_API_KEY={sandbox.api_key}",
            "token": f"WATSONX_TOKEN={token}",
            "password": f"WATSONX_USERNAME={sandbox.username}\nWATSONX_AI_AUTH_TYPE=cp4d\n"
            f"WATSONX_PASSWORD='{sandbox.password}'",
        }
        file = tmp_path / "mine.env"
        file.write_text(
            f"{lines[by]}\nWATSONX_URL={sandbox.url}\nWATSONX_PROJECT_ID={sandbox.project_id}\n"
        )
        for line in (f"login --env {file} --remember work", "status", "profiles",
                     "logout nobody", "use work", "use --model ibm/granite-4-h-small", "status",
                     "use wrok", "logout", "status"):  # fmt: skip
            # as in a cell, with the errors that some of these are
            shell.run_cell(f"%watsonx {line}")
            if line == "use work":
                kept = settings.settings_file().read_text()
        secrets = (sandbox.api_key, sandbox.password, *sandbox.account.tokens._lifetimes)
        out = "".join(capfd.readouterr())
        assert found(out, *secrets) == []
        assert found(kept, *secrets) == []
        for said in ("profile 'work' is remembered", "from: profile work", "<- default",
                     "Did you mean 'work'?", "profile 'work' is forgotten"):  # fmt: skip
            assert said in out
        assert shell.user_ns["backend"].entries == {}


def test_what_is_typed_for_login_text_is_in_no_message(kernel, sandbox):
    """Not in an output, and not where the kernel echoes what it was asked to do."""
    running = kernel.start("%watsonx login --text --remember work", allow_stdin=True)
    for answer in (sandbox.api_key, sandbox.url, sandbox.project_id):
        kernel.client.get_stdin_msg(timeout=60)
        kernel.client.input(answer)
    ran = kernel.finish(running)
    after = kernel.run("%whos\nprint(In, Out, _ih)\n%history -g\n%watsonx status").ok()
    tokens = sandbox.account.tokens._lifetimes
    assert "connected to" in after.plain
    assert found(ran.everything + after.everything, sandbox.api_key, *tokens) == []


# --- in this process, for each kind of credential ----------------------------------------------


@all_cases("kind", KINDS)
def test_only_a_secret_leads_from_a_session_to_a_secret(serve, kind):
    """Wherever `gc` can get from there: requests that were kept, buffers, caches."""
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))
    session = session_of(kind, server.url)
    assert session.chat("hello", model="m").text == "Four."
    # the user's own function is theirs, and holds what it likes
    but = (Secret, FunctionType) if kind == "a function" else (Secret,)
    assert found("\n".join(held_by(session, but=but)), *SECRETS) == []
    if kind != "a function":
        assert found("\n".join(held_by(session)), KINDS[kind].holds)
    session.close()
    assert found("\n".join(held_by(session)), *SECRETS) == []


@all_cases("kind", KINDS)
def test_every_kind_s_session_is_pickled_without_its_secret(serve, kind):
    server = serve(token=False)
    answers(server, kind, http(200, CHAT))
    session = session_of(kind, server.url)
    session.chat("hello", model="m")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert found(pickle.dumps(session, protocol).decode("latin-1"), *SECRETS) == []
    there = pickle.loads(pickle.dumps(session))
    with pytest.raises(NotConnected, match="without its credential"):
        there.projects()
    session.close()


def test_no_warning_quotes_a_secret(serve):
    """Sockets that are left open, a switch that is ignored, a token that ends: all are said."""
    server = serve(token=False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for kind in KINDS:
            answers(server, kind, http(200, CHAT))
            session = session_of(kind, server.url)
            session.chat("hello", model="m")
            del session
    assert found(repr([(w.message, w.source, w.line) for w in told]), *SECRETS) == []


def test_a_source_that_is_logged_shows_its_name_alone(monkeypatch, caplog):
    from wx_notebook.credentials.connection_params import ConnectionParams
    from wx_notebook.credentials.provider_chain import find_credentials

    monkeypatch.setenv("WATSONX_TOKEN", TOKEN)
    monkeypatch.setenv("WATSONX_PASSWORD", PASSWORD)
    monkeypatch.setenv("WATSONX_USERNAME", "jane")
    caplog.set_level(logging.DEBUG)
    from wx_notebook.session.process import environment

    for given in (
        ConnectionParams("arguments", Secret(KEY), project_id=PROJECT),
        ConnectionParams("arguments"),
    ):
        logging.getLogger("mine").debug(
            "%r %s", find_credentials(given, environment()), environment()
        )
    assert "WATSONX_PASSWORD" in caplog.text
    assert found(caplog.text, *SECRETS) == []


def test_what_connect_holds_back_is_not_in_the_session_of_the_module(monkeypatch):
    """`wx.session()` connects by itself, and its text is as silent."""
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    session = wx.session()
    text = (
        f"{session!r} {vars(session)} {vars(wx)} {session.state.params!r} {session.status_line()}"
    )
    assert "WATSONX_API_KEY" in text
    assert found(text, *SECRETS) == []
