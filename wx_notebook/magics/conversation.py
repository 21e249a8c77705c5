"""The form's twin: the same conversation by plain questions, with the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from wx_notebook.errors import BadOption, WatsonxError

if TYPE_CHECKING:
    from wx_notebook.credentials import Given
    from wx_notebook.service import Place
    from wx_notebook.session import Session
    from wx_notebook.session.finding import Choice, Event

_Result = TypeVar("_Result")
#: How often a question is asked again whose answer cannot be right.
_TRIES = 3
#: Rows of a list that are printed; who has more gives a name.
MOST_ROWS = 40


def typed(region: str = "") -> Given:
    """Ask for key and region: hidden, and saved nowhere.

    Raises
    ------
    WatsonxError
        The last answer cannot be right either.
    """
    from getpass import getpass

    from wx_notebook.credentials import Secret, endpoints
    from wx_notebook.form import Typed
    from wx_notebook.magics.typed import given_by_form

    def where() -> str:
        text = input("Region or URL (empty: found by itself): ").strip()
        if text:
            endpoints(region=text)
        return text

    def key() -> Given:
        from wx_notebook.credentials.pasted import bare_key

        given = given_by_form(
            Secret(getpass("IBM Cloud API key (hidden): ").strip()), Typed(), source="typed"
        )
        if given.api_key is None:
            return given
        alone, note = bare_key(given.api_key)
        return replace(given, api_key=alone, notes=(*given.notes, note) if note else given.notes)

    if region:
        # before anybody types a key
        endpoints(region=region)
    given = asked(key)
    return replace(given, region=region or asked(where))


def asked(question: Callable[[], _Result]) -> _Result:
    """Return the answer to a question; say what is wrong with one, and ask again."""
    for _ in range(_TRIES - 1):
        try:
            return question()
        except WatsonxError as problem:
            _say(f"{problem.message} {problem.hint}")
    return question()


def held(given: Given, project: str = "", space: str = "") -> Session:
    """Sign in, say each step, and let the user choose a project by its number.

    Raises
    ------
    WatsonxError
        A step that failed.
    """
    from wx_notebook.magics.typed import with_scope
    from wx_notebook.session.finding import signing_in, taking
    from wx_notebook.session.twin import current, unverified

    given, named = with_scope(given, project, space)
    first = unverified(given)
    if named:
        before, first = first, first.like(replace(first.given, project_id="", space_id=""))
        before.close()
    try:
        done, choice = _followed(signing_in(first, named=named))
        if choice is not None:
            place = asked(lambda: _chosen(choice))
            done, _ = _followed(taking(first, place))
    finally:
        if current() is not first:
            first.close()
    if done is None:
        raise BadOption("Nobody has signed in.", hint="Next: %watsonx login --text")
    return done


def rows(choice: Choice) -> list[str]:
    """Return a list to choose from, a line each, numbered."""
    from wx_notebook.form.words import word
    from wx_notebook.session.finding import title

    lines = []
    shown = choice.places[:MOST_ROWS]
    width = max((len(place.project.name) for place in shown), default=0)
    for number, place in enumerate(shown, start=1):
        facts = [word(f"choose.{place.project.kind}"), title(place.endpoints)]
        if place.project.id in choice.last:
            facts.append(word("choose.last"))
        lines.append(f"{number:4}  {place.project.name:{width}}  {' · '.join(facts)}")
    if len(choice.places) > len(shown):
        lines.append(f"      and {len(choice.places) - len(shown)} more: give a name")
    if choice.silent:
        names = ", ".join(where.place for where in choice.silent)
        lines.append(word("choose.silent", regions=names))
    return lines


def _followed(events: Iterator[Event]) -> tuple[Session | None, Choice | None]:
    """Say each step as it succeeds; return who signed in, or what is to be chosen."""
    from wx_notebook.form.steps import shown
    from wx_notebook.session.finding import Choice, Done

    done: Session | None = None
    choice: Choice | None = None
    problem: WatsonxError | None = None
    for event in events:
        if isinstance(event, Done):
            done = event.session
        elif isinstance(event, Choice):
            choice = event
        elif event.state != "busy":
            line = shown(event)
            if event.problem is None:
                _say(f"✓ {line.text}")
            else:
                _say(f"✕ {line.text}: {line.why.splitlines()[0]}")
                if line.link:
                    _say(f"  {line.link.text}: {line.link.href}")
                problem = event.problem
    if done is None and choice is None and problem is not None:
        raise problem
    return done, choice


def _chosen(choice: Choice) -> Place:
    for line in rows(choice):
        _say(line)
    answer = input("Project or space, by number or name [1]: ").strip() or "1"
    if answer.isdecimal() and 1 <= int(answer) <= len(choice.places):
        return choice.places[int(answer) - 1]
    wanted = answer.casefold()
    found = [
        place
        for place in choice.places
        if wanted in (place.project.name.casefold(), place.project.id)
    ]
    if len(found) != 1:
        from wx_notebook.errors import near, without_keys

        names = [place.project.name for place in choice.places]
        raise BadOption(
            f"'{without_keys(answer)}' is none of the list, or not the only one."
            f"{near(answer, names)}",
            hint="Give its number.",
        )
    return found[0]


def _say(text: Any) -> None:  # noqa: ANN401
    from wx_notebook.display.lines import clean_line

    print(clean_line(text))  # noqa: T201  # a conversation by text
