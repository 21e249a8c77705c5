"""What other processes run in these tests: a spawned one has to import it."""

from __future__ import annotations

import os


def used(session):
    """Use a session; return what came, or the words of the error, and which process it was."""
    try:
        return "text", str(session.chat("hello", model="ibm/granite-4-h-small")), os.getpid()
    except Exception as problem:  # noqa: BLE001
        return type(problem).__name__, str(problem), os.getpid()


def tell(session, queue):
    queue.put(used(session))
