"""From what a user typed to what goes out."""

from wx_notebook.prompt.estimate import estimate_tokens
from wx_notebook.prompt.places import Filled, fill, filled

__all__ = ["Filled", "estimate_tokens", "fill", "filled"]
