"""What stands between a user and an answer: numbered checks, each with its verdict and repair.

`Examination` runs `CHECKS` on a `Case`, each in a thread of its own that nobody waits for longer
than three seconds. Nothing is sent that costs anything, and no text of a check leaves this room
without having passed the case's `Mask`.
"""

from __future__ import annotations

from wx_notebook.doctor.case import Case
from wx_notebook.doctor.front_end import FrontEnd, front_end_of
from wx_notebook.doctor.plan import CHECKS
from wx_notebook.doctor.report import block, document, lines, summary
from wx_notebook.doctor.running import Examination
from wx_notebook.doctor.verdicts import Check, Finding, Result

__all__ = [
    "CHECKS",
    "Case",
    "Check",
    "Examination",
    "Finding",
    "FrontEnd",
    "Result",
    "block",
    "document",
    "front_end_of",
    "lines",
    "summary",
]
