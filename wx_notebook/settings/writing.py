"""The settings file written: as a whole or not at all, and nobody else's to read at any moment."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.settings.faults import Fault, credential_in_url
from wx_notebook.settings.reading import (
    KEYS,
    PLACES,
    File,
    Profile,
    checked_name,
    read,
    settings_file,
    understood,
)


def save_profile(profile: Profile, *, default: bool | None = None) -> None:
    """Write a profile into the file, in place of the one of its name; all else stays as it is.

    It becomes the default with `default=True`, and without a word about it where there is no
    default yet.

    Raises
    ------
    BadOption
        The file or its folder cannot be written or is open to others, or as in `profiles`.
    """
    checked_name(profile.name)
    if any("@" in getattr(profile, key) for key in PLACES):
        fault = credential_in_url(settings_file())
        raise BadOption(fault.message, hint=fault.hint)
    file = read()
    known = file.profiles | {profile.name: profile}
    mark = file.default
    if default or (default is None and mark not in known):
        mark = profile.name
    _write(file, known, mark)


def remove_profile(name: str) -> bool:
    """Take a profile out of the file, and the default mark where it points there.

    Returns whether there was one.

    Raises
    ------
    BadOption
        As in `save_profile`.
    """
    file = read()
    known = {other: kept for other, kept in file.profiles.items() if other != name}
    mark = "" if file.default == name else file.default
    if (known, mark) == (file.profiles, file.default):
        return False
    _write(file, known, mark)
    return name in file.profiles


def _write(file: File, known: dict[str, Profile], mark: str) -> None:
    # a link stays a link: what it leads to is replaced
    path = Path(os.path.realpath(settings_file()))
    text = _edited(file, known, mark)
    after = understood(text, path)
    if isinstance(after, Fault) or (after.profiles, after.default) != (known, mark):
        raise BadOption(
            f"{path} is written in a way that cannot be changed without harm.",
            hint="Write each profile under a line of its own, [profiles.work], and try again.",
        )
    problem = replaced(path, text)
    if problem:
        raise BadOption(
            f"{path} cannot be written: {problem}.", hint="Nothing was changed; repair that first."
        )


def _edited(file: File, known: dict[str, Profile], mark: str) -> str:
    """Return the text with these profiles; what is no TOML when it could not be taken apart."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(file.text)
        if mark:
            document["profile"] = mark
        else:
            document.pop("profile", None)
        if "profiles" not in document:
            document["profiles"] = tomlkit.table(is_super_table=True)
        tables = document["profiles"]
        for name in file.profiles.keys() - known.keys():
            _taken_out(tables, name)
        for name, profile in known.items():
            if profile != file.profiles.get(name):
                _put_in(tables, name, profile)
        return tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, LookupError, AttributeError):
        return "="


def _put_in(tables: Any, name: str, profile: Profile) -> None:  # noqa: ANN401  # tomlkit's own
    import tomlkit

    if name not in tables:
        tables[name] = tomlkit.table()
    remarks = _remarks_after(tables[name])
    for key in KEYS:
        if value := getattr(profile, key):
            tables[name][key] = value
        else:
            tables[name].pop(key, None)
    if remarks:
        tables[name].value.body.extend(remarks)


def _taken_out(tables: Any, name: str) -> None:  # noqa: ANN401
    from tomlkit.items import Whitespace

    at = next((n for n, (key, _) in enumerate(tables.value.body) if key and key.key == name), None)
    remarks = "".join(item.as_string() for _, item in _remarks_after(tables[name]))
    tables.remove(name)
    if at is not None and remarks.strip():
        tables.value.body[at] = (None, Whitespace(remarks))


def _remarks_after(table: Any) -> list[Any]:  # noqa: ANN401
    """Cut off the comments at a table's end: they stand there as the head of what follows."""
    body = getattr(getattr(table, "value", None), "body", [])
    end = max((n + 1 for n, (key, _) in enumerate(body) if key is not None), default=0)
    remarks = list(body[end:])
    del body[end:]
    return remarks


def replaced(path: Path, text: str) -> str:
    """Put the text in the place of the file, as a whole; return what stood in the way."""
    written = ""
    try:
        if problem := _folder_problem(path.parent):
            return problem
        # its mode is 0600 from the start
        descriptor, written = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(text.encode())
            temporary.flush()
            os.fsync(temporary.fileno())
        # a umask may have taken more; this never adds what others could use
        Path(written).chmod(0o600)
        Path(written).replace(path)
        written = ""
    except (OSError, UnicodeEncodeError) as error:
        return getattr(error, "strerror", "") or "it has a character without a UTF-8 form"
    finally:
        if written:
            Path(written).unlink(missing_ok=True)
    return ""


def _folder_problem(folder: Path) -> str:
    """Make the folder, the user's own from the start; return why it cannot be trusted."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.stat()
    if os.name != "posix":
        return ""
    if status.st_uid not in (os.geteuid(), 0):
        return "its folder belongs to another user"
    if status.st_mode & stat.S_IWOTH:
        return f"every user of this machine can write into its folder (chmod o-w '{folder}')"
    return ""
