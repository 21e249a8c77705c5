"""`%watsonx use`: another profile, project, space, region or model, and defaults of options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption
from wx_notebook.magics.defaults import LAYERED, follow
from wx_notebook.magics.option_line import value_of
from wx_notebook.magics.settings import shown
from wx_notebook.magics.words import Takes, parsed
from wx_notebook.options import Options

if TYPE_CHECKING:
    from wx_notebook.credentials import Given

#: What takes a default back.
_DEFAULT = "default"
#: What belongs to the session: changing it is asked of the service.
_OF_THE_SESSION = ("--project", "--space", "--region", "--model")
_OPTIONS: dict[str, Field[Any]] = {
    option.metadata["flags"][-1]: option for name, option in LAYERED.items() if name != "model"
}
#: The short names of them: -t -> --temperature.
_LONG: dict[str, str] = {
    short: option.metadata["flags"][-1]
    for option in LAYERED.values()
    for short in option.metadata["flags"][:-1]
}
_TAKES: dict[str, Takes] = {
    **dict.fromkeys(_OF_THE_SESSION, "one"),
    **{f: "many" if o.metadata["repeatable"] else "one" for f, o in _OPTIONS.items()},
}
_TAKES |= {short: _TAKES[flag] for short, flag in _LONG.items()}
TAKES = (
    "[PROFILE] [--project X | --space X] [--model X] [--region X]\n"
    "              [options for each prompt from now on: --temperature 0.2 ...]\n"
    "              the word default takes one back: --temperature default"
)


def use(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Go on with a profile, project, space, region or model, or with other defaults of options.

    Where nothing is named, show what there is to choose from: in a notebook the lists of the form,
    elsewhere as text.

    Raises
    ------
    BadOption
        A value cannot be.
    WatsonxError
        What was named does not exist, or does not fit together; then nothing has changed.
    """
    words, found = parsed("use", rest, _TAKES, most_words=1)
    said = _by_long_names(found)
    if not (words or said):
        from wx_notebook.magics.choosing import choose

        choose(shell)
        return
    defaults = _defaults(said)
    session = {flag.removeprefix("--"): said[flag] for flag in _OF_THE_SESSION if flag in said}
    if words or session:
        _go_on(shell, words, session, defaults)
    else:
        from wx_notebook.display import show_lines

        show_lines(shell, _chosen(shell, defaults))


def _by_long_names(found: Mapping[str, str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in found.items():
        flag = _LONG.get(name, name)
        if flag in said and _TAKES[flag] != "many":
            raise BadOption(f"{flag} is given twice.", hint="Leave one of them.")
        said[flag] = f"{said[flag]}\n{value}" if flag in said else value
    return said


def _go_on(
    shell: Any,  # noqa: ANN401
    words: Sequence[str],
    session: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> None:
    """Put another session in force, and then the defaults; say what both are."""
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.magics.stage import refresh
    from wx_notebook.session import current
    from wx_notebook.session import session as connected
    from wx_notebook.session.choosing import changed
    from wx_notebook.session.finding import used_now
    from wx_notebook.session.twin import put_in_force, unverified

    with Waiting(canvas_for(shell), "signing in") as waiting:
        held = unverified(_profile(words[0], session)) if words else current() or connected()
        made = put_in_force(changed(held, **session) if session else held)
        if "model" in session:
            model_was_chosen(shell)
        lines = _chosen(shell, defaults) if defaults else []
        waiting.tell([made.line(), *made.notes(), *lines])
    used_now(made)
    refresh()


def model_was_chosen(shell: Any) -> None:  # noqa: ANN401
    """Let the session's model come in the place of what %config said, and of a deployment."""
    _chosen(shell, {"model": None, "deployment": None})


def _defaults(said: Mapping[str, str]) -> dict[str, Any]:
    """Return the defaults that were named, by the options' names; None takes one back."""
    found: dict[str, Any] = {}
    for flag, option in _OPTIONS.items():
        if flag in said:
            texts = said[flag].split("\n") if option.metadata["repeatable"] else [said[flag]]
            found[option.name] = None if texts == [_DEFAULT] else value_of(option, texts)
    given = {name: value for name, value in found.items() if value is not None}
    if said.get("--model", _DEFAULT) != _DEFAULT:
        given["model"] = said["--model"]
    # those that exclude each other
    Options(**given)
    return found


def _chosen(shell: Any, defaults: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Make these the defaults and return what is in force now, a line each."""
    from wx_notebook import settings
    from wx_notebook.session import current
    from wx_notebook.session.choosing import choose_default
    from wx_notebook.session.defaults import session_model

    for name, value in defaults.items():
        choose_default(name, value, settings.USE)
    follow(shell)
    held = current()
    found = settings.in_force(session_model(held) if held is not None else None)
    redact = held.redact if held is not None else str
    lines = []
    for name, value in defaults.items():
        now = found.get(name)
        if value is not None:
            lines.append(f"{name}: {shown(value, redact)} from now on")
        elif now is None or now.first is None:
            lines.append(f"{name}: as built in")
        else:
            lines.append(f"{name}: {shown(now.first.value, redact)}, from the {now.first.source}")
    return lines


def _profile(name: str, options: Mapping[str, str]) -> Given:
    from wx_notebook.session.arguments import named_profile

    unknown: BadOption
    try:
        return named_profile(name)
    except BadOption as problem:
        unknown = problem
    if options:
        # "--project My project" has a word too many, too
        unknown = BadOption(
            unknown.message, hint=f"A name with blanks goes into quotes. {unknown.hint}"
        )
    raise unknown
