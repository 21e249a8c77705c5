"""From the Jupyter server to the user: what the guard did when a notebook was saved.

The server leaves a file in the runtime folder; the next kernel of this user in which somebody runs
`%watsonx` or `%%watsonx` shows it and takes it away, so that it is shown once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias

from wx_notebook.credentials.checks import WHERE_KEYS_ARE_MADE
from wx_notebook.guard import folder, handover
from wx_notebook.guard.hits import CERTAIN, Finding, Place
from wx_notebook.guard.patterns import ALLOWED, shown

#: What was done about a finding: taken out of the file, or left as it is.
Done: TypeAlias = Literal["removed", "left"]
#: Unread reports; of more the oldest go.
_MOST = 50
_MOST_LINES = 5
ROTATE = f"Make a new key and delete the old one: {WHERE_KEYS_ARE_MADE}"
STILL_OPEN = "What was removed is still in the open page: take it out there, too."
SAY_SO = f"A line that holds none ends with the comment: {ALLOWED}"
HISTORY = "jupyter-collaboration's edit history, .jupyter_ystore.db, still has it."


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said about one save.

    Attributes
    ----------
    path
        The notebook, as Jupyter calls it.
    done
        What was done about the certain findings.
    findings
        What was found.
    failed
        What the guard did not search for because it failed, with the kind of error, "" for nothing.
    was_cut
        Whether time was up before it had looked for what only looks like a key.
    has_history
        Whether edits are kept beside the file.
    """

    path: str
    done: Done = "removed"
    findings: Sequence[Finding] = ()
    failed: str = ""
    was_cut: bool = False
    has_history: bool = False

    def lines(self) -> list[str]:
        """Return what there is to say, one line each."""
        path, said = shown(self.path), []
        certain = [one for one in self.findings if one.what in CERTAIN]
        others = [one for one in self.findings if one.what not in CERTAIN]
        if certain and self.done == "removed":
            said += [f"{path} was saved without what was found in it:", *_places(certain)]
            said += [STILL_OPEN, *([HISTORY] if self.has_history else []), ROTATE]
        elif certain:
            said += [f"{path} was saved with what was found in it:", *_places(certain), ROTATE]
        if others:
            said += [f"{path} was saved as it is, and may hold a secret:", *_places(others)]
            said.append(SAY_SO)
        quoted = path.replace("'", "'\\''")  # for a shell: a file may be called anything
        look = f"Look for yourself: wx-notebook check '{quoted}'"
        if self.failed:
            said += [f"The guard failed on {path}, which was not searched for {self.failed}.", look]
        if self.was_cut:
            said.append(
                f"{path} is large: it was searched for your keys and tokens, not for what only "
                "looks like one."
            )
            said.append(look)
        return said


def leave(report: Report) -> None:
    """Leave a report for the user's kernels.

    Raises
    ------
    OSError, RuntimeError
        It cannot be written.
    """
    older = [path for path, _ in folder.read("report")]
    for path in older[: max(0, len(older) + 1 - _MOST)]:
        with contextlib.suppress(OSError):
            path.unlink()
    folder.write(folder.new_path("report"), asdict(report))


def pending() -> list[str]:
    """Return what servers have to say to this user, and forget it: the lines are to be shown.

    Whatever is wrong with the files, nothing is raised.
    """
    said = []
    if why := handover.problem():
        said.append(
            f"The guard could not hand over what must not be saved ({why}): in this kernel it does "
            "not know your key. Do not type it into a cell."
        )
    with contextlib.suppress(OSError):
        for path, document in folder.read("report"):
            # whoever removes it shows it
            with contextlib.suppress(OSError, KeyError, TypeError, ValueError):
                path.unlink()
                said += _report_of(document).lines()
    return said


def _report_of(document: dict[str, Any]) -> Report:
    known = {field.name: document[field.name] for field in fields(Report)}
    findings = [Finding(**{**one, "place": Place(**one["place"])}) for one in known.pop("findings")]
    return Report(**known, findings=findings)


def _places(findings: Sequence[Finding]) -> Iterable[str]:
    for finding in findings[:_MOST_LINES]:
        yield f"  {finding.thing}: {finding.where}"
    if len(findings) > _MOST_LINES:
        yield f"  and {len(findings) - _MOST_LINES} more"
