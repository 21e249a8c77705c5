"""A key is remembered in the operating system's keyring, or not at all."""

from __future__ import annotations

import _thread
import json
import os
import subprocess
import sys
import threading
import types

import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.core
import pytest
from credentials.keyring_stand_ins import (
    Blocks,
    BlocksAtOnce,
    Clings,
    Exits,
    Garbles,
    Keeps,
    Loses,
    Tells,
    TellsAtOnce,
    TellsWhenAsked,
    chosen,
    everything_about,
    system,
    wait_for_the_threads,
)
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.credentials import keyring_backend, keyring_store
from wx_notebook.credentials.keyring_store import KeyringEntry
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, NotConnected

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
OTHER = "0ther_kEyCaNaRy-0123456789abcdefghijklmnopQR"


@pytest.fixture
def quick(monkeypatch):
    """Give up soon."""
    monkeypatch.setattr(keyring_backend, "LONGEST_WAIT", 0.2)


# -- what it keeps


@all_cases("name", keyring_backend.SYSTEM_KEYRINGS)
def test_the_keyrings_of_operating_systems_are_used(name):
    with system(Keeps, name):
        assert keyring_store.missing_keyring() == ""
        keyring_store.write_entry("work", Secret(KEY))
        assert keyring_store.read_entry("work") == KeyringEntry(Secret(KEY))
        assert keyring_store.keyring_name() == keyring_backend.SYSTEM_KEYRINGS[name]


def test_the_list_names_classes_that_the_library_has():
    for name in keyring_backend.SYSTEM_KEYRINGS:
        module, _, kind = name.rpartition(".")
        assert isinstance(keyring.core._load_keyring_class(name), type), (module, kind)


@pytest.mark.parametrize("what", keyring_store.ENTRY_FIELDS)
def test_what_is_stored_comes_back_with_what_it_is_and_where_it_may_go(what):
    with system(Keeps):
        keyring_store.write_entry(
            "work", Secret("päss\nwörd \udcff"), hosts="https://cpd.example", field=what
        )
        found = keyring_store.read_entry("work")
    assert found == KeyringEntry(Secret("päss\nwörd \udcff"), "https://cpd.example", what)
    assert KEY not in repr(found)


def test_the_entry_has_one_documented_form():
    with system(Keeps) as backend:
        keyring_store.write_entry(
            "work", Secret(KEY), hosts="https://cpd.example", field="password"
        )
        ((where, entry),) = backend.entries.items()
    assert where == ("wx_notebook", "work")
    assert json.loads(entry) == {
        "wx_notebook": 1, "what": "password", "secret": KEY, "hosts": "https://cpd.example",
    }  # fmt: skip


def test_profiles_do_not_see_each_other():
    with system(Keeps):
        keyring_store.write_entry("work", Secret(KEY))
        keyring_store.write_entry("home", Secret(OTHER))
        assert keyring_store.read_entry("none") is None
        assert keyring_store.delete_entry("work") is True
        assert keyring_store.delete_entry("work") is False
        assert keyring_store.read_entry("work") is None
        assert keyring_store.read_entry("home") == KeyringEntry(Secret(OTHER))


def test_what_was_there_before_can_be_put_back():
    with system(Keeps) as backend:
        assert keyring_store.write_entry("work", Secret(KEY)) is None
        before = keyring_store.write_entry("work", Secret(OTHER))
        assert KEY not in repr(before)
        keyring_store.restore_entry("work", before)
        assert keyring_store.read_entry("work") == KeyringEntry(Secret(KEY))
        keyring_store.restore_entry("work", None)
        assert backend.entries == {}


def test_of_a_chain_the_first_that_is_the_systems_own_is_used(monkeypatch):
    plain = Keeps()
    with system(Keeps, choose=False) as first, system(Keeps, "keyring.backends.libsecret.Keyring",
                                                      choose=False) as second:  # fmt: skip
        chain = keyring.backends.chainer.ChainerBackend
        monkeypatch.setattr(chain, "backends", [plain, first, second], raising=False)
        with chosen(object.__new__(chain)):
            keyring_store.write_entry("work", Secret(KEY))
            assert keyring_store.read_entry("work") == KeyringEntry(Secret(KEY))
    assert plain.entries == second.entries == {}
    assert first.entries


