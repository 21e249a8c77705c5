"""The bodies of chat and generation, checked: what is asked, of which model, within what limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.fields import Body, Document, Rule
from wx_notebook.sandbox.messages import Turn, turns_of
from wx_notebook.sandbox.models import BY_ID, Model
from wx_notebook.sandbox.replies import refusal

#: What the service takes when a chat names no limit (warning in IBM's Java SDK fixtures).
CHAT_TOKENS = 1024
#: What generation takes when it names none, as is commonly documented.
GENERATION_TOKENS = 20

_UUID4 = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SCOPE = {"model_id": Rule("string"), "project_id": Rule("string"), "space_id": Rule("string")}

# ranges: builder documentation of IBM's Java SDK, request types of IBM's Node SDK
_CHAT = _SCOPE | {
    "messages": Rule("array"),
    "tools": Rule("array"),
    "tool_choice_option": Rule("string", words=("none", "auto", "required")),
    "tool_choice": Rule("object"),
    "frequency_penalty": Rule("number", -2, 2),
    "presence_penalty": Rule("number", -2, 2),
    "logit_bias": Rule("object"),
    "logprobs": Rule("boolean"),
    "top_logprobs": Rule("integer", 0, 20),
    "max_tokens": Rule("integer", 0),
    "max_completion_tokens": Rule("integer", 0),
    "n": Rule("integer", 1),
    "response_format": Rule("object"),
    "seed": Rule("integer"),
    "stop": Rule("array of strings"),
    "temperature": Rule("number", 0, 2),
    "top_p": Rule("number", 0, 1),
    "time_limit": Rule("integer", 1),
    "repetition_penalty": Rule("number"),
    "length_penalty": Rule("number"),
    "guided_choice": Rule("array of strings"),
    "guided_regex": Rule("string"),
    "guided_grammar": Rule("string"),
    "chat_template_kwargs": Rule("object"),
    "include_reasoning": Rule("boolean"),
    "reasoning_effort": Rule("string", words=("low", "medium", "high")),
    "context": Rule("string"),
}
_RESPONSE_FORMAT = {
    "type": Rule("string", words=("text", "json_object", "json_schema")),
    "json_schema": Rule("object"),
}
_TOOL = {"type": Rule("string", words=("function",)), "function": Rule("object")}
_FUNCTION = {
    "name": Rule("string"),
    "description": Rule("string"),
    "parameters": Rule("object"),
}
_GENERATION = _SCOPE | {
    "input": Rule("string"),
    "parameters": Rule("object"),
    "moderations": Rule("object"),
}
_PARAMETERS = {
    "decoding_method": Rule("string", words=("greedy", "sample")),
    "max_new_tokens": Rule("integer", 0),
    "min_new_tokens": Rule("integer", 0),
    "random_seed": Rule("integer", 1),
    "stop_sequences": Rule("array of strings", most_items=6),
    "temperature": Rule("number", 0, 2),
    "time_limit": Rule("integer", 1),
    "top_k": Rule("integer", 1, 100),
    "top_p": Rule("number", 0, 1, above=True),
    "repetition_penalty": Rule("number", 1, 2),
    "truncate_input_tokens": Rule("integer", 1),
    "length_penalty": Rule("object"),
    "include_stop_sequence": Rule("boolean"),
    "return_options": Rule("object"),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request for an answer that passed all checks.

    Attributes
    ----------
    limit_given
        The request named a limit; otherwise `most_tokens` is the service's own choice.
    """

    model: Model
    turns: tuple[Turn, ...]
    input_tokens: int
    most_tokens: int
    limit_given: bool
    stops: tuple[str, ...]
    keep_stop: bool = False
    least_tokens: int = 0


#: Lets a prompt into the project or space that it names, or refuses it: field name and id.
Admit = Callable[[str, str], None]


