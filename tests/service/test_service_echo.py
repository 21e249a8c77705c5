"""A service that says the user's secrets back, in every place it can: they are shown nowhere."""

from __future__ import annotations

import html
import json
import string
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import (
    CHAT,
    TOKEN_DOCUMENT,
    Server,
    caught,
    chunked,
    connect,
    events,
    http,
    shown,
)

from wx_notebook.credentials.parsing.key_shapes import recognise
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import UserFacingError

KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
#: Texts of the alphabet of IBM's keys; a plain word, or one of a few different characters, is in
#: any text by chance.
SECRETS = st.text("".join(KINDS) + "_-", min_size=8, max_size=64).filter(
    lambda text: (
        len(set(text)) >= 7
        and all(set(text) & set(kind) for kind in KINDS)
        and recognise(Secret(text)) is None
    )
)


def escaped(secret: str) -> str:
    """A text in JSON's own other spelling."""
    return "".join(f"\\u{ord(character):04x}" for character in secret)


def error(said: str, **more: object) -> dict[str, object]:
    return {"errors": [{"code": "c", "message": said, **more}], "trace": "t"}


#: How a service can say a secret back in a refusal: a whole reply.
REFUSALS: dict[str, Callable[[str], bytes]] = {
    "message": lambda s: http(400, error(f"bad {s} here")),
    "message, glued": lambda s: http(400, error(f"x{s}x")),
    "message, late": lambda s: http(500, error("word " * 78 + s)),
    "message, behind a long word": lambda s: http(500, error("w" * 390 + s)),
    "code": lambda s: http(403, error("m", code=s)),
    "trace": lambda s: http(404, error("m") | {"trace": s}),
    "field": lambda s: http(400, error("m", target={"type": "field", "name": s})),
    "bearer": lambda s: http(401, error(f"Authorization: Bearer {s}")),
    "json with escapes": lambda s: http(
        500, f'{{"errors": [{{"message": "{escaped(s)}"}}]}}'.encode(), kind="application/json"
    ),
    "iam's shape": lambda s: http(
        400, {"errorCode": s, "errorMessage": s, "errorDetails": s, "context": {"requestId": s}}
    ),
    "iam's shape, late": lambda s: http(400, {"errorMessage": "word " * 58 + s}),
    "page": lambda s: http(502, f"<html><title>{s}</title><p>no {s}</p></html>"),
    "page with entities": lambda s: http(502, "<p>" + "".join(f"&#{ord(c)};" for c in s)),
    "page with an attribute": lambda s: http(502, f"<p title='{html.escape(s)}'>no</p>{s}"),
    "plain text": lambda s: http(500, s, kind="text/plain"),
    "plain text, late": lambda s: http(500, "word " * 38 + s, kind="text/plain"),
    "json text": lambda s: http(200, f'"{s}"'.encode(), kind="application/json"),
    "json list": lambda s: http(200, [s, {"key": s}]),
    "redirect": lambda s: http(307, b"", Location=f"https://{s}.example/{s}?{s}#{s}"),
    "content type": lambda s: http(200, b"x", kind=f"text/{s}"),
    "encoding": lambda s: http(200, b"x", Content_Encoding=f"gzip, {s}"),
    "no http": lambda s: f"{s}\r\n\r\n".encode(),
    "bad chunk": lambda s: chunked(end=False) + f"{s}\r\n{s}".encode(),
    "cut json": lambda s: http(200, {"said": s, "more": "x" * 50}).replace(
        b"Content-Length: ", b"Content-Length: 9"
    ),
}
#: The same inside a stream that has begun well.
IN_A_STREAM: dict[str, Callable[[str], bytes]] = {
    "error event": lambda s: events(error(f"bad {s}") | {"status_code": 500}, name="error"),
    "error event, late": lambda s: events(error("word " * 78 + s), name="error"),
    "plain error event": lambda s: f"event: error\ndata: {s}\n\n".encode(),
    "page as error event": lambda s: f"event: error\ndata: <p>{s}\n\n".encode(),
    "error as message": lambda s: events(error(s, code=s) | {"trace": s}),
    "no json": lambda s: f"data: {s}\n\n".encode(),
    "another shape": lambda s: events({"choices": [s]}),
    "text of another shape": lambda s: events({"choices": [{"delta": {"content": {"x": s}}}]}),
    "half a line": lambda s: f"data: {s}".encode(),
}
BEGUN = events({"choices": [{"delta": {"content": "Four"}}]})

