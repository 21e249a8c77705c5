"""A stand-in of IBM Cloud IAM and IBM watsonx.ai on this machine's loopback.

It speaks the same HTTP: paths, bodies, status codes, server-sent events, errors, lifetime of
tokens. It signs users in as IBM Cloud does, as AWS regions do, or as a cluster does. No model is
behind it. It imports nothing of the rest of wx_notebook: a mistake in shared code would not show.
"""

from wx_notebook.sandbox.config import SandboxConfig
from wx_notebook.sandbox.http.faults import FAULTS
from wx_notebook.sandbox.http.request_log import Call
from wx_notebook.sandbox.sandbox import Sandbox

__all__ = ["FAULTS", "Call", "Sandbox", "SandboxConfig"]
