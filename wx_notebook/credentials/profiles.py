"""Named profiles: the key in the operating system's keyring, the rest in the settings file."""

from __future__ import annotations

import contextlib
import os
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from wx_notebook import settings
from wx_notebook.credentials import keyrings
from wx_notebook.credentials.given import Given, checked_kind
from wx_notebook.credentials.secret import Secret, without_keys
from wx_notebook.errors import BadOption, HostRefused, NotConnected, WatsonxError, near
from wx_notebook.settings import Profile

_CALLED = {"api_key": "API key", "token": "token", "password": "password"}


def from_profile(name: str) -> Given:
    """Return what a profile gives.

    Raises
    ------
    BadOption
        There is no such profile (the message has the nearest one), or the file cannot be used.
    NotConnected
        Its key is not in the keyring, or there is no keyring.
    HostRefused
        The file names other hosts than those that the key was given with.
    """
    profile = settings.profile(name)
    kind = checked_kind(profile.kind)
    stored = keyrings.load(name)
    if stored is None:
        raise NotConnected(
            f"profile '{name}' has no key in the keyring of this machine.",
            hint=f"Next: %watsonx login --remember {name}",
        )
    if (hosts := _hosts_of(profile)) != stored.hosts:
        raise HostRefused(
            f"{settings.settings_file()} has been changed: the key of profile '{name}' was given "
            f"for {_named(stored.hosts)}, and the file names {_named(hosts)}.",
            hint=f"If that was you: %watsonx login --remember {name}",
        )
    return Given(
        source=f"profile {name}",
        api_key=stored.secret if stored.what == "api_key" else None,
        token=stored.secret if stored.what == "token" else None,
        password=stored.secret if stored.what == "password" else None,
        username=profile.username,
        kind=kind,
        trusted_profile_id=profile.trusted_profile_id,
        url=profile.url,
        region=profile.region,
        project_id=profile.project_id,
        space_id=profile.space_id,
        iam_url=profile.iam_url,
        platform_url=profile.platform_url,
        ca_bundle=profile.ca_bundle,
        profile=name,
        model=profile.model,
    )


def default() -> Given | None:
    """Return what the default profile gives, None when there is none.

    Raises
    ------
    BadOption, NotConnected, HostRefused
        As in `from_profile`.
    """
    name = default_name()
    return from_profile(name) if name else None


def default_name() -> str:
    """Return the name of the default profile, "" without one; the keyring is left alone.

    Raises
    ------
    BadOption
        The settings file cannot be used.
    """
    return settings.default_profile()


def listed() -> list[tuple[Profile, bool]]:
    """Return each profile, and whether it is the default; the keyring is left alone.

    Raises
    ------
    BadOption
        The settings file cannot be used.
    """
    mark = settings.default_profile()
    return [(profile, name == mark) for name, profile in settings.profiles().items()]


def remember(name: str, given: Given, *, model: str = "") -> str:
    """Keep a credential under a name: the key in the keyring, the rest in the settings file.

    `model` is the one in use; without it, it is what `given` has.

    Returns the line that says what was done and where.

    Raises
    ------
    BadOption
        The name cannot be one, there is nothing that can be remembered, or there is no place for
        it. Then nothing was changed.
    HostRefused
        It would bind the key to a host of somebody's own that did not come with it.
    """
    name = settings.checked_name(name)
    what, secret = _credential_of(given)
    profile = Profile(
        name,
        url=given.url.strip(),
        region=given.region.strip(),
        project_id=given.project_id,
        space_id=given.space_id,
        kind=checked_kind(given.kind),
        username=given.username,
        iam_url=given.iam_url.strip(),
        platform_url=given.platform_url.strip(),
        trusted_profile_id=given.trusted_profile_id,
        # the next kernel may run in another folder
        ca_bundle=os.path.abspath(Path(given.ca_bundle).expanduser()) if given.ca_bundle else "",  # noqa: PTH100  # resolve() would follow a link that is renewed
        model=model or given.model,
    )
    if given.joined:
        _check_joined(profile)
    for field in fields(profile):
        value = getattr(profile, field.name)
        if secret.hide_in(value) != value:
            raise BadOption(
                f"The {_CALLED[what]} also stands in {field.name}, and a file would hold it.",
                hint=f"Give another {field.name}, or none.",
            )
    # what is wrong with the file is said before anything is written
    settings.profiles()
    before = keyrings.store(name, secret, hosts=_hosts_of(profile), what=what)
    written = False
    try:
        settings.save_profile(profile)
        written = True
    finally:
        if not written:
            with contextlib.suppress(WatsonxError):
                keyrings.restore(name, before)
    also = ", and is the default" if settings.default_profile() == name else ""
    return (
        f"profile '{name}' is remembered{also}: the {_CALLED[what]} in the "
        f"{keyrings.name_of_keyring() or 'system keyring'}, the rest in {settings.settings_file()}"
    )


