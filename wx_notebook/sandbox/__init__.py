"""A stand-in of IBM Cloud IAM and IBM watsonx.ai on this machine's loopback.

It speaks the same HTTP: paths, bodies, status codes, server-sent events, errors, the life of
tokens; and it signs people in as IBM Cloud does, as AWS regions do, or as a cluster does. No model
is behind it. It imports nothing of the rest of wx_notebook: a mistake that both shared could not be
seen.
"""

from wx_notebook.sandbox.calls import Call
from wx_notebook.sandbox.faults import FAULTS
from wx_notebook.sandbox.sandbox import Sandbox

__all__ = ["FAULTS", "Call", "Sandbox"]
