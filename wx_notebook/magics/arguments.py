"""The arguments of a line, as a command lists them and as `argparse` stores them."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption


class Argument(NamedTuple):
    """An option of a line, or the words beside the options."""

    #: its flags; a name without hyphens is the words beside the options
    names: tuple[str, ...]
    help: str
    #: what its value is called in the help; a switch has none
    metavar: str = ""
    #: "?" if the value may be missing, "*" for any number of words
    nargs: str | None = None
    #: what the Tab key offers: words, or the name of a list of `completion.values`
    completes: str | tuple[str, ...] = ()
    repeatable: bool = False
    #: arguments of the same group exclude each other
    group: str = ""
    #: the attribute of the result, if it is not the name of the last flag
    dest: str = ""
    #: what a switch stores
    const: object = True


class StoreOnce(argparse.Action):
    """Stores a value and refuses a second one, which argparse would let win silently."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401  # as argparse has it
        option_string: str | None = None,
    ) -> None:
        """Store the value, or raise `BadOption`."""
        if getattr(namespace, self.dest) is not None:
            flag = self.option_strings[-1]
            raise BadOption(f"{flag} is given more than once.", hint="Keep one of them.")
        setattr(namespace, self.dest, values)
