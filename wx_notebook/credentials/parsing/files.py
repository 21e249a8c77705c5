"""Credentials in files: a file that the user names, and those that merely lie in a folder.

A file is read only if the user or an environment variable names it: a cloned repository could have
brought any other. Nothing is written into `os.environ`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from wx_notebook.credentials.connection_params import SANDBOX_VARIABLE, ConnectionParams
from wx_notebook.credentials.environment import find_secret_variables, from_environment
from wx_notebook.credentials.hosts import CLUSTER_KINDS, endpoints_of
from wx_notebook.credentials.parsing.assignments import Assignments, read_assignments
from wx_notebook.credentials.parsing.field_names import with_short_names
from wx_notebook.credentials.parsing.file_access import (
    find_file,
    not_credentials,
    quote_path,
    read_secret_text,
)
from wx_notebook.credentials.parsing.file_formats import is_kubernetes_secret, recognise_text
from wx_notebook.credentials.parsing.ibm_dict import (
    describe_names,
    find_service_credentials,
    from_ibm_dict,
)
from wx_notebook.credentials.parsing.structures import read_json, read_structures, variables_in
from wx_notebook.credentials.secret import OpaqueMapping, Secret, json_object
from wx_notebook.credentials.urls import host_of
from wx_notebook.credentials.variables import READ_NAMES, SECRET_VARIABLES
from wx_notebook.errors import (
    BadOption,
    HostRefused,
    NotConnected,
    WatsonxError,
    did_you_mean,
    mask_all_keys,
    mask_keys,
    strip_frames,
)
from wx_notebook.transport import is_loopback

#: Names the env-style file that IBM's SDKs share (`ibm-cloud-sdk-common`).
IBM_VARIABLE = "IBM_CREDENTIALS_FILE"
#: The variable in which Cloud Foundry and Code Engine give the credentials of services.
VCAP = "VCAP_SERVICES"
#: Files that people keep beside their notebooks. The names of the last two say what they are.
_USUAL_FILES = (".env", "apikey.json", "ibm-credentials.env")


def from_file(path: str | os.PathLike[str], *, source: str = "") -> ConnectionParams:
    """Return what a file gives that the user named: JSON as IBM Cloud offers it, or env style.

    Parameters
    ----------
    path
        The file; "~" is the home folder.
    source
        The name of the source in a line, "file NAME" if not given.

    Raises
    ------
    BadOption
        There is no such file, or it can't be read as text.
    NotConnected
        It has no credential inside.
    Interrupted
        The user stopped it.
    """
    # the frames of python-dotenv hold the lines of the file, too
    return strip_frames(lambda: _read(path, source), "Stopped while reading a file.")


def _read(path: str | os.PathLike[str], source: str) -> ConnectionParams:
    file = find_file(path)
    name = mask_keys(file.name)
    text, others_can_read = read_secret_text(file)
    params = _parse(text, name, source or f"file {name}", OpaqueMapping(os.environ))
    if others_can_read:
        command = f"chmod 600 {shlex.quote(quote_path(path))}"
        note = f"other users of this machine can read {name}. To change that: {command}"
        params = replace(params, notes=(*params.notes, note))
    return params


def from_text(text: Secret, source: str) -> ConnectionParams:
    """Return what a pasted file of credentials gives; raises as `from_file`."""
    return strip_frames(
        lambda: _parse(text, "the pasted text", source, OpaqueMapping(os.environ)),
        "Stopped while reading a text.",
    )


def from_ibm_variable(environ: Mapping[str, str]) -> ConnectionParams | None:
    """Return what the file of `IBM_CREDENTIALS_FILE` gives, None if it has nothing for watsonx.ai.

    All of IBM's SDKs share the variable, so it is no error if the file is gone or is about another
    service.

    Raises
    ------
    HostRefused
        The path is relative, and the file leads to a cluster: a cloned repository could have
        brought the file, and prompts would go to a stranger.
    """
    path = environ.get(IBM_VARIABLE, "").strip()
    if not path:
        return None
    name = mask_keys(Path(path).name)
    try:
        params = from_file(path, source=f"file {name} ({IBM_VARIABLE})")
        is_absolute = Path(path).expanduser().is_absolute()
    except (WatsonxError, RuntimeError):
        return None
    if params.has_credential and not is_absolute and _leads_to_a_cluster(params):
        raise HostRefused(
            f"{name} is not used: it leads to a cluster, and {IBM_VARIABLE} names it by a relative "
            "path. Whoever made this folder could have brought the file.",
            hint=f"If it is yours, set {IBM_VARIABLE} to its whole path: "
            f"{mask_all_keys(str(Path(path).resolve()))}",
        )
    return params


def from_bound_services(environ: Mapping[str, str]) -> ConnectionParams | None:
    """Return what the platform gives of a bound watsonx.ai service, None for none.

    Cloud Foundry and Code Engine write the credentials of all services into one variable.
    """
    services = json_object(Secret(environ.get(VCAP, "")))
    found = find_service_credentials(services) if services is not None else None
    if found is None or found is services:
        # of other services alone
        return None
    try:
        params = from_ibm_dict(found, f"environment ({VCAP})")
    except WatsonxError:
        return None
    return params if params.has_credential else None


def _leads_to_a_cluster(params: ConnectionParams) -> bool:
    """Return whether the credential would go to a host that is not IBM's and not this machine."""
    try:
        bases = endpoints_of(params)
    except WatsonxError:
        # `hosts` says what is wrong with it
        return False
    return bases.kind in CLUSTER_KINDS and not is_loopback(host_of(bases.url))