def chat(data: bytes, anchor: str, admit: Admit, today: str) -> Prompt:
    """Return the prompt in the body of a chat request.

    Raises
    ------
    Refused
        400, 403 or 404, as the service would.
    """
    body = Body(data, anchor)
    document = body.document
    body.check(_CHAT, required=("model_id", "messages"))
    turns = turns_of(body, document["messages"])
    _check_format_and_tools(body, document)
    model = _scoped_model(body, admit, "text_chat", today)
    most = document.get("max_completion_tokens", document.get("max_tokens"))
    tokens = sum(turn.tokens for turn in turns)
    _check_length(body, model, tokens)
    return Prompt(
        model,
        turns,
        tokens,
        # 0 stands for all that the model can write
        CHAT_TOKENS if most is None else most or model.longest_output,
        most is not None,
        tuple(document.get("stop", ())),
    )


def generation(data: bytes, anchor: str, admit: Admit, today: str) -> Prompt:
    """Return the prompt in the body of a text generation request; raises as `chat` does."""
    body = Body(data, anchor)
    body.check(_GENERATION, required=("model_id", "input"))
    (parameters,) = body.objects([body.document.get("parameters", {})], "parameters")
    body.check(_PARAMETERS, parameters, prefix="parameters.")
    model = _scoped_model(body, admit, "text_generation", today)
    turn = Turn("user", body.document["input"])
    tokens = min(pieces.count(turn.text), parameters.get("truncate_input_tokens", 10**9))
    _check_length(body, model, tokens)
    return Prompt(
        model,
        (turn,),
        tokens,
        parameters.get("max_new_tokens", GENERATION_TOKENS),
        "max_new_tokens" in parameters,
        tuple(parameters.get("stop_sequences", ())),
        parameters.get("include_stop_sequence", True),
        parameters.get("min_new_tokens", 0),
    )


def _check_format_and_tools(body: Body, document: Document) -> None:
    if "tool_choice" in document and "tool_choice_option" in document:
        raise body.invalid("'tool_choice' excludes 'tool_choice_option'.", "tool_choice")
    if "top_logprobs" in document and not document.get("logprobs"):
        raise body.invalid("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    for index, tool in enumerate(body.objects(document.get("tools", []), "tools")):
        prefix = f"tools[{index}]."
        body.check(_TOOL, tool, prefix=prefix, required=("type", "function"))
        prefix += "function."
        body.check(_FUNCTION, tool["function"], prefix=prefix, required=("name",))
    if "response_format" in document:
        form, prefix = document["response_format"], "response_format."
        needs_schema = form.get("type") == "json_schema"
        required = ("type", "json_schema") if needs_schema else ("type",)
        body.check(_RESPONSE_FORMAT, form, prefix=prefix, required=required)


def _scoped_model(body: Body, admit: Admit, function: str, today: str) -> Model:
    document = body.document
    scopes = [name for name in ("project_id", "space_id") if name in document]
    if len(scopes) != 1:
        which = "Only one" if scopes else "One"
        raise body.wrong(f"{which} of 'project_id' and 'space_id' has to be given.")
    (scope,) = scopes
    if not _UUID4.fullmatch(document[scope]):
        raise body.invalid(f"'{scope}' must be a valid version 4 uuid.", scope)
    admit(scope, document[scope].lower())
    model_id = document["model_id"]
    model = BY_ID.get(model_id)
    if model is None or model.stage(today) == "withdrawn":
        message = f"Model '{model_id[:200]}' is not supported for this environment."
        raise refusal(404, "model_not_supported", message, anchor=body.anchor)
    if function not in model.functions:
        message = f"Model '{model_id}' does not support function '{function}'."
        raise refusal(400, "model_no_support_for_function", message, anchor=body.anchor)
    return model


def _check_length(body: Body, model: Model, tokens: int) -> None:
    if tokens > model.context:
        message = (
            f"The number of input tokens {tokens} cannot exceed the total tokens limit "
            f"{model.context} for this model."
        )
        raise refusal(400, "invalid_input_argument", message, anchor=body.anchor)
