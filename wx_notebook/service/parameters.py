"""The options of a prompt in the words of the service, and the path that they lead to.

Names and ranges: request types of IBM's Node SDK (`vml_v1.ts`), builders of its Java SDK
(`BaseChatParameters`, `TextGenerationParameters`).

Reasoning, as IBM's Java SDK sends it (`ChatUtility.buildTextChatRequest`): `reasoning_effort` is
for models such as gpt-oss, whose templates do not know the switches of `chat_template_kwargs`,
and the other way round for Granite, which knows "thinking" (also `TextChatParameters` of IBM's
Python SDK 1.8.1), and for those of others that know "enable_thinking". A template leaves alone
what it does not know, so all go along and the model takes its own. No public source has a word for
"none at all": where a model cannot do without, `include_reasoning` keeps its thinking to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wx_notebook.options import Options
from wx_notebook.service.request import Endpoint, Request, Scope

#: Of a limit in time: the rest is for the way, so that what was written arrives before it.
_SHARE_OF_THE_TIME = 0.9
#: The shortest that a plan lets one call take (`limits` of `foundation_model_specs`). The service's
#: own limit ends what is given more, and it may refuse a number above that.
_PLANS_LIMIT_S = 300
#: What stands beside a generation's `parameters`, not in them.
_BESIDE_PARAMETERS = ("moderations", "crypto")


def prompt_request(
    options: Options,
    endpoint: Endpoint,
    asked: Mapping[str, Any],
    *,
    model_id: str,
    scope: Scope,
    stream: bool,
) -> Request:
    """Return the paid request that puts `asked` to an endpoint; a deployment has its own path."""
    name = f"text/{endpoint}{'_stream' if stream else ''}"
    if options.deployment is None:
        path = f"/ml/v1/{name}"
        body = {"model_id": model_id, **scope.as_body(), **asked}
    else:
        # of the characters that its kind allows none can change a path; model and who pays it knows
        path = f"/ml/v1/deployments/{options.deployment}/{name}"
        body = dict(asked)
    return Request(
        path,
        endpoint,
        body,
        stream=stream,
        paid=True,
        format=options.format,
        timeout_s=options.timeout,
    )


def chat_parameters(options: Options) -> dict[str, Any]:
    """Return the fields of a chat beside its messages."""
    # the service's own word; `max_tokens` is its deprecated name
    found: dict[str, Any] = {"max_completion_tokens": options.max_tokens}
    found |= _given(options, temperature="temperature", top_p="top_p", seed="seed", stop="stop")
    if options.reasoning is not None:
        found |= _reasoning(options.reasoning)
    found |= _time_limit(options)
    found |= options.param or {}
    if options.format == "json":
        # somebody who names a schema by -p says the same more exactly
        found.setdefault("response_format", {"type": "json_object"})
    return found


def generation_parameters(options: Options) -> dict[str, Any]:
    """Return the fields of a generation beside its text."""
    found: dict[str, Any] = {"max_new_tokens": options.max_tokens}
    sampling = _given(options, temperature="temperature", top_p="top_p")
    if sampling:
        # these say something to the sampling method only
        found |= {"decoding_method": "sample", **sampling}
    found |= _given(options, seed="random_seed", stop="stop_sequences")
    found |= _time_limit(options)
    others = dict(options.param or {})
    beside = {name: others.pop(name) for name in _BESIDE_PARAMETERS if name in others}
    return {"parameters": found | others, **beside}


def _given(options: Options, **names: str) -> dict[str, Any]:
    """Return the options that were given, under the service's names for them."""
    found: dict[str, Any] = {}
    for option, name in names.items():
        value = getattr(options, option)
        if isinstance(value, tuple):
            value = list(value) or None
        if value is not None:
            found[name] = value
    return found


def _reasoning(level: str) -> dict[str, Any]:
    thinks = level != "off"
    effort = {"reasoning_effort": level} if thinks else {"include_reasoning": False}
    return effort | {"chat_template_kwargs": {"thinking": thinks, "enable_thinking": thinks}}


def _time_limit(options: Options) -> dict[str, int]:
    """Return the field by which the service hands over what is written when the time is up."""
    if options.timeout is None or options.timeout > _PLANS_LIMIT_S:
        return {}
    return {"time_limit": max(1, round(options.timeout * _SHARE_OF_THE_TIME * 1000))}
