"""What would go out, and what did: `--show`, and `%watsonx show`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from wx_notebook.errors import BadOption, NotConnected, WatsonxError
from wx_notebook.options import DEFAULT_MODEL, Options
from wx_notebook.prompt import Filled, estimate_tokens

if TYPE_CHECKING:
    from wx_notebook.service import Request
    from wx_notebook.session import Session

#: Each part is counted by a request of its own; people look at a few.
_MOST_COUNTS = 12


_NOTHING = "no answer to it has come"


class _Part(NamedTuple):
    name: str
    text: str
    about: str = ""


def show_request(shell: Any, prompt: Filled, options: Options) -> None:  # noqa: ANN401
    """Show the request of a prompt, what each part of it takes, and what stays behind.

    Nothing is generated or billed. A session that is signed in has the service count the tokens;
    otherwise nothing leaves this machine.
    """
    from wx_notebook.display import Waiting, canvas_for

    held, request, base = _prepared(prompt, options)
    with Waiting(canvas_for(shell), "counting tokens") as waiting:
        lines = _lines(request, base)
        waiting.tell([*lines, "", *_account(held, request, prompt, options)])


def show_last(shell: Any, rest: str) -> None:  # noqa: ANN401
    """Show the last request of this notebook as it went out, and what came back.

    Raises
    ------
    BadOption
        There was none yet.
    """
    from wx_notebook.display import canvas_for, show_lines
    from wx_notebook.magics.words import parsed
    from wx_notebook.session.twin import last_exchange

    parsed("show", rest, {})
    exchange = last_exchange()
    if exchange is None:
        raise BadOption(
            "There was no prompt yet that could be shown.",
            hint="Next: run a %%watsonx cell, or look at one before: %%watsonx --show",
        )
    lines = _lines(exchange.request, exchange.base_url)
    if exchange.answer is None:
        show_lines(shell, [*lines, "", ": ".join(filter(None, (_NOTHING, exchange.problem)))])
        return
    show_lines(shell, lines)
    canvas_for(shell).finish(exchange.answer)


def _lines(request: Request, base: str) -> list[str]:
    from wx_notebook.render import indented

    # what nobody sees goes out too: it is shown escaped, or cleaning these lines would drop it
    return request.shown(base, indented).split("\n")


def _prepared(prompt: Filled, options: Options) -> tuple[Session | None, Request, str]:
    from wx_notebook.service import Scope
    from wx_notebook.session import prepare, session
    from wx_notebook.settings import user_model

    try:
        held = session()
        request = held.prepare(prompt.text, options, stream=options.stream, dry=True)
        return held, request, held.endpoints.url
    except NotConnected:
        # what would be sent does not depend on who sends it
        request = prepare(
            prompt.text,
            options,
            model_id=options.model or user_model() or DEFAULT_MODEL,
            scope=Scope("(your project)"),
            stream=options.stream,
        )
        return None, request, "(not connected)"


def _account(
    held: Session | None, request: Request, prompt: Filled, options: Options
) -> Iterator[str]:
    """Yield what each part takes, what was cut, what a budget says, and what goes where."""
    from wx_notebook.session.twin import METER

    place = held.endpoints.place if held is not None else "the service"
    parts = [_Part("system", options.system)] if options.system else []
    parts += [
        _Part(f"{{{{ {filled.expression.strip()} }}}}", filled.document.text, filled.document.sends)
        for filled in prompt.places
    ]
    (whole, *taken), how = _counts(held, request, [prompt.text, *(part.text for part in parts)])
    own = whole - sum(taken[len(parts) - len(prompt.places) :])
    rows = [(part.name, tokens, part.about) for part, tokens in zip(parts, taken, strict=True)]
    rows.append(("your own words", max(own, 0), ""))
    together = whole + (taken[0] if options.system else 0)
    rows.append(("together", together, _room(held, request)))
    yield f"tokens, {how}:"
    width = max(len(name) for name, _, _ in rows)
    for name, tokens, about in rows:
        yield f"  {name:{width}}  {tokens:>9,}  {about}".rstrip()
    if cut := [filled.document.cut for filled in prompt.places if filled.document.cut]:
        yield f"left out: {'; '.join(cut)}"
    if prompt.left:
        yield f"left as typed, since no place looks like that: {', '.join(prompt.left[:10])}"
    sent = list(
        dict.fromkeys(
            filled.document.sends or f"the value of {filled.expression.strip()}"
            for filled in prompt.places
        )
    )
    yield from METER.without_room(request)
    yield f"sends {_listed(sent) or 'your own words and nothing else'} to {place}"


def _counts(held: Session | None, request: Request, texts: list[str]) -> tuple[list[int], str]:
    """Return how many tokens each text takes, and in words who says so."""
    model_id = str((request.body or {}).get("model_id", ""))
    why = ""
    if held is None:
        why = "not connected"
    elif held.token is None:
        why = "not verified yet"
    elif model_id and len(texts) <= _MOST_COUNTS:
        # all of them or none: counts and estimates do not add up
        try:
            counted = [held.count_tokens(text, model_id=model_id) if text else 0 for text in texts]
        except WatsonxError as problem:
            why = problem.message.split("\n")[0].rstrip(".")
        else:
            return counted, f"counted by {held.endpoints.place} for {model_id}, not billed"
    return list(map(estimate_tokens, texts)), f"estimated ({why})" if why else "estimated"


def _room(held: Session | None, request: Request) -> str:
    """Return how much the model reads, where that is known already."""
    model_id = (request.body or {}).get("model_id")
    with contextlib.suppress(WatsonxError, StopIteration):
        known = held.catalogue.current if held is not None else None
        model = next(model for model in known or () if model.model_id == model_id)
        if model.context_tokens:
            return f"of {model.context_tokens:,} that {model_id} takes, its answer included"
    return ""


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
