"""Errors of an upstream, and how watsonx.ai would report them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from wx_notebook.sandbox.http.messages import (
    PAID_RATE,
    ErrorResponse,
    error_body,
    rate_limit_headers,
    service_error,
)
from wx_notebook.sandbox.upstream.connection import KEY_VARIABLE

_LONGEST_QUOTE = 250


class UpstreamError(Exception):
    """The upstream did not answer as asked.

    Attributes
    ----------
    message
        What happened, as sentences about the upstream.
    status
        Its HTTP status; None without an answer, or with one that cannot be read.
    code
        OpenAI's own code, if the upstream named one.
    retry_after
        The header of that name; "" without one.
    """

    def __init__(
        self, message: str, status: int | None = None, code: str = "", retry_after: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after


def as_service_error(error: UpstreamError, anchor: str) -> ErrorResponse:
    """Return the error with which the service would report the same.

    A key that the upstream refuses is a failure of the service and not a 401: the client's own
    token is valid, and a new one would not help.
    """
    status, code = _service_code(error)
    headers: dict[str, str] = {}
    if status == 429:
        headers = rate_limit_headers(PAID_RATE, 0)
        if error.retry_after:
            headers["Retry-After"] = error.retry_after
    return service_error(status, code, error.message, anchor=anchor, headers=headers)


def error_event_data(error: UpstreamError) -> bytes:
    """Return the data of the error event that reports it in the middle of a stream."""
    return error_body(*_service_code(error), error.message)


def _service_code(error: UpstreamError) -> tuple[int, str]:
    """Return HTTP status and code of the service."""
    if error.code == "insufficient_quota" or error.status == 402:
        return 403, "token_quota_reached"
    if error.status == 429:
        return 429, "rate_limit_reached_requests"
    if error.status == 404:
        return 404, "model_not_supported"
    if error.status == 413 or error.code == "context_length_exceeded":
        return 400, "invalid_input_argument"
    if error.status in (400, 409, 422):
        return 400, "invalid_request_entity"
    if error.status == 503:
        # llama.cpp and vLLM answer so while they load a model: the client may try again
        return 503, "service_unavailable"
    return 500, "downstream_request_failed"


def message_and_code(error: object) -> tuple[str, str]:
    """Return message and code of OpenAI's `error` object, or of an error that is only a text."""
    if isinstance(error, Mapping):
        code = error.get("code") if isinstance(error.get("code"), str) else error.get("type")
        message = message_and_code(error.get("message"))[0]
        return message, code if isinstance(code, str) else ""
    return (shorten(error), "") if isinstance(error, str) else ("", "")


def shorten(text: str) -> str:
    """Return what an upstream said as one line of limited length, without its key."""
    line = " ".join(text.split()).rstrip(".")
    if os.environ.get(KEY_VARIABLE):
        # some servers repeat the key that they refuse
        line = line.replace(os.environ[KEY_VARIABLE], "<hidden>")
    if len(line) <= _LONGEST_QUOTE:
        return line
    return f"{line[:_LONGEST_QUOTE].rpartition(' ')[0]} ..."
