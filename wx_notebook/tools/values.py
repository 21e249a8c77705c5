"""A tool: its name and description for the model, and how it is called."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.tools.docstrings import description_of, parameter_descriptions
from wx_notebook.tools.signature import Signature

#: What a service takes as the name of a tool.
TOOL_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")
_EXAMPLE = "For example: def area(width: float, height: float) -> float: ..."


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may call.

    Attributes
    ----------
    name, description
        For the model.
    parameters
        The JSON Schema of its arguments.
    call
        Runs it with arguments by name; the model gets the message of what it raises.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)
    call: Callable[[Mapping[str, Any]], Any]

    def document(self) -> dict[str, Any]:
        """Return it as the service wants it."""
        about = {"description": self.description} if self.description else {}
        function = {"name": self.name, **about, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


def tool_of(function: Any, name: str = "") -> Tool:  # noqa: ANN401  # whatever the user gave
    """Return the tool that a function is.

    Parameters
    ----------
    name
        What the user calls it, for messages.

    Raises
    ------
    BadOption
        It is no function, or does not say what its arguments are.
    """
    if isinstance(function, Tool):
        return function
    shown = mask_keys(name or getattr(function, "__name__", "") or type(function).__name__)
    if isinstance(function, type) or not inspect.isroutine(function):
        kind = "a class" if isinstance(function, type) else f"a value ({type(function).__name__})"
        raise BadOption(f"'{shown}' is {kind}, but a tool must be a function.", hint=_EXAMPLE)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise BadOption(
            f"{shown}() is asynchronous, but a tool has to return its result.",
            hint=f"Write a function around it that calls asyncio.run({shown}(...)) in a thread.",
        )
    own_name = str(getattr(function, "__name__", ""))
    if not TOOL_NAME.fullmatch(own_name):
        raise BadOption(
            f"'{shown}' has no name that a model could call ({mask_keys(own_name)}).", hint=_EXAMPLE
        )
    signature = Signature(function, own_name)
    parameters = signature.document
    for each, about in parameter_descriptions(function).items():
        if each in parameters["properties"]:
            parameters["properties"][each].setdefault("description", about)
    call = partial(_call, function, signature)
    return Tool(own_name, description_of(function), parameters, call)


def _call(function: Callable[..., Any], signature: Signature, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever it returns
    return function(**signature.bound(arguments))
