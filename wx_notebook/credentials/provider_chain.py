"""Which credential is used, of all the places where one may lie, and the secrets in these places.

Where a recording answers (`WX_NOTEBOOK_REPLAY`), no credential is needed and none is looked for.
Else the order: the arguments of the call (also of the form, `login`, `use`); a sign-in that the
Jupyter server of this kernel holds, which was given there; the environment; the sandbox of
`wx-notebook demo`, if that runs; the default profile; a file that the environment names; watsonx
Studio.

A URL, its IAM and its project come from one source. A source without a credential may complete one
that has it, but only by a region of IBM's table or an address of this machine (`hosts`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from wx_notebook.credentials import keyring_store, profiles
from wx_notebook.credentials.connection_params import NAMED_SOURCES, ConnectionParams
from wx_notebook.credentials.environment import from_environment, missing_password
from wx_notebook.credentials.hosts import CLUSTER_KINDS
from wx_notebook.credentials.parsing.files import (
    VCAP,
    find_unread_files,
    from_bound_services,
    from_ibm_variable,
    from_sandbox,
)
from wx_notebook.credentials.parsing.pasted import extract_key
from wx_notebook.credentials.replay_source import completed, from_replay
from wx_notebook.credentials.secret import OpaqueMapping, Secret, SecretKind
from wx_notebook.credentials.server_sign_in import from_server, lost_sign_in
from wx_notebook.credentials.studio import from_studio
from wx_notebook.credentials.variables import SECRET_VARIABLES, VARIABLES
from wx_notebook.errors import KeyRefused, NotConnected, WatsonxError
from wx_notebook.hints import login_hint
from wx_notebook.settings import default_profile

#: Notes in an error: it has six lines.
_MOST_NOTES = 3


class KnownSecret(NamedTuple):
    """A secret, its kind, and the name of the place where it lies."""

    name: str
    kind: SecretKind
    secret: Secret


def find_credentials(
    params: ConnectionParams, environ: Mapping[str, str], *, only_names: bool = False
) -> ConnectionParams:
    """Return the source whose credential is used, completed by the sources without one.

    Parameters
    ----------
    params
        The arguments of the call.
    environ
        The environment.
    only_names
        Whether the name of the default profile is enough. Then its key is not read from the
        keyring, which may ask the user for permission.

    Raises
    ------
    NotConnected
        No source has a credential.
    KeyRefused
        The key that would be used can't be an API key.
    BadOption
        The default profile is needed, but the file with the profiles can't be read.
    """
    replay = None if params.has_credential else from_replay()
    if replay is not None:
        # nothing else would make a difference, and no key of this machine is touched
        return completed(replay, params, _environment(environ, replay))
    server = from_server()
    first = params if params.has_credential or server is None else server
    environment, sandbox = _environment(environ, first), from_sandbox(environ)
    sources = [one for one in (params, server, environment) if one and one.has_credential]
    # the key of a sandbox is valid for that sandbox only
    if sandbox is not None and not (params.url or params.region):
        sources.append(sandbox)
    if not sources:
        if only_names and (name := default_profile()):
            return ConnectionParams(f"profile {name}")
        sources = _first_of_the_others(environ)
    if not sources:
        raise _nothing_found(params, environment)
    winner = sources[0]
    shadowed = [
        *winner.shadowed,
        *(name for source in sources[1:] for name in (source.source, *source.shadowed)),
    ]
    # a broken file with profiles must not stop another credential
    with contextlib.suppress(WatsonxError):
        shadowed += [name for name in _names_of_the_others(environ) if name != winner.source]
    if winner is not sandbox:
        winner = _complete(winner, params, environment)
    elif params.project_id or params.space_id:
        winner = replace(winner, project_id=params.project_id, space_id=params.space_id)
    return _with_bare_key(replace(winner, shadowed=tuple(dict.fromkeys(shadowed))))


def _environment(environ: Mapping[str, str], params: ConnectionParams) -> ConnectionParams:
    """Return what the environment gives. Errors matter only if it is the source in use."""
    try:
        given = from_environment(environ)
        bound = None if given.has_credential else from_bound_services(environ)
        return given if bound is None else _completed_by(bound, given)
    except WatsonxError as error:
        if not params.has_credential:
            raise
        return ConnectionParams("environment", notes=(error.message,))


def _completed_by(bound: ConnectionParams, given: ConnectionParams) -> ConnectionParams:
    """Return the credentials of a bound service with what the other variables say besides."""
    return replace(
        bound,
        region="" if bound.url else given.region,
        url=bound.url or given.url,
        project_id=given.project_id,
        space_id=given.space_id,
        model=given.model,
        notes=(*bound.notes, *given.notes),
    )


def _first_of_the_others(environ: Mapping[str, str]) -> list[ConnectionParams]:
    for load in (
        profiles.from_default_profile,
        lambda: from_ibm_variable(environ),
        lambda: from_studio(environ),
    ):
        params = load()
        if params is not None and params.has_credential:
            return [params]
    return []


def _names_of_the_others(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield names only: a keyring may ask the user for permission."""
    if name := default_profile():
        yield f"profile {name}"
    if (file := from_ibm_variable(environ)) is not None and file.has_credential:
        yield file.source
    if (studio := from_studio(environ)) is not None:
        yield studio.source


