"""`[tool.wx_notebook]` in the `pyproject.toml` of the kernel's working directory.

Such a file comes with a project, perhaps from somebody else. It sets defaults of prompts, but not
where a key or a prompt is sent, who signs in, or what is billed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from wx_notebook.settings.cached_file import parse_toml, read_text
from wx_notebook.settings.connection_fields import (
    BILLING,
    HOST,
    IDENTITY,
    PROFILE_FIELDS,
    TRUST,
)
from wx_notebook.settings.problems import SettingsProblem, has_secret, secret_problem
from wx_notebook.settings.prompt_defaults import ALIASES, PromptDefaults, parse_prompt_defaults

_NAME = "wx_notebook"
#: The key of the folder that keeps named chats.
CHATS = "chats"
#: Dots between two line ends or equals signs.
_MOST_DOTS = 1_000
_WHERE = f"in [tool.{_NAME}]"
_HEADERS = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?([\w-]{1,30})", re.MULTILINE)
_NEAR = 0.85
#: Why a connection field is refused, and where the user sets it instead.
_REASONS = {
    HOST: ("must not say where your key goes", "Next: %watsonx use --region NAME"),
    IDENTITY: ("must not choose who signs in", "Next: %watsonx use PROFILE"),
    BILLING: ("must not say what is billed", "Next: %watsonx use --project NAME"),
    TRUST: ("must not say whom to trust", "Set REQUESTS_CA_BUNDLE, or write it into your profile."),
}
#: Keys that are refused -> why, and where the user sets them instead.
_REFUSED = {
    "host": _REASONS[HOST],
    "profile": _REASONS[IDENTITY],
    "profiles": _REASONS[IDENTITY],
    # a deployment can belong to somebody else, who reads what it is sent
    "deployment": ("must not say where your prompts go", "Next: %watsonx use --deployment ID"),
    "mcp": (
        "must not start a program, or send data to a server",
        "Write it into your own wx_notebook.toml: [mcp.NAME]",
    ),
    "yes": ("must not answer questions for you", "Answer when you are asked."),
} | {name: _REASONS[row.project_rule] for name, row in PROFILE_FIELDS.items() if row.project_rule}


def project_file() -> Path:
    """Return the path of the file, whether it exists or not: only the working directory counts."""
    return Path(project_path())


def project_path() -> str:
    """Return the same as a text; it is faster than a Path."""
    try:
        folder = os.getcwd()  # noqa: PTH109
    except OSError:
        # the working directory was removed
        folder = ""
    return os.path.join(folder, "pyproject.toml")  # noqa: PTH118


def project_values(path: Path) -> PromptDefaults | SettingsProblem:
    """Return the defaults of prompts in the file, or its problem."""
    text = read_text(path, private=False)
    if isinstance(text, SettingsProblem):
        return text
    if _NAME not in text and not any(map(_is_misspelt, _HEADERS.findall(text))):
        # not our file, whether it is valid or not
        return PromptDefaults()
    # a key of thousands of parts would block the kernel for minutes
    if any(part.count(".") > _MOST_DOTS for part in re.split(r"[=\n]", text)):
        return _too_deep(path)
    data = parse_toml(text, path)
    if isinstance(data, SettingsProblem):
        return data
    tools = data.get("tool", {})
    if not isinstance(tools, dict):
        return PromptDefaults()
    for name in filter(_is_misspelt, tools):
        return SettingsProblem(
            f"'[tool.{name}]' in {path} is not a known tool. Did you mean '[tool.{_NAME}]'?",
            f"Write [tool.{_NAME}], or remove it.",
        )
    table = tools.get(_NAME, {})
    if not isinstance(table, dict):
        return SettingsProblem(
            f"'tool.wx_notebook' in {path} is not a table.", "Write it as [tool.wx_notebook]."
        )
    try:
        return _refused(table, path) or _with_chats(table, path)
    except RecursionError:
        return _too_deep(path)


def _with_chats(table: Mapping[str, Any], path: Path) -> PromptDefaults | SettingsProblem:
    defaults = parse_prompt_defaults(table, _WHERE, path, (CHATS,))
    folder = table.get(CHATS, "")
    if isinstance(defaults, SettingsProblem) or CHATS not in table:
        return defaults
    if not isinstance(folder, str) or not _is_inside(folder, path.parent):
        return SettingsProblem(
            f"'{CHATS}' {_WHERE} of {path} is not a folder inside the project.",
            f'For example: {CHATS} = "chats"',
        )
    return defaults._replace(chats=folder)


def _is_inside(folder: str, project: Path) -> bool:
    """Whether a relative path leads to a folder below the project, also behind links."""
    if folder.startswith("~"):
        # meant is the home folder; a folder of that name is easily deleted as the whole home
        return False
    try:
        inside, root = (project / folder).resolve(), project.resolve()
        return bool(folder.strip()) and root in inside.parents and not inside.is_file()
    except (OSError, ValueError, RuntimeError):  # a loop of links, a zero byte, a very long name
        return False


def _too_deep(path: Path) -> SettingsProblem:
    return SettingsProblem(f"Tables in {path} are nested too deeply.", "Check its content.")


def _is_misspelt(name: str) -> bool:
    """Whether the name of a table is nearly ours; "notebook" alone belongs to another tool."""
    alike = name[:30].lower().replace("-", "_")
    return name != _NAME and SequenceMatcher(None, alike, _NAME).ratio() > _NEAR


def _refused(table: Mapping[str, Any], path: Path) -> SettingsProblem | None:
    for key in table:
        if key in _REFUSED:
            why, hint = _REFUSED[key]
            return SettingsProblem(
                f"'{key}' {_WHERE} of {path} is refused: a project file {why}.",
                f"Remove it. {hint}",
            )
    return secret_problem(path) if has_secret(table, names_in=ALIASES) else None
