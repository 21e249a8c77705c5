"""`Options`: the options of one prompt. Each field says everything about its option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from functools import cache
from typing import Any

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.options import types
from wx_notebook.options.batch_options import BatchOptions
from wx_notebook.options.exclusions import check_combination, check_needs
from wx_notebook.options.fields import option as _option
from wx_notebook.options.service_params import option_for, service_params
from wx_notebook.options.types import InvalidValue

#: The model of a session that names none, where the region has it.
DEFAULT_MODEL = "ibm/granite-4-h-small"
#: Always sent: without it the service uses 1,024 for chat and about 20 for generation.
DEFAULT_MAX_TOKENS = 2048
#: How an answer is shown; the first one is the default.
FORMATS = ("auto", "markdown", "text", "code", "json", "html", "math")
#: What a model can do, in words to search by -> functions or tasks in the catalogue.
CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "chat": ("text_chat",),
    "generation": ("text_generation",),
    "image": ("image_chat",),
    "audio": ("audio_chat",),
    "video": ("video_chat",),
    "transcription": ("audio_transcriptions",),
    "tools": ("function_calling",),
    "reasoning": ("reasoning",),
    "embedding": ("embedding",),
    "rerank": ("rerank",),
    "similarity": ("similarity",),
    "forecast": ("time_series_forecast",),
    "code": ("code",),
    "multilingual": ("multilingual",),
    "tuning": ("prompt_tune_trainable", "lora_fine_tune_trainable"),
    "deployable": ("base_foundation_model_deployable",),
}
_LONGEST_S = 86_400
#: A longer word may be a key, and no error repeats it.
_LONGEST_SHOWN = 30
#: Options of cells alone -> what to do in Python instead.
_IN_PYTHON = {
    "chat": "wx.chat(NAME).ask() goes on with a conversation.",
    "compare": "wx.compare(PROMPT, MODELS) asks several models.",
    "output": "assign the answer to a variable.",
    "stream": "wx.stream() streams and wx.ask() does not.",
    "show": "Session.prepare() returns the request.",
    "raw": "placeholders are filled only if you give names=.",
    "each": "wx.batch(prompt, table) sends a prompt for each row.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Options(BatchOptions):
    """The options of one prompt.

    Raises
    ------
    BadOption
        A value that the service would refuse, or two options that exclude each other.
    """

    model: str | None = _option(
        "-m", "--model", metavar="MODEL_ID", configurable=True,
        kind=types.text("%watsonx models lists the models of your region."),
        help=f"the model or its alias; {DEFAULT_MODEL} if not given",
    )  # fmt: skip
    deployment: str | None = _option(
        "--deployment", metavar="ID", configurable=True, kind=types.deployment_id(),
        help="use a deployment (ID or serving name) instead of a model",
    )  # fmt: skip
    system: str | None = _option(
        "-s", "--system", metavar="TEXT", configurable=True,
        kind=types.text("Omit system to send no system message.", may_be_empty=True),
        help="a system message before the prompt",
    )  # fmt: skip
    temperature: float | None = _option(
        "-t", "--temperature", metavar="NUMBER", configurable=True,
        # the range of IBM's Java SDK for both endpoints
        kind=types.number(0, 2, "For example 0.7. %watsonx help lists all options."),
        help="sampling temperature, 0 to 2: higher gives more varied answers",
    )  # fmt: skip
    max_tokens: int = _option(
        "--max-tokens", default=DEFAULT_MAX_TOKENS, metavar="N", configurable=True,
        kind=types.integer(
            f"For example {DEFAULT_MAX_TOKENS}. %watsonx help lists all options.", minimum=1
        ),
        help=f"maximum length of the answer in tokens; {DEFAULT_MAX_TOKENS} if not given",
    )  # fmt: skip
    top_p: float | None = _option(
        "--top-p", metavar="NUMBER", configurable=True,
        kind=types.number(0, 1, "For example 0.9. %watsonx help lists all options."),
        help="nucleus sampling: keep tokens within this cumulative probability, 0 to 1",
    )  # fmt: skip
    seed: int | None = _option(
        "--seed", metavar="N", configurable=True, kind=types.integer("For example 42."),
        help="random seed: the same seed and prompt give nearly the same answer",
    )  # fmt: skip
    stop: tuple[str, ...] | None = _option(
        "--stop", metavar="TEXT", configurable=True, repeatable=True,
        kind=types.text_list(r"For example --stop END, and --stop '\n' for a line end."),
        help=r"stop at this text ('\n' is a line end); repeatable",
    )  # fmt: skip
    n: int | None = _option(
        "-n", "--n", metavar="N",
        kind=types.integer("For example --n 2. Each answer is paid for.", minimum=1),
        help="number of answers to the prompt, each of which is paid for; 1 if not given",
    )  # fmt: skip
    reasoning: str | None = _option(
        "--reasoning", metavar="LEVEL", configurable=True,
        kind=types.choice("off", "low", "medium", "high"),
        help="off, low, medium or high: how much the model reasons before it answers",
    )  # fmt: skip
    format: str = _option(
        "-f", "--format", default=FORMATS[0], metavar="FORMAT", configurable=True,
        kind=types.choice(*FORMATS),
        help=f"how the answer is shown: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; "
        "json also asks the model for JSON",
    )  # fmt: skip
    schema: Any = _option(  # noqa: RUF009  # as all of them
        "--schema", metavar="SPEC", kind=types.schema(),
        help="ask for a value: the name of a class or of a JSON Schema, or fields such as "
        "'name, age: int, tags[]'",
    )  # fmt: skip
    repair: bool = _option(
        "--no-repair", default=True, kind=types.boolean(),
        help="with a schema: do not ask a second time when the answer does not fit it",
    )  # fmt: skip
    param: Mapping[str, Any] | None = _option(
        "-p", "--param", metavar="KEY=VALUE", configurable=True, repeatable=True,
        kind=service_params(),
        help="any other parameter of the service; the value is JSON or text; repeatable",
    )  # fmt: skip
    timeout: float | None = _option(
        "--timeout", metavar="SECONDS", configurable=True,
        kind=types.number(
            0, _LONGEST_S, "For example 60.", exclusive=True, unit=" of seconds"
        ),
        help="time limit for the whole answer",
    )  # fmt: skip
    images: tuple[Any, ...] | None = _option(
        "--image", metavar="PICTURE", repeatable=True, kind=types.values("--image figure"),
        help="a picture behind the prompt: a variable, or the path of a file; repeatable",
    )  # fmt: skip
    image_pixels: int = _option(
        "--image-pixels", default=2048, metavar="N", configurable=True,
        kind=types.integer("For example 1024.", minimum=64),
        help="longest side of a picture as it is sent; 2048 if not given",
    )  # fmt: skip
    max_images: int = _option(
        "--max-images", default=10, metavar="N", configurable=True,
        kind=types.integer("For example 20.", minimum=1),
        help="most pictures of one prompt; 10 if not given",
    )  # fmt: skip
    tools: tuple[Any, ...] | None = _option(
        "--tool", metavar="FUNCTION", repeatable=True, kind=types.values("--tool area"),
        help="a function of the notebook that the model may call, or mcp:NAME for the tools of an "
        "MCP server; repeatable",
    )  # fmt: skip
    yes: bool = _option(
        "--yes", default=False, kind=types.boolean(),
        help="run the calls of tools without asking for each",
    )  # fmt: skip
    max_rounds: int = _option(
        "--max-rounds", default=8, metavar="N", configurable=True,
        kind=types.integer("For example 3.", minimum=1),
        help="how often the results of tools are sent back to the model; 8 if not given",
    )  # fmt: skip
    chat: str | None = _option(
        "-c", "--chat", metavar="NAME", cell_only=True, nargs="?", kind=types.chat_name(),
        help="go on with the notebook's conversation, or with the one of this name",
    )  # fmt: skip
    compare: tuple[str, ...] | None = _option(
        "--compare", metavar="MODELS", cell_only=True, kind=types.model_list(),
        help="ask several models, separated by commas, and show their answers side by side",
    )  # fmt: skip
    output: str | None = _option(
        "-o", "--output", metavar="NAME", cell_only=True,
        kind=types.variable_name("For example: %%watsonx --output answer"),
        help="also store the answer in this variable",
    )  # fmt: skip
    generate: bool = _option(
        "--generate", default=False, kind=types.boolean(),
        help="use the text/generation endpoint: send the prompt without chat roles",
    )  # fmt: skip
    cache: bool | str | None = _option(
        "--cache", metavar="WHEN", configurable=True, nargs="?",
        kind=types.cache_mode(),
        help="answer a prompt that was paid for before from the journal: on (also without a word), "
        "off, or new to ask again",
    )  # fmt: skip
    show: bool = _option(
        "--show", default=False, cell_only=True, kind=types.boolean(),
        help="print the request and send nothing",
    )  # fmt: skip
    stream: bool = _option(
        "--no-stream", default=True, cell_only=True, kind=types.boolean(),
        help="get the whole answer at once",
    )  # fmt: skip
    raw: bool = _option(
        "--raw", default=False, cell_only=True, kind=types.boolean(),
        help="fill in no placeholders: send {{ name }} as typed",
    )  # fmt: skip

    def __post_init__(self) -> None:
        values: dict[str, Any] = {}
        for option in known_options():
            value = getattr(self, option.name)
            # most keep their default, and this runs for each prompt
            if value is not option.default:
                value = check_value(option, value)
                object.__setattr__(self, option.name, value)
            values[option.name] = value
        check_combination(values)

    @property
    def shown_format(self) -> str:
        """As what the answer is shown: with a schema as a value, unless a format was chosen."""
        is_value = self.schema is not None and self.format in ("auto", "json")
        return "value" if is_value else self.format


@cache
def known_options() -> tuple[Field[Any], ...]:
    """Return the fields of `Options`; `metadata` has what `fields.option` takes, `kind` as `type`.

    Those of a prompt over a table come last.
    """
    return tuple(sorted(fields(Options), key=lambda one: one.metadata["batch"]))


def check_value(option: Field[Any], value: object, name: str = "") -> Any:  # noqa: ANN401  # whatever the option has
    """Return the value of an option as `Options` keeps it; `name` is what the user calls it.

    Raises
    ------
    BadOption
        The option does not accept it.
    """
    if value is None and option.default is None:
        return None
    try:
        return option.metadata["type"].check(value)
    except InvalidValue as error:
        invalid = error
    raise bad_value(name or option.name, value, invalid)


def bad_value(name: str, value: object, invalid: InvalidValue) -> BadOption:
    """Return the error for a value that somebody typed; it quotes the value."""
    if invalid.is_complete:
        return BadOption(f"{name} {invalid.predicate}.", hint=invalid.hint)
    shown = mask_keys(repr(value))
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN and not value.count(" "):
        shown = f"a word of {len(value)} characters"
    return BadOption(
        f"{name} {invalid.predicate}, not {shown}.{invalid.suggestion}",
        hint=invalid.hint,
    )


def options_from_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among the keyword arguments of a Python call, by name, without None.

    Raises
    ------
    BadOption
        An unknown name (the message has the nearest one), or an option that only a cell has.
    """
    known = {option.name: option for option in known_options()}
    for name in keywords:
        if name not in known:
            names = ", ".join(n for n, o in known.items() if not o.metadata["cell_only"])
            option, parameter = option_for(name)
            near = f" Did you mean '{option}'?" if option else did_you_mean(name, known)
            hint = f"It is a parameter of the service: param={{'{parameter}': ...}}."
            raise BadOption(
                f"Unknown option '{mask_keys(name)}'.{'' if parameter else near}",
                hint=hint if parameter else f"Options: {names}.",
            )
        if known[name].metadata["batch"] and name != "each":
            raise BadOption(
                f"'{name}' is an option of a prompt over a table.",
                hint=f"wx.batch(prompt, table, {name}=...) takes it.",
            )
        if known[name].metadata["cell_only"]:
            raise BadOption(
                f"'{name}' is an option of %%watsonx cells. In Python, "
                + _IN_PYTHON.get(name, "it is not needed."),
                hint=f"Remove {name}=.",
            )
    check_needs(keywords)
    return {name: value for name, value in keywords.items() if value is not None}
