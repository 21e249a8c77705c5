"""Which model of an upstream answers for which model of watsonx.ai: a table that users can change.

A file of theirs is TOML or JSON: names of watsonx.ai, each with one name of the upstream or a list
of them, of which the first that is there is taken; `*` stands for any characters on both sides.

    "ibm/granite-4-h-small" = "granite4:tiny-h"
    "meta-llama/*" = ["llama3.3", "llama3.2"]
    "*" = "qwen3:4b"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from wx_notebook.sandbox.library import near

Table = Mapping[str, Sequence[str]]

# Ollama's names first, then what the weights are called at Hugging Face, LM Studio and in the
# files of llama.cpp; of the same family the one nearest in size
_GRANITE_4 = (
    *("*granite4:small-h*", "*granite4:32b-a9b-h*", "*granite-4*h-small*"),
    *("*granite4.1:30b*", "*granite-4.1-30b*"),
    *("*granite4:tiny-h*", "*granite4:7b-a1b-h*", "*granite-4*h-tiny*"),
    *("*granite4.1:8b*", "*granite-4.1-8b*"),
    *("*granite4:micro*", "*granite4:3b*", "*granite-4*micro*", "*granite4.1:3b*"),
    *("granite4:*", "granite4.*:*", "ibm/granite4:*", "*granite-4*"),
)
_GRANITE_3 = (
    *("*granite3.3:8b*", "*granite-3.3-8b-instruct*", "*granite3.3:*", "*granite-3.3*instruct*"),
    *("*granite3.2:8b*", "*granite-3.2-8b-instruct*", "*granite3.1-dense:8b*"),
    *("*granite-3.1-8b-instruct*", "*granite3-dense:8b*", "*granite-3.0-8b-instruct*"),
    *("*granite3.2:*", "*granite3.1-dense:*", "*granite3-dense:*"),
)
DEFAULTS: Table = {
    "ibm/granite-4-h-small": _GRANITE_4,
    "ibm/granite-3-3-8b-instruct": _GRANITE_3,
    "ibm/granite-3-8b-instruct": _GRANITE_3,
    "ibm/granite-3-2b-instruct": ("*granite3*:2b*", "*granite-3*2b-instruct*"),
    "ibm/granite-8b-code-instruct": ("*granite-code:8b*", "*granite-8b-code-instruct*"),
    "meta-llama/llama-3-3-70b-instruct": ("*llama3.3:*", "*llama-3.3-70b-instruct*"),
    "meta-llama/llama-4-maverick-17b-128e-instruct-fp8": (
        *("*llama4:*maverick*", "*llama4:128x17b*", "*llama-4-maverick*", "*llama4:*"),
    ),
    "mistralai/mistral-small-3-1-24b-instruct-2503": (
        *("*mistral-small3.1:*", "*mistral-small-3.1-24b-instruct*", "*mistral-small3.2:*"),
    ),
    "openai/gpt-oss-120b": ("*gpt-oss:120b*", "*gpt-oss-120b*", "*gpt-oss:20b*", "*gpt-oss-20b*"),
}
_EVERYTHING = "*"


class ModelMap:
    """Leads from a name of watsonx.ai to a name that an upstream has.

    What the user's own table says of a name comes first, then an upstream that has that very name,
    then patterns of the table, then the defaults, and `*` of the table at the end.
    """

    def __init__(self, own: Mapping[str, str | Sequence[str]] | None = None) -> None:
        table = dict(own or {})
        self._own = {k: [v] if isinstance(v, str) else v for k, v in table.items()}

    @property
    def names(self) -> list[str]:
        """The names of watsonx.ai that are in the tables, without patterns."""
        return [name for name in {**self._own, **DEFAULTS} if "*" not in name]

    def given(self, model_id: str) -> Sequence[str]:
        """Return what the user's table says of exactly this name."""
        return self._own.get(model_id, ())

    def lead(self, model_id: str, there: Iterable[str]) -> str | None:
        """Return which of the names in `there` answers for `model_id`, None if none does."""
        names = list(there)
        if model_id in self._own:
            return _first(self._own[model_id], names)
        if found := _first([model_id], names):
            return found
        patterns = [name for name in self._own if "*" in name and name != _EVERYTHING]
        tables = [self._own[name] for name in patterns if fnmatchcase(model_id, name)]
        tables += [DEFAULTS.get(model_id, ()), self._own.get(_EVERYTHING, ())]
        return next((found for table in tables if (found := _first(table, names))), None)


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    for pattern in wanted:
        for name in names:
            if _matches(name, pattern):
                return name
    return None


def _matches(name: str, pattern: str) -> bool:
    if name == pattern:
        return True
    # llama.cpp names the file it was started with; Ollama's `granite4` is `granite4:latest`
    base = name.replace("\\", "/").rpartition("/")[2].removesuffix(".gguf")
    spellings = {name, base, name.removesuffix(":latest")}
    return any(fnmatchcase(each.lower(), pattern.lower()) for each in spellings)


def read(path: Path) -> Table:
    """Return the table in a file.

    Raises
    ------
    ValueError
        There is no such file, or it holds no table; the text says what to change.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        beside = [each.name for each in path.parent.glob("*")] if path.parent.is_dir() else []
        msg = f"there is no file {str(path)!r}.{near(path.name, beside)}"
        raise ValueError(msg) from None
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        msg = f"the map {str(path)!r} cannot be read: {reason}"
        raise ValueError(msg) from None
    table = _parsed(path, text)
    nested = table.get("models")
    if isinstance(nested, dict):
        table = nested
    own: dict[str, Sequence[str]] = {}
    for name, value in table.items():
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            msg = f"in the map {str(path)!r}, {name!r} must be one name or a list of names"
            raise ValueError(msg)
        own[name] = names
    return own


def _parsed(path: Path, text: str) -> dict[str, object]:
    form = "JSON" if path.suffix.lower() == ".json" or text.lstrip()[:1] == "{" else "TOML"
    try:
        table = json.loads(text) if form == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        reason = str(problem)[:200]
        hint = '; a line is "ibm/granite-4-h-small" = "granite4:tiny-h"' if form == "TOML" else ""
        msg = f"the map {str(path)!r} is not {form}: {reason}{hint}"
        raise ValueError(msg) from None
    if not isinstance(table, dict):
        msg = f"the map {str(path)!r} is not a JSON object"
        raise ValueError(msg)  # what the file says is wrong, not a type of ours
    return table
