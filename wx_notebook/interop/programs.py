"""A prompt as a program: the same request, from outside of any notebook.

A program holds names of environment variables where a prompt is not meant to: the key, where it
goes, what it is billed to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.credentials import Endpoints, Given, endpoints, without_keys
from wx_notebook.credentials.hosts import CLUSTER_KINDS, SANDBOX
from wx_notebook.errors import BadOption, near
from wx_notebook.interop.literals import Code
from wx_notebook.service import Request

#: What a program can be for: what it needs installed, and how each is told to trust an authority
#: besides its own.
TARGETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sdk": ("ibm-watsonx-ai", ("WX_CLIENT_VERIFY_REQUESTS",)),
    "langchain": ("langchain-ibm", ("WX_CLIENT_VERIFY_REQUESTS",)),
    "openai": ("openai requests", ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")),
    "requests": ("requests", ("REQUESTS_CA_BUNDLE",)),
    "curl": ("", ("CURL_CA_BUNDLE",)),
}
#: Those that ask by a library's own arguments.
_OF_CLIENTS = ("sdk", "langchain", "openai")
#: Names in a body that say what it is billed to -> where a program finds them.
SCOPES = {"project_id": "WATSONX_PROJECT_ID", "space_id": "WATSONX_SPACE_ID"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program goes and how it signs in there: names of variables, and hosts of IBM's.

    Attributes
    ----------
    kind
        One of `KINDS`.
    key
        The variable with the secret.
    username
        Whether a user name goes with it.
    token_url
        Where the secret becomes a token: of a region, in full; else behind `WATSONX_URL` ("/path").
    is_sandbox
        Whether all hosts are one, on this machine.
    in_two_steps
        Whether it is a cluster with an IAM of its own.
    profile
        Whether the user takes on a trusted profile.
    own_ca
        Whether the session trusts an authority of somebody's own.
    """

    kind: str
    key: str
    username: bool
    token_url: str
    is_sandbox: bool = False
    in_two_steps: bool = False
    profile: bool = False
    own_ca: bool = False

    @classmethod
    def of(cls, bases: Endpoints, given: Given) -> Place:
        """Return the place of a session."""
        cluster = bases.kind in CLUSTER_KINDS
        by_password = cluster and given.password is not None
        own_iam = bases.iam_url != bases.url
        sandbox = bases.place == SANDBOX
        behind = sandbox or cluster
        token_path = "/icp4d-api/v1/authorize" if cluster else bases.token_path
        username = cluster and (bases.kind == "software" or bool(given.username))
        return cls(
            kind=bases.kind,
            key=_key_name(by_password, raw_zen=cluster and not username),
            username=username,
            token_url=token_path if behind else bases.iam_url + token_path,
            is_sandbox=sandbox and not cluster,
            in_two_steps=cluster and own_iam and by_password,
            profile=bool(given.trusted_profile_id),
            own_ca=bool(given.ca_bundle),
        )


def _key_name(by_password: bool, *, raw_zen: bool) -> str:
    if raw_zen:
        return "WATSONX_ZENAPIKEY"
    return "WATSONX_PASSWORD" if by_password else "WATSONX_API_KEY"


#: IBM Cloud's first region: where a program goes that was asked for without a session.
ANYWHERE = Place.of(endpoints(), Given("nowhere"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart: what a client library has names for, and the rest."""

    request: Request
    place: Place
    model_id: str
    scope: str  # the field that says what it is billed to
    content: Any  # messages, or the text of a generation
    parameters: Mapping[str, Any]

    @property
    def is_chat(self) -> bool:
        """Whether it goes to text/chat."""
        return self.request.endpoint == "chat"

    @property
    def variables(self) -> list[str]:
        """The environment variables that a program reads."""
        names = [self.place.key, "WATSONX_URL"]
        if self.place.username:
            names.insert(0, "WATSONX_USERNAME")
        if self.place.in_two_steps:
            names.append("WATSONX_IAM_URL")
        if self.place.profile:
            names.append("WATSONX_TRUSTED_PROFILE_ID")
        return [*names, *([SCOPES[self.scope]] if self.scope else [])]

    @property
    def body(self) -> dict[str, Any]:
        """The body, with the variable in the place of what it is billed to."""
        body = dict(self.request.body or {})
        if self.scope:
            body[self.scope] = environ(SCOPES[self.scope])
        return body


def environ(name: str) -> Code:
    """Return the Python that reads a variable."""
    return Code(f'os.environ["{name}"]')


def program(request: Request, target: str = "sdk", place: Place = ANYWHERE) -> str:
    """Return a program that sends this request.

    Parameters
    ----------
    request
        As `Session.prepare` makes it.
    target
        One of `TARGETS`.
    place
        Where it goes; `Place.of` says it of a session.

    Raises
    ------
    BadOption
        No such target, or it has no way to send this.
    """
    if target not in TARGETS:
        shown = without_keys(re.sub(r"[^\w-]", "", target))
        raise BadOption(
            f"A program for '{shown}' is not among those there are.{near(shown, TARGETS)}",
            hint=f"Next: %watsonx code --for {'|'.join(TARGETS)}",
        )
    if request.endpoint not in ("chat", "generation") or request.body is None:
        raise BadOption("Only prompts are written as programs.", hint="Run a %%watsonx cell first.")
    asked = _taken_apart(request, place)
    if target in _OF_CLIENTS and not _can_be_said(asked):
        raise BadOption(
            "This prompt asks in a way that a client library has no arguments for: a deployment, "
            "or a field beside the parameters.",
            hint="Next: %watsonx code --for requests, or curl",
        )
    if target == "curl":
        from wx_notebook.interop.shell_program import curl

        return curl(asked)
    from wx_notebook.interop import python_programs

    write = {
        "sdk": python_programs.sdk,
        "langchain": python_programs.langchain,
        "openai": python_programs.openai,
        "requests": python_programs.requests,
    }
    return write[target](asked)


def _can_be_said(asked: Asked) -> bool:
    """Whether model and parameters are all that the request says besides its text."""
    beside = {"model_id", "input", "parameters", *SCOPES}
    whole = asked.is_chat or set(asked.request.body or {}) <= beside
    return bool(asked.model_id) and whole


def needs(asked: Asked, target: str) -> list[str]:
    """Return the lines that a program begins with: what it needs."""
    install, trust = TARGETS[target]
    names = asked.variables
    listed = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
    lines = [f"A prompt of wx_notebook. Set {listed}."]
    if install:
        lines.append(f"Needs: pip install {install}")
    if asked.place.own_ca:
        lines.append(f"{' and '.join(trust)}: the file of the authority to trust.")
    if asked.place.is_sandbox and target in ("sdk", "langchain"):
        lines.append("IBM's SDK speaks https only: a sandbox has to run with --tls.")
    return lines


def _taken_apart(request: Request, place: Place) -> Asked:
    body = dict(request.body or {})
    scope = next((name for name in SCOPES if name in body), "")
    body.pop(scope, None)
    model_id = str(body.pop("model_id", ""))
    if request.endpoint == "chat":
        content = body.pop("messages", [])
        return Asked(request, place, model_id, scope, content, body)
    content = body.pop("input", "")
    return Asked(request, place, model_id, scope, content, body.get("parameters", {}))
