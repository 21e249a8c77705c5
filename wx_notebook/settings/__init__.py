"""Settings before any prompt: profiles, and the defaults of options.

The user's file, `wx_notebook.toml`, is in Jupyter's configuration folder::

    profile = "work"            # the default
    temperature = 0.2           # for prompts without a temperature
    budget = 50000              # tokens

    [aliases]
    granite = "ibm/granite-4-h-small"

    [profiles.work]
    region = "eu-de"
    project_id = "12345678-1234-4123-8123-123456789abc"

A project has defaults, a budget and aliases in its `pyproject.toml`, in `[tool.wx_notebook]`. It
cannot set where a key is sent or who signs in.

Neither file contains a key: keys are in the keyring of the operating system
(`credentials.keyring_store`). The user's file decides where a key is sent, so it is read only if
nobody else can write it. A value in a file may be a key by mistake, so no error quotes a value or a
line.
"""

from __future__ import annotations

from wx_notebook.settings.files import SettingsFiles, chats_folder, read_files, read_once
from wx_notebook.settings.last_used import UsedProject, account_hash, last_used, save_last_used
from wx_notebook.settings.layers import (
    PROJECT,
    USER,
    ResolvedOption,
    SessionModel,
    SourcedValue,
    aliases,
    budget,
    effective_options,
    journal_is_on,
    model_alias,
    resolve_options,
    sourced_aliases,
    sourced_budgets,
    user_model,
)
from wx_notebook.settings.mcp_settings import McpSettings, is_safe_url, token_problem
from wx_notebook.settings.project import project_file
from wx_notebook.settings.runtime import (
    CONFIG,
    USE,
    clear_runtime_defaults,
    runtime_defaults,
    set_runtime_default,
)
from wx_notebook.settings.user_file import (
    Profile,
    default_profile,
    mcp_servers,
    profile,
    profiles,
    settings_file,
    validate_profile_name,
)
from wx_notebook.settings.writing import remove_profile, replace_file, save_profile

__all__ = [
    "CONFIG",
    "PROJECT",
    "USE",
    "USER",
    "McpSettings",
    "Profile",
    "ResolvedOption",
    "SessionModel",
    "SettingsFiles",
    "SourcedValue",
    "UsedProject",
    "account_hash",
    "aliases",
    "budget",
    "chats_folder",
    "clear_runtime_defaults",
    "default_profile",
    "effective_options",
    "is_safe_url",
    "journal_is_on",
    "last_used",
    "mcp_servers",
    "model_alias",
    "profile",
    "profiles",
    "project_file",
    "read_files",
    "read_once",
    "remove_profile",
    "replace_file",
    "resolve_options",
    "runtime_defaults",
    "save_last_used",
    "save_profile",
    "set_runtime_default",
    "settings_file",
    "sourced_aliases",
    "sourced_budgets",
    "token_problem",
    "user_model",
    "validate_profile_name",
]
