"""A Python environment, read from its files: packages, front-end extensions, Jupyter's settings.

The environment of a Jupyter server is often not the kernel's, so none of its code can run here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

#: The folders of an environment with Jupyter's files.
_JUPYTER_FOLDERS = ("share", "etc")


def is_same_prefix(one: Path, other: Path) -> bool:
    """Whether two prefixes are the same environment."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def current_environment() -> Environment:
    """Return the environment of this process."""
    return Environment(Path(sys.prefix))


@dataclass(frozen=True, slots=True)
class LabExtension:
    """A prebuilt extension of JupyterLab and Notebook 7: its version and folder."""

    version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Environment:
    """The Python environment with this prefix."""

    prefix: Path

    @property
    def is_current(self) -> bool:
        """Whether it is the environment of this process."""
        return is_same_prefix(self.prefix, Path(sys.prefix))

    @property
    def python(self) -> str:
        """Its interpreter, as users type it."""
        python = (
            Path(sys.executable)
            if self.is_current and sys.executable
            else self.prefix / ("python.exe" if os.name == "nt" else "bin/python")
        )
        return f'"{python}"' if " " in str(python) else str(python)

    def version(self, name: str) -> str:
        """Return the version of a package, "" if it is not installed."""
        paths = sys.path if self.is_current else [str(path) for path in self._packages()]
        distribution = next(iter(distributions(name=name, path=paths)), None)
        return str(distribution.version) if distribution is not None else ""

    def command_to_install(self, version: str) -> str:
        """Return the command that installs a version of this package there."""
        options = "--force-reinstall --no-deps"
        return f'{self.python} -m pip install {options} "wx-notebook=={version}"'

    def lab_extensions(self, name: str) -> list[LabExtension]:
        """Return an extension from all folders; the front end loads the first one."""
        from jupyter_core.paths import jupyter_path

        extensions = []
        for folder in map(Path, self._translate(jupyter_path("labextensions"))):
            package = _read_json(folder / name / "package.json")
            if package:
                extensions.append(LabExtension(str(package.get("version", "")), folder / name))
        return extensions

    def disabled_lab_extensions(self) -> set[str]:
        """Return the names of disabled extensions, and of disabled plugins in extensions."""
        application = self.prefix / "share" / "jupyter" / "lab" / "settings" / "page_config.json"
        disabled = _names(_read_json(application).get("disabledExtensions"))
        for name, is_off in self._settings("labconfig", "page_config", "disabledExtensions"):
            (disabled.add if is_off else disabled.discard)(name)
        return disabled

    def server_extension(self, name: str) -> tuple[bool | None, Path | None]:
        """Return whether a server extension is enabled, and the folder that says so."""
        from jupyter_core.paths import jupyter_config_path

        state: tuple[bool | None, Path | None] = None, None
        for folder in map(Path, reversed(self._translate(jupyter_config_path()))):
            server = _section(folder, "jupyter_server_config").get("ServerApp")
            extensions = server.get("jpserver_extensions") if isinstance(server, dict) else None
            if isinstance(extensions, dict) and name in extensions:
                state = bool(extensions[name]), folder
        return state

    def server_setting(self, group: str, name: str) -> object:
        """Return a value of Jupyter's JSON settings, None if they have none (a program may)."""
        from jupyter_core.paths import jupyter_config_path

        value: object = None
        for folder in map(Path, reversed(self._translate(jupyter_config_path()))):
            settings = _section(folder, "jupyter_server_config").get(group)
            value = settings.get(name, value) if isinstance(settings, dict) else value
        return value

    def _packages(self) -> Iterator[Path]:
        for pattern in ("lib/python3*/site-packages", "lib/python3/dist-packages",
                        "Lib/site-packages"):  # fmt: skip
            yield from self.prefix.glob(pattern)

    def _translate(self, paths: list[str]) -> list[str]:
        """Return Jupyter's paths for this environment: those of our prefix get its prefix.

        Their order stays, because the user can choose it (`JUPYTER_PREFER_ENV_PATH`).
        """
        translated = []
        for path in map(Path, paths):
            # the system's folders belong to all environments, also when our prefix is /usr
            ours = any(
                path.is_relative_to(Path(sys.prefix, part, "jupyter")) for part in _JUPYTER_FOLDERS
            )
            translated.append(str(self.prefix / path.relative_to(sys.prefix) if ours else path))
        return translated

    def _settings(self, subfolder: str, section: str, key: str) -> Iterator[tuple[str, bool]]:
        """Yield each name in Jupyter's settings with whether it is set; later files win."""
        from jupyter_core.paths import jupyter_config_path

        for folder in map(Path, reversed(self._translate(jupyter_config_path()))):
            value = _section(folder / subfolder, section).get(key)
            for name in _names(value):
                yield name, True
            if isinstance(value, dict):
                yield from ((name, False) for name, is_on in value.items() if not is_on)


def _section(folder: Path, section: str) -> Mapping[str, Any]:
    """Return the settings of one folder, merged in the way of Jupyter's servers."""
    # for a file that is not JSON, older releases raise, and newer ones log a warning
    from jupyter_server.config_manager import BaseJSONConfigManager

    manager = BaseJSONConfigManager(config_dir=str(folder))
    settings: Mapping[str, Any] = manager.get(section)
    return settings


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {str(name) for name, is_on in value.items() if is_on}
    return {str(name) for name in value} if isinstance(value, list) else set()


def _read_json(file: Path) -> Mapping[str, Any]:
    """Return the JSON object of a file, {} if there is none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
