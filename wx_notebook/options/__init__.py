"""The options of one prompt: typed, frozen, checked once.

`%%watsonx` reads them from its option line, Python calls take them as keyword arguments, and the
settings give some of them defaults. All end in the same `Options`.
"""

from __future__ import annotations

from wx_notebook.options.batch_options import DEFAULT_CONCURRENCY, SERVICE, MaxErrors
from wx_notebook.options.exclusions import (
    check_combination,
    check_needs,
    check_streamed,
    excluded_by,
    gives_way_to,
    is_set,
)
from wx_notebook.options.options import (
    CAPABILITIES,
    DEFAULT_MAX_TOKENS,
    DEFAULT_MODEL,
    FORMATS,
    Options,
    bad_value,
    check_value,
    known_options,
    options_from_keywords,
)
from wx_notebook.options.prompt_options import PromptOptions, list_options
from wx_notebook.options.service_params import option_for
from wx_notebook.options.types import NEW, InvalidValue

__all__ = [
    "CAPABILITIES",
    "DEFAULT_CONCURRENCY",
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_MODEL",
    "FORMATS",
    "NEW",
    "SERVICE",
    "InvalidValue",
    "MaxErrors",
    "Options",
    "PromptOptions",
    "bad_value",
    "check_combination",
    "check_needs",
    "check_streamed",
    "check_value",
    "excluded_by",
    "gives_way_to",
    "is_set",
    "known_options",
    "list_options",
    "option_for",
    "options_from_keywords",
]
