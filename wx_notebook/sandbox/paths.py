"""Which path is what, on each kind of server."""

from __future__ import annotations

import re
from typing import Literal

#: Who signs people in: IBM Cloud IAM, the account IAM of AWS regions and GovCloud, or a cluster.
Kind = Literal["cloud", "mcsp", "software"]

IDENTITY_TOKEN = "/identity/token"  # noqa: S105  # a path
ACCOUNT_TOKEN = "/api/2.0/apikeys/token"  # noqa: S105  # a path
GOV_ACCOUNT_TOKEN = "/api/rest/mcsp/apikeys/token"  # noqa: S105  # a path
AUTHORIZE = "/icp4d-api/v1/authorize"
CLUSTER_IDENTITY = "/idprovider/v1/auth/identitytoken"
VALIDATE = "/v1/preauth/validateAuth"
CLUSTER_VERSION = "/ml/wml_services/v2/version"

_OWN: dict[Kind, dict[str, str]] = {
    "cloud": {IDENTITY_TOKEN: "token"},
    "mcsp": {ACCOUNT_TOKEN: "token", GOV_ACCOUNT_TOKEN: "token"},
    "software": {
        AUTHORIZE: "token",
        CLUSTER_IDENTITY: "token",
        VALIDATE: "validate",
        CLUSTER_VERSION: "version",
    },
}
KINDS = tuple(_OWN)
#: Kinds of call that only the servers of one kind answer.
OWN_CALLS = frozenset(call for paths in _OWN.values() for call in paths.values())

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
    "/ml/gateway/v1/chat/completions": "gateway_chat",
    "/ml/gateway/v1/completions": "gateway_completion",
    "/ml/gateway/v1/embeddings": "gateway_embeddings",
    "/ml/gateway/v1/models": "gateway_models",
    "/v2/projects": "projects",
    "/v2/spaces": "spaces",
}
_ONE_OF = (
    (re.compile(r"/v2/projects/[^/]+"), "project"),
    (re.compile(r"/v2/spaces/[^/]+"), "space"),
    (re.compile(r"/ml/v4/deployments/[^/]+"), "deployment"),
    # an id of the gateway may hold a slash
    (re.compile(r"/ml/gateway/v1/models/.+"), "gateway_models"),
)
_DEPLOYED = re.compile(
    r"/ml/v1/deployments/[^/]+/text/(chat|chat_stream|generation|generation_stream)"
)


def call_at(path: str, kind: Kind) -> str:
    """Return what `path` stands for on a server of this kind, `other` if for nothing."""
    if match := _DEPLOYED.fullmatch(path):
        return f"deployment_{match[1]}"
    for pattern, call in _ONE_OF:
        if pattern.fullmatch(path):
            return call
    return _COMMON.get(path) or _OWN[kind].get(path, "other")


def takes_secrets(path: str) -> bool:
    """Whether a client signs in at `path`, on this kind of server or on another.

    One that signs in at the wrong place sends its key there all the same.
    """
    return any(path in paths for paths in _OWN.values())
