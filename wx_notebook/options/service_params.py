"""`-p KEY=VALUE`: parameters of the service that have no option of their own.

A parameter that an option or the session sets cannot be set this way: the request would contain two
values for it, and one of them would be ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from wx_notebook.errors import mask_keys
from wx_notebook.options.types import InvalidValue, OptionType

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_HINT = "For example -p top_k=50, from Python param={'top_k': 50}."
#: Longer words may be keys.
_PYTHON_WORDS = {"True": True, "False": False, "None": None}
_LONGEST_SHOWN = 30
_EXAMPLE = 'response_format={"type": "json_object"}'
_SDK = "IBM's SDK can do it: import wx_notebook as wx; wx.interop.api_client()"
_PAIR = 2
#: Names of the service -> the option for the same parameter.
_OPTIONS = {
    "include_reasoning": "reasoning",
    "max_completion_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "model": "model",
    "model_id": "model",
    "n": "n",
    "random_seed": "seed",
    "reasoning_effort": "reasoning",
    "seed": "seed",
    "stop": "stop",
    "stop_sequences": "stop",
    "temperature": "temperature",
    "time_limit": "timeout",
    "top_p": "top_p",
}
#: Names that are not parameters of a prompt -> why, and what to type instead.
_NOT_HERE = {
    "messages": ("the prompt sets it", "Write it below the %%watsonx line."),
    "input": ("the prompt sets it", "Write it below the %%watsonx line."),
    "project_id": ("the connection sets it", "Next: %watsonx use --project NAME"),
    "space_id": ("the connection sets it", "Next: %watsonx use --space NAME"),
    "stream": ("it has an option of its own", "Next: --no-stream"),
    "parameters": ("give each parameter by itself", _HINT),
    "tools": ("tool calls are not read yet", _SDK),
    "tool_choice": ("tool calls are not read yet", _SDK),
    "tool_choice_option": ("tool calls are not read yet", _SDK),
}

#: Names of parameters that have no option of their own; the service knows more.
_PARAMETERS = ("top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty",
               "length_penalty", "logit_bias", "logprobs", "top_logprobs", "min_new_tokens",
               "min_tokens", "truncate_input_tokens", "decoding_method", "typical_p",
               "response_format", "chat_template_kwargs", "return_options")  # fmt: skip
#: What people type for an option, and other programs call so -> the option.
_OTHER_WORDS = {
    "json": "format", "markdown": "format", "html": "format", "text": "format", "code": "format",
    "max_length": "max_tokens", "length": "max_tokens", "tokens": "max_tokens",
    "max_output_tokens": "max_tokens", "temp": "temperature", "system_prompt": "system",
    "instructions": "system", "n_best": "n", "num": "n", "stop_words": "stop",
    "thinking": "reasoning", "time_out": "timeout",
}  # fmt: skip


def option_for(word: str) -> tuple[str, str]:
    """Return the option that another word means, and the parameter that it is; "" for neither."""
    name = word.lower().replace("-", "_")
    return _OTHER_WORDS.get(name) or _OPTIONS.get(name, ""), name if name in _PARAMETERS else ""


def service_params() -> OptionType:
    """Return the type of parameters by name."""
    return OptionType("names and their values", _HINT, _checked, read=_read)


def _read(text: str) -> tuple[str, Any]:
    """Return the name and the value; the value is JSON if it parses, else text.

    Python's True, False and None are understood, too.

    Raises
    ------
    InvalidValue
        There is no value, or it looks like a JSON object or list but cannot be parsed.
    """
    key, equals, value = text.partition("=")
    if not equals:
        shown = f"'{mask_keys(text)}' has none" if len(text) <= _LONGEST_SHOWN else "there is none"
        raise InvalidValue(f"takes KEY=VALUE with an equals sign, and {shown}", hint=_HINT,
                           is_complete=True)  # fmt: skip
    try:
        parsed = json.loads(value)
        # NaN and Infinity are Python's additions to JSON; 1e400 becomes Infinity
        json.dumps(parsed, allow_nan=False)
    except (ValueError, RecursionError):
        if value.strip()[:1] in ("{", "["):
            # most likely the option line took its quotes away
            raise InvalidValue(
                f"has a '{mask_keys(key.strip())[:60]}' that looks like JSON but can't be parsed",
                hint=f"Put it in single quotes: -p '{_EXAMPLE}'",
                is_complete=True,
            ) from None
        parsed = _PYTHON_WORDS.get(value.strip(), value)
    return key.strip(), parsed


def _checked(value: object) -> dict[str, Any] | None:
    """Return a copy of a mapping, or of the pairs of an option line.

    Raises
    ------
    InvalidValue
        A name is malformed, is set elsewhere or is given twice, or a value has no JSON form.
    """
    if isinstance(value, Mapping):
        pairs: Iterable[Any] = value.items()
    elif isinstance(value, list) and all(
        isinstance(pair, tuple) and len(pair) == _PAIR for pair in value
    ):
        pairs = value
    else:
        return None
    params: dict[str, Any] = {}
    for key, each in pairs:
        _check_key(key)
        if key in params:
            raise InvalidValue(f"has '{key}' twice", hint="Remove one of them.", is_complete=True)
        params[key] = _copy(key, each)
    return params


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or mask_keys(key) != key:
        raise InvalidValue("takes parameter names of the service", hint=_HINT, is_complete=True)
    name = key.lower()
    if name in _OPTIONS:
        option = _OPTIONS[name]
        flag = option.replace("_", "-")
        raise InvalidValue(
            f"does not take '{key}': use the option --{flag}",
            hint=f"Next: --{flag}, from Python {option}=",
            is_complete=True,
        )
    if name in _NOT_HERE:
        why, hint = _NOT_HERE[name]
        raise InvalidValue(f"does not take '{key}': {why}", hint=hint, is_complete=True)


def _copy(key: str, value: object) -> Any:  # noqa: ANN401  # JSON is any value
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        pass
    raise InvalidValue(
        f"has a '{key}' that cannot be written as JSON",
        hint="Use texts, numbers, True, False, lists and dicts.",
        is_complete=True,
    )
