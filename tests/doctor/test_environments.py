"""Versions, front end, widgets, server extension: in environments that people really have.

An environment is files: those of a made-up one are written, and no server is started.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from wx_notebook.doctor import FrontEnd, front_end_of
from wx_notebook.doctor.environments import Environment
from wx_notebook.doctor.front_end import prefix_of, program_of

ANYWIDGET, MANAGER = "anywidget", "@jupyter-widgets/jupyterlab-manager"
OURS = version("anywidget")
EXTENSION = "wx_notebook.server"


class Made:
    """A made-up environment of a Jupyter server."""

    def __init__(self, prefix):
        self.prefix = prefix
        (prefix / "bin").mkdir(parents=True)

    def package(self, name, number):
        folder = self.prefix / f"lib/python3.12/site-packages/{name}-{number}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
        )
        return self

    def write(self, path, document):
        file = self.prefix / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return self

    def lab_extension(self, name, number):
        package = {"name": name, "version": number}
        return self.write(f"share/jupyter/labextensions/{name}/package.json", package)

    def widgets(self, anywidget=OURS, manager="5.0.16"):
        return self.lab_extension(ANYWIDGET, anywidget).lab_extension(MANAGER, manager)

    def server_extension(self, is_on, file="etc/jupyter/jupyter_server_config.d/wx_notebook.json"):
        return self.write(file, {"ServerApp": {"jpserver_extensions": {EXTENSION: is_on}}})

    @property
    def front(self):
        return FrontEnd("jupyter", program="JupyterLab", prefix=self.prefix)


@pytest.fixture
def made(tmp_path, monkeypatch):
    # in a virtual environment its own folders come before the user's; elsewhere the user's do
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    for name in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    return Made(tmp_path / "lab-env")


# --- versions ----------------------------------------------------------------------------------


def test_what_is_installed_is_named_and_is_what_this_package_needs(examined):
    said = examined("versions")["versions"]
    assert said.verdict == "ok"
    for name in ("ipython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab", "requests",
                 "urllib3", "nh3"):  # fmt: skip
        assert f"{name} {version(name)}" in said.found
    assert f"Python {'.'.join(map(str, sys.version_info[:3]))}" in said.found


def test_what_is_older_or_missing_is_told_with_the_line_that_mends_it(examined, monkeypatch):
    """The excuse for a patch: an environment with older packages could not run this test."""
    stated = [
        "ipython>=99.1",
        "no-such-package>=2",
        "nh3>=0.1",
        'ibm-watsonx-ai>=99; extra == "sdk"',
        'pytest>=99; extra == "test"',
        'requests>=99; sys_platform == "plan9"',
    ]
    monkeypatch.setattr("wx_notebook.doctor.versions.requires", lambda name: stated)
    said = examined("versions")["versions"]
    assert said.verdict == "failed"
    assert said.found.startswith(
        f"no-such-package is missing; ipython {version('ipython')} is not >=99.1; "
        f"ibm-watsonx-ai {version('ibm-watsonx-ai')} is not >=99. "
    )
    assert said.repair == (
        f'`{sys.executable} -m pip install "no-such-package>=2" "ipython>=99.1" '
        '"ibm-watsonx-ai>=99"`, then restart the kernel'
    )
    stated[1:] = []
    assert examined("versions")["versions"].verdict == "warning", "older, and it may work"


# --- the front end -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "program"),
    [(["/x/bin/python3", "/x/bin/jupyter-lab", "--port=1"], "JupyterLab"),
     (["/x/bin/python", "-m", "jupyterlab"], "JupyterLab"),
     (["/x/bin/python", "-Xfrozen_modules=off", "-m", "notebook"], "Notebook"),
     (["C:\\x\\python.exe", "C:\\x\\Scripts\\jupyter-notebook.exe"], "Notebook"),
     (["/x/bin/python", "/x/bin/jupyterhub-singleuser"], "JupyterHub"),
     (["/x/bin/python", "-m", "ipykernel_launcher", "-f", "jupyter-lab"], ""),
     (["/x/bin/python", "/home/jane/jupyterlab/make.py"], ""), ([], "")],
)  # fmt: skip
def test_a_jupyter_server_is_known_by_its_program(command, program):
    assert program_of(command) == program


def test_an_environment_is_where_its_interpreter_was_started_and_not_where_it_leads(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert prefix_of(str(tmp_path / "bin" / "python")) == tmp_path
    assert prefix_of("python") is None


def test_a_front_end_is_what_the_shell_lets_one_know():
    def shell(can_ask=True, **names):
        return SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=can_ask), user_ns=names)

    assert front_end_of(SimpleNamespace(), {}).kind == "terminal"
    assert front_end_of(shell(), {}, modules={"google.colab"}).kind == "colab"
    assert front_end_of(shell(__vsc_ipynb_file__="/x.ipynb"), {}).kind == "vscode"
    assert front_end_of(shell(can_ask=False), {"JPY_SESSION_NAME": "x.ipynb"}).kind == "none"
    assert front_end_of(shell(), {"JPY_SESSION_NAME": "x.ipynb"}).kind == "jupyter"


@pytest.mark.parametrize(
    ("kind", "says"),
    [("vscode", "VS Code"), ("colab", "Colab"), ("none", "nbclient"), ("terminal", "terminal"),
     ("other", "cannot name"), ("command", "no notebook is looked at"),
     ("jupyter", "cannot be seen from this kernel")],
)  # fmt: skip
def test_each_front_end_is_named_with_whether_anybody_can_be_asked(examined, kind, says):
    for can_ask, asked in ((True, "questions can be asked"), (False, "nobody can be asked")):
        said = examined("front end", front=FrontEnd(kind, can_ask))["front end"]
        assert said.verdict == "ok"
        assert says in said.found
        assert asked in said.found


def test_a_server_in_another_environment_than_the_kernel_is_told(examined, made):
    made.package("jupyterlab", "4.4.1").package("jupyter_server", "2.16.0")
    said = examined("front end", front=made.front)["front end"]
    assert said.verdict == "ok"
    assert "JupyterLab (jupyterlab 4.4.1, jupyter_server 2.16.0) runs in" in said.found
    assert f"{made.prefix}, the kernel in" in said.found


@pytest.mark.parametrize(("package", "number"), [("jupyterlab", "3.6.8"), ("notebook", "6.5.7")])
def test_a_front_end_that_is_too_old_is_told(examined, made, package, number):
    made.package(package, number)
    said = examined("front end", front=made.front)["front end"]
    assert said.verdict == "failed"
    assert f"{package} {int(number[0]) + 1} or newer is needed" in said.found
    assert f"{made.prefix}/bin/python -m pip install --upgrade" in said.repair


# --- widgets -----------------------------------------------------------------------------------


def test_the_widgets_of_this_environment_are_there(examined):
    said = examined("widgets")["widgets"]
    assert said.verdict == "ok"
    assert f"anywidget {OURS}" in said.found


@pytest.mark.parametrize("kind", ["vscode", "colab", "none", "terminal"])
def test_where_jupyters_extensions_do_not_count_they_are_not_looked_at(examined, kind):
    assert examined("widgets", front=FrontEnd(kind))["widgets"].verdict == "skipped"


def test_widgets_are_looked_for_where_the_server_does(examined, made):
    made.widgets()
    said = examined("widgets", front=made.front)["widgets"]
    assert said.verdict == "ok"
    assert said.found.endswith(f"switched on, in {made.prefix}")


@pytest.mark.parametrize(
    ("there", "missing", "package"),
    [(MANAGER, ANYWIDGET, "anywidget"), (ANYWIDGET, MANAGER, "ipywidgets")],
)
def test_widgets_that_only_the_kernels_environment_has_are_the_classic_cause(
    examined, made, there, missing, package
):
    made.lab_extension(there, OURS if there == ANYWIDGET else "5.0.16")
    said = examined("widgets", front=made.front)["widgets"]
    assert said.verdict == "failed"
    assert said.found.startswith(f"{missing} is missing in {made.prefix}, where the Jupyter server")
    assert f"this kernel runs in {sys.prefix}" in said.found
    assert f"`{made.prefix}/bin/python -m pip install {package}`" in said.repair
    assert "%watsonx login --text" in said.repair


@pytest.mark.parametrize(
    ("anywidget", "manager", "says", "repair"),
    [("0.0.9", "5.0.16", "the browser's half of anywidget is 0.0.9", '"anywidget=='),
     (OURS, "3.1.11", f"the browser's half of {MANAGER} is 3.1.11", '"ipywidgets>=8.1.3"')],
)  # fmt: skip
def test_halves_that_do_not_fit_together_are_told(examined, made, anywidget, manager, says, repair):
    made.widgets(anywidget, manager)
    said = examined("widgets", front=made.front)["widgets"]
    assert said.verdict == "failed"
    assert says in said.found
    assert repair in said.repair


def test_a_half_in_the_users_folder_that_hides_the_right_one_is_to_be_removed(
    examined, made, tmp_path
):
    made.widgets()
    folder = tmp_path / "data" / "labextensions" / "anywidget"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "anywidget", "version": "0.0.9"}')
    said = examined("widgets", front=made.front)["widgets"]
    assert said.verdict == "failed"
    assert said.repair.startswith(f"Remove {folder}")


@pytest.mark.parametrize(
    ("path", "document"),
    [("share/jupyter/lab/settings/page_config.json", {"disabledExtensions": [ANYWIDGET]}),
     ("share/jupyter/lab/settings/page_config.json", {"disabledExtensions": {MANAGER: True}}),
     ("etc/jupyter/labconfig/page_config.json", {"disabledExtensions": {f"{MANAGER}:base": True}}),
     ("etc/jupyter/labconfig/page_config.d/x.json", {"disabledExtensions": {ANYWIDGET: True}})],
)  # fmt: skip
def test_an_extension_that_is_switched_off_is_told(examined, made, path, document):
    made.widgets().write(path, document)
    said = examined("widgets", front=made.front)["widgets"]
    assert said.verdict == "failed"
    assert "is switched off" in said.found
    assert "jupyter labextension enable" in said.repair


def test_the_users_own_word_on_what_is_off_comes_last(examined, made, tmp_path):
    made.widgets().write(
        "etc/jupyter/labconfig/page_config.json", {"disabledExtensions": {ANYWIDGET: True}}
    )
    own = tmp_path / "config" / "labconfig" / "page_config.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"disabledExtensions": {ANYWIDGET: False}}))
    assert examined("widgets", front=made.front)["widgets"].verdict == "ok"


def test_files_that_are_no_json_are_passed_over(examined, made):
    made.widgets().write("share/jupyter/lab/settings/page_config.json", "{")
    made.write("share/jupyter/labextensions/other/package.json", "[1]")
    assert examined("widgets", front=made.front)["widgets"].verdict == "ok"


# --- the server extension ----------------------------------------------------------------------


def test_a_server_extension_that_is_on_is_told_with_who_says_so(examined, made):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    said = examined("extension", front=made.front)["extension"]
    assert said.verdict == "ok"
    assert said.found == f"{EXTENSION} is switched on, by {made.prefix}/etc/jupyter"


def test_a_server_extension_that_nobody_knows_is_told(examined, made):
    said = examined("extension", front=made.front)["extension"]
    assert said.verdict == "warning"
    assert "without a look for keys" in said.found
    assert f"{made.prefix}/bin/python -m pip install" in said.repair


def test_a_server_extension_that_the_user_switched_off_is_told(examined, made, tmp_path):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    own = tmp_path / "config" / "jupyter_server_config.json"
    own.parent.mkdir(exist_ok=True)
    own.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {EXTENSION: False}}}))
    said = examined("extension", front=made.front)["extension"]
    assert said.verdict == "warning"
    assert f"switched off, by {tmp_path / 'config'}" in said.found
    assert f"jupyter server extension enable {EXTENSION}" in said.repair


def test_a_server_extension_without_its_package_is_a_failure(examined, made):
    made.server_extension(True)
    said = examined("extension", front=made.front)["extension"]
    assert said.verdict == "failed"
    assert "is not installed in the server's environment" in said.found


def test_a_guard_that_is_told_to_look_at_nothing_is_told(examined, made):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    made.write("etc/jupyter/jupyter_server_config.json", {"WatsonxGuard": {"mode": "off"}})
    said = examined("extension", front=made.front)["extension"]
    assert said.verdict == "warning"
    assert "its mode is off" in said.found


@pytest.mark.parametrize("kind", ["vscode", "colab", "none", "terminal", "other"])
def test_without_a_server_nothing_is_looked_for(examined, kind):
    assert examined("extension", front=FrontEnd(kind))["extension"].verdict == "skipped"


def test_jupyters_paths_are_moved_and_the_systems_own_stay(tmp_path):
    ours = os.path.join(sys.prefix, "share", "jupyter", "labextensions")  # noqa: PTH118
    moved = Environment(tmp_path)._moved([ours, "/usr/local/share/jupyter", "/home/jane/x"])
    assert moved == [str(tmp_path / "share/jupyter/labextensions"), "/usr/local/share/jupyter",
                     "/home/jane/x"]  # fmt: skip
