"""The files of the front-end extension fit each other, and what Jupyter reads of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from support.lab_extension import ROOT, install_extension, shared_data

import wx_notebook

LAB = ROOT / "wx_notebook" / "lab"
STATIC = LAB / "static"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js"))}
TEXTS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["page"]
    for path in sorted((STATIC / "texts").glob("*.json"))
}
PACKAGE = json.loads((LAB / "package.json").read_text(encoding="utf-8"))


def test_the_folder_that_browsers_keep_for_a_year_carries_the_version_of_the_package():
    version = wx_notebook.__version__
    folder = f"static/{version}"
    assert PACKAGE["version"] == version
    assert PACKAGE["jupyterlab"]["_build"]["load"] == f"{folder}/remoteEntry.js"
    places = shared_data()
    assert places["wx_notebook/lab/static"].endswith(f"/labextensions/wx-notebook/{folder}")


def test_each_module_is_a_part_or_imported_by_one():
    parts = re.search(r"const PARTS = \[(.*?)\]", SCRIPTS["remoteEntry.js"], re.DOTALL)
    named = [f"{name}.js" for name in re.findall(r'"(\w+)"', parts[1])]
    for name in named:
        assert "export default" in SCRIPTS[name], f"{name} gives no plugin"
    imported = {
        name
        for text in SCRIPTS.values()
        for name in re.findall(r'from "\./(\w+\.js)"', text)
    }  # fmt: skip
    assert {*named, *imported, "remoteEntry.js"} == set(SCRIPTS)


def test_each_language_has_each_text_with_the_same_placeholders():
    languages = re.search(r"const LANGUAGES = \[(.*?)\]", SCRIPTS["texts.js"])[1]
    assert sorted(TEXTS) == sorted(re.findall(r'"(\w+)"', languages)) == ["de", "en"]

    def shape(table):
        return {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in table.items()}

    for language, table in TEXTS.items():
        assert shape(table) == shape(TEXTS["en"]), language
        assert all(text.strip() for text in table.values())


def test_the_settings_editor_and_the_scripts_know_the_same_settings_and_texts():
    schema = json.loads((LAB / "schemas/wx-notebook/settings.json").read_text(encoding="utf-8"))
    defaults = re.search(r"const DEFAULTS = \{(.*?)\}", SCRIPTS["settings.js"], re.DOTALL)[1]
    in_scripts = {name: json.loads(value) for name, value in re.findall(r"(\w+): (\w+),", defaults)}
    assert in_scripts == {name: one["default"] for name, one in schema["properties"].items()}
    for name, one in schema["properties"].items():
        assert one["title"] == TEXTS["en"][f"setting.{name}"]
        assert one["description"] == TEXTS["en"][f"setting.{name}.help"]
    assert schema["description"] == TEXTS["en"]["settings.help"]


@pytest.mark.slow
def test_jupyter_lists_it_as_enabled_and_ok(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(install_extension(tmp_path)))
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = re.sub(r"\x1b\[[0-9;]*m", "", listed.stdout + listed.stderr)
    first = said.index(str(tmp_path))
    line = f"wx-notebook v{wx_notebook.__version__} enabled OK (python, wx-notebook)"
    assert line in said[first:]
