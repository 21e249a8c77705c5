"""Search the texts of a notebook, and replace what must not be saved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeAlias

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.matches import CERTAIN_KINDS, Finding, Location, Match, MatchKind, Search
from wx_notebook.guard.notebook_texts import NotebookTexts
from wx_notebook.guard.scan_text import (
    find_matches_until,
    findings_in,
    redact_lines,
    redact_text,
    strip_ansi,
)

#: Receives each secret that is certain, and its kind.
SecretHandler: TypeAlias = Callable[[Secret, MatchKind], None]


class NotebookScanner:
    """One search through one notebook or text.

    Parameters
    ----------
    search
        Finds secrets in a text.
    redact
        Whether secrets that are certain are replaced.
    time_is_up
        Called before each text, and inside long ones. Once it returns true, nothing more is
        searched.
    on_secret
        Receives each secret that is certain, and its kind.
    max_findings
        How many findings are kept; the others are only counted.

    Attributes
    ----------
    findings
        What was found so far.
    more_findings
        How many more were found.
    timed_out
        Whether time was up before the end.
    """

    def __init__(
        self,
        search: Search,
        *,
        redact: bool = False,
        time_is_up: Callable[[], bool] = lambda: False,
        on_secret: SecretHandler = lambda secret, kind: None,
        max_findings: int = sys.maxsize,
    ) -> None:
        self._search = search
        self._redact = redact
        self._time_is_up = time_is_up
        self._on_secret = on_secret
        self._room = max_findings
        self._handled: set[str] = set()
        self.findings: list[Finding] = []
        self.more_findings = 0
        self.timed_out = False

    def scan(self, document: Any) -> Any:  # noqa: ANN401  # JSON
        """Search a notebook or a text; return it, or a copy without the secrets that were found.

        Nothing is changed in place. Unchanged parts of the copy are the same objects as before.
        """
        texts = NotebookTexts(document, time_is_up=self._time_is_up)
        self.scan_texts(texts)
        return texts.document()

    def scan_texts(self, texts: NotebookTexts) -> None:
        """Search texts, and replace those with secrets."""
        self.timed_out = not texts.is_complete
        findings: dict[int, list[Finding]] = {}
        for text in texts:
            matches, is_complete = find_matches_until(self._time_is_up, text.text, self._search)
            if matches:
                findings[text.number] = self._record(text.text, text.location, matches)
                certain = [match for match in matches if match.kind in CERTAIN_KINDS]
                if certain and self._redact:
                    texts.replace(text, _redacted(text.lines or text.text, certain))
            if not is_complete:
                self.timed_out = True
                break
        self.findings += chain.from_iterable(findings[number] for number in sorted(findings))

    def _record(self, text: str, location: Location, matches: Sequence[Match]) -> list[Finding]:
        kept = matches[: self._room]
        self._room -= len(kept)
        self.more_findings += len(matches) - len(kept)
        for match in matches:
            # a text may repeat one secret endlessly
            is_new = not match.secret_id or match.secret_id not in self._handled
            if match.kind in CERTAIN_KINDS and is_new:
                self._handled.add(match.secret_id)
                self._on_secret(Secret(strip_ansi(text[match.start : match.end])), match.kind)
        return list(findings_in(text, location, kept))


def _redacted(text: str | list[str], matches: Sequence[Match]) -> str | list[str]:
    return redact_text(text, matches) if isinstance(text, str) else redact_lines(text, matches)
