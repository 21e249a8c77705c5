"""From the text that a user typed to the text that is sent."""

from wx_notebook.templates.estimate import estimate_tokens
from wx_notebook.templates.iterators import row_of
from wx_notebook.templates.named_pictures import named_pictures
from wx_notebook.templates.pictures import (
    IllustratedText,
    Picture,
    is_picture_class,
    pictures_of,
)
from wx_notebook.templates.placeholders import FilledPrompt, fill_placeholders
from wx_notebook.templates.row_prompt import RowError, RowPrompt, columns_meant
from wx_notebook.templates.tables import is_missing, table_of

__all__ = [
    "FilledPrompt",
    "IllustratedText",
    "Picture",
    "RowError",
    "RowPrompt",
    "columns_meant",
    "estimate_tokens",
    "fill_placeholders",
    "is_missing",
    "is_picture_class",
    "named_pictures",
    "pictures_of",
    "row_of",
    "table_of",
]
