"""Both settings files as they are now, or as they were when a prompt began."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

from wx_notebook.errors import BadOption
from wx_notebook.settings.cached_file import CachedFile
from wx_notebook.settings.problems import SettingsProblem
from wx_notebook.settings.project import project_path, project_values
from wx_notebook.settings.prompt_defaults import PromptDefaults
from wx_notebook.settings.user_file import load_user_file, settings_path

_project = CachedFile(project_values)
_user = CachedFile(load_user_file)


class SettingsFiles(NamedTuple):
    """The defaults in the two files, and the problems of the files."""

    project: PromptDefaults
    user: PromptDefaults
    problems: tuple[SettingsProblem, ...]


class _Prompt(threading.local):
    """Of a thread: whether it is within `read_once`, and what the files said there."""

    is_running = False
    files: SettingsFiles | None = None


_prompt = _Prompt()


class read_once:  # noqa: N801  # a context manager; one of a generator takes four times as long
    """Lets this thread look at the files only once within the block.

    For one prompt: its options, its model and its budget are asked for one after the other.

    Parameters
    ----------
    files
        What they said to another thread a moment ago, so that this one does not look at all.
    """

    def __init__(self, files: SettingsFiles | None = None) -> None:
        self._files = files

    def __enter__(self) -> None:
        self._is_outermost = not _prompt.is_running
        if self._is_outermost:
            _prompt.is_running, _prompt.files = True, self._files

    def __exit__(self, *_: object) -> None:
        if self._is_outermost:
            _prompt.is_running, _prompt.files = False, None


def read_files() -> SettingsFiles:
    """Return what both files say; a file that has changed is read again."""
    if _prompt.files is not None:
        return _prompt.files
    project, user = _project.of(project_path()), _user.of(settings_path())
    problems = tuple(each for each in (project, user) if isinstance(each, SettingsProblem))
    found = SettingsFiles(
        PromptDefaults() if isinstance(project, SettingsProblem) else project,
        PromptDefaults() if isinstance(user, SettingsProblem) else user.values,
        problems,
    )
    if _prompt.is_running:
        _prompt.files = found
    return found


def chats_folder() -> Path | None:
    """Return the folder where the project keeps its named chats, None if it sets none.

    Raises
    ------
    BadOption
        The project file has an error.
    """
    path = project_path()
    project = _project.of(path)
    if isinstance(project, SettingsProblem):
        raise BadOption(project.message, hint=project.hint)
    return Path(path).parent / project.chats if project.chats else None
