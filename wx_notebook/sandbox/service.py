"""The service behind the paths: who may make which call, and which faults it meets."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import date
from typing import Protocol

from wx_notebook.sandbox.batches.endpoint import BatchEndpoint
from wx_notebook.sandbox.batches.files import as_file_error
from wx_notebook.sandbox.http import fault_effects, routes
from wx_notebook.sandbox.http.faults import BATCH_CALLS, MODEL_CALLS, PROMPT_CALLS, FaultSwitches
from wx_notebook.sandbox.http.messages import (
    PAID_RATE,
    ErrorResponse,
    Outcome,
    Reply,
    Request,
    Stream,
    method_error,
    ok,
    rate_limit_error,
    rate_limit_headers,
    service_error,
    text_reply,
    timestamp,
)
from wx_notebook.sandbox.iam.account import TokenIssuer, token_expired, token_not_valid
from wx_notebook.sandbox.iam.sign_in import SignIn
from wx_notebook.sandbox.inference import gateway
from wx_notebook.sandbox.inference.catalogue import Deployments, model_specs
from wx_notebook.sandbox.inference.embeddings import TextMeasures
from wx_notebook.sandbox.inference.models import ModelLibrary
from wx_notebook.sandbox.projects import ProjectStore

GREETING = (
    "The wx_notebook sandbox: a stand-in of IBM Cloud IAM and IBM watsonx.ai on this machine."
)
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# calls whose reply depends on the list of models
_NEEDS_MODELS = MODEL_CALLS | {"models", "gateway_models", "batches", "batch"}


class RateLimit:
    """Counts the prompts of the last second, and refuses those above the limit.

    Parameters
    ----------
    requests_per_second
        The limit. With None nothing is refused, and the headers report a limit that is never
        reached.
    clock
        Seconds that never go backwards.
    """

    def __init__(self, requests_per_second: int | None, clock: Callable[[], float]) -> None:
        self._is_enforced = requests_per_second is not None
        self.rate = requests_per_second or PAID_RATE
        self._clock = clock
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> dict[str, str]:
        """Count one prompt and return the headers of its reply.

        Raises
        ------
        ErrorResponse
            429: the limit is enforced and reached.
        """
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            left = self.rate - len(self._recent)
            if left <= 0 and self._is_enforced:
                raise rate_limit_error(self.rate)
            self._recent.append(now)
        # IBM's Python SDK waits when it reads 0: without a limit it must not
        least = 0 if self._is_enforced else 1
        return rate_limit_headers(self.rate, max(left - 1, least))


class PromptEndpoint(Protocol):
    """What answers prompts."""

    async def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer one of `PROMPT_CALLS`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """Answers one request at a time, on the event loop of the server."""

    kind: routes.ServerKind
    sign_in: SignIn
    issuer: TokenIssuer
    projects: ProjectStore
    deployments: Deployments
    prompts: PromptEndpoint
    batches: BatchEndpoint
    measures: TextMeasures
    rate_limit: RateLimit
    faults: FaultSwitches
    wall_clock: Callable[[], float]
    library: ModelLibrary

    def call_kind(self, path: str) -> str:
        """Return the kind of call at `path`, `other` for an unknown path."""
        return routes.call_kind(path, self.kind)

    async def answer(self, kind: str, request: Request) -> Outcome:
        """Return what to send for `request`; a mistake of the client is a reply, too."""
        try:
            if fault := self.faults.take(kind, fault_effects.REPLACING_FAULTS):
                return fault_effects.replace_answer(fault)
            return await self._answer(kind, request)
        except ErrorResponse as error:
            if request.path.startswith(routes.GATEWAY):
                return gateway.as_gateway_error(error.reply)
            return as_file_error(error.reply) if kind in BATCH_CALLS else error.reply

    async def _answer(self, kind: str, request: Request) -> Reply | Stream:
        if kind in routes.SIGN_IN_CALLS:
            return self._sign_in(kind, request)
        if kind == "other":
            raise service_error(404, "not_found", f"There is nothing at {request.path[:200]!r}.")
        if kind in BATCH_CALLS:
            return await self._batch_call(kind, request)
        allowed = "POST" if kind in MODEL_CALLS else "GET"
        if request.method != allowed:
            raise method_error(request.method, allowed)
        if kind == "root":
            return self._greeting(request)
        if kind == "models":
            # the one list that needs no token
            _check_version(request)
            await self.library.refresh()
            return model_specs(request, self._today(), self.library)
        self._authorise(kind, request)
        if kind in _NEEDS_MODELS:
            await self.library.refresh()
        if kind in MODEL_CALLS:
            return await self._model_call(kind, request)
        return self._list(kind, request)

    async def _batch_call(self, kind: str, request: Request) -> Reply | Stream:
        if not self.batches.is_signed_with_key(request):
            self._authorise(kind, request)
        _check_version(request)
        if kind in _NEEDS_MODELS:
            await self.library.refresh()
        reply = await self.batches.answer(kind, request)
        if fault := self.faults.take(kind, ("reset-after",)):
            return fault_effects.break_off(fault, reply)
        return reply

    def _greeting(self, request: Request) -> Reply:
        about = f"{GREETING} {self.library.about}"
        if "application/json" in request.headers.get("accept", ""):
            return ok({"name": "wx_notebook sandbox", "about": about})
        return text_reply(200, about)

    def _sign_in(self, kind: str, request: Request) -> Reply:
        reply = self.sign_in.answer(request)
        slow = self.faults.take(kind, ("slow-iam",))
        return dataclasses.replace(reply, delay_s=slow.seconds) if slow else reply

    def _authorise(self, kind: str, request: Request) -> None:
        token = self.sign_in.authenticate(request)
        if self.faults.take(kind, ("expired",)):
            self.issuer.expire(token)
            raise token_expired()
        if self.faults.take(kind, ("revoked",)):
            self.issuer.revoke(token)
            raise token_not_valid()

    async def _model_call(self, kind: str, request: Request) -> Reply | Stream:
        headers = self.rate_limit.take()
        try:
            outcome = await self._model_answer(kind, request)
        except ErrorResponse as error:
            outcome = error.reply
            if kind.startswith("gateway"):
                outcome = gateway.as_gateway_error(outcome)
        outcome = dataclasses.replace(outcome, headers={**headers, **outcome.headers})
        if isinstance(outcome, Stream):
            fault = self.faults.take(kind, fault_effects.STREAM_FAULTS)
            if fault:
                return fault_effects.disturb_stream(fault, outcome)
        if fault := self.faults.take(kind, ("reset-after",)):
            return fault_effects.break_off(fault, outcome)
        return outcome

    async def _model_answer(self, kind: str, request: Request) -> Reply | Stream:
        if not kind.startswith("gateway"):
            _check_version(request)
        if kind in PROMPT_CALLS:
            fault_effects.refuse_schema(self.faults, kind, request.body)
            return await self.prompts.answer(kind, request)
        # a thousand texts take seconds
        if kind == "gateway_embeddings":
            return await asyncio.to_thread(gateway.embeddings, request.body, self._today())
        return await asyncio.to_thread(self.measures.answer, kind, request)

    def _today(self) -> str:
        return timestamp(self.wall_clock())[:10]

    def _list(self, kind: str, request: Request) -> Reply:
        if kind == "gateway_models":
            return gateway.list_models(request, self._today(), self.library)
        if kind.startswith("deployment"):
            _check_version(request)
            deployments = self.deployments
            return deployments.one(request) if kind == "deployment" else deployments.all(request)
        if kind == "projects":
            return self.projects.projects(request)
        if kind == "spaces":
            return self.projects.spaces(request)
        scope_id = request.path.rpartition("/")[2]
        if kind == "project":
            return self.projects.project(scope_id)
        return self.projects.space(scope_id)


def _check_version(request: Request) -> None:
    version = request.query.get("version", "")
    try:
        date.fromisoformat(version)
        is_well_formed = _VERSION.fullmatch(version) is not None
    except ValueError:
        is_well_formed = False
    if not is_well_formed:
        # required by IBM's API documentation; the code is the likely one, not a recorded one
        message = "The query parameter 'version' is required, as YYYY-MM-DD."
        target = ("parameter", "version")
        raise service_error(400, "invalid_request_entity", message, target=target)
