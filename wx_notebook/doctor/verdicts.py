"""What a check is, and what comes of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from wx_notebook.errors import WatsonxError

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

Verdict: TypeAlias = Literal["ok", "warning", "failed", "skipped"]
#: Where a check is that has no verdict: not begun, being looked at, ended by the user.
Standing: TypeAlias = Literal["waiting", "looking", "stopped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says: its verdict, what was found, and the next step as something to type."""

    verdict: Verdict
    found: str
    repair: str = ""


def ok(found: str) -> Finding:
    """Return the finding that all is well."""
    return Finding("ok", found)


def skipped(found: str, repair: str = "") -> Finding:
    """Return the finding that nothing was looked at, and why."""
    return Finding("skipped", found, repair)


def failed(problem: WatsonxError) -> Finding:
    """Return what an error of ours says, as a finding."""
    return Finding("failed", " ".join(problem.message.split()), problem.hint)


@dataclass(frozen=True, slots=True)
class Check:
    """One check, as it stands in the plan.

    Attributes
    ----------
    name
        What it is called; the plan numbers it.
    look
        Does it, in a thread of its own; what it leaves in the case is there for later ones.
    after
        Checks that it waits for, whatever comes of them.
    needs
        Checks without which it would tell nothing: it is skipped unless all of them went well.
    late
        The repair, when it does not answer.
    """

    name: str
    look: Callable[[Case], Finding]
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    late: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One check as it stands now; its texts have passed the mask."""

    number: int
    name: str
    verdict: Verdict | Standing
    found: str = ""
    repair: str = ""
    #: how long it took; None where it did not begin
    seconds: float | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its verdict is there, or will not come any more."""
        return self.verdict not in ("waiting", "looking")
