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

from typing import Any

from wx_notebook.options import Options
from wx_notebook.service.request import Endpoint, Scope

#: Of a limit in time: the rest is for the way, so that what was written arrives before it.
_SHARE_OF_THE_TIME = 0.9
#: The shortest that a plan lets one call take (`limits` of `foundation_model_specs`). The service's
#: own limit ends what is given more, and it may refuse a number above that.
_PLANS_LIMIT_S = 300
#: What stands beside a generation's `parameters`, not in them.
_BESIDE_PARAMETERS = ("moderations", "crypto")


def address(options: Options, endpoint: Endpoint, *, stream: bool) -> str:
    """Return the path of an endpoint; a deployment has its own."""
    name = f"text/{endpoint}{'_stream' if stream else ''}"
    if options.deployment is None:
        return f"/ml/v1/{name}"
    # of the characters that its kind allows none can change a path
    return f"/ml/v1/deployments/{options.deployment}/{name}"


def asked_of(options: Options, model_id: str, scope: Scope) -> dict[str, str]:
    """Return the fields that name the model and who pays; a deployment has both itself."""
    if options.deployment is not None:
        return {}
    return {"model_id": model_id, **scope.as_body()}


def chat_parameters(options: Options) -> dict[str, Any]:
    """Return the fields of a chat beside its messages."""
    # the service's own word; `max_tokens` is its deprecated name
    found: dict[str, Any] = {"max_completion_tokens": options.max_tokens}
    if options.temperature is not None:
        found["temperature"] = options.temperature
    if options.top_p is not None:
        found["top_p"] = options.top_p
    if options.seed is not None:
        found["seed"] = options.seed
    if options.stop:
        found["stop"] = list(options.stop)
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
    if options.temperature is not None or options.top_p is not None:
        # these say something to the sampling method only
        found["decoding_method"] = "sample"
    if options.temperature is not None:
        found["temperature"] = options.temperature
    if options.top_p is not None:
        found["top_p"] = options.top_p
    if options.seed is not None:
        found["random_seed"] = options.seed
    if options.stop:
        found["stop_sequences"] = list(options.stop)
    found |= _time_limit(options)
    others = dict(options.param or {})
    beside = {name: others.pop(name) for name in _BESIDE_PARAMETERS if name in others}
    return {"parameters": found | others, **beside}


def _reasoning(level: str) -> dict[str, Any]:
    thinks = level != "off"
    effort = {"reasoning_effort": level} if thinks else {"include_reasoning": False}
    return effort | {"chat_template_kwargs": {"thinking": thinks, "enable_thinking": thinks}}


def _time_limit(options: Options) -> dict[str, int]:
    """Return the field by which the service hands over what is written when the time is up."""
    if options.timeout is None or options.timeout > _PLANS_LIMIT_S:
        return {}
    return {"time_limit": max(1, round(options.timeout * _SHARE_OF_THE_TIME * 1000))}