def forget(name: str) -> str:
    """Remove a profile from the keyring and the settings file; return the line that says so.

    Raises
    ------
    BadOption
        It is in neither, or one of them could not be changed. An entry that cannot be removed from
        the keyring leaves the file as it is, so that it can be tried again.
    """
    name = settings.checked_name(name)
    from_keyring = keyrings.delete(name)
    from_file = settings.remove_profile(name)
    if not from_keyring and not from_file:
        raise BadOption(
            f"There is no profile '{name}'.{near(name, settings.profiles())}",
            hint="%watsonx profiles lists those that are there.",
        )
    places = ["the system keyring"] if from_keyring else []
    places += [str(settings.settings_file())] if from_file else []
    line = f"profile '{name}' is forgotten: removed from {' and '.join(places)}"
    return line if from_keyring else f"{line} (it had no key in a system keyring)"


def _credential_of(given: Given) -> tuple[str, Secret]:
    if given.api_key:
        return "api_key", given.api_key
    if given.password:
        return "password", given.password
    if isinstance(given.token, Secret) and given.token:
        return "token", given.token
    if given.token:
        raise BadOption(
            "A function that returns tokens cannot be remembered.",
            hint="Give it in each kernel: wx.connect(token=...). An API key can be remembered.",
        )
    raise BadOption(
        "There is no key to be remembered.", hint="Next: %watsonx login --remember NAME"
    )


def _hosts_of(profile: Profile) -> str:
    """Return the hosts in a profile that are none of IBM's, in one order and one spelling.

    IBM's own may be exchanged for each other by hand (another region); a cluster, a sandbox and
    whatever this does not understand may not.
    """
    found = {_host_of(text) for text in (profile.url, profile.iam_url, profile.platform_url)}
    if _is_address(profile.region):
        found.add(_host_of(profile.region))
    return " ".join(sorted(found - {""}))


def _check_joined(profile: Profile) -> None:
    """Refuse a host that another source named: remembered, it would look as if the key's did."""
    from wx_notebook.transport import is_loopback

    for host in _hosts_of(profile).split():
        try:
            allowed = is_loopback(urlsplit(host).hostname or "")
        except ValueError:
            allowed = False
        if not allowed:
            raise HostRefused(
                f"The host {without_keys(host)} was not given with the key.",
                hint="Give both together: wx.connect(api_key=..., url=..., kind=...).",
            )


def _is_address(region: str) -> bool:
    from wx_notebook.credentials.regions import region_named
    from wx_notebook.errors import UnknownRegion

    if not any(mark in region for mark in (".", ":", "/")) and region.lower() != "localhost":
        return False
    try:
        # "N. Virginia"
        region_named(region)
    except UnknownRegion:
        return True
    return False


def _host_of(text: str) -> str:
    """Return scheme, host and port of an address, "" for IBM's own."""
    from wx_notebook.credentials.regions import IAM_HOSTS, region_of_host

    text = text.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return without_keys(text)
    if parts.scheme == "https" and port in (None, 443):
        return "" if host in IAM_HOSTS or region_of_host(host) else f"https://{host}"
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _named(hosts: str) -> str:
    return without_keys(hosts) or "IBM's"
