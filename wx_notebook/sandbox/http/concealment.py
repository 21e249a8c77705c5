"""Which parts of a request are secrets of a client, by the names of headers and fields.

A client of another service may send a key that the sandbox does not know, under any name. So a name
that speaks of a key, token or password conceals its value, wherever it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "<hidden>"
#: Parts of a name, without its separators.
_SECRET_PARTS = re.compile(
    r"apikey|secret|passw|passphrase|passcode|pwd|credential|cookie|authorization|privatekey"
    r"|accesskey|signature|assertion|jwt|bearer|connectionstring"
)
#: Words that make a "key" or "token" a secret, and those that make it none.
_KEY_OWNERS = frozenset(
    {"auth", "account", "subscription", "license", "service", "session", "shared", "master",
     "encryption", "functions", "project", "user", "client", "app"}
)  # fmt: skip
_TOKEN_KINDS = frozenset({"access", "api", "auth", "bearer", "refresh"})
_NO_SECRET_TOKENS = frozenset(
    {"count", "counts", "limit", "max", "min", "num", "number", "type", "usage", "budget", "stop",
     "position", "bytes", "id", "ids", "logprob", "logprobs", "top", "url", "endpoint", "decoding"}
)  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SCHEMES = "Bearer|Basic|ZenApiKey|Digest|Negotiate|Token|ApiKey|AWS4-HMAC-SHA256"
_SCHEME = re.compile(rf"(?i)\b({_SCHEMES})(\s+)[\w.~+/=:-]{{6,}}")
_AUTHORIZATION = re.compile(rf"(?i)({_SCHEMES})\s+\S")
_JWT = re.compile(r"\beyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]{8,}+")
#: `name=value` and `name: value`, with or without quotation marks, also with escaped ones.
_PAIR = re.compile(
    r"""(?P<name>[A-Za-z][\w.-]{1,60}+)(?P<mark>\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)"""
    r"""(?P<value>(?:Bearer\s|Basic\s)?[^\s"'&,;<>\\{}\[\]]+)"""
)
#: One field of a form with files: its name, and its value behind an empty line.
_PART = re.compile(
    r"""(?is)(content-disposition:[^\r\n]*\bname="?(?P<name>[^";\r\n]+)[^\r\n]*"""
    r"""(?:\r?\n[^\r\n]+)*?\r?\n\r?\n)(?P<value>.*?)(?=\r?\n--|\Z)"""
)
#: Letters of both cases and digits in one run: in a header or path that nobody knows, it is a key.
_RUN = re.compile(r"(?<![\w+/=-])[\w+/=-]{24,}")
_ID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Headers of which the value is no secret, however random it looks.
_KNOWN_HEADERS = frozenset(
    {"host", "user-agent", "accept", "accept-encoding", "accept-language", "connection",
     "content-type", "content-length", "content-encoding", "transfer-encoding", "traceparent",
     "tracestate", "x-request-id", "x-correlation-id", "x-global-transaction-id", "origin",
     "sec-websocket-key", "if-none-match", "cache-control", "date", "expect"}
)  # fmt: skip


def is_secret_name(name: str, *, alone: bool = False) -> bool:
    """Return whether a value with this name is a secret.

    `alone` says that "key", "auth" or "session" need no other word: in a header, a query or a form.
    """
    if _SECRET_PARTS.search(re.sub(r"[^a-z0-9]", "", name.lower())):
        return True
    words = [word.lower() for word in _WORDS.findall(name)]
    if "token" in words or ("tokens" in words and _TOKEN_KINDS & set(words)):
        return not _NO_SECRET_TOKENS & set(words)
    if words[-1:] == ["auth"] or (alone and {"auth", "session", "sid", "otp", "pin"} & set(words)):
        return True
    return words[-1:] == ["key"] and (alone or bool(_KEY_OWNERS & set(words)))


def conceal_header(name: str, value: str) -> str:
    """Return the value of a header without a secret; of an authorization the scheme is kept."""
    if name == "authorization":
        scheme = _AUTHORIZATION.match(value)
        return f"{scheme[1]} {HIDDEN}" if scheme else HIDDEN
    if name in _KNOWN_HEADERS:
        return conceal_text(value)
    return HIDDEN if is_secret_name(name, alone=True) else conceal_random(conceal_text(value))


def conceal_parameter(name: str, value: str) -> str:
    """Return the value of a query's parameter without a secret."""
    return HIDDEN if is_secret_name(name, alone=True) else conceal_random(conceal_text(value))


def conceal_path(path: str) -> str:
    """Return a path without parts that look like a key, or that name a secret."""
    return "/".join(conceal_random(conceal_text(part)) for part in path.split("/"))


def conceal_random(text: str) -> str:
    """Return a text of unknown meaning without runs that look like a key."""
    return _RUN.sub(lambda run: HIDDEN if _is_random(run[0]) else run[0], text)


def conceal_text(text: str) -> str:
    """Return a text without the values that it names as secrets, and without tokens."""

    def conceal(pair: re.Match[str]) -> str:
        is_secret = is_secret_name(pair["name"], alone="=" in pair["mark"])
        return f"{pair['name']}{pair['mark']}{HIDDEN}" if is_secret else pair[0]

    return _JWT.sub(HIDDEN, _SCHEME.sub(rf"\1\2{HIDDEN}", _PAIR.sub(conceal, text)))


def conceal_body(body: bytes) -> bytes:
    """Return a body without the secrets that it names. A body without any is returned as it is."""
    if not body:
        return body
    try:
        document = json.loads(body)
        concealed = _conceal_value(document)
        return body if concealed == document else json.dumps(concealed).encode()
    except (ValueError, RecursionError):
        return _conceal_other_body(body)


@lru_cache(maxsize=256)
def secret_forms(secret: str) -> tuple[str, ...]:
    """Return the forms in which a secret may be written: as it is, in a URL, and in base64."""
    data = secret.encode("utf-8", "replace")
    forms = {secret, quote(secret, safe="")}
    for shift in range(3):
        # the characters at both ends depend on what is beside the secret
        text = base64.b64encode(bytes(shift) + data).decode().rstrip("=")
        inner = text[(0, 2, 3)[shift] : len(text) - 2]
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return tuple(sorted(forms, key=len, reverse=True))


def _conceal_other_body(body: bytes) -> bytes:
    text = body.decode("utf-8", "surrogateescape")
    if re.match(r"[\w.%+\[\]-]+=", text) and "\n" not in text.strip():
        changed = "&".join(map(_conceal_field, text.split("&")))
    else:
        changed = conceal_text(_PART.sub(_conceal_part, text))
    return changed.encode("utf-8", "surrogateescape") if changed != text else body


def _conceal_field(field: str) -> str:
    name, mark, value = field.partition("=")
    is_secret = mark and value and is_secret_name(unquote(name), alone=True)
    return f"{name}={HIDDEN}" if is_secret else field


def _conceal_part(part: re.Match[str]) -> str:
    return f"{part[1]}{HIDDEN}" if is_secret_name(part["name"], alone=True) else part[0]


def _conceal_value(root: Any) -> Any:  # noqa: ANN401  # JSON
    """Return JSON without the texts under names of secrets."""
    if isinstance(root, str):
        return _conceal_string(root)
    if isinstance(root, list):
        return [_conceal_value(item) for item in root]
    if not isinstance(root, dict):
        return root
    # as in [{"name": "api_key", "value": "..."}]
    label = next((root[each] for each in ("name", "key", "header")
                  if isinstance(root.get(each), str) and "value" in root), "")  # fmt: skip
    fields = {}
    for name, value in root.items():
        if name == "properties" and isinstance(value, dict):
            # a JSON Schema: these names belong to fields of somebody else's document
            fields[name] = {each: _conceal_value(inner) for each, inner in value.items()}
        elif is_secret_name(name) or (name == "value" and is_secret_name(label, alone=True)):
            fields[name] = _map_strings(value, lambda _: HIDDEN)
        else:
            fields[name] = _conceal_value(value)
    return fields


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, list):
        return [_map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _map_strings(item, change) for name, item in value.items()}
    return value


def _conceal_string(text: str) -> str:
    """Return a string of JSON, which may itself be JSON: the arguments of a tool's call are."""
    if text[:1] in ("{", "["):
        return conceal_body(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return _JWT.sub(HIDDEN, _SCHEME.sub(rf"\1\2{HIDDEN}", text))


def _is_random(run: str) -> bool:
    # the ID of a project or a profile names something, and opens nothing
    run = _ID.sub("", run)
    return any(map(str.isdigit, run)) and any(map(str.islower, run)) and any(map(str.isupper, run))
