"""The service's errors, as the classes that a user can do something about.

The shape and the codes are those of recorded answers in the tests of IBM's Java SDK and of
quarkus-langchain4j; where two sources disagree on a status, the code decides.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
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

LONGEST_QUOTE = 400
_LONGEST_CODE = 80
#: As much of a page as can hold the words that are quoted.
_LONGEST_PAGE = 20_000
#: What nobody reads of a web page: scripts, styles, comments, tags.
_MARKUP = re.compile(
    r"<(script|style|title)\b.*?(?:<[/]\1\s*>|$)|<!--.*?(?:-->|$)|<[a-z/!?][^>]*(?:>|$)",
    re.IGNORECASE | re.DOTALL,
)
_LATER = "Wait a moment and run the cell again."
_PROJECT = "Check the project ID and the region: a project belongs to one region."
_EDITOR = "Ask for the role Editor in it: your project > Manage > Access control."
_BY_CODE: dict[str, tuple[type[WatsonxError], str, str]] = {
    "authentication_token_not_valid": (
        TokenRefused,
        "The service does not accept the token.",
        "Next: run %watsonx login.",
    ),
    "authentication_token_expired": (
        TokenRefused,
        "The token has expired.",
        "Next: run %watsonx login.",
    ),
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
        "%watsonx models lists those that are.",
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
    status: int,
    document: Any,  # noqa: ANN401  # JSON is any value
    body: str,
    attempts: int = 1,
    redact: Callable[[str], str] = str,
) -> WatsonxError:
    """Return the error for an answer with this status.

    Parameters
    ----------
    status
        The HTTP status, or the one that an error event names.
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
    kind, what, hint = _BY_CODE.get(code) or _by_status(status, name)
    if kind is PromptTooLong and "token" not in said.lower():
        # the same code says "too many images" and other things about the input
        kind, hint = BadOption, "Change the prompt or its options."
    if not said:
        # a proxy or load balancer spoke, in HTML or plain text
        said, page = _plain(redact(body)), body.lstrip()[:1] == "<"
        if page:
            what = f"Something other than watsonx.ai answered with a web page (HTTP {status})."
    lines = [what]
    if said:
        lines.append(f"The service said: {said}" + (f" ({code})" if code else ""))
    facts = [f"HTTP {status}"]
    if trace:
        facts.append(f"request {trace}")
    if attempts > 1:
        facts.append(f"{attempts} attempts")
    lines.append(", ".join(facts) + ".")
    return kind("\n".join(lines), hint=hint)


def _by_status(status: int, name: str) -> tuple[type[WatsonxError], str, str]:
    if status == 400 and name in ("project_id", "space_id"):
        return ProjectError, "The service does not accept the project.", _PROJECT
    if status in (400, 422):
        return BadOption, "The service did not accept the request.", "Change the prompt's options."
    if status == 401:
        return _BY_CODE["authentication_token_not_valid"]
    if status == 403:
        return ProjectError, "The service does not allow this.", _PROJECT
    if status == 429:
        return _BY_CODE["rate_limit_reached_requests"]
    if status >= 500:
        return ServiceDown, "The service failed.", _LATER
    return WatsonxError, "The service did not do it.", "%watsonx status shows the connection."


def _read(
    document: Any,  # noqa: ANN401
    redact: Callable[[str], str],
) -> tuple[str, str, str, str]:
    """Return code, message, field name and trace of the service's error document."""
    found = document if isinstance(document, dict) else {}
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, dict):
        first = {}
    target = first.get("target")
    name = target.get("name") if isinstance(target, dict) else ""

    def clean(value: object, longest: int = LONGEST_QUOTE) -> str:
        return quoted(redact(value) if isinstance(value, str) else "", longest)

    said = clean(first.get("message"))
    return (
        clean(first.get("code"), _LONGEST_CODE),
        said,
        clean(name, _LONGEST_CODE) or ("project_id" if "project_id" in said else ""),
        clean(found.get("trace"), _LONGEST_CODE),
    )


def quoted(value: object, longest: int = LONGEST_QUOTE) -> str:
    """Return a text of the service in one line; "" when it is no text.

    A long one ends between two words: of a secret that was cut in two the first half would not be
    recognised any more.
    """
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if len(text) <= longest:
        return text
    return f"{text[: max(text.rfind(' ', 0, longest + 1), 0)]} ...".lstrip()


def _plain(body: str) -> str:
    """Return what a person would read of a web page, or of any other text."""
    return quoted(html.unescape(_MARKUP.sub(" ", body[:_LONGEST_PAGE])), 200)
