"""A button that copies a text: the kernel's half, which holds the text and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets


class CopyButton(anywidget.AnyWidget):
    """A button below a text of ours that is shown already.

    Parameters
    ----------
    text
        What is copied. It is in the notebook, as the text above is; so it is never a secret.
    instead
        What a front end without widgets shows in its place.
    """

    _esm = Path(__file__).parent / "copy.js"

    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, text: str, instead: str) -> None:
        self._instead = instead
        super().__init__(text=text)

    def _repr_mimebundle_(self, **options: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return data | {"text/plain": self._instead}, metadata
