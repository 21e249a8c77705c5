"""The browser's half of the form, put together from its files.

Front ends load it as one ES module, without a build step and without a network, so it can import
nothing. The files here are parts of that module, in this order, below the table of texts.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from wx_notebook.login.strings import languages, strings

_FOLDER = Path(__file__).parent
PARTS = (
    "making.js", "pasting.js", "fields.js", "choosing.js", "kernel.js", "line.js", "sending.js",
    "painting.js", "form.js",
)  # fmt: skip


#: JupyterLab writes its language there, such as "de-DE".
_CHOICE = "const STRINGS = TEXTS[document.documentElement.lang.slice(0, 2)] ?? TEXTS.en;"


@cache
def module(place: str = "cell") -> str:
    """Return the source of the module, with the texts in each language.

    Parameters
    ----------
    place
        Where the form stands: texts under ``{place}.`` take the place of the general ones.
    """
    texts = {language: _texts(language, f"{place}.") for language in languages()}
    table = json.dumps(texts, ensure_ascii=False, indent=1)
    parts = ((_FOLDER / name).read_text(encoding="utf-8") for name in PARTS)
    return "\n".join([f"const TEXTS = {table};", _CHOICE, *parts])


def _texts(language: str, place: str) -> dict[str, str]:
    texts = strings(language)
    own = {key: text for key, text in texts.items() if key.startswith(place)}
    return texts | {key.removeprefix(place): text for key, text in own.items()}


@cache
def styles() -> str:
    """Return the style sheet."""
    return (_FOLDER / "form.css").read_text(encoding="utf-8")
