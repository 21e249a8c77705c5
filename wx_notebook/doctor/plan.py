"""The checks, in the order of their numbers, and what each one waits for."""

from __future__ import annotations

from wx_notebook.doctor import (
    extension,
    front_end,
    service,
    signing_in,
    surroundings,
    versions,
    widgets,
)
from wx_notebook.doctor.verdicts import Check

_AGAIN = "Run it once more; if it stays so, please report it"
_NETWORK = "Check the network, the region and the proxy (HTTPS_PROXY), then run it again"

CHECKS = (
    Check("versions", versions.look, late=_AGAIN),
    Check("front end", front_end.look, late=_AGAIN),
    Check("widgets", widgets.look, late=_AGAIN),
    Check("extension", extension.look, late=_AGAIN),
    Check("keyring", surroundings.keyring, late="Unlock the system's keyring, then run it again"),
    Check("credential", signing_in.credential, late="Unlock the system's keyring, or name a file "
          "that is on this machine"),
    Check("proxy", surroundings.proxy, after=("credential",), late="Correct HTTPS_PROXY, or name "
          "the hosts that need none in NO_PROXY; then restart the kernel"),
    Check("certificates", surroundings.certificates, after=("credential",), late=_AGAIN),
    Check("clock", service.clock, after=("IAM", "region"), late=_AGAIN),
    Check("IAM", signing_in.iam, needs=("credential",), late=_NETWORK),
    Check("region", service.region, needs=("credential",), late=_NETWORK),
    Check("project", service.project, needs=("IAM",), late=_NETWORK),
    Check("runtime", service.runtime, needs=("project",), late=_AGAIN),
    Check("quota", service.quota, after=("region", "project"), late=_AGAIN),
    Check("model", service.model, needs=("region",), late=_AGAIN),
)  # fmt: skip
