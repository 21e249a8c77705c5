"""The libraries of the extras: import them, and build their clients from a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from wx_notebook.errors import (
    BadOption,
    NotConnected,
    ProjectError,
    ServiceDown,
    UserFacingError,
    mask_keys,
    strip_frames,
    without_frames,
)
from wx_notebook.hints import login_hint
from wx_notebook.session import Session
from wx_notebook.session import session as current_session


@dataclass(frozen=True, slots=True)
class Extra:
    """A library that an extra of this package installs.

    Attributes
    ----------
    name
        The name of the extra.
    title, distribution, module
        The library's name in sentences, for pip, and for Python.
    minimum
        The oldest version that this package works with.
    """

    name: str
    title: str
    distribution: str
    module: str
    minimum: tuple[int, int]


#: From 1.6 on the SDK passes its HTTP client to a token function and uses it for all calls.
SDK = Extra("sdk", "IBM's SDK", "ibm-watsonx-ai", "ibm_watsonx_ai", (1, 6))
LANGCHAIN = Extra("langchain", "LangChain for watsonx.ai", "langchain-ibm", "langchain_ibm", (1, 0))
OPENAI = Extra("openai", "the OpenAI client", "openai", "openai", (2, 0))


def import_extra(extra: Extra) -> ModuleType:
    """Return the library's module.

    Raises
    ------
    BadOption
        It is not installed, too old, or its import fails.
    """
    title = extra.title[0].upper() + extra.title[1:]
    minimum = ".".join(str(part) for part in extra.minimum)
    try:
        installed = version(extra.distribution)
    except PackageNotFoundError:
        installed = ""
    if not installed:
        raise BadOption(
            f"{title} ({extra.distribution}) is not installed here.",
            hint=f"Next: pip install 'wx-notebook[{extra.name}]' (in a notebook: %pip), then try "
            "again.",
        )
    if _version_numbers(installed) < extra.minimum:
        raise BadOption(
            f"{title} {installed} is installed, but version {minimum} or later is needed.",
            hint=f"Next: pip install --upgrade 'wx-notebook[{extra.name}]', then restart the "
            "kernel.",
        )
    try:
        return import_module(extra.module)
    except Exception as error:  # noqa: BLE001  # the import of another package can raise anything
        reason = mask_keys(f"{type(error).__name__}: {error}")
    raise BadOption(
        f"{title} {installed} is installed, but its import fails: {reason}",
        hint=f"Next: pip install --force-reinstall 'wx-notebook[{extra.name}]'",
    )


def _version_numbers(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version, for instance 2 and 0 of 2.0rc1."""
    parts = []
    for part in text.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        parts.append(int(digits or 0))
    return tuple(parts)


def open_session(session: Session | None) -> Session:
    """Return this session, or the current one.

    Raises
    ------
    NotConnected
        There is no session, or it is closed.
    """
    session = session if session is not None else current_session()
    if session.state.is_closed:
        raise NotConnected("not connected: the session was closed.", hint=login_hint())
    return session


def build_client(build: Callable[[], Any], session: Session, title: str) -> Any:  # noqa: ANN401
    """Return the client that a library's constructor builds, and convert its errors.

    Raises
    ------
    WatsonxError
        The session's own error, where the session is the reason.
    ProjectError, ServiceDown
        The library's own message.
    """
    failure: BaseException | None = None
    message = kind = ""
    try:
        # the library's frames would show a token
        return strip_frames(build, f"Stopped before {title} was ready.")
    except UserFacingError as error:
        failure = error
    except Exception as error:  # noqa: BLE001  # these errors have many base classes
        kind = type(error).__name__
        message = " ".join(session.state.transport.redact(f"{kind}: {error}").split())[:400]
    if failure is None and session.scope.as_body():
        # our own call explains better whether key and project are right
        session.verify()
    if failure is None and kind == "CannotSetProjectOrSpace":
        failure = ProjectError(
            f"{title} does not accept this project or space. {message}",
            hint="Check its ID: in watsonx.ai, your project > Manage > General.",
        )
    if failure is None:
        failure = ServiceDown(
            f"{title} could not build a client. {message}", hint="Next: %watsonx status"
        )
    raise without_frames(failure)
