"""Check: what is installed, and whether it is as new as it has to be."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from wx_notebook.doctor.environments import this_environment
from wx_notebook.doctor.verdicts import Finding, ok

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from wx_notebook.doctor.case import Case

_DISTRIBUTION = "wx-notebook"
#: Named even where all is well: whoever reads a report asks for these first.
_NAMED = ("ipython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab", "notebook",
          "jupyter_server", "requests", "urllib3", "nh3", "keyring", "ibm-watsonx-ai")  # fmt: skip
#: Extras of this package that are libraries somebody works with; the others are ours.
_EXTRAS = ("sdk", "langchain", "openai")


def look(_: Case) -> Finding:
    """Compare what is installed with what this package says that it needs."""
    from wx_notebook import __version__

    found = [f"wx_notebook {__version__}", f"Python {platform.python_version()}"]
    found += [f"{name} {installed}" for name in _NAMED if (installed := _installed(name))]
    told = f"{', '.join(found)} on {platform.system()} {platform.machine()}"
    try:
        stated = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return Finding(
            "warning",
            f"{told}; not installed as a package, so nothing says what it needs",
            f"`{this_environment().python} -m pip install wx-notebook`",
        )
    missing, older = _lacking(stated)
    if not (missing or older):
        return ok(told)
    lacks = [f"{needed.name} is missing" for needed in missing]
    lacks += [
        f"{needed.name} {_installed(needed.name)} is not {needed.specifier}" for needed in older
    ]
    wanted = " ".join(f'"{needed.name}{needed.specifier}"' for needed in (*missing, *older))
    return Finding(
        "failed" if missing else "warning",
        f"{'; '.join(lacks)}. {told}",
        f"`{this_environment().python} -m pip install {wanted}`, then restart the kernel",
    )


def _lacking(stated: list[str]) -> tuple[list[Requirement], list[Requirement]]:
    """Return what is needed and missing, and what is there and older."""
    from packaging.requirements import Requirement

    missing, older = [], []
    for needed in map(Requirement, stated):
        always = needed.marker is None or needed.marker.evaluate({"extra": ""})
        matters = always or any(
            needed.marker is not None and needed.marker.evaluate({"extra": extra})
            for extra in _EXTRAS
        )
        installed = _installed(needed.name)
        if always and not installed:
            missing.append(needed)
        elif matters and installed and not needed.specifier.contains(installed, prereleases=True):
            older.append(needed)
    return missing, older


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