def _complete(
    winner: ConnectionParams, params: ConnectionParams, environment: ConnectionParams
) -> ConnectionParams:
    """Take what the winner leaves open from the arguments or the environment."""
    sources = [params, winner, environment]
    hosts = next((one for one in sources if one.url or one.region), winner)
    scope = next((one for one in sources if one.project_id or one.space_id), winner)
    return replace(
        winner,
        url=hosts.url,
        region=hosts.region,
        iam_url=params.iam_url or hosts.iam_url,
        platform_url=params.platform_url or hosts.platform_url,
        kind=params.kind or winner.kind,
        project_id=scope.project_id,
        space_id=scope.space_id,
        # a profile may name none on purpose
        model=params.model or winner.model or ("" if winner.profile else environment.model),
        ca_bundle=params.ca_bundle or winner.ca_bundle or environment.ca_bundle,
        trusted_profile_id=params.trusted_profile_id or winner.trusted_profile_id,
        # the kind opens a host outside IBM: it must come from the source of the credential
        mixed_sources=winner.mixed_sources
        or hosts is not winner
        or (params is not winner and bool(params.kind)),
        notes=tuple(dict.fromkeys((*winner.notes, *params.notes, *environment.notes))),
    )


def _with_bare_key(params: ConnectionParams) -> ConnectionParams:
    """Return the source with its key alone, if the key was pasted with text around it."""
    if params.api_key is None:
        return params
    refused: KeyRefused
    try:
        key, note = extract_key(params.api_key)
    except KeyRefused as error:
        refused = error
        if params.source.startswith(NAMED_SOURCES):
            refused = KeyRefused(f"{error.message} It is from: {params.source}.", hint=error.hint)
    else:
        return replace(params, api_key=key, notes=(*params.notes, note) if note else params.notes)
    raise refused


def _nothing_found(params: ConnectionParams, environment: ConnectionParams) -> NotConnected:
    """Return the error for no credential anywhere, with what was nearly one."""
    is_cluster = params.kind in CLUSTER_KINDS or environment.kind in CLUSTER_KINDS
    username = params.username or environment.username
    if is_cluster or params.username:
        error = missing_password(username)
    else:
        error = lost_sign_in() or _not_connected()
    notes = "".join(f"\n{note}" for note in environment.notes[:_MOST_NOTES])
    return NotConnected(error.message + notes, hint=error.hint)


def _not_connected() -> NotConnected:
    files = find_unread_files(Path.cwd())
    message = "not connected: no API key was given, and WATSONX_API_KEY is not set."
    if files:
        verb = "was" if len(files) == 1 else "were"
        message += f"\n{' and '.join(files)} in this folder {verb} not read: you must name a file."
    return NotConnected(
        message,
        hint=login_hint(after=", or set WATSONX_API_KEY, WATSONX_REGION and WATSONX_PROJECT_ID")
        # a file is read without a question, so this works everywhere
        + (f" Or: %watsonx login --env {files[0]}" if files else ""),
    )


def known_secrets(environ: Mapping[str, str]) -> tuple[list[KnownSecret], list[str]]:
    """Return the secrets of the environment and of the profiles, and a line for each error.

    A keyring is read only if there are profiles.
    """
    secrets = list(_secrets_of_environment(OpaqueMapping(environ)))
    errors = []
    try:
        names = [profile.name for profile, _ in profiles.saved_profiles()]
    except WatsonxError as error:
        names, errors = [], [error.message]
    for name in names:
        try:
            entry = keyring_store.read_entry(name)
        except WatsonxError as error:
            errors.append(error.message)
            continue
        if entry is not None:
            secrets.append(KnownSecret(f"profile {name}", entry.field, entry.secret))
    return secrets, errors


def _secrets_of_environment(environ: Mapping[str, str]) -> Iterator[KnownSecret]:
    for name in SECRET_VARIABLES:
        if environ.get(name, "").strip():
            kind: SecretKind = "api_key"
            if name in VARIABLES["password"]:
                kind = "password"
            elif name in VARIABLES["token"] or name == SECRET_VARIABLES[-1]:
                kind = "token"
            yield KnownSecret(name, kind, Secret(environ[name].strip()))
    bound = from_bound_services(environ)
    if bound is not None and bound.api_key is not None:
        yield KnownSecret(VCAP, "api_key", bound.api_key)
    sandbox = from_sandbox(environ)
    if sandbox is not None and sandbox.api_key is not None:
        yield KnownSecret("the sandbox", "api_key", sandbox.api_key)
