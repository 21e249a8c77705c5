"""The arguments of `wx.connect` as one source of a credential."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.credentials.connection_params import (
    CONNECTION_FIELDS,
    CREDENTIAL_FIELDS,
    ConnectionParams,
    validate_kind,
)
from wx_notebook.credentials.environment import missing_password
from wx_notebook.credentials.parsing.files import from_file
from wx_notebook.credentials.parsing.ibm_dict import (
    CREDENTIALS_HINT,
    describe_names,
    fields_of,
    from_ibm_dict,
)
from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.credentials.profiles import from_profile
from wx_notebook.credentials.regions import find_region
from wx_notebook.credentials.secret import Opaque, Secret, json_object
from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.hints import login_hint

#: The names of the arguments.
ARGUMENTS = (*(name for name, row in CONNECTION_FIELDS.items() if row.help), "credentials")
_GIVE_ONE = "Give one of them."
_KEY_WITHOUT_NAME = "a key without a name"
#: What stands where `connect` takes nothing, and how it is written.
_MISPLACED = {
    _KEY_WITHOUT_NAME: "api_key=...",
    "a project ID without a name": "project_id=...",
    "a region without a name": "region=...",
    "a file without a name": "credentials=...",
    "a value without a name": 'profile="work"',
}


def _describe_misplaced(value: Opaque) -> str:
    """Return what a value without a name is; never the value."""
    text = Secret(value.open().strip() if isinstance(value.open(), str) else "")
    if is_uuid(text.reveal()):
        return "a project ID without a name"
    if find_region(text.reveal()) is not None or "://" in text.reveal():
        return "a region without a name"
    if re.fullmatch(r".*\.(?:json|env|txt|ya?ml|toml)", text.reveal(), re.IGNORECASE | re.DOTALL):
        return "a file without a name"
    is_word = re.fullmatch(r"[a-z][a-z0-9-]{0,20}", text.reveal()) is not None
    return _KEY_WITHOUT_NAME if text and not is_word else "a value without a name"


def check_arguments(unknown: Sequence[str | Opaque]) -> None:
    """Refuse arguments that `connect` does not take: names, and values without a name.

    Raises
    ------
    BadOption
        There is one; the message has the nearest name.
    """
    if not unknown:
        return
    first = unknown[0]
    name = _describe_misplaced(first) if isinstance(first, Opaque) else mask_keys(first)
    if isinstance(first, Opaque):
        hint = f"Write the name: wx.connect({_MISPLACED[name]}, ...)."
        if name == _KEY_WITHOUT_NAME:
            hint += f" A key in a cell is saved with the notebook. {login_hint()}"
        raise BadOption(f"wx.connect got {name}.", hint=hint)
    raise BadOption(
        f"wx.connect has no argument '{name}'.{did_you_mean(name, ARGUMENTS)}",
        hint=f"A key in a cell is saved with the notebook. "
        f"{login_hint(otherwise='set WATSONX_API_KEY instead')}",
    )


def from_arguments(
    *,
    credentials: Opaque,
    profile: str = "",
    **arguments: Any,  # noqa: ANN401  # of the types that `connect` declares
) -> ConnectionParams:
    """Return the arguments of `connect`, completed by the profile or credentials that they name.

    Raises
    ------
    BadOption
        There is more than one credential, or a value of the wrong type.
    NotConnected
        The key of the profile is not there.
    """
    for name, value in arguments.items():
        _check_type(name, value)
    arguments = {name: value for name, value in arguments.items() if value not in (None, "")}
    arguments["kind"] = validate_kind(arguments.get("kind", ""))
    if "ca_bundle" in arguments:
        arguments["ca_bundle"] = os.fsdecode(arguments["ca_bundle"])
    api_key = arguments.get("api_key")
    if isinstance(api_key, Secret) and api_key.reveal().startswith("@"):
        # IBM Cloud's command line takes the name of a file in this form
        if credentials.open() is not None:
            raise BadOption("Both api_key= and credentials= are given.", hint=_GIVE_ONE)
        credentials = Opaque(arguments.pop("api_key").reveal())
    base = _base(credentials, profile)
    names: list[str] = [name for name in ("api_key", "token", "password") if name in arguments]
    if len(names) + (base is not None and base.has_credential) > 1:
        names += ["credentials or profile"] if base is not None else []
        raise BadOption(
            f"More than one credential is given: {' and '.join(names)}.", hint=_GIVE_ONE
        )
    return ConnectionParams("arguments", **arguments) if base is None else _merge(base, arguments)


def _merge(base: ConnectionParams, arguments: dict[str, Any]) -> ConnectionParams:
    """Return a profile or credentials with the other arguments in the place of its values."""
    kind, names_host = arguments["kind"], bool({"url", "region"} & arguments.keys())
    if names_host:
        base = replace(base, url="", region="", iam_url="", platform_url="")
    if base.profile or base.source.startswith("file "):
        # its key was given with other hosts or another kind; the call is a source of its own
        base = replace(base, mixed_sources=names_host or kind not in ("", base.kind))
    elif kind:
        base = replace(base, mixed_sources=False)
    if {"project_id", "space_id"} & arguments.keys():
        base = replace(base, project_id="", space_id="")
    return replace(base, **(arguments | {"kind": kind or base.kind}))


def _base(credentials: Opaque, profile: str) -> ConnectionParams | None:
    """Return what `credentials=` or `profile=` names."""
    if credentials.open() is None:
        return from_profile(profile) if profile else None
    if profile:
        raise BadOption("Both credentials= and profile= are given.", hint=_GIVE_ONE)
    return from_credentials(credentials.open())


def from_credentials(credentials: object) -> ConnectionParams:
    """Return what `wx.connect(credentials=...)` gives.

    Parameters
    ----------
    credentials
        A dict, an `ibm_watsonx_ai.Credentials` or `APIClient`, the text of a JSON object, or the
        name of a file as `str` or `Path`, also with an "@" in front as `ibmcloud login` takes it.

    Raises
    ------
    BadOption
        It is not one of these, has no credential, or switches TLS verification off.
    NotConnected
        The file has no credential inside.
    """
    if isinstance(credentials, os.PathLike):
        return _from_named_file(os.fspath(credentials))
    if isinstance(credentials, str):
        text = Secret(credentials.strip())
        del credentials
        return _from_text(text)
    fields = fields_of(credentials)
    type_name = type(credentials).__name__
    # from here on, no local variable holds the values
    del credentials
    if fields is None:
        raise BadOption(
            f"credentials= can't be a value of type {type_name}.", hint=CREDENTIALS_HINT
        )
    params = from_ibm_dict(fields, "arguments (credentials)")
    if params.username and not params.has_credential:
        raise missing_password(params.username)
    if not params.has_credential:
        raise BadOption(
            f"credentials= has no API key, token or password: {describe_names(fields)}",
            hint=CREDENTIALS_HINT,
        )
    return params


def _from_text(text: Secret) -> ConnectionParams:
    if text.reveal().startswith("{"):
        fields = json_object(text)
        if fields is None:
            raise BadOption(
                "credentials= looks like JSON but can't be parsed.", hint=CREDENTIALS_HINT
            )
        return from_credentials(fields)
    if re.fullmatch(r"@?[A-Za-z0-9_-]{40,}", text.reveal()):
        raise BadOption(
            "credentials= can't be an API key.", hint="Give a key as wx.connect(api_key=...)."
        )
    return _from_named_file(text.reveal())


def _from_named_file(name: str | bytes) -> ConnectionParams:
    return from_file(os.fsdecode(name).removeprefix("@"))


def _check_type(name: str, value: object) -> None:
    if value is None or isinstance(value, str):
        return
    if name in CREDENTIAL_FIELDS and (
        isinstance(value, Secret) or (name == "token" and callable(value))
    ):
        return
    if name == "ca_bundle" and hasattr(value, "__fspath__"):
        return
    raise BadOption(
        f"{name}= must be a text, not {type(value).__name__}.", hint="See help(wx.connect)."
    )
