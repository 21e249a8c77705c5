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
from support.cases import all_cases

from wx_notebook import __version__
from wx_notebook.doctor import FrontEnd, detect_front_end
from wx_notebook.doctor.environments import Environment
from wx_notebook.doctor.front_end import environment_prefix, server_program

ANYWIDGET, MANAGER = "anywidget", "@jupyter-widgets/jupyterlab-manager"
OURS = version("anywidget")
EXTENSION = "wx_notebook.server"
LAB = "wx-notebook"


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


def test_what_is_installed_is_named_and_is_what_this_package_needs(run_checks):
    status = run_checks("versions")["versions"]
    assert status.state == "ok"
    for name in ("ipython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab", "requests",
                 "urllib3", "nh3"):  # fmt: skip
        assert f"{name} {version(name)}" in status.finding
    assert f"Python {'.'.join(map(str, sys.version_info[:3]))}" in status.finding


def test_what_is_older_or_missing_is_told_with_the_line_that_mends_it(run_checks, monkeypatch):
    """The excuse for a patch: an environment with older packages could not run this test."""
    stated = [
        "ipython>=99.1",
        "no-such-package>=2",
        "nh3>=0.1",
        'ibm-watsonx-ai>=99; extra == "sdk"',
        'pytest>=99; extra == "test"',
        'requests>=99; sys_platform == "plan9"',
    ]
    monkeypatch.setattr("wx_notebook.doctor.machine_checks.requires", lambda name: stated)
    status = run_checks("versions")["versions"]
    assert status.state == "failed"
    assert status.finding.startswith(
        f"no-such-package is missing; ipython {version('ipython')} is not >=99.1; "
        f"ibm-watsonx-ai {version('ibm-watsonx-ai')} is not >=99. "
    )
    assert status.repair == (
        f'`{sys.executable} -m pip install "no-such-package>=2" "ipython>=99.1" '
        '"ibm-watsonx-ai>=99"`, then restart the kernel'
    )
    stated[1:] = []
    assert run_checks("versions")["versions"].state == "warning", "older, and it may work"


# --- the front end -----------------------------------------------------------------------------


@all_cases(
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
    assert server_program(command) == program


def test_an_environment_is_where_its_interpreter_was_started_and_not_where_it_leads(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert environment_prefix(str(tmp_path / "bin" / "python")) == tmp_path
    assert environment_prefix("python") is None


def test_a_front_end_is_what_the_shell_lets_one_know():
    def shell(can_ask=True, **names):
        return SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=can_ask), user_ns=names)

    assert detect_front_end(SimpleNamespace(), {}).kind == "terminal"
    assert detect_front_end(shell(), {}, modules={"google.colab"}).kind == "colab"
    assert detect_front_end(shell(__vsc_ipynb_file__="/x.ipynb"), {}).kind == "vscode"
    assert detect_front_end(shell(can_ask=False), {"JPY_SESSION_NAME": "x.ipynb"}).kind == "none"
    assert detect_front_end(shell(), {"JPY_SESSION_NAME": "x.ipynb"}).kind == "jupyter"


@all_cases(
    ("kind", "says"),
    [("vscode", "VS Code"), ("colab", "Colab"), ("none", "nbclient"), ("terminal", "terminal"),
     ("other", "does not know"), ("command", "without a notebook"),
     ("jupyter", "this kernel cannot find")],
)  # fmt: skip
def test_each_front_end_is_named_with_whether_anybody_can_be_asked(run_checks, kind, says):
    for can_ask, asked in ((True, "questions can be asked"), (False, "questions cannot be asked")):
        status = run_checks("front end", front_end=FrontEnd(kind, can_ask))["front end"]
        assert status.state == "ok"
        assert says in status.finding
        assert asked in status.finding


def test_a_server_in_another_environment_than_the_kernel_is_told(run_checks, made):
    made.package("jupyterlab", "4.4.1").package("jupyter_server", "2.16.0")
    status = run_checks("front end", front_end=made.front)["front end"]
    assert status.state == "ok"
    assert "JupyterLab (jupyterlab 4.4.1, jupyter_server 2.16.0) runs in" in status.finding
    assert f"{made.prefix}, the kernel in" in status.finding


@pytest.mark.parametrize(("package", "number"), [("jupyterlab", "3.6.8"), ("notebook", "6.5.7")])
def test_a_front_end_that_is_too_old_is_told(run_checks, made, package, number):
    made.package(package, number)
    status = run_checks("front end", front_end=made.front)["front end"]
    assert status.state == "failed"
    assert f"{package} {int(number[0]) + 1} or newer is needed" in status.finding
    assert f"{made.prefix}/bin/python -m pip install --upgrade" in status.repair


