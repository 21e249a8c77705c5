"""`Options`: each field is an option, with all there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import cache
from typing import Any

from wx_notebook.options import values
from wx_notebook.options.checks import check_together, checked
from wx_notebook.options.params import params
from wx_notebook.options.values import Kind

#: The model of a session that names none, where the region has it.
DEFAULT_MODEL = "ibm/granite-4-h-small"
#: Always sent: without it the service takes 1,024 for chat and about 20 for generation.
DEFAULT_MAX_TOKENS = 2048
#: How an answer is shown; the first one is the default.
FORMATS = ("auto", "markdown", "text", "code", "json", "html", "math")
_LONGEST_S = 86_400


def _option(
    *flags: str,
    kind: Kind,
    describe: str,
    default: Any = None,  # noqa: ANN401
    metavar: str = "",
    cell_only: bool = False,
    repeatable: bool = False,
    layered: bool = False,
) -> Any:  # noqa: ANN401  # as dataclasses.field
    """Describe an option.

    Parameters
    ----------
    metavar
        What its value is called; empty for a switch, which turns its default around.
    cell_only
        The Python twin does not have it.
    repeatable
        It may stand on a line several times.
    layered
        `%watsonx use`, `%config` and the settings files can set its default.
    """
    return field(
        default=default,
        metadata={
            "flags": flags,
            "describe": describe,
            "metavar": metavar,
            "convert": kind.read,
            "choices": kind.choices,
            "kind": kind,
            "cell_only": cell_only,
            "repeatable": repeatable,
            "layered": layered,
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
        "-m", "--model", metavar="MODEL_ID", layered=True,
        kind=values.text("%watsonx models lists those that there are."),
        describe=f"the model, or an alias of it; {DEFAULT_MODEL} if not given",
    )  # fmt: skip
    deployment: str | None = _option(
        "--deployment", metavar="ID", layered=True, kind=values.deployment(),
        describe="ask a deployment, by its ID or serving name, instead of a model",
    )  # fmt: skip
    system: str | None = _option(
        "-s", "--system", metavar="TEXT", layered=True,
        kind=values.text("Leave system away for none.", may_be_empty=True),
        describe="a system message before the prompt",
    )  # fmt: skip
    temperature: float | None = _option(
        "-t", "--temperature", metavar="NUMBER", layered=True,
        # the range of IBM's Java SDK for both endpoints
        kind=values.number(0, 2, "For example 0.7; %watsonx help has all options."),
        describe="0 to 2: the higher, the more varied",
    )  # fmt: skip
    max_tokens: int = _option(
        "--max-tokens", default=DEFAULT_MAX_TOKENS, metavar="N", layered=True,
        kind=values.whole(
            f"For example {DEFAULT_MAX_TOKENS}; %watsonx help has all options.", least=1
        ),
        describe=f"the longest answer, in tokens; {DEFAULT_MAX_TOKENS} if not given",
    )  # fmt: skip
    top_p: float | None = _option(
        "--top-p", metavar="NUMBER", layered=True,
        kind=values.number(0, 1, "For example 0.9; %watsonx help has all options."),
        describe="0 to 1: only the likeliest words that make up this share",
    )  # fmt: skip
    seed: int | None = _option(
        "--seed", metavar="N", layered=True, kind=values.whole("For example 42."),
        describe="the same seed and prompt give much the same answer",
    )  # fmt: skip
    stop: tuple[str, ...] | None = _option(
        "--stop", metavar="TEXT", layered=True, repeatable=True,
        kind=values.texts(r"For example --stop END, and --stop '\n' for a line end."),
        describe=r"end the answer at this text ('\n': a line end); repeatable",
    )  # fmt: skip
    reasoning: str | None = _option(
        "--reasoning", metavar="LEVEL", layered=True,
        kind=values.choice("off", "low", "medium", "high"),
        describe="off, low, medium or high: how much a model that can think does so first",
    )  # fmt: skip
    format: str = _option(
        "-f", "--format", default=FORMATS[0], metavar="FORMAT", layered=True,
        kind=values.choice(*FORMATS),
        describe=f"how the answer is shown: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; "
        "the model is asked for json, too",
    )  # fmt: skip
    param: Mapping[str, Any] | None = _option(
        "-p", "--param", metavar="KEY=VALUE", layered=True, repeatable=True, kind=params(),
        describe="any other parameter of the service, its value as JSON or text; repeatable",
    )  # fmt: skip
    timeout: float | None = _option(
        "--timeout", metavar="SECONDS", layered=True,
        kind=values.number(
            0, _LONGEST_S, "For example 60.", above=True, unit=" of seconds"
        ),
        describe="the whole time that the answer may take",
    )  # fmt: skip
    output: str | None = _option(
        "-o", "--output", metavar="NAME", cell_only=True,
        kind=values.variable("For example: %%watsonx --output answer"),
        describe="bind the answer to this variable, too",
    )  # fmt: skip
    generate: bool = _option(
        "--generate", default=False, kind=values.switch(),
        describe="use the text/generation endpoint: the prompt as it is, without chat roles",
    )  # fmt: skip
    show: bool = _option(
        "--show", default=False, cell_only=True, kind=values.switch(),
        describe="print the request and send nothing",
    )  # fmt: skip
    stream: bool = _option(
        "--no-stream", default=True, cell_only=True, kind=values.switch(),
        describe="ask for the whole answer at once",
    )  # fmt: skip
    raw: bool = _option(
        "--raw", default=False, cell_only=True, kind=values.switch(),
        describe="fill nothing in: {{ name }} goes out as typed",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for option in known_options():
            value = getattr(self, option.name)
            # most are left as they are, and this runs for each prompt
            if value is not option.default:
                object.__setattr__(self, option.name, checked(option, value))
        check_together(self)


@cache
def known_options() -> tuple[Field[Any], ...]:
    """Return the fields of `Options`, with all there is to say about each in `metadata`.

    `flags`, `describe`, `metavar` ("" for a switch), `convert` (a value from a text), `choices`
    (all values, where they can be listed), `cell_only`, `repeatable`, `layered` (its default can
    be set), and `kind`, which checks a value.
    """
    return fields(Options)
