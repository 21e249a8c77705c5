"""The user's own settings file: named profiles, and which of them is the default.

`wx_notebook.toml` lies in Jupyter's configuration folder::

    profile = "work"            # the default

    [profiles.work]
    region = "eu-de"
    project_id = "12345678-1234-4123-8123-123456789abc"

There is no key in it: that one is in the operating system's keyring (`credentials.keyrings`).
Whoever can write this file decides where a key goes, so it is read only when it is the user's
alone; and what somebody put into it by mistake may be a key, so no error quotes a value or a line.
"""

from __future__ import annotations

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
    "Profile",
    "checked_name",
    "default_profile",
    "profile",
    "profiles",
    "remove_profile",
    "save_profile",
    "settings_file",
]
