"""Where the options of a prompt come from, nearest first.

What a prompt says itself, `%watsonx use` and `%config`, the project file, the profile's model, the
user's own file, what is built in. A value comes before the same option further away, and before an
option that it excludes: a cell with `--generate` does without the system message of a file. Each
name of `param` counts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from wx_notebook.errors import BadOption
from wx_notebook.options import Options, excluded_by, is_given
from wx_notebook.settings.chosen import USE, chosen
from wx_notebook.settings.faults import Fault
from wx_notebook.settings.files import Fresh
from wx_notebook.settings.project import project_path, project_values
from wx_notebook.settings.reading import found_in, settings_path
from wx_notebook.settings.values import Values

PROJECT, USER = "project file", "user file"

_project = Fresh(project_values)
_user = Fresh(found_in)


class SessionModel(NamedTuple):
    """The model of a session: chosen by `%watsonx use`, or that of its profile; "" for none."""

    model_id: str = ""
    is_chosen: bool = False
    profile: str = ""


class Sourced(NamedTuple):
    """A value and who says it."""

    value: Any
    source: str


#: By the name of an option, or of one parameter as "param.top_k".
Layer: TypeAlias = Mapping[str, Sourced]


@dataclass(slots=True)
class Resolved:
    """One option: what is in force, and what it comes before.

    Attributes
    ----------
    first
        What is in force; None where an option that excludes this one is nearer.
    because
        That option, "" else.
    shadowed
        What is further away, or excluded.
    """

    first: Sourced | None
    because: str = ""
    shadowed: list[Sourced] = field(default_factory=list)


class Files(NamedTuple):
    """What the two files say now, and what is wrong with them."""

    project: Values
    user: Values
    faults: tuple[Fault, ...]


def options_for(given: Mapping[str, Any], session: SessionModel | None = None) -> Options:
    """Return the options of a prompt that says `given` itself; the rest comes from the settings.

    Without a session the model stays open where only the user's file names one.

    Raises
    ------
    BadOption
        A value cannot be, two options exclude each other, or a settings file has an error.
    """
    files = read_files()
    for fault in files.faults:
        raise BadOption(fault.message, hint=fault.hint)
    values = dict(given)
    if any(layers := _layers(files, session)):
        values, params = _taken_apart(resolve([_layer(given, ""), *layers]))
        if params:
            # one that is no mapping is an error, also beside those of a file
            values.setdefault("param", params)
    if isinstance(values.get("model"), str):
        values["model"] = _aliases(files).get(values["model"], values["model"])
    try:
        return Options(**values)
    except BadOption as problem:
        refused = problem
    hint = refused.hint
    if set(values) - set(given):
        hint += " %watsonx settings shows where each value comes from."
    raise BadOption(refused.message, hint=hint)


def in_force(session: SessionModel | None = None) -> dict[str, Resolved]:
    """Return what the settings say, of files without an error; a prompt's own options come first.

    By the name of an option, or of one parameter as "param.top_k".
    """
    return resolve(_layers(read_files(), session or SessionModel()))


def aliases() -> dict[str, str]:
    """Return the names that the settings give models; a file with an error gives none."""
    return _aliases(read_files())


def model_alias(name: str) -> str:
    """Return the id of the model that has this alias, else the name itself."""
    return aliases().get(name, name)


def user_model() -> str:
    """Return the id of the model that the user's own file names, by an alias or not.

    "" for none, or where the file has an error.
    """
    files = read_files()
    name = str(files.user.options.get("model", ""))
    return _aliases(files).get(name, name)


def budget() -> tuple[int, str] | None:
    """Return how many tokens may be used, and which file says so; None where neither does.

    Raises
    ------
    BadOption
        A file has an error: what it says about the budget is not known.
    """
    files = read_files()
    for fault in files.faults:
        raise BadOption(fault.message, hint=fault.hint)
    found = budgets(files)
    return (found[0].value, found[0].source) if found else None


def budgets(files: Files) -> list[Sourced]:
    """Return what both files say about the budget, the lower one first.

    Nearer does not count here: a cloned project makes nobody spend more than they allow themselves.
    """
    both = (Sourced(files.project.budget, PROJECT), Sourced(files.user.budget, USER))
    return sorted((one for one in both if one.value is not None), key=lambda one: int(one.value))


def alias_sources(files: Files) -> dict[str, list[Sourced]]:
    """Return what each alias stands for, the nearer file first."""
    found: dict[str, list[Sourced]] = {}
    for values, source in ((files.project, PROJECT), (files.user, USER)):
        for name, model_id in values.aliases.items():
            found.setdefault(name, []).append(Sourced(model_id, source))
    return found


def read_files() -> Files:
    """Return what both files say, each read again when it has changed."""
    project, user = _project.of(project_path()), _user.of(settings_path())
    faults = tuple(each for each in (project, user) if isinstance(each, Fault))
    return Files(
        Values() if isinstance(project, Fault) else project,
        Values() if isinstance(user, Fault) else user.values,
        faults,
    )


def resolve(layers: list[Layer]) -> dict[str, Resolved]:
    """Return each option with the nearest of its values."""
    found: dict[str, Resolved] = {}
    for layer in layers:
        # what excludes each other in one place is an error, not a matter of which comes first
        nearer = [name for name, one in found.items() if one.first and is_given(one.first.value)]
        for name, value in layer.items():
            if name in found:
                found[name].shadowed.append(value)
            elif other := excluded_by(name, nearer):
                found[name] = Resolved(None, other, [value])
            else:
                found[name] = Resolved(value)
    return found


def _layers(files: Files, session: SessionModel | None) -> list[Layer]:
    nearest = {name: Sourced(*choice) for name, choice in chosen().items()}
    profile = {}
    user = dict(files.user.options)
    if session is None:
        # who signs in is not known yet: the model of a profile would come before this one
        user.pop("model", None)
    elif session.is_chosen:
        nearest["model"] = Sourced(session.model_id, USE)
    elif session.model_id:
        profile["model"] = Sourced(session.model_id, f"profile {session.profile}".rstrip())
    return [
        _flat(nearest),
        _layer(files.project.options, PROJECT),
        profile,
        _layer(user, USER),
    ]


def _layer(values: Mapping[str, Any], source: str) -> Layer:
    return _flat({name: Sourced(value, source) for name, value in values.items()})


def _flat(values: Mapping[str, Sourced]) -> Layer:
    found: dict[str, Sourced] = {}
    for name, one in values.items():
        if name == "param" and isinstance(one.value, Mapping):
            found |= {f"param.{key}": Sourced(each, one.source) for key, each in one.value.items()}
        else:
            found[name] = one
    return found


def _taken_apart(found: Mapping[str, Resolved]) -> tuple[dict[str, Any], dict[str, Any]]:
    values: dict[str, Any] = {}
    params: dict[str, Any] = {}
    for name, one in found.items():
        if one.first is not None:
            option, dot, key = name.partition(".")
            (params if dot else values)[key or option] = one.first.value
    return values, params


def _aliases(files: Files) -> dict[str, str]:
    return {name: found[0].value for name, found in alias_sources(files).items()}