def find_unread_files(folder: Path) -> tuple[str, ...]:
    """Return the names of files in a folder that look like credentials; none of them is used.

    In `.env` only the names of the variables are looked at, since most such files are about other
    things. Never raises.
    """
    names = []
    for name in _USUAL_FILES:
        try:
            if (folder / name).is_file() and (name != ".env" or _has_our_secrets(folder / name)):
                names.append(name)
        except (OSError, ValueError, WatsonxError):
            continue
    return tuple(names)


def from_sandbox(environ: Mapping[str, str]) -> ConnectionParams | None:
    """Return the sandbox that `wx-notebook demo` runs beside this kernel, if there is one."""
    path = environ.get(SANDBOX_VARIABLE, "")
    if not path:
        return None
    try:
        fields = json_object(Secret(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # the demo has ended and removed its file
        return None
    names = ("api_key", "url", "project_id")
    if fields is None or not all(isinstance(fields.get(name), str) for name in names):
        return None
    key = Secret(str(fields["api_key"]))
    return ConnectionParams(
        "sandbox", key, url=str(fields["url"]), project_id=str(fields["project_id"])
    )


def _parse(text: Secret, name: str, source: str, environ: Mapping[str, str]) -> ConnectionParams:
    if kind := recognise_text(text.reveal()):
        raise not_credentials(name, kind)
    if is_kubernetes_secret(text.reveal()):
        raise BadOption(
            f"{name} is a Kubernetes Secret: its values are base64, not the key itself.",
            hint="Decode the value (base64 -d) and give it: %watsonx login. Values below "
            "stringData: can be read.",
        )
    if text.reveal().lstrip().startswith("{"):
        return _from_json(text, name, source)
    for fields in read_structures(text):
        params = _from_structure(fields, source)
        if params is not None and params.has_credential:
            return params
    return _from_lines(read_assignments(text, environ), name, source)


def _from_json(text: Secret, name: str, source: str) -> ConnectionParams:
    fields = read_json(text)
    if fields is None:
        raise BadOption(
            f"{name} looks like JSON but can't be parsed.", hint="Download it again, or fix it."
        )
    if "cells" in fields and "nbformat" in fields:
        raise not_credentials(name, "a notebook")
    params = _from_structure(fields, source)
    if params is None:
        raise NotConnected(
            f"{name} has no API key inside: {describe_names(fields)}",
            hint='It must hold the key as {"apikey": "..."}, as IBM Cloud offers it for download.',
        )
    return params


def _from_structure(fields: Mapping[str, object] | None, source: str) -> ConnectionParams | None:
    """Return what an object of JSON or TOML gives, None if it holds no credential."""
    if fields is None:
        return None
    params = from_ibm_dict(find_service_credentials(fields), source)
    if params.has_credential:
        return params
    # the names of the environment, as editors and tools keep them in their settings
    variables = variables_in(fields)
    for named in (variables, with_short_names(variables)):
        by_names = from_environment(named, source=source)
        if by_names.has_credential:
            return replace(by_names, source=source)
    return None


def _from_lines(found: Assignments, name: str, source: str) -> ConnectionParams:
    variables = found.variables
    params = from_environment(variables, source=source)
    if not params.has_credential and (services := json_object(Secret(variables.get(VCAP, "")))):
        params = from_ibm_dict(find_service_credentials(services), source)
    if not params.has_credential:
        params = from_environment(with_short_names(variables), source=source)
    if not params.has_credential:
        raise _without_credential(found, params, name)
    notes = (f"{_cannot_be_read(found.bad_lines, name)}.",) if found.bad_lines else ()
    return replace(
        params,
        source=source,
        notes=(*params.notes, *notes),
        # what came from the environment was not given together with the hosts of the file
        mixed_sources=params.mixed_sources or found.uses_environment,
    )


def _without_credential(found: Assignments, params: ConnectionParams, name: str) -> NotConnected:
    if params.username:
        return NotConnected(
            f"The password is missing in {name}: a user name needs a password or an API key.",
            hint="Add a line WATSONX_PASSWORD=... or WATSONX_API_KEY=... to it.",
        )
    known = [word for word in found.variables if word in READ_NAMES]
    unknown = (word for word in found.variables if word not in READ_NAMES and _is_showable(word))
    suggestions = (did_you_mean(word, SECRET_VARIABLES) for word in islice(unknown, 50))
    missing = [word for word in found.missing if _is_showable(word)]
    return NotConnected(
        f"{name} has no API key, token or password inside"
        + (f", only {', '.join(known[:5])}." if known else ".")
        + next(filter(None, suggestions), "")
        + (f" It refers to {', '.join(missing[:3])}, which is not set." if missing else "")
        + (f" {_cannot_be_read(found.bad_lines, name)}." if found.bad_lines else ""),
        hint="Add a line WATSONX_API_KEY=... to it (see %watsonx help).",
    )


def _cannot_be_read(lines: tuple[int, ...], name: str) -> str:
    numbers = ", ".join(str(number) for number in lines[:5])
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f"Line{'s' if len(lines) > 1 else ''} {numbers}{more} of {name} can't be read"


def _is_showable(word: str) -> bool:
    """Return whether a name is surely no secret: a key alone in a line is read as a name, too."""
    return re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", word) is not None and len(word) < 30


def _has_our_secrets(file: Path) -> bool:
    return bool(find_secret_variables(read_assignments(read_secret_text(file)[0], {}).variables))
