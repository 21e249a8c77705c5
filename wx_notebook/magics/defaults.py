"""Defaults of options: as traits for `%config WatsonxMagics.temperature = 0.2`, and for a cell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import Field
from typing import TYPE_CHECKING, Any

from traitlets import TraitType
from traitlets.config import Configurable

from wx_notebook.errors import BadOption
from wx_notebook.options import Options, checked, known_options

if TYPE_CHECKING:
    from traitlets import Bunch

#: Those that can have a default of the user's.
LAYERED = {option.name: option for option in known_options() if option.metadata["layered"]}


def options_of(given: Mapping[str, Any]) -> Options:
    """Return the options of a prompt that says `given` itself; the settings say the rest.

    Raises
    ------
    BadOption
        As `settings.options_for`.
    """
    from wx_notebook.session import current
    from wx_notebook.session.defaults import options_of

    return options_of(current(), given)


class _OptionTrait(TraitType[Any, Any]):
    """The default of an option, None for none; refused in the option's own words."""

    default_value = None
    allow_none = True

    def __init__(self, option: Field[Any]) -> None:
        super().__init__(help=option.metadata["describe"], config=True)
        self._option = option

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ANN401  # as traitlets has it
        """Return the value as the option keeps it."""
        try:
            return checked(self._option, value)
        except BadOption as problem:
            refused = problem
        # `%config` tells the shell first, whose configuration would bring it back at the next load
        section = getattr(getattr(obj, "parent", None), "config", {}).get(type(obj).__name__, {})
        section.pop(self.name, None)
        raise refused


class _Following(Configurable):
    """Keeps the settings in step with the traits, and the traits with the settings."""

    _follows = False

    def put_on(self) -> None:
        """Take over what a configuration file says, and whatever is set from now on."""
        for name in LAYERED:
            if getattr(self, name) is not None:
                self._choose(name)
        self.observe(self._changed, names=list(LAYERED))

    def take_off(self) -> None:
        """Take back everything that was chosen."""
        from wx_notebook import settings

        self.unobserve(self._changed, names=list(LAYERED))
        settings.forget()

    def follow(self) -> None:
        """Let the traits say what is in force, whoever has set it."""
        from wx_notebook import settings

        chosen = settings.chosen()
        with self._following():
            for name in LAYERED:
                setattr(self, name, chosen[name].value if name in chosen else None)

    def _changed(self, change: Bunch) -> None:
        if not self._follows:
            self._choose(change["name"])
            self.follow()

    def _choose(self, name: str) -> None:
        from wx_notebook.session.choosing import choose_default
        from wx_notebook.settings import CONFIG

        choose_default(name, getattr(self, name), CONFIG)

    @contextlib.contextmanager
    def _following(self) -> Iterator[None]:
        self._follows = True
        try:
            yield
        finally:
            self._follows = False


#: One trait for each option that can have a default.
OptionTraits: Any = type(
    "OptionTraits",
    (_Following,),
    {name: _OptionTrait(option) for name, option in LAYERED.items()}
    | {"__module__": __name__, "__doc__": _Following.__doc__},
)


def follow(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Let the traits of the magics that are loaded in a shell say what is in force."""
    manager = getattr(shell, "magics_manager", None)
    loaded = manager.registry.get("WatsonxMagics") if manager is not None else None
    if isinstance(loaded, _Following):
        loaded.follow()
