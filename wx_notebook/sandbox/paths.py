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
    "/ml/v1/foundation_model_specs": "models",
    "/v2/projects": "projects",
    "/v2/spaces": "spaces",
}
_ONE_OF = {"projects": "project", "spaces": "space"}
_ONE = re.compile(r"/v2/(projects|spaces)/([^/]+)")


def call_at(path: str, kind: Kind) -> str:
    """Return what `path` stands for on a server of this kind, `other` if for nothing."""
    if match := _ONE.fullmatch(path):
        return _ONE_OF[match[1]]
    return _COMMON.get(path) or _OWN[kind].get(path, "other")


def takes_secrets(path: str) -> bool:
    """Whether a client signs in at `path`, on this kind of server or on another.

    One that signs in at the wrong place sends its key there all the same.
    """
    return any(path in paths for paths in _OWN.values())
