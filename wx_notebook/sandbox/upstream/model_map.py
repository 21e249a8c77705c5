"""Which model of an upstream answers for which model of watsonx.ai.

The sandbox has a table of its own, and a user can add one: a file in TOML or JSON with names of
watsonx.ai, each with one name of the upstream or a list of them, of which the first available one
is taken. `*` stands for any characters on both sides.

    "ibm/granite-4-h-small" = "granite4:tiny-h"
    "meta-llama/*" = ["llama3.3", "llama3.2"]
    "*" = "qwen3:4b"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

from wx_notebook.sandbox.http.messages import ErrorResponse
from wx_notebook.sandbox.inference.models import BY_ID, ENCODERS, Model, near_names
from wx_notebook.sandbox.upstream.client import ListedModel, Upstream
from wx_notebook.sandbox.upstream.upstream_errors import UpstreamError, as_service_error

MapTable = Mapping[str, Sequence[str]]

_EVERYTHING = "*"
# models that only measure text cannot chat; OpenAI's list does not say which do
_CANNOT_CHAT = ("embed", "rerank", "whisper", "bge-", "minilm")
_FUNCTIONS = ("text_chat", "text_generation")
# for an upstream that does not name them
_CONTEXT, _LONGEST_OUTPUT = 131_072, 16_384
_MOST_NAMES = 8


@cache
def default_table() -> MapTable:
    """Return the sandbox's own table."""
    text = files(__package__).joinpath("model_map.toml").read_text("utf-8")
    table: MapTable = tomllib.loads(text)
    return table


class ModelMap:
    """Finds the upstream's name for a name of watsonx.ai.

    The user's table comes first if it has exactly this name. Then come an upstream's model of that
    very name, patterns of the table, the defaults, and at last `*` of the table.
    """

    def __init__(self, own: Mapping[str, str | Sequence[str]] | None = None) -> None:
        self._own = {k: [v] if isinstance(v, str) else v for k, v in (own or {}).items()}

    @property
    def names(self) -> list[str]:
        """The names of watsonx.ai in the tables, without patterns."""
        return [name for name in {**self._own, **default_table()} if "*" not in name]

    def own_names(self, model_id: str) -> Sequence[str]:
        """Return the names that the user's table has for exactly this name."""
        return self._own.get(model_id, ())

    def upstream_name(self, model_id: str, available: Iterable[str]) -> str | None:
        """Return which of the available names answers for `model_id`, None without one."""
        names = list(available)
        if model_id in self._own:
            return _first_match(self._own[model_id], names)
        if name := _first_match([model_id], names):
            return name
        patterns = [name for name in self._own if "*" in name and name != _EVERYTHING]
        tables = [self._own[name] for name in patterns if fnmatchcase(model_id, name)]
        tables += [default_table().get(model_id, ()), self._own.get(_EVERYTHING, ())]
        return next((name for table in tables if (name := _first_match(table, names))), None)


def _first_match(patterns: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for each in patterns for name in names if _matches(name, each)), None)


def _matches(name: str, pattern: str) -> bool:
    if name == pattern:
        return True
    # llama.cpp names the file it was started with; Ollama's `granite4` is `granite4:latest`
    base = name.replace("\\", "/").rpartition("/")[2].removesuffix(".gguf")
    spellings = {name, base, name.removesuffix(":latest")}
    return any(fnmatchcase(each.lower(), pattern.lower()) for each in spellings)


def read_model_map(path: Path) -> MapTable:
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
        msg = f"There is no file {str(path)!r}.{near_names(path.name, beside)}"
        raise ValueError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        msg = f"The map {str(path)!r} cannot be read: {reason}."
        raise ValueError(msg) from None
    table = _parse_table(path, text)
    nested = table.get("models")
    if isinstance(nested, dict):
        table = nested
    own: dict[str, Sequence[str]] = {}
    for name, value in table.items():
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            msg = f"In the map {str(path)!r}, {name!r} must be one name or a list of names."
            raise ValueError(msg)
        own[name] = names
    return own


