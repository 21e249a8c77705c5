"""The models of an upstream, by their own names and by those of watsonx.ai that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wx_notebook.sandbox.encoders import ENCODERS
from wx_notebook.sandbox.library import near
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.model_map import ModelMap
from wx_notebook.sandbox.models import BY_ID
from wx_notebook.sandbox.trouble import Trouble, refused
from wx_notebook.sandbox.upstream import Listed, Upstream

# what only measures text cannot chat; OpenAI's list does not tell which do
_CANNOT_CHAT = ("embed", "rerank", "whisper", "bge-", "minilm")
_ANSWERS = ("text_chat", "text_generation")
#: Where an upstream does not tell.
_CONTEXT, _LONGEST_OUTPUT = 131_072, 16_384
_MOST_NAMES = 8
_ENCODERS = {model.model_id: model for model in ENCODERS}


class UpstreamLibrary:
    """What can be asked when an upstream answers; texts are still measured by the sandbox itself.

    Every method raises `Refused`, in the words of watsonx.ai, when the upstream does not say what
    it has.
    """

    def __init__(self, upstream: Upstream, model_map: ModelMap) -> None:
        self._upstream = upstream
        self._map = model_map
        self.about = f"Prompts are answered by {upstream.url}."

    def models(self) -> Sequence[Model]:
        """Return the names of watsonx.ai that lead somewhere, the upstream's own, and encoders."""
        listed = self._listed()
        names = dict.fromkeys([*BY_ID, *self._map.names, *listed])
        found = [self._model(name, listed) for name in names if name not in _ENCODERS]
        return [*(model for model in found if model), *ENCODERS]

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""
        return _ENCODERS.get(model_id) or self._model(model_id, self._listed())

    def missing(self, model_id: str) -> str:
        """Return near names, what the upstream has, and how to lead one to the other."""
        listed = self._listed()
        if given := self._map.given(model_id):
            what = f" The map leads to {given[0]!r}, which the upstream has not."
        else:
            what = near(model_id, [*listed, *(model.model_id for model in self.models())])
        has = f"has: {_some(list(listed))}" if listed else "has no model yet"
        return f"{what} The upstream at {self._upstream.url} {has}. --map FILE leads to one."

    def report(self) -> str:
        """Say in a few lines which models answer to which names, or why none can."""
        try:
            names = [each.id for each in self._upstream.models() if _can_chat(each.id)]
        except Trouble as trouble:
            return f"{trouble.message} Prompts are refused until it answers."
        if not names:
            return f"The upstream at {self._upstream.url} has no model yet: prompts are refused."
        answers = [model for model in self.models() if model.behind not in ("", model.model_id)]
        lines = [f"The upstream at {self._upstream.url} answers, with: {_some(names)}."]
        lines += [f"  {model.model_id} is answered by {model.behind}" for model in answers]
        return "\n".join(lines)

    def _listed(self) -> dict[str, Listed]:
        try:
            listed = self._upstream.models()
        except Trouble as trouble:
            problem = refused(trouble, "")
        else:
            return {each.id: each for each in listed if _can_chat(each.id)}
        raise problem

    def _model(self, model_id: str, listed: dict[str, Listed]) -> Model | None:
        name = self._map.lead(model_id, listed)
        if name is None:
            return None
        known, behind = BY_ID.get(model_id), listed[name]
        if known is None:
            return _unknown(model_id, behind)
        functions = tuple(dict.fromkeys([*known.functions, *_ANSWERS]))
        context = behind.context or known.context
        return replace(known, functions=functions, context=context, behind=name)


def _can_chat(name: str) -> bool:
    return not any(word in name.lower() for word in _CANNOT_CHAT)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def _unknown(model_id: str, behind: Listed) -> Model:
    context = behind.context or _CONTEXT
    return Model(
        model_id,
        model_id.rpartition("/")[2],
        behind.owner or "local",
        "A model that watsonx.ai does not have by this name.",
        _ANSWERS,
        context,
        min(context, _LONGEST_OUTPUT),
        "",
        "class_1",
        (("available", "2025-01-01"),),
        behind=behind.id,
    )
