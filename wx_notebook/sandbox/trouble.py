"""What went wrong with an upstream, and how watsonx.ai would tell it."""

from __future__ import annotations

from wx_notebook.sandbox.rate import PAID_RATE, headers
from wx_notebook.sandbox.replies import error_body, refusal
from wx_notebook.sandbox.wire import Refused

_NO_RETRY_AFTER = ""


class Trouble(Exception):
    """The upstream did not do it.

    Attributes
    ----------
    message
        What happened, as sentences about the upstream.
    status
        Its HTTP status; None when it gave no answer, or one that is none.
    code
        OpenAI's own code for it, if it named one.
    retry_after
        The header of that name, "" without one.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        code: str = "",
        retry_after: str = _NO_RETRY_AFTER,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after


def refused(trouble: Trouble, anchor: str) -> Refused:
    """Return the refusal with which the service would tell the same.

    A key that the upstream does not take is a failure of the service and no 401: the client's own
    token is good, and to renew it would not help.
    """
    status, code = _told_as(trouble)
    extra: dict[str, str] = {}
    if status == 429:
        extra = headers(PAID_RATE, 0)
        if trouble.retry_after:
            extra["Retry-After"] = trouble.retry_after
    return refusal(status, code, trouble.message, anchor=anchor, headers=extra)


def event_data(trouble: Trouble) -> bytes:
    """Return the data of the error event that tells it in the middle of a stream."""
    status, code = _told_as(trouble)
    return error_body(status, code, trouble.message)


def _told_as(trouble: Trouble) -> tuple[int, str]:
    if trouble.code == "insufficient_quota" or trouble.status == 402:
        return 403, "token_quota_reached"
    if trouble.status == 429:
        return 429, "rate_limit_reached_requests"
    if trouble.status == 404:
        return 404, "model_not_supported"
    if trouble.status == 413 or trouble.code == "context_length_exceeded":
        return 400, "invalid_input_argument"
    if trouble.status in (400, 409, 422):
        return 400, "invalid_request_entity"
    if trouble.status == 503:
        # llama.cpp and vLLM say so while they load a model: asking again helps
        return 503, "service_unavailable"
    return 500, "downstream_request_failed"
