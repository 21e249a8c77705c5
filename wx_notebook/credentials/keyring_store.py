"""The entries of this package in the keyring of the operating system, the only place for keys.

An entry stands under the service `wx_notebook` and the name of the profile. It is a JSON object:
`wx_notebook` (the version of this form, 1), `what` (one of `ENTRY_FIELDS`), `secret`, and `hosts`,
the hosts that the secret was given with, so that an edited settings file can't send it to others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from wx_notebook.credentials.keyring_backend import (
    SYSTEM_KEYRINGS,
    Keyring,
    call_keyring,
    class_of,
)
from wx_notebook.credentials.secret import Secret, SecretKind
from wx_notebook.errors import BadOption, NotConnected, mask_keys
from wx_notebook.hints import login_hint

#: The service of the entries; their user name is that of the profile.
SERVICE = "wx_notebook"
#: The connection fields that an entry can hold.
ENTRY_FIELDS: tuple[SecretKind, ...] = ("api_key", "token", "password")
_MEANWHILE = "the sign-in ends with this kernel"


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """What the keyring holds for one profile.

    Attributes
    ----------
    secret
        The key, token or password.
    hosts
        The hosts outside IBM that it was given with, separated by blanks.
    field
        One of `ENTRY_FIELDS`.
    """

    secret: Secret
    hosts: str = ""
    field: SecretKind = "api_key"


def missing_keyring(meanwhile: str = _MEANWHILE) -> str:
    """Return why this machine has no system keyring in one line, "" if it has one.

    The line ends with what holds without a keyring.

    The keyring is not opened: whether it is locked shows when it is used.
    """
    result = call_keyring(lambda _: None)
    return f"{result.error}: {meanwhile}" if result.error else ""


def keyring_name() -> str:
    """Return the common name of the keyring of this machine, "" without one."""
    return call_keyring(lambda keyring: SYSTEM_KEYRINGS[class_of(keyring)]).value or ""


def write_entry(
    profile: str, secret: Secret, *, hosts: str = "", field: SecretKind = "api_key"
) -> Secret | None:
    """Write a secret into the keyring and read it back.

    Returns
    -------
    Secret or None
        The entry that the profile had before, for `restore_entry`.

    Raises
    ------
    BadOption
        There is no keyring, or it did not store the secret. The entry is as it was before.
    """
    before: list[Secret | None] = []

    def write(keyring: Keyring) -> bool:
        before.append(_entry(keyring, profile))
        is_stored = False
        try:
            keyring.set_password(SERVICE, profile, _text_of(secret, hosts, field))
            is_stored = _entry(keyring, profile) == Secret(_text_of(secret, hosts, field))
        finally:
            if not is_stored:
                _put_back(keyring, profile, before[0])
        return is_stored

    def undo(keyring: Keyring) -> None:
        # the user unlocked the keyring after the cell had failed
        if before:
            _put_back(keyring, profile, before[0])

    result = call_keyring(write, undo=undo)
    error = result.error
    if not error and not result.value:
        error = "the system keyring accepted it, but did not store it"
    if error:
        raise BadOption(
            f"The secret of profile '{mask_keys(profile)}' was not remembered: {error}.",
            hint=f"Without --remember, {_MEANWHILE}.",
        )
    return before[0]


def restore_entry(profile: str, before: Secret | None) -> None:
    """Put back what `write_entry` returned.

    Raises
    ------
    BadOption
        The keyring fails, or does not answer.
    """
    result = call_keyring(lambda keyring: _put_back(keyring, profile, before))
    if result.error:
        _raise_not_removed(profile, result.error)


def read_entry(profile: str) -> KeyringEntry | None:
    """Return what the keyring holds for a profile, None if it holds nothing.

    Raises
    ------
    NotConnected
        There is no keyring, it fails, does not answer, or the entry is damaged.
    """
    result = call_keyring(lambda keyring: _parsed(_entry(keyring, profile)))
    name = mask_keys(profile)
    if result.error:
        raise NotConnected(
            f"The key of profile '{name}' was not read: {result.error}.",
            hint=login_hint(after=", or set WATSONX_API_KEY"),
        )
    if isinstance(result.value, str):
        raise NotConnected(
            f"The entry of profile '{name}' in the system keyring is damaged.",
            hint=login_hint(f"--remember {name}", after=" to write a new one"),
        )
    return result.value


def delete_entry(profile: str) -> bool:
    """Remove the entry of a profile.

    Returns
    -------
    bool
        Whether there was an entry; False without a system keyring.

    Raises
    ------
    BadOption
        The keyring fails, does not answer, or still has the entry.
    """

    def remove(keyring: Keyring) -> tuple[bool, bool]:
        was_there = _is_there(keyring, profile)
        _remove(keyring, profile)
        return was_there, _is_there(keyring, profile)

    result = call_keyring(remove)
    if result.is_missing:
        return False
    was_there, is_there = result.value or (False, False)
    if error := result.error or ("the system keyring still has it" if is_there else ""):
        _raise_not_removed(profile, error)
    return was_there


def _raise_not_removed(profile: str, error: str) -> NoReturn:
    raise BadOption(
        f"The secret of profile '{mask_keys(profile)}' was not removed: {error}.",
        hint=f"Unlock the keyring and try again, or remove the entry there: service {SERVICE}.",
    )


# The functions below run in the thread of `call_keyring`, which no exception and no frame leaves.


def _text_of(secret: Secret, hosts: str, field: str) -> str:
    return json.dumps({"wx_notebook": 1, "what": field, "secret": secret.reveal(), "hosts": hosts})


def _entry(keyring: Keyring, profile: str) -> Secret | None:
    return Secret(keyring.get_password(SERVICE, profile) or "") or None


def _is_there(keyring: Keyring, profile: str) -> bool:
    return keyring.get_password(SERVICE, profile) is not None


def _remove(keyring: Keyring, profile: str) -> None:
    # a keyring may hold several entries of one name, and removes one at a time
    for _ in range(8):
        if not _is_there(keyring, profile):
            return
        keyring.delete_password(SERVICE, profile)


def _put_back(keyring: Keyring, profile: str, before: Secret | None) -> None:
    if before is None:
        _remove(keyring, profile)
    else:
        keyring.set_password(SERVICE, profile, before.reveal())


def _parsed(text: Secret | None) -> KeyringEntry | str | None:
    if text is None:
        return None
    try:
        entry = json.loads(text.reveal(), object_hook=_to_entry)
    except (ValueError, RecursionError):
        return "damaged"
    return entry if isinstance(entry, KeyringEntry) else "damaged"


def _to_entry(fields: dict[str, Any]) -> KeyringEntry | None:
    texts = (fields.get("secret"), fields.get("hosts"), fields.get("what"))
    if not all(isinstance(one, str) for one in texts) or not texts[0]:
        return None
    if texts[2] not in ENTRY_FIELDS:
        return None
    return KeyringEntry(Secret(fields["secret"]), fields["hosts"], fields["what"])
