"""What a Jupyter server tells the user: what the guard did when a notebook was saved.

The server writes a file into the runtime folder. The next kernel of this user that runs `%watsonx`
or `%%watsonx` shows it and deletes it, so that it is shown once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias

from wx_notebook.credentials.parsing.pasted import WHERE_KEYS_ARE_MADE
from wx_notebook.guard import runtime_dir
from wx_notebook.guard.kernel_fingerprints import PUBLISHER
from wx_notebook.guard.matches import Finding, Location
from wx_notebook.guard.patterns import ALLOWLIST_COMMENT, mask_path

#: What was done about a secret: removed from the file, or kept in it.
Outcome: TypeAlias = Literal["removed", "kept"]
#: Unread reports that are kept; the oldest are deleted.
_MAX_REPORTS = 50
_MAX_LINES = 5
REPLACE_KEY_HINT = f"Make a new key and delete the old one: {WHERE_KEYS_ARE_MADE}"
OPEN_PAGE_HINT = "The open page still has what was removed: delete it there, too."
ALLOWLIST_HINT = f"If a line has no secret, end it with the comment: {ALLOWLIST_COMMENT}"
EDIT_HISTORY_HINT = "The edit history of jupyter-collaboration, .jupyter_ystore.db, still has it."


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What the guard found and did when one notebook was saved.

    Attributes
    ----------
    path
        The notebook's path in Jupyter.
    outcome
        What was done about the findings that are certain.
    findings
        What was found.
    failed_searches
        What was not searched for because of an error, "" for nothing.
    has_more_findings
        Whether there were more than are listed.
    unfinished_searches
        What the notebook was not searched for to its end, because time was up; "" for nothing.
    has_edit_history
        Whether edits are stored beside the file.
    """

    path: str
    outcome: Outcome = "removed"
    findings: Sequence[Finding] = ()
    failed_searches: str = ""
    has_more_findings: bool = False
    unfinished_searches: str = ""
    has_edit_history: bool = False

    def lines(self) -> list[str]:
        """Return the report in lines for the user."""
        path, lines = mask_path(self.path), []
        certain, others = self._finding_lines(certain=True), self._finding_lines(certain=False)
        if certain and self.outcome == "removed":
            lines += [f"{path} was saved without these secrets:", *certain]
            lines += [OPEN_PAGE_HINT, *([EDIT_HISTORY_HINT] if self.has_edit_history else [])]
            lines.append(REPLACE_KEY_HINT)
        elif certain:
            lines += [f"{path} was saved with these secrets in it:", *certain]
            lines.append(REPLACE_KEY_HINT)
        if others:
            lines += [f"{path} was saved unchanged. It may contain:", *others]
            lines.append(ALLOWLIST_HINT)
        quoted = path.replace("'", "'\\''")  # for a shell: a file may have any name
        command = f"To search it yourself: wx-notebook check '{quoted}'"
        if self.failed_searches:
            lines += [
                f"The guard failed on {path}: it was not searched for {self.failed_searches}.",
                command,
            ]
        if self.unfinished_searches:
            lines += [
                f"Time was up before all of {path} was searched for {self.unfinished_searches}.",
                command,
            ]
        return lines

    def _finding_lines(self, *, certain: bool) -> list[str]:
        findings = [one for one in self.findings if one.is_certain == certain]
        lines = [f"  {one.description}: {one.position}" for one in findings[:_MAX_LINES]]
        if len(findings) > _MAX_LINES:
            more = "more than " if self.has_more_findings else ""
            lines.append(f"  and {more}{len(findings) - _MAX_LINES} more")
        return lines


def save_report(report: SaveReport) -> None:
    """Write a report for the user's kernels.

    Raises
    ------
    OSError, RuntimeError
        It cannot be written.
    """
    older = [path for path, _ in runtime_dir.read_documents("report")]
    for path in older[: max(0, len(older) + 1 - _MAX_REPORTS)]:
        with contextlib.suppress(OSError):
            path.unlink()
    runtime_dir.write_document(runtime_dir.new_path("report"), asdict(report))


def pop_reports() -> list[str]:
    """Return the lines of all unread reports, and delete the reports.

    Damaged files are skipped; no error is raised.
    """
    lines = []
    if error := PUBLISHER.pop_error():
        lines.append(
            f"The guard could not tell the Jupyter server which key must not be saved ({error}). "
            "Do not type your key into a cell: the server would save it."
        )
    with contextlib.suppress(OSError):
        for path, document in runtime_dir.read_documents("report"):
            # only the kernel that deletes the file shows it
            with contextlib.suppress(OSError, KeyError, TypeError, ValueError):
                path.unlink()
                lines += _parse_report(document).lines()
    return lines


def _parse_report(document: dict[str, Any]) -> SaveReport:
    values = {field.name: document[field.name] for field in fields(SaveReport)}
    findings = [
        Finding(**{**finding, "location": Location(**finding["location"])})
        for finding in values.pop("findings")
    ]
    return SaveReport(**values, findings=findings)
