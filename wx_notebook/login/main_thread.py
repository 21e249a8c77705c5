"""Work that belongs into the kernel's main thread.

JupyterLab 4.4 and later sends the messages of a widget to a subshell of ipykernel 7. That is a
thread beside the running cell: Jupyter's interrupt does not reach it, and a session would change
under the cell that uses it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython


def run_in_main_thread(
    work: Callable[[], None], on_wait: Callable[[], None], *, delay_s: float = 0.0
) -> None:
    """Run a function where an interrupt reaches it: at once, or behind the running cell.

    Parameters
    ----------
    work
        The function to run.
    on_wait
        Called first where `work` has to wait for a cell.
    delay_s
        Seconds to wait in the main thread, so that a message that is next in the queue can take
        this one back. A subshell that was made while a cell runs is not read before that cell has
        ended (ipykernel 7.4), so both messages can have waited for it.
    """
    loop: Any = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
    if loop is None:
        work()
    elif threading.current_thread() is threading.main_thread():
        if delay_s:
            loop.call_later(delay_s, _run_interruptible, work)
        else:
            work()
    else:
        on_wait()
        loop.add_callback(loop.call_later, delay_s, _run_interruptible, work)


def _run_interruptible(work: Callable[[], None]) -> None:
    """Run a function with the interrupt on: ipykernel switches it off between its messages."""
    is_running = True

    def interrupt(*_: object) -> None:
        if is_running:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        # an interrupt that `work` lets through would end the kernel's loop, and with it the kernel
        with contextlib.suppress(KeyboardInterrupt):
            work()
    finally:
        is_running = False
        signal.signal(signal.SIGINT, before)
