"""The projects and spaces of an account, in all of its regions at once.

The region that is asked first is waited for; the others have two seconds, in threads of their own
that nobody waits for any longer. One that is slow, down, or does not know this user is named, and
no reason to stop.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from wx_notebook.credentials import Endpoints, Token, TokenSource
from wx_notebook.errors import NotConnected, WatsonxError, unframed
from wx_notebook.service.client import Service
from wx_notebook.service.containers import Project
from wx_notebook.service.elsewhere import LIMIT_S, Place
from wx_notebook.service.projects import projects, spaces
from wx_notebook.transport import FREE, Transport


@dataclass(frozen=True, slots=True)
class Everywhere:
    """What was found.

    Attributes
    ----------
    places
        Each project and space with its region: projects first, by name.
    silent
        The regions that gave no list in time.
    """

    places: tuple[Place, ...] = ()
    silent: tuple[Endpoints, ...] = ()


def everywhere(
    service: Service, others: Sequence[Endpoints] = (), *, limit_s: float = LIMIT_S
) -> Everywhere:
    """Return the projects and spaces of this region, and of the others that answer in time.

    The token that there is goes to them and to nobody else; no other is got for this.

    Raises
    ------
    WatsonxError
        This region fails, and no other has a project.
    Interrupted
        The user stopped it.
    """
    return unframed(
        lambda: _everywhere(service, others, limit_s), "Stopped while regions were asked."
    )


def _everywhere(service: Service, others: Sequence[Endpoints], limit_s: float) -> Everywhere:
    answers: queue.SimpleQueue[tuple[Endpoints, list[Place] | None]] = queue.SimpleQueue()
    token = service.tokens.token()
    ends = time.monotonic() + limit_s
    for where in others:
        threading.Thread(
            target=_answer,
            args=[answers, service.transport, where, token, limit_s],
            daemon=True,
        ).start()
    refused: WatsonxError | None = None
    found: list[Place] = []
    silent = list(others)
    try:
        found = _listed(service)
    except WatsonxError as problem:
        refused = problem
    for _ in others:
        with contextlib.suppress(queue.Empty):
            where, there = answers.get(timeout=max(ends - time.monotonic(), 0.001))
            if there is not None:
                silent.remove(where)
                found += there
    if refused is not None and not found:
        raise refused
    if refused is not None:
        silent.insert(0, service.endpoints)
    return Everywhere(tuple(sorted(found, key=_order)), tuple(silent))


def _order(place: Place) -> tuple[bool, str, str, str]:
    project = place.project
    return project.kind != "project", project.name.casefold(), place.endpoints.place, project.id


def _listed(service: Service) -> list[Place]:
    """Return what one region lists; of spaces not everybody may see the list."""
    found: list[Project] = projects(service)
    with contextlib.suppress(WatsonxError):
        found += spaces(service)
    return [Place(service.endpoints, each) for each in found]


def _answer(
    answers: queue.SimpleQueue[tuple[Endpoints, list[Place] | None]],
    transport: Transport,
    where: Endpoints,
    token: Token,
    limit_s: float,
) -> None:
    """Put what one region lists, in its own thread; whatever goes wrong there is no answer."""
    found: list[Place] | None = None
    try:
        tokens = TokenSource(_no_other, token=token, renewable=False)
        once = replace(FREE, attempts=1, first_byte_s=limit_s)
        with contextlib.suppress(Exception):
            found = _listed(Service(transport, where, tokens, free=once))
    finally:
        answers.put((where, found))


def _no_other() -> NoReturn:
    raise NotConnected("A region of the account does not take the token.", hint="Run it again.")
