"""A Python environment as its files tell it: packages, front-end extensions, Jupyter's settings.

Nothing of it is started: the environment of a Jupyter server is often not the kernel's.
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

#: Where an environment keeps what is Jupyter's.
_OWN = ("share", "etc")


def is_same(one: Path, other: Path) -> bool:
    """Whether two prefixes are the same environment."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def this_environment() -> Environment:
    """Return the environment that this runs in."""
    return Environment(Path(sys.prefix))


@dataclass(frozen=True, slots=True)
class LabExtension:
    """A prebuilt extension of JupyterLab and Notebook 7: its version, and where it lies."""

    version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment with this prefix."""

    prefix: Path

    @property
    def is_this(self) -> bool:
        """Whether it is the one that this runs in."""
        return is_same(self.prefix, Path(sys.prefix))

    @property
    def python(self) -> str:
        """Its interpreter, as it is typed."""
        own = Path(sys.executable)
        python = (
            own
            if self.is_this and sys.executable
            else self.prefix / ("python.exe" if os.name == "nt" else "bin/python")
        )
        return f'"{python}"' if " " in str(python) else str(python)

    def version(self, name: str) -> str:
        """Return the version of a package, "" where it is not installed."""
        paths = sys.path if self.is_this else [str(path) for path in self._packages()]
        found = next(iter(distributions(name=name, path=paths)), None)
        return str(found.version) if found is not None else ""

    def lab_extensions(self, name: str) -> list[LabExtension]:
        """Return an extension wherever it lies; the first one is the one that is loaded."""
        from jupyter_core.paths import jupyter_path

        found = []
        for folder in map(Path, self._moved(jupyter_path("labextensions"))):
            package = _json(folder / name / "package.json")
            if package:
                found.append(LabExtension(str(package.get("version", "")), folder / name))
        return found

    def disabled_lab_extensions(self) -> set[str]:
        """Return the names that are switched off, of extensions or of plugins in them."""
        application = self.prefix / "share" / "jupyter" / "lab" / "settings" / "page_config.json"
        found = _names(_json(application).get("disabledExtensions"))
        for name, is_off in self._settings("labconfig", "page_config", "disabledExtensions"):
            (found.add if is_off else found.discard)(name)
        return found

    def server_extension(self, name: str) -> tuple[bool | None, Path | None]:
        """Return whether a server extension is switched on, and which folder's files say so."""
        from jupyter_core.paths import jupyter_config_path

        said: tuple[bool | None, Path | None] = None, None
        for folder in map(Path, reversed(self._moved(jupyter_config_path()))):
            server = _section(folder, "jupyter_server_config").get("ServerApp")
            extensions = server.get("jpserver_extensions") if isinstance(server, dict) else None
            if isinstance(extensions, dict) and name in extensions:
                said = bool(extensions[name]), folder
        return said

    def server_setting(self, group: str, name: str) -> object:
        """Return what Jupyter's JSON settings say, None where they do not (a program may)."""
        from jupyter_core.paths import jupyter_config_path

        said: object = None
        for folder in map(Path, reversed(self._moved(jupyter_config_path()))):
            found = _section(folder, "jupyter_server_config").get(group)
            said = found.get(name, said) if isinstance(found, dict) else said
        return said

    def _packages(self) -> Iterator[Path]:
        for pattern in ("lib/python3*/site-packages", "lib/python3/dist-packages",
                        "Lib/site-packages"):  # fmt: skip
            yield from self.prefix.glob(pattern)

    def _moved(self, paths: list[str]) -> list[str]:
        """Return Jupyter's paths as they are for this environment: those of ours become its own.

        Their order stays: it is the user's who has the choice (`JUPYTER_PREFER_ENV_PATH`).
        """
        moved = []
        for path in map(Path, paths):
            # the system's own folders are everybody's, also where we run in /usr
            ours = any(path.is_relative_to(Path(sys.prefix, part, "jupyter")) for part in _OWN)
            moved.append(str(self.prefix / path.relative_to(sys.prefix) if ours else path))
        return moved

    def _settings(self, below: str, section: str, key: str) -> Iterator[tuple[str, bool]]:
        """Yield what Jupyter's settings say of each name, the last word last."""
        from jupyter_core.paths import jupyter_config_path

        for folder in map(Path, reversed(self._moved(jupyter_config_path()))):
            found = _section(folder / below, section).get(key)
            for name in _names(found):
                yield name, True
            if isinstance(found, dict):
                yield from ((name, False) for name, is_off in found.items() if not is_off)


def _section(folder: Path, section: str) -> Mapping[str, Any]:
    """Return what the files of one folder say together, as Jupyter's servers read them."""
    # older releases of it raise where a file is no JSON; newer ones pass over it with a warning
    from jupyter_server.config_manager import BaseJSONConfigManager

    manager = BaseJSONConfigManager(config_dir=str(folder))
    found: Mapping[str, Any] = manager.get(section)
    return found


def _names(found: object) -> set[str]:
    if isinstance(found, dict):
        return {str(name) for name, is_off in found.items() if is_off}
    return {str(name) for name in found} if isinstance(found, list) else set()


def _json(file: Path) -> Mapping[str, Any]:
    """Return a JSON object, an empty one where there is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
