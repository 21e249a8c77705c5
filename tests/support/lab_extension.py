"""The front-end extension as the wheel installs it, put together from this checkout.

An editable installation has a copy of the files from the day it was made: no test uses it.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shared_data() -> dict[str, str]:
    """Return what the wheel puts beside the package: source -> place."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, str] = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    return table


def install_extension(prefix: Path) -> Path:
    """Copy the extension below `prefix`; return the folder for JUPYTER_PATH."""
    for source, place in shared_data().items():
        if not source.startswith("wx_notebook/lab/"):
            continue
        target = prefix / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(ROOT / source, target)
    return prefix / "share" / "jupyter"
