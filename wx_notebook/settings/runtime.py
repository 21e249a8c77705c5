"""Defaults that `%watsonx use` and `%config` set in this process; the later one counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from wx_notebook.options import excluded_by

USE, CONFIG = "%watsonx use", "%config"


class RuntimeDefault(NamedTuple):
    """A value and the command that set it."""

    value: Any
    source: str


_defaults: dict[str, RuntimeDefault] = {}


def set_runtime_default(name: str, value: object, source: str) -> None:
    """Set the default of an option and remove the defaults that it excludes.

    None removes the default. The value must have been checked.
    """
    if value is None:
        _defaults.pop(name, None)
        return
    while other := excluded_by(name, _defaults):
        del _defaults[other]
    _defaults[name] = RuntimeDefault(value, source)


def runtime_defaults() -> Mapping[str, RuntimeDefault]:
    """Return the defaults in use, by the names of the options."""
    return dict(_defaults)


def clear_runtime_defaults() -> None:
    """Remove all of them."""
    _defaults.clear()
