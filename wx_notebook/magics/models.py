"""`%watsonx models`: what a region has, what it can do, and by when it goes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption, WatsonxError, near, unframed
from wx_notebook.magics.words import Takes, parsed

if TYPE_CHECKING:
    from wx_notebook.render import Row, Table
    from wx_notebook.service import Model
    from wx_notebook.session import Session
    from wx_notebook.session.places import Place

TAKES: dict[str, Takes] = {"--can": "many", "--region": "one"}
_MOST_WORDS = 20
#: A list that is older is asked for again: the words say "live".
_OLD_S = 600.0
_LIST = "%watsonx models lists all of them."


def models(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Show the models of a region that match all words, and can all that `--can` names.

    Nobody has to sign in for it. Withdrawn ones are shown to whoever searches.

    Raises
    ------
    BadOption
        Nothing matches, with the nearest name; there is no such ability.
    NotConnected
        Nothing says a region.
    ServiceDown
        The list cannot be had.
    """
    from wx_notebook.display import Waiting, canvas_for, table_bundle
    from wx_notebook.session import current
    from wx_notebook.session.places import PLACES
    from wx_notebook.session.twin import environment
    from wx_notebook.settings import aliases

    words, options = parsed("models", rest, TAKES, most_words=_MOST_WORDS)
    can = [word for word in options.get("--can", "").replace(",", " ").split() if word]
    held = current()
    place = PLACES.place(held, environment(), options.get("--region", ""))
    place = replace(place, model=_named(held, place))
    what = f"asking {place.endpoints.place} for its models"
    with Waiting(canvas_for(shell), what) as waiting:
        stale = unframed(lambda: _asked(place), "Stopped while the models were asked for.")
        table = found(place, words, can, aliases(), stale=stale)
        waiting.show(table_bundle(table))


def found(
    place: Place,
    words: Sequence[str],
    can: Sequence[str],
    aliases: Mapping[str, str],
    *,
    stale: str = "",
) -> Table:
    """Return the table of the models that match; raises `BadOption` as `models`."""
    from wx_notebook.render import Column, Table

    catalogue, where = place.catalogue, place.endpoints.place
    today = catalogue.today()
    _check(can)
    names = _names(aliases)
    matching = [
        model
        for model in catalogue.everything
        if set(can) <= set(model.abilities) and _matches(model, words, names, today)
    ]
    notes = []
    if not (words or can):
        gone, matching = len(matching), list(catalogue.current)
        if why := catalogue.why_default(place.model):
            notes.append(why)
        if gone := gone - len(matching):
            notes.append(
                f"{gone} withdrawn: %watsonx models withdrawn says when, and what replaces them"
            )
    if not matching:
        raise _nothing(place, words, can)
    matching.sort(key=_order)
    default = place.model or catalogue.default()
    rows = [_row(model, default, names, today) for model in matching]
    if len(matching) == 1 and matching[0].about:
        notes.insert(0, f"{matching[0].provider}: {matching[0].about}".removeprefix(": "))
    notes += _doubts(place, len(rows), stale)
    columns = (Column("model"), Column("context", "number"), Column("output", "number"),
               Column("can"))  # fmt: skip
    many = f"{len(matching):,} {'model' if len(matching) == 1 else 'models'}"
    caption = f"{many} of {where}" + (f", not signed in ({place.source})" if place.source else "")
    return Table(columns, tuple(rows), caption, tuple(notes))


def _asked(place: Place) -> str:
    """See to it that there is a list; return why an older one has to do."""
    refused: WatsonxError
    try:
        place.catalogue.ask(older_than_s=_OLD_S)
    except WatsonxError as problem:
        refused = problem
    else:
        return ""
    if not place.catalogue.everything:
        raise refused
    return refused.message


def _named(held: Session | None, place: Place) -> str:
    """Return the default that somebody has chosen, "" where nobody has."""
    from wx_notebook.session.defaults import session_model
    from wx_notebook.settings import SessionModel, in_force, model_alias

    of_session = session_model(held) if held is not None else SessionModel(place.model)
    model = in_force(of_session).get("model")
    return model_alias(str(model.first.value)) if model is not None and model.first else ""


def _check(can: Sequence[str]) -> None:
    from wx_notebook.options import ABILITIES

    for word in can:
        if word not in ABILITIES:
            raise BadOption(
                f"'{without_keys(word)}' is nothing that --can knows.{near(word, ABILITIES)}",
                hint=f"It takes {', '.join(ABILITIES)}; commas between them.",
            )


def _order(model: Model) -> tuple[bool, bool, bool, str]:
    return model.is_withdrawn, not model.can_chat, model.stage != "available", model.model_id


def _names(aliases: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the user's names for each model id."""
    names: dict[str, list[str]] = {}
    for alias, model_id in aliases.items():
        names.setdefault(model_id, []).append(alias)
    return names


def _matches(
    model: Model, words: Sequence[str], names: Mapping[str, list[str]], today: dt.date
) -> bool:
    """Whether each word stands in what there is to say about a model."""
    if not words:
        return True
    texts = [
        model.model_id, model.label, model.provider, model.about,
        model.outlook(today).partition(";")[0],  # not what replaces it: that is another model
        *model.functions, *model.abilities, *names.get(model.model_id, ()),
    ]  # fmt: skip
    text = "\n".join(texts).lower()
    return all(word.lower() in text for word in words)


def _row(model: Model, default: str, names: Mapping[str, list[str]], today: dt.date) -> Row:
    from wx_notebook.render import Row

    marks = ["default"] if model.model_id == default else []
    marks += [f"alias {alias}" for alias in names.get(model.model_id, ())]
    cells = (
        model.model_id,
        f"{model.context_tokens:,}" if model.context_tokens else "-",
        f"{model.max_output_tokens:,}" if model.max_output_tokens else "-",
        ", ".join(model.abilities) or "-",
    )
    return Row(cells, mark=", ".join(marks), note=model.outlook(today))


def _doubts(place: Place, rows: int, stale: str) -> list[str]:
    """Return what is not in the table, or not as of now."""
    from wx_notebook.render.tables import MOST_ROWS

    doubts = []
    if rows > MOST_ROWS:
        doubts.append(f"... and {rows - MOST_ROWS:,} more: words narrow the list")
    if place.catalogue.problem:
        doubts.append(f"this is a part of the list: {place.catalogue.problem}")
    if stale:
        doubts.append(f"this list is older than {_OLD_S / 60:.0f} minutes: {stale}")
    return doubts


def _nothing(place: Place, words: Sequence[str], can: Sequence[str]) -> BadOption:
    where = place.endpoints.place
    known = [model.model_id for model in place.catalogue.everything]
    if not known:
        return BadOption(
            f"{where} lists no models.", hint="Next: %watsonx models --region us-south"
        )
    typed = " ".join(words)
    what = f" matches '{without_keys(typed)}'" if words else ""
    what += " and" if words and can else ""
    what += f" can do {' and '.join(can)}" if can else ""
    # also near to a part of an id: "mixtrall" to "mixtral" of "mistralai/mixtral-8x7b"
    parts = [
        part for name in known for part in (name, name.rpartition("/")[2], *re.split("[/-]", name))
    ]
    nearest = near(typed, parts) if words else ""
    return BadOption(f"No model in {where}{what}.{nearest}", hint=_LIST)
