"""HTTP as every room below uses it: timed, verified, quiet, and repeated only when that is free.

One `Transport` serves IAM and the service alike. What it sees to:

* four time limits: connect, first byte, idle, whole;
* TLS is verified and no switch turns that off; company CA bundles and proxies are honoured
  (`REQUESTS_CA_BUNDLE`, `HTTPS_PROXY`), except on the loopback, which no proxy can reach;
* `.netrc` and cookies stay out, no redirect is followed;
* an exception of requests or urllib3 never leaves this module: it carries the request, and with
  it the key or the token (`Failure`, raised outside the `except` block);
* `http.client`'s debug switch prints nothing of ours;
* a token or key joins its request in the expression that hands it to the system (`request`);
* exchanges are recorded into a file, or answered from one, where a variable says so (`recording`).
"""

from wx_notebook.transport.client import Transport
from wx_notebook.transport.connections import is_loopback
from wx_notebook.transport.exchange_file import RecordingError, read_exchanges
from wx_notebook.transport.intermediary import (
    comes_from_intermediary,
    intermediary_error,
    readable_text,
)
from wx_notebook.transport.recording import (
    is_offline,
    recorded_file,
    recording_line,
    replayed_file,
)
from wx_notebook.transport.redaction import one_line
from wx_notebook.transport.request import (
    FREE,
    LARGEST_BODY,
    PAID,
    PAID_ONCE,
    Gate,
    HttpRequest,
    NoAuth,
    OnWait,
    RetryPolicy,
    SignIn,
    Timeouts,
    Wait,
)
from wx_notebook.transport.response import (
    ConnectionBroken,
    ConnectionCancelled,
    ConnectionStalled,
    Response,
)
from wx_notebook.transport.sealed import SealedBody, SealedHeader

__all__ = [
    "FREE",
    "LARGEST_BODY",
    "PAID",
    "PAID_ONCE",
    "ConnectionBroken",
    "ConnectionCancelled",
    "ConnectionStalled",
    "Gate",
    "HttpRequest",
    "NoAuth",
    "OnWait",
    "RecordingError",
    "Response",
    "RetryPolicy",
    "SealedBody",
    "SealedHeader",
    "SignIn",
    "Timeouts",
    "Transport",
    "Wait",
    "comes_from_intermediary",
    "intermediary_error",
    "is_loopback",
    "is_offline",
    "one_line",
    "read_exchanges",
    "readable_text",
    "recorded_file",
    "recording_line",
    "replayed_file",
]
