"""The checks, in the order of their numbers, and what each one waits for."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import Any

from wx_notebook.doctor import jupyter_checks, machine_checks, page_checks
from wx_notebook.doctor.check import Check

_RUN_AGAIN = "Run it again; if it happens again, please report it"
_CHECK_NETWORK = "Check the network, the region and the proxy (HTTPS_PROXY), then run it again"
_UNLOCK_KEYRING = "Unlock the system's keyring"
#: Third-party modules that the checks use; one that is missing is the finding of its check.
_LIBRARIES = ("jupyter_server.config_manager", "keyring", "packaging.requirements", "psutil")


def _sign_in() -> Any:  # noqa: ANN401  # the module
    """Return the checks of the sign-in, whose import needs requests."""
    from wx_notebook.doctor import sign_in_checks

    return sign_in_checks


def _service() -> Any:  # noqa: ANN401  # the module
    """Return the checks of the service, whose import needs requests."""
    from wx_notebook.doctor import service_checks

    return service_checks


def _server() -> Any:  # noqa: ANN401  # the module
    """Return the check of the server's sign-in, whose import needs requests."""
    from wx_notebook.doctor import server_checks

    return server_checks


def load_libraries() -> None:
    """Import what the checks need, so that a slow disk counts against no check (half a second)."""
    for load in (_sign_in, _service, _server):
        with contextlib.suppress(Exception):
            load()
    for name in _LIBRARIES:
        with contextlib.suppress(Exception):
            import_module(name)


CHECKS = (
    Check("versions", machine_checks.probe_versions, timeout_repair=_RUN_AGAIN),
    Check("front end", jupyter_checks.probe_front_end, timeout_repair=_RUN_AGAIN),
    Check("widgets", jupyter_checks.probe_widgets, timeout_repair=_RUN_AGAIN),
    Check("extension", jupyter_checks.probe_extension, timeout_repair=_RUN_AGAIN),
    Check("page", page_checks.probe_page_extension, timeout_repair=_RUN_AGAIN),
    Check(
        "server",
        lambda context: _server().probe_server_sign_in(context),
        timeout_repair=_RUN_AGAIN,
    ),
    Check(
        "keyring",
        machine_checks.probe_keyring,
        timeout_repair=f"{_UNLOCK_KEYRING}, then run it again",
    ),
    Check(
        "credential",
        lambda context: _sign_in().probe_credential(context),
        timeout_repair=f"{_UNLOCK_KEYRING}, or use a credential file on this machine",
    ),
    Check(
        "proxy",
        lambda context: _service().probe_proxy(context),
        after=("credential",),
        timeout_repair="Correct HTTPS_PROXY, or list the hosts that need no proxy in NO_PROXY; "
        "then restart the kernel",
    ),
    Check(
        "certificates",
        machine_checks.probe_certificates,
        after=("credential",),
        timeout_repair=_RUN_AGAIN,
    ),
    Check(
        "clock",
        lambda context: _service().probe_clock(context),
        after=("IAM", "region"),
        timeout_repair=_RUN_AGAIN,
    ),
    Check(
        "IAM",
        lambda context: _sign_in().probe_iam(context),
        needs=("credential",),
        timeout_repair=_CHECK_NETWORK,
    ),
    Check(
        "region",
        lambda context: _service().probe_region(context),
        needs=("credential",),
        timeout_repair=_CHECK_NETWORK,
    ),
    Check(
        "project",
        lambda context: _service().probe_project(context),
        needs=("IAM",),
        timeout_repair=_CHECK_NETWORK,
    ),
    Check(
        "runtime",
        lambda context: _service().probe_runtime(context),
        needs=("project",),
        timeout_repair=_RUN_AGAIN,
    ),
    Check(
        "quota",
        lambda context: _service().probe_quota(context),
        after=("region", "project"),
        timeout_repair=_RUN_AGAIN,
    ),
    Check(
        "model",
        lambda context: _service().probe_model(context),
        needs=("region",),
        timeout_repair=_RUN_AGAIN,
    ),
)
