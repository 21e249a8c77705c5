"""The conversation as a state machine: what happened goes in, what is to be seen comes out.

It knows no browser, no session and no network. A `View` is all that the page needs; anybody may see
it, and it may be saved with the notebook: no secret ever comes near it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from wx_notebook.errors import (
    MOST_LINES,
    HostRefused,
    KeyRefused,
    ModelError,
    NoRuntime,
    NotConnected,
    ProjectError,
    TokenRefused,
    UnknownRegion,
    WatsonxError,
)
from wx_notebook.form import Lists, Typed
from wx_notebook.form.links import Link, repair
from wx_notebook.form.words import word
from wx_notebook.session.finding import STEPS, Choice, Step, StepName, title

Phase: TypeAlias = Literal["form", "working", "choosing", "connected"]
#: The step that an error is about, wherever it came up. The first that fits counts.
_ABOUT: tuple[tuple[type[WatsonxError], StepName], ...] = (
    (KeyRefused, "key"),
    (NotConnected, "key"),
    (TokenRefused, "key"),
    (UnknownRegion, "region"),
    (HostRefused, "region"),
    (NoRuntime, "runtime"),
    (ProjectError, "project"),
    (ModelError, "model"),
)
#: The field that mends it.
FIELDS: dict[StepName, str] = {"key": "secret", "region": "where", "project": "billed_to"}
#: Projects and spaces in one list; more than a page can draw at once, and nobody looks through.
MOST_PLACES = 2_000


class Line(NamedTuple):
    """One step as it is shown: its state, what it says, why it failed and what mends it."""

    state: Literal["busy", "ok", "bad"]
    text: str = ""
    why: str = ""
    repair: str = ""
    link: Link | None = None
    #: whether its field holds something wrong
    invalid: bool = False


class Trouble(NamedTuple):
    """What went wrong apart from any step, and the field that it is about, "" for none."""

    message: str = ""
    hint: str = ""
    field: str = ""


NOTHING_TYPED, NO_LISTS, NO_TROUBLE = Typed(), Lists(), Trouble()


class Item(NamedTuple):
    """A project or space in the list."""

    id: str
    name: str
    kind: str
    region: str
    #: whether it has a runtime; also where no place of the list says that it has one
    ready: bool
    last: bool


@dataclass(frozen=True, slots=True)
class View:
    """What is to be seen.

    Attributes
    ----------
    phase
        The fields; the fields while something is under way; the lists; one line.
    typed
        What the fields hold, but for the secret.
    steps
        Those that have begun.
    places, silent, lists
        What there is to choose from, and a sentence on the regions that did not answer.
    line, notes
        The session that stands, "" for none, and what stands below.
    trouble
        What went wrong apart from any step.
    """

    phase: Phase = "form"
    typed: Typed = NOTHING_TYPED
    steps: dict[StepName, Line] = field(default_factory=dict)
    places: tuple[Item, ...] = ()
    silent: str = ""
    lists: Lists = NO_LISTS
    line: str = ""
    notes: tuple[str, ...] = ()
    trouble: Trouble = NO_TROUBLE


def began(view: View, typed: Typed | None = None) -> View:
    """Something is under way; what was wrong before is forgotten."""
    typed = typed or view.typed
    return replace(view, phase="working", typed=typed, steps={}, trouble=Trouble())


def stepped(view: View, step: Step) -> View:
    """Show what became of a step."""
    return replace(view, steps=view.steps | {step.name: shown(step, view.typed.kind)})


def offered(view: View, choice: Choice, lists: Lists) -> View:
    """Show what there is to choose from."""
    regions = ", ".join(where.place for where in choice.silent)
    return replace(
        view,
        phase="choosing",
        places=_items(choice),
        silent=word("choose.silent", regions=regions) if regions else "",
        lists=lists,
        steps=_without_busy(view.steps),
    )


def settled(view: View, line: str, notes: tuple[str, ...] = (), *, done: bool = False) -> View:
    """Nothing is under way any more; with a line somebody is signed in.

    `done` says that it is this conversation that has led there. If not, what is wrong stays, and so
    does a list to choose from.
    """
    back: Phase = "connected" if line else "form"
    if done:
        view = replace(view, steps={}, trouble=Trouble(), places=(), silent="", lists=Lists())
    elif view.places:
        back = "choosing"
    return replace(view, phase=back, line=line, notes=notes, steps=_without_busy(view.steps))


def out(view: View) -> View:
    """Nobody is signed in: the fields as they were at first."""
    return View(typed=view.typed)


def failed(view: View, problem: WatsonxError) -> View:
    """Show an error at the step that it is about, else at the one that was under way."""
    about = next((name for kind, name in _ABOUT if isinstance(problem, kind)), None)
    busy = next((name for name, line in view.steps.items() if line.state == "busy"), None)
    name = about or busy
    if name is None:
        message, hint = told(problem)
        return replace(view, trouble=Trouble(message, hint))
    return stepped(view, Step(name, "bad", problem=problem))


def objected(view: View, trouble: Trouble) -> View:
    """Show what is wrong apart from any step; what was under way has not happened."""
    return replace(view, trouble=trouble, steps=_without_busy(view.steps))


def shown(step: Step, kind: str = "cloud") -> Line:
    """Return a step as it is shown to who signs in to this kind of account."""
    if step.problem is not None:
        why, hint = told(step.problem)
        about = next((name for kind, name in _ABOUT if isinstance(step.problem, kind)), None)
        invalid = about == step.name
        return Line("bad", word(f"step.{step.name}"), why, hint, repair(step, kind), invalid)
    name = f"step.{step.name}.{step.state}"
    if step.name == "key" and step.found and step.state == "ok":
        name = "step.key.ok.who"
    if step.name == "project" and step.state == "ok" and _kind_of(step) == "space":
        name = "step.space.ok"
    return Line(step.state, word(name, found=step.found))


def told(problem: WatsonxError) -> tuple[str, str]:
    """Return message and hint of an error, short."""
    lines = [line for line in problem.message.split("\n") if line.strip()][: MOST_LINES - 1]
    return "\n".join(lines), problem.hint.replace("\n", " ")


def as_json(view: View) -> dict[str, Any]:
    """Return the view as the page reads it."""
    document = asdict(view)
    document["typed"] = view.typed._asdict()
    document["notes"] = list(view.notes)
    document["lists"] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in view.lists._asdict().items()
    }
    document["trouble"] = view.trouble._asdict()
    document["places"] = [item._asdict() for item in view.places]
    document["steps"] = [
        {"name": name, "field": FIELDS.get(name, "")}
        | view.steps[name]._asdict()
        | {"link": link._asdict() if (link := view.steps[name].link) else None}
        for name in STEPS
        if name in view.steps
    ]
    return document


def _kind_of(step: Step) -> str:
    return getattr(getattr(step.place, "project", None), "kind", "")


def _items(choice: Choice) -> tuple[Item, ...]:
    # lists need not say what a project has: then nothing is said about any
    told = any(place.project.has_runtime for place in choice.places)
    return tuple(
        Item(
            place.project.id,
            place.project.name or place.project.id,
            place.project.kind,
            title(place.endpoints),
            place.project.has_runtime or not told,
            place.project.id in choice.last,
        )
        for place in choice.places[:MOST_PLACES]
    )


def _without_busy(steps: dict[StepName, Line]) -> dict[StepName, Line]:
    return {name: line for name, line in steps.items() if line.state != "busy"}
