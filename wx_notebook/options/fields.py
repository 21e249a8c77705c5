"""What is known of one option: its flags, its type, its help, and where it can be set."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from wx_notebook.options.types import OptionType


def option(
    *flags: str,
    kind: OptionType,
    help: str,  # noqa: A002  # the word of argparse
    default: Any = None,  # noqa: ANN401
    metavar: str = "",
    cell_only: bool = False,
    repeatable: bool = False,
    configurable: bool = False,
    batch: bool = False,
    nargs: str | None = None,
) -> Any:  # noqa: ANN401  # as dataclasses.field
    """Return the field of an option.

    Parameters
    ----------
    flags
        Its names on an option line, the long one last.
    kind
        What values it accepts.
    help
        One line about it.
    metavar
        What its value is called; empty for a switch, which turns its default around.
    cell_only
        Python calls do not have it.
    repeatable
        It may stand on a line several times.
    configurable
        `%watsonx use`, `%config` and the settings files can set its default.
    batch
        It belongs to a prompt over a table: `wx.batch` takes it, and other calls do not.
    nargs
        "?" if the value may be missing; it is "" then.
    """
    return field(
        default=default,
        metadata={
            "flags": flags,
            "help": help,
            "metavar": metavar,
            "type": kind,
            "cell_only": cell_only or batch,
            "repeatable": repeatable,
            "configurable": configurable,
            "batch": batch,
            "nargs": nargs,
        },
    )
