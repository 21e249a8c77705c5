"""Prompts of watsonx.ai in the words of OpenAI, for an upstream.

Fields without a counterpart there, such as `moderations` and `time_limit`, stay behind.
"""

from __future__ import annotations

from typing import Any

from wx_notebook.sandbox.prompts import GENERATION_TOKENS, Prompt

Document = dict[str, Any]

_SAME_IN_A_CHAT = (
    *("messages", "tools", "tool_choice", "response_format", "seed", "stop", "temperature"),
    *("top_p", "n", "logit_bias", "logprobs", "top_logprobs", "frequency_penalty"),
    *("presence_penalty", "reasoning_effort"),
    # OpenAI knows these not, but vLLM and in part llama.cpp do; others leave them alone
    *("repetition_penalty", "length_penalty", "chat_template_kwargs", "include_reasoning"),
    *("guided_choice", "guided_regex", "guided_grammar"),
)
#: Constraints by vLLM's newer name for them.
_GUIDES = {"guided_choice": "choice", "guided_regex": "regex", "guided_grammar": "grammar"}
_IN_GENERATION = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "random_seed": "seed",
    "stop_sequences": "stop",
    "repetition_penalty": "repetition_penalty",
    "min_new_tokens": "min_tokens",
    "include_stop_sequence": "include_stop_str_in_output",
}


def chat(asked: Document, prompt: Prompt, model: str, *, streams: bool) -> Document:
    """Return the body of `/chat/completions` for a chat that passed the checks."""
    body: Document = {"model": model}
    body |= {name: asked[name] for name in _SAME_IN_A_CHAT if name in asked}
    body["messages"] = [_message(each) for each in asked["messages"]]
    if "tool_choice_option" in asked and "tools" in asked:
        body["tool_choice"] = asked["tool_choice_option"]
    if "guided_json" in asked and "response_format" not in asked:
        schema = prompt.shape.schema
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema},
        }
    guides = {new: asked[old] for old, new in _GUIDES.items() if asked.get(old)}
    if guides:
        body["structured_outputs"] = guides
    # Ollama knows only the older of the two names; 0 is all that the model can write
    if asked.get("max_completion_tokens", asked.get("max_tokens")) != 0:
        body["max_tokens"] = prompt.most_tokens
    return _streamed(body, streams=streams)


def generation(asked: Document, model: str, *, streams: bool, as_chat: bool) -> Document:
    """Return the body of `/completions`, or of `/chat/completions` where there is only that."""
    parameters = asked.get("parameters", {})
    text = asked["input"]
    body: Document = {"model": model}
    body |= {"messages": [{"role": "user", "content": text}]} if as_chat else {"prompt": text}
    for ours, theirs in _IN_GENERATION.items():
        if parameters.get(ours) is not None:
            body[theirs] = parameters[ours]
    if parameters.get("decoding_method") == "greedy":
        body["temperature"] = 0
    given = parameters.get("max_new_tokens")
    body["max_tokens"] = GENERATION_TOKENS if given is None else given
    return _streamed(body, streams=streams)


def _message(message: Document) -> Document:
    return {name: value for name, value in message.items() if value is not None}


def _streamed(body: Document, *, streams: bool) -> Document:
    if not streams:
        return {**body, "stream": False}
    # the service always tells the usage, OpenAI only when asked
    return {**body, "stream": True, "stream_options": {"include_usage": True}}
