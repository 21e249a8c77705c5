"""What `%watsonx use` and `%config` have said in this process, whichever spoke last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from wx_notebook.options import excluded_by

USE, CONFIG = "%watsonx use", "%config"


class Choice(NamedTuple):
    """A value, and who said it."""

    value: Any
    by: str


_chosen: dict[str, Choice] = {}


def choose(name: str, value: object, by: str) -> None:
    """Make a value the default of an option, instead of those that it excludes.

    None takes back what was chosen. The value has been checked.
    """
    if value is None:
        _chosen.pop(name, None)
        return
    while other := excluded_by(name, _chosen):
        del _chosen[other]
    _chosen[name] = Choice(value, by)


def chosen() -> Mapping[str, Choice]:
    """Return what is in force."""
    return dict(_chosen)


def forget() -> None:
    """Take everything back."""
    _chosen.clear()
