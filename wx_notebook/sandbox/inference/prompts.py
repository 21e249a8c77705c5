"""The bodies of chat and generation, checked: the model, what it is asked, and the limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import service_error
from wx_notebook.sandbox.inference.constraints import (
    CONSTRAINT_RULES,
    UNCONSTRAINED,
    Constraints,
    read_constraints,
)
from wx_notebook.sandbox.inference.conversation import Message, read_messages, reasoning_effort
from wx_notebook.sandbox.inference.models import LOCAL_MODELS, Model, ModelLibrary
from wx_notebook.sandbox.inference.moderation import NO_GUARDRAILS, Guardrails, read_guardrails
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.text_measures import count_tokens
from wx_notebook.sandbox.inference.token_details import (
    NO_OPTIONS,
    ReturnOptions,
    read_return_options,
)

#: The service's limit for a chat that sets none (warning in IBM's Java SDK fixtures).
CHAT_TOKENS = 1024
#: The same for text generation, as is commonly documented.
GENERATION_TOKENS = 20
#: The longest call of a paid plan, `call_time` of the models (recorded).
LONGEST_CALL_MS = 600_000

_UUID4 = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SCOPE_RULES = {name: FieldRule("string") for name in ("model_id", "project_id", "space_id")}

# ranges: builder documentation of IBM's Java SDK, request types of IBM's Node SDK
_CHAT = {
    **SCOPE_RULES,
    **CONSTRAINT_RULES,
    "messages": FieldRule("array"),
    "frequency_penalty": FieldRule("number", -2, 2),
    "presence_penalty": FieldRule("number", -2, 2),
    "logit_bias": FieldRule("object"),
    "logprobs": FieldRule("boolean"),
    "top_logprobs": FieldRule("integer", 0, 20),
    "max_tokens": FieldRule("integer", 0),
    "max_completion_tokens": FieldRule("integer", 0),
    "n": FieldRule("integer", 1, 128),
    "seed": FieldRule("integer"),
    "stop": FieldRule("array of strings"),
    "temperature": FieldRule("number", 0, 2),
    "top_p": FieldRule("number", 0, 1),
    "time_limit": FieldRule("integer", 1),
    "repetition_penalty": FieldRule("number"),
    "length_penalty": FieldRule("number"),
    "chat_template_kwargs": FieldRule("object"),
    "include_reasoning": FieldRule("boolean"),
    "reasoning_effort": FieldRule("string", words=("low", "medium", "high")),
    "context": FieldRule("string"),
    "moderations": FieldRule("object"),
}
_GENERATION = {
    **SCOPE_RULES,
    "input": FieldRule("string"),
    "parameters": FieldRule("object"),
    "moderations": FieldRule("object"),
}
_PARAMETERS = {
    "decoding_method": FieldRule("string", words=("greedy", "sample")),
    "max_new_tokens": FieldRule("integer", 0),
    "min_new_tokens": FieldRule("integer", 0),
    "random_seed": FieldRule("integer", 1),
    "stop_sequences": FieldRule("array of strings", most_items=6),
    "temperature": FieldRule("number", 0, 2),
    "time_limit": FieldRule("integer", 1),
    "top_k": FieldRule("integer", 1, 100),
    "top_p": FieldRule("number", 0, 1, above=True),
    "repetition_penalty": FieldRule("number", 1, 2),
    "truncate_input_tokens": FieldRule("integer", 1),
    "length_penalty": FieldRule("object"),
    "include_stop_sequence": FieldRule("boolean"),
    "return_options": FieldRule("object"),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request for an answer that passed all checks.

    Attributes
    ----------
    has_limit
        The request sets a limit; otherwise `most_tokens` is the service's default.
    reasoning
        How much the model reasons first, 0 to 3.
    time_limit_ms
        After which the answer ends, as asked for; None without a limit.
    count
        The number of choices.
    top_logprobs
        How many alternatives come with the log probability of each token; None without either.
    """

    model: Model
    messages: tuple[Message, ...]
    input_tokens: int
    most_tokens: int
    has_limit: bool
    stops: tuple[str, ...]
    keep_stop: bool = False
    least_tokens: int = 0
    constraints: Constraints = UNCONSTRAINED
    reasoning: int = 0
    time_limit_ms: int | None = None
    guardrails: Guardrails = NO_GUARDRAILS
    count: int = 1
    top_logprobs: int | None = None
    return_options: ReturnOptions = NO_OPTIONS

    @property
    def most_s(self) -> float | None:
        """Seconds after which the answer ends; None without a limit."""
        limit = self.time_limit_ms
        return None if limit is None else min(limit, LONGEST_CALL_MS) / 1000


#: Checks the project or space of a prompt, of which it gets field name and id.
ScopeCheck = Callable[[str, str], None]
#: Returns the model that a body asks for this function, or raises an `ErrorResponse`.
ModelFinder = Callable[[RequestBody, str], Model]


