"""Writing the settings file: completely or not at all, and readable only by its user."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.settings.problems import SettingsProblem, url_credential_problem
from wx_notebook.settings.user_file import (
    PROFILE_KEYS,
    URL_KEYS,
    Profile,
    UserFile,
    parse_user_file,
    read_user_file,
    settings_file,
    validate_profile_name,
)


def save_profile(profile: Profile) -> None:
    """Write a profile to the file, in place of the one with its name; the rest is unchanged.

    If there is no default yet, it becomes the default.

    Raises
    ------
    BadOption
        The file or its folder cannot be written or is open to others, or as in `profiles`.
    """
    validate_profile_name(profile.name)
    if any("@" in getattr(profile, key) for key in URL_KEYS):
        problem = url_credential_problem(settings_file())
        raise BadOption(problem.message, hint=problem.hint)
    file = read_user_file()
    known = file.profiles | {profile.name: profile}
    _write(file, known, file.default if file.default in known else profile.name)


def remove_profile(name: str) -> bool:
    """Remove a profile from the file, and the default if it is this profile.

    Return whether there was one.

    Raises
    ------
    BadOption
        As in `save_profile`.
    """
    file = read_user_file()
    known = {other: kept for other, kept in file.profiles.items() if other != name}
    default_name = "" if file.default == name else file.default
    if (known, default_name) == (file.profiles, file.default):
        return False
    _write(file, known, default_name)
    return name in file.profiles


def _write(file: UserFile, known: dict[str, Profile], default_name: str) -> None:
    # a link stays a link: its target is replaced
    path = Path(os.path.realpath(settings_file()))
    text = _edit(file, known, default_name)
    after = parse_user_file(text, path)
    if isinstance(after, SettingsProblem) or (after.profiles, after.default) != (
        known,
        default_name,
    ):
        raise BadOption(
            f"{path} has a layout that cannot be changed safely.",
            hint="Write each profile under its own line, [profiles.work], and try again.",
        )
    problem = replace_file(path, text)
    if problem:
        raise BadOption(
            f"{path} cannot be written: {problem}.", hint="Nothing was changed. Solve this first."
        )


def _edit(file: UserFile, known: dict[str, Profile], default_name: str) -> str:
    """Return the text with these profiles; invalid TOML if the text could not be edited."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(file.text)
        if default_name:
            document["profile"] = default_name
        else:
            document.pop("profile", None)
        if "profiles" not in document:
            document["profiles"] = tomlkit.table(is_super_table=True)
        tables = document["profiles"]
        for name in file.profiles.keys() - known.keys():
            _remove_table(tables, name)
        for name, profile in known.items():
            if profile != file.profiles.get(name):
                _insert_table(tables, name, profile)
        return tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, LookupError, AttributeError):
        return "="


def _insert_table(tables: Any, name: str, profile: Profile) -> None:  # noqa: ANN401  # tomlkit's own
    import tomlkit

    if name not in tables:
        tables[name] = tomlkit.table()
    comments = _cut_comments(tables[name])
    for key in PROFILE_KEYS:
        if value := getattr(profile, key):
            tables[name][key] = value
        else:
            tables[name].pop(key, None)
    if comments:
        tables[name].value.body.extend(comments)


def _remove_table(tables: Any, name: str) -> None:  # noqa: ANN401
    from tomlkit.items import Whitespace

    at = next((n for n, (key, _) in enumerate(tables.value.body) if key and key.key == name), None)
    comments = "".join(item.as_string() for _, item in _cut_comments(tables[name]))
    tables.remove(name)
    if at is not None and comments.strip():
        tables.value.body[at] = (None, Whitespace(comments))


def _cut_comments(table: Any) -> list[Any]:  # noqa: ANN401
    """Cut off and return the comments at the end of a table: they belong to what follows."""
    body = getattr(getattr(table, "value", None), "body", [])
    end = max((n + 1 for n, (key, _) in enumerate(body) if key is not None), default=0)
    comments = list(body[end:])
    del body[end:]
    return comments


def replace_file(path: Path, text: str) -> str:
    """Replace the whole file by a text; return the reason if that failed, else ""."""
    written = ""
    try:
        if problem := _folder_problem(path.parent):
            return problem
        # mkstemp gives it mode 0600 from the start
        descriptor, written = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(text.encode())
            temporary.flush()
            os.fsync(temporary.fileno())
        # a umask may have removed more; this adds nothing for other users
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
    """Make the folder, private from the start; return why it cannot be trusted, else ""."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.stat()
    if os.name != "posix":
        return ""
    if status.st_uid not in (os.geteuid(), 0):
        return "its folder belongs to another user"
    if status.st_mode & stat.S_IWOTH:
        return f"every user of this machine can write to its folder (chmod o-w '{folder}')"
    return ""
