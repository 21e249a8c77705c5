"""The errors of requests, as errors of this package.

An exception of requests holds the request, and with it the key or the token. It is translated here
and dropped; ours is raised outside the `except` block, so that it has no context either.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import requests
import urllib3

from wx_notebook.errors import HostRefused, Interrupted, ServiceDown, WatsonxError
from wx_notebook.transport.intermediary import tunnel_error
from wx_notebook.transport.request import Timeouts, format_seconds

_AGAIN = "Run it again."
_LONGER = "Give it more time with --timeout, or ask for a shorter answer with --max-tokens."
#: OpenSSL's codes for what is wrong with a certificate by this machine's clock: not yet, no more.
_BY_DATE = (9, 10)
#: For another host, e-mail or address than was asked.
_FOR_ANOTHER = (62, 63, 64)
_OFFLINE = "Check the network, the region and the proxy, then run it again."


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in one attempt, in our words; holds nothing of the request."""

    error: WatsonxError | Interrupted
    #: the request cannot have reached the service, or the service sent it away
    unsent: bool = False
    #: another attempt may end differently
    transient: bool = True
    #: a limit in time was reached
    is_late: bool = False


def redirect_error(host: str, target: str) -> HostRefused:
    """Return the error for a host that wants the request to be sent to `target` instead."""
    return HostRefused(
        f"{host} redirects to {target}; a key or prompt is not sent on to another address.",
        hint="Check the URL, and whether a proxy stands in between.",
    )


def timeout_error(host: str, timeouts: Timeouts) -> ServiceDown:
    """Return the error for a prompt whose own time limit has passed."""
    return ServiceDown(
        f"{host} did not answer within the time limit of {format_seconds(timeouts.whole_s)}.",
        hint="Raise --timeout, or ask for a shorter answer with --max-tokens.",
    )


def translate_error(
    error: Exception, host: str, limits: tuple[float, float], *, is_prompt: bool = False
) -> Failure:
    """Return the failure for what requests raised while `host` was asked.

    `limits` are the seconds that connecting and the first byte were given.
    """
    connect_s, first_byte_s = limits
    errors = requests.exceptions
    if isinstance(error, WatsonxError):
        # our own: a recording has no answer, or the session was closed
        return Failure(error, unsent=True, transient=False)
    if isinstance(error, errors.SSLError):
        return Failure(_untrusted(error, host), unsent=True, transient=False)
    if isinstance(error, errors.ProxyError):
        refused, may_change = tunnel_error(error, host)
        return Failure(refused, unsent=True, transient=may_change)
    if isinstance(error, errors.ConnectTimeout):
        text = f"{host} did not accept a connection in {format_seconds(connect_s)}."
        return Failure(ServiceDown(text, hint=_OFFLINE), unsent=True, is_late=True)
    if isinstance(error, errors.ReadTimeout):
        text = f"{host} did not answer in {format_seconds(first_byte_s)}."
        return Failure(ServiceDown(text, hint=_LONGER if is_prompt else _AGAIN), is_late=True)
    if isinstance(error, errors.ConnectionError):
        return _not_connected(error, host)
    if isinstance(error, OSError) and "CA certificate bundle" in str(error):
        text = "The file with the certificate authorities does not exist."
        hint = "Correct REQUESTS_CA_BUNDLE or ca_bundle=."
        return Failure(ServiceDown(text, hint=hint), unsent=True, transient=False)
    if isinstance(error, errors.InvalidURL):
        # ours was checked long before
        text = f"The address of the proxy on the way to {host} cannot be read."
        hint = "Correct HTTPS_PROXY, for example: http://proxy.example.com:3128"
        return Failure(ServiceDown(text, hint=hint), unsent=True, transient=False)
    if isinstance(error, errors.InvalidSchema) and "SOCKS" in str(error):
        text = f"The way to {host} leads through a SOCKS proxy, which needs one more package."
        hint = "Next: pip install pysocks, then restart the kernel."
        return Failure(ServiceDown(text, hint=hint), unsent=True, transient=False)
    text = f"The request to {host} failed ({type(error).__name__})."
    return Failure(ServiceDown(text, hint=_AGAIN), transient=False)


def _untrusted(error: Exception, host: str) -> ServiceDown:
    """Say what OpenSSL has against a connection; its words quote nothing but the host."""
    cause: object = error
    while not isinstance(cause, ssl.SSLError):
        args = getattr(cause, "args", ())
        cause = getattr(cause, "reason", None) or (args[0] if args else None)
        if cause is None:
            break
    if not isinstance(cause, ssl.SSLCertVerificationError):
        why = getattr(cause, "reason", None) or type(error).__name__
        text = f"{host} and this machine found no way to speak TLS ({why})."
        return ServiceDown(text, hint="Check the URL, and whether a proxy stands in between.")
    text = f"The TLS certificate of {host} could not be verified: {cause.verify_message}"
    hint = "Behind a company proxy: set REQUESTS_CA_BUNDLE to the company's CA file."
    if cause.verify_code in _BY_DATE:
        hint = "Check the clock of this machine; if it is right, the certificate is out of date."
    elif cause.verify_code in _FOR_ANOTHER:
        hint = "Check the URL: the certificate is another host's."
    return ServiceDown(f"{text.rstrip('.')}.", hint=hint)


def _not_connected(error: requests.exceptions.ConnectionError, host: str) -> Failure:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        text = f"The name {host} cannot be resolved."
        return Failure(ServiceDown(text, hint=_OFFLINE), unsent=True)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return Failure(ServiceDown(f"{host} cannot be reached.", hint=_OFFLINE), unsent=True)
    text = f"{host} closed the connection without an answer."
    return Failure(ServiceDown(text, hint=_AGAIN))
