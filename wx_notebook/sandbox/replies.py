"""Bodies of refusals, in the words of each service."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping

from wx_notebook.sandbox.wire import Refused, Reply, encode

DOCS = "https://cloud.ibm.com/apidocs/watsonx-ai"

# an HTTP status that names its code for a failure of the whole service
SERVICE_DOWN = {500: "downstream_request_failed", 503: "service_unavailable"}

HTML_PAGE = b"""<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center>
<script>document.title = "a script of the error page ran"</script></body></html>
"""


def ok(document: object, *, headers: Mapping[str, str] | None = None, delay_s: float = 0) -> Reply:
    """Return the reply 200 with `document` as JSON."""
    return Reply(200, encode(document), headers=headers or {}, delay_s=delay_s)


def error_body(
    status: int, code: str, message: str, *, anchor: str = "", target: tuple[str, str] | None = None
) -> bytes:
    """Return the error document of watsonx.ai (`ApiErrorResponse` of IBM's Node SDK).

    Parameters
    ----------
    status, code, message
        HTTP status, the service's own code, and words for a person.
    anchor
        The operation in IBM's API documentation, such as `text-chat`.
    target
        Kind (`field`, `parameter` or `header`) and name of what is wrong.
    """
    error: dict[str, object] = {
        "code": code,
        "message": message,
        "more_info": f"{DOCS}#{anchor}" if anchor else DOCS,
    }
    if target is not None:
        error["target"] = {"type": target[0], "name": target[1]}
    return encode({"errors": [error], "trace": secrets.token_hex(16), "status_code": status})


def refusal(
    status: int,
    code: str,
    message: str,
    *,
    anchor: str = "",
    target: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refused:
    """Return the exception that answers with an error document of watsonx.ai."""
    body = error_body(status, code, message, anchor=anchor, target=target)
    return Refused(Reply(status, body, headers=headers or {}))


def iam_refusal(status: int, code: str, message: str, details: str = "") -> Refused:
    """Return the exception that answers with an error document of IBM Cloud IAM."""
    document: dict[str, object] = {"errorCode": code, "errorMessage": message}
    if details:
        document["errorDetails"] = details
    document["context"] = {
        "requestId": f"sandbox-{uuid.uuid4().hex}",
        "requestType": "incoming.Identity_Token",
        "url": "https://iam.cloud.ibm.com",
        "locale": "en_US",
    }
    return Refused(Reply(status, encode(document)))


def html_page(status: int = 502) -> Refused:
    """Return the exception that answers with the page of a load balancer instead of JSON."""
    return Refused(Reply(status, HTML_PAGE, content_type="text/html"))


def text(line: str) -> Reply:
    """Return `line` as plain text."""
    return Reply(200, f"{line}\n".encode(), content_type="text/plain; charset=utf-8")
