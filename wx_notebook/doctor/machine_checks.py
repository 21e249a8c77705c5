"""Checks of this machine: the installed packages, the keyring, the certificate authorities."""

from __future__ import annotations

import platform
import ssl
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from wx_notebook import __version__
from wx_notebook.credentials import keyring_store
from wx_notebook.doctor.check import CheckContext, CheckResult
from wx_notebook.doctor.environments import current_environment

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_DISTRIBUTION = "wx-notebook"
#: Named also if all is well: readers of a report ask for these first.
_REPORTED = (
    "ipython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab", "notebook", "jupyter_server",
    "requests", "urllib3", "nh3", "keyring", "ibm-watsonx-ai",
)  # fmt: skip
#: The extras with libraries that users work with; the other extras are for developers.
_USER_EXTRAS = ("sdk", "langchain", "openai")
#: The variables that requests reads, in its order.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def probe_versions(_: CheckContext) -> CheckResult:
    """Compare the installed packages with the requirements of this package."""
    names = [f"wx_notebook {__version__}", f"Python {platform.python_version()}"]
    names += [f"{name} {number}" for name in _REPORTED if (number := _installed(name))]
    report = f"{', '.join(names)} on {platform.system()} {platform.machine()}"
    pip_install = f"{current_environment().python} -m pip install"
    try:
        requirements = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return CheckResult.warning(
            f"{report}; wx-notebook is not installed as a package, so its requirements are unknown",
            f"`{pip_install} wx-notebook`",
        )
    missing, outdated = _unmet(requirements)
    if not (missing or outdated):
        return CheckResult.ok(report)
    problems = [f"{requirement.name} is missing" for requirement in missing]
    problems += [
        f"{requirement.name} {_installed(requirement.name)} is not {requirement.specifier}"
        for requirement in outdated
    ]
    wanted = " ".join(f'"{each.name}{each.specifier}"' for each in (*missing, *outdated))
    return CheckResult(
        "failed" if missing else "warning",
        f"{'; '.join(problems)}. {report}",
        f"`{pip_install} {wanted}`, then restart the kernel",
    )


def _unmet(lines: list[str]) -> tuple[list[Requirement], list[Requirement]]:
    """Return the requirements that are missing, and those that are installed but too old."""
    from packaging.requirements import Requirement

    missing, outdated = [], []
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        is_required = marker is None or marker.evaluate({"extra": ""})
        is_relevant = is_required or any(
            marker is not None and marker.evaluate({"extra": extra}) for extra in _USER_EXTRAS
        )
        number = _installed(requirement.name)
        if is_required and not number:
            missing.append(requirement)
        elif is_relevant and number and not requirement.specifier.contains(number, True):
            outdated.append(requirement)
    return missing, outdated


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def probe_keyring(_: CheckContext) -> CheckResult:
    """Check that `login --remember` can store a key."""
    if reason := keyring_store.missing_keyring():
        return CheckResult.warning(
            reason,
            "Only login --remember needs it: unlock the system's keyring, or install one (Linux: "
            "gnome-keyring or KWallet)",
        )
    return CheckResult.ok(f"{keyring_store.keyring_name()}, for %watsonx login --remember NAME")


def probe_certificates(context: CheckContext) -> CheckResult:
    """Name the trusted certificate authorities, and check that their file can be read."""
    path, source = _trusted_file(context)
    # requests takes the path literally
    if not Path(path).exists():
        tilde = " (~ is not expanded here)" if path.startswith("~") else ""
        return _unusable(f"the file of {source} does not exist{tilde}: {path}", source)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_folder = Path(path).is_dir()
    try:
        tls.load_verify_locations(**{"capath" if is_folder else "cafile": path})
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        return _unusable(f"the file of {source} cannot be read ({reason}): {path}", source)
    if is_folder:
        return CheckResult.ok(f"the authorities in the folder {path}, from {source}")
    count = tls.cert_store_stats()["x509"]
    if not count:
        return _unusable(f"the file of {source} contains no certificate: {path}", source)
    finding = f"{count} {'authority' if count == 1 else 'authorities'} in {path}, from {source}"
    if source == "certifi" and context.environ.get("SSL_CERT_FILE"):
        finding += "; SSL_CERT_FILE is not used, but REQUESTS_CA_BUNDLE would be"
    return CheckResult.ok(finding)


def _trusted_file(context: CheckContext) -> tuple[str, str]:
    """Return the file or folder of the trusted authorities, and the setting that names it."""
    if context.params.ca_bundle:
        return context.params.ca_bundle, "ca_bundle"
    for name in _BUNDLE_VARIABLES:
        if context.environ.get(name):
            return context.environ[name], name
    import certifi

    return certifi.where(), "certifi"


def _unusable(finding: str, source: str) -> CheckResult:
    repair = (
        f"Set {source} to a PEM file with all certificates to trust, including the public ones; "
        "then restart the kernel"
    )
    if source == "certifi":
        repair = f"`{current_environment().python} -m pip install --force-reinstall certifi`"
    return CheckResult.failed(finding, repair)
