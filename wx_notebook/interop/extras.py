"""The libraries that are handed over to: whether one is here, and new enough."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption


@dataclass(frozen=True, slots=True)
class Extra:
    """A library that comes with an extra of ours.

    Attributes
    ----------
    name
        Of the extra.
    title, distribution, module
        What people, pip and Python call the library.
    oldest
        The first version that this package works with.
    """

    name: str
    title: str
    distribution: str
    module: str
    oldest: tuple[int, int]


#: From 1.6 on the SDK hands its HTTP client to a token function, and all calls go through it.
SDK = Extra("sdk", "IBM's SDK", "ibm-watsonx-ai", "ibm_watsonx_ai", (1, 6))
LANGCHAIN = Extra("langchain", "LangChain for watsonx.ai", "langchain-ibm", "langchain_ibm", (1, 0))
OPENAI = Extra("openai", "the OpenAI client", "openai", "openai", (2, 0))


def required(extra: Extra) -> ModuleType:
    """Return the library's module.

    Raises
    ------
    BadOption
        It is not installed, too old, or cannot be imported.
    """
    title = extra.title[0].upper() + extra.title[1:]
    wanted = ".".join(str(part) for part in extra.oldest)
    try:
        found = version(extra.distribution)
    except PackageNotFoundError:
        found = ""
    if not found:
        raise BadOption(
            f"{title} ({extra.distribution}) is not installed here.",
            hint=f"Next: pip install 'wx-notebook[{extra.name}]' (in a notebook %pip), then again.",
        )
    if _numbers(found) < extra.oldest:
        raise BadOption(
            f"{title} is here in version {found}, and {wanted} or later is needed.",
            hint=f"Next: pip install --upgrade 'wx-notebook[{extra.name}]', then restart the "
            "kernel.",
        )
    try:
        return import_module(extra.module)
    except Exception as problem:  # noqa: BLE001  # whatever another package's import does
        reason = without_keys(f"{type(problem).__name__}: {problem}")
    raise BadOption(
        f"{title} {found} is installed and cannot be imported: {reason}",
        hint=f"Next: pip install --force-reinstall 'wx-notebook[{extra.name}]'",
    )


def _numbers(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version; of 2.0rc1 these are 2 and 0."""
    parts = []
    for part in text.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        parts.append(int(digits or 0))
    return tuple(parts)
