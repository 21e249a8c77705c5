"""The operating system's keyring: where a key is remembered, and nowhere else.

An entry stands under the service `wx_notebook` and the profile's name. It is a JSON object:
`wx_notebook` (the version of this form, 1), `what` (one of `WHAT`), `secret`, and `hosts`, the
hosts that the secret was given with, so that a changed file cannot send it to others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from wx_notebook.credentials.secret import Secret, without_keys
from wx_notebook.credentials.system_keyring import SYSTEM_KEYRINGS, Keyring, ask, class_of
from wx_notebook.errors import BadOption, NotConnected

#: The service under which the entries stand; the user name is that of the profile.
SERVICE = "wx_notebook"
#: What a remembered secret can be.
WHAT = ("api_key", "token", "password")
_MEANWHILE = "the sign-in lasts for this kernel"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the keyring holds for one profile.

    Attributes
    ----------
    secret
        The key, token or password.
    hosts
        The hosts it was given with, where these are none of IBM's; it goes to no other.
    what
        One of `WHAT`.
    """

    secret: Secret
    hosts: str = ""
    what: str = "api_key"


def available() -> str:
    """Return "" when there is a keyring of the operating system, else one line that says why not.

    It opens nothing: whether the keyring is locked shows when it is used.
    """
    answer = ask(lambda _: None)
    return f"{answer.problem}: {_MEANWHILE}" if answer.problem else ""


def name_of_keyring() -> str:
    """Return what people call the keyring of this machine, "" without one."""
    return ask(lambda keyring: SYSTEM_KEYRINGS[class_of(keyring)]).value or ""


def store(profile: str, secret: Secret, *, hosts: str = "", what: str = "api_key") -> Secret | None:
    """Write a secret into the keyring and read it back.

    Returns what the profile had there before, for `restore`.

    Raises
    ------
    BadOption
        There is no keyring, or it did not keep the secret. Then what it held before is there again,
        or nothing.
    """
    before: list[Secret | None] = []

    def write(keyring: Keyring) -> bool:
        before.append(_entry(keyring, profile))
        kept = False
        try:
            keyring.set_password(SERVICE, profile, _text_of(secret, hosts, what))
            kept = _entry(keyring, profile) == Secret(_text_of(secret, hosts, what))
        finally:
            if not kept:
                _put_back(keyring, profile, before[0])
        return kept

    def undo(keyring: Keyring) -> None:
        # the user unlocked it after all, when the cell had already failed
        if before:
            _put_back(keyring, profile, before[0])

    answer = ask(write, undo=undo)
    problem = answer.problem
    if not problem and not answer.value:
        problem = "the system keyring took it and did not keep it"
    if problem:
        raise BadOption(
            f"The secret of profile '{without_keys(profile)}' was not remembered: {problem}.",
            hint=f"Without --remember, {_MEANWHILE}.",
        )
    return before[0]


def restore(profile: str, before: Secret | None) -> None:
    """Put back what `store` returned.

    Raises
    ------
    BadOption
        The keyring fails, or does not answer.
    """
    answer = ask(lambda keyring: _put_back(keyring, profile, before))
    if answer.problem:
        _not_removed(profile, answer.problem)


def load(profile: str) -> Stored | None:
    """Return what the keyring holds for a profile, None when it holds nothing.

    Raises
    ------
    NotConnected
        There is no keyring, it fails, does not answer, or holds something else under this name.
    """
    answer = ask(lambda keyring: _understood(_entry(keyring, profile)))
    shown = without_keys(profile)
    if answer.problem:
        raise NotConnected(
            f"The key of profile '{shown}' was not read: {answer.problem}.",
            hint="Next: run %watsonx login, or set WATSONX_API_KEY.",
        )
    if isinstance(answer.value, str):
        raise NotConnected(
            f"The entry of profile '{shown}' in the system keyring is damaged.",
            hint=f"Next: %watsonx login --remember {shown} writes it anew.",
        )
    return answer.value


def delete(profile: str) -> bool:
    """Remove a profile's entry; return whether there was one (not without a system keyring).

    Raises
    ------
    BadOption
        The keyring fails, does not answer, or has kept the entry.
    """

    def remove(keyring: Keyring) -> tuple[bool, bool]:
        there = _is_there(keyring, profile)
        _remove(keyring, profile)
        return there, _is_there(keyring, profile)

    answer = ask(remove)
    if answer.missing:
        return False
    there, kept = answer.value or (False, False)
    if problem := answer.problem or ("the system keyring has kept it" if kept else ""):
        _not_removed(profile, problem)
    return there


def _not_removed(profile: str, problem: str) -> None:
    raise BadOption(
        f"The secret of profile '{without_keys(profile)}' was not removed: {problem}.",
        hint=f"Unlock the keyring and try again, or remove the entry there: service {SERVICE}.",
    )


# All of these run in a thread of `ask`, which lets no exception and no frame out.


def _text_of(secret: Secret, hosts: str, what: str) -> str:
    return json.dumps({"wx_notebook": 1, "what": what, "secret": secret.reveal(), "hosts": hosts})


def _entry(keyring: Keyring, profile: str) -> Secret | None:
    return Secret(keyring.get_password(SERVICE, profile) or "") or None


def _is_there(keyring: Keyring, profile: str) -> bool:
    return keyring.get_password(SERVICE, profile) is not None


def _remove(keyring: Keyring, profile: str) -> None:
    # a keyring may hold several under the same name, and lets one go at a time
    for _ in range(8):
        if not _is_there(keyring, profile):
            return
        keyring.delete_password(SERVICE, profile)


def _put_back(keyring: Keyring, profile: str, before: Secret | None) -> None:
    if before is None:
        _remove(keyring, profile)
    else:
        keyring.set_password(SERVICE, profile, before.reveal())


def _understood(entry: Secret | None) -> Stored | str | None:
    if entry is None:
        return None
    try:
        found = json.loads(entry.reveal(), object_hook=_wrapped)
    except (ValueError, RecursionError):
        return "damaged"
    return found if isinstance(found, Stored) else "damaged"


def _wrapped(found: dict[str, Any]) -> Stored | None:
    texts = (found.get("secret"), found.get("hosts"), found.get("what"))
    if not all(isinstance(text, str) for text in texts) or not texts[0] or texts[2] not in WHAT:
        return None
    return Stored(Secret(found["secret"]), found["hosts"], found["what"])
