"""What the guard does with a notebook before it is written.

It runs three searches, each one separately, so that an error in one does not stop the others: for
the keys and tokens of running kernels, by fingerprint; for tokens of IBM Cloud, by issuer; and for
texts that only look like a secret. Those are never changed.

The server can do nothing else meanwhile. So all searches together have less than a second, and what
matters most comes first. Whatever was not searched, and whatever error occurs, the notebook is
saved and the user is told.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from wx_notebook.guard import kernel_fingerprints
from wx_notebook.guard.matches import Finding, Match, Search
from wx_notebook.guard.notebook_texts import NotebookTexts
from wx_notebook.guard.patterns import find_ibm_tokens, find_jwts, find_lookalike_keys, mask_path
from wx_notebook.guard.reports import Outcome, SaveReport
from wx_notebook.guard.scan_notebook import NotebookScanner, SecretHandler

#: Seconds for all searches of a notebook; the rest of a second is for what they have found.
BUDGET_S = 0.6
#: Findings of one search that are reported, and characters of the shortest secret.
_MAX_FINDINGS, _SHORTEST = 200, 20
#: The three searches in words, for the report about one that failed.
KEYS, TOKENS, LOOKALIKES = "your keys", "tokens of IBM Cloud", "texts that look like a key"


class NotebookGuard:
    """Checks each notebook before it is written.

    Parameters
    ----------
    mode
        Returns what to do: "off", "warn", "redact" or "block".
    has_collaboration
        Returns whether several people can edit one document at the same time.
    save_report
        Receives a report for the user.
    log
        The server's log.
    clock
        Returns seconds that never go backwards.
    """

    def __init__(
        self,
        *,
        mode: Callable[[], str],
        has_collaboration: Callable[[], bool],
        save_report: Callable[[SaveReport], None],
        log: Any,  # noqa: ANN401  # a Logger, or traitlets' adapter of one
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mode = mode
        self._has_collaboration = has_collaboration
        self._save_report = save_report
        self._log = log
        self._clock = clock
        self._removed = kernel_fingerprints.RemovedSecrets()
        # by path, what the latest save of each notebook reported
        self._reported: dict[str, Counter[tuple[str, ...]]] = {}

    def before_save(self, model: dict[str, Any], path: str) -> None:
        """Check a notebook that is about to be written, and remove what must not be saved.

        Parameters
        ----------
        model
            The notebook in Jupyter's contents format. Its content may be replaced.
        path
            The notebook's path in Jupyter.

        Raises
        ------
        tornado.web.HTTPError
            The mode is "block" and the notebook contains a secret. Nothing else is raised.
        """
        refusal = ""
        try:
            refusal = self._check(model, path)
        except Exception as error:  # noqa: BLE001  # losing work would be worse
            self._log_error(path, error)
        if refusal:
            from tornado.web import HTTPError

            raise HTTPError(400, refusal)

    def _check(self, model: dict[str, Any], path: str) -> str:
        """Search and redact a notebook; return why it must not be saved, "" to save it."""
        mode = self._mode()
        if mode == "off" or not _is_notebook(model, path):
            return ""
        has_edit_history = self._has_collaboration()
        if mode == "block" and has_edit_history:
            mode = "redact"
        search = self._search(model, redact=mode == "redact")
        for error in search.errors:
            self._log_error(path, error)
        findings = search.merged_findings()
        if mode == "block" and findings and findings[0].is_certain:
            return (
                f"{mask_path(path)} was not saved: it contains {findings[0].description} "
                f"({findings[0].position}). Remove it and save again. "
                "(The setting is WatsonxGuard.mode.)"
            )
        outcome: Outcome = "removed" if mode == "redact" else "kept"
        failed = " and ".join(search.failed)
        self._report(
            SaveReport(
                path,
                outcome,
                findings,
                failed,
                search.has_more_findings,
                " and ".join(search.unfinished),
                has_edit_history,
            )
        )
        return ""

    def _search(self, model: dict[str, Any], *, redact: bool) -> _ModelSearch:
        """Run the three searches, and return them with what they found."""
        deadline = self._clock() + BUDGET_S
        search = _ModelSearch(model, lambda: self._clock() > deadline, redact=redact)
        search.run(
            KEYS,
            lambda: kernel_fingerprints.live_fingerprints(self._removed),
            on_secret=self._removed.add,
        )
        search.run(TOKENS, lambda: find_ibm_tokens)
        search.run(LOOKALIKES, lambda: _find_lookalikes)
        search.finish()
        return search

    def _report(self, report: SaveReport) -> None:
        """Save a report, unless the user has already read the same about this notebook.

        An open page keeps a removed secret until the user deletes it, and Jupyter saves the page
        every two minutes. The number of the cell may change in between.
        """
        now: Counter[tuple[str, ...]] = Counter(
            (report.outcome, finding.kind, finding.location.part, finding.secret_id)
            for finding in report.findings
        )
        now.update([("failed", report.failed_searches)] if report.failed_searches else [])
        unfinished = report.unfinished_searches
        now.update([("unfinished", unfinished)] if unfinished else [])
        before, self._reported[report.path] = self._reported.get(report.path, Counter()), now
        if now <= before:
            return
        for line in report.lines():
            self._log.warning("%s", line)
        try:
            self._save_report(report)
        except Exception as error:  # noqa: BLE001  # the report is in the log
            self._log_error(report.path, error)

    def _log_error(self, path: str, error: Exception) -> None:
        # not its message, and no values of its frames: they could quote the secret
        frames = traceback.extract_tb(error.__traceback__)
        position = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
        self._log.error(
            "The guard failed on %s: %s at %s", mask_path(path), type(error).__name__, position
        )


class _ModelSearch:
    """The searches of one notebook that is about to be written."""

    def __init__(
        self, model: dict[str, Any], time_is_up: Callable[[], bool], *, redact: bool
    ) -> None:
        self._model = model
        self._time_is_up = time_is_up
        self._redact = redact
        self._texts: NotebookTexts | None = None
        self._findings: list[Finding] = []
        self.has_more_findings = False
        self.failed: list[str] = []
        self.unfinished: list[str] = []
        self.errors: list[Exception] = []

    def run(
        self,
        title: str,
        make_search: Callable[[], Search],
        on_secret: SecretHandler = lambda secret, kind: None,
    ) -> None:
        """Search the notebook, and redact it if that is the mode; an error is kept, not raised."""
        try:
            if self._texts is None:
                self._texts = NotebookTexts(self._model["content"], _SHORTEST, self._time_is_up)
            scanner = NotebookScanner(
                make_search(),
                redact=self._redact,
                time_is_up=self._time_is_up,
                on_secret=on_secret,
                max_findings=_MAX_FINDINGS,
            )
            scanner.scan_texts(self._texts)
            self._findings += scanner.findings
            self.has_more_findings |= scanner.more_findings > 0
            if scanner.timed_out:
                self.unfinished.append(title)
        except Exception as error:  # noqa: BLE001  # the other searches go on
            self.failed.append(title)
            self.errors.append(error)

    def finish(self) -> None:
        """Put the redacted notebook into the model; an error is kept, not raised."""
        try:
            if self._texts is not None:
                self._model["content"] = self._texts.document()
        except Exception as error:  # noqa: BLE001  # losing work would be worse
            self.failed = [KEYS, TOKENS]
            self.errors.append(error)

    def merged_findings(self) -> list[Finding]:
        """Return the findings, certain ones first, and one for each line.

        A secret that was not removed also looks like a key.
        """
        certain = [finding for finding in self._findings if finding.is_certain]
        lines = {(finding.location, finding.line) for finding in certain}
        return certain + [
            finding
            for finding in self._findings
            if not finding.is_certain and (finding.location, finding.line) not in lines
        ]


def _is_notebook(model: dict[str, Any], path: str) -> bool:
    """Return whether it is a notebook, or one that is open as text.

    Other files, such as `.env`, may contain a key.
    """
    if model.get("type") == "notebook":
        return isinstance(model.get("content"), dict)
    is_text = isinstance(model.get("content"), str) and model.get("format") != "base64"
    return is_text and PurePosixPath(path).suffix == ".ipynb"


def _find_lookalikes(text: str) -> Iterator[Match]:
    foreign_tokens = (match for match in find_jwts(text) if match.kind == "foreign_token")
    return chain(find_lookalike_keys(text), foreign_tokens)
