"""The service's errors, as the classes that a user can do something about.

The shape and the codes are those of recorded answers in the tests of IBM's Java SDK and of
quarkus-langchain4j; where two sources disagree on a status, the code decides.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from wx_notebook.errors import (
    BadOption,
    ModelError,
    NoRuntime,
    ProjectError,
    PromptTooLong,
    QuotaSpent,
    RateLimited,
    ServiceDown,
    TokenRefused,
    WatsonxError,
)
from wx_notebook.hints import login_hint
from wx_notebook.transport import readable_text

LONGEST_QUOTE = 400
_LONGEST_CODE = 80
#: Names of the code, of the message and of the request in the shapes of `_read`.
_CODE_NAMES = ("code", "errorCode", "error", "type", "_messageCode_", "faultcode")
_MESSAGE_NAMES = ("message", "errorMessage", "description", "error_description", "detail",
                  "exception", "errorDetails", "title", "reason",
                  # of API Connect and of other gates
                  "moreInformation", "httpMessage", "faultstring")  # fmt: skip
_TRACE_NAMES = ("trace", "request_id", "requestId", "trace_id", "transaction_id")
#: Names that only an error has, and those of what a reply is there for.
_ERROR_NAMES = ("errorCode", "errorMessage", "error_code", "error_description", "statusCode",
                "status_code", "http_status", "exception", "fault", "_messageCode_", "detail",
                "httpCode", "httpMessage")  # fmt: skip
_PAYLOADS = ("choices", "results", "resources", "metadata", "entity", "model_id", "usage", "data",
             "system", "moderations", "detections")  # fmt: skip
_STATUS_NAMES = ("status_code", "statusCode", "http_status", "code", "status", "errorCode",
                 "httpCode")  # fmt: skip
#: Characters of keys, tokens and most passwords, and of what may stand unseen inside of one.
_IN_A_SECRET = re.compile(r"[!-\x7f\x00-\x1f]")
#: How a model says that it takes no `response_format`: no list of those that do is published.
_SCHEMA_WORDS = ("response_format", "response format", "schema", "guided", "structured", "grammar")
_LATER = "Wait a moment and run the cell again."
_PROJECT = "Check the project ID and the region: a project belongs to one region."
_EDITOR = "Ask for the role Editor in it: your project > Manage > Access control."
_BY_CODE: dict[str, tuple[type[WatsonxError], str, str]] = {
    "authentication_token_not_valid": (TokenRefused, "The service does not accept the token.", ""),
    "authentication_token_expired": (TokenRefused, "The token has expired.", ""),
    "no_associated_service_instance_error": (
        NoRuntime,
        "The project has no watsonx.ai Runtime service associated.",
        "In watsonx.ai: your project > Manage > Services & integrations > Associate service.",
    ),
    "container_not_found": (ProjectError, "The project or space was not found here.", _PROJECT),
    "authorization_rejected": (
        ProjectError,
        "You may not do this in the project.",
        _EDITOR,
    ),
    "user_authorization_failed": (
        ProjectError,
        "You may not use this project.",
        _EDITOR,
    ),
    "token_quota_reached": (
        QuotaSpent,
        "The plan's tokens are used up.",
        "Wait for the next month, or upgrade the watsonx.ai Runtime plan.",
    ),
    "rate_limit_reached_requests": (RateLimited, "Too many requests at a time.", _LATER),
    "rate_limit_exceeded": (RateLimited, "Too many requests at a time.", _LATER),
    "consumption_limit_reached": (
        RateLimited,
        "The model's shared capacity is in use.",
        "Wait a moment and run the cell again, or take another model (%watsonx models).",
    ),
    "model_not_supported": (
        ModelError,
        "The model is not available in this region.",
        "%watsonx models lists the models of the region.",
    ),
    # of the model gateway
    "model_not_found": (
        ModelError,
        "The model is not available here.",
        "%watsonx models lists the models of the region.",
    ),
    "model_no_support_for_function": (
        ModelError,
        "The model cannot do this.",
        "%watsonx models lists those that can chat.",
    ),
    "invalid_input_argument": (
        PromptTooLong,
        "The model did not take the prompt.",
        "Make the prompt shorter, or lower --max-tokens.",
    ),
    "downstream_request_failed": (ServiceDown, "The model failed to answer.", _LATER),
    "service_unavailable": (ServiceDown, "The service is not available.", _LATER),
}


def refusal(
    status: int | None,
    document: Any,  # noqa: ANN401  # JSON is any value
    body: str,
    attempts: int = 1,
    redact: Callable[[str], str] = str,
) -> WatsonxError:
    """Return the error for an answer with this status.

    Parameters
    ----------
    status
        The HTTP status, or the one that an error event names. None is an error in a reply of
        status 200 that names none: as much as a failure of the service.
    document
        The body as JSON, None when it is something else.
    body
        The body as text, to quote from.
    attempts
        How often the request was sent.
    redact
        Takes secrets out of a text, before anything cuts it in two.
    """
    code, said, name, trace = _read(document, redact)
    kind, what, hint = _BY_CODE.get(code) or _by_status(status or 500, name, said)
    if code == "invalid_input_argument" and "token" not in said.lower():
        # the same code says "too many images" and other things about the input
        kind, hint = BadOption, "Change the prompt or its options."
    if not said and code:
        said, code = code, ""
    # a load balancer speaks plain text; for web pages see `transport.intermediary`
    said = said or readable_text(redact(body))
    lines = [what]
    if said:
        lines.append(f"The service said: {said}" + (f" ({code})" if code else ""))
    facts = [f"HTTP {status}" if status else "HTTP 200, with an error inside"]
    if trace:
        facts.append(f"request {trace}")
    if attempts > 1:
        facts.append(f"{attempts} attempts")
    lines.append(", ".join(facts) + ".")
    if kind is TokenRefused:
        hint = login_hint()
    error = kind("\n".join(lines), hint=hint)
    about = f"{name} {said}".lower()
    error.refuses_schema = status in (400, 422) and any(word in about for word in _SCHEMA_WORDS)
    return error


def raise_service_error(
    document: object, redact: Callable[[str], str] = str, *, is_error: bool = False
) -> None:
    """Raise the service's error if a document is one, also in a response of status 200.

    Parameters
    ----------
    document
        `{"errors": [...]}`, as the service writes it, `{"error": {...}}`, as the gateway does, or a
        code and a message at the top, as clusters and gates in front of them do; also in a list.
    redact
        As in `refusal`.
    is_error
        Whether it is one in any case: the data of an error event.

    Raises
    ------
    WatsonxError
        The class that fits the status and the code in the document.
    """
    found = document
    if isinstance(document, list):
        found = next((one for one in document if isinstance(one, dict)), None)
    if not isinstance(found, dict) or not (is_error or _is_error(found)):
        return
    inner = found.get("error")
    named = inner if isinstance(inner, dict) else {}
    statuses = (_status_in(fields, name) for fields in (found, named) for name in _STATUS_NAMES)
    status = next(filter(None, statuses), None)
    raise refusal(status, document, json.dumps(document, ensure_ascii=False), redact=redact)


def _is_error(document: Mapping[str, Any]) -> bool:
    """Return whether a document is an error and nothing else."""
    if document.get("errors") or document.get("error"):
        return True
    if any(name in document for name in _PAYLOADS):
        return False
    has_code = any(document.get(name) for name in ("code", "status", "title", "type"))
    has_message = any(isinstance(document.get(name), str) for name in _MESSAGE_NAMES)
    return (has_code and has_message) or any(document.get(name) for name in _ERROR_NAMES)


def _status_in(document: Mapping[str, Any], name: str) -> int:
    """Return the HTTP status of an error under a name, 0 where there is none."""
    value = document.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if type(value) is int and 400 <= value < 600 else 0


def _by_status(status: int, name: str, said: str) -> tuple[type[WatsonxError], str, str]:
    if status == 400 and name in ("project_id", "space_id"):
        return ProjectError, "The service does not accept the project.", _PROJECT
    if status in (400, 422):
        return BadOption, "The service did not accept the request.", "Change the prompt's options."
    if status == 401:
        ends = "expired" if "expired" in said.lower() else "not_valid"
        return _BY_CODE[f"authentication_token_{ends}"]
    if status == 403:
        return ProjectError, "The service does not allow this.", _PROJECT
    if status == 413:
        return PromptTooLong, "The request is too large.", "Make the prompt shorter."
    if status == 429:
        return _BY_CODE["rate_limit_reached_requests"]
    if status >= 500:
        return ServiceDown, "The service failed.", _LATER
    return WatsonxError, "The service did not do it.", "%watsonx status shows the connection."


def _read(
    document: Any,  # noqa: ANN401
    redact: Callable[[str], str],
) -> tuple[str, str, str, str]:
    """Return code, message, field name and trace of an error document.

    The shapes are those of watsonx.ai (`errors[0]`), of the model gateway and the files
    (`error{}`), and of clusters and the gates in front of them (the fields at the top).
    """
    found = document if isinstance(document, dict) else {}
    error = _first_error(document)
    target = error.get("target")
    name = target.get("name") if isinstance(target, dict) else ""

    def first(fields: Mapping[str, Any], names: tuple[str, ...], longest: int) -> str:
        texts = (" ".join(fields[n].split()) for n in names if isinstance(fields.get(n), str))
        # redacted first: of a secret that was cut in two the first half is not recognised
        text = redact(next(filter(None, texts), ""))
        return text if len(text) <= longest else f"{text[:longest]} ..."

    said = first(error, _MESSAGE_NAMES, LONGEST_QUOTE)
    code = first(error, _CODE_NAMES, _LONGEST_CODE)
    if code not in _BY_CODE:
        # a gate in front of the service wraps its answer in a message of its own
        code = next((known for known in _BY_CODE if known in said), code)
    field = first({"name": name}, ("name",), _LONGEST_CODE)
    trace = first(found, _TRACE_NAMES, _LONGEST_CODE) or first(error, _TRACE_NAMES, _LONGEST_CODE)
    return code, said, field or ("project_id" if "project_id" in said else ""), trace


def _first_error(document: object) -> Mapping[str, Any]:
    """Return the object that has the code and the message; {} where there is none."""
    if isinstance(document, list):
        document = next((one for one in document if isinstance(one, dict)), None)
    if not isinstance(document, dict):
        return {}
    errors = document.get("errors")
    if isinstance(errors, list) and errors:
        return errors[0] if isinstance(errors[0], dict) else {"message": errors[0]}
    if isinstance(errors, str) and errors:
        return {"message": errors}
    for nested in (document.get("error"), document.get("fault")):
        if isinstance(nested, dict) and nested:
            return nested
    message = document.get("message")
    if isinstance(message, str) and message.lstrip().startswith("{"):
        # a gate in front of the service quotes its answer as a text
        with contextlib.suppress(ValueError, RecursionError):
            return _first_error(json.loads(message)) or document
    return document


def quoted(value: object, longest: int = LONGEST_QUOTE) -> str:
    """Return a text of the service in one line; "" when it is no text.

    It may hold a secret, and of a secret that was cut in two the first half would not be recognised
    any more: a long text ends in front of the letters, digits and signs that a cut would part.
    """
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if len(text) <= longest:
        return text
    if _IN_A_SECRET.fullmatch(text[longest]):
        kept = text[:longest]
        end = len(kept)
        while end and _IN_A_SECRET.fullmatch(kept[end - 1]):
            end -= 1
        longest = end
    return f"{text[:longest].rstrip()} ...".lstrip()
