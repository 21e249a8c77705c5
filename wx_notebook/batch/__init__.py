"""A prompt over a table: one row, one prompt, and the answers beside their rows.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

from wx_notebook.batch.functions import abatch, batch
from wx_notebook.batch.verbs import classify, extract, filter  # noqa: A004  # the word for it

__all__ = ["abatch", "batch", "classify", "extract", "filter"]
