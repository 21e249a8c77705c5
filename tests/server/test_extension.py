"""The server extension as it is installed, and on servers of another kind."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_server_finds_it_as_it_is_installed_here():
    done = subprocess.run([sys.executable, "-m", "jupyter", "server", "extension", "list"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    said = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    assert "wx_notebook.server enabled" in said
    assert re.search(r"wx_notebook\.server \d+\.\d+\.\d+\S* OK", said)


def test_importing_it_loads_neither_the_http_library_nor_ipython():
    script = (
        "import sys, wx_notebook.server, wx_notebook.server.extension\n"
        "assert wx_notebook.server._jupyter_server_extension_points()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"requests", "urllib3", "IPython", "ipykernel"} & set(done.stdout.split())


def test_a_contents_manager_without_hooks_and_a_server_of_another_kind_are_left_alone(caplog):
    from wx_notebook.server import _load_jupyter_server_extension

    class Server:
        log = logging.getLogger("strange")
        contents_manager = object()

    with caplog.at_level(logging.WARNING):
        _load_jupyter_server_extension(Server())
    assert "could not be loaded" in caplog.text or "has no hooks before a save" in caplog.text
