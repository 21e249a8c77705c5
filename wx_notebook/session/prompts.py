"""What the way of a prompt is made of: its request, and the pieces of its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wx_notebook.credentials import Secret
from wx_notebook.errors import BadOption, ProjectError
from wx_notebook.options import Options
from wx_notebook.service import (
    Piece,
    Prompt,
    Request,
    Scope,
    Service,
    apart,
    chat_events,
    chat_reply,
    chat_request,
    generation_events,
    generation_reply,
    generation_request,
)
from wx_notebook.transport import ConnectionStalled, Reply

#: How long the event with the usage may take behind the stop reason, in seconds.
LAST_EVENT_S = 5.0


def check_place(options: Options, scope: Scope) -> None:
    """Refuse a prompt that is billed to nothing.

    Raises
    ------
    ProjectError
        Neither project nor space is set.
    """
    if options.deployment is None and not (scope.project_id or scope.space_id):
        raise ProjectError(
            "No project is set, and a prompt is billed to one.",
            hint="Next: run %watsonx login, or set WATSONX_PROJECT_ID.",
        )


def check_secret(secret: Secret | None, *asked: object) -> None:
    """Refuse what would carry the credential away, wherever in a request it stands.

    Parameters
    ----------
    secret
        That of the session.
    asked
        Texts, or values that could be JSON: messages, options, a whole request's body.

    Raises
    ------
    BadOption
        The credential stands in it.
    """
    if secret is not None and any(secret.hide_in(text) != text for text in _texts_in(asked)):
        raise BadOption(
            "The prompt holds the key of this session, which is never sent to a model.",
            hint="Take it out, or the variable or option that brought it in.",
        )


def _texts_in(value: object) -> Iterator[str]:
    """Yield every text of a value that could be JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts_in(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts_in(each)


def prepare(
    prompt: Prompt,
    options: Options,
    *,
    model_id: str,
    scope: Scope,
    stream: bool,
    default_model: bool = False,
) -> Request:
    """Return the request for a prompt; the options say to which endpoint."""
    build = generation_request if options.generate else chat_request
    request = build(prompt, options, model_id=model_id, scope=scope, stream=stream)
    return replace(request, default_model=default_model)


def pieces_of(service: Service, request: Request, reply: Reply) -> Iterator[Piece]:
    """Yield the pieces of the answer in a reply to a request that `prepare` made."""
    if reply.attempts > 1:
        yield Piece(warnings=(f"sent {reply.attempts} times: the service was busy at first",))
    yield from apart(_answer_in(service, request, reply))


def _answer_in(service: Service, request: Request, reply: Reply) -> Iterator[Piece]:
    chatting = request.endpoint == "chat"
    if request.stream:
        read_events = chat_events if chatting else generation_events
        yield from _until_silence(read_events(service.events(reply)), reply)
    else:
        read_reply = chat_reply if chatting else generation_reply
        yield read_reply(service.read_document(reply))


def _until_silence(pieces: Iterator[Piece], reply: Reply) -> Iterator[Piece]:
    """Yield the pieces; behind the stop reason a silence is an end, too.

    The text is whole then. Some models keep the connection open (reported by IBM's provider for
    the Vercel AI SDK), and the event with the usage is not worth the wait for a stalled one.
    """
    finished = silent = False
    try:
        for piece in pieces:
            if piece.finish_reason:
                finished = True
                reply.expect_end_within(LAST_EVENT_S)
            yield piece
    except ConnectionStalled:
        if not finished:
            raise
        silent = True
    if silent:
        yield Piece(warnings=("the service did not say how many tokens it used",))
    else:
        reply.drain()
