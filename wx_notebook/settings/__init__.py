"""What the user has settled before any prompt: profiles, and the defaults of options.

The user's own file, `wx_notebook.toml`, lies in Jupyter's configuration folder::

    profile = "work"            # the default
    temperature = 0.2           # of each prompt that says nothing else
    budget = 50000              # tokens

    [aliases]
    granite = "ibm/granite-4-h-small"

    [profiles.work]
    region = "eu-de"
    project_id = "12345678-1234-4123-8123-123456789abc"

A project has the defaults, the budget and the aliases in its `pyproject.toml`, in
`[tool.wx_notebook]`; it says nothing about where a key goes or who signs in.

There is no key in either: that one is in the operating system's keyring (`credentials.keyrings`).
Whoever can write the user's file decides where a key goes, so it is read only when it is the user's
alone; and what somebody put into a file by mistake may be a key, so no error quotes a value or a
line.
"""

from __future__ import annotations

from wx_notebook.settings.chosen import CONFIG, USE, choose, chosen, forget
from wx_notebook.settings.last_used import Used, account_of, keep_last_used, last_used
from wx_notebook.settings.layers import (
    Files,
    Resolved,
    SessionModel,
    Sourced,
    alias_sources,
    aliases,
    budget,
    budgets,
    in_force,
    model_alias,
    options_for,
    read_files,
    user_model,
)
from wx_notebook.settings.project import project_file
from wx_notebook.settings.reading import (
    Profile,
    checked_name,
    default_profile,
    profile,
    profiles,
    settings_file,
)
from wx_notebook.settings.writing import remove_profile, save_profile

__all__ = [
    "CONFIG",
    "USE",
    "Files",
    "Profile",
    "Resolved",
    "SessionModel",
    "Sourced",
    "Used",
    "account_of",
    "alias_sources",
    "aliases",
    "budget",
    "budgets",
    "checked_name",
    "choose",
    "chosen",
    "default_profile",
    "forget",
    "in_force",
    "keep_last_used",
    "last_used",
    "model_alias",
    "options_for",
    "profile",
    "profiles",
    "project_file",
    "read_files",
    "remove_profile",
    "save_profile",
    "settings_file",
    "user_model",
]
