"""A secret has one way out."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import shelve

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import SECRET_MASK, mask_keys

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret

FORMS = {
    "str": str,
    "repr": repr,
    "format": format,
    "format with a width": lambda s: format(s, ">60"),
    "f-string": lambda s: f"{s} {s!r} {s!s} {s!a} {s:.3}",
    "percent": lambda s: "%s %r %a" % (s, s, s),  # noqa: UP031
    "str.format": lambda s: f"{s} {s!r}",
    "a format that looks inside": lambda s: "{0.__class__} {0}".format(s),  # noqa: UP032
    "ascii": ascii,
    "in a list": lambda s: repr([s, (s,), {"key": s}]),
    "pprint": pprint.pformat,
    "print": lambda s: print(s, file=(out := io.StringIO())) or out.getvalue(),
    "dir": lambda s: repr(dir(s)),
    "its slots": lambda s: repr([getattr(s, name, None) for name in type(s).__slots__]),
    "json with default=str": lambda s: json.dumps({"key": s}, default=str),
    "json with default=repr": lambda s: json.dumps({"key": s}, default=repr),
    "a log record": lambda s: logging.LogRecord("n", 10, "p", 1, "%s", (s,), None).getMessage(),
    "its docstring": lambda s: repr(s.__doc__) + repr(s.__class__.__dict__),
    "an exception": lambda s: repr(ValueError(s)) + str(ValueError(s)),
    "a source of credentials": lambda s: repr(ConnectionParams("arguments", s)),
}
WRITTEN = {
    "pickle 0": lambda s: pickle.dumps(s, 0),
    "pickle": pickle.dumps,
    "pickle in a list": lambda s: pickle.dumps([s]),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a dict": lambda s: copy.deepcopy({"key": s}),
    "getstate": lambda s: s.__getstate__(),
    "reduce": lambda s: s.__reduce__(),
    "json": json.dumps,
    "vars": vars,
    "asdict": lambda s: dataclasses.asdict(ConnectionParams("arguments", s)),
    "bytes": bytes,
    "list": list,
    "len": len,
    "iter": iter,
    "contains": lambda s: "Z" in s,
    "add": lambda s: "key: " + s,
    "hash": hash,
    "a set": lambda s: {s},
    "a key of a dict": lambda s: {s: 1},
}


@all_cases("form", FORMS)
def test_a_secret_has_no_text_form(form):
    text = FORMS[form](Secret(KEY))
    assert KEY not in text
    assert not any(KEY[at : at + 6] in text for at in range(len(KEY) - 6))


@all_cases("way", WRITTEN)
def test_a_secret_is_not_written_copied_or_taken_apart(way):
    with pytest.raises(TypeError) as caught:
        WRITTEN[way](Secret(KEY))
    assert KEY not in str(caught.value)


def test_a_secret_cannot_be_stored_on_disk(tmp_path):
    with shelve.open(str(tmp_path / "shelf")) as shelf, pytest.raises(TypeError, match="stored"):
        shelf["key"] = Secret(KEY)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_secret_does_not_change():
    secret = Secret(KEY)
    for name in ("value", "_reveal", "__class__"):
        with pytest.raises(AttributeError, match="can't be changed"):
            setattr(secret, name, "other")
    assert secret.reveal() == KEY


def test_a_secret_has_no_dict():
    assert not hasattr(Secret(KEY), "__dict__")


def test_bytes_of_the_environment_that_are_no_text_can_be_compared():
    broken = b"\xff" + KEY.encode()
    secret = Secret(broken.decode("utf-8", "surrogateescape"))
    assert secret != Secret(KEY)


def test_there_is_one_way_out():
    assert Secret(KEY).reveal() == KEY


def test_secrets_are_equal_by_value_and_to_nothing_else():
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret(KEY[:-1])
    assert Secret(KEY) != KEY
    assert Secret("") != ""
    assert Secret("ä") == Secret("ä")


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret("x")


def test_a_text_that_quotes_a_secret_is_shown_without_it():
    assert Secret(KEY).hide_in(f"a{KEY}b {KEY}") == f"a{SECRET_MASK}b {SECRET_MASK}"


def test_a_secret_of_a_few_characters_does_not_blank_ordinary_words():
    assert Secret("the").hide_in("the key") == "the key"
    assert Secret("").hide_in("the key") == "the key"


@given(st.text(min_size=8, max_size=64), st.text(max_size=40), st.text(max_size=40))
def test_hiding_leaves_nothing_of_it_wherever_it_stands(value, before, after):
    hidden = Secret(value).hide_in(before + value + after)
    assert value not in hidden.replace(SECRET_MASK, "\0")


def test_a_key_in_the_wrong_field_is_recognised_by_its_form():
    assert mask_keys(KEY) == SECRET_MASK
    assert mask_keys(f"https://{KEY}.example/x") == "https://<secret>.example/x"
    for other in ("us-south", "12345678-1234-4123-8123-123456789abc", "us-south.ml.cloud.ibm.com"):
        assert mask_keys(other) == other
    assert len(mask_keys("ab " * 100)) == 100
