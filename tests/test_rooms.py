"""The house as design.md draws it: rooms in one order, imports one way, one place that shows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wx_notebook"
#: Top to bottom; a room imports only rooms above it. `sandbox` stands beside all of them.
ROOMS = [
    "errors", "options", "settings", "transport", "credentials", "service", "prompt", "render",
    "answer", "session", "interop", "guard", "doctor", "display", "form", "magics", "server",
    "cli",
]  # fmt: skip
#: The front door binds the session's functions, because `wx.session` is one of them.
FRONT_DOOR = "__init__"
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names = [node.module or ""]
            if node.module == "wx_notebook":
                names = [f"wx_notebook.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "wx_notebook" and len(parts) > 1:
                found.add(parts[1])
    return found - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_rooms_above_its_own(path):
    room = room_of(path)
    if room == FRONT_DOOR:
        return
    if room == "sandbox":
        assert imported_rooms(path) <= {"sandbox"}, "a mistake shared with the client would hide"
        return
    if room == "server":
        assert imported_rooms(path) <= {"guard", "server"}, "it runs in somebody's Jupyter server"
        return
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    if room == "cli":
        allowed.add("sandbox")
    assert imported_rooms(path) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_display_shows_and_only_render_and_the_form_make_html(path):
    room, source = room_of(path), path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        assert name not in ("Markdown", "HTML", "Javascript", "clear_output"), f"line {node.lineno}"
        if room != "display":
            assert name not in ("display", "publish", "display_data"), f"line {node.lineno}"
    if room not in ("render", "form", "sandbox"):
        markup = [n.value for n in ast.walk(ast.parse(source))
                  if isinstance(n, ast.Constant) and isinstance(n.value, str)
                  and ("</" in n.value or "<div" in n.value or "<span" in n.value)]  # fmt: skip
        assert markup == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320


def test_the_top_level_holds_what_its_user_drew():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode != 0:
        pytest.skip("not a clone: run it where git knows the files")
    tops = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    drawn = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "wx_notebook", "notebooks",
             "tests", "jupyter-config"}  # fmt: skip
    assert {top for top in tops if not top.startswith(".")} <= drawn


def loaded_by(code: str) -> set[str]:
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_loading_the_extension_imports_nothing_heavy_and_opens_no_socket():
    loaded = loaded_by(
        "import IPython, socket\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "class Refuse(socket.socket):\n"
        "    def connect(self, *a): raise AssertionError('a socket was opened')\n"
        "socket.socket = Refuse\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'wx_notebook')\n"
        "assert 'watsonx' in shell.magics_manager.magics['cell']\n"
    )
    heavy = {"requests", "urllib3", "pandas", "numpy", "jinja2", "nh3", "markdown_it", "anywidget",
             "keyring", "tomlkit", "dotenv", "ipywidgets", "nbformat",
             "ibm_watsonx_ai", "langchain_ibm", "openai", "httpx"}  # fmt: skip
    assert {name.split(".")[0] for name in loaded} & heavy == set()


def test_what_is_public_is_what_is_there():
    import wx_notebook as wx

    assert len(wx.__all__) <= 10
    assert all(hasattr(wx, name) for name in wx.__all__)
    assert sorted(wx.__all__) == dir(wx)


def test_the_function_session_is_not_shadowed_by_the_package_of_that_name():
    loaded = loaded_by(
        "import wx_notebook.session.connection, wx_notebook as wx\n"
        "assert not hasattr(wx.session, '__path__')"
    )
    assert "wx_notebook.session" in loaded
