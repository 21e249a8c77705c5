"""The parts of a program: the request, the variables it reads, and values as source code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import CLUSTER_KINDS, SANDBOX, Endpoints, endpoints
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
_LINE_WIDTH = 88


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
    """

    request: Request
    connection: ProgramConnection
    model_id: str
    scope: str
    content: Any
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, request: Request, connection: ProgramConnection) -> ProgramSpec:
        """Return the parts of a prompt's request."""
        body = dict(request.body or {})
        scope = next((name for name in SCOPE_VARIABLES if name in body), "")
        body.pop(scope, None)
        model_id = str(body.pop("model_id", ""))
        if request.endpoint == "chat":
            content = body.pop("messages", [])
            return cls(request, connection, model_id, scope, content, body)
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
        return ["import json", "import os"] if self.has_value else ["import os"]

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
        if self.connection.has_ca_bundle:
            lines.append(
                f"Set {' and '.join(ca_variables)} to the file of the certificate authority."
            )
        if self.connection.is_sandbox and target in ("sdk", "langchain"):
            lines.append("IBM's SDK supports https only: start the sandbox with --tls.")
        return lines


# --- values as source code ----------------------------------------------------------------------


class Expression(str):
    """A piece of Python that stays as it is: the name of a variable, a call."""

    __slots__ = ()


def read_variable(name: str) -> Expression:
    """Return the Python code that reads an environment variable."""
    return Expression(f'os.environ["{name}"]')


def python_literal(value: Any, indent: int = 0) -> str:  # noqa: ANN401  # JSON values, `Expression`
    """Return a value as Python source, with long values on several lines.

    Characters that do not print become escapes, also those that reverse the direction of a line.

    Parameters
    ----------
    value
        A JSON value; `Expression` where a name takes the place of a value.
    indent
        Blanks before each line but the first.
    """
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _text_literal(value, indent)
    if isinstance(value, Mapping):
        items = [
            f"{_quote(str(name))}: {python_literal(item, indent + 4)}"
            for name, item in value.items()
        ]
        return _bracket("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        return _bracket("[", [python_literal(item, indent + 4) for item in value], "]", indent)
    return repr(value)


def keyword_arguments(values: Mapping[str, Any], indent: int = 4) -> str:
    """Return keyword arguments, one on each line, with a comma after each."""
    pad = " " * indent
    return "\n".join(
        f"{pad}{name}={python_literal(value, indent)}," for name, value in values.items()
    )


def json_literal(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON on several lines, with escapes for characters that do not print."""
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in json.dumps(value, indent=2, ensure_ascii=False)
    )


def _text_literal(text: str, indent: int) -> str:
    """Return a text; one with several lines gets a line of source for each."""
    lines = text.split("\n")
    if len(lines) == 1 or len(text) + indent < 60:
        return _quote(text)
    pieces = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    pad = " " * (indent + 4)
    return "(\n" + "\n".join(f"{pad}{_quote(piece)}" for piece in pieces) + f"\n{' ' * indent})"


def _quote(text: str) -> str:
    literal = repr(text)
    if literal[0] == "'" and '"' not in literal:
        return f'"{literal[1:-1]}"'
    return literal


def _bracket(opening: str, items: list[str], closing: str, indent: int) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + indent <= _LINE_WIDTH and "\n" not in line and len(items) < 3:
        return line
    pad = " " * (indent + 4)
    return (
        f"{opening}\n" + "".join(f"{pad}{item},\n" for item in items) + f"{' ' * indent}{closing}"
    )
