"""The secrets that this machine can name: of the environment, and of remembered profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from wx_notebook.credentials import files, keyrings, profiles
from wx_notebook.credentials.environment import SECRET_VARIABLES, VARIABLES
from wx_notebook.credentials.secret import Secret, Unshown
from wx_notebook.errors import WatsonxError

What: TypeAlias = Literal["key", "token", "password"]
_OF_PROFILES: Mapping[str, What] = {"api_key": "key", "token": "token", "password": "password"}


class Named(NamedTuple):
    """A secret, what it is, and what people call the place where it lies."""

    name: str
    what: What
    secret: Secret


def named_secrets(environ: Mapping[str, str]) -> tuple[list[Named], list[str]]:
    """Return the secrets that can be named, and a sentence about each that could not be read.

    A keyring is asked only where there are profiles.
    """
    found = list(_of_environment(Unshown(environ)))
    problems = []
    try:
        known = [profile.name for profile, _ in profiles.listed()]
    except WatsonxError as problem:
        known, problems = [], [problem.message]
    for name in known:
        try:
            stored = keyrings.load(name)
        except WatsonxError as problem:
            problems.append(problem.message)
            continue
        if stored is not None:
            found.append(Named(f"profile {name}", _OF_PROFILES[stored.what], stored.secret))
    return found, problems


def _of_environment(environ: Mapping[str, str]) -> Iterator[Named]:
    for name in SECRET_VARIABLES:
        if environ.get(name, "").strip():
            what: What = "key"
            if name in VARIABLES["password"]:
                what = "password"
            elif name in VARIABLES["token"] or name == SECRET_VARIABLES[-1]:
                what = "token"
            yield Named(name, what, Secret(environ[name].strip()))
    sandbox = files.from_sandbox(environ)
    if sandbox is not None and sandbox.api_key is not None:
        yield Named("the sandbox", "key", sandbox.api_key)
