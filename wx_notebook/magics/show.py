"""What would be sent, and what was: `--show`, and `%watsonx show`."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from wx_notebook.chats import chat
from wx_notebook.display import Progress, canvas_for, show_lines
from wx_notebook.errors import BadOption, NotConnected, WatsonxError
from wx_notebook.options import DEFAULT_MODEL, Options
from wx_notebook.render import format_json
from wx_notebook.service import Prompt, Request, Scope
from wx_notebook.session import Session
from wx_notebook.session import session as connected_session
from wx_notebook.session.answer_cache import kept_on
from wx_notebook.session.comparison import options_for_model
from wx_notebook.session.pipeline import build_request
from wx_notebook.session.process import HISTORY, METER
from wx_notebook.settings import model_alias, user_model
from wx_notebook.templates import FilledPrompt, estimate_tokens
from wx_notebook.usage.reservation import lacking_budgets

#: Each part is counted by a request of its own; a prompt with more parts is estimated.
_MOST_COUNTS = 12
_MOST_NAMED = 10
#: A picture in a request; the rest of it is not readable.
_PICTURE = re.compile(r"(data:image/\w+;base64,[\w+/]{12})[\w+/=]{20,}")
_NO_ANSWER = "no answer to it has come"


class _Part(NamedTuple):
    """A part of a prompt whose tokens are counted: the system message or a placeholder."""

    name: str
    text: str
    sends: str = ""


def show_request(shell: Any, prompt: FilledPrompt, options: Options) -> None:  # noqa: ANN401
    """Show the request of a prompt, the tokens of each part, and what was left out.

    Nothing is generated or billed. If the session is signed in, the service counts the tokens;
    otherwise nothing leaves this machine.
    """
    session, request, url, parts = _prepare(prompt, options)
    with Progress(canvas_for(shell), "counting tokens") as progress:
        lines = [*_request_lines(request, url), *_schema_lines(request, options)]
        lines += _cache_lines(session, request)
        account = [*_compared(request, options), *_token_lines(session, request, prompt, parts)]
        progress.show_lines([*lines, "", *account])


def show_last(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401
    """Show the last request of this notebook as it was sent, and its answer.

    Raises
    ------
    BadOption
        There was no request yet.
    """
    exchange = HISTORY.last_exchange
    if exchange is None:
        raise BadOption(
            "There is no prompt yet to show.",
            hint="Next: run a %%watsonx cell; %%watsonx --show shows one before it is sent",
        )
    lines = _request_lines(exchange.request, exchange.base_url)
    if exchange.answer is None:
        why = ": ".join(filter(None, (_NO_ANSWER, exchange.error)))
        show_lines(shell, [*lines, "", why])
        return
    show_lines(shell, lines)
    canvas_for(shell).finish(exchange.answer)


def _request_lines(request: Request, url: str) -> list[str]:
    # invisible characters are sent, too: they are escaped here, because cleaning would drop them
    return _PICTURE.sub(_without_its_data, request.shown(url, format_json)).split("\n")


def _without_its_data(url: re.Match[str]) -> str:
    return f"{url[1]}... ({len(url[0]):,} characters)"


def _cache_lines(session: Session | None, request: Request) -> list[str]:
    """Return whether the journal has the answer, [] where it is not asked."""
    if request.cache is None or session is None:
        return []
    kept = request.cache.find(request, session.state.service.base_url(request))
    if kept is None:
        return ["", "the journal is not used for this answer: it would be sent, and kept"]
    return ["", f"from the journal: it was paid for on {kept_on(kept)}, and nothing would be sent"]


def _schema_parts(request: Request) -> list[_Part]:
    """Return the schema as a part of the prompt, where it stands there."""
    is_in_prompt = request.schema is not None and request.schema.in_prompt(request) is request
    return [_Part("schema", request.schema.prompt_text)] if is_in_prompt else []


def _schema_lines(request: Request, options: Options) -> list[str]:
    """Return where the schema of a request stands, [] for one without a schema."""
    if request.schema is None:
        return []
    name = request.model_id or request.deployment
    in_prompt = request.schema.in_prompt(request) is request
    where = "as response_format; in the prompt instead, if the model refuses that"
    if in_prompt:
        why = (
            "the model may call tools" if options.tools else f"{name} refused it as response_format"
        )
        where = f"at the end of the prompt, because {why}"
    once = "a comparison asks once" if options.compare else "--no-repair"
    again = "asked once more" if request.repairs else f"not asked again ({once})"
    return ["", f"schema {request.schema.title}: sent {where}",
            f"an answer that does not fit is {again}"]  # fmt: skip


def _prepare(
    prompt: FilledPrompt, options: Options
) -> tuple[Session | None, Request, str, list[_Part]]:
    """Return the session, if there is one, the request, the URL it goes to, and its other parts."""
    session: Session | None = None
    build: Callable[[Prompt, Options], Request]
    try:
        session = connected_session()
        build = partial(session.prepare, stream=options.stream, dry=True)
        url = session.endpoints.url
    except NotConnected:
        # the body of a request does not depend on who sends it
        build, url = _build_unconnected, "(not connected)"
    if options.compare is not None:
        # the first of the requests; the others differ in the model alone
        options = options_for_model(options, model_alias(options.compare[0]))
    if options.chat is None:
        parts = [_Part("system", options.system)] if options.system else []
        request = build(prompt.text, options)
        return session, request, url, [*parts, *_schema_parts(request)]
    prepared = chat(options.chat).compose(build, prompt.text, options)
    parts = [_Part("system", prepared.system)] if prepared.system else []
    if prepared.turns:
        texts = [text for turn in prepared.turns for text in (turn.prompt, turn.answer)]
        parts.append(_Part(prepared.note.rpartition(",")[0], "\n".join(texts)))
    return session, prepared.request, url, [*parts, *_schema_parts(prepared.request)]


def _compared(request: Request, options: Options) -> Iterator[str]:
    """Yield which models of a comparison are sent the same, and what they may write."""
    if options.compare is None:
        return
    others = ", ".join(map(model_alias, options.compare[1:]))
    number, most = len(options.compare), options.max_tokens
    yield f"the same goes to {others}"
    yield f"{number} answers of up to {most:,} tokens each, and each answer is paid for"


def _build_unconnected(prompt: Prompt, options: Options) -> Request:
    return build_request(
        prompt,
        options,
        model_id=options.model or user_model() or DEFAULT_MODEL,
        scope=Scope("(your project)"),
        stream=options.stream,
    )


def _token_lines(
    session: Session | None, request: Request, prompt: FilledPrompt, others: Sequence[_Part]
) -> Iterator[str]:
    """Yield the tokens of each part, what was left out, budgets, and what is sent where.

    `others` are the parts beside the prompt: the system message, the earlier turns of a chat.
    """
    filled = [
        # a picture has a row of its own
        _Part(f"{{{{ {one.expression.strip()} }}}}", one.document.text, one.document.sends)
        for one in prompt.placeholders
        if one.document.picture is None
    ]
    parts = [*others, *filled]
    texts = [prompt.text, *(part.text for part in parts)]
    (whole, *counts), how = _count(session, request, texts)
    own = whole - sum(counts[len(others) :])
    rows = [(part.name, tokens, part.sends) for part, tokens in zip(parts, counts, strict=True)]
    rows.append(("your own words", max(own, 0), ""))
    rows += [(f"picture {one.name}", one.tokens, f"estimated; {one.about}")
             for one in request.pictures]  # fmt: skip
    if options_tools := (request.body or {}).get("tools"):
        names = ", ".join(str(one["function"]["name"]) for one in options_tools)
        about = f"estimated; {names}, which the model may call"
        rows.append(("tools", estimate_tokens(json.dumps(options_tools)), about))
    seen = sum(tokens for _, tokens, about in rows if about.startswith("estimated; "))
    total = whole + sum(counts[: len(others)]) + seen
    rows.append(("together", total, _context(session, request)))
    yield f"tokens, {how}:"
    width = max(len(name) for name, _, _ in rows)
    for name, tokens, about in rows:
        yield f"  {name:{width}}  {tokens:>9,}  {about}".rstrip()
    if cut := [filled.document.cut for filled in prompt.placeholders if filled.document.cut]:
        yield f"left out: {'; '.join(cut)}"
    yield from prompt.notes
    if prompt.unfilled:
        left = ", ".join(prompt.unfilled[:_MOST_NAMED])
        yield f"left as typed, because these are not placeholders: {left}"
    if request.count > 1:
        most = request.count * (request.body or {})["max_completion_tokens"]
        yield f"{request.count} answers: up to {most:,} tokens, and each answer is paid for"
    yield from lacking_budgets(METER, request)
    place = session.endpoints.place if session is not None else "the service"
    yield f"sends {_sent(prompt, request) or 'only your own words'} to {place}"


def _sent(prompt: FilledPrompt, request: Request) -> str:
    """Return which values a prompt sends, "a, b and c"."""
    names = [
        filled.document.sends or f"the value of {filled.expression.strip()}"
        for filled in prompt.placeholders
    ]
    names += [f"the picture {picture.name}" for picture in request.pictures]
    if not names:
        return ""
    *first, last = dict.fromkeys(names)
    return " and ".join(filter(None, (", ".join(first), last)))


def _count(
    session: Session | None, request: Request, texts: Sequence[str]
) -> tuple[list[int], str]:
    """Return the number of tokens of each text, and in words who counted them."""
    model_id = str((request.body or {}).get("model_id", ""))
    why = ""
    if session is None:
        why = "not connected"
    elif session.state.token is None:
        why = "not verified yet"
    elif model_id and len(texts) <= _MOST_COUNTS:
        # all or none, because counts and estimates do not add up
        try:
            count = session.pipeline.count_tokens
            counts = [count(text, model_id=model_id) if text else 0 for text in texts]
        except WatsonxError as error:
            why = error.message.split("\n")[0].rstrip(".")
        else:
            return counts, f"counted by {session.endpoints.place} for {model_id}, not billed"
    return list(map(estimate_tokens, texts)), f"estimated ({why})" if why else "estimated"


def _context(session: Session | None, request: Request) -> str:
    """Return how many tokens the model takes, if the catalogue is known already."""
    model_id = (request.body or {}).get("model_id")
    with contextlib.suppress(WatsonxError, StopIteration):
        models = session.state.catalogue.current if session is not None else None
        model = next(model for model in models or () if model.model_id == model_id)
        if model.context_tokens:
            return f"of {model.context_tokens:,}, the limit of {model_id} for prompt and answer"
    return ""
