"""Work that belongs into the kernel's main thread.

JupyterLab 4.4 and later sends a widget's messages to a subshell of ipykernel 7, which is a thread
beside the running cell. Jupyter's interrupt does not reach it, and a session would change under
the cell that uses it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from collections.abc import Callable


def in_main_thread(work: Callable[[], None], waiting: Callable[[], None]) -> None:
    """Run `work` where an interrupt reaches it: at once, or, after `waiting`, behind a cell."""
    loop: Any = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
    if loop is None or threading.current_thread() is threading.main_thread():
        work()
    else:
        waiting()
        loop.add_callback(_interruptible, work)


def _interruptible(work: Callable[[], None]) -> None:
    """Run `work` with the interrupt on: ipykernel switches it off between its own messages."""
    running = True

    def stop(*_: object) -> None:
        if running:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        # one that `work` let through would end the kernel's loop, and the kernel with it
        with contextlib.suppress(KeyboardInterrupt):
            work()
    finally:
        running = False
        signal.signal(signal.SIGINT, before)
