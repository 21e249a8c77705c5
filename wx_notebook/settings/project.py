"""`[tool.wx_notebook]` in the `pyproject.toml` of the kernel's working directory.

Such a file comes with a project, perhaps from somewhere else: it gives prompts their defaults, and
says nothing about where a key or a prompt goes, who signs in, or what is paid.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from wx_notebook.settings.faults import Fault, has_secret, secret_in
from wx_notebook.settings.files import tables_of, text_of
from wx_notebook.settings.values import ALIASES, Values, values_in

_NAME = "wx_notebook"
#: Between two line ends or signs of equality.
_MOST_DOTS = 1_000
_WHERE = f"in [tool.{_NAME}]"
_HEADERS = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?([\w-]{1,30})", re.MULTILINE)
_NEAR = 0.85
_PLACE = ("must not say where your key goes", "Next: %watsonx login --region NAME")
_WHO = ("must not choose who signs in", "Next: %watsonx use PROFILE")
_PAYS = ("must not say what is billed", "Next: %watsonx use --project NAME")
_TRUST = ("must not say whom to trust", "Set REQUESTS_CA_BUNDLE, or write it into your profile.")
#: Keys that are refused -> why, and where they are said instead.
_REFUSED = {
    "url": _PLACE,
    "host": _PLACE,
    "region": _PLACE,
    "iam_url": _PLACE,
    "platform_url": _PLACE,
    "profile": _WHO,
    "profiles": _WHO,
    "username": _WHO,
    "kind": _WHO,
    "trusted_profile_id": _WHO,
    "project_id": _PAYS,
    "space_id": _PAYS,
    # it may be somebody else's, who reads what it is sent
    "deployment": ("must not say where your prompts go", "Next: %watsonx use --deployment ID"),
    "ca_bundle": _TRUST,
    "yes": ("must not answer questions for you", "Take it out, and answer when you are asked."),
}


def project_file() -> Path:
    """Return where the file is, or would be: nowhere but in the working directory itself."""
    return Path(project_path())


def project_path() -> str:
    """Return the same as a text, quickly."""
    try:
        folder = os.getcwd()  # noqa: PTH109
    except OSError:
        # somebody has removed it
        folder = ""
    return os.path.join(folder, "pyproject.toml")  # noqa: PTH118


def project_values(path: Path) -> Values | Fault:
    """Return what the file says about prompts."""
    text = text_of(path, private=False)
    if isinstance(text, Fault):
        return text
    if _NAME not in text and not any(map(_is_misspelt, _HEADERS.findall(text))):
        # somebody else's file, be it right or wrong
        return Values()
    # a key of thousands of parts would hold the kernel for minutes: each is looked up anew
    if any(part.count(".") > _MOST_DOTS for part in re.split(r"[=\n]", text)):
        return _too_deep(path)
    data = tables_of(text, path)
    if isinstance(data, Fault):
        return data
    tools = data.get("tool", {})
    if not isinstance(tools, dict):
        return Values()
    for name in filter(_is_misspelt, tools):
        return Fault(
            f"'[tool.{name}]' in {path} is nobody's. Did you mean '[tool.{_NAME}]'?",
            f"Write [tool.{_NAME}] there, or take it out.",
        )
    table = tools.get(_NAME, {})
    if not isinstance(table, dict):
        return Fault(f"'tool.wx_notebook' in {path} is no table.", "Write it as [tool.wx_notebook]")
    try:
        return _refused(table, path) or values_in(table, _WHERE, path)
    except RecursionError:
        return _too_deep(path)


def _too_deep(path: Path) -> Fault:
    return Fault(f"Tables in {path} stand too deep in each other.", "Look at what is in it.")


def _is_misspelt(name: str) -> bool:
    """Whether a table of tools is called nearly as ours is; "notebook" alone is somebody else's."""
    alike = name[:30].lower().replace("-", "_")
    return name != _NAME and SequenceMatcher(None, alike, _NAME).ratio() > _NEAR


def _refused(table: Mapping[str, Any], path: Path) -> Fault | None:
    for key in table:
        if key in _REFUSED:
            why, hint = _REFUSED[key]
            return Fault(
                f"'{key}' {_WHERE} of {path} is refused: a file that comes with a project {why}.",
                f"Take it out. {hint}",
            )
    return secret_in(path) if has_secret(table, names_in=ALIASES) else None