# -- what is refused


class PlaintextKeyring(Keeps):
    """What keyrings.alt brings; the library takes it without a word where nothing else is."""


PlaintextKeyring.__module__ = "keyrings.alt.file"
Pretender = type("Keyring", (Keeps,), {"__module__": "keyring.backends.SecretService"})
REFUSED = {
    "plain text": (
        PlaintextKeyring(),
        "this machine has no system keyring (keyrings.alt.file.PlaintextKey",
    ),
    "null": (
        keyring.backends.null.Keyring(),
        "keyring (keyring.backends.null.Keyring is not used)",
    ),
    "fail": (
        keyring.backends.fail.Keyring(),
        "this machine has no system keyring: the sign-in ends",
    ),
    "third party": (Keeps(), "keyring_stand_ins.Keeps is not used)"),
    "a name that is not its own": (Pretender(), "another keyring.backends.SecretService.Keyring"),
    "no back end at all": (types.SimpleNamespace(), "SimpleNamespace is not used)"),
}


@all_cases("which", REFUSED)
def test_every_other_back_end_is_refused_by_name(which):
    backend, words = REFUSED[which]
    with chosen(backend):
        assert words in keyring_store.missing_keyring()
        assert keyring_store.missing_keyring().endswith(": the sign-in ends with this kernel")
        assert "\n" not in keyring_store.missing_keyring()
        with pytest.raises(
            BadOption, match="not remembered: this machine has no system keyring"
        ) as stored:
            keyring_store.write_entry("work", Secret(KEY))
        with pytest.raises(
            NotConnected, match="not read: this machine has no system keyring"
        ) as loaded:
            keyring_store.read_entry("work")
        assert keyring_store.delete_entry("work") is False
        assert keyring_store.keyring_name() == ""
    assert getattr(backend, "entries", {}) == {}
    assert KEY not in everything_about(stored.value) + everything_about(loaded.value)


def test_a_subclass_of_a_systems_keyring_is_not_that_keyring():
    from keyring.backends import SecretService

    class Mine(SecretService.Keyring):
        pass

    with chosen(object.__new__(Mine)):
        assert "Mine is not used" in keyring_store.missing_keyring()


def test_a_chain_without_a_systems_keyring_is_refused_by_what_is_in_it(monkeypatch):
    chain = keyring.backends.chainer.ChainerBackend
    monkeypatch.setattr(chain, "backends", [PlaintextKeyring()], raising=False)
    with chosen(object.__new__(chain)):
        assert "(keyrings.alt.file.PlaintextKeyring is not used)" in keyring_store.missing_keyring()
    monkeypatch.setattr(chain, "backends", [], raising=False)
    with chosen(object.__new__(chain)):
        assert keyring_store.missing_keyring().startswith("this machine has no system keyring: ")


def test_a_library_that_cannot_be_imported_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keyring_store.missing_keyring() == (
        "the library 'keyring' can't be imported: the sign-in ends with this kernel"
    )


def test_a_back_end_of_the_environment_that_does_not_exist_is_said(monkeypatch):
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.backend")
    assert keyring_store.missing_keyring().startswith(
        "the system keyring failed (ModuleNotFoundError): "
    )


def test_looking_for_a_keyring_asks_it_for_nothing():
    with system(BlocksAtOnce) as backend:
        assert keyring_store.missing_keyring() == ""
        assert not backend.asked.is_set()


# -- what fails


@all_cases("kind", [Loses, Garbles, Tells, TellsAtOnce, TellsWhenAsked, Exits])
def test_a_keyring_that_does_not_keep_it_is_an_error_and_nothing_is_left(kind):
    with system(kind) as backend:
        with pytest.raises(BadOption, match=r"'work' was not remembered: the system keyring") as e:
            keyring_store.write_entry("work", Secret(KEY))
        assert backend.entries == {}
    assert KEY not in everything_about(e.value)
    assert "the sign-in ends with this kernel" in e.value.hint


