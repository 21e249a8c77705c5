"""Which credential wins, of all the places where one may lie.

The order: what was given in the call (arguments, the form, `login`, `use`); the environment; the
sandbox of `wx-notebook demo`, where that runs; the default profile; a file that the environment
names; watsonx Studio.

What belongs together travels together: a URL with its IAM, a project or a space. A source without a
credential may complete one that has it, by a region of IBM's table or an address of this machine;
no other host is ever accepted then (`hosts`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from wx_notebook.credentials import files, profiles, studio
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.pasted import bare_key
from wx_notebook.errors import NotConnected, WatsonxError


def find(given: Given, environ: Mapping[str, str], *, only_names: bool = False) -> Given:
    """Return the credential that wins, completed by what a source without one of its own adds.

    Parameters
    ----------
    given
        What was given in the call.
    environ
        The environment.
    only_names
        Of a profile only its name is wanted: the keyring, which may ask its owner for leave, is
        left alone.

    Raises
    ------
    NotConnected
        No source has a credential.
    KeyRefused
        The key that wins cannot be one.
    BadOption
        The file with the profiles cannot be read, and it is its turn.
    """
    environment, sandbox = _environment(environ, given), files.from_sandbox(environ)
    held = [source for source in (given, environment) if source.has_credential]
    # a sandbox's key opens nothing but that sandbox
    if sandbox is not None and not (given.url or given.region):
        held.append(sandbox)
    if not held:
        if only_names and (name := profiles.default_name()):
            return Given(f"profile {name}")
        held = _first_of_the_others(environ)
    if not held:
        raise _nothing()
    winner = held[0]
    others = [*winner.shadowed, *(name for one in held[1:] for name in (one.source, *one.shadowed))]
    # a broken file with profiles is no reason not to use another credential
    with contextlib.suppress(WatsonxError):
        others += [name for name in _names_of_the_others(environ) if name != winner.source]
    if winner is not sandbox:
        winner = _completed(winner, given, environment)
    elif given.project_id or given.space_id:
        winner = replace(winner, project_id=given.project_id, space_id=given.space_id)
    return _bare(replace(winner, shadowed=tuple(dict.fromkeys(others))))


def _environment(environ: Mapping[str, str], given: Given) -> Given:
    """Return what the environment gives; what is wrong with it harms nobody who needs it not."""
    try:
        return from_environment(environ)
    except WatsonxError as problem:
        if not given.has_credential:
            raise
        return Given("environment", notes=(problem.message,))


def _first_of_the_others(environ: Mapping[str, str]) -> list[Given]:
    for load in (
        profiles.default,
        lambda: files.named_by_environment(environ),
        lambda: studio.from_studio(environ),
    ):
        found = load()
        if found is not None and found.has_credential:
            return [found]
    return []


def _names_of_the_others(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the names alone: a keyring may ask its owner for leave."""
    if name := profiles.default_name():
        yield f"profile {name}"
    if (file := files.named_by_environment(environ)) is not None and file.has_credential:
        yield file.source
    if (found := studio.from_studio(environ)) is not None:
        yield found.source


def _completed(winner: Given, given: Given, environment: Given) -> Given:
    """Take what the winner leaves open, hosts as a whole, from what was given or is around it."""
    sources = [given, winner, environment]
    where = next((one for one in sources if one.url or one.region), winner)
    scope = next((one for one in sources if one.project_id or one.space_id), winner)
    return replace(
        winner,
        url=where.url,
        region=where.region,
        iam_url=given.iam_url or where.iam_url,
        platform_url=given.platform_url or where.platform_url,
        kind=given.kind or winner.kind,
        project_id=scope.project_id,
        space_id=scope.space_id,
        model=given.model or winner.model,
        ca_bundle=given.ca_bundle or winner.ca_bundle or environment.ca_bundle,
        trusted_profile_id=given.trusted_profile_id or winner.trusted_profile_id,
        # who names the kind opens a host of somebody's own: it has to be who has the credential
        joined=winner.joined or where is not winner or (given is not winner and bool(given.kind)),
        notes=tuple(dict.fromkeys((*winner.notes, *given.notes, *environment.notes))),
    )


def _bare(found: Given) -> Given:
    """Return it with a key that stands alone, also where more was pasted."""
    if found.api_key is None:
        return found
    key, note = bare_key(found.api_key)
    return replace(found, api_key=key, notes=(*found.notes, note) if note else found.notes)


def _nothing() -> NotConnected:
    lie = files.lying_about(Path.cwd())
    message = "not connected: no API key was given, and WATSONX_API_KEY is not set."
    if lie:
        message += f"\n{' and '.join(lie)} in this folder: not read, because nobody named it."
    return NotConnected(
        message,
        hint="Next: run %watsonx login, or set WATSONX_API_KEY, WATSONX_REGION and "
        "WATSONX_PROJECT_ID." + (f" Or: %watsonx login --env {lie[0]}" if lie else ""),
    )
