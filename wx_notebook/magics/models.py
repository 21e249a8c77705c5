"""`%watsonx models`: the models of a region, what they can do, and when they are withdrawn."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.display import Progress, canvas_for, table_bundle
from wx_notebook.errors import BadOption, WatsonxError, did_you_mean, mask_keys, strip_frames
from wx_notebook.options import CAPABILITIES
from wx_notebook.render import MAX_ROWS, Column, Row, TableView
from wx_notebook.service import Model
from wx_notebook.session import Session, current_session
from wx_notebook.session.current import refuse_after_log_out
from wx_notebook.session.model_scope import MODEL_SCOPES, ModelScope
from wx_notebook.session.near_models import describe_model
from wx_notebook.session.process import environment
from wx_notebook.settings import SessionModel, aliases, effective_options, model_alias

#: An older list is requested again: the help promises that it is live.
_MAX_AGE_S = 600.0
_LIST_ALL = "%watsonx models lists all of them."


def list_models(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Show the models of a region that match all words and have all capabilities of `--can`.

    This needs no sign-in, but after a log out `--region`. A search finds withdrawn models, too.

    Raises
    ------
    BadOption
        Nothing matches, with the near name; or there is no such capability.
    NotConnected
        The region is not known.
    ServiceDown
        The list is not available.
    """
    capabilities = " ".join(args.can or ()).replace(",", " ").split()
    session = current_session()
    if not args.region:
        # a region that the user names is asked without a credential
        refuse_after_log_out()
    scope = MODEL_SCOPES.find(session, environment(), args.region or "")
    scope = replace(scope, model=_chosen_default(session, scope))
    title = f"asking {scope.endpoints.place} for its models"
    with Progress(canvas_for(shell), title) as progress:
        stale = strip_frames(lambda: _refresh(scope), "Stopped while the models were requested.")
        table = models_table(scope, args.words, capabilities, aliases(), stale=stale)
        progress.show_bundle(table_bundle(table))


def models_table(
    scope: ModelScope,
    words: Sequence[str],
    capabilities: Sequence[str],
    aliases: Mapping[str, str],
    *,
    stale: str = "",
) -> TableView:
    """Return the table of the models that match; raises `BadOption` as `list_models`.

    Parameters
    ----------
    aliases
        The user's own names of models, and their ids.
    stale
        Why the list is older than it should be, "" if it is not.
    """
    _check(capabilities)
    catalogue = scope.catalogue
    today, names = catalogue.today(), _by_model(aliases)
    matching = [
        model
        for model in catalogue.everything
        if set(capabilities) <= set(model.abilities) and _matches(model, words, names, today)
    ]
    notes = []
    if not (words or capabilities):
        everything, matching = matching, list(catalogue.current)
        notes = _overview_notes(scope, len(everything) - len(matching))
    if not matching:
        raise _no_match(scope, words, capabilities)
    matching.sort(key=_order)
    default = scope.model or catalogue.default()
    rows = [_row(model, default, names, today) for model in matching]
    if len(matching) == 1 and matching[0].about:
        notes.insert(0, f"{matching[0].provider}: {matching[0].about}".removeprefix(": "))
    notes += _gaps(scope, len(rows), stale)
    columns = (Column("model"), Column("context", "number"), Column("output", "number"),
               Column("can"))  # fmt: skip
    count = f"{len(matching):,} {'model' if len(matching) == 1 else 'models'}"
    sign_in = f", not signed in ({scope.source})" if scope.source else ""
    return TableView(
        columns, tuple(rows), f"{count} of {scope.endpoints.place}{sign_in}", tuple(notes)
    )


def _overview_notes(scope: ModelScope, withdrawn: int) -> list[str]:
    """Return the notes below a list that was not narrowed."""
    notes = [why] if (why := scope.catalogue.why_default(scope.model)) else []
    if withdrawn:
        notes.append(
            f"{withdrawn} withdrawn: %watsonx models withdrawn says when, and what replaces them"
        )
    return notes


def _refresh(scope: ModelScope) -> str:
    """Request the list unless it is recent; return why an older one has to do, or ""."""
    refused: WatsonxError
    try:
        scope.catalogue.load(max_age_s=_MAX_AGE_S)
    except WatsonxError as error:
        refused = error
    else:
        return ""
    if not scope.catalogue.everything:
        raise refused
    return refused.message


def _chosen_default(session: Session | None, scope: ModelScope) -> str:
    """Return the default model that the user has chosen, "" if there is none."""
    own = session.state.session_model if session is not None else SessionModel(scope.model)
    model = effective_options(own).get("model")
    return model_alias(str(model.current.value)) if model is not None and model.current else ""


def _check(capabilities: Sequence[str]) -> None:
    for word in capabilities:
        if word not in CAPABILITIES:
            raise BadOption(
                f"Unknown capability '{mask_keys(word)}'.{did_you_mean(word, CAPABILITIES)}",
                hint=f"--can takes {', '.join(CAPABILITIES)}, separated by commas.",
            )


def _order(model: Model) -> tuple[bool, bool, bool, str]:
    return model.is_withdrawn, not model.can_chat, model.stage != "available", model.model_id


def _by_model(aliases: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the user's names of each model id."""
    names: dict[str, list[str]] = {}
    for alias, model_id in aliases.items():
        names.setdefault(model_id, []).append(alias)
    return names


def _matches(
    model: Model, words: Sequence[str], names: Mapping[str, list[str]], today: dt.date
) -> bool:
    """Whether the description of a model contains each of the words."""
    if not words:
        return True
    text = describe_model(model, names.get(model.model_id, ()), today)
    return all(word.lower() in text for word in words)


def _row(model: Model, default: str, names: Mapping[str, list[str]], today: dt.date) -> Row:
    marks = ["default"] if model.model_id == default else []
    marks += [f"alias {alias}" for alias in names.get(model.model_id, ())]
    cells = (
        model.model_id,
        f"{model.context_tokens:,}" if model.context_tokens else "-",
        f"{model.max_output_tokens:,}" if model.max_output_tokens else "-",
        ", ".join(model.abilities) or "-",
    )
    return Row(cells, mark=", ".join(marks), note=model.outlook(today))


def _gaps(scope: ModelScope, rows: int, stale: str) -> list[str]:
    """Return what is missing in the table or not up to date."""
    notes = []
    if rows > MAX_ROWS:
        notes.append(f"... and {rows - MAX_ROWS:,} more: words narrow the list")
    if scope.catalogue.problem:
        notes.append(f"the list is incomplete: {scope.catalogue.problem}")
    if stale:
        notes.append(f"the list is older than {_MAX_AGE_S / 60:.0f} minutes: {stale}")
    return notes


def _no_match(scope: ModelScope, words: Sequence[str], capabilities: Sequence[str]) -> BadOption:
    place = scope.endpoints.place
    known = [model.model_id for model in scope.catalogue.everything]
    if not known:
        return BadOption(
            f"{place} lists no models.", hint="Next: %watsonx models --region us-south"
        )
    typed = " ".join(words)
    conditions = f" matches '{mask_keys(typed)}'" if words else ""
    conditions += " and" if words and capabilities else ""
    conditions += f" can do {' and '.join(capabilities)}" if capabilities else ""
    # near to a part of an id as well: "mixtrall" to "mixtral" of "mistralai/mixtral-8x7b"
    parts = [
        part for name in known for part in (name, name.rpartition("/")[2], *re.split("[/-]", name))
    ]
    near = did_you_mean(typed, parts) if words else ""
    return BadOption(f"No model in {place}{conditions}.{near}", hint=_LIST_ALL)
