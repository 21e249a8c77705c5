"""The variables of a kernel: what is searched, and that no code of theirs runs."""

from __future__ import annotations

import pytest
from support.guard import new_key

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.scan_text import KnownSecretSearch
from wx_notebook.guard.scan_variables import search_variables


class Holds:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Angry(dict):
    """Runs code of its own whenever it is touched."""

    def _refuse(self, *_):
        raise AssertionError("somebody's code was run")

    __getattr__ = __getitem__ = __iter__ = items = keys = values = __len__ = _refuse
    __repr__ = __str__ = __eq__ = __bool__ = _refuse
    __hash__ = None


def found_in(key, **namespace):
    search = KnownSecretSearch([("in use", "api_key", Secret(key))])
    return [finding.position for finding in search_variables(namespace, search)]


@pytest.mark.slow  # megabytes are searched
def test_a_large_variable_hides_no_other_and_is_named():
    key, cut = new_key(), []
    search = KnownSecretSearch([("in use", "api_key", Secret(key))])
    namespace = {"big": list(range(600_000)), "leak": {"k": [key]}}
    found = search_variables(namespace, search, on_truncated=cut.append)
    assert [finding.position for finding in found] == ["variable leak[...][0]"]
    assert cut == ["big"]


def test_a_key_is_found_wherever_python_keeps_values_and_its_place_is_named():
    key = new_key()
    itself = [key]
    itself.append(itself)
    assert found_in(
        key,
        text=f"x{key}",
        raw=key.encode(),
        table={"a": {1: (0, key)}},
        names={key: 1},
        some={key},
        nested=Holds(config=Holds(key=key)),
        itself=itself,
        In=["", f"k = '{key}'"],
        angry=Angry({"a": key}),
    ) == [
        "variable text",
        "variable raw",
        "variable table[...][1][1]",
        "variable names (a name in it)",
        "variable some{...}",
        "variable nested.config.key",
        "variable itself[0]",
        "In[1]",
        "variable angry[...]",
    ]


def test_what_holds_a_secret_properly_and_ipythons_shorthands_are_skipped(session):
    key = session.state.params.api_key.reveal()
    assert found_in(key, session=session, secret=Secret(key), _i=key, _3=key, _ih=[key]) == []


@pytest.mark.slow  # megabytes are searched
def test_a_value_without_end_comes_to_an_end():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    assert found_in(new_key(), deep=deep, large=list(range(600_000))) == []
