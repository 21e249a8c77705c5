"""The browser's half of the form, put together from its files.

Front ends load it as one ES module, without a build step and without a network, so it can import
nothing. The files here are parts of that module, in this order, below the table of texts.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from wx_notebook.login.strings import strings

_FOLDER = Path(__file__).parent
PARTS = (
    "making.js", "pasting.js", "fields.js", "choosing.js", "kernel.js", "line.js", "sending.js",
    "painting.js", "form.js",
)  # fmt: skip


@cache
def module(language: str = "en", *, place: str = "cell") -> str:
    """Return the source of the module.

    Parameters
    ----------
    language
        The language of its texts, such as "de".
    place
        Where the form stands: texts under ``{place}.`` take the place of the general ones.
    """
    texts = strings(language)
    own = {key: text for key, text in texts.items() if key.startswith(f"{place}.")}
    texts = texts | {key.removeprefix(f"{place}."): text for key, text in own.items()}
    table = json.dumps(texts, ensure_ascii=False, indent=1)
    parts = ((_FOLDER / name).read_text(encoding="utf-8") for name in PARTS)
    return "\n".join([f"const STRINGS = {table};", *parts])


@cache
def styles() -> str:
    """Return the style sheet."""
    return (_FOLDER / "form.css").read_text(encoding="utf-8")
