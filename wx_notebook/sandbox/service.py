"""Which path is what, who may call it, and which faults it meets."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date
from typing import Protocol

from wx_notebook.sandbox import catalogue, damage, gateway, paths
from wx_notebook.sandbox.deployments import Deployments
from wx_notebook.sandbox.faults import MODEL_CALLS, PROMPTS, Faults
from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.measures import Measures
from wx_notebook.sandbox.projects import Projects
from wx_notebook.sandbox.rate import Rate
from wx_notebook.sandbox.replies import ok, refusal, text
from wx_notebook.sandbox.tokens import Tokens, expired, not_valid
from wx_notebook.sandbox.wire import Outcome, Refused, Reply, Request, Stream, created_at

GREETING = (
    "The wx_notebook sandbox: a stand-in of IBM Cloud IAM and IBM watsonx.ai on this machine."
)
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Answers(Protocol):
    """Who answers prompts."""

    def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a call of `PROMPTS`."""


class SignIn(Protocol):
    """How people sign in at a server of one kind."""

    def answer(self, request: Request) -> Reply:
        """Answer a call of `paths.OWN_CALLS`."""

    def admit(self, request: Request) -> str:
        """Return what `request` shows to be let in, or refuse it."""

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user, as a sign-in would."""


class Service:
    """Answers one request at a time, from any thread."""

    def __init__(
        self,
        kind: paths.Kind,
        sign_in: SignIn,
        tokens: Tokens,
        projects: Projects,
        deployments: Deployments,
        inference: Answers,
        measures: Measures,
        rate: Rate,
        faults: Faults,
        wall_clock: Callable[[], float],
        library: Library = SHELF,
    ) -> None:
        self._kind = kind
        self._sign_in = sign_in
        self._tokens = tokens
        self._projects = projects
        self._deployments = deployments
        self._inference = inference
        self._measures = measures
        self._rate = rate
        self._faults = faults
        self._wall_clock = wall_clock
        self._library = library

    def call_at(self, path: str) -> str:
        """Return what `path` stands for here, `other` if for nothing."""
        return paths.call_at(path, self._kind)

    def answer(self, kind: str, request: Request) -> Outcome:
        """Return what is sent for `request`; nothing is raised for what a client did wrong."""
        try:
            if fault := self._faults.take(kind, damage.INSTEAD):
                return damage.instead(fault)
            return self._answer(kind, request)
        except Refused as refused:
            at_the_gateway = request.path.startswith(gateway.PATH)
            return gateway.translated(refused.reply) if at_the_gateway else refused.reply

    def _answer(self, kind: str, request: Request) -> Reply | Stream:
        if kind in paths.OWN_CALLS:
            return self._own(kind, request)
        if kind == "other":
            raise refusal(404, "not_found", f"There is nothing at {request.path[:200]!r}.")
        _check_method(kind, request.method)
        if kind == "root":
            return self._greeting(request)
        if kind == "models":
            _check_version(request)
            return catalogue.specs(request, self._today(), self._library)
        self._admit(kind, request)
        if kind in MODEL_CALLS:
            return self._model_call(kind, request)
        return self._data(kind, request)

    def _greeting(self, request: Request) -> Reply:
        about = f"{GREETING} {self._library.about}"
        if "application/json" in request.headers.get("accept", ""):
            return ok({"name": "wx_notebook sandbox", "about": about})
        return text(about)

    def _own(self, kind: str, request: Request) -> Reply:
        reply = self._sign_in.answer(request)
        slow = self._faults.take(kind, ("slow-iam",))
        return dataclasses.replace(reply, delay_s=slow.seconds) if slow else reply

    def _admit(self, kind: str, request: Request) -> None:
        token = self._sign_in.admit(request)
        if self._faults.take(kind, ("expired",)):
            self._tokens.expire(token)
            raise expired()
        if self._faults.take(kind, ("revoked",)):
            self._tokens.forget(token)
            raise not_valid()

    def _model_call(self, kind: str, request: Request) -> Reply | Stream:
        headers = self._rate.take()
        try:
            outcome = self._by_a_model(kind, request)
        except Refused as refused:
            outcome = refused.reply
            if kind.startswith("gateway"):
                outcome = gateway.translated(outcome)
        outcome = dataclasses.replace(outcome, headers={**headers, **outcome.headers})
        if isinstance(outcome, Stream) and (fault := self._faults.take(kind, damage.SPOILING)):
            return damage.spoil(fault, outcome)
        if fault := self._faults.take(kind, ("reset-after",)):
            return damage.broken_off(fault, outcome)
        return outcome

    def _by_a_model(self, kind: str, request: Request) -> Reply | Stream:
        if not kind.startswith("gateway"):
            _check_version(request)
        if kind == "gateway_embeddings":
            return gateway.embeddings(request.body, self._today())
        return (self._inference if kind in PROMPTS else self._measures).answer(kind, request)

    def _today(self) -> str:
        return created_at(self._wall_clock())[:10]

    def _data(self, kind: str, request: Request) -> Reply:
        if kind == "gateway_models":
            return gateway.models(request, self._today(), self._library)
        if kind.startswith("deployment"):
            _check_version(request)
            if kind == "deployment":
                return self._deployments.one(request)
            return self._deployments.all(request)
        if kind == "projects":
            return self._projects.projects(request)
        if kind == "spaces":
            return self._projects.spaces(request)
        one = request.path.rpartition("/")[2]
        return self._projects.project(one) if kind == "project" else self._projects.space(one)


def _check_method(kind: str, method: str) -> None:
    allowed = "POST" if kind in MODEL_CALLS else "GET"
    if method != allowed:
        # no public source shows the service's own code for this
        message = f"{method} is not allowed here, {allowed} is."
        raise refusal(405, "method_not_allowed", message, headers={"Allow": allowed})


def _check_version(request: Request) -> None:
    version = request.query.get("version", "")
    try:
        date.fromisoformat(version)
        well_formed = _VERSION.fullmatch(version) is not None
    except ValueError:
        well_formed = False
    if not well_formed:
        # IBM's API documentation marks it required; the code is the likely one, not a recorded one
        message = "The query parameter 'version' is required, as YYYY-MM-DD."
        raise refusal(400, "invalid_request_entity", message, target=("parameter", "version"))
