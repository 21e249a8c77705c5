"""Numbered checks that find out what keeps a user from an answer, each with its repair.

`CheckRunner` runs `CHECKS` on a `CheckContext`, each check in its own thread and for three seconds
at most. The checks send nothing that costs. Every text passes the context's `Anonymiser`.
"""

from __future__ import annotations

from wx_notebook.doctor.check import Check, CheckContext, CheckResult, CheckStatus
from wx_notebook.doctor.front_end import FrontEnd, detect_front_end
from wx_notebook.doctor.plan import CHECKS
from wx_notebook.doctor.report import (
    issue_block,
    results_document,
    status_lines,
    summary_line,
)
from wx_notebook.doctor.runner import CheckRunner

__all__ = [
    "CHECKS",
    "Check",
    "CheckContext",
    "CheckResult",
    "CheckRunner",
    "CheckStatus",
    "FrontEnd",
    "detect_front_end",
    "issue_block",
    "results_document",
    "status_lines",
    "summary_line",
]
