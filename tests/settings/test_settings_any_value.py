"""Whatever a settings file says is in use, or told as a fault of that file."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.errors import BadOption, UserFacingError
from wx_notebook.options import known_options
from wx_notebook.settings.user_file import PROFILE_KEYS

KEYS = [*(option.name for option in known_options()), "budget", "aliases", "profile", "profiles"]
TABLES = {
    "project": ("pyproject.toml", "[tool.wx_notebook]\n{}"),
    "user": ("wx_notebook.toml", "{}"),
    "project's param": ("pyproject.toml", "[tool.wx_notebook.param]\n{}"),
    "user's param": ("wx_notebook.toml", "[param]\n{}"),
    "project's aliases": ("pyproject.toml", "[tool.wx_notebook.aliases]\n{}"),
    "profile": ("wx_notebook.toml", "profile = 'work'\n[profiles.work]\n{}"),
    "profiles": ("wx_notebook.toml", "[profiles]\n{}"),
}


def toml(value):
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.times()
    | st.datetimes() | st.sampled_from([10**400, -1, 0, 1, "auto", "seed=1", "ibm/x", "https://["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@contextlib.contextmanager
def files(table, line):
    """Both settings files, one of them with this line; what it is called."""
    name, text = TABLES[table]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.chdir(folder)
        patch.setenv("JUPYTER_CONFIG_DIR", folder)
        path = Path(folder, name)
        path.write_text(text.replace("{}", line), "utf-8")
        path.chmod(0o600)
        yield path


def everything_that_reads_settings():
    yield settings.read_files
    yield lambda: settings.resolve_options({})
    yield lambda: settings.resolve_options({"generate": True})
    yield settings.budget
    yield settings.aliases
    yield settings.user_model
    yield settings.effective_options
    yield settings.profiles
    yield settings.default_profile
    yield lambda: wx.connect(profile="work")


def error_of(read):
    """The error for the user; any other error fails the test."""
    try:
        read()
    except UserFacingError as error:
        return error
    return None


@given(st.sampled_from(sorted(TABLES)), st.sampled_from([*KEYS, *PROFILE_KEYS, "x"]), VALUES)
@example("project", "param", ["seed=1"])
@example("user", "param", ["seed=1"])
@example("user", "param", [["top_k"]])
@example("project", "param", [1])
@example("user", "param", [["top_k", 1, 2]])
@example("project", "budget", 10**400)
@example("project", "max_tokens", math.nan)
@example("project", "stop", [[]])
@example("project", "seed", dt.date(2026, 1, 1))
@example("profile", "url", "https://[")
@example("profile", "ca_bundle", "\x01")
@example("user", "system", "\x1b[2J")
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_value_of_any_type_gives_a_traceback(table, key, value):
    with files(table, f"{toml(key)} = {toml(value)}") as path:
        told = [error_of(read) for read in everything_that_reads_settings()]
        problems = settings.read_files().problems
        of_prompt = error_of(lambda: settings.resolve_options({}))
    assert all(len(error._render_traceback_()) <= 6 for error in told if error)
    if problems:
        assert of_prompt is not None
        assert str(path) in of_prompt.message


@all_cases("table", ["project", "user"])
@all_cases(
    "line",
    [
        'param = ["seed=1"]', 'param = "seed=1"', "param = [[1]]", "param = 1", "stop = 1",
        "max_tokens = [1]", "seed = 2026-01-01", "budget = inf", 'aliases = ["x"]',
        "system = {a = 1}", "temperature = nan", "generate = 1", "top_p = 07:00:00",
    ],
)  # fmt: skip
def test_a_value_that_is_refused_is_told_with_file_and_key(table, line):
    with files(table, line) as path, pytest.raises(BadOption) as caught:
        settings.resolve_options({})
    assert f"'{line.split()[0]}'" in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("table", ["project", "user"])
def test_values_of_one_file_that_exclude_each_other_are_told_with_the_file(table):
    lines = "reasoning = 'high'\nparam = {chat_template_kwargs = 1}"
    with files(table, lines) as path, pytest.raises(BadOption) as caught:
        settings.resolve_options({})
    assert str(path) in caught.value.message
    assert "'reasoning' and 'param.chat_template_kwargs'" in caught.value.message
