"""Checks: the keyring, the proxy and the certificate authorities of this machine."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wx_notebook.doctor.case import PATIENCE_S
from wx_notebook.doctor.environments import this_environment
from wx_notebook.doctor.masking import shown_address
from wx_notebook.doctor.verdicts import Finding, ok, skipped

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080
#: As requests takes them.
_BUNDLE_NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def keyring(_: Case) -> Finding:
    """Say whether `login --remember` has a place to keep a key in."""
    from wx_notebook.credentials import keyrings

    if why := keyrings.available():
        return Finding(
            "warning",
            why,
            "For login --remember alone: unlock the system's keyring, or install one (Linux: "
            "gnome-keyring or KWallet)",
        )
    return ok(f"{keyrings.name_of_keyring()}, for %watsonx login --remember NAME")


def proxy(case: Case) -> Finding:
    """Say which of the hosts is reached through a proxy, and whether that one answers."""
    from wx_notebook.transport import is_loopback

    named = sorted(
        name
        for name in case.environ
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        and case.environ[name]
    )
    by = f" ({', '.join(named)})" if named else ""
    if case.endpoints is None:
        return skipped(f"nothing says which hosts are asked{by}")
    bases = {case.endpoints.url, case.endpoints.iam_url, case.endpoints.platform_url}
    away = sorted(url for url in bases if not is_loopback(urlsplit(url).hostname or ""))
    if not away:
        return ok(f"none is used: the sandbox is on this machine{by}")
    through = _through(away)
    if not through:
        return ok(f"none is used{by}")
    told = []
    for address, hosts in through.items():
        shown = shown_address(address)
        if not shown:
            return Finding(
                "failed",
                f"the address of the proxy cannot be read{by}",
                "Write it as http://proxy.example.com:3128; in a user name or password, @ is "
                "written %40, : %3A and / %2F",
            )
        if problem := _unreachable(shown):
            return Finding(
                "failed",
                f"the proxy {shown} cannot be reached ({problem}){by}",
                "Correct HTTPS_PROXY, or name the hosts that need none in NO_PROXY; then restart "
                "the kernel",
            )
        told.append(f"{shown} answers, on the way to {', '.join(hosts)}")
    return ok("; ".join(told) + by)


def _through(urls: list[str]) -> Mapping[str, list[str]]:
    """Return the proxies that requests takes, and which hosts each one leads to."""
    from requests.utils import get_environ_proxies, select_proxy

    found: dict[str, list[str]] = {}
    for url in urls:
        if address := select_proxy(url, get_environ_proxies(url)):
            found.setdefault(address, []).append(urlsplit(url).hostname or "")
    return found


def _unreachable(address: str) -> str:
    """Return why nothing can be sent to a proxy, "" if it takes a connection."""
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme, _SOCKS_PORT)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S).close()
    except OSError as problem:
        return problem.strerror or type(problem).__name__
    return ""


def certificates(case: Case) -> Finding:
    """Say which authorities are trusted, and whether their file can be read."""
    given = case.given.ca_bundle
    name = next((name for name in _BUNDLE_NAMES if case.environ.get(name)), "")
    if given:
        path, by = given, "ca_bundle"
    elif name:
        path, by = case.environ[name], name
    else:
        import certifi

        path, by = certifi.where(), "certifi"
    # requests takes the path as it is written
    if not Path(path).exists():
        tilde = " (a ~ at its head is not understood there)" if path.startswith("~") else ""
        return _no_authorities(f"the file of {by} does not exist{tilde}: {path}", by)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    folder = Path(path).is_dir()
    try:
        context.load_verify_locations(**{"capath" if folder else "cafile": path})
    except (ssl.SSLError, OSError) as problem:
        why = getattr(problem, "reason", None) or problem.strerror or type(problem).__name__
        return _no_authorities(f"the file of {by} cannot be read ({why}): {path}", by)
    if folder:
        return ok(f"those in the folder {path}, named by {by}")
    number = context.cert_store_stats()["x509"]
    if not number:
        return _no_authorities(f"the file of {by} has no certificate: {path}", by)
    told = f"{number} from {path}, named by {by}"
    if by == "certifi" and case.environ.get("SSL_CERT_FILE"):
        told += "; SSL_CERT_FILE is not read here, REQUESTS_CA_BUNDLE is"
    return ok(told)


def _no_authorities(found: str, by: str) -> Finding:
    return Finding(
        "failed",
        found,
        f"`{this_environment().python} -m pip install --force-reinstall certifi`"
        if by == "certifi"
        else f"Correct {by}: it names a PEM file with the certificates to trust, the public ones "
        "included; then restart the kernel",
    )
