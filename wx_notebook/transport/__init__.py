"""HTTP as every room below uses it: timed, verified, quiet, and repeated only when that is free.

One `Transport` serves IAM and the service alike. What it sees to:

* four time limits: connect, first byte, idle, whole;
* TLS is verified and no switch turns that off; company CA bundles and proxies are honoured
  (`REQUESTS_CA_BUNDLE`, `HTTPS_PROXY`), except on the loopback, which no proxy can reach;
* `.netrc` and cookies stay out, no redirect is followed;
* an exception of requests or urllib3 never leaves this module: it carries the request, and with
  it the key or the token (`Failure`, raised outside the `except` block);
* `http.client`'s debug switch prints nothing of ours.
"""

from wx_notebook.transport.call import Call, NoAuth
from wx_notebook.transport.client import Transport
from wx_notebook.transport.connections import is_loopback
from wx_notebook.transport.policy import FREE, PAID, OnWait, RetryPolicy, Timeouts, Wait
from wx_notebook.transport.redaction import one_line
from wx_notebook.transport.reply import ConnectionBroken, ConnectionStalled, Reply

__all__ = [
    "FREE",
    "PAID",
    "Call",
    "ConnectionBroken",
    "ConnectionStalled",
    "NoAuth",
    "OnWait",
    "Reply",
    "RetryPolicy",
    "Timeouts",
    "Transport",
    "Wait",
    "is_loopback",
    "one_line",
]
