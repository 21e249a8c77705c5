"""The form's twin: the same conversation by plain questions, with the same words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.magics.questions import asked
from wx_notebook.magics.said import naming, say

if TYPE_CHECKING:
    from wx_notebook.form.steps import Line
    from wx_notebook.magics.questions import Answered
    from wx_notebook.service import Place
    from wx_notebook.session import Session
    from wx_notebook.session.finding import Choice, Event

#: Rows of a list that are printed; who has more gives a name.
MOST_ROWS = 40


def held(answered: Answered, project: str = "", space: str = "") -> Session:
    """Sign in, say each step, and let the user choose a project by its number.

    Raises
    ------
    WatsonxError
        A step that failed.
    """
    from wx_notebook.magics.typed import with_scope
    from wx_notebook.session.finding import signing_in, taking
    from wx_notebook.session.twin import current, unverified

    given, named = with_scope(answered.given, project, space)
    first = unverified(given, answered.environ)
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
    waits_for = ""
    while True:
        with naming(waits_for) if waits_for else nullcontext():
            event = next(events, None)
        if event is None:
            break
        if problem is not None:
            # it goes on all the same; of the last one the error tells the reason
            say(f"  {problem.message}")
        problem, waits_for = None, ""
        if isinstance(event, Done):
            done = event.session
        elif isinstance(event, Choice):
            choice = event
        elif event.state == "busy":
            waits_for = shown(event).text
        else:
            _say_step(shown(event))
            problem = event.problem
    if done is None and choice is None and problem is not None:
        raise problem
    if problem is not None:
        say(f"  {problem.message}")
    return done, choice


def _say_step(line: Line) -> None:
    say(f"{'✕' if line.why else '✓'} {line.text}")
    if line.link:
        say(f"  {line.link.text}: {line.link.href}")


def _chosen(choice: Choice) -> Place:
    for line in rows(choice):
        say(line)
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
