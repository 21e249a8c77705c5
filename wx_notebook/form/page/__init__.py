"""The browser's half of the form, put together from its files.

Front ends load it as one ES module, without a build step and without a network: it can import
nothing. So the files here are written as parts of one module, in this order, behind the table of
words.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from wx_notebook.form.words import words

_HERE = Path(__file__).parent
PARTS = ("making.js", "pasting.js", "fields.js", "choosing.js", "kernel.js", "line.js", "form.js")


@cache
def module() -> str:
    """Return the module."""
    table = json.dumps(words(), ensure_ascii=False, indent=1)
    parts = ((_HERE / name).read_text(encoding="utf-8") for name in PARTS)
    return "\n".join([f"const WORDS = {table};", *parts])


@cache
def styles() -> str:
    """Return the style sheet."""
    return (_HERE / "form.css").read_text(encoding="utf-8")
