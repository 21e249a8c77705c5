"""Canaries, everything that could show one, and the kinds of sign-in that hold one."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import logging
import pickle
import re
import traceback
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from transport.servers import PROJECT, http

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.session import Session
from wx_notebook.transport import Timeouts, Transport

#: No piece of these stands in an id, a date or a header; the password changes in a form.
KEY = "Zq7_kEyCaNaRy-aQwErTyXcVbNmPoIuYtReWqLkJhG8f"  # pragma: allowlist secret
PASSWORD = "pAsSwOrDcAnArY-of-jane+&=%\"'<\\>"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJ0T2tFbiIsIm4iOjF9.sIgNaTuReCaNaRy-xYzQwErTyUiOp_0"
LIMITS = Timeouts(connect_s=20, first_byte_s=20, idle_s=20)
#: Characters of a secret that are too many to be shown.
TOO_MANY = 12


# --- looking for a secret ----------------------------------------------------------------------


def pieces(secret: str) -> list[str]:
    """What of a secret may not stand anywhere: each run of twelve characters.

    The head of a JSON Web Token only names an algorithm, and is the same in all of them.
    """
    parts = secret.split(".")[1:] if re.match(r"eyJ[\w-]*\.", secret) else [secret]
    return [
        part[at : at + TOO_MANY] for part in parts for at in range(max(1, len(part) - TOO_MANY + 1))
    ]


def found(text: str, *secrets: str) -> list[str]:
    """What of the secrets stands in a text, also where a machine wrote it in its own way."""
    # a notebook colours its tracebacks, in the middle of words as well
    text = re.sub(r"(?:\\u001b|\x1b)\[[0-9;]*m", "", text)
    readings = {text, html.unescape(text), unquote(text), unquote_plus(text)}
    readings |= {reading.replace("\\\\", "\\") for reading in readings}
    found = []
    for secret in filter(None, secrets):
        written = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]}
        written = {piece for way in written for piece in pieces(way)}
        # whatever stands before it: these do not depend on it, but for a character at either end
        raw = secret.encode("utf-8", "surrogatepass")
        written |= {base64.b64encode(raw[at:]).decode()[:16] for at in range(3) if len(raw) > 14}
        found += [piece for piece in written for reading in readings if piece in reading]
    return found


def words(problem: BaseException) -> str:
    """What an error says, wherever it says it."""
    return "\n".join(
        [
            str(problem),
            repr(problem),
            repr(problem.args),
            repr(vars(problem)),
            repr(pickle.dumps(problem)),
            *getattr(problem, "_render_traceback_", list)(),
            *traceback.format_exception(problem),
        ]
    )


@contextlib.contextmanager
def logged():
    """Every log record of every library, at DEBUG, as the text that a handler would write."""
    texts = []

    class Keeps(logging.Handler):
        def emit(self, record):
            texts.append(f"{self.format(record)}\n{record.__dict__!r}")

    handler, root = Keeps(), logging.getLogger()
    names = ["", "urllib3", "requests", "keyring", "asyncio", "dotenv", "wx_notebook", "http"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield texts
    finally:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


# --- signing in --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """One way to sign in: what is given, and where it is sent.

    `paths` are those that see a secret, in their order, each with what a good reply is.
    """

    given: object
    paths: dict[str, object]
    holds: str = KEY

    def of(self, url: str, secret: str | None = None) -> dict[str, object]:
        """What goes into `ConnectionParams` or `wx.connect`."""
        return {"url": url, "project_id": PROJECT} | self.given(Secret(secret or self.holds), url)


_ISSUED = {"access_token": TOKEN, "expires_in": 3600}
KINDS = {
    "an IBM Cloud key": Kind(lambda s, _: {"api_key": s}, {"/identity/token": _ISSUED}),
    "a trusted profile": Kind(
        lambda s, _: {"api_key": s, "trusted_profile_id": "Profile-1"},
        # twice the same path: the second is asked with the token of the first
        {"/identity/token": _ISSUED},
    ),
    "an AWS key": Kind(
        lambda s, _: {"api_key": s, "kind": "mcsp"}, {"/api/2.0/apikeys/token": {"token": TOKEN}}
    ),
    "a cluster's password": Kind(
        lambda s, _: {"username": "jane", "password": s, "kind": "software"},
        {"/icp4d-api/v1/authorize": {"token": TOKEN}},
        PASSWORD,
    ),
    "a cluster's key": Kind(
        lambda s, _: {"username": "jane", "api_key": s, "kind": "software"},
        {"/icp4d-api/v1/authorize": {"token": TOKEN}},
    ),
    "a cluster with an IAM": Kind(
        lambda s, url: {"username": "jane", "password": s, "kind": "software", "iam_url": url},
        {"/idprovider/v1/auth/identitytoken": _ISSUED,
         "/v1/preauth/validateAuth": {"accessToken": TOKEN}},
        PASSWORD,
    ),
    "a ZenApiKey": Kind(lambda s, _: {"username": "jane", "api_key": s, "kind": "zen"}, {}),
    "a token": Kind(lambda s, _: {"token": s}, {}, TOKEN),
    "a function": Kind(lambda s, _: {"token": lambda: s}, {}, TOKEN),
}  # fmt: skip
SECRETS = (KEY, PASSWORD, TOKEN)


def session_of(kind: str, url: str, secret: str | None = None, /, **more: object) -> Session:
    """A session that waits for nothing between two attempts; nothing has been sent yet."""
    given = ConnectionParams("arguments", **(KINDS[kind].of(url, secret) | more))
    transport = Transport(timeouts=LIMITS, sleep=lambda _: None)
    return Session(given, transport=transport)


def answers(server: object, kind: str, chat: object) -> None:
    """Let a server sign this kind in, and answer the rest."""
    for path, document in KINDS[kind].paths.items():
        server.on(path, http(200, document))
    server.on("", chat)
