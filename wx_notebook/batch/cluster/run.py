"""A run on a cluster: what `BatchRun` takes, so that workers fill in and send the rows."""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from distributed.protocol.pickle import dumps
from distributed.protocol.serialize import to_serialize
from distributed.utils import sync

from wx_notebook.batch.cluster.address import connected
from wx_notebook.batch.cluster.exchange import RowExchange
from wx_notebook.batch.cluster.filled_rows import EndingOutput, FilledRequests
from wx_notebook.batch.cluster.partitions import Part, PartitionRows, list_parts
from wx_notebook.batch.cluster.senders import ClusterSenders
from wx_notebook.batch.cluster.spec import RunSpec, TokenInTransit
from wx_notebook.batch.cluster.worker import end_run, send_partition
from wx_notebook.batch.cluster.written_parts import WrittenParts
from wx_notebook.batch.dask_table import DaskTable
from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.batch.reading import sampled_positions
from wx_notebook.batch.sender import RunParts
from wx_notebook.batch.shapes import Shape
from wx_notebook.errors import BadOption, foreign_reason
from wx_notebook.journal import BatchOwners, Journal
from wx_notebook.options import Options
from wx_notebook.session import Session
from wx_notebook.session.pickling import pickled_state
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.session.prompt_checks import check_secrets
from wx_notebook.templates import RowPrompt
from wx_notebook.templates.placeholders import find_placeholders

#: Rows of a partition, where the kernel reads the table.
_MOST_ROWS, _FEWEST_ROWS = 1_000, 50


