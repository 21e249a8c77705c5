"""Programs that send a prompt by plain HTTP: with `requests`, and with curl.

The program for curl passes key and token in no argument of a command, because `ps` shows arguments.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.interop.literals import (
    Expression,
    json_literal,
    keyword_arguments,
    python_literal,
    read_variable,
)
from wx_notebook.interop.program_spec import SCOPE_VARIABLES, ProgramSpec

_APIKEY = "urn:ibm:params:oauth:grant-type:apikey"
_ASSUME = "urn:ibm:params:oauth:grant-type:assume"
_EXCHANGE_COMMENT = "Exchange the key for a token, which expires after an hour."
_CURL = "curl --silent --show-error --fail-with-body"
#: Takes the place of the variable in the JSON.
_SCOPE_MARK = "..."
#: JSON's escapes for a value of the environment.
_ESCAPE_JSON = "sed 's/[\\\\\"]/\\\\&/g'"
_CHECK_REPLY = "if not reply.ok:\n    raise SystemExit(reply.text)\n"


#: The function of a program in Python that reads a picture.
_READ_PICTURE = """\

def picture(path, kind):
    with open(path, "rb") as file:
        return f"data:image/{kind};base64,{base64.b64encode(file.read()).decode()}"
"""


def join_program(spec: ProgramSpec, target: str, imports: list[list[str]], *parts: str) -> str:
    """Return a program in Python: what it needs, two groups of imports, then its parts."""
    comment = "\n".join(f"# {line}" for line in spec.comment_lines(target))
    functions = [_READ_PICTURE] if spec.pictures else []
    groups = ["\n".join(group) for group in imports]
    return "\n\n".join([comment, *groups, *functions, *parts]) + "\n"


def requests_program(spec: ProgramSpec) -> str:
    """Return the program with plain `requests`."""
    scheme = "ZenApiKey" if spec.connection.kind == "zen" else "Bearer"
    arguments = keyword_arguments(
        {
            "params": spec.request.query,
            "headers": {"Authorization": Expression(f'f"{scheme} {{token}}"')},
            "json": Expression("body"),
            "timeout": 300,
        }
    )
    modules = {*spec.modules, *(["import json"] if spec.request.stream else [])}
    if spec.connection.kind == "zen" and spec.connection.has_username:
        modules.add("import base64")
    call = f'requests.post(\n    f"{{url}}{spec.request.path}",\n{arguments}\n'
    return join_program(
        spec,
        "requests",
        [sorted(modules), ["import requests"]],
        *sign_in_parts(spec),
        f"body = {python_literal(spec.body)}",
        _print_stream(call, spec) if spec.request.stream else _print_reply(call, spec),
    )


def _print_stream(call: str, spec: ProgramSpec) -> str:
    choices, text = (
        ("choices", 'choice["delta"].get("content") or ""')
        if spec.is_chat
        else ("results", 'choice["generated_text"]')
    )
    return (
        f"with {call}    stream=True,\n) as reply:\n"
        "    if not reply.ok:\n"
        "        raise SystemExit(reply.text)\n"
        "    for line in reply.iter_lines():\n"
        '        if not line.startswith(b"data:"):\n'
        "            continue\n"
        "        event = json.loads(line[5:])\n"
        '        if "errors" in event:\n'
        "            raise SystemExit(event)\n"
        f'        for choice in event["{choices}"]:\n'
        f'            print({text}, end="", flush=True)\n'
        "print()"
    )


def _print_reply(call: str, spec: ProgramSpec) -> str:
    text = (
        '["choices"][0]["message"]["content"]'
        if spec.is_chat
        else '["results"][0]["generated_text"]'
    )
    show = f"print({spec.value_of(f'reply.json(){text}')})"
    if spec.request.count > 1:
        text = spec.value_of('choice["message"]["content"]')
        show = f'for choice in reply.json()["choices"]:\n    print({text})'
    return f"reply = {call})\n{_CHECK_REPLY}{show}"


def sign_in_parts(spec: ProgramSpec) -> list[str]:
    """Return the parts of a program in Python that define `url` and `token`.

    Raises
    ------
    BadOption
        The cluster has an IAM of its own.
    """
    connection = spec.connection
    if connection.has_own_iam:
        raise BadOption(
            "The sign-in to this cluster takes two steps. Only IBM's SDK supports that.",
            hint="Next: %watsonx code --for sdk",
        )
    url = 'url = os.environ["WATSONX_URL"].rstrip("/")'
    key = read_variable(connection.key_variable)
    if connection.kind == "zen":
        if not connection.has_username:
            return [url, f"token = {key}"]
        pair = f'{read_variable("WATSONX_USERNAME")} + ":" + {key}'
        return [url, f"token = base64.b64encode(({pair}).encode()).decode()"]
    arguments: dict[str, Any]
    if connection.kind == "iam":
        arguments = {"data": {"grant_type": _APIKEY, "apikey": key}}
    elif connection.kind == "mcsp":
        arguments = {"json": {"apikey": key}}
    else:
        field = "password" if connection.key_variable == "WATSONX_PASSWORD" else "api_key"
        arguments = {"json": {"username": read_variable("WATSONX_USERNAME"), field: key}}
    parts = [url, _exchange(spec, _EXCHANGE_COMMENT, arguments)]
    if connection.has_trusted_profile:
        form = {
            "grant_type": _ASSUME,
            "profile_id": read_variable("WATSONX_TRUSTED_PROFILE_ID"),
            "access_token": Expression("token"),
        }
        comment = "Exchange this token for one of the trusted profile."
        parts.append(_exchange(spec, comment, {"data": form}))
    return parts


def _exchange(spec: ProgramSpec, comment: str, arguments: dict[str, Any]) -> str:
    address = python_literal(spec.connection.token_url)
    if spec.connection.token_url.startswith("/"):
        address = f'f"{{url}}{spec.connection.token_url}"'
    field = "access_token" if spec.connection.kind == "iam" else "token"
    return (
        f"# {comment}\n"
        f"reply = requests.post(\n    {address},\n"
        f"{keyword_arguments(arguments | {'timeout': 60})}\n)\n"
        f"{_CHECK_REPLY}"
        f'token = reply.json()["{field}"]'
    )


def curl_program(spec: ProgramSpec) -> str:
    """Return a shell script.

    Raises
    ------
    BadOption
        The cluster has an IAM of its own, or the user assumes a trusted profile.
    """
    connection = spec.connection
    if connection.has_own_iam or connection.has_trusted_profile:
        raise BadOption(
            "The sign-in of this session takes two steps, which is too much for one command.",
            hint="Next: %watsonx code --for sdk",
        )
    scheme = "ZenApiKey" if connection.kind == "zen" else "Bearer"
    query = "&".join(f"{name}={value}" for name, value in spec.request.query.items())
    stream = " --no-buffer" if spec.request.stream else ""
    comment = "\n".join(f"# {line}" for line in spec.comment_lines("curl"))
    return (
        f"#!/bin/sh\n{comment}\nset -eu\n\n"
        f"{_shell_token(spec)}\n"
        f'printf \'header = "Authorization: {scheme} %s"\\n\' "$token" |\n'
        f"  {_CURL}{stream} --config - \\\n"
        f'    "${{WATSONX_URL%/}}{spec.request.path}?{query}" \\\n'
        '    --header "Content-Type: application/json" \\\n'
        "    --data-binary @/dev/fd/3 3<<JSON\n"
        f"{_here_document(spec)}\nJSON\n"
    )


def _shell_token(spec: ProgramSpec) -> str:
    """Return the commands that set `token`."""
    connection = spec.connection
    key = connection.key_variable
    if connection.kind == "zen":
        if not connection.has_username:
            return f"token=${key}\n"
        pair = f'printf \'%s:%s\' "$WATSONX_USERNAME" "${key}"'
        return f"token=$({pair} | base64 | tr -d '\\n')\n"
    address = connection.token_url
    if address.startswith("/"):
        address = f"${{WATSONX_URL%/}}{address}"
    if connection.kind == "iam":
        reply_field = "access_token"
        source = f'printf %s "${key}"'
        arguments = (
            f'      --data-urlencode "grant_type={_APIKEY}" \\\n      --data-urlencode "apikey@-"'
        )
    else:
        reply_field = "token"
        field = "apikey" if connection.kind == "mcsp" else "api_key"
        field = "password" if key == "WATSONX_PASSWORD" else field
        fields = [(field, key)]
        if connection.has_username:
            fields.insert(0, ("username", "WATSONX_USERNAME"))
        values = " ".join(f'"$(printf %s "${name}" | {_ESCAPE_JSON})"' for _, name in fields)
        form = ", ".join(f'"{name}": "%s"' for name, _ in fields)
        source = f"printf '{{{form}}}' {values}"
        arguments = '      --header "Content-Type: application/json" \\\n      --data-binary @-'
    return (
        f"# {_EXCHANGE_COMMENT}\n"
        "token=$(\n"
        f"  {source} |\n"
        f'    {_CURL} "{address}" \\\n{arguments} |\n'
        f'    sed -n \'s/.*"{reply_field}" *: *"\\([^"]*\\)".*/\\1/p\'\n'
        ")\n"
        '[ -n "$token" ]\n'
    )


def _here_document(spec: ProgramSpec) -> str:
    """Return the body as a here-document, in which the shell expands only the scope's variable."""
    body = dict(spec.request.body or {})
    if spec.scope:
        body[spec.scope] = _SCOPE_MARK
    text = _escape_shell(json_literal(body))
    for file in spec.pictures:
        data = f"$(base64 <{shlex.quote(file.path)} | tr -d '[:space:]')"
        url = f'"data:image/{file.kind};base64,{data}"'
        text = text.replace(_escape_shell(json_literal(str(file.call))), url)
    if not spec.scope:
        return text
    # only a field of the body starts a line: a line break inside a text is an escape
    field = f'\n  "{spec.scope}": "'
    return text.replace(f"{field}{_SCOPE_MARK}", f"{field}${SCOPE_VARIABLES[spec.scope]}", 1)


def _escape_shell(text: str) -> str:
    return re.sub(r"([\\$`])", r"\\\1", text)
