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


def in_main_thread(
    work: Callable[[], None], waiting: Callable[[], None], *, heed_s: float = 0.0
) -> None:
    """Run `work` where an interrupt reaches it: at once, or, after `waiting`, behind a cell.

    With `heed_s` it waits so long there: a message that stands behind this one, and may take it
    back, is heard first. A subshell that was made while a cell ran has nobody who listens before
    that cell has ended (ipykernel 7.4), so both can have waited for it.
    """
    loop: Any = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
    if loop is None:
        work()
    elif threading.current_thread() is threading.main_thread():
        if heed_s:
            loop.call_later(heed_s, _interruptible, work)
        else:
            work()
    else:
        waiting()
        loop.add_callback(loop.call_later, heed_s, _interruptible, work)


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
