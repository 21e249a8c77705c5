"""IPython in a terminal of its own, driven by what is typed and read by what is shown."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

COMMAND = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]


@contextlib.contextmanager
def terminal(folder: Path, environment: Mapping[str, str]) -> Iterator[Callable[[str, str], str]]:
    """Start IPython in `folder`; ``type(text, pattern)`` returns what is shown until the pattern.

    An empty text types nothing.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, cwd=folder,
        env={**environment, "IPYTHONDIR": str(folder / "ipython"), "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)

    def typed(text: str, pattern: str) -> str:
        if text:
            os.write(ours, f"{text}\n".encode())
        return _read_until(ours, pattern)

    try:
        yield typed
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)


def _read_until(ours: int, pattern: str, seconds: float = 60.0) -> str:
    shown, deadline = "", time.monotonic() + seconds
    while not re.search(pattern, shown):
        assert time.monotonic() < deadline, shown
        if select.select([ours], [], [], 1)[0]:
            shown += os.read(ours, 65536).decode("utf-8", "replace")
    return shown
