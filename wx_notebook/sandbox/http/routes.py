"""The paths of each kind of server, and how a list is cut into pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wx_notebook.sandbox.http.messages import ErrorResponse, service_error

#: Who signs users in: IBM Cloud IAM, the account IAM of AWS regions and GovCloud, or a cluster.
ServerKind = Literal["cloud", "mcsp", "software"]

IDENTITY_TOKEN = "/identity/token"  # noqa: S105  # a path
ACCOUNT_TOKEN = "/api/2.0/apikeys/token"  # noqa: S105  # a path
GOV_ACCOUNT_TOKEN = "/api/rest/mcsp/apikeys/token"  # noqa: S105  # a path
AUTHORIZE = "/icp4d-api/v1/authorize"
CLUSTER_IDENTITY = "/idprovider/v1/auth/identitytoken"
VALIDATE = "/v1/preauth/validateAuth"
CLUSTER_VERSION = "/ml/wml_services/v2/version"
GATEWAY = "/ml/gateway/v1"

_SIGN_IN: dict[ServerKind, dict[str, str]] = {
    "cloud": {IDENTITY_TOKEN: "token"},
    "mcsp": {ACCOUNT_TOKEN: "token", GOV_ACCOUNT_TOKEN: "token"},
    "software": {
        AUTHORIZE: "token",
        CLUSTER_IDENTITY: "token",
        VALIDATE: "validate",
        CLUSTER_VERSION: "version",
    },
}
SERVER_KINDS = tuple(_SIGN_IN)
#: Kinds of call that only the servers of one kind answer.
SIGN_IN_CALLS = frozenset(call for paths in _SIGN_IN.values() for call in paths.values())

_COMMON = {
    "/": "root",
    "/ml/v1/text/chat": "chat",
    "/ml/v1/text/chat_stream": "chat_stream",
    "/ml/v1/text/generation": "generation",
    "/ml/v1/text/generation_stream": "generation_stream",
    "/ml/v1/text/embeddings": "embeddings",
    "/ml/v1/text/rerank": "rerank",
    "/ml/v1/text/tokenization": "tokenization",
    "/ml/v1/foundation_model_specs": "models",
    "/ml/v4/deployments": "deployments",
    "/ml/v1/files": "files",
    "/ml/v1/batches": "batches",
    f"{GATEWAY}/chat/completions": "gateway_chat",
    f"{GATEWAY}/completions": "gateway_completion",
    f"{GATEWAY}/embeddings": "gateway_embeddings",
    f"{GATEWAY}/models": "gateway_models",
    "/v2/projects": "projects",
    "/v2/spaces": "spaces",
}
_PATTERNS = (
    (re.compile(r"/v2/projects/[^/]+"), "project"),
    (re.compile(r"/v2/spaces/[^/]+"), "space"),
    (re.compile(r"/ml/v4/deployments/[^/]+"), "deployment"),
    (re.compile(r"/ml/v1/files/[^/]+"), "file"),
    (re.compile(r"/ml/v1/files/[^/]+/content"), "file_content"),
    (re.compile(r"/ml/v1/batches/[^/]+"), "batch"),
    (re.compile(r"/ml/v1/batches/[^/]+/cancel"), "batch_cancel"),
    # a model id of the gateway can contain a slash
    (re.compile(rf"{GATEWAY}/models/.+"), "gateway_models"),
)
_DEPLOYMENT = re.compile(
    r"/ml/v1/deployments/[^/]+/text/(chat|chat_stream|generation|generation_stream)"
)


def call_kind(path: str, server: ServerKind) -> str:
    """Return the kind of call at `path` on a server of this kind, `other` for an unknown path."""
    if match := _DEPLOYMENT.fullmatch(path):
        return f"deployment_{match[1]}"
    for pattern, kind in _PATTERNS:
        if pattern.fullmatch(path):
            return kind
    return _COMMON.get(path) or _SIGN_IN[server].get(path, "other")


def takes_secrets(path: str) -> bool:
    """Return whether clients sign in at `path`, on this kind of server or on another.

    A client that signs in at the wrong kind of server has sent its key there, too.
    """
    return any(path in paths for paths in _SIGN_IN.values())


@dataclass(frozen=True, slots=True)
class ListPage:
    """The part of a list that a request asks for.

    Attributes
    ----------
    next_start
        Number of the first item of the next page (seen in IBM's Java SDK); "" on the last one.
    """

    limit: int
    span: slice
    next_start: str


def list_page(
    query: Mapping[str, str],
    length: int,
    *,
    default: int,
    most: int,
    anchor: str = "",
    start: str = "start",
) -> ListPage:
    """Return the page of a list of `length` items that `limit` and `start` in the query ask for.

    Raises
    ------
    ErrorResponse
        400: `limit` is not a number from 1 to `most`, or `start` is not a number.
    """
    limit = _number(query.get("limit") or str(default))
    if limit is None or not 1 <= limit <= most:
        raise _query_error("limit", f"must be a number from 1 to {most}", anchor)
    first = _number(query.get(start) or "0")
    if first is None:
        raise _query_error(start, "must come from the page before", anchor)
    after = first + limit
    return ListPage(limit, slice(first, after), str(after) if after < length else "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _query_error(name: str, rule: str, anchor: str) -> ErrorResponse:
    message = f"'{name}' {rule}."
    target = ("parameter", name)
    return service_error(400, "invalid_request_entity", message, anchor=anchor, target=target)
