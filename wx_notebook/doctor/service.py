"""Checks: what the service says, by unpaid requests alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from wx_notebook.doctor.verdicts import Finding, failed, ok, skipped
from wx_notebook.errors import NotConnected, near

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case
    from wx_notebook.session.catalogue import Catalogue

#: From here on a wrong clock does harm: certificates and tokens begin and end by it.
MOST_OFF_S = 60.0
_SET_CLOCK = (
    "Let the network set it, on the machine that the kernel runs on (Linux: `timedatectl "
    "set-ntp true`; in a container or virtual machine: its host)"
)


def region(case: Case) -> Finding:
    """Ask the region for its models, which needs no key."""
    assert case.endpoints is not None  # noqa: S101  # the check needs the one that sets it
    found = case.catalogue = _catalogue(case)
    models = found.models()
    chatting = sum(model.can_chat for model in models)
    told = f"{case.endpoints.place} ({case.endpoints.url}) answers with {_many(len(models))}"
    if not chatting:
        return Finding(
            "failed",
            f"{told}, none of which can chat",
            "Take another region: `%watsonx use --region NAME`",
        )
    told += f", {chatting} of them for chat"
    if found.problem:
        return Finding("warning", f"{told}; {found.problem}", "Run it again")
    if not (case.given.url or case.given.region):
        told += "; it is the default, because nothing says another"
    return ok(told)


def _many(number: int) -> str:
    return "1 model" if number == 1 else f"{number} models"


def _catalogue(case: Case) -> Catalogue:
    from wx_notebook.credentials import TokenSource, steady_clock
    from wx_notebook.service import Service
    from wx_notebook.session.catalogue import Catalogue

    if case.session is not None:
        return case.session.catalogue
    assert case.endpoints is not None and case.transport is not None  # noqa: PT018, S101
    tokens = TokenSource(_nobody, clock=steady_clock, renewable=False)
    return Catalogue(Service(case.transport, case.endpoints, tokens), today=case.today)


def _nobody() -> NoReturn:
    raise NotConnected("not connected.", hint="Next: %watsonx login")


def clock(case: Case) -> Finding:
    """Compare this machine's clock with the time that the replies carry."""
    heads = case.transport.heads if case.transport is not None else []
    found = next(((h.ahead_s, h.host) for h in heads if h.ahead_s is not None), None)
    if found is None:
        return skipped("no reply came that says what time it is")
    ahead_s, host = found
    # seconds are all that a Date header has, and the reply was on its way
    if abs(ahead_s) <= MOST_OFF_S:
        return ok(f"within {max(1, round(abs(ahead_s)))} s of {host}'s")
    which = "ahead of" if ahead_s > 0 else "behind"
    return Finding(
        "warning", f"this machine's clock is {_long(abs(ahead_s))} {which} {host}'s", _SET_CLOCK
    )


def _long(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def project(case: Case) -> Finding:
    """Ask for the project or space; its name is its owner's business."""
    assert case.signed_in is not None  # noqa: S101
    case.project = case.signed_in.verify()
    return ok(f"{case.project.kind} {case.project.id[:8]}… is there and open to this user")


def runtime(case: Case) -> Finding:
    """Say whether the project has something to run a model on."""
    from wx_notebook.service import without_runtime

    assert case.project is not None  # noqa: S101
    if case.project.has_runtime:
        return ok(f"the {case.project.kind} has a watsonx.ai Runtime")
    lacking = failed(without_runtime(case.project))
    told = f"the {case.project.kind} has no watsonx.ai Runtime associated"
    return Finding("failed", told, lacking.repair)


def quota(case: Case) -> Finding:
    """Say what replies and budgets tell of limits; a prompt, which would tell more, is never sent.

    A budget is the user's own: it stops prompts before they are sent.
    """
    heads = case.transport.heads if case.transport is not None else []
    told = next(((h.rate, h.remaining) for h in reversed(heads) if h.rate is not None), None)
    rest = "what is left of the plan's tokens, only a paid prompt tells"
    budgets, spent = _budgets(case)
    if spent:
        return Finding("failed", budgets, "`%watsonx usage --budget N` sets another, `off` none")
    if told is None:
        known = f"{budgets}; not known: " if budgets else "not known: "
        return skipped(f"{known}the rate of requests, and {rest}")
    rate, remaining = told
    found = f"{budgets}; " if budgets else ""
    found += f"{rate} requests a second"
    found += f", {remaining} of them left now" if remaining is not None else ""
    if remaining == 0:
        return Finding("warning", f"{found}; {rest}", "Wait a moment, and run fewer at a time")
    return ok(f"{found}; {rest}")


def _budgets(case: Case) -> tuple[str, bool]:
    """Return what is used of the user's own budgets, and whether one of them is used up."""
    from wx_notebook.session.usage import WHOSE

    told, spent = [], False
    for scope, budget in (case.meter.budgets() if case.meter is not None else {}).items():
        used = case.meter.used(scope) if case.meter is not None else 0
        told.append(f"{used:,} of {budget.tokens:,} tokens of the budget for {WHOSE[scope]}")
        spent = spent or used >= budget.tokens
    return f"{' and '.join(told)} are used" if told else "", spent


def model(case: Case) -> Finding:
    """Say whether the region has the model for prompts that name none."""
    from wx_notebook.settings import SessionModel, in_force, options_for

    assert case.endpoints is not None and case.catalogue is not None  # noqa: PT018, S101
    chosen = SessionModel(case.given.model, case.given.model_is_chosen, case.given.profile)
    # a settings file with an error is this check's finding: it stands in the way of each prompt
    options = options_for({}, chosen)
    if options.deployment:
        return skipped("prompts go to a deployment, which has its own (%watsonx settings)")
    found = in_force(chosen).get("model")
    source = found.first.source if found is not None and found.first is not None else "the default"
    name = options.model or case.catalogue.default()
    there, place = case.catalogue.find(name), case.endpoints.place
    another = "`%watsonx models` lists those that are there; `%watsonx use --model NAME` takes one"
    if there is None:
        near_one = near(name, [one.model_id for one in case.catalogue.current])
        return Finding("failed", f"{place} has no model '{name}' ({source}).{near_one}", another)
    outlook = there.outlook(case.today())
    if there.is_withdrawn:
        return Finding("failed", f"{name} ({source}) is {outlook or 'withdrawn'}", another)
    able, verb = ("text_generation", "generate") if options.generate else ("text_chat", "chat")
    if able not in there.functions:
        return Finding("failed", f"{name} ({source}) cannot {verb}", another)
    if there.stage != "available":
        return Finding("warning", f"{name} ({source}) is {outlook or there.stage}", another)
    told = f"{name} ({source}) is there and can {verb}"
    return ok(f"{told}; it is {outlook}" if outlook else told)
