"""Named profiles: the key in the keyring of the operating system, the rest in the settings file."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from wx_notebook import settings
from wx_notebook.credentials import keyring_store
from wx_notebook.credentials.connection_params import ConnectionParams, validate_kind
from wx_notebook.credentials.regions import IAM_HOSTS, region_by_name, region_of_host
from wx_notebook.credentials.secret import Secret, SecretKind
from wx_notebook.errors import (
    BadOption,
    HostRefused,
    NotConnected,
    UnknownRegion,
    WatsonxError,
    did_you_mean,
    mask_keys,
)
from wx_notebook.hints import login_hint
from wx_notebook.settings import Profile
from wx_notebook.settings.connection_fields import PROFILE_FIELDS

_FIELD_NAMES = {"api_key": "API key", "token": "token", "password": "password"}


def from_profile(name: str) -> ConnectionParams:
    """Return what a profile gives.

    Raises
    ------
    BadOption
        There is no such profile (the message has the nearest one), or the file can't be used.
    NotConnected
        Its key is not in the keyring, or there is no keyring.
    HostRefused
        The file names other hosts than those that the key was given with.
    """
    profile = settings.profile(name)
    params = params_of(profile)
    entry = keyring_store.read_entry(name)
    if entry is None:
        raise NotConnected(
            f"Profile '{name}' has no key in the keyring of this machine.",
            hint=login_hint(f"--remember {name}"),
        )
    if (hosts := _foreign_hosts(profile)) != entry.hosts:
        raise HostRefused(
            f"The key of profile '{name}' was given for {_hosts_text(entry.hosts)}, but "
            f"{settings.settings_file()} now names {_hosts_text(hosts)}.",
            hint=f"If you changed the file, store the key again. "
            f"{login_hint(f'--remember {name}')}",
        )
    return replace(
        params,
        profile=name,
        **{entry.field: entry.secret},  # type: ignore[arg-type]
    )


def params_of(profile: Profile) -> ConnectionParams:
    """Return the fields of a profile as a source without a credential; the keyring is not read."""
    values = {field: getattr(profile, field) for field in PROFILE_FIELDS}
    values["kind"] = validate_kind(profile.kind)
    return ConnectionParams(f"profile {profile.name}", **values)


def from_default_profile() -> ConnectionParams | None:
    """Return what the default profile gives, None if there is none; raises as `from_profile`."""
    name = settings.default_profile()
    return from_profile(name) if name else None


def saved_profiles() -> list[tuple[Profile, bool]]:
    """Return each profile, and whether it is the default; the keyring is not read.

    Raises
    ------
    BadOption
        The settings file can't be used.
    """
    default = settings.default_profile()
    return [(profile, name == default) for name, profile in settings.profiles().items()]


def remember_credentials(name: str, params: ConnectionParams) -> str:
    """Store a credential as a profile: the key in the keyring, the rest in the settings file.

    Parameters
    ----------
    name
        The name of the profile.
    params
        What signed in.

    Returns
    -------
    str
        The line that says what was stored and where.

    Raises
    ------
    BadOption
        The name is not valid, there is nothing that can be stored, or there is no place for it.
        Then nothing was changed.
    HostRefused
        It would bind the key to a host outside IBM that did not come with it.
    """
    name = settings.validate_profile_name(name)
    field, secret = _credential_of(params)
    profile = _new_profile(name, params)
    if params.mixed_sources:
        _check_hosts_allowed(profile)
    _check_no_secret(profile, field, secret)
    # errors in the file come before anything is written
    settings.profiles()
    before = keyring_store.write_entry(name, secret, hosts=_foreign_hosts(profile), field=field)
    is_saved = False
    try:
        settings.save_profile(profile)
        is_saved = True
    finally:
        if not is_saved:
            with contextlib.suppress(WatsonxError):
                keyring_store.restore_entry(name, before)
    as_default = " as the default" if settings.default_profile() == name else ""
    return (
        f"profile '{name}' is remembered{as_default}: the {_FIELD_NAMES[field]} in the "
        f"{keyring_store.keyring_name() or 'system keyring'}, the rest in "
        f"{settings.settings_file()}"
    )


def _new_profile(name: str, params: ConnectionParams) -> Profile:
    values = {key: str(getattr(params, key)).strip() for key in PROFILE_FIELDS}
    values["kind"] = validate_kind(values["kind"])
    if values["ca_bundle"]:
        # the next kernel may run in another folder; resolve() would follow a link that is renewed
        path = Path(params.ca_bundle).expanduser()
        values["ca_bundle"] = os.path.abspath(path)  # noqa: PTH100
    return Profile(name, **values)


def _check_no_secret(profile: Profile, field: str, secret: Secret) -> None:
    """Refuse a profile that would write the secret into the settings file."""
    for key in ("name", *PROFILE_FIELDS):
        value = getattr(profile, key)
        if secret.hide_in(value) != value:
            raise BadOption(
                f"The {_FIELD_NAMES[field]} is also in {key}, which would be stored in a file.",
                hint=f"Give another {key}, or none.",
            )


def forget_profile(name: str) -> str:
    """Remove a profile from the keyring and the settings file; return the line that says so.

    Raises
    ------
    BadOption
        It is in neither of them, or one of them could not be changed. If the entry can't be removed
        from the keyring, the file stays as it is, so that the user can try again.
    """
    name = settings.validate_profile_name(name)
    from_keyring = keyring_store.delete_entry(name)
    from_file = settings.remove_profile(name)
    if not from_keyring and not from_file:
        raise BadOption(
            f"There is no profile '{name}'.{did_you_mean(name, settings.profiles())}",
            hint="%watsonx profiles lists your profiles.",
        )
    places = ["the system keyring"] if from_keyring else []
    places += [str(settings.settings_file())] if from_file else []
    line = f"profile '{name}' is forgotten: removed from {' and '.join(places)}"
    return line if from_keyring else f"{line} (it had no key in a system keyring)"


def _credential_of(params: ConnectionParams) -> tuple[SecretKind, Secret]:
    """Return the field that is stored in the keyring, and its secret."""
    if params.api_key:
        return "api_key", params.api_key
    if params.password:
        return "password", params.password
    if isinstance(params.token, Secret) and params.token:
        return "token", params.token
    if params.token:
        raise BadOption(
            "A function that returns tokens can't be remembered.",
            hint="Give it in each kernel: wx.connect(token=...). An API key can be remembered.",
        )
    raise BadOption("There is no key to remember.", hint=login_hint("--remember NAME"))


def _foreign_hosts(profile: Profile) -> str:
    """Return the hosts of a profile that are not IBM's, in one order and one spelling.

    A user may exchange IBM's hosts for each other by hand (another region). The host of a cluster
    or a sandbox, and any address that is not understood here, must stay.
    """
    hosts = {_host_of(text) for text in (profile.url, profile.iam_url, profile.platform_url)}
    if _is_address(profile.region):
        hosts.add(_host_of(profile.region))
    return " ".join(sorted(hosts - {""}))


def _check_hosts_allowed(profile: Profile) -> None:
    """Refuse a host of another source: in the profile, it would look as if the key came with it."""
    # `saved_profiles` is used without the HTTP library
    from wx_notebook.transport import is_loopback

    for host in _foreign_hosts(profile).split():
        try:
            is_allowed = is_loopback(urlsplit(host).hostname or "")
        except ValueError:
            is_allowed = False
        if not is_allowed:
            raise HostRefused(
                f"The host {mask_keys(host)} was not given together with the key.",
                hint="Give both together: wx.connect(api_key=..., url=..., kind=...).",
            )


def _is_address(region: str) -> bool:
    if not any(mark in region for mark in (".", ":", "/")) and region.lower() != "localhost":
        return False
    try:
        # "N. Virginia"
        region_by_name(region)
    except UnknownRegion:
        return True
    return False


def _host_of(text: str) -> str:
    """Return scheme, host and port of an address, "" for a host of IBM."""
    text = text.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return mask_keys(text)
    if parts.scheme == "https" and port in (None, 443):
        return "" if host in IAM_HOSTS or region_of_host(host) else f"https://{host}"
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _hosts_text(hosts: str) -> str:
    return mask_keys(hosts) or "IBM's hosts"
