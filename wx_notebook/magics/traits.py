"""The defaults of options as traits: `%config WatsonxMagics.temperature = 0.2`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import Field
from typing import Any

from traitlets import Bunch, TraitType
from traitlets.config import Config, Configurable

from wx_notebook import settings
from wx_notebook.errors import BadOption, UserFacingError, did_you_mean, mask_keys
from wx_notebook.magics.option_line import CONFIGURABLE
from wx_notebook.options import check_value
from wx_notebook.session.current import choose_default


class _OptionTrait(TraitType[Any, Any]):
    """The default of an option, None if not set; an invalid one raises the option's own error."""

    default_value = None
    allow_none = True

    def __init__(self, option: Field[Any]) -> None:
        super().__init__(help=option.metadata["help"], config=True)
        self._option = option

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ANN401  # as traitlets has it
        """Return the value as the option keeps it."""
        try:
            return check_value(self._option, value)
        except BadOption as error:
            refused = error
        # `%config` writes to the shell's configuration first, which would bring the value back at
        # the next load
        section = getattr(getattr(obj, "parent", None), "config", {}).get(type(obj).__name__, {})
        section.pop(self.name, None)
        raise refused


class _RefusedConfig(UserFacingError):
    """A `BadOption` that `%config` lets through.

    `%config` logs every `Exception` and ends as if nothing had happened; the cell is to fail.
    """


# as the user knows it: the class is how the error gets out, not what it is
_RefusedConfig.__name__ = BadOption.__name__


class _SyncedConfigurable(Configurable):
    """Keeps the settings in step with the traits, and the traits with the settings."""

    _is_syncing = False

    def update_config(self, config: Config) -> None:
        """Set traits, for `%config`; an impossible value or an unknown name fails the cell."""
        refused = None
        try:
            self._check_names(config.get(type(self).__name__, {}))
            super().update_config(config)
        except BadOption as error:
            refused = error
        if refused is not None:
            raise _RefusedConfig(refused.message, hint=refused.hint)

    def _check_names(self, section: Mapping[str, Any]) -> None:
        # traitlets only warns of an unknown name
        for name in section:
            if name not in self.trait_names(config=True):
                raise BadOption(
                    f"WatsonxMagics has no '{mask_keys(name)}'.{did_you_mean(name, CONFIGURABLE)}",
                    hint=f"Traits: {', '.join(CONFIGURABLE)}.",
                )

    def start_sync(self) -> None:
        """Take over the values of a configuration file, and every later change."""
        for name in CONFIGURABLE:
            if getattr(self, name) is not None:
                choose_default(name, getattr(self, name), settings.CONFIG)
        self.observe(self._changed, names=list(CONFIGURABLE))

    def stop_sync(self) -> None:
        """Take back every default that was chosen."""
        self.unobserve(self._changed, names=list(CONFIGURABLE))
        settings.clear_runtime_defaults()

    def update_traits(self) -> None:
        """Set the traits to the defaults in force, wherever these come from."""
        chosen = settings.runtime_defaults()
        with self._syncing():
            for name in CONFIGURABLE:
                setattr(self, name, chosen[name].value if name in chosen else None)

    def _changed(self, change: Bunch) -> None:
        if not self._is_syncing:
            choose_default(change["name"], change["new"], settings.CONFIG)
            self.update_traits()

    @contextlib.contextmanager
    def _syncing(self) -> Iterator[None]:
        self._is_syncing = True
        try:
            yield
        finally:
            self._is_syncing = False


#: One trait for each option whose default can be set.
OptionTraits: Any = type(
    "OptionTraits",
    (_SyncedConfigurable,),
    {name: _OptionTrait(option) for name, option in CONFIGURABLE.items()}
    | {"__module__": __name__, "__doc__": _SyncedConfigurable.__doc__},
)


def update_traits(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Set the traits of the magics loaded in a shell to the defaults in force."""
    manager = getattr(shell, "magics_manager", None)
    loaded = manager.registry.get("WatsonxMagics") if manager is not None else None
    if isinstance(loaded, _SyncedConfigurable):
        loaded.update_traits()
