"""Where a credential comes from: what was given in the call, then the environment, then a sandbox.

What belongs together travels together: a URL with its IAM, a project or a space. A source without
a key may complete one that has a key, by a region of IBM's table or an address of this machine;
no other host is ever accepted (`hosts`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wx_notebook.credentials.checks import checked_key
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import NotConnected

#: Spellings that people have in their environments, in the order in which one wins. Sources:
#: langchain-ibm 1.1.2, litellm 1.109.1, IBM's Go and Java SDKs.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "api_key": ("WATSONX_API_KEY", "WATSONX_APIKEY"),
    "url": ("WATSONX_URL",),
    "region": ("WATSONX_REGION",),
    "project_id": ("WATSONX_PROJECT_ID",),
    "space_id": ("WATSONX_SPACE_ID",),
    "iam_url": ("WATSONX_IAM_URL",),
    "platform_url": ("WATSONX_PLATFORM_URL",),
}
#: Names the file in which `wx-notebook demo` leaves its sandbox's URL, key and project.
SANDBOX_VARIABLE = "WX_NOTEBOOK_SANDBOX"


def from_environment(environ: Mapping[str, str]) -> Given:
    """Return what the environment variables of `VARIABLES` give, each by its first spelling."""

    def found(what: str) -> tuple[str, str]:
        """Return the value and the name that it stands under."""
        for name in VARIABLES[what]:
            if value := environ.get(name, "").strip():
                return value, name
        return "", ""

    key, name = found("api_key")
    return Given(
        source=f"environment ({name})" if key else "environment",
        api_key=Secret(key) if key else None,
        url=found("url")[0],
        region=found("region")[0],
        project_id=found("project_id")[0],
        space_id=found("space_id")[0],
        iam_url=found("iam_url")[0],
        platform_url=found("platform_url")[0],
    )


def from_sandbox(environ: Mapping[str, str]) -> Given | None:
    """Return the sandbox that `wx-notebook demo` runs beside this kernel, if there is one."""
    path = environ.get(SANDBOX_VARIABLE, "")
    if not path:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        key, url, project_id = found["api_key"], found["url"], found["project_id"]
    except (OSError, ValueError, KeyError, TypeError):
        # the demo has ended and taken its file along
        return None
    if not all(isinstance(text, str) for text in (key, url, project_id)):
        return None
    return Given("sandbox", Secret(key), url=url, project_id=project_id)


def find(given: Given, environ: Mapping[str, str]) -> Given:
    """Return the credential that wins, completed by what a source without a key of its own adds.

    Raises
    ------
    NotConnected
        No source has a key.
    KeyRefused
        The key that wins cannot be one.
    """
    environment, sandbox = from_environment(environ), from_sandbox(environ)
    with_key = [source for source in (given, environment) if source.api_key is not None]
    # a sandbox's key opens nothing but that sandbox
    if sandbox is not None and not (given.url or given.region):
        with_key.append(sandbox)
    if not with_key:
        raise NotConnected(
            "not connected: no API key was given, and WATSONX_API_KEY is not set.",
            hint="Next: run %watsonx login, or set WATSONX_API_KEY, WATSONX_REGION and "
            "WATSONX_PROJECT_ID.",
        )
    winner = with_key[0]
    if winner is not sandbox:
        winner = _completed(given, environment)
    elif given.project_id or given.space_id:
        winner = replace(winner, project_id=given.project_id, space_id=given.space_id)
    return replace(
        winner,
        api_key=checked_key(winner.api_key or Secret("")),
        shadowed=tuple(other.source for other in with_key[1:]),
    )


def _completed(first: Given, second: Given) -> Given:
    """Take from `second` what `first` leaves open: hosts as a whole, and the scope."""
    by_first = bool(first.url or first.region)
    where = first if by_first else second
    scope = first if first.project_id or first.space_id else second
    return Given(
        source=first.source if first.api_key is not None else second.source,
        api_key=first.api_key if first.api_key is not None else second.api_key,
        url=where.url,
        region=where.region,
        project_id=scope.project_id,
        space_id=scope.space_id,
        iam_url=first.iam_url or where.iam_url,
        platform_url=first.platform_url or where.platform_url,
    )