@pytest.mark.parametrize("kind", [Loses, TellsAtOnce])
def test_a_write_that_failed_leaves_what_was_there_before(kind):
    with system(kind) as backend:
        Keeps.set_password(backend, "wx_notebook", "work", "what was there")
        with pytest.raises(BadOption):
            keyring_store.write_entry("work", Secret(KEY))
        assert backend.entries == {("wx_notebook", "work"): "what was there"}


@pytest.mark.parametrize(
    ("kind", "words"), [(TellsWhenAsked, "RuntimeError"), (Exits, "SystemExit")]
)
def test_a_keyring_that_fails_is_named_by_the_kind_of_its_error_only(kind, words):
    with system(kind) as backend:
        backend.entries["wx_notebook", "work"] = KEY
        with pytest.raises(NotConnected, match=rf"not read: the system keyring failed \({words}\)"):
            keyring_store.read_entry("work")
        with pytest.raises(BadOption, match=words) as caught:
            keyring_store.delete_entry("work")
    assert KEY not in everything_about(caught.value)


def test_an_entry_that_stays_after_its_removal_is_an_error():
    with system(Clings):
        keyring_store.write_entry("work", Secret(KEY))
        with pytest.raises(BadOption, match="was not removed: the system keyring still has it"):
            keyring_store.delete_entry("work")


def test_an_entry_that_is_there_twice_is_removed_twice():
    class Twice(Keeps):
        left = 3

        def delete_password(self, service, username):
            self.left -= 1
            if not self.left:
                super().delete_password(service, username)

    with system(Twice):
        keyring_store.write_entry("work", Secret(KEY))
        assert keyring_store.delete_entry("work") is True
        assert keyring_store.read_entry("work") is None


DAMAGED = {
    "a bare key": KEY,
    "cut": json.dumps({"what": "api_key", "secret": KEY, "hosts": ""})[:-3],
    "another object": json.dumps({"apikey": KEY}),
    "a list": json.dumps([{"what": "api_key", "secret": KEY, "hosts": ""}]),
    "a number for the secret": json.dumps({"what": "api_key", "secret": 7, "hosts": ""}),
    "no secret": json.dumps({"what": "api_key", "secret": "", "hosts": ""}),
    "no hosts": json.dumps({"what": "api_key", "secret": KEY}),
    "another kind": json.dumps({"what": "cookie", "secret": KEY, "hosts": ""}),
    "a list for the kind": json.dumps({"what": ["api_key"], "secret": KEY, "hosts": ""}),
    "deep": "[" * 100_000,
    "bytes": KEY.encode(),
}


@all_cases("which", DAMAGED)
def test_an_entry_that_is_none_of_ours_is_an_error_that_does_not_quote_it(which):
    with system(Keeps) as backend:
        backend.entries["wx_notebook", "work"] = DAMAGED[which]
        with pytest.raises(NotConnected, match=r"damaged|failed") as caught:
            keyring_store.read_entry("work")
    assert KEY not in everything_about(caught.value)
    assert "%watsonx login" in caught.value.hint


@pytest.mark.slow
@given(st.text(max_size=60), st.sampled_from([Tells, TellsAtOnce, Loses, Garbles]))
def test_no_secret_is_in_any_error(text, kind):
    with system(kind), pytest.raises(BadOption) as stored:
        keyring_store.write_entry("p", Secret(f"Zq7_{text}_7qZ"))
    with system(TellsWhenAsked) as backend:
        backend.entries["wx_notebook", "p"] = f"Zq7_{text}_7qZ"
        with pytest.raises(NotConnected) as loaded:
            keyring_store.read_entry("p")
    shown = everything_about(stored.value) + everything_about(loaded.value)
    assert "Zq7_" not in shown
    assert "_7qZ" not in shown


@given(
    st.text(min_size=1, max_size=200),
    st.text(max_size=60),
    st.sampled_from(keyring_store.ENTRY_FIELDS),
)
def test_every_secret_comes_back_as_it_was(text, hosts, what):
    with system(Keeps):
        keyring_store.write_entry("p", Secret(text), hosts=hosts, field=what)
        assert keyring_store.read_entry("p") == KeyringEntry(Secret(text), hosts, what)


# -- what does not answer


