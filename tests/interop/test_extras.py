"""A library that is not there, or too old, is one error with what to type."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.errors import BadOption
from wx_notebook.interop import extras
from wx_notebook.interop.extras import LANGCHAIN, OPENAI, SDK, import_extra

WAYS = {
    "sdk_credentials": SDK, "api_client": SDK, "chat_model": LANGCHAIN, "openai_client": OPENAI
}  # fmt: skip


def installed(monkeypatch, **versions):
    def version(name):
        found = versions.get(name.replace("-", "_"))
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(extras, "version", version)


@all_cases("way", WAYS)
def test_an_absent_library_is_an_error_with_the_line_that_installs_it(way, session, monkeypatch):
    installed(monkeypatch)
    with pytest.raises(BadOption, match="is not installed here") as caught:
        getattr(wx.interop, way)()
    assert f"pip install 'wx-notebook[{WAYS[way].name}]'" in caught.value.hint
    assert caught.value.__context__ is None


@all_cases("way", WAYS)
def test_the_shorthand_of_a_session_is_the_same_function(way, session, monkeypatch):
    installed(monkeypatch)
    with pytest.raises(BadOption, match="is not installed here"):
        getattr(session, way)()


@all_cases("found", ["0.2.6", "1.0", "1.5.14", "1.5rc1"])
def test_an_older_sdk_is_one_clear_message(found, session, monkeypatch):
    installed(monkeypatch, ibm_watsonx_ai=found)
    with pytest.raises(BadOption) as caught:
        wx.interop.api_client()
    assert caught.value.message == (
        f"IBM's SDK {found} is installed, but version 1.6 or later is needed."
    )
    assert caught.value.hint.startswith("Next: pip install --upgrade 'wx-notebook[sdk]'")


@all_cases("found", ["1.6", "1.6.0", "1.10.0", "2.0rc1", "10.0"])
def test_versions_are_compared_as_numbers(found, monkeypatch):
    installed(monkeypatch, ibm_watsonx_ai=found)
    assert import_extra(SDK).__name__ == "ibm_watsonx_ai"


def test_a_library_that_cannot_be_imported_says_why_without_its_frames(monkeypatch, tmp_path):
    (tmp_path / "openai.py").write_text("raise RuntimeError('built for another Python')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "openai", raising=False)
    installed(monkeypatch, openai="3.0")
    with pytest.raises(BadOption, match="built for another Python") as caught:
        import_extra(OPENAI)
    assert "--force-reinstall 'wx-notebook[openai]'" in caught.value.hint
    assert caught.value.__context__ is None


def test_the_room_itself_brings_none_of_them_along():
    script = (
        "import sys, wx_notebook as wx; wx.interop.program\n"
        "print({'ibm_watsonx_ai', 'langchain_ibm', 'openai', 'httpx', 'httpx2'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
