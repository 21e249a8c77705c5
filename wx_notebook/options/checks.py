"""What is checked about options: each value by itself, and those that do not go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, near, without_keys
from wx_notebook.options.values import Refused

if TYPE_CHECKING:
    from wx_notebook.options.asked import Options

#: An option, one that has no place beside it, and why; "param.x" is the parameter x.
_EXCLUDE = (
    ("generate", "system", "that endpoint takes one text without roles."),
    ("generate", "reasoning", "that endpoint has no switch for it."),
    ("deployment", "model", "it has its own."),
    ("deployment", "system", "its prompt template says it."),
    ("reasoning", "param.chat_template_kwargs", "it sets that itself."),
)
#: How many texts end a generation (request types of IBM's Node SDK).
_MOST_STOPS = 6
_INSTEAD = {
    "output": "assign the answer to a variable.",
    "stream": "wx.stream() streams and wx.ask() does not.",
    "show": "Session.prepare() returns the request.",
    "raw": "nothing is filled in unless names= is given.",
}


def checked(option: Field[Any], value: object) -> Any:  # noqa: ANN401  # whatever the option has
    """Return the value of an option as it is kept.

    Raises
    ------
    BadOption
        It is none.
    """
    if value is None and option.default is None:
        return None
    kind = option.metadata["kind"]
    try:
        return kind.check(value)
    except Refused as problem:
        refused = problem
    raise bad_value(option, value, refused)


def bad_value(option: Field[Any], value: object, refused: Refused) -> BadOption:
    """Return the error of a value that somebody typed, with the value."""
    if refused.complete:
        return BadOption(f"{option.name} {refused.says}.", hint=refused.hint)
    shown = without_keys(repr(value))
    return BadOption(
        f"{option.name} {refused.says}, and {shown} is none.{refused.suggestion}", hint=refused.hint
    )


def from_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that the Python twin was given as keyword arguments, by name.

    Raises
    ------
    BadOption
        An unknown name, with the nearest one, or an option that only a cell can have.
    """
    from wx_notebook.options.asked import known_options

    known = {option.name: option for option in known_options()}
    for name in given:
        if name not in known:
            raise BadOption(
                f"'{without_keys(name)}' is not an option.{near(name, known)}",
                hint="Options: " + ", ".join(n for n, o in known.items()
                                            if not o.metadata["cell_only"]) + ".",
            )  # fmt: skip
        if known[name].metadata["cell_only"]:
            raise BadOption(
                f"'{name}' is an option of %%watsonx cells; from Python, "
                + _INSTEAD.get(name, "it is not needed."),
                hint=f"Leave {name}= away.",
            )
    return {name: value for name, value in given.items() if value is not None}


def is_given(value: object) -> bool:
    """Whether a value asks for something: a switch that is off and nothing do not."""
    return value is not None and value is not False


def excluded_by(name: str, others: Iterable[str]) -> str:
    """Return which of the others does not go together with an option, "" when all do."""
    pairs = {frozenset(pair[:2]) for pair in _EXCLUDE}
    return next((other for other in others if {name, other} in pairs), "")


def check_together(options: Options) -> None:
    """Refuse options that exclude each other.

    Raises
    ------
    BadOption
        There are two.
    """
    for first, second, why in _EXCLUDE:
        if is_given(getattr(options, first)) and _is_in(options, second):
            raise _two(first, second, why)
    if options.generate:
        _check_generation(options)


def _is_in(options: Options, name: str) -> bool:
    option, _, key = name.partition(".")
    value = getattr(options, option)
    return key in (value or {}) if key else is_given(value)


def _check_generation(options: Options) -> None:
    # ranges that only this endpoint has: request types of IBM's Node SDK, builders of its Java SDK
    sampling = "temperature" if options.temperature is not None else "top_p"
    stops = options.stop or ()
    problem = ""
    if options.seed is not None and options.seed < 1:
        problem = f"seed is a whole number from 1 where generate is asked for, not {options.seed}."
    elif options.top_p == 0:
        problem = "top_p is above 0 where generate is asked for."
    elif len(stops) > _MOST_STOPS or len(set(stops)) < len(stops):
        problem = f"stop has at most {_MOST_STOPS} texts, all different, where generate is asked."
    if problem:
        raise BadOption(problem, hint="Change it, or leave generate away for a chat.")
    method = (options.param or {}).get("decoding_method", "sample")
    if getattr(options, sampling) is not None and method != "sample":
        raise _two(sampling, "param.decoding_method", "that samples.")


def _two(first: str, second: str, why: str) -> BadOption:
    return BadOption(f"{second} has no place in {first}: {why}", hint="Leave one of the two away.")
