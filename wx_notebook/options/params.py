"""`-p KEY=VALUE`: parameters of the service that have no option of their own.

What we set ourselves cannot be set this way: two answers to one question would be in the request,
and one of them would be ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from wx_notebook.errors import without_keys
from wx_notebook.options.values import Kind, Refused

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_HINT = "For example -p top_k=50, from Python param={'top_k': 50}."
_EXAMPLE = 'response_format={"type": "json_object"}'
_SDK = "IBM's SDK does it: import wx_notebook as wx; wx.interop.api_client()"
#: Names of the service -> the option that says the same.
_OPTIONS = {
    "include_reasoning": "reasoning",
    "max_completion_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "model": "model",
    "model_id": "model",
    "random_seed": "seed",
    "reasoning_effort": "reasoning",
    "seed": "seed",
    "stop": "stop",
    "stop_sequences": "stop",
    "temperature": "temperature",
    "time_limit": "timeout",
    "top_p": "top_p",
}
#: Names that are no parameter of a prompt -> why, and what to type instead.
_NOT_HERE = {
    "messages": ("the prompt says it", "Write it below the %%watsonx line."),
    "input": ("the prompt says it", "Write it below the %%watsonx line."),
    "project_id": ("the connection says it", "Next: %watsonx use --project NAME"),
    "space_id": ("the connection says it", "Next: %watsonx use --space NAME"),
    "stream": ("it has an option of its own", "Next: --no-stream"),
    "parameters": ("each parameter is given by itself", _HINT),
    # what was paid for and is not read would be lost
    "n": ("one answer is read", "Run the cell again for another one."),
    "tools": ("calls of tools are not read", _SDK),
    "tool_choice": ("calls of tools are not read", _SDK),
    "tool_choice_option": ("calls of tools are not read", _SDK),
}


def params() -> Kind:
    """Return the kind of parameters by name."""
    return Kind("names and their values", _HINT, _checked, read=_read)


def _read(text: str) -> tuple[str, Any]:
    """Return name and value; the value is JSON when it parses, else text.

    Raises
    ------
    ValueError
        There is no value.
    Refused
        It begins as a JSON object or list does, and is none.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError
    try:
        found = json.loads(value)
        # NaN and Infinity are Python's own addition to JSON, and 1e400 is one of them
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        if value.strip()[:1] in ("{", "["):
            # the line took its quotes away, most likely
            raise Refused(
                f"has a '{without_keys(key.strip())[:60]}' that begins as JSON does and is none",
                hint=f"In single quotes it stays as typed: -p '{_EXAMPLE}'",
                complete=True,
            ) from None
        found = value
    return key.strip(), found


def _checked(value: object) -> dict[str, Any] | None:
    """Return a copy of a mapping, or of the pairs of an option line, that nobody else can change.

    Raises
    ------
    Refused
        A name that is none, that we set ourselves or that came twice, or a value without a JSON
        form.
    """
    if not isinstance(value, Mapping | list):
        return None
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else value
    found: dict[str, Any] = {}
    for key, each in pairs:
        _check_key(key)
        if key in found:
            raise Refused(f"has '{key}' twice", hint="Leave one away.", complete=True)
        found[key] = _copy(key, each)
    return found


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or without_keys(key) != key:
        raise Refused("takes the service's names of parameters", hint=_HINT, complete=True)
    name = key.lower()
    if name in _OPTIONS:
        option = _OPTIONS[name]
        flag = option.replace("_", "-")
        raise Refused(
            f"does not take '{key}': that has an option of its own, --{flag}",
            hint=f"Next: --{flag}, from Python {option}=",
            complete=True,
        )
    if name in _NOT_HERE:
        why, hint = _NOT_HERE[name]
        raise Refused(f"does not take '{key}': {why}", hint=hint, complete=True)


def _copy(key: str, value: object) -> Any:  # noqa: ANN401  # JSON is any value
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        pass
    raise Refused(
        f"has a '{key}' that cannot be written as JSON",
        hint="Give texts, numbers, True, False, lists and dicts.",
        complete=True,
    )