@dataclass(frozen=True, slots=True)
class SchedulerCall:
    """Calls the exchange at the scheduler, from any thread of the kernel but the client's own."""

    client: Any
    run: str

    def __call__(self, what: str, **arguments: Any) -> Any:  # noqa: ANN401
        """Return what the scheduler answers."""
        if "answers" in arguments:
            # a token is packed at once, and nobody unpacks it on the way
            arguments["answers"] = [
                (number, to_serialize(one) if isinstance(one, TokenInTransit) else one)
                for number, one in arguments["answers"]
            ]
        call = getattr(self.client.scheduler, f"wx_{what}")
        return sync(self.client.loop, call, run=self.run, **arguments)


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Begins the task of a partition, and returns its future.

    `kept` has the partitions themselves where they are written later: the workers keep them.
    """

    call: SchedulerCall
    spec: bytes
    is_lazy: bool
    kept: dict[int, Any] | None = None

    def __call__(self, argument: Any, number: int) -> Any:  # noqa: ANN401  # distributed's own
        client = self.call.client
        part = client.compute(argument) if self.is_lazy else argument
        if self.kept is not None:
            self.kept[number] = part
        key = f"wx-rows-{self.call.run}-{number}"
        return client.submit(send_partition, part, self.spec, number, key=key, pure=False)


def _limiter_name(session: Session) -> str:
    """Return what tells limiters apart: who pays where, as a hash."""
    scope = session.scope
    shared = f"{session.endpoints.url} {scope.project_id or scope.space_id}"
    return hashlib.sha256(shared.encode()).hexdigest()[:16]


@contextlib.contextmanager
def open_cluster(
    parts: RunParts, session: Session, prompt: RowPrompt, table: Any, options: Options,  # noqa: ANN401
    shape: Shape, *, pipeline: PromptPipeline, journal: Journal, batch_id: str,
) -> Iterator[RunParts]:  # fmt: skip
    """Yield what a run on the cluster of `options.on` is made of.

    Parameters
    ----------
    parts
        What it would be made of in the kernel, which reads all tables but a Dask DataFrame.

    Raises
    ------
    BadOption
        The cluster is not one that a token may go to, or the prompt cannot be sent there.
    WatsonxError
        The cluster cannot be reached, or the sign-in fails.
    """
    is_lazy, output = isinstance(table, DaskTable), parts.output
    if session.state.token_source.token().scheme != "Bearer":
        raise BadOption(
            "This session sends its key with each request, and workers never get a key.",
            hint="Run it without --on, or sign in with kind='software'.",
        )
    with connected(options.on) as client:
        call = SchedulerCall(client, uuid.uuid4().hex)
        spec = dumps(_spec(call.run, session, prompt, options, pipeline))
        if is_lazy and options.sample is not None:
            table.keep_sample(client, partial(sampled_positions, options.sample))
        client.register_plugin(RowExchange())
        call("begin", client=client.id, most=options.concurrency, limit=_limiter_name(session),
             rate=session.state.service.limiter.rate)  # fmt: skip
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        kept: dict[int, Any] | None = {} if is_lazy and options.to is not None else None
        needs_all = output.needs_all or kept is not None
        source = PartitionRows(
            _parts(table, prompt, parts.rows, workers, needs_all=needs_all),
            _Tasks(call, spec, is_lazy=is_lazy, kept=kept),
            at_once=workers, most=options.rows if is_lazy else None,
        )  # fmt: skip
        ending: Output = EndingOutput(output, source)
        if is_lazy:
            table.lengths = source.lengths
        if kept is not None:
            path = Path(str(options.to)).expanduser()
            ending = WrittenParts(path, table, shape, source, kept, client)
        owners = BatchOwners(journal, batch_id, batch_id if options.fresh else "")
        senders = ClusterSenders(
            call, session, journal, batch_id, source, options.concurrency, owners=owners
        )  # fmt: skip
        try:
            yield RunParts(
                source.rows(),
                FilledRequests(source, lambda: session.state, options.dedupe, time.time()),
                ending,
                senders,
            )
        finally:
            senders.close(1.0)
            with contextlib.suppress(Exception):
                client.run(end_run, call.run, wait=False)


def _parts(
    table: Any, prompt: RowPrompt, rows: Iterator[RowPlace | None], workers: int, *,  # noqa: ANN401
    needs_all: bool,
) -> Iterator[Part]:  # fmt: skip
    if isinstance(table, DaskTable):
        return (Part(one) for one in table.partitions(table.columns if needs_all else prompt.used))
    size = _MOST_ROWS
    if table.height is not None:
        size = min(max(-(-table.height // (4 * workers)), _FEWEST_ROWS), _MOST_ROWS)
    names = list(table.columns if needs_all else prompt.used)
    used = [names.index(name) for name in prompt.used]
    return list_parts((one for one in rows if one is not None), used, size)


def _spec(
    run: str, session: Session, prompt: RowPrompt, options: Options, pipeline: PromptPipeline
) -> RunSpec:
    # the options, checked here: no worker knows the key
    request = pipeline.prepare("x", options, stream=False)
    model = None if options.deployment else request.model_id
    connection = pickled_state(session.state) | {"profile": ""}
    return RunSpec(
        run, connection, prompt.text, tuple(prompt.used),
        # a worker does not know the place of a row in the table: the kernel tells equal ones apart
        replace(options, model=model, on=None, each=None, output=None, dedupe=True),
        _names(session, prompt),
    )  # fmt: skip


def _names(session: Session, prompt: RowPrompt) -> Mapping[str, Any]:
    """Return the variables of a prompt, each of which can go to another process.

    Raises
    ------
    BadOption
        One of them cannot, or holds a secret of the session.
    """
    columns = set(prompt.columns)
    roots = {one["root"] for one in find_placeholders(prompt.text)} - columns - {"row"}
    names = {}
    for root in sorted(roots):
        reason = ""
        try:
            packed = dumps(prompt.names[root])
        except Exception as error:  # noqa: BLE001  # whatever pickling the user's object raises
            reason = foreign_reason(error)
        if reason:
            raise BadOption(
                f"The variable '{root}' cannot be sent to the workers: {reason}",
                hint="Put its text into a variable of its own, and use that one.",
            )
        check_secrets(session.state.secrets(), packed.decode("latin-1"))
        names[root] = prompt.names[root]
    return names
