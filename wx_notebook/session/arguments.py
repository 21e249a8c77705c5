"""What `connect` was given, as one source of a credential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.credentials import Given, Secret, checked_kind
from wx_notebook.credentials.secret import Held, without_keys
from wx_notebook.errors import BadOption, near

#: What is given besides stands for itself; these come from one place.
_CREDENTIALS = ("api_key", "token", "password")


#: What `connect` takes.
NAMES = (
    "api_key", "token", "region", "url", "project_id", "space_id", "profile", "kind", "username",
    "password", "iam_url", "platform_url", "ca_bundle", "trusted_profile_id", "credentials",
)  # fmt: skip


def check_names(strange: Sequence[str]) -> None:
    """Refuse what `connect` does not take; of a value nothing is said, it may be a key.

    Raises
    ------
    BadOption
        There is one, with the nearest name.
    """
    if not strange:
        return
    name = without_keys(strange[0])
    if " " in name:
        raise BadOption(
            f"wx.connect was given {name}.", hint='Write the name: wx.connect(profile="work", ...)'
        )
    raise BadOption(
        f"wx.connect takes no '{name}'.{near(name, NAMES)}",
        hint="A key in a cell is saved with the notebook: prefer %watsonx login.",
    )


def given_by(*, credentials: Held, profile: str = "", **arguments: Any) -> Given:  # noqa: ANN401
    """Return the arguments of `connect` as a source, with the profile or form that they name.

    Raises
    ------
    BadOption
        More than one credential, or something of the wrong type.
    NotConnected
        The profile's key is not there.
    """
    for name, value in arguments.items():
        _check_type(name, value)
    arguments = {name: value for name, value in arguments.items() if value not in (None, "")}
    arguments["kind"] = checked_kind(arguments.get("kind", ""))
    api_key = arguments.get("api_key")
    if isinstance(api_key, Secret) and api_key.reveal().startswith("@"):
        # the file that IBM Cloud's command line takes in this form
        if credentials.open() is not None:
            raise BadOption("Both api_key= and credentials= were given.", hint="Give one of them.")
        credentials = Held(arguments.pop("api_key").reveal())
    base = _base(credentials, profile)
    credentials_given = [name for name in _CREDENTIALS if name in arguments]
    if len(credentials_given) + (base is not None and base.has_credential) > 1:
        names = [*credentials_given, *(["credentials or profile"] if base is not None else [])]
        raise BadOption(
            f"More than one credential was given: {' and '.join(names)}.", hint="Give one of them."
        )
    if base is None:
        return Given("arguments", **arguments)
    own_hosts = {"url", "region"} & arguments.keys()
    if own_hosts:
        base = replace(base, url="", region="", iam_url="", platform_url="")
    if profile or base.source.startswith("file "):
        # its key was given with other hosts, or another word; the rest of the call is one source
        base = replace(base, joined=bool(own_hosts) or arguments["kind"] not in ("", base.kind))
    elif arguments["kind"]:
        base = replace(base, joined=False)
    if {"project_id", "space_id"} & arguments.keys():
        base = replace(base, project_id="", space_id="")
    return replace(base, **(arguments | {"kind": arguments["kind"] or base.kind}))


def _base(credentials: Held, profile: str) -> Given | None:
    """Return what `credentials=` or `profile=` names."""
    if credentials.open() is not None:
        from wx_notebook.credentials.ibm_forms import from_ibm

        if profile:
            raise BadOption("Both credentials= and profile= were given.", hint="Give one of them.")
        return from_ibm(credentials.open())
    return named_profile(profile) if profile else None


def named_profile(name: str) -> Given:
    """Return the profile with this name, key and all.

    Raises
    ------
    BadOption, NotConnected
        There is no such profile, or its key is not in the keyring.
    """
    from wx_notebook.credentials.profiles import from_profile

    return from_profile(name)


def _check_type(name: str, value: object) -> None:
    if value is None or isinstance(value, str):
        return
    if name in _CREDENTIALS and (
        isinstance(value, Secret) or (name == "token" and callable(value))
    ):
        return
    if name == "ca_bundle" and hasattr(value, "__fspath__"):
        return
    raise BadOption(
        f"{name}= takes a text, not {type(value).__name__}.", hint="See help(wx.connect)."
    )
