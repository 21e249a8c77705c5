"""`wx_notebook.toml`, the settings file of the user: profiles and defaults.

It is read only if nobody else could have written it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, did_you_mean
from wx_notebook.settings.cached_file import parse_toml, read_text
from wx_notebook.settings.connection_fields import HOST, PROFILE_FIELDS, ProfileFields
from wx_notebook.settings.mcp_settings import MCP, McpSettings, parse_mcp_servers
from wx_notebook.settings.problems import (
    SettingsProblem,
    has_secret,
    quote_name,
    secret_problem,
    unknown_key_problem,
    url_credential_problem,
)
from wx_notebook.settings.prompt_defaults import ALIASES, PromptDefaults, parse_prompt_defaults

_NAME = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_PROFILES = ("profile", "profiles")
#: Variables by which Jupyter finds its configuration folder.
_FOLDER_VARIABLES = ("JUPYTER_CONFIG_DIR", "JUPYTER_NO_CONFIG", "HOME")


@dataclass(frozen=True, slots=True)
class Profile(ProfileFields):
    """What a profile says beside its key.

    The fields of `ProfileFields` are the keys of `[profiles.NAME]`; they mean what they mean in
    `wx.connect`.
    """

    name: str


PROFILE_KEYS = tuple(PROFILE_FIELDS)
#: The keys that name a host.
URL_KEYS = tuple(key for key, row in PROFILE_FIELDS.items() if row.project_rule == HOST)


class UserFile(NamedTuple):
    """The profiles and defaults in the file, and its text."""

    profiles: dict[str, Profile]
    default: str
    text: str
    values: PromptDefaults = PromptDefaults()
    mcp: Mapping[str, McpSettings] = {}


def settings_file() -> Path:
    """Return the path of the file, whether it exists or not."""
    return Path(settings_path())


def settings_path() -> str:
    """Return the same as a text; it is faster than a Path."""
    return _settings_path(tuple(map(os.environ.get, _FOLDER_VARIABLES)))


@lru_cache(maxsize=8)
def _settings_path(_: tuple[str | None, ...]) -> str:
    from jupyter_core.paths import jupyter_config_dir

    return os.path.join(jupyter_config_dir(), "wx_notebook.toml")  # noqa: PTH118


def validate_profile_name(name: str) -> str:
    """Return the name of a profile, without blanks around it.

    Raises
    ------
    BadOption
        It is not a valid name.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise BadOption(
            f"{quote_name(name, 'That')} is not a valid profile name.",
            hint="Use at most 64 letters, digits, '-', '_' and '.', and nothing that looks "
            "like a key. For example: work",
        )
    return name


def profiles() -> dict[str, Profile]:
    """Return the profiles of the file by name; none if there is no file.

    Raises
    ------
    BadOption
        The file cannot be read, is open to others, or contains an unknown setting.
    """
    return read_user_file().profiles


def profile(name: str) -> Profile:
    """Return one profile.

    Raises
    ------
    BadOption
        There is no profile of this name (the message has the nearest one), or as in `profiles`.
    """
    known = profiles()
    if name not in known:
        raise BadOption(
            f"There is no profile {quote_name(name, 'of that name')} in {settings_file()}."
            f"{did_you_mean(name, known)}",
            hint="%watsonx profiles lists the profiles.",
        )
    return known[name]


def default_profile() -> str:
    """Return the default profile, which `profile = "NAME"` sets; "" if there is none.

    Raises
    ------
    BadOption
        As in `profiles`.
    """
    return read_user_file().default


def mcp_servers() -> Mapping[str, McpSettings]:
    """Return the MCP servers that the file names.

    Raises
    ------
    BadOption
        As in `profiles`.
    """
    return read_user_file().mcp


def read_user_file() -> UserFile:
    """Return what the file says.

    Raises
    ------
    BadOption
        As in `profiles`.
    """
    content = load_user_file(settings_file())
    if isinstance(content, SettingsProblem):
        raise BadOption(content.message, hint=content.hint)
    return content


def load_user_file(path: Path) -> UserFile | SettingsProblem:
    """Return what a file says, or its problem."""
    text = read_text(path, private=True)
    return text if isinstance(text, SettingsProblem) else parse_user_file(text, path)


def parse_user_file(text: str, path: Path) -> UserFile | SettingsProblem:
    """Return what a text says as the content of the file, or its problem."""
    data = parse_toml(text, path)
    if isinstance(data, SettingsProblem):
        return data
    if problem := _find_problem(data, path):
        return problem
    values = parse_prompt_defaults(data, "at the top", path, (*_PROFILES, MCP))
    if isinstance(values, SettingsProblem):
        return values
    servers = parse_mcp_servers(data.get(MCP, {}), path)
    if isinstance(servers, SettingsProblem):
        return servers
    profiles = {name: Profile(name, **table) for name, table in data.get("profiles", {}).items()}
    return UserFile(profiles, data.get("profile", ""), text, values, servers)


def _find_problem(data: Mapping[str, Any], path: Path) -> SettingsProblem | None:
    if has_secret(data, names_in=ALIASES, tables_in=(MCP, *_PROFILES)):
        return secret_problem(path)
    if not isinstance(data.get("profile", ""), str):
        return SettingsProblem(
            f"'profile' in {path} must be the name of the default profile.",
            'Write profile = "work" at the top, and its settings under [profiles.work].',
        )
    tables = data.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        return SettingsProblem(
            f"'profiles' in {path} must contain profiles.",
            "Write the settings of a profile under its name: [profiles.work]",
        )
    for name, table in tables.items():
        if problem := _profile_problem(name, table, path):
            return problem
    return None


def _profile_problem(name: str, table: Mapping[str, Any], path: Path) -> SettingsProblem | None:
    if not _NAME.fullmatch(name):
        return SettingsProblem(
            f"{quote_name(name, 'A name')} in {path} is not a valid profile name.",
            "Use at most 64 letters, digits, '-', '_' and '.': [profiles.work]",
        )
    for key, value in table.items():
        if key not in PROFILE_KEYS:
            return unknown_key_problem(key, f"in [profiles.{name}]", PROFILE_KEYS, path)
        if not isinstance(value, str):
            return SettingsProblem(
                f"'{key}' in [profiles.{name}] of {path} is not a text.",
                f'Write it in quotation marks: {key} = "..."',
            )
    if any("@" in table.get(key, "") for key in URL_KEYS):
        return url_credential_problem(path)
    return None
