"""A session holds a secret, so it cannot be written away, and forgets it when it is closed."""

from __future__ import annotations

import copy
import dataclasses
import gc
import json
import pickle
import pprint
import shelve

import pytest
from support.cases import all_cases
from transport.servers import (
    CHAT,
    KEY,
    PROJECT,
    TOKEN,
    caught,
    chunked,
    connect,
    events,
    held_by,
    http,
)

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import HostRefused, NotConnected, ProjectError, UnknownRegion
from wx_notebook.session import Session
from wx_notebook.transport import Transport

BEGUN = chunked(events({"choices": [{"delta": {"content": "Four"}}]}), end=False)


@pytest.fixture
def used(serve):
    """A session that has signed in, asked and failed."""
    server = serve(http(200, CHAT))
    server.on("/v2/", http(500, {"errors": [{"message": f"{KEY} {TOKEN}"}]}))
    session = connect(server)
    session.chat("hello", model="m")
    caught(session.projects)
    return session


WAYS_OUT = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a list": lambda s: copy.deepcopy([s]),
    "json": json.dumps,
    "pickle of its tokens": lambda s: pickle.dumps(s.state.token_source),
    "pickle of its transport": lambda s: pickle.dumps(s.state.transport),
    "pickle of its service": lambda s: pickle.dumps(s.state.service),
    "pickle of its variables": lambda s: pickle.dumps(vars(s)),
    "deepcopy of its variables": lambda s: copy.deepcopy(vars(s)),
    "pickle of its token": lambda s: pickle.dumps(s.state.token_source.current()),
    "asdict of its token": lambda s: dataclasses.asdict(s.state.token_source.current()),
}
FORMS = {
    "repr": repr,
    "str": str,
    "format": format,
    "vars": lambda s: repr(vars(s)),
    "f-string of vars": lambda s: f"{vars(s)}",
    "pprint": lambda s: pprint.pformat(vars(s)),
    "json with default=str": lambda s: json.dumps(vars(s), default=str),
    "json with default=vars": lambda s: json.dumps(
        s, default=lambda o: getattr(o, "__dict__", str(o)), skipkeys=True, check_circular=False),
    "dir": lambda s: repr([getattr(s, name, None) for name in dir(s)]),
    "vars, three deep": lambda s: repr([
        [vars(x) if hasattr(x, "__dict__") else x for x in vars(y).values()]
        for y in vars(s).values() if hasattr(y, "__dict__")]),
    "line": lambda s: s.status_line(),
    "token": lambda s: repr(s.state.token_source.current()),
}  # fmt: skip


@all_cases("way", WAYS_OUT)
def test_a_session_cannot_be_copied_nor_its_parts_stored(used, way):
    with pytest.raises(TypeError) as refused:
        WAYS_OUT[way](used)
    assert KEY not in str(refused.value)


def test_a_session_on_a_shelf_leaves_its_secrets_behind(used, tmp_path):
    with shelve.open(str(tmp_path / "shelf")) as shelf:
        shelf["s"] = used
    assert list(tmp_path.iterdir())
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()
        assert TOKEN.encode() not in path.read_bytes()


@all_cases("form", FORMS)
def test_no_text_form_of_a_session_shows_key_or_token(used, form):
    try:
        text = FORMS[form](used)
    except (TypeError, ValueError, RecursionError) as refused:
        text = str(refused)
    assert KEY not in text
    assert TOKEN not in text


def test_nothing_that_a_session_holds_but_its_secrets_is_key_or_token(used):
    """Not in a request that was kept, a buffer, a cache: wherever `gc` can get from there."""
    texts = held_by(used, but=(Secret,))
    assert "CERT_REQUIRED" in texts, "as far as the connections of urllib3"
    assert not [text for text in texts if KEY in text or TOKEN in text]
    assert KEY in "".join(held_by(used)), "with its secrets, it is found"


def test_nor_does_an_answer_that_is_still_arriving(serve):
    server = serve()
    server.on("/ml/", server.silent(BEGUN))
    with connect(server).stream("hello", model="m") as stream:
        assert next(stream) == "Four"
        texts = held_by(stream, but=(Secret,))
        assert len(texts) > 50
        assert not [text for text in texts if KEY in text or TOKEN in text]


def test_a_closed_session_holds_neither_key_nor_token(used):
    used.close()
    gc.collect()
    texts = held_by(used)
    assert not [text for text in texts if KEY in text or TOKEN in text]
    assert used.status_line() == "closed: key and token are forgotten"


def test_a_closed_session_asks_nothing_and_says_what_to_do(serve):
    server = serve(http(200, CHAT))
    session = connect(server)
    session.chat("hello", model="m")
    session.close()
    before = len(server.seen)
    for ask in (lambda: session.chat("hello", model="m"), session.verify, session.projects,
                lambda: session.chat("hello")):  # fmt: skip
        problem = caught(ask)
        assert type(problem) is NotConnected
        assert problem.hint == "Next: run %watsonx login."
    assert len(server.seen) == before
    session.close()


def test_closing_ends_the_connections(serve):
    server = serve(http(200, CHAT))
    session = connect(server)
    session.chat("hello", model="m")
    assert not server.left.is_set()
    session.close()
    assert server.left.wait(2)


# --- made without a request --------------------------------------------------------------------


@all_cases(
    ("given", "kind"),
    [({"region": "mars"}, UnknownRegion), ({"url": "http://example.com"}, HostRefused),
     ({"project_id": "my project"}, ProjectError), ({"space_id": "x"}, ProjectError),
     ({"iam_url": "https://example.com"}, HostRefused),
     ({"platform_url": "https://example.com"}, HostRefused)],
)  # fmt: skip
def test_what_cannot_be_right_is_found_without_a_request(given, kind):
    problem = caught(lambda: Session(ConnectionParams("arguments", Secret(KEY), **given),
                                     transport=Transport()))  # fmt: skip
    assert type(problem) is kind
    assert problem.hint


def test_making_a_session_sends_nothing(serve):
    server = serve()
    session = connect(server)
    assert repr(session) == f"<Session: sandbox, project {PROJECT}, by arguments>"
    assert session.status_line().startswith("set up for ")
    assert server.connections == 0


# --- the line that says where one is -----------------------------------------------------------


def test_the_line_names_project_place_person_model_and_life(sandbox, session):
    session.verify()
    parts = session.status_line().split(" · ")
    assert parts[0] == "connected to project 'Sandbox project'"
    assert parts[1] == f"sandbox ({sandbox.url})"
    assert any(part.startswith("as ") for part in parts)
    assert "model ibm/granite-4-h-small" in parts
    assert parts[-1] == "token for 60 min, renewed by itself"


def test_a_project_without_a_runtime_is_said_in_the_line(sandbox):
    import wx_notebook as wx

    session = wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.bare_project_id
    )
    session.verify()
    assert "without a watsonx.ai Runtime" in session.status_line()


def test_the_life_of_a_token_is_told_by_the_clock_that_was_passed_in(sandbox):
    now = [1000.0]
    given = ConnectionParams("arguments", Secret(sandbox.api_key), url=sandbox.url,
                  project_id=sandbox.project_id)  # fmt: skip
    session = Session(given, transport=Transport(), clock=lambda: now[0])
    session.verify()
    now[0] += 3000
    assert "token for 10 min" in session.status_line()
    now[0] += 550
    assert "token for 50 s" in session.status_line()
    now[0] += 1000
    assert "token for 0 s" in session.status_line()
