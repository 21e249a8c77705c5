"""The options of a prompt as keyword arguments: for editors, and for Shift+Tab in a notebook."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

from wx_notebook.options.options import known_options

_Function = TypeVar("_Function", bound=Callable[..., Any])


class PromptOptions(TypedDict, total=False):
    """The options that `wx.ask` and the methods of `Session` take as keywords.

    Editors and type checkers read this class and cannot read the fields of `Options`, so the names
    stand here again; a test compares them.
    """

    model: str | None
    deployment: str | None
    system: str | None
    temperature: float | None
    max_tokens: int | None
    top_p: float | None
    seed: int | None
    stop: str | Sequence[str] | None
    n: int | None
    reasoning: str | None
    format: str | None
    schema: Any | None
    repair: bool | None
    param: Mapping[str, Any] | None
    timeout: float | None
    tools: tuple[Any, ...] | object | None
    yes: bool | None
    max_rounds: int | None
    images: tuple[Any, ...] | object | None
    image_pixels: int | None
    max_images: int | None
    generate: bool | None
    cache: bool | str | None


def list_options(*without: str) -> Callable[[_Function], _Function]:
    """Return a decorator that lists the options in a function's signature and docstring.

    IPython shows both with Shift+Tab, where ``**options: Unpack[PromptOptions]`` says nothing.

    Parameters
    ----------
    without
        Names of options that the function sets itself.
    """

    def decorate(function: _Function) -> _Function:
        types = PromptOptions.__annotations__
        options = [one for one in known_options() if one.name in types and one.name not in without]
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        keywords = [
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=types[option.name].__forward_arg__,
            )
            for option in options
        ]
        function.__signature__ = signature.replace(parameters=[*own, *keywords])  # type: ignore[attr-defined]
        lines = [f"{option.name}\n    {option.metadata['help']}" for option in options]
        about = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = "\n".join([about, "", "Options", "-------", *lines, ""])
        return function

    return decorate
