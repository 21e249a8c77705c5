"""`%watsonx profiles`: the saved profiles."""

from __future__ import annotations

import argparse
from typing import Any

from wx_notebook.credentials import keyring_store
from wx_notebook.credentials.profiles import saved_profiles
from wx_notebook.display import show_lines
from wx_notebook.errors import mask_keys
from wx_notebook.hints import can_ask
from wx_notebook.settings import Profile, settings_file

_DEFAULT_REGION = "us-south"


def list_profiles(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """List the saved profiles; no key is read from the keyring."""
    saved = saved_profiles()
    lines = [f"profiles in {settings_file()}:"] if saved else ["no profiles yet"]
    width = max((len(profile.name) for profile, _ in saved), default=0)
    lines += [_line(profile, width, is_default=is_default) for profile, is_default in saved]
    why_no_keyring = keyring_store.missing_keyring()
    if saved:
        lines.append("Next: %watsonx use NAME")
    elif not why_no_keyring and can_ask():
        lines.append("Next: %watsonx login --remember NAME makes one")
    if why_no_keyring:
        lines.append(why_no_keyring)
    show_lines(shell, lines)


def _line(profile: Profile, width: int, *, is_default: bool) -> str:
    place = mask_keys(profile.region or profile.url or _DEFAULT_REGION)
    scope = f"project {profile.project_id}" if profile.project_id else ""
    scope = scope or (f"space {profile.space_id}" if profile.space_id else "no project")
    mark = "  <- default" if is_default else ""
    return f"  {profile.name:{width}}  {place} · {scope}{mark}"
