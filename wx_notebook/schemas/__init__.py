"""Typed values: what a prompt asks for as JSON, and what its answer is as a value.

A short form, a class or a JSON Schema becomes a `Schema`. It is the `response_format` of a request,
and it reads the text of the answer. Nothing here is imported before a schema is used.
"""

from __future__ import annotations

from wx_notebook.schemas.schema import Schema, read_schema

__all__ = ["Schema", "read_schema"]
