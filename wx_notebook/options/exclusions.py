"""Options that exclude each other, and rules that only the generation endpoint has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption


class Exclusion(NamedTuple):
    """An option, one that cannot be combined with it, and why; "param.x" is the parameter x."""

    option: str
    excludes: str
    reason: str


EXCLUSIONS = (
    Exclusion("generate", "system", "that endpoint takes one text without roles."),
    Exclusion("generate", "reasoning", "that endpoint has no switch for it."),
    Exclusion("generate", "chat", "that endpoint takes one text without roles."),
    Exclusion("generate", "images", "that endpoint takes text alone."),
    Exclusion("generate", "tools", "that endpoint calls none."),
    Exclusion("compare", "tools", "each model would run the functions, all at the same time."),
    Exclusion("n", "tools", "one answer goes on with their results."),
    Exclusion("generate", "schema", "that endpoint has no form for an answer."),
    Exclusion("generate", "n", "that endpoint writes one answer."),
    Exclusion("generate", "param.logprobs", "there it is return_options."),
    Exclusion("generate", "param.top_logprobs", "there it is return_options."),
    Exclusion("deployment", "model", "it has its own model."),
    Exclusion("compare", "model", "it names the models itself."),
    Exclusion("compare", "deployment", "it compares models."),
    Exclusion("compare", "chat", "a conversation goes on with one answer."),
    Exclusion("compare", "n", "each model writes one answer."),
    Exclusion("each", "chat", "each row is a prompt of its own."),
    Exclusion("each", "n", "each row gets one answer."),
    Exclusion("each", "tools", "a row is one request, and calls need more of them."),
    Exclusion("cache", "n", "the journal keeps one answer to a prompt."),
    Exclusion("cache", "tools", "a function may return something else each time."),
    Exclusion("cache", "compare", "it measures the models."),
    Exclusion("each", "cache", "the journal answers rows in any case."),
    Exclusion("cache", "param.logprobs", "the journal keeps texts."),
    Exclusion("cache", "param.return_options", "the journal keeps texts."),
    Exclusion("rows", "sample", "both say which rows are sent."),
    Exclusion("each", "compare", "each row gets one answer."),
    Exclusion("schema", "param.response_format", "it sets that itself."),
    Exclusion("reasoning", "param.chat_template_kwargs", "it sets that itself."),
)
#: A default that gives way to an option of a nearer layer, though both may be given together: the
#: template of a deployment may have a system message of its own, and then takes no other one.
_GIVES_WAY = {"system": "deployment"}
#: Of `return_options`: lists of tokens, and what each token in them can have besides.
_TOKEN_LISTS = ("generated_tokens", "input_tokens")
_TOKEN_DETAILS = ("token_logprobs", "token_ranks", "top_n_tokens")
#: How many texts can end a generation (request types of IBM's Node SDK).
_MOST_STOPS = 6


def is_set(value: object) -> bool:
    """Whether a value asks for something: None and a switch that is off do not."""
    return value is not None and value is not False


def excluded_by(name: str, others: Iterable[str]) -> str:
    """Return which of the others cannot be combined with an option, "" if none."""
    pairs = {frozenset(rule[:2]) for rule in EXCLUSIONS}
    return next((other for other in others if {name, other} in pairs), "")


def gives_way_to(name: str, others: Iterable[str]) -> str:
    """Return for which of the options of nearer layers a default is left out, "" if none."""
    others = tuple(others)
    softly = _GIVES_WAY.get(name, "")
    return excluded_by(name, others) or (softly if softly in others else "")


def check_combination(values: Mapping[str, Any], shown: Callable[[str], str] = str) -> None:
    """Refuse options that exclude each other.

    Parameters
    ----------
    values
        All options by name.
    shown
        Returns what the user calls an option.

    Raises
    ------
    BadOption
        Two of them exclude each other, or the generation endpoint does not accept a value.
    """
    for rule in EXCLUSIONS:
        if is_set(values[rule.option]) and _contains(values, rule.excludes):
            raise _exclusive(shown(rule.option), shown(rule.excludes), rule.reason)
    if values["generate"]:
        _check_generation(values, shown)
    _check_details(values)
    if values["schema"] is None and not values["repair"]:
        raise BadOption(
            f"{shown('repair')} needs a schema, but the prompt has none.",
            hint="Add a schema, for example --schema 'name, age: int', or remove it.",
        )


def check_streamed(keywords: Mapping[str, Any]) -> None:
    """Refuse keywords that mean nothing where the text of an answer is read piece by piece.

    Raises
    ------
    BadOption
        `repair` is among them, or `n` asks for several.
    """
    if (keywords.get("n") or 1) != 1:
        raise BadOption(
            "stream() returns the text of one answer, so it does not take n.",
            hint="wx.ask(..., n=2).answers holds two answers.",
        )
    if keywords.get("repair") is not None:
        raise BadOption(
            "stream() asks once, so it does not take repair.",
            hint="ask(..., schema=...) asks a second time for an answer that does not fit.",
        )


def check_needs(given: Mapping[str, Any], shown: Callable[[str], str] = str) -> None:
    """Refuse options that somebody typed and that have no effect without another one.

    Raises
    ------
    BadOption
        They are for the calls of tools, and there is no tool.
    """
    for name in ("yes", "max_rounds"):
        if is_set(given.get(name)) and not is_set(given.get("tools")):
            raise BadOption(
                f"{shown(name)} has no effect without {shown('tools')}.",
                hint="Name a function that the model may call, or remove it.",
            )


def _contains(values: Mapping[str, Any], name: str) -> bool:
    option, _, key = name.partition(".")
    value = values[option]
    return key in (value or {}) if key else is_set(value)


def _check_generation(values: Mapping[str, Any], shown: Callable[[str], str]) -> None:
    # ranges that only this endpoint has: request types of IBM's Node SDK, builders of its Java SDK
    stops = values["stop"] or ()
    message = ""
    if values["seed"] is not None and values["seed"] < 1:
        message = (
            f"With --generate, {shown('seed')} is a whole number from 1, not {values['seed']}."
        )
    elif values["top_p"] == 0:
        message = f"With --generate, {shown('top_p')} must be above 0."
    elif len(stops) > _MOST_STOPS or len(set(stops)) < len(stops):
        message = (
            f"With --generate, {shown('stop')} takes at most {_MOST_STOPS} texts, all different."
        )
    if message:
        raise BadOption(message, hint="Change it, or omit --generate to use the chat endpoint.")
    method = (values["param"] or {}).get("decoding_method", "sample")
    sampling = "temperature" if values["temperature"] is not None else "top_p"
    if values[sampling] is not None and method != "sample":
        method_name = shown("param.decoding_method")
        raise _exclusive(shown(sampling), method_name, "it needs the method 'sample'.")


def _check_details(values: Mapping[str, Any]) -> None:
    """Refuse parameters that ask for details of tokens and would bring none.

    What needs what: request types of IBM's Node SDK (`vml_v1.ts`).
    """
    params = values["param"] or {}
    returned = params.get("return_options")
    if returned is not None and not values["generate"]:
        raise BadOption(
            "return_options is a parameter of the generation endpoint, and a chat ignores it.",
            hint="For a chat: -p logprobs=true. Or add --generate.",
        )
    if params.get("top_logprobs") and not params.get("logprobs"):
        raise BadOption(
            "top_logprobs has no effect without logprobs.", hint="Add -p logprobs=true."
        )
    if isinstance(returned, Mapping):
        details = [name for name in _TOKEN_DETAILS if returned.get(name)]
        if details and not any(returned.get(name) for name in _TOKEN_LISTS):
            raise BadOption(
                f"return_options asks for {details[0]}, but for no list of tokens.",
                hint=f"Add {_TOKEN_LISTS[0]} or {_TOKEN_LISTS[1]} to return_options.",
            )


def _exclusive(option: str, excludes: str, reason: str) -> BadOption:
    return BadOption(
        f"{option} and {excludes} can't be combined: {reason}",
        hint="Remove one of the two.",
    )
