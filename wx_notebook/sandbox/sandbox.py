"""The sandbox as its user holds it: start, address, key, answers to give, calls that came."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wx_notebook.sandbox.batches.endpoint import BatchEndpoint
from wx_notebook.sandbox.batches.files import FileStore
from wx_notebook.sandbox.batches.jobs import JobStore
from wx_notebook.sandbox.config import SandboxConfig
from wx_notebook.sandbox.http.faults import ELSEWHERE, FaultSwitches, parse_fault
from wx_notebook.sandbox.http.request_log import Call, RequestLog
from wx_notebook.sandbox.http.routes import SERVER_KINDS, ServerKind
from wx_notebook.sandbox.http.server import LOOPBACK, Server
from wx_notebook.sandbox.http.tls import Certificate
from wx_notebook.sandbox.iam.account import Account, TokenIssuer
from wx_notebook.sandbox.iam.cluster import ClusterSignIn
from wx_notebook.sandbox.iam.sign_in import AccountIam, CloudIam, SignIn
from wx_notebook.sandbox.inference.catalogue import Deployments
from wx_notebook.sandbox.inference.embeddings import TextMeasures
from wx_notebook.sandbox.inference.generator import AnswerQueue, Generator
from wx_notebook.sandbox.inference.models import LOCAL_MODELS, ModelLibrary
from wx_notebook.sandbox.inference.text_measures import split_tokens
from wx_notebook.sandbox.inference.tools import ToolCall
from wx_notebook.sandbox.page.status_page import StatusPage
from wx_notebook.sandbox.projects import ProjectStore
from wx_notebook.sandbox.service import GREETING, PromptEndpoint, RateLimit, Service
from wx_notebook.sandbox.upstream.client import Upstream
from wx_notebook.sandbox.upstream.model_map import ModelMap, UpstreamModels
from wx_notebook.sandbox.upstream.relay import Relay

_SIGN_INS: dict[ServerKind, Callable[[Account, TokenIssuer], SignIn]] = {
    "cloud": CloudIam,
    "mcsp": AccountIam,
    "software": ClusterSignIn,
}


class Sandbox:
    """IBM Cloud IAM and IBM watsonx.ai on this machine's loopback, without a model.

    A sandbox is used once: `with Sandbox() as sandbox:`, or `start()` and `close()`.

    Parameters
    ----------
    config
        The settings; None stands for the defaults.
    settings
        Fields of `SandboxConfig`, which win over those of `config`.

    Attributes
    ----------
    HUMAN_PACE
        Words a second that a person can read along.
    account
        The account, which sandboxes of other regions can share.
    project_id, bare_project_id, space_id
        A project with a runtime, one without, and a space.
    deployment_id
        Of a deployed model, which can be asked by the name `sandbox_chat`, too.
    storage_secret
        Stands in the storage credentials of project documents; no client may keep it.
    page_token
        A request to `/sandbox/faults` has to carry it; the page shows it.

    Raises
    ------
    ValueError
        A setting is not valid.
    """

    HUMAN_PACE = 40.0

    def __init__(self, config: SandboxConfig | None = None, **settings: Any) -> None:  # noqa: ANN401
        self._config = dataclasses.replace(config or SandboxConfig(), **settings)
        wall_clock, clock = self._config.wall_clock, self._config.clock
        self._now = lambda: wall_clock() + self._config.date_offset_s
        self._kind = _server_kind(self._config)
        shared = self._config.account
        self.account = shared.account if shared else Account(self._kind)
        self._issuer = TokenIssuer(self.account, self._config.token_lifetime_s, clock, self._now)
        self._sign_in = _SIGN_INS[self._kind](self.account, self._issuer)
        self._projects = ProjectStore(wall_clock(), self.account.id)
        self.project_id = self._projects.project_id
        self.bare_project_id = self._projects.bare_project_id
        self.space_id = self._projects.space_id
        self.storage_secret = self._projects.storage_secret
        self._deployments = Deployments(wall_clock(), self.project_id)
        self.deployment_id = self._deployments.deployment_id
        self._log = RequestLog(self.account.secrets)
        self._faults = FaultSwitches()
        for text in self._config.faults:
            self._faults.add(parse_fault(text))
        self._queue = AnswerQueue()
        self._library, prompts = self._backend()
        files = FileStore(wall_clock)
        self._jobs = JobStore(
            files, prompts.answer, self._config.batch_seconds, clock, wall_clock, self._faults
        )
        self._batches = BatchEndpoint(files, self._jobs, self.account, self._projects, self._faults)
        self._service = Service(
            kind=self._kind,
            sign_in=self._sign_in,
            issuer=self._issuer,
            projects=self._projects,
            deployments=self._deployments,
            prompts=prompts,
            batches=self._batches,
            measures=TextMeasures(self._projects.check_scope, wall_clock, self._library),
            rate_limit=RateLimit(self._config.requests_per_second, clock),
            faults=self._faults,
            wall_clock=wall_clock,
            library=self._library,
        )
        self._page = StatusPage(self._log, self._faults, f"{GREETING} {self._library.about}")
        self.page_token = self._page.token
        self._certificate: Certificate | None = None
        self._server: Server | None = None
        self._is_closed = False

    def _backend(self) -> tuple[ModelLibrary, PromptEndpoint]:
        """Return the models, and what answers prompts: another server, or the sandbox itself."""
        config = self._config
        check_scope, deployments = self._projects.check_scope, self._deployments
        if config.upstream is None:
            pace = config.words_per_second
            return LOCAL_MODELS, Generator(
                check_scope, deployments, self._queue, pace, config.wall_clock
            )
        upstream = Upstream(
            config.upstream, timeout_s=config.upstream_patience_s, clock=config.clock
        )
        library = UpstreamModels(upstream, ModelMap(config.model_map))
        return library, Relay(check_scope, deployments, upstream, library, config.wall_clock)

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        address = self.url if self._server and not self._is_closed else "not running"
        return f"<Sandbox, {address}>"

    def start(self) -> Self:
        """Listen, and answer from a thread of its own.

        Raises
        ------
        OSError
            The port is taken.
        RuntimeError
            It was started before.
        ModuleNotFoundError
            TLS is asked for, and the package that makes certificates is not installed.
        """
        if self._server is not None:
            msg = "A sandbox starts once. Make a new one."
            raise RuntimeError(msg)
        self._certificate = Certificate() if self._config.tls else None
        try:
            self._server = Server(
                self._config.port,
                self._service,
                self._page,
                self._log,
                self._now,
                self._certificate,
            )
        except OSError:
            self._remove_certificate()
            raise
        return self

    def close(self) -> None:
        """End every stream and stop listening, within two seconds. `calls` stays readable."""
        if self._server is not None and not self._is_closed:
            self._is_closed = True
            self._server.stop()
            self._remove_certificate()

    def _remove_certificate(self) -> None:
        if self._certificate is not None:
            self._certificate.close()

    @property
    def url(self) -> str:
        """Base URL of IAM, inference and projects alike."""
        if self._server is None:
            msg = "The sandbox has no address before it is started."
            raise RuntimeError(msg)
        return f"{'https' if self._config.tls else 'http'}://{LOOPBACK}:{self._server.port}"

    @property
    def ca_file(self) -> Path:
        """The PEM file that a client has to trust; `close` removes it."""
        if self._certificate is None:
            msg = "There is a CA file only after the start of a sandbox with tls=True."
            raise RuntimeError(msg)
        return self._certificate.ca_file

    def credentials(self) -> dict[str, str]:
        """Return URL, key and project, for a file that only the user may read."""
        return {"url": self.url, "api_key": self.api_key, "project_id": self.project_id}

    def upstream_report(self) -> str:
        """Return a few lines on which of the upstream's models answer to which names.

        It is "" without an upstream. The sandbox must have been started.
        """
        if not isinstance(self._library, UpstreamModels):
            return ""
        if self._server is None:
            msg = "The sandbox asks the upstream for its models only after it is started."
            raise RuntimeError(msg)
        return self._server.run(self._library.report())

    @property
    def kind(self) -> ServerKind:
        """Who signs users in here."""
        return self._kind

    @property
    def api_key(self) -> str:
        """The only key that the account knows."""
        return self.account.api_key

    @property
    def username(self) -> str:
        """The account's user, who signs in at a cluster by name."""
        return self.account.username

    @property
    def password(self) -> str:
        """The user's password, for a cluster; a form must encode it."""
        return self.account.password

    @property
    def profile_id(self) -> str:
        """The trusted profile that the user may assume at IBM Cloud IAM."""
        return self.account.profile_id

    @property
    def token_lifetime_s(self) -> float:
        """Seconds for which the next token issued here is valid; can be set at any time."""
        return self._issuer.lifetime_s

    @token_lifetime_s.setter
    def token_lifetime_s(self, seconds: float) -> None:
        self._issuer.lifetime_s = seconds

    def issue_token(self, *, lifetime_s: float | None = None) -> str:
        """Return a bearer token, ready for use.

        It is valid for `lifetime_s` seconds, by default for `token_lifetime_s`; with 0 it has
        expired already.
        """
        return self._sign_in.issue_token(lifetime_s)

    def revoke_tokens(self) -> None:
        """Make every token of the account invalid, whichever region issued it."""
        self.account.revoke_tokens()

    def disable_key(self) -> None:
        """Make every region of the account refuse the key; tokens that are out stay valid."""
        self.account.disable_key()

    def replace_key(self) -> str:
        """Return a new key of the account; the old one is unknown from now on."""
        return self.account.replace_key()

    def add_project(self, name: str, runtime: bool = True, storage: bool = True) -> str:
        """Make a project here and return its id; two projects can have one name."""
        return self._projects.add_project(name, runtime, storage)

    def add_space(self, name: str, runtime: bool = True) -> str:
        """Make a space here and return its id; two spaces can have one name."""
        return self._projects.add_space(name, runtime)

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind have arrived, including refused ones."""
        return self._log.counts()

    @property
    def calls(self) -> list[Call]:
        """The recorded calls as they are now, oldest first."""
        return self._log.calls()

    def wait_for(self, condition: Callable[[Call], bool], timeout_s: float = 5) -> Call:
        """Return the first recorded call that meets `condition`, as soon as there is one.

        A call is recorded when its request is complete, and changes while it is answered.

        Raises
        ------
        TimeoutError
            None did within `timeout_s` seconds.
        """
        return self._log.wait_for(condition, timeout_s)

    @property
    def answered_lines(self) -> list[str]:
        """The `custom_id` of each line of a batch job that was answered, in order."""
        return list(self._jobs.answered)

    def put_errors_inline(self) -> None:
        """Let the failed lines of batch jobs stand in the output file, not in one of their own."""
        self._jobs.are_errors_inline = True

    def say(self, *texts: str) -> None:
        """Queue answers: each next choice takes one, in tokens, within the limits of its prompt."""
        self._queue.add(split_tokens(text) for text in texts)

    def say_thinking(self, thinking: str, text: str) -> None:
        """Queue one answer with reasoning before it, in the field that chats have for it.

        For reasoning in tags within the text, use `say`.
        """
        self._queue.add([split_tokens(text)], thinking)

    def say_calls(self, *calls: tuple[str, Mapping[str, object]]) -> None:
        """Queue one answer that calls tools, each by its name and arguments."""
        self._queue.add_calls(ToolCall(name, json.dumps(each)) for name, each in calls)

    def say_pieces(self, answer: Iterable[str]) -> None:
        """Queue one answer with exactly these pieces; each counts as one token."""
        self._queue.add([list(answer)])

    def fault(
        self,
        name: str,
        *,
        times: int | None = 1,
        on: str | Collection[str] | None = None,
        retry_after: float | None = None,
        to: str = ELSEWHERE,
        after: int | None = None,
        seconds: float = 3.0,
    ) -> None:
        """Switch a fault on, after those that are on already.

        Parameters
        ----------
        name
            One of `FAULTS`, alone or as `NAME=PROBABILITY`.
        times
            How many calls it hits; None is no limit.
        on
            Kinds of call it can hit, as in `Call.kind`, or `any`; by default prompts, and any
            call for `redirect`.
        retry_after, to, after, seconds
            The header of a `429`; the address of a `redirect`; how many events come before a
            stream goes wrong, by default half of them; the delay of `slow-iam`.

        Raises
        ------
        ValueError
            There is no such fault, or it cannot hit such a call.
        """
        options = {"retry_after": retry_after, "to": to, "after": after, "seconds": seconds}
        self._faults.add(parse_fault(name, times=times, on=on, **options))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._faults.clear()


def _server_kind(config: SandboxConfig) -> ServerKind:
    """Return the kind of server; raise a `ValueError` for an unknown or a contradictory one."""
    shared = config.account
    kind: ServerKind = config.kind or (shared.kind if shared else "cloud")
    if kind not in SERVER_KINDS:
        msg = f"Unknown kind {kind!r}. Kinds: {', '.join(SERVER_KINDS)}."
        raise ValueError(msg)
    if shared is not None and shared.kind != kind:
        msg = f"A {kind!r} server cannot share the account of a {shared.kind!r} server."
        raise ValueError(msg)
    return kind