# --- widgets -----------------------------------------------------------------------------------


def test_the_widgets_of_this_environment_are_there(run_checks):
    status = run_checks("widgets")["widgets"]
    assert status.state == "ok"
    assert f"anywidget {OURS}" in status.finding


@all_cases("kind", ["vscode", "colab", "none", "terminal"])
def test_where_jupyters_extensions_do_not_count_they_are_not_looked_at(run_checks, kind):
    assert run_checks("widgets", front_end=FrontEnd(kind))["widgets"].state == "skipped"


def test_widgets_are_looked_for_where_the_server_does(run_checks, made):
    made.widgets()
    status = run_checks("widgets", front_end=made.front)["widgets"]
    assert status.state == "ok"
    assert status.finding.endswith(f"installed and enabled, in {made.prefix}")


@pytest.mark.parametrize(
    ("there", "missing", "package"),
    [(MANAGER, ANYWIDGET, "anywidget"), (ANYWIDGET, MANAGER, "ipywidgets")],
)
def test_widgets_that_only_the_kernels_environment_has_are_the_classic_cause(
    run_checks, made, there, missing, package
):
    made.lab_extension(there, OURS if there == ANYWIDGET else "5.0.16")
    status = run_checks("widgets", front_end=made.front)["widgets"]
    assert status.state == "failed"
    assert status.finding.startswith(
        f"{missing} is missing in {made.prefix}, where the Jupyter server"
    )
    assert f"this kernel runs in {sys.prefix}" in status.finding
    assert f"`{made.prefix}/bin/python -m pip install {package}`" in status.repair
    assert "%watsonx login --text" in status.repair


@pytest.mark.parametrize(
    ("anywidget", "manager", "says", "repair"),
    [("0.0.9", "5.0.16", "the browser part of anywidget is 0.0.9", '"anywidget=='),
     (OURS, "3.1.11", f"the browser part of {MANAGER} is 3.1.11", '"ipywidgets>=8.1.3"')],
)  # fmt: skip
def test_halves_that_do_not_fit_together_are_told(
    run_checks, made, anywidget, manager, says, repair
):
    made.widgets(anywidget, manager)
    status = run_checks("widgets", front_end=made.front)["widgets"]
    assert status.state == "failed"
    assert says in status.finding
    assert repair in status.repair


def test_a_half_in_the_users_folder_that_hides_the_right_one_is_to_be_removed(
    run_checks, made, tmp_path
):
    made.widgets()
    folder = tmp_path / "data" / "labextensions" / "anywidget"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "anywidget", "version": "0.0.9"}')
    status = run_checks("widgets", front_end=made.front)["widgets"]
    assert status.state == "failed"
    assert status.repair.startswith(f"Remove {folder}")


@pytest.mark.parametrize(
    ("path", "document"),
    [("share/jupyter/lab/settings/page_config.json", {"disabledExtensions": [ANYWIDGET]}),
     ("share/jupyter/lab/settings/page_config.json", {"disabledExtensions": {MANAGER: True}}),
     ("etc/jupyter/labconfig/page_config.json", {"disabledExtensions": {f"{MANAGER}:base": True}}),
     ("etc/jupyter/labconfig/page_config.d/x.json", {"disabledExtensions": {ANYWIDGET: True}})],
)  # fmt: skip
def test_an_extension_that_is_switched_off_is_told(run_checks, made, path, document):
    made.widgets().write(path, document)
    status = run_checks("widgets", front_end=made.front)["widgets"]
    assert status.state == "failed"
    assert "is disabled" in status.finding
    assert "jupyter labextension enable" in status.repair


def test_the_users_own_word_on_what_is_off_comes_last(run_checks, made, tmp_path):
    made.widgets().write(
        "etc/jupyter/labconfig/page_config.json", {"disabledExtensions": {ANYWIDGET: True}}
    )
    own = tmp_path / "config" / "labconfig" / "page_config.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"disabledExtensions": {ANYWIDGET: False}}))
    assert run_checks("widgets", front_end=made.front)["widgets"].state == "ok"


def test_files_that_are_no_json_are_passed_over(run_checks, made):
    made.widgets().write("share/jupyter/lab/settings/page_config.json", "{")
    made.write("share/jupyter/labextensions/other/package.json", "[1]")
    assert run_checks("widgets", front_end=made.front)["widgets"].state == "ok"


# --- the server extension ----------------------------------------------------------------------


def test_a_server_extension_that_is_on_is_told_with_who_says_so(run_checks, made):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    status = run_checks("extension", front_end=made.front)["extension"]
    assert status.state == "ok"
    assert status.finding == f"{EXTENSION} is enabled in {made.prefix}/etc/jupyter"


