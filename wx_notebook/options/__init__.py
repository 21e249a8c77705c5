"""What a user asks of one prompt: typed, frozen, checked once.

`%%watsonx` reads these from its option line, the Python twin takes them as keyword arguments, and
the settings give some of them defaults; all end in the same `Options`. A field says everything
about an option: its flags, its help, its values, whether a cell alone can have it.
"""

from __future__ import annotations

from wx_notebook.options.abilities import ABILITIES
from wx_notebook.options.asked import (
    DEFAULT_MAX_TOKENS,
    DEFAULT_MODEL,
    FORMATS,
    Options,
    known_options,
)
from wx_notebook.options.checks import bad_value, checked, excluded_by, from_keywords, is_given
from wx_notebook.options.values import Refused

__all__ = [
    "ABILITIES",
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_MODEL",
    "FORMATS",
    "Options",
    "Refused",
    "bad_value",
    "checked",
    "excluded_by",
    "from_keywords",
    "is_given",
    "known_options",
]