def test_a_keyring_has_three_seconds():
    assert keyring_backend.LONGEST_WAIT == 3.0


@pytest.mark.parametrize("use", ["write_entry", "read_entry", "delete_entry"])
def test_a_keyring_that_waits_for_its_user_is_given_up(use, quick):
    with system(BlocksAtOnce):
        with pytest.raises(
            (BadOption, NotConnected), match=r"did not answer within 0\.2"
        ) as caught:
            getattr(keyring_store, use)("work", *([Secret(KEY)] if use == "write_entry" else []))
        assert "is it locked?" in str(caught.value)
        assert KEY not in everything_about(caught.value)


def test_what_was_given_up_is_not_in_the_keyring_when_it_is_unlocked_later(quick):
    with system(Blocks) as backend:
        with pytest.raises(BadOption, match="did not answer"):
            keyring_store.write_entry("work", Secret(KEY))
        backend.unlocked.set()
        wait_for_the_threads()
        assert backend.entries == {}


def test_what_was_there_before_a_call_that_was_given_up_is_there_afterwards(quick):
    with system(Blocks) as backend:
        Keeps.set_password(backend, "wx_notebook", "work", "what was there")
        with pytest.raises(BadOption, match="did not answer"):
            keyring_store.write_entry("work", Secret(KEY))
        backend.unlocked.set()
        wait_for_the_threads()
        assert backend.entries == {("wx_notebook", "work"): "what was there"}


def test_a_call_given_up_does_not_undo_the_one_that_came_after_it(monkeypatch, quick):
    with system(Blocks) as backend:
        with pytest.raises(BadOption, match="did not answer"):
            keyring_store.write_entry("work", Secret(KEY))
        monkeypatch.setattr(keyring_backend, "LONGEST_WAIT", 60)
        threading.Timer(0.3, backend.unlocked.set).start()
        keyring_store.write_entry("work", Secret(OTHER))
        wait_for_the_threads()
        assert keyring_store.read_entry("work") == KeyringEntry(Secret(OTHER))


def test_a_call_that_was_given_up_before_its_turn_does_nothing(quick):
    with system(Blocks) as backend:
        for _ in range(3):
            with pytest.raises(BadOption, match="did not answer"):
                keyring_store.write_entry("work", Secret(KEY))
        assert len([t for t in threading.enumerate() if t.name == "wx_notebook keyring"]) == 3
        backend.unlocked.set()
        wait_for_the_threads()
        assert backend.entries == {}


def test_a_keyring_that_is_waited_for_can_be_interrupted(monkeypatch):
    monkeypatch.setattr(keyring_backend, "LONGEST_WAIT", 60)
    with system(Blocks) as backend:

        def interrupt():
            backend.asked.wait(30)
            _thread.interrupt_main()

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            keyring_store.write_entry("work", Secret(KEY))
        backend.unlocked.set()
        wait_for_the_threads()
        assert backend.entries == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_is_not_held_up_by_a_call_that_its_parent_waits_for(quick):
    with system(Blocks):
        with pytest.raises(BadOption, match="did not answer"):
            keyring_store.write_entry("work", Secret(KEY))
        assert keyring_backend._turn.lock.locked()
        child = os.fork()
        if not child:
            os._exit(int(keyring_backend._turn.lock.locked()))
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.slow
def test_a_keyring_that_never_answers_does_not_keep_the_process():
    script = (
        "import threading, keyring.core, keyring.backends.SecretService as place\n"
        "class Keyring:\n"
        "    __module__ = 'keyring.backends.SecretService'\n"
        "    def get_password(self, *_): threading.Event().wait()\n"
        "place.Keyring = Keyring\n"
        "keyring.core._keyring_backend = Keyring()\n"
        "from wx_notebook.credentials import keyring_store, keyring_backend\n"
        "keyring_backend.LONGEST_WAIT = 0.2\n"
        "keyring_store.read_entry('work')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "did not answer" in done.stderr


def test_importing_these_modules_brings_no_keyring_library_along():
    script = (
        "import sys, wx_notebook.credentials.profiles\n"
        "print({'keyring', 'tomlkit', 'jupyter_core', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