def _parse_table(path: Path, text: str) -> dict[str, object]:
    form = "JSON" if path.suffix.lower() == ".json" or text.lstrip()[:1] == "{" else "TOML"
    try:
        table = json.loads(text) if form == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        example = 'A line is "ibm/granite-4-h-small" = "granite4:tiny-h"' if form == "TOML" else ""
        msg = f"The map {str(path)!r} is not {form}: {str(error)[:200]}. {example}".rstrip()
        raise ValueError(msg) from None
    if not isinstance(table, dict):
        msg = f"The map {str(path)!r} is not a JSON object."
        raise ValueError(msg)  # the content is wrong, not a type in our code
    return table


class UpstreamModels:
    """The models that can be asked when an upstream answers; the sandbox still measures texts.

    `refresh` fetches the upstream's list. If that failed, the other methods raise its error as an
    `ErrorResponse`.
    """

    def __init__(self, upstream: Upstream, model_map: ModelMap) -> None:
        self._upstream = upstream
        self._map = model_map
        self._listed: dict[str, ListedModel] = {}
        self._error: UpstreamError | None = None
        self.about = f"Prompts are answered by {upstream.url}."

    async def refresh(self) -> None:
        """Fetch the list of the upstream, unless it is fresh."""
        try:
            models = await self._upstream.models()
        except UpstreamError as error:
            self._error = error
            return
        self._error = None
        self._listed = {each.id: each for each in models if _can_chat(each.id)}

    def models(self) -> list[Model]:
        """Return the names of watsonx.ai with a model behind them, the upstream's, and encoders."""
        names = dict.fromkeys([*BY_ID, *self._map.names, *self._available()])
        found = [self._model(name) for name in names if name not in ENCODERS]
        return [*(model for model in found if model), *ENCODERS.values()]

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""
        return ENCODERS.get(model_id) or self._model(model_id)

    def hint(self, model_id: str) -> str:
        """Return near names, what the upstream has, and how to map one to the other."""
        available = self._available()
        if own := self._map.own_names(model_id):
            hint = f" The map names {own[0]!r}, which the upstream does not have."
        else:
            hint = near_names(model_id, [*available, *(each.model_id for each in self.models())])
        has = f"has: {_some(list(available))}" if available else "has no model yet"
        return f"{hint} The upstream at {self._upstream.url} {has}. --map FILE maps names."

    async def report(self) -> str:
        """Return a few lines on which models answer to which names, or why none can."""
        await self.refresh()
        if self._error:
            return f"{self._error.message} Prompts are refused until it answers."
        if not self._listed:
            return f"The upstream at {self._upstream.url} has no model yet: prompts are refused."
        answering = [
            each for each in self.models() if each.upstream_name not in ("", each.model_id)
        ]
        lines = [f"The upstream at {self._upstream.url} answers, with: {_some([*self._listed])}."]
        lines += [f"  {each.model_id} is answered by {each.upstream_name}" for each in answering]
        return "\n".join(lines)

    def _available(self) -> dict[str, ListedModel]:
        if self._error:
            error: ErrorResponse = as_service_error(self._error, "")
            raise error
        return self._listed

    def _model(self, model_id: str) -> Model | None:
        available = self._available()
        name = self._map.upstream_name(model_id, available)
        if name is None:
            return None
        known, listed = BY_ID.get(model_id), available[name]
        if known is None:
            return _unknown_model(model_id, listed)
        functions = tuple(dict.fromkeys([*known.functions, *_FUNCTIONS]))
        context = listed.context or known.context
        return replace(known, functions=functions, context=context, upstream_name=name)


def _can_chat(name: str) -> bool:
    return not any(word in name.lower() for word in _CANNOT_CHAT)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def _unknown_model(model_id: str, listed: ListedModel) -> Model:
    context = listed.context or _CONTEXT
    return Model(
        model_id,
        listed.owner or "local",
        "A model that watsonx.ai does not have by this name.",
        _FUNCTIONS,
        context,
        "class_1",
        (("available", "2025-01-01"),),
        min(context, _LONGEST_OUTPUT),
        upstream_name=listed.id,
    )
