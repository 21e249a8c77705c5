"""What happens to a notebook before it is written.

Three searches, each by itself, so that a fault in one leaves the others: the keys and tokens that
kernels hold, by their fingerprints; tokens by their issuer; and what only looks like a key, which
is never touched, and given up when a second has passed: the server does nothing else meanwhile.

Whatever goes wrong here, the notebook is saved, and the user hears of it.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from wx_notebook.guard import handover
from wx_notebook.guard.documents import Found, Walk
from wx_notebook.guard.hits import Finding, Hit, Place, Search
from wx_notebook.guard.patterns import like_keys, shown
from wx_notebook.guard.reports import Report
from wx_notebook.guard.tokens import issued_by_ibm, tokens

#: Seconds; then what only looks like a key is no longer looked for.
BUDGET_S = 1.0
#: What is looked for, as it is called when that failed.
KEYS, TOKENS, LOOKALIKES = "your keys", "tokens of IBM Cloud", "what looks like a key"


class Guard:
    """Looks at each notebook before it is written.

    Parameters
    ----------
    mode
        Says what is done: "off", "warn", "redact" or "block".
    collaborates
        Says whether documents are edited by several people at once.
    leave
        Takes a report for the user.
    log
        The server's log.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        *,
        mode: Callable[[], str],
        collaborates: Callable[[], bool],
        leave: Callable[[Report], None],
        log: Any,  # noqa: ANN401  # a Logger, or traitlets' adapter of one
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mode = mode
        self._collaborates = collaborates
        self._leave = leave
        self._log = log
        self._clock = clock
        self._removed = handover.Removed()
        # what the user has been told of each notebook
        self._told: dict[str, Counter[tuple[str, ...]]] = {}

    def before_save(self, model: dict[str, Any], path: str) -> None:
        """Look at a notebook that is about to be written; take out of it what must not be saved.

        Raises
        ------
        tornado.web.HTTPError
            In the mode "block" there is something in it; nothing else is ever raised.
        """
        refused = ""
        try:
            refused = self._looked_at(model, path)
        except Exception as problem:  # noqa: BLE001  # losing work would be worse
            self._log_fault(path, problem)
        if refused:
            from tornado.web import HTTPError

            raise HTTPError(400, refused)

    def _looked_at(self, model: dict[str, Any], path: str) -> str:
        """Look at a notebook; return why it must not be saved, "" to save it."""
        mode = self._mode()
        if mode == "off" or not _is_notebook(model, path):
            return ""
        has_history = self._collaborates()
        if mode == "block" and has_history:
            mode = "redact"
        look = _Look(model, removing=mode == "redact", ends=self._clock() + BUDGET_S)
        look.searched(KEYS, lambda: handover.live(self._removed), found=self._removed.add)
        look.searched(TOKENS, lambda: issued_by_ibm)
        look.searched(LOOKALIKES, lambda: _lookalikes, self._clock)
        for problem in look.problems:
            self._log_fault(path, problem)
        certain = [finding for finding in look.findings if finding.is_certain]
        # what was left there looks like a key as well
        at = {(finding.place, finding.line) for finding in certain}
        findings = certain + [
            finding
            for finding in look.findings
            if not finding.is_certain and (finding.place, finding.line) not in at
        ]
        if mode == "block" and certain:
            return (
                f"{shown(path)} was not saved: {certain[0].thing} is in it "
                f"({certain[0].where}). Take it out and save again. "
                "(The setting is WatsonxGuard.mode.)"
            )
        self._tell(
            Report(
                path,
                "removed" if mode == "redact" else "left",
                findings,
                " and ".join(look.failed),
                look.was_cut,
                has_history,
            )
        )
        return ""

    def _tell(self, report: Report) -> None:
        """Leave a report, unless it says only what the user has been told already.

        The page keeps what was removed until the user takes it out, and saves itself every two
        minutes. A cell's number may change meanwhile.
        """
        now: Counter[tuple[str, ...]] = Counter(
            (report.done, finding.what, finding.place.part, finding.mark)
            for finding in report.findings
        )
        now.update([("failed", report.failed)] if report.failed else [])
        now.update([("cut",)] if report.was_cut else [])
        before, self._told[report.path] = self._told.get(report.path, Counter()), now
        if now <= before:
            return
        for line in report.lines():
            self._log.warning("%s", line)
        try:
            self._leave(report)
        except Exception as problem:  # noqa: BLE001  # it stands in the log
            self._log_fault(report.path, problem)

    def _log_fault(self, path: str, problem: Exception) -> None:
        # its words and the values of its frames may hold what it worked on
        frames = traceback.extract_tb(problem.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
        self._log.error(
            "The guard failed on %s: %s at %s", shown(path), type(problem).__name__, where
        )


class _Look:
    """One look at one notebook."""

    def __init__(self, model: dict[str, Any], *, removing: bool, ends: float) -> None:
        self._model = model
        self._removing = removing
        self._ends = ends
        self.findings: list[Finding] = []
        self.failed: list[str] = []
        self.problems: list[Exception] = []
        self.was_cut = False

    def searched(
        self,
        what: str,
        search: Callable[[], Search],
        clock: Callable[[], float] | None = None,
        found: Found = lambda secret, what: None,
    ) -> None:
        """Search, and remove what was found; with a clock, only until time is up."""
        try:
            walk = Walk(
                search(),
                removing=self._removing,
                time_is_up=lambda: clock is not None and clock() > self._ends,
                found=found,
            )
            if self._model["type"] == "notebook":
                content = walk.notebook(self._model["content"])
            else:
                content = walk.text(self._model["content"], Place())
            self._model["content"] = content
            self.findings += walk.findings
            self.was_cut = self.was_cut or walk.was_cut
            if walk.was_too_deep:
                self.failed.append(what)
        except Exception as problem:  # noqa: BLE001  # the other searches go on
            self.failed.append(what)
            self.problems.append(problem)


def _is_notebook(model: dict[str, Any], path: str) -> bool:
    """Whether it is one, or the text of one in an editor; a `.env` is where a key may be."""
    if model.get("type") == "notebook":
        return isinstance(model.get("content"), dict)
    is_text = isinstance(model.get("content"), str) and model.get("format") != "base64"
    return is_text and PurePosixPath(path).suffix == ".ipynb"


def _lookalikes(text: str) -> Iterator[Hit]:
    return chain(like_keys(text), (hit for hit in tokens(text) if hit.what == "other_token"))
