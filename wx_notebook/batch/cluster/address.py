"""The cluster that `--on` names: found, and refused where a token could be read on its way."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from wx_notebook.errors import BadOption, ServiceDown, did_you_mean, foreign_reason, mask_keys
from wx_notebook.options import SERVICE, Options
from wx_notebook.transport import is_loopback, is_offline, recorded_file

#: Connections that nobody else can read: with TLS, or within one process.
_PRIVATE = ("tls", "wss", "inproc")
_CONNECT_S = 10
_INSTALL = "Next: pip install 'wx-notebook[dask]', then restart the kernel."
_TLS = (
    "Start the scheduler and the workers with TLS (docs.dask.org: distributed.comm.tls), then type "
    "--on tls://HOST:8786"
)


def is_private(address: str) -> bool:
    """Whether nobody else can read a connection to this address of a scheduler or worker."""
    scheme, _, rest = address.partition("://")
    if scheme in _PRIVATE:
        return True
    return scheme == "tcp" and is_loopback(rest.rpartition(":")[0].strip("[]"))


def is_client(value: object) -> bool:
    """Whether a value is a `distributed.Client`."""
    # who has one has imported the library
    kind = getattr(sys.modules.get("distributed"), "Client", None)
    return isinstance(kind, type) and isinstance(value, kind)


def check_cluster_options(options: Options) -> None:
    """Refuse a place that is no cluster, or one whose connections others could read.

    Raises
    ------
    BadOption
        It is; or the package for it is missing, or the exchanges of this process are recorded.
    """
    if recorded_file() is not None or is_offline():
        raise BadOption(
            "A cluster and WX_NOTEBOOK_RECORD or WX_NOTEBOOK_REPLAY can't be combined: the workers "
            "would send what this process records or replays.",
            hint="Run it without --on, or unset the variable.",
        )
    if find_spec("distributed") is None:
        raise BadOption("A cluster needs the package distributed.", hint=_INSTALL)
    address = address_of(options.on)
    if not is_private(address):
        raise _refused(address, "scheduler")


def address_of(on: Any) -> str:  # noqa: ANN401
    """Return the address of a cluster's scheduler, or what was given in its place."""
    return str(on.scheduler.address if is_client(on) and on.scheduler is not None else on)


@contextlib.contextmanager
def connected(on: Any) -> Iterator[Any]:  # noqa: ANN401  # distributed's own, as all here
    """Yield the client of a cluster: one that is given, or a new one for an address.

    Raises
    ------
    BadOption
        The address, the cluster or a worker of it is not one that a token may go to.
    ServiceDown
        No scheduler answers there.
    """
    if is_client(on):
        _check(on)
        yield on
        return
    client = _client(str(on))
    try:
        _check(client)
        yield client
    finally:
        client.close()


def _client(address: str) -> Any:  # noqa: ANN401
    import distributed

    reason = ""
    try:
        return distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError, RuntimeError) as error:
        # without the certificates of `distributed.comm.tls` it is a TypeError
        reason = foreign_reason(error)
    raise ServiceDown(
        f"No scheduler answers at {mask_keys(address)}: {reason}",
        hint="Check the address, which its own output and its dashboard show, and the certificates "
        "of tls://",
    )


def _check(client: Any) -> None:  # noqa: ANN401
    state = "asynchronous" if client.asynchronous else client.status
    if state != "running":
        raise BadOption(
            f"The client of the cluster is {state}.",
            hint="Next: client = distributed.Client(ADDRESS), then --on client",
        )
    address = client.scheduler.address
    if not is_private(address):
        raise _refused(address, "scheduler")
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise BadOption(
            f"The cluster at {address} has no workers.",
            hint="Start one, for example: client.cluster.scale(2)",
        )
    for worker in workers:
        if not is_private(worker):
            raise _refused(worker, "worker")


def _refused(address: str, who: str) -> BadOption:
    scheme = address.partition("://")[0]
    if scheme != "tcp":
        return BadOption(
            f"--on takes a place: {SERVICE}, the address of a Dask cluster, or a "
            f"distributed.Client, not '{mask_keys(address)}'.{did_you_mean(address, [SERVICE])}",
            hint="For example: --on tcp://127.0.0.1:8786, --on tls://HOST:8786, or --on client",
        )
    return BadOption(
        f"The {who} {mask_keys(address)} is not on this machine, and tcp:// is not encrypted: "
        "workers get access tokens. Nothing was sent.",
        hint=_TLS,
    )
