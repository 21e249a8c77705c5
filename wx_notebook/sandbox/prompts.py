"""The bodies of chat and generation, checked: what is asked, of which model, within what limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.sandbox import pieces, thinking
from wx_notebook.sandbox.fields import Body, Document, Rule
from wx_notebook.sandbox.guards import NO_GUARDS, Guards, guards_of
from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.messages import Turn, turns_of
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.shapes import PROSE, RULES, Shape, shape_of

#: What the service takes when a chat names no limit (warning in IBM's Java SDK fixtures).
CHAT_TOKENS = 1024
#: What generation takes when it names none, as is commonly documented.
GENERATION_TOKENS = 20

_UUID4 = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SCOPE = {"model_id": Rule("string"), "project_id": Rule("string"), "space_id": Rule("string")}

# ranges: builder documentation of IBM's Java SDK, request types of IBM's Node SDK
_CHAT = (
    SCOPE
    | RULES
    | {
        "messages": Rule("array"),
        "frequency_penalty": Rule("number", -2, 2),
        "presence_penalty": Rule("number", -2, 2),
        "logit_bias": Rule("object"),
        "logprobs": Rule("boolean"),
        "top_logprobs": Rule("integer", 0, 20),
        "max_tokens": Rule("integer", 0),
        "max_completion_tokens": Rule("integer", 0),
        "n": Rule("integer", 1),
        "seed": Rule("integer"),
        "stop": Rule("array of strings"),
        "temperature": Rule("number", 0, 2),
        "top_p": Rule("number", 0, 1),
        "time_limit": Rule("integer", 1),
        "repetition_penalty": Rule("number"),
        "length_penalty": Rule("number"),
        "chat_template_kwargs": Rule("object"),
        "include_reasoning": Rule("boolean"),
        "reasoning_effort": Rule("string", words=("low", "medium", "high")),
        "context": Rule("string"),
        "moderations": Rule("object"),
    }
)
_GENERATION = SCOPE | {
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
    thinking
        How much the model thinks first, 0 to 3.
    most_s
        Seconds after which what is written has to do; None is no limit.
    guards
        What is looked for in the prompt and in the answer.
    """

    model: Model
    turns: tuple[Turn, ...]
    input_tokens: int
    most_tokens: int
    limit_given: bool
    stops: tuple[str, ...]
    keep_stop: bool = False
    least_tokens: int = 0
    shape: Shape = PROSE
    thinking: int = 0
    most_s: float | None = None
    guards: Guards = NO_GUARDS


#: Lets a prompt into the project or space that it names, or refuses it: field name and id.
Admit = Callable[[str, str], None]
#: The model that a body asks for a function, or a refusal.
ModelOf = Callable[[Body, str], Model]


def chat(data: bytes, anchor: str, model_of: ModelOf, *, has_model: bool = True) -> Prompt:
    """Return the prompt in the body of a chat request.

    Raises
    ------
    Refused
        400, 403 or 404, as the service would.
    """
    body = Body(data, anchor)
    document = body.document
    body.check(_CHAT, required=("model_id", "messages") if has_model else ("messages",))
    turns = turns_of(body, document["messages"])
    if not has_model and any(turn.role == "system" for turn in turns):
        # of a deployment the template says it (request types of IBM's Node SDK)
        raise body.invalid("A deployment takes no message of the role 'system'.", "messages")
    if "top_logprobs" in document and not document.get("logprobs"):
        raise body.invalid("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    shape = shape_of(body, document)
    model = model_of(body, "text_chat")
    most = document.get("max_completion_tokens", document.get("max_tokens"))
    tokens = sum(turn.tokens for turn in turns)
    check_length(body, model, tokens)
    return Prompt(
        model,
        turns,
        tokens,
        # 0 stands for all that the model can write
        CHAT_TOKENS if most is None else most or model.longest_output,
        most is not None,
        tuple(document.get("stop", ())),
        shape=shape,
        thinking=thinking.asked(document, turns, model),
        most_s=_seconds(document),
        guards=guards_of(body),
    )


def generation(data: bytes, anchor: str, model_of: ModelOf, *, has_model: bool = True) -> Prompt:
    """Return the prompt in the body of a text generation request; raises as `chat` does."""
    body = Body(data, anchor)
    body.check(_GENERATION, required=("model_id", "input") if has_model else ("input",))
    (parameters,) = body.objects([body.document.get("parameters", {})], "parameters")
    body.check(_PARAMETERS, parameters, prefix="parameters.")
    model = model_of(body, "text_generation")
    turn = Turn("user", body.document["input"])
    tokens = min(pieces.count(turn.text), parameters.get("truncate_input_tokens", 10**9))
    check_length(body, model, tokens)
    return Prompt(
        model,
        (turn,),
        tokens,
        parameters.get("max_new_tokens", GENERATION_TOKENS),
        "max_new_tokens" in parameters,
        tuple(parameters.get("stop_sequences", ())),
        parameters.get("include_stop_sequence", True),
        parameters.get("min_new_tokens", 0),
        most_s=_seconds(parameters),
        guards=guards_of(body),
    )


def _seconds(fields: Document) -> float | None:
    return fields["time_limit"] / 1000 if "time_limit" in fields else None


def scoped(admit: Admit, today: str, library: Library = SHELF) -> ModelOf:
    """Return what finds the model of a body that names it, and a project or space."""

    def model_of(body: Body, function: str) -> Model:
        document = body.document
        scopes = [name for name in ("project_id", "space_id") if name in document]
        if len(scopes) != 1:
            which = "Only one" if scopes else "One"
            raise body.wrong(f"{which} of 'project_id' and 'space_id' has to be given.")
        (scope,) = scopes
        if not _UUID4.fullmatch(document[scope]):
            raise body.invalid(f"'{scope}' must be a valid version 4 uuid.", scope)
        admit(scope, document[scope].lower())
        return known_model(body, document["model_id"], function, today, library)

    return model_of


def known_model(
    body: Body, model_id: str, function: str, today: str, library: Library = SHELF
) -> Model:
    """Return the model of that name, if it runs and has the function, if one is named.

    Raises
    ------
    Refused
        404 or 400.
    """
    model = library.find(model_id)
    if model is None or model.stage(today) == "withdrawn":
        message = f"Model '{model_id[:200]}' is not supported for this environment."
        message += library.missing(model_id)
        raise refusal(404, "model_not_supported", message, anchor=body.anchor)
    if function and function not in model.functions:
        message = f"Model '{model_id}' does not support function '{function}'."
        raise refusal(400, "model_no_support_for_function", message, anchor=body.anchor)
    return model


def check_length(body: Body, model: Model, tokens: int) -> None:
    """Refuse with 400 what is longer than the model can read."""
    if tokens > model.context:
        message = (
            f"The number of input tokens {tokens} cannot exceed the total tokens limit "
            f"{model.context} for this model."
        )
        raise refusal(400, "invalid_input_argument", message, anchor=body.anchor)
