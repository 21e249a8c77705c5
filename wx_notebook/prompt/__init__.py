"""From what a user typed to what goes out."""

from wx_notebook.prompt.places import fill

__all__ = ["fill"]
