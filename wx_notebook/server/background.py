"""Work beside the event loop, in threads that do not keep a server from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Background:
    """Some daemon threads that run functions in the order in which they come.

    A `ThreadPoolExecutor` waits at the end of the process for whatever its threads wait for.

    Parameters
    ----------
    name
        The name of the threads.
    count
        How many there are; they start with the first function.
    """

    def __init__(self, name: str, count: int = 1) -> None:
        self._name = name
        self._count = count
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[[], _Result]) -> Future[_Result]:
        """Run a function soon; return what its result or its exception will be in."""
        future: Future[_Result] = Future()
        self._queue.put((future, work))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def _run(self) -> None:
        while True:
            future, work = self._queue.get()
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  # the caller gets it
                future.set_exception(error)
            # a thread that waits must not hold what the last one worked on
            del future, work
