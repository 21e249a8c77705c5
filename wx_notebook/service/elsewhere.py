"""Where a project is that was not found: a space, perhaps, or in another region of the account.

All places are asked at once, by threads of their own that nobody waits for longer than two
seconds. A region that is slow, down, or does not know this user is just not where it is.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wx_notebook.credentials import REGIONS, Endpoints, Token
from wx_notebook.errors import NoRuntime, ProjectError, unframed
from wx_notebook.service.client import Bearer, Service
from wx_notebook.service.containers import OTHER, PATHS, ContainerKind, Project, named_by, read
from wx_notebook.service.request import Scope
from wx_notebook.transport import FREE, Call, Transport

LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project or space is."""

    endpoints: Endpoints
    project: Project


def found_elsewhere(
    service: Service, scope: Scope, others: Sequence[Endpoints], *, limit_s: float = LIMIT_S
) -> Place | None:
    """Return where the project or space of `scope` is instead, None if nobody says so in time.

    `others` are asked for it as what it was given as, and as the other of the two; here only for
    the latter. The token that there is goes to them and to nobody else; no other is got for this.

    Raises
    ------
    Interrupted
        The user stopped it.
    """
    token = service.tokens.current()
    kind, given = named_by(scope)
    if token is None or not given:
        return None
    answers: queue.SimpleQueue[Place | None] = queue.SimpleQueue()
    places: list[tuple[Endpoints, tuple[ContainerKind, ...]]] = [
        (service.endpoints, (OTHER[kind],)),
        *((other, (kind, OTHER[kind])) for other in others),
    ]
    for where, kinds in places:
        asker = _Asker(service.transport, token, where, limit_s)
        threading.Thread(
            target=_answer, args=[answers.put, asker, kinds, given], daemon=True
        ).start()
    return unframed(
        lambda: _first(answers, len(places), limit_s), "Stopped while other regions were asked."
    )


def located(
    error: ProjectError,
    service: Service,
    scope: Scope,
    others: Sequence[Endpoints] = (),
    *,
    limit_s: float = LIMIT_S,
) -> ProjectError:
    """Return the error, with where the project or space is instead, if that can be found out.

    Raises
    ------
    Interrupted
        The user stopped it.
    """
    if isinstance(error, NoRuntime):
        # it is here, and lacks something else
        return error
    place = found_elsewhere(service, scope, others, limit_s=limit_s)
    if place is None:
        return error
    kind, given = named_by(scope)
    found = place.project
    if place.endpoints == service.endpoints:
        return ProjectError(
            f"{given} is a {found.kind}, '{found.name}', not a {kind}.",
            hint=f"Next: %watsonx use --{found.kind} {given}, or "
            f'wx.connect({found.kind}_id="{given}").',
        )
    first, _, rest = error.message.partition("\n")
    what = "It is" if found.kind == kind else f"It is a {found.kind}, not a {kind}, and"
    region = _typed(place.endpoints)
    line, python = f"--region {region}", f'region="{region}"'
    if found.kind != kind:
        line += f" --{found.kind} {given}"
        python += f', {found.kind}_id="{given}"'
    return ProjectError(
        f"{first}\n{what} in {_title(place.endpoints)}: '{found.name}'.\n{rest}".rstrip(),
        hint=f"Next: %watsonx use {line}, or wx.connect({python}).",
    )


class _Asker:
    """Asks one region, once, with a limit of its own."""

    def __init__(
        self, transport: Transport, token: Token, where: Endpoints, limit_s: float
    ) -> None:
        self.where = where
        self._transport = transport
        self._token = token
        self._limit_s = limit_s

    def ask(self, kind: ContainerKind, given: str) -> Project | None:
        reply = self._transport.open(
            Call(
                "GET",
                f"{self.where.platform_url}{PATHS[kind]}/{given}",
                auth=Bearer(self._token),
                policy=replace(FREE, attempts=1, first_byte_s=self._limit_s),
            )
        )
        reply.expect_end_within(self._limit_s)
        if reply.status != 200:
            reply.close()
            return None
        document = reply.json()
        if not isinstance(document, dict):
            return None
        found = read(document, kind, self._transport.redact)
        # a page that answers every address with 200 has no project
        return found if found.id.lower() == given.lower() else None


def _answer(
    put: Callable[[Place | None], None],
    asker: _Asker,
    kinds: tuple[ContainerKind, ...],
    given: str,
) -> None:
    """Put what one region says, in its own thread; whatever goes wrong there is no answer."""
    place: Place | None = None
    try:
        for kind in kinds:
            with contextlib.suppress(Exception):
                if (project := asker.ask(kind, given)) is not None:
                    place = Place(asker.where, project)
                    break
    finally:
        put(place)


def _first(answers: queue.SimpleQueue[Place | None], expected: int, limit_s: float) -> Place | None:
    ends = time.monotonic() + limit_s
    for _ in range(expected):
        left = ends - time.monotonic()
        with contextlib.suppress(queue.Empty):
            if left > 0 and (place := answers.get(timeout=left)) is not None:
                return place
    return None


def _typed(where: Endpoints) -> str:
    """Return what a user types to get there: of a private network the URL, else the region's id."""
    return where.url if where.url.startswith("https://private.") else where.place


def _title(where: Endpoints) -> str:
    named = (region.title for region in REGIONS if region.region_id == where.place)
    return next(named, where.place)
