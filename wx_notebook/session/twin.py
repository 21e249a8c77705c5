"""The session of this process, and the functions that Python code meets: `wx.ask` and its kin.

This module is imported with the package, so it imports nothing heavy itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials import Secret

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.credentials import Given
    from wx_notebook.service import Prompt
    from wx_notebook.session.connection import Session

_current: Session | None = None
_last: Answer | None = None


def connect(
    *,
    api_key: str | Secret | None = None,
    region: str = "",
    url: str = "",
    project_id: str = "",
    space_id: str = "",
    iam_url: str = "",
    platform_url: str = "",
    ca_bundle: str | None = None,
) -> Session:
    """Make the session that `ask`, `stream` and the magics use, and return it. Sends nothing.

    What is not given is taken from the environment: `WATSONX_API_KEY` (or `WATSONX_APIKEY`),
    `WATSONX_REGION` or `WATSONX_URL`, `WATSONX_PROJECT_ID` or `WATSONX_SPACE_ID`.

    Parameters
    ----------
    api_key
        An IBM Cloud API key. In a cell it would be saved with the notebook: prefer
        ``%watsonx login``.
    region
        A region's id or city, or any of its URLs.
    url, iam_url, platform_url
        The bases of the service, of IAM and of the projects API, where the region does not say.
    project_id, space_id
        What prompts are billed to; the project wins.
    ca_bundle
        A PEM file with the certificate authorities to trust.

    Raises
    ------
    NotConnected, KeyRefused, UnknownRegion, HostRefused, ProjectError
        What is missing or cannot be right; found without a request.
    """
    global _current  # noqa: PLW0603  # there is one session a process, and this makes it
    # first of all: an interrupt in the imports below must find no text in this frame
    api_key = Secret(api_key) if isinstance(api_key, str) else api_key
    from wx_notebook.credentials import Given

    given = Given(
        "arguments",
        api_key,
        url=url,
        region=region,
        project_id=project_id,
        space_id=space_id,
        iam_url=iam_url,
        platform_url=platform_url,
    )
    _current = _made(given, os.environ, ca_bundle)
    return _current


def sign_in(given: Given, environ: Mapping[str, str] | None = None) -> Session:
    """Connect as `connect` does, and verify by unpaid calls before the new session is in force.

    When it cannot be verified, the session that there was stays.

    Parameters
    ----------
    given
        What a person gave, for instance in the form.
    environ
        The environment to take the rest from, instead of the process's own.

    Raises
    ------
    WatsonxError
        What is missing or does not fit together.
    """
    global _current  # noqa: PLW0603
    made = _made(given, os.environ if environ is None else environ)
    try:
        made.verify()
        # the line that says "connected" names the model, too
        made.default_model()
        _current = made
    finally:
        if _current is not made:
            made.close()
    return made


def _made(given: Given, environ: Mapping[str, str], ca_bundle: str | None = None) -> Session:
    from wx_notebook.credentials import find
    from wx_notebook.session.connection import Session
    from wx_notebook.transport import Transport

    found = find(given, environ)
    return Session(found, transport=Transport(ca_bundle=ca_bundle), remember=_remember)


def session() -> Session:
    """Return the current session; where there is none, connect with what the environment has.

    Raises
    ------
    NotConnected
        Nothing was found.
    """
    if _current is not None:
        return _current
    made = connect()
    # nobody named it: the first answer says where it comes from
    made.announce()
    return made


def current() -> Session | None:
    """Return the current session, None where there is none. Connects nothing."""
    return _current


def disconnect() -> None:
    """Close and forget the current session."""
    global _current  # noqa: PLW0603
    if _current is not None:
        _current.close()
    _current = None


def last() -> Answer | None:
    """Return the last answer of this process, also one that was interrupted or cut."""
    return _last


def ask(
    prompt: Prompt,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,  # noqa: ANN401
) -> Answer:
    """Send a prompt through the current session and return the whole answer.

    With `names` the places ``{{ name }}`` of a text are filled in from it. Options and errors are
    those of `Session.chat`.
    """
    return session().chat(_filled(prompt, names), **options)


def stream(
    prompt: Prompt,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,  # noqa: ANN401
) -> AnswerStream:
    """Send a prompt through the current session; as `ask`, but piece by piece."""
    return session().stream(_filled(prompt, names), **options)


def _filled(prompt: Prompt, names: Mapping[str, Any] | None) -> Prompt:
    if names is None or not isinstance(prompt, str):
        return prompt
    from wx_notebook.prompt import fill
    from wx_notebook.session.connection import Session

    return fill(prompt, names, refused=(Secret, Session))


def _remember(answer: Answer) -> None:
    global _last  # noqa: PLW0603
    _last = answer
