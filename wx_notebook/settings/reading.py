"""What the settings file says, provided that nobody else could have said it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, near
from wx_notebook.settings.faults import (
    Fault,
    credential_in_url,
    has_secret,
    secret_in,
    shown,
    unknown,
)
from wx_notebook.settings.files import tables_of, text_of
from wx_notebook.settings.values import ALIASES, Values, values_in

_NAME = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_PROFILES = ("profile", "profiles")
#: By these Jupyter finds its configuration folder, as far as they change in a process.
_SAY_WHERE = ("JUPYTER_CONFIG_DIR", "JUPYTER_NO_CONFIG", "HOME")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile says beside its key; an empty text is "not given".

    Each field but the name is a key of `[profiles.NAME]`. `model` is the model of a prompt that
    names none; the others mean what they mean in `wx.connect`.
    """

    name: str
    url: str = ""
    region: str = ""
    project_id: str = ""
    space_id: str = ""
    kind: str = ""
    username: str = ""
    iam_url: str = ""
    platform_url: str = ""
    trusted_profile_id: str = ""
    ca_bundle: str = ""
    model: str = ""


KEYS = tuple(field.name for field in fields(Profile) if field.name != "name")
PLACES = ("url", "region", "iam_url", "platform_url")


class File(NamedTuple):
    """What the file says of profiles and of prompts, and its text."""

    profiles: dict[str, Profile]
    default: str
    text: str
    values: Values = Values()


def settings_file() -> Path:
    """Return where the file is, or would be."""
    return Path(settings_path())


def settings_path() -> str:
    """Return the same as a text, quickly."""
    return _settings_path(tuple(map(os.environ.get, _SAY_WHERE)))


@lru_cache(maxsize=8)
def _settings_path(_: tuple[str | None, ...]) -> str:
    from jupyter_core.paths import jupyter_config_dir

    return os.path.join(jupyter_config_dir(), "wx_notebook.toml")  # noqa: PTH118


def checked_name(name: str) -> str:
    """Return the name of a profile without blanks around it.

    Raises
    ------
    BadOption
        It cannot be one.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise BadOption(
            f"{shown(name, 'That')} cannot be the name of a profile.",
            hint="A name has letters, digits, '-', '_' and '.', at most 64, and does not look "
            "like a key. For example: work",
        )
    return name


def profiles() -> dict[str, Profile]:
    """Return the profiles of the file by name; none where there is no file.

    Raises
    ------
    BadOption
        The file cannot be read, is open to others, or says what is none of our settings.
    """
    return read().profiles


def profile(name: str) -> Profile:
    """Return one profile.

    Raises
    ------
    BadOption
        There is none of this name (the message has the nearest one), or as in `profiles`.
    """
    known = profiles()
    if name not in known:
        raise BadOption(
            f"There is no profile {shown(name, 'of that name')} in {settings_file()}."
            f"{near(name, known)}",
            hint="%watsonx profiles lists those that are there.",
        )
    return known[name]


def default_profile() -> str:
    """Return the name that `profile = "NAME"` marks as the default, "" when there is none.

    Raises
    ------
    BadOption
        As in `profiles`.
    """
    return read().default


def read() -> File:
    """Return what the file says.

    Raises
    ------
    BadOption
        As in `profiles`.
    """
    found = found_in(settings_file())
    if isinstance(found, Fault):
        raise BadOption(found.message, hint=found.hint)
    return found


def found_in(path: Path) -> File | Fault:
    """Return what a file says, or what is wrong with it."""
    text = text_of(path, private=True)
    return text if isinstance(text, Fault) else understood(text, path)


def understood(text: str, path: Path) -> File | Fault:
    """Return what a text says that is, or would be, the file's."""
    data = tables_of(text, path)
    if isinstance(data, Fault):
        return data
    if fault := _fault_of(data, path):
        return fault
    values = values_in(data, "at the top", path, _PROFILES)
    if isinstance(values, Fault):
        return values
    profiles = {name: Profile(name, **table) for name, table in data.get("profiles", {}).items()}
    return File(profiles, data.get("profile", ""), text, values)


def _fault_of(data: Mapping[str, Any], path: Path) -> Fault | None:
    if has_secret(data, names_in=ALIASES):
        return secret_in(path)
    if not isinstance(data.get("profile", ""), str):
        return Fault(
            f"'profile' in {path} is not the name of the default profile.",
            'Write profile = "work" at the top, and its settings under [profiles.work].',
        )
    tables = data.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        return Fault(
            f"'profiles' in {path} does not hold profiles.",
            "A profile's settings stand under its name: [profiles.work]",
        )
    for name, table in tables.items():
        if fault := _fault_of_profile(name, table, path):
            return fault
    return None


def _fault_of_profile(name: str, table: Mapping[str, Any], path: Path) -> Fault | None:
    if not _NAME.fullmatch(name):
        return Fault(
            f"{shown(name, 'A name')} in {path} cannot be the name of a profile.",
            "A name has letters, digits, '-', '_' and '.', at most 64: [profiles.work]",
        )
    for key, value in table.items():
        if key not in KEYS:
            return unknown(key, f"in [profiles.{name}]", KEYS, path)
        if not isinstance(value, str):
            return Fault(
                f"'{key}' in [profiles.{name}] of {path} is not a text.",
                f'Write it in quotation marks: {key} = "..."',
            )
    if any("@" in table.get(key, "") for key in PLACES):
        return credential_in_url(path)
    return None
