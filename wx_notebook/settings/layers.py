"""Where the options of a prompt come from.

The order, the first wins: the prompt itself, `%watsonx use` and `%config`, the project file, the
model of the profile, the user's file, the built-in default. A value overrides the same option
further down, and an option that it excludes: a cell with `--generate` ignores the system message of
a file. Each name in `param` is resolved by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from wx_notebook.errors import BadOption
from wx_notebook.options import Options, gives_way_to, is_set
from wx_notebook.settings.files import SettingsFiles, read_files
from wx_notebook.settings.runtime import USE, runtime_defaults

PROJECT, USER = "project file", "user file"
_NUMBERS = frozenset([int, float, bool])
_WORDS, _SHORTEST_KEY = frozenset(["model", "format", "reasoning"]), 40


class SessionModel(NamedTuple):
    """The model of a session, from `%watsonx use` or from where its credential is; "" for none."""

    model_id: str = ""
    is_chosen: bool = False
    source: str = ""


class SourcedValue(NamedTuple):
    """A value and where it was set."""

    value: Any
    source: str


#: Values by the name of an option, or of one parameter as "param.top_k".
Layer: TypeAlias = Mapping[str, SourcedValue]


@dataclass(slots=True)
class ResolvedOption:
    """One option: the value in use and the values that it overrides.

    Attributes
    ----------
    current
        The value in use; None if an option that excludes this one comes first.
    excluded_by
        That option, "" else.
    overridden
        The values that are not used.
    """

    current: SourcedValue | None
    excluded_by: str = ""
    overridden: list[SourcedValue] = field(default_factory=list)


def resolve_options(options: Mapping[str, Any], session: SessionModel | None = None) -> Options:
    """Return the options of a prompt: its own `options`, and the rest from the settings.

    Without a session, a model that only the user's file names is left out.

    Raises
    ------
    BadOption
        A value is not valid, two options exclude each other, or a settings file has an error.
    """
    files = read_files()
    for problem in files.problems:
        raise BadOption(problem.message, hint=problem.hint)
    values = dict(options)
    if any(layers := _layers(files, session)):
        values, params = _split_params(merge_layers([_layer(options, ""), *layers]))
        if params:
            # a `param` of the prompt that is not a mapping stays, and is an error
            values.setdefault("param", params)
    if isinstance(values.get("model"), str):
        values["model"] = _aliases(files).get(values["model"], values["model"])
    try:
        return _checked(values)
    except BadOption as error:
        refused = error
    hint = refused.hint
    if set(values) - set(options):
        hint += " %watsonx settings shows where each value comes from."
    raise BadOption(refused.message, hint=hint)


def _checked(values: Mapping[str, Any]) -> Options:
    """Return the options; those of prompts in a loop are the same each time, and checked once."""
    if all(type(each) in _NUMBERS or _is_word(name, each) for name, each in values.items()):
        return _plain_options(tuple((name, type(value), value) for name, value in values.items()))
    return Options(**values)


def _is_word(name: str, value: object) -> bool:
    """Whether a value is one of a few words; another text may hold anything, and is not kept."""
    return name in _WORDS and type(value) is str and len(value) < _SHORTEST_KEY


@lru_cache(maxsize=16)
def _plain_options(values: tuple[tuple[str, type, Any], ...]) -> Options:
    # the type is part of the key: 1 is equal to True
    return Options(**{name: value for name, _, value in values})


def effective_options(session: SessionModel | None = None) -> dict[str, ResolvedOption]:
    """Return the options that the settings give to a prompt without options of its own.

    They have the names of options, or of one parameter as "param.top_k". A file with an error is
    left out.
    """
    return merge_layers(_layers(read_files(), session or SessionModel()))


def aliases() -> dict[str, str]:
    """Return the model aliases of the settings; a file with an error is left out."""
    return _aliases(read_files())


def model_alias(name: str) -> str:
    """Return the ID of the model with this alias, else the name itself."""
    return aliases().get(name, name)


def user_model() -> str:
    """Return the ID of the model that the user's file names, directly or by an alias.

    It is "" if there is none, or if the file has an error.
    """
    files = read_files()
    name = str(files.user.options.get("model", ""))
    return _aliases(files).get(name, name)


def budget() -> tuple[int, str] | None:
    """Return how many tokens may be used, and which file says so; None if neither does.

    Raises
    ------
    BadOption
        A file has an error, so its budget is unknown.
    """
    files = read_files()
    for problem in files.problems:
        raise BadOption(problem.message, hint=problem.hint)
    lowest = next(iter(sourced_budgets(files)), None)
    return None if lowest is None else (lowest.value, lowest.source)


def journal_is_on() -> bool:
    """Return whether the rows of tables and their answers are kept on disk: unless a file says no.

    Raises
    ------
    BadOption
        A file has an error.
    """
    files = read_files()
    for problem in files.problems:
        raise BadOption(problem.message, hint=problem.hint)
    return False not in (files.project.journal, files.user.journal)


def sourced_budgets(files: SettingsFiles) -> list[SourcedValue]:
    """Return the budgets of both files, the lower one first.

    The lower one counts, so that a cloned project cannot raise the user's own limit.
    """
    both = (SourcedValue(files.project.budget, PROJECT), SourcedValue(files.user.budget, USER))
    return sorted((one for one in both if one.value is not None), key=lambda one: int(one.value))


def sourced_aliases(files: SettingsFiles) -> dict[str, list[SourcedValue]]:
    """Return the models of each alias, that of the project file first."""
    sources: dict[str, list[SourcedValue]] = {}
    for values, source in ((files.project, PROJECT), (files.user, USER)):
        for name, model_id in values.aliases.items():
            sources.setdefault(name, []).append(SourcedValue(model_id, source))
    return sources


def merge_layers(layers: list[Layer]) -> dict[str, ResolvedOption]:
    """Return each option with the first of its values; the first layer wins."""
    merged: dict[str, ResolvedOption] = {}
    for layer in layers:
        # options of one layer that exclude each other are an error elsewhere
        earlier = [n for n, one in merged.items() if one.current and is_set(one.current.value)]
        for name, value in layer.items():
            if name in merged:
                merged[name].overridden.append(value)
            elif other := gives_way_to(name, earlier):
                merged[name] = ResolvedOption(None, other, [value])
            else:
                merged[name] = ResolvedOption(value)
    return merged


def _layers(files: SettingsFiles, session: SessionModel | None) -> list[Layer]:
    nearest = {name: SourcedValue(*default) for name, default in runtime_defaults().items()}
    profile = {}
    user = dict(files.user.options)
    if session is None:
        # nobody is signed in yet: the model of a profile would override this one
        user.pop("model", None)
    elif session.is_chosen:
        nearest["model"] = SourcedValue(session.model_id, USE)
    elif session.model_id:
        profile["model"] = SourcedValue(session.model_id, session.source)
    return [
        _flat(nearest),
        _layer(files.project.options, PROJECT),
        profile,
        _layer(user, USER),
    ]


def _layer(values: Mapping[str, Any], source: str) -> Layer:
    return _flat({name: SourcedValue(value, source) for name, value in values.items()})


def _flat(values: Mapping[str, SourcedValue]) -> Layer:
    flat: dict[str, SourcedValue] = {}
    for name, one in values.items():
        if name == "param" and isinstance(one.value, Mapping):
            flat |= {
                f"param.{key}": SourcedValue(each, one.source) for key, each in one.value.items()
            }
        else:
            flat[name] = one
    return flat


def _split_params(merged: Mapping[str, ResolvedOption]) -> tuple[dict[str, Any], dict[str, Any]]:
    values: dict[str, Any] = {}
    params: dict[str, Any] = {}
    for name, one in merged.items():
        if one.current is not None:
            option, dot, key = name.partition(".")
            (params if dot else values)[key or option] = one.current.value
    return values, params


def _aliases(files: SettingsFiles) -> dict[str, str]:
    return {name: values[0].value for name, values in sourced_aliases(files).items()}
