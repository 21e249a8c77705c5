"""From what a user typed to what goes out."""

from wx_notebook.prompt.estimate import estimate_tokens
from wx_notebook.prompt.places import fill

__all__ = ["estimate_tokens", "fill"]
