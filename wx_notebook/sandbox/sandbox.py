"""The sandbox as its user holds it: start, address, key, what to say next, what came in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from wx_notebook.sandbox import faults as _faults
from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.calls import Call, CallLog
from wx_notebook.sandbox.controls import AccountControls
from wx_notebook.sandbox.deployments import Deployments
from wx_notebook.sandbox.faults import ELSEWHERE
from wx_notebook.sandbox.inference import Inference
from wx_notebook.sandbox.library import SHELF, Library
from wx_notebook.sandbox.measures import Measures
from wx_notebook.sandbox.model_map import ModelMap
from wx_notebook.sandbox.page import Page
from wx_notebook.sandbox.paths import Kind
from wx_notebook.sandbox.rate import Rate
from wx_notebook.sandbox.relay import Relay
from wx_notebook.sandbox.script import Script
from wx_notebook.sandbox.server import LOOPBACK, Server
from wx_notebook.sandbox.service import GREETING, Service
from wx_notebook.sandbox.tls import Certificate
from wx_notebook.sandbox.upstream import PATIENCE_S, Upstream
from wx_notebook.sandbox.upstream_library import UpstreamLibrary


class Sandbox(AccountControls):
    """IBM Cloud IAM and IBM watsonx.ai on this machine's loopback, without a model.

    A sandbox is used once: `with Sandbox() as sandbox:`, or `start()` and `close()`.

    Parameters
    ----------
    port
        0 lets the system choose.
    token_lifetime_s
        Seconds for which an access token is good.
    words_per_second
        Pace of every answer, streamed or whole; None is no delay, `HUMAN_PACE` is comfortable.
    faults
        Names of `FAULTS`, each alone or as `NAME=PROBABILITY`, on until `clear_faults()`.
    requests_per_second
        Prompts above it are answered 429; None refuses none.
    account
        Another sandbox, whose user, keys and tokens are good here too: this one is another region
        of the same account, with its own projects and spaces. The account is that of all: what
        is disabled, replaced or revoked at one is so at every one.
    kind
        Who signs people in: IBM Cloud IAM (`cloud`), the account IAM of AWS regions and GovCloud
        (`mcsp`), or a cluster of watsonx.ai software (`software`); the paths of the others are
        not found. None is the kind of `account`, or else `cloud`.
    clock, wall_clock
        Seconds that never go backwards, for the life of tokens and the rate; epoch seconds, for
        the dates that the service writes.
    date_offset_s
        Seconds by which the `Date` header and the times in a token are off, so that for a client
        its own clock is wrong.
    tls
        Speak https, with a certificate made at the start; `ca_file` is what clients must trust.
    upstream, upstream_patience_s
        Base URL of a server that speaks OpenAI's protocol and answers prompts instead of the small
        writer, at its own pace, and how long it may be silent; the key that it may want is taken
        from `WX_NOTEBOOK_UPSTREAM_KEY`.
    model_map
        Names of watsonx.ai and which of the upstream's models answer for each; what it does not
        name is looked up in `model_map.DEFAULTS`.

    Attributes
    ----------
    HUMAN_PACE
        Words a second at which a person can read along.
    deployment_id
        Of a deployed model, which can be asked by the name `sandbox_chat` too.
    page_token
        What a request to `/sandbox/faults` has to carry; the page shows it.
    """

    HUMAN_PACE = 40.0

    def __init__(
        self,
        port: int = 0,
        token_lifetime_s: float = 3600,
        words_per_second: float | None = None,
        faults: Iterable[str] = (),
        *,
        requests_per_second: int | None = None,
        account: Sandbox | None = None,
        kind: Kind | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        date_offset_s: float = 0,
        tls: bool = False,
        upstream: str | None = None,
        model_map: Mapping[str, str | Sequence[str]] | None = None,
        upstream_patience_s: float = PATIENCE_S,
    ) -> None:
        self._now = lambda: wall_clock() + date_offset_s
        super().__init__(account, kind, token_lifetime_s, clock, self._now, wall_clock())
        self._port = port
        self._tls = tls
        self._certificate: Certificate | None = None
        self._log = CallLog(self._account.secrets)
        self._script = Script()
        self._faults = _faults.Faults()
        for text in faults:
            self._faults.add(_faults.parse(text))
        self._deployments = Deployments(wall_clock(), self.project_id)
        self.deployment_id = self._deployments.deployment_id
        self._upstream = (
            Upstream(upstream, patience_s=upstream_patience_s) if upstream is not None else None
        )
        self._library: Library = SHELF
        if self._upstream:
            self._library = UpstreamLibrary(self._upstream, ModelMap(model_map))
        self._service = Service(
            self._kind,
            self._sign_in,
            self._tokens,
            self._projects,
            self._deployments,
            self._answers(words_per_second, wall_clock),
            Measures(self._projects.admit, wall_clock, self._library),
            Rate(requests_per_second, clock),
            self._faults,
            wall_clock,
            self._library,
        )
        self._page = Page(self._log, self._faults, f"{GREETING} {self._library.about}")
        self.page_token = self._page.token
        self._server: Server | None = None
        self._closed = False

    def _answers(
        self, words_per_second: float | None, wall_clock: Callable[[], float]
    ) -> Inference | Relay:
        admit, deployments = self._projects.admit, self._deployments
        if self._upstream:
            return Relay(admit, deployments, self._upstream, self._library, wall_clock)
        return Inference(admit, deployments, self._script, words_per_second, wall_clock)

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
        where = self.url if self._server and not self._closed else "not running"
        return f"<Sandbox, {where}>"

    def start(self) -> Self:
        """Listen, and answer from threads of its own.

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
            msg = "a sandbox starts once; make a new one"
            raise RuntimeError(msg)
        self._certificate = Certificate() if self._tls else None
        try:
            self._server = Server(
                self._port, self._service, self._log, self._now, self._certificate, self._page.reply
            )
        except OSError:
            self._forget_certificate()
            raise
        self._server.start()
        return self

    def close(self) -> None:
        """End every stream and stop listening; at most two seconds. The record stays readable."""
        if self._server is not None and not self._closed:
            self._closed = True
            self._server.stop()
            self._forget_certificate()

    def _forget_certificate(self) -> None:
        if self._certificate is not None:
            self._certificate.close()

    @property
    def url(self) -> str:
        """Base URL of IAM, inference and projects alike."""
        if self._server is None:
            msg = "the sandbox has no address before it is started"
            raise RuntimeError(msg)
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self._server.server_port}"

    @property
    def ca_file(self) -> Path:
        """The PEM file that a client has to trust; it is gone when the sandbox has closed."""
        if self._certificate is None:
            msg = "there is a CA file only after the start of a sandbox with tls=True"
            raise RuntimeError(msg)
        return self._certificate.ca_file

    def credentials(self) -> dict[str, str]:
        """Return URL, key and project, for a file that only the user may read."""
        return {"url": self.url, "api_key": self.api_key, "project_id": self.project_id}

    def upstream_report(self) -> str:
        """Say in a few lines which of the upstream's models answer to which names."""
        return self._library.report() if isinstance(self._library, UpstreamLibrary) else ""

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind have arrived, refused ones too."""
        return self._log.counts()

    @property
    def calls(self) -> list[Call]:
        """The recorded calls as they stand now, oldest first."""
        return self._log.calls()

    def wait_for(self, satisfied: Callable[[Call], bool], timeout_s: float = 5) -> Call:
        """Return the first recorded call that satisfies, as soon as there is one.

        A call is recorded when its request is complete, and changes while it is answered.

        Raises
        ------
        TimeoutError
            None did within `timeout_s` seconds.
        """
        return self._log.wait_for(satisfied, timeout_s)

    def say(self, *texts: str) -> None:
        """Queue answers: each next prompt takes one, cut in small pieces, within its limits."""
        self._script.say(pieces.cut(text) for text in texts)

    def say_thinking(self, thinking: str, text: str) -> None:
        """Queue one answer with what the model thinks first, in the field that chats have for it.

        Tags in a text are no matter of this one: `say` says them as they are.
        """
        self._script.say([pieces.cut(text)], thinking)

    def say_pieces(self, answer: Iterable[str]) -> None:
        """Queue one answer with exactly these pieces; each counts as one token."""
        self._script.say([list(answer)])

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
        """Switch a fault on, behind those that are on already.

        Parameters
        ----------
        name
            One of `FAULTS`, alone or as `NAME=PROBABILITY`.
        times
            How many calls it hits; None is no end.
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
        self._faults.add(
            _faults.parse(
                name,
                times=times,
                on=on,
                retry_after=retry_after,
                to=to,
                after=after,
                seconds=seconds,
            )
        )

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._faults.clear()