#: The operation in IBM's API documentation, by kind of call.
ANCHORS = {
    "chat": "text-chat",
    "chat_stream": "text-chat-stream",
    "generation": "text-generation",
    "generation_stream": "text-generation-stream",
    "deployment_chat": "deployments-text-chat",
    "deployment_chat_stream": "deployments-text-chat-stream",
    "deployment_generation": "deployments-text-generation",
    "deployment_generation_stream": "deployments-text-generation-stream",
    "gateway_chat": "",
    "gateway_completion": "",
}


def read_prompt(kind: str, data: bytes, find_model: ModelFinder) -> Prompt:
    """Return the prompt in the body of a call of this kind, a key of `ANCHORS`.

    Raises
    ------
    ErrorResponse
        400, 403 or 404, as from the service.
    """
    read = read_chat if "chat" in kind else read_generation
    # a deployment has its model already
    return read(data, ANCHORS[kind], find_model, has_model=not kind.startswith("deployment_"))


def read_chat(
    data: bytes, anchor: str, find_model: ModelFinder, *, has_model: bool = True
) -> Prompt:
    """Return the prompt in the body of a chat; a deployment needs no model in it.

    Raises
    ------
    ErrorResponse
        400, 403 or 404, as from the service.
    """
    body = RequestBody(data, anchor)
    document = body.document
    body.check(_CHAT, required=("model_id", "messages") if has_model else ("messages",))
    model = find_model(body, "text_chat")
    messages = read_messages(body, document["messages"])
    if "top_logprobs" in document and not document.get("logprobs"):
        raise body.invalid("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    constraints = read_constraints(body)
    most = document.get("max_completion_tokens", document.get("max_tokens"))
    tokens = sum(each.tokens for each in messages)
    check_length(body, model, tokens)
    return Prompt(
        model,
        messages,
        tokens,
        # 0 stands for all that the model can write
        CHAT_TOKENS if most is None else most or model.longest_output,
        most is not None,
        tuple(document.get("stop", ())),
        constraints=constraints,
        reasoning=reasoning_effort(document, messages, model),
        time_limit_ms=document.get("time_limit"),
        guardrails=read_guardrails(body),
        count=document.get("n", 1),
        top_logprobs=document.get("top_logprobs", 0) if document.get("logprobs") else None,
    )


def read_generation(
    data: bytes, anchor: str, find_model: ModelFinder, *, has_model: bool = True
) -> Prompt:
    """Return the prompt in the body of a text generation; raises as `read_chat` does."""
    body = RequestBody(data, anchor)
    body.check(_GENERATION, required=("model_id", "input") if has_model else ("input",))
    parameters = body.object_at("parameters")
    body.check(_PARAMETERS, parameters, prefix="parameters.")
    model = find_model(body, "text_generation")
    message = Message("user", body.document["input"])
    tokens = min(count_tokens(message.text), parameters.get("truncate_input_tokens", 10**9))
    check_length(body, model, tokens)
    return Prompt(
        model,
        (message,),
        tokens,
        parameters.get("max_new_tokens", GENERATION_TOKENS),
        "max_new_tokens" in parameters,
        tuple(parameters.get("stop_sequences", ())),
        parameters.get("include_stop_sequence", True),
        parameters.get("min_new_tokens", 0),
        time_limit_ms=parameters.get("time_limit"),
        guardrails=read_guardrails(body),
        return_options=read_return_options(body, parameters),
    )


def scoped_model(
    check_scope: ScopeCheck, today: str, library: ModelLibrary = LOCAL_MODELS
) -> ModelFinder:
    """Return the finder for a body that names its model, and a project or space."""

    def find(body: RequestBody, function: str) -> Model:
        document = body.document
        scopes = [name for name in ("project_id", "space_id") if name in document]
        if len(scopes) != 1:
            which = "Only one" if scopes else "One"
            raise body.incomplete(f"{which} of 'project_id' and 'space_id' has to be given.")
        (scope,) = scopes
        if not _UUID4.fullmatch(document[scope]):
            raise body.invalid(f"'{scope}' must be a valid version 4 uuid.", scope)
        check_scope(scope, document[scope].lower())
        return known_model(body, document["model_id"], function, today, library)

    return find


def known_model(
    body: RequestBody,
    model_id: str,
    function: str,
    today: str,
    library: ModelLibrary = LOCAL_MODELS,
) -> Model:
    """Return the model of that name, which must run and have the function, if one is named.

    Raises
    ------
    ErrorResponse
        404 or 400.
    """
    model = library.find(model_id)
    if model is None or model.stage(today) == "withdrawn":
        message = f"Model '{model_id[:200]}' is not supported for this environment."
        message += library.hint(model_id)
        raise service_error(404, "model_not_supported", message, anchor=body.anchor)
    if function and function not in model.functions:
        message = f"Model '{model_id}' does not support function '{function}'."
        raise service_error(400, "model_no_support_for_function", message, anchor=body.anchor)
    return model


def check_length(body: RequestBody, model: Model, tokens: int) -> None:
    """Raise 400 for an input that is longer than the model can read."""
    if tokens > model.context:
        message = (
            f"The number of input tokens {tokens} cannot exceed the total tokens limit "
            f"{model.context} for this model."
        )
        raise service_error(400, "invalid_input_argument", message, anchor=body.anchor)
