"""Waiting for batch jobs: asked for at growing intervals, whatever the network does meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from wx_notebook.batch.service_jobs import ServiceJobs
from wx_notebook.errors import BatchStopped, RateLimited, ServiceDown
from wx_notebook.journal import JobRecord
from wx_notebook.service.batches import ServiceBatch

#: Seconds until the first look, between two looks at most, and how much each is longer.
FIRST_LOOK_S, _LONGEST_LOOK_S, _GROWTH = 0.5, 30.0, 1.5
#: After so many looks without an answer, a quarter of an hour, nobody is there.
_MOST_MISSED = 30


class JobWatch:
    """The jobs that a run waits for.

    Parameters
    ----------
    jobs
        Asks the service.
    stop
        Ends the waiting, from another thread.
    show
        Called after each look.
    """

    def __init__(
        self, jobs: ServiceJobs, stop: threading.Event, show: Callable[[], None]
    ) -> None:  # fmt: skip
        self._service = jobs
        self._stop = stop
        self._show = show
        self.jobs: dict[str, JobRecord] = {}
        self._seen: dict[str, ServiceBatch] = {}
        self._missed = ""
        self._has_unmade = False

    def add(self, job: JobRecord, found: ServiceBatch | None = None) -> None:
        """Wait for a job, too."""
        self.jobs.setdefault(job.id, job)
        if found is not None:
            self._seen[job.id] = found

    def ended(self) -> Iterator[tuple[JobRecord, ServiceBatch]]:
        """Yield each job when it has ended; wait while none has.

        Raises
        ------
        BatchStopped
            The service did not answer for a quarter of an hour.
        WatsonxError
            It refuses to say.
        """
        pause_s, missed = FIRST_LOOK_S, 0
        while self.jobs and not self._stop.is_set():
            found = [(self.jobs[name], one) for name, one in self._seen.items()
                     if name in self.jobs and one.has_ended]  # fmt: skip
            for job, one in found:
                del self.jobs[job.id]
                yield job, one
            if found:
                continue
            self._show()
            self._stop.wait(pause_s)
            pause_s = min(pause_s * _GROWTH, _LONGEST_LOOK_S)
            try:
                self._look()
                missed, self._missed = 0, ""
            except (ServiceDown, RateLimited) as error:
                missed += 1
                self._missed = error.message.split("\n")[0].rstrip(".")
                if missed >= _MOST_MISSED:
                    raise BatchStopped(
                        f"The service does not say how far its batch jobs are: {error.message}"
                    ) from None

    def _look(self) -> None:
        for name, job in list(self.jobs.items()):
            if self._stop.is_set():
                return
            current, found = self._service.look(job)
            if found is None:
                # it was never made: its rows can be sent
                del self.jobs[name]
                self._has_unmade = True
                continue
            self.jobs[name], self._seen[name] = current, found

    def take_unmade(self) -> bool:
        """Return whether, since the last question, a job turned out never to have been made."""
        found, self._has_unmade = self._has_unmade, False
        return found

    def figures(self) -> tuple[int, int]:
        """Return how many lines are answered, and how many have failed."""
        seen = self._seen.values()
        return sum(one.completed for one in seen), sum(one.failed for one in seen)

    def state_line(self) -> str:
        """Return how far the jobs are, in the service's words; "" where there is none."""
        states = Counter(
            self._seen[name].status if name in self._seen else "unknown" for name in self.jobs
        )
        if not states:
            return ""
        said = ", ".join(f"{number:,} {state}" for state, number in states.items())
        trouble = f" (no answer now: {self._missed})" if self._missed else ""
        plural = "" if len(self.jobs) == 1 else "s"
        return f"{len(self.jobs):,} batch job{plural} at the service: {said}{trouble}"
