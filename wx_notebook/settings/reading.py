"""What the settings file says, provided that nobody else could have said it."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, near

_NAME = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
#: "max_tokens" is none of these
_SECRET = re.compile(r"key$|token$|passw|passphrase|pwd|secret|credential|bearer")
#: No settings file is longer; what is, would be read into the memory as a whole.
_LONGEST = 1_000_000


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
    """What the file says, and its text."""

    profiles: dict[str, Profile]
    default: str
    text: str


class Fault(NamedTuple):
    """An error to be raised where no frame holds the file's text any more."""

    message: str
    hint: str


def settings_file() -> Path:
    """Return where the file is, or would be."""
    from jupyter_core.paths import jupyter_config_dir

    return Path(jupyter_config_dir()) / "wx_notebook.toml"


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
            f"{_shown(name, 'That')} cannot be the name of a profile.",
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
            f"There is no profile {_shown(name, 'of that name')} in {settings_file()}."
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
    found = _found(settings_file())
    if isinstance(found, Fault):
        raise BadOption(found.message, hint=found.hint)
    return found


def _found(path: Path) -> File | Fault:
    content = _content(path)
    if isinstance(content, Fault):
        return content
    try:
        # Windows' editor puts a mark of three bytes first
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return Fault(f"{path} is not UTF-8 text: see line {line}.", "Save it as UTF-8.")
    return understood(text, path)


def _content(path: Path) -> bytes | Fault:
    """Read the file, provided that it is a file and the user's own."""

    def opener(name: str, flags: int) -> int:
        # a pipe of this name would hold the kernel
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        with open(path, "rb", opener=opener) as file:  # Path.open has no opener
            # of what was opened: the name may lead elsewhere by now
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Fault(f"{path} is not a file.", "Move it away.")
            if os.name == "posix" and status.st_uid != os.geteuid():
                return Fault(
                    f"{path} belongs to another user, who could send your keys elsewhere.",
                    f"Look at it, then make it yours: sudo chown $(id -u) '{path}'",
                )
            if os.name == "posix" and status.st_mode & 0o077:
                return Fault(
                    f"{path} is open to other users of this machine.", f"Next: chmod 600 '{path}'"
                )
            content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        return Fault(f"{path} cannot be read: {error.strerror}.", "Look at its permissions.")
    if len(content) > _LONGEST:
        return Fault(f"{path} is longer than a settings file can be.", "Look at what is in it.")
    return content


def understood(text: str, path: Path) -> File | Fault:
    """Return what a text says that is, or would be, the file's."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # the rest of its message may quote the line
        line = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        # without a line it is the end, where something is missing
        number = line[1] if line else text.count("\n") + 1
        return Fault(
            f"{path} is not valid TOML: see line {number}.",
            'A setting is written as: region = "eu-de"',
        )
    return _fault_of(data, path) or File(
        {name: Profile(name, **table) for name, table in data.get("profiles", {}).items()},
        data.get("profile", ""),
        text,
    )


def _fault_of(data: Mapping[str, Any], path: Path) -> Fault | None:
    if _has_secret(data):
        return Fault(
            f"A key does not belong into {path}, and there is one.",
            "Take it out and make a new one; %watsonx login --remember puts it into the keyring.",
        )
    for key, value in data.items():
        # tables of another version of this package are left alone
        strange = not isinstance(value, dict) or near(key, ("profile", "profiles"))
        if key not in ("profile", "profiles") and strange:
            return _unknown(key, "at the top", ("profile", "profiles"), path)
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
            f"{_shown(name, 'A name')} in {path} cannot be the name of a profile.",
            "A name has letters, digits, '-', '_' and '.', at most 64: [profiles.work]",
        )
    for key, value in table.items():
        if key not in KEYS:
            return _unknown(key, f"in [profiles.{name}]", KEYS, path)
        if not isinstance(value, str):
            return Fault(
                f"'{key}' in [profiles.{name}] of {path} is not a text.",
                f'Write it in quotation marks: {key} = "..."',
            )
    if any("@" in table.get(key, "") for key in PLACES):
        return credential_in_url(path)
    return None


def _has_secret(table: Mapping[str, Any]) -> bool:
    """Whether anything in it, however deep, is called as a secret is."""
    for key, value in table.items():
        if key not in KEYS and _SECRET.search(re.sub(r"[^a-z]", "", key.lower())):
            return True
        inner = value if isinstance(value, list) else [value]
        if any(isinstance(one, dict) and _has_secret(one) for one in inner):
            return True
    return False


def credential_in_url(path: Path) -> Fault:
    """Return what there is to say about https://name:password@host."""
    return Fault(
        f"A URL with a user name or password in it (before an @) does not belong into {path}.",
        "Write the URL from its host on; %watsonx login --remember takes the password.",
    )


def _unknown(key: str, where: str, known: tuple[str, ...], path: Path) -> Fault:
    return Fault(
        f"{_shown(key, 'A name')} {where} of {path} is not a setting.{near(key, known)}",
        f"Settings there: {', '.join(known)}.",
    )


def _shown(name: str, instead: str) -> str:
    """Return a name for a message, unless somebody put a key in its place."""
    return f"'{name}'" if re.fullmatch(r"[\w. -]{1,39}", name) else instead
