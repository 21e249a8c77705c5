"""The form as a state machine: events go in, a new `FormView` comes out.

It knows no browser, no session and no network. A `FormView` is all that the page needs. It is
saved with the notebook, so it never contains a secret.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from wx_notebook.errors import (
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
from wx_notebook.login.inputs import FormValues
from wx_notebook.login.scopes import ScopeChoice, region_title
from wx_notebook.login.sign_in import STEPS, Step, StepName
from wx_notebook.login.strings import Link, error_texts, repair_link, string

Phase: TypeAlias = Literal["form", "working", "choosing", "connected"]
#: The step that an error belongs to, whenever it occurs. The first class that fits counts.
_STEP_OF_ERROR: tuple[tuple[type[WatsonxError], StepName], ...] = (
    (KeyRefused, "key"),
    (NotConnected, "key"),
    (TokenRefused, "key"),
    (UnknownRegion, "region"),
    (HostRefused, "region"),
    (NoRuntime, "runtime"),
    (ProjectError, "project"),
    (ModelError, "model"),
)
#: The field in which the user can repair a step.
FIELDS: dict[StepName, str] = {"key": "secret", "region": "region", "project": "scope_text"}
#: Projects and spaces in one list; a page cannot draw more at once.
MAX_SCOPES = 2_000


class StepLine(NamedTuple):
    """One step as the form shows it."""

    state: Literal["busy", "ok", "bad"]
    text: str = ""
    #: why it failed, and what to do
    message: str = ""
    hint: str = ""
    link: Link | None = None
    #: whether the value of its field is wrong
    is_invalid: bool = False


class FormError(NamedTuple):
    """An error that belongs to no step; `field` is the field that it is about, "" for none."""

    message: str = ""
    hint: str = ""
    field: str = ""


class SwitchChoices(NamedTuple):
    """What the user can switch to besides projects and spaces, and what is in use."""

    models: tuple[str, ...] = ()
    model: str = ""
    profiles: tuple[str, ...] = ()
    profile: str = ""
    #: the id of the project or space that is in use
    scope_id: str = ""


class ScopeItem(NamedTuple):
    """A project or space in the list."""

    id: str
    name: str
    kind: str
    region: str
    #: whether it has a runtime; also true where no list says which projects have one
    has_runtime: bool
    was_last_used: bool


NO_VALUES, NO_CHOICES, NO_ERROR = FormValues(), SwitchChoices(), FormError()


@dataclass(frozen=True, slots=True)
class FormView:
    """All that the form shows.

    Attributes
    ----------
    phase
        The fields ("form"), the fields while a request runs ("working"), the lists ("choosing"), or
        the line ("connected").
    values
        The values of the fields, without the secret.
    steps
        The steps that have begun.
    scopes, unreachable, choices
        What there is to choose from, and a sentence on the regions that did not answer.
    line, notes
        The status line of the current session, "" for none, and the lines below it.
    keeps_key
        The kernel keeps an accepted key: the next attempt needs none.
    error
        An error that belongs to no step.
    """

    phase: Phase = "form"
    values: FormValues = NO_VALUES
    steps: dict[StepName, StepLine] = field(default_factory=dict)
    scopes: tuple[ScopeItem, ...] = ()
    unreachable: str = ""
    choices: SwitchChoices = NO_CHOICES
    line: str = ""
    notes: tuple[str, ...] = ()
    keeps_key: bool = False
    error: FormError = NO_ERROR


def on_start(view: FormView, values: FormValues | None = None) -> FormView:
    """Show that a request runs; earlier errors are removed."""
    return replace(view, phase="working", values=values or view.values, steps={}, error=NO_ERROR)


def on_step(view: FormView, step: Step) -> FormView:
    """Show the new state of a step."""
    return replace(view, steps=view.steps | {step.name: step_line(step, view.values.kind)})


def on_choices(view: FormView, choice: ScopeChoice, choices: SwitchChoices) -> FormView:
    """Show the lists to choose from."""
    regions = ", ".join(endpoints.place for endpoints in choice.unreachable)
    return replace(
        view,
        phase="choosing",
        scopes=_scope_items(choice),
        unreachable=string("choose.unreachable", regions=regions) if regions else "",
        choices=choices,
        steps=_without_busy(view.steps),
    )


def on_idle(
    view: FormView,
    line: str,
    notes: tuple[str, ...] = (),
    *,
    is_done: bool = False,
    keeps_key: bool = False,
) -> FormView:
    """Show that no request runs any more; with a line the user is signed in.

    With `is_done` the request of this form led there. Otherwise errors stay, and so does a list to
    choose from.
    """
    phase: Phase = "connected" if line else "form"
    if is_done:
        view = replace(
            view, steps={}, error=NO_ERROR, scopes=(), unreachable="", choices=NO_CHOICES
        )
    elif view.scopes:
        phase = "choosing"
    return replace(
        view,
        phase=phase,
        line=line,
        notes=notes,
        steps=_without_busy(view.steps),
        keeps_key=keeps_key,
    )


def on_sign_out(view: FormView) -> FormView:
    """Show the fields with their values, because the user signed out."""
    return FormView(values=view.values)


def on_error(view: FormView, error: WatsonxError) -> FormView:
    """Show an error at the step that it belongs to, else at the step that runs."""
    busy = next((name for name, line in view.steps.items() if line.state == "busy"), None)
    name = _step_of(error) or busy
    if name is None:
        return replace(view, error=FormError(*error_texts(error)))
    return on_step(view, Step(name, "bad", error=error))


def on_invalid(view: FormView, error: FormError) -> FormView:
    """Show an error that belongs to no step; the step that ran did not happen."""
    return replace(view, error=error, steps=_without_busy(view.steps))


def step_line(step: Step, kind: str = "cloud") -> StepLine:
    """Return a step as the form shows it for a kind of account."""
    if step.error is not None:
        message, hint = error_texts(step.error)
        is_invalid = _step_of(step.error) == step.name
        link = repair_link(step, kind)
        return StepLine("bad", string(f"step.{step.name}"), message, hint, link, is_invalid)
    key = f"step.{step.name}.{step.state}"
    if step.name == "key" and step.detail and step.state == "ok":
        key = "step.key.ok.who"
    project = getattr(step.location, "project", None)
    if step.name == "project" and step.state == "ok" and getattr(project, "kind", "") == "space":
        key = "step.space.ok"
    return StepLine(step.state, string(key, detail=step.detail))


def as_json(view: FormView) -> dict[str, Any]:
    """Return the view as the page reads it."""
    document = asdict(view)
    document["values"] = view.values._asdict()
    document["notes"] = list(view.notes)
    document["choices"] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in view.choices._asdict().items()
    }
    document["error"] = view.error._asdict()
    document["scopes"] = [item._asdict() for item in view.scopes]
    document["steps"] = [
        {"name": name, "field": FIELDS.get(name, "")}
        | view.steps[name]._asdict()
        | {"link": link._asdict() if (link := view.steps[name].link) else None}
        for name in STEPS
        if name in view.steps
    ]
    return document


def _step_of(error: WatsonxError) -> StepName | None:
    """Return the step that an error belongs to, None if it can belong to any."""
    return next((name for kind, name in _STEP_OF_ERROR if isinstance(error, kind)), None)


def _scope_items(choice: ScopeChoice) -> tuple[ScopeItem, ...]:
    # a list need not say which projects have a runtime: then no project is marked
    lists_runtimes = any(location.project.has_runtime for location in choice.locations)
    return tuple(
        ScopeItem(
            location.project.id,
            location.project.name or location.project.id,
            location.project.kind,
            region_title(location.endpoints),
            location.project.has_runtime or not lists_runtimes,
            location.project.id in choice.last_used,
        )
        for location in choice.locations[:MAX_SCOPES]
    )


def _without_busy(steps: dict[StepName, StepLine]) -> dict[StepName, StepLine]:
    return {name: line for name, line in steps.items() if line.state != "busy"}
