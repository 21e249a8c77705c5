"""All words of the form, in one table that can be translated as a whole: `words.json`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "words.json"


@cache
def words() -> dict[str, str]:
    """Return the table: a name for each text, with places such as ``{name}``."""
    table: dict[str, str] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def word(name: str, /, **values: str) -> str:
    """Return one text with its places filled in."""
    text = words()[name]
    for place, value in values.items():
        text = text.replace(f"{{{place}}}", value)
    return text