ASKS = {
    "at once": lambda session: session.chat("hello", model="m"),
    "streamed": lambda session: session.stream("hello", model="m").answer,
    "generated": lambda session: session.generate("hello", model="m"),
    "projects": lambda session: session.projects(),
    "project": lambda session: session.verify(),
    "models": lambda session: session.models(),
}


class Case:
    """What a frame may show: it names no secret itself."""

    def __init__(self, key: str, token: str, says: Callable[[str], bytes], stream: bool) -> None:
        self._secrets = [Secret(key), Secret(token)]
        body = says(f"{key} {token}")
        self._reply = chunked(BEGUN, body) if stream else body
        self._token = http(200, TOKEN_DOCUMENT | {"access_token": token})

    def __repr__(self) -> str:
        return "<case>"

    def serve_at_iam(self, server: Server) -> None:
        server.on("/identity/", server.hang_up(self._reply))

    def serve(self, server: Server) -> None:
        server.on("/identity/", self._token)
        server.on("", server.hang_up(self._reply))

    def session(self, server: Server):
        return connect(server, key=self._secrets[0])

    def found_in(self, text: str) -> list[str]:
        """Pieces of a secret that are in a text: half of one is too much, too."""
        pieces = []
        for secret in self._secrets:
            value = secret.reveal()
            size = max(8, len(value) * 2 // 3)
            pieces += [value[at : at + size] for at in range(len(value) - size + 1)]
        return [piece for piece in pieces if piece in text]


def check(case: Case, problem: BaseException) -> None:
    assert isinstance(problem, UserFacingError)
    assert (problem.__cause__, problem.__context__) == (None, None)
    text = shown(problem)
    if getattr(problem, "answer", None) is not None:
        text += repr(problem.answer) + repr(problem.answer.warnings)
    assert case.found_in(text) == []


@given(SECRETS, SECRETS, st.sampled_from(sorted(REFUSALS)), st.sampled_from(sorted(ASKS)))
def test_a_refusal_that_quotes_key_and_token_shows_neither(key, token, place, ask):
    case = Case(key, token, REFUSALS[place], stream=False)
    del key, token
    with Server(token=False) as server:
        case.serve(server)
        session = case.session(server)
        session.state.token_source.token()
        check(case, caught(lambda: ASKS[ask](session)))


@given(SECRETS, SECRETS, st.sampled_from(sorted(IN_A_STREAM)))
def test_an_error_in_a_stream_that_quotes_key_and_token_shows_neither(key, token, place):
    case = Case(key, token, IN_A_STREAM[place], stream=True)
    del key, token
    with Server(token=False) as server:
        case.serve(server)
        session = case.session(server)
        check(case, caught(lambda: ASKS["streamed"](session)))


@given(SECRETS, st.sampled_from(sorted(REFUSALS)))
def test_an_iam_that_quotes_the_key_shows_it_nowhere(key, place):
    case = Case(key, key, REFUSALS[place], stream=False)
    del key
    with Server(token=False) as server:
        case.serve_at_iam(server)
        session = case.session(server)
        check(case, caught(session.verify))


@given(SECRETS, SECRETS, st.booleans())
def test_a_warning_that_quotes_key_or_token_is_shown_without_them(key, token, late):
    before = "word " * (58 if late else 1)

    def says(secrets):
        warnings = [{"message": before + secrets}]
        return http(200, CHAT | {"system": {"warnings": warnings}})

    case = Case(key, token, says, stream=False)
    del key, token
    with Server(token=False) as server:
        case.serve(server)
        answer = case.session(server).chat("hello", model="m")
    assert len(answer.warnings) == 1
    said = repr(answer.warnings) + answer.plain + json.dumps(answer._repr_mimebundle_())
    assert case.found_in(said) == []


@all_cases("place", sorted(REFUSALS))
@all_cases("ask", sorted(ASKS))
def test_every_place_and_every_call_at_least_once(place, ask):
    key = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
    case = Case(key, "tOkEnCaNaRy.012345",
                REFUSALS[place], stream=False)  # fmt: skip
    with Server(token=False) as server:
        case.serve(server)
        session = case.session(server)
        session.state.token_source.token()
        check(case, caught(lambda: ASKS[ask](session)))
