"""What was asked and answered, on disk, so that nothing that was paid for is lost.

A row of a table is written down before it is sent, and its answer before it is shown. The files lie
in Jupyter's data folder, readable by their user only. They hold prompts, answers, model IDs and
numbers; no key, no token, no project.
"""

from wx_notebook.journal.job_log import JobLog
from wx_notebook.journal.journal import (
    Journal,
    JournalError,
    journal_to_read,
    open_journal,
    temporary_journal,
)
from wx_notebook.journal.owners import BatchOwners
from wx_notebook.journal.prompts import (
    find_batches,
    find_prompts,
    forget_prompt,
    keep_prompt,
    note_reused,
)
from wx_notebook.journal.records import (
    AnswerRecord,
    BatchRecord,
    Found,
    JobLine,
    JobRecord,
    PromptRecord,
    answer_record,
    key_in_row,
    request_key,
)
from wx_notebook.journal.upkeep import KEPT_DAYS, prune

__all__ = [
    "KEPT_DAYS",
    "AnswerRecord",
    "BatchOwners",
    "BatchRecord",
    "Found",
    "JobLine",
    "JobLog",
    "JobRecord",
    "Journal",
    "JournalError",
    "PromptRecord",
    "answer_record",
    "find_batches",
    "find_prompts",
    "forget_prompt",
    "journal_to_read",
    "keep_prompt",
    "key_in_row",
    "note_reused",
    "open_journal",
    "prune",
    "request_key",
    "temporary_journal",
]
