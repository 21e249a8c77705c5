"""What a user asks of one prompt: typed, frozen, checked once.

`%%watsonx` reads these from its option line, the Python twin takes them as keyword arguments; both
end in the same `Options`. A field says everything about an option: its flags, its help, whether a
cell alone can have it.
"""

from __future__ import annotations

import keyword
import numbers
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from wx_notebook.errors import BadOption, near, without_keys

#: The model of a session that names none, where the region has it.
DEFAULT_MODEL = "ibm/granite-4-h-small"
#: Always sent: without it the service takes 1,024 for chat and about 20 for generation.
DEFAULT_MAX_TOKENS = 2048


def _option(
    *flags: str,
    default: Any,  # noqa: ANN401
    describe: str,
    metavar: str = "",
    convert: Callable[[str], Any] = str,
    cell_only: bool = False,
) -> Any:  # noqa: ANN401  # as dataclasses.field
    """Describe an option: an empty `metavar` makes it a switch that turns its default around."""
    return field(
        default=default,
        metadata={
            "flags": flags,
            "describe": describe,
            "metavar": metavar,
            "convert": convert,
            "cell_only": cell_only,
        },
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one prompt.

    Raises
    ------
    BadOption
        A value that the service would refuse, or two options that exclude each other.
    """

    model: str | None = _option(
        "-m", "--model", default=None, metavar="MODEL_ID",
        describe=f"the model; {DEFAULT_MODEL} if not given",
    )  # fmt: skip
    system: str | None = _option(
        "-s", "--system", default=None, metavar="TEXT",
        describe="a system message before the prompt",
    )  # fmt: skip
    temperature: float | None = _option(
        "-t", "--temperature", default=None, metavar="NUMBER", convert=float,
        describe="0 to 2: the higher, the more varied",
    )  # fmt: skip
    max_tokens: int = _option(
        "--max-tokens", default=DEFAULT_MAX_TOKENS, metavar="N", convert=int,
        describe=f"the longest answer, in tokens; {DEFAULT_MAX_TOKENS} if not given",
    )  # fmt: skip
    output: str | None = _option(
        "-o", "--output", default=None, metavar="NAME", cell_only=True,
        describe="bind the answer to this variable, too",
    )  # fmt: skip
    generate: bool = _option(
        "--generate", default=False,
        describe="use the text/generation endpoint: the prompt as it is, without chat roles",
    )  # fmt: skip
    show: bool = _option(
        "--show", default=False, cell_only=True,
        describe="print the request and send nothing",
    )  # fmt: skip
    stream: bool = _option(
        "--no-stream", default=True, cell_only=True,
        describe="ask for the whole answer at once",
    )  # fmt: skip
    raw: bool = _option(
        "--raw", default=False, cell_only=True,
        describe="fill nothing in: {{ name }} goes out as typed",
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check_text("model", self.model)
        _check_text("system", self.system, may_be_empty=True)
        object.__setattr__(self, "temperature", _temperature(self.temperature))
        object.__setattr__(self, "max_tokens", _max_tokens(self.max_tokens))
        if not isinstance(self.generate, bool):
            raise BadOption(
                f"generate takes True or False, and {_shown(self.generate)} is neither.",
                hint="Leave generate away for a chat.",
            )
        name = self.output
        if name is not None and not (name.isidentifier() and not keyword.iskeyword(name)):
            raise BadOption(
                f"output takes the name of a variable, and {_shown(name)} is none.",
                hint="For example: %%watsonx --output answer",
            )
        if self.generate and self.system is not None:
            raise BadOption(
                "system has no place in generate: that endpoint takes one text without roles.",
                hint="Leave one of the two away.",
            )


def known_options() -> tuple[Field[Any], ...]:
    """Return the fields of `Options`, with all there is to say about each in `metadata`."""
    return fields(Options)


def from_keywords(given: Mapping[str, Any]) -> Options:
    """Return the options that the Python twin was given as keyword arguments.

    Raises
    ------
    BadOption
        An unknown name, with the nearest one, or an option that only a cell can have.
    """
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
    return Options(**{name: value for name, value in given.items() if value is not None})


_INSTEAD = {
    "output": "assign the answer to a variable.",
    "stream": "wx.stream() streams and wx.ask() does not.",
    "show": "Session.prepare() returns the request.",
    "raw": "nothing is filled in unless names= is given.",
}


def _check_text(name: str, value: object, *, may_be_empty: bool = False) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not (may_be_empty or value.strip()):
        raise BadOption(
            f"{name} takes a text, and {_shown(value)} is none.", hint=f"Leave {name} away."
        )


def _number(value: object) -> float | None:
    """Return a number, also one of numpy's, as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _whole(value: object) -> int | None:
    """Return a whole number, also one that is written as 7.0, as an int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        whole = int(value)  # type: ignore[call-overload]  # every real number has it
    except (ValueError, OverflowError):  # not a number, infinity
        return None
    return whole if whole == value else None


def _temperature(value: object) -> float | None:
    # the range of IBM's Java SDK for both endpoints
    if value is None:
        return None
    number = _number(value)
    if number is None or not 0 <= number <= 2:
        raise BadOption(
            f"temperature takes a number from 0 to 2, and {_shown(value)} is none.",
            hint="For example 0.7; %watsonx help has all options.",
        )
    return number


def _max_tokens(value: object) -> int:
    number = _whole(value)
    if number is None or number < 1:
        raise BadOption(
            f"max_tokens takes a whole number from 1, and {_shown(value)} is none.",
            hint=f"For example {DEFAULT_MAX_TOKENS}; %watsonx help has all options.",
        )
    return number


def _shown(value: object) -> str:
    # what somebody typed can be a key in the wrong place
    return without_keys(repr(value))