def test_a_server_extension_that_nobody_knows_is_told(run_checks, made):
    status = run_checks("extension", front_end=made.front)["extension"]
    assert status.state == "warning"
    assert "without a search for keys" in status.finding
    assert f"{made.prefix}/bin/python -m pip install" in status.repair


def test_a_server_extension_that_the_user_switched_off_is_told(run_checks, made, tmp_path):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    own = tmp_path / "config" / "jupyter_server_config.json"
    own.parent.mkdir(exist_ok=True)
    own.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {EXTENSION: False}}}))
    status = run_checks("extension", front_end=made.front)["extension"]
    assert status.state == "warning"
    assert f"disabled in {tmp_path / 'config'}" in status.finding
    assert f"jupyter server extension enable {EXTENSION}" in status.repair


def test_a_server_extension_without_its_package_is_a_failure(run_checks, made):
    made.server_extension(True)
    status = run_checks("extension", front_end=made.front)["extension"]
    assert status.state == "failed"
    assert "is not installed in the server's environment" in status.finding


def test_a_guard_that_is_told_to_look_at_nothing_is_told(run_checks, made):
    made.package("wx_notebook", "0.1.0").server_extension(True)
    made.write("etc/jupyter/jupyter_server_config.json", {"WatsonxGuard": {"mode": "off"}})
    status = run_checks("extension", front_end=made.front)["extension"]
    assert status.state == "warning"
    assert "its mode is off" in status.finding


@all_cases("kind", ["vscode", "colab", "none", "terminal", "other"])
def test_without_a_server_nothing_is_looked_for(run_checks, kind):
    assert run_checks("extension", front_end=FrontEnd(kind))["extension"].state == "skipped"


# --- the front-end extension --------------------------------------------------------------------


def page(run_checks, made, **fields):
    return run_checks("page", front_end=made.front, **fields)["page"]


def test_a_page_that_runs_the_front_end_extension_is_told(run_checks, made):
    made.lab_extension(LAB, __version__)
    pages = [("0.0.1", "JupyterLab 4.2.7"), (__version__, "JupyterLab 4.6.6")]
    status = page(run_checks, made, pages=pages)
    assert status.state == "ok"
    assert status.finding == (
        f"{LAB} {__version__} is installed and enabled, and runs in JupyterLab 4.6.6"
    )


def test_without_a_page_nobody_is_told_that_it_runs(run_checks, made):
    made.lab_extension(LAB, __version__)
    status = page(run_checks, made)
    assert status.state == "ok"
    assert "no page that runs it has spoken to this kernel yet" in status.finding


def test_a_page_that_was_loaded_before_an_upgrade_is_told(run_checks, made):
    made.lab_extension(LAB, __version__)
    status = page(run_checks, made, pages=[("0.0.1", "JupyterLab 4.6.6")])
    assert (status.state, status.repair) == ("warning", "Reload the page")
    assert "this page runs 0.0.1 of it (JupyterLab 4.6.6)" in status.finding


def test_a_front_end_extension_that_is_missing_or_off_or_of_another_version_is_told(
    run_checks, made, tmp_path
):
    status = page(run_checks, made)
    assert status.state == "warning"
    assert "is not installed" in status.finding
    assert f'pip install --force-reinstall --no-deps "{LAB}=={__version__}"' in status.repair

    made.lab_extension(LAB, "0.0.1")
    status = page(run_checks, made)
    assert status.state == "warning"
    assert f"is 0.0.1, the kernel's package is {__version__}" in status.finding

    made.lab_extension(LAB, __version__)
    config = "etc/jupyter/labconfig/page_config.json"
    for name in (LAB, f"{LAB}:answers"):
        made.write(config, {"disabledExtensions": {name: True}})
        status = page(run_checks, made)
        assert status.state == "warning"
        assert f"{name} is disabled in {made.prefix}" in status.finding
        assert f"labextension enable {name}`" in status.repair
    parts = [f"{LAB}:answers", f"{LAB}:sign-in-panel"]
    made.write(config, {"disabledExtensions": dict.fromkeys(parts, True)})
    status = page(run_checks, made)
    assert f"{' and '.join(parts)} are disabled" in status.finding
    assert "colours" not in status.finding, "that part is on"
    assert f"labextension enable {' '.join(parts)}`" in status.repair


def test_jupyters_paths_are_moved_and_the_systems_own_stay(tmp_path):
    ours = os.path.join(sys.prefix, "share", "jupyter", "labextensions")  # noqa: PTH118
    paths = Environment(tmp_path)._translate([ours, "/usr/local/share/jupyter", "/home/jane/x"])
    assert paths == [str(tmp_path / "share/jupyter/labextensions"), "/usr/local/share/jupyter",
                     "/home/jane/x"]  # fmt: skip
