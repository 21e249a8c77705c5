"""The program for curl. Key and token are in no argument of a command: `ps` shows those."""

from __future__ import annotations

import re

from wx_notebook.errors import BadOption
from wx_notebook.interop.literals import json_text
from wx_notebook.interop.programs import SCOPES, Asked, needs

_CURL = "curl --silent --show-error --fail-with-body"
#: Stands in the JSON where the variable will.
_HOLE = "..."
#: JSON's escapes for a text of the environment.
_ESCAPED = "sed 's/[\\\\\"]/\\\\&/g'"


def curl(asked: Asked) -> str:
    """Return a shell script.

    Raises
    ------
    BadOption
        It is a cluster with an IAM of its own, or the user takes on a trusted profile.
    """
    place = asked.place
    if place.in_two_steps or place.profile:
        raise BadOption(
            "This session signs in in two steps, which is no matter of one command.",
            hint="Next: %watsonx code --for sdk",
        )
    scheme = "ZenApiKey" if place.kind == "zen" else "Bearer"
    query = "&".join(f"{name}={value}" for name, value in asked.request.query.items())
    stream = " --no-buffer" if asked.request.stream else ""
    head = "\n".join(f"# {line}" for line in needs(asked, "curl"))
    return (
        f"#!/bin/sh\n{head}\nset -eu\n\n"
        f"{_token(asked)}\n"
        f'printf \'header = "Authorization: {scheme} %s"\\n\' "$token" |\n'
        f"  {_CURL}{stream} --config - \\\n"
        f'    "${{WATSONX_URL%/}}{asked.request.path}?{query}" \\\n'
        '    --header "Content-Type: application/json" \\\n'
        "    --data-binary @/dev/fd/3 3<<JSON\n"
        f"{_document(asked)}\nJSON\n"
    )


def _token(asked: Asked) -> str:
    place = asked.place
    if place.kind == "zen":
        if not place.username:
            return f"token=${place.key}\n"
        both = f'printf \'%s:%s\' "$WATSONX_USERNAME" "${place.key}"'
        return f"token=$({both} | base64 | tr -d '\\n')\n"
    address = place.token_url
    if address.startswith("/"):
        address = f"${{WATSONX_URL%/}}{address}"
    if place.kind == "iam":
        field = "access_token"
        written = f'printf %s "${place.key}"'
        sent = (
            '      --data-urlencode "grant_type=urn:ibm:params:oauth:grant-type:apikey" \\\n'
            '      --data-urlencode "apikey@-"'
        )
    else:
        field = "token"
        name = "apikey" if place.kind == "mcsp" else "api_key"
        name = "password" if place.key == "WATSONX_PASSWORD" else name
        parts = [(name, place.key)]
        if place.username:
            parts.insert(0, ("username", "WATSONX_USERNAME"))
        values = " ".join(f'"$(printf %s "${key}" | {_ESCAPED})"' for _, key in parts)
        form = ", ".join(f'"{name}": "%s"' for name, _ in parts)
        written = f"printf '{{{form}}}' {values}"
        sent = '      --header "Content-Type: application/json" \\\n      --data-binary @-'
    return (
        "# The key becomes a token, which ends after an hour.\n"
        "token=$(\n"
        f"  {written} |\n"
        f'    {_CURL} "{address}" \\\n{sent} |\n'
        f'    sed -n \'s/.*"{field}" *: *"\\([^"]*\\)".*/\\1/p\'\n'
        ")\n"
        '[ -n "$token" ]\n'
    )


def _document(asked: Asked) -> str:
    """Return the body inside a here-document, in which only the variable is expanded."""
    body = dict(asked.request.body or {})
    if asked.scope:
        body[asked.scope] = _HOLE
    text = re.sub(r"([\\$`])", r"\\\1", json_text(body))
    # at the beginning of a line stand names only: inside a text a line break is an escape
    begin = f'\n  "{asked.scope}": "'
    return (
        text.replace(f"{begin}{_HOLE}", f"{begin}${SCOPES[asked.scope]}", 1)
        if asked.scope
        else text
    )
