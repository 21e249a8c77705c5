"""The parts of a program: the request, and the variables and pictures that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import CLUSTER_KINDS, SANDBOX, Endpoints, endpoints
from wx_notebook.interop.literals import read_variable
from wx_notebook.interop.picture_files import PictureFile
from wx_notebook.service import Request

#: The targets of programs -> the packages to install, and the variables by which the libraries
#: trust another certificate authority.
TARGETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sdk": ("ibm-watsonx-ai", ("WX_CLIENT_VERIFY_REQUESTS",)),
    "langchain": ("langchain-ibm", ("WX_CLIENT_VERIFY_REQUESTS",)),
    "openai": ("openai requests", ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")),
    "requests": ("requests", ("REQUESTS_CA_BUNDLE",)),
    "curl": ("", ("CURL_CA_BUNDLE",)),
}
#: The fields of a body that name a project or space -> the variables that a program reads.
SCOPE_VARIABLES = {"project_id": "WATSONX_PROJECT_ID", "space_id": "WATSONX_SPACE_ID"}


@dataclass(frozen=True, slots=True)
class ProgramConnection:
    """How a program signs in: names of variables, and hosts of IBM.

    Attributes
    ----------
    kind
        One of `KINDS`.
    key_variable
        The variable with the secret.
    has_username
        Whether the sign-in needs a user name.
    token_url
        Where the program gets a token: a full URL, or a path of `WATSONX_URL` ("/path").
    is_sandbox
        Whether all hosts are one, on this machine.
    has_own_iam
        Whether a cluster has an IAM of its own, where a sign-in takes two steps.
    has_trusted_profile
        Whether the user assumes a trusted profile.
    has_ca_bundle
        Whether the session trusts another certificate authority.
    """

    kind: str
    key_variable: str
    has_username: bool
    token_url: str
    is_sandbox: bool = False
    has_own_iam: bool = False
    has_trusted_profile: bool = False
    has_ca_bundle: bool = False

    @classmethod
    def of(cls, bases: Endpoints, params: ConnectionParams) -> ProgramConnection:
        """Return the connection of a session."""
        on_cluster = bases.kind in CLUSTER_KINDS
        by_password = on_cluster and params.password is not None
        on_sandbox = bases.place == SANDBOX
        token_path = "/icp4d-api/v1/authorize" if on_cluster else bases.token_path
        has_username = on_cluster and (bases.kind == "software" or bool(params.username))
        if on_cluster and not has_username:
            key_variable = "WATSONX_ZENAPIKEY"
        else:
            key_variable = "WATSONX_PASSWORD" if by_password else "WATSONX_API_KEY"
        return cls(
            kind=bases.kind,
            key_variable=key_variable,
            has_username=has_username,
            token_url=token_path if on_sandbox or on_cluster else bases.iam_url + token_path,
            is_sandbox=on_sandbox and not on_cluster,
            has_own_iam=by_password and bases.iam_url != bases.url,
            has_trusted_profile=bool(params.trusted_profile_id),
            has_ca_bundle=bool(params.ca_bundle),
        )


#: IBM Cloud's first region: the connection of a program without a session.
DEFAULT_CONNECTION = ProgramConnection.of(endpoints(), ConnectionParams("nowhere"))


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """A request in parts, as a client library takes them.

    Attributes
    ----------
    scope
        The field of the body that names the project or space, "" without one.
    content
        The messages of a chat, or the text of a generation.
    parameters
        Everything else that the model gets.
    pictures
        The files that are read for it.
    """

    request: Request
    connection: ProgramConnection
    model_id: str
    scope: str
    content: Any
    parameters: Mapping[str, Any]
    pictures: tuple[PictureFile, ...] = ()

    @classmethod
    def of(
        cls,
        request: Request,
        connection: ProgramConnection,
        pictures: tuple[PictureFile, ...] = (),
    ) -> ProgramSpec:
        """Return the parts of a prompt's request."""
        body = dict(request.body or {})
        scope = next((name for name in SCOPE_VARIABLES if name in body), "")
        body.pop(scope, None)
        model_id = str(body.pop("model_id", ""))
        if request.endpoint == "chat":
            content = body.pop("messages", [])
            return cls(request, connection, model_id, scope, content, body, pictures)
        content = body.pop("input", "")
        return cls(request, connection, model_id, scope, content, body.get("parameters", {}))

    @property
    def is_chat(self) -> bool:
        """Whether the request is a chat, not a generation."""
        return self.request.endpoint == "chat"

    @property
    def has_value(self) -> bool:
        """Whether the answer is JSON that fits a schema."""
        body = self.request.body or {}
        return self.request.schema is not None and "response_format" in body

    @property
    def modules(self) -> list[str]:
        """The imports of Python's own modules that any program needs."""
        names = [
            *(["base64"] if self.pictures else []),
            *(["json"] if self.has_value else []),
            "os",
        ]
        return [f"import {name}" for name in names]

    def value_of(self, text: str) -> str:
        """Return the code for an answer's value, from the code for its text."""
        if not self.has_value:
            return text
        return f"json.loads({text})" + ('["value"]' if self.request.schema.is_wrapped else "")

    @property
    def variables(self) -> list[str]:
        """The environment variables that a program reads."""
        names = [self.connection.key_variable, "WATSONX_URL"]
        if self.connection.has_username:
            names.insert(0, "WATSONX_USERNAME")
        if self.connection.has_own_iam:
            names.append("WATSONX_IAM_URL")
        if self.connection.has_trusted_profile:
            names.append("WATSONX_TRUSTED_PROFILE_ID")
        return [*names, *([SCOPE_VARIABLES[self.scope]] if self.scope else [])]

    @property
    def scope_arguments(self) -> dict[str, Any]:
        """The project or space as an argument, read from its variable."""
        return {self.scope: read_variable(SCOPE_VARIABLES[self.scope])} if self.scope else {}

    @property
    def body(self) -> dict[str, Any]:
        """The body, with the variable in place of the project or space."""
        return {**(self.request.body or {}), **self.scope_arguments}

    def comment_lines(self, target: str) -> list[str]:
        """Return what a program needs, as the lines of its first comment."""
        packages, ca_variables = TARGETS[target]
        names = self.variables
        lines = [f"A prompt of wx_notebook. Set {', '.join(names[:-1])} and {names[-1]}."]
        if packages:
            lines.append(f"Needs: pip install {packages}")
        if "tools" in self.parameters:
            lines.append("The model may call tools. This program sends them, and runs no call.")
        if self.pictures:
            lines.append("It reads these pictures from the folder that it is run in:")
            lines += [f"  {one.line}" for one in self.pictures]
        if self.connection.has_ca_bundle:
            lines.append(
                f"Set {' and '.join(ca_variables)} to the file of the certificate authority."
            )
        if self.connection.is_sandbox and target in ("sdk", "langchain"):
            lines.append("IBM's SDK supports https only: start the sandbox with --tls.")
        return lines
