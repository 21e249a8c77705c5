"""The session of this process, and the functions that Python code meets: `wx.ask` and its kin.

This module is imported with the package, so it imports nothing heavy itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Never

from wx_notebook.credentials.secret import Held, Secret, Unshown
from wx_notebook.errors import WatsonxError, unframed
from wx_notebook.session.ledger import Ledger
from wx_notebook.session.usage import Meter
from wx_notebook.settings import budget

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.credentials import Given, TokenFunction
    from wx_notebook.service import Prompt, Request
    from wx_notebook.session.connection import Session


class Exchange(NamedTuple):
    """A request as it went out, where to, and what came back."""

    request: Request
    base_url: str
    answer: Answer | None
    #: why there is none, in a line
    problem: str = ""


#: The tokens of this process and of this user's day.
METER = Meter(Ledger(), default_budget=budget)

_current: Session | None = None
_last: Answer | None = None
_last_exchange: Exchange | None = None
_STOPPED = "Stopped before there was a connection."


def connect(
    *misplaced: Never,
    api_key: str | Secret | None = None,
    token: str | Secret | TokenFunction | None = None,
    region: str = "",
    url: str = "",
    project_id: str = "",
    space_id: str = "",
    profile: str = "",
    kind: str = "",
    username: str = "",
    password: str | Secret | None = None,
    iam_url: str = "",
    platform_url: str = "",
    ca_bundle: str = "",
    trusted_profile_id: str = "",
    credentials: object = None,
    **unknown: Never,
) -> Session:
    """Make the session that `ask`, `stream` and the magics use, and return it. Sends nothing.

    What is not given is looked for in the environment, in the default profile, in a file that
    `IBM_CREDENTIALS_FILE` names, and in watsonx Studio, in this order.

    Parameters
    ----------
    api_key
        An API key of IBM Cloud, of an AWS region's account, or of a cluster; ``@FILE`` reads it
        from the `apikey.json` that IBM Cloud lets one download. In a cell it would be saved with
        the notebook: prefer ``%watsonx login``.
    token
        A bearer token instead, which ends and cannot be renewed, or a function that returns one;
        the function is called for each new token, also from another thread.
    region
        A region's id or city, or any of its URLs.
    url, iam_url, platform_url
        The bases of the service, of IAM and of the projects API, where the region does not say.
    project_id, space_id
        What prompts are billed to; the project wins.
    profile
        A profile that ``%watsonx login --remember`` made.
    kind
        "iam", "mcsp" (AWS regions, GovCloud), "software" or "zen" (a cluster); the region says it,
        but of a cluster it must be said.
    username, password
        For a cluster; an `api_key` does in place of the password.
    ca_bundle
        A PEM file with the certificate authorities to trust.
    trusted_profile_id
        The trusted profile of IBM Cloud that the key's user takes on.
    credentials
        IBM's own forms: a dict like ``{"apikey": ..., "url": ...}``, an
        `ibm_watsonx_ai.Credentials`, or the path of an `apikey.json`.

    Examples
    --------
    ::

        wx.connect()                                   # what is found
        wx.connect(profile="work", project_id="...")
        wx.connect(credentials="apikey.json", region="eu-de", project_id="...")
        wx.connect(token=my_vault.token, region="us-south", space_id="...")

    Raises
    ------
    NotConnected, KeyRefused, TokenRefused, UnknownRegion, HostRefused, ProjectError, BadOption
        What is missing or cannot be right; found without a request.
    """
    global _current  # noqa: PLW0603  # there is one session a process, and this makes it
    # first of all: whatever goes wrong below must find no text in this frame
    api_key, token, password = _closed(api_key), _closed(token), _closed(password)
    held, credentials = Held(credentials), None
    # taken, because Python's own error would show the line, and with it a key
    strange = (*unknown, *("a value without a name" for _ in misplaced))
    misplaced, unknown = (), {}

    def made() -> Session:
        from wx_notebook.session.arguments import check_names, given_by

        check_names(strange)
        return _made(
            given_by(
                api_key=api_key, token=token, password=password, credentials=held, profile=profile,
                username=username, kind=kind, trusted_profile_id=trusted_profile_id, url=url,
                region=region, iam_url=iam_url, platform_url=platform_url, ca_bundle=ca_bundle,
                project_id=project_id, space_id=space_id,
            )
        )  # fmt: skip

    _current = unframed(made, _STOPPED)
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
    return put_in_force(unverified(given, environ))


def unverified(given: Given, environ: Mapping[str, str] | None = None) -> Session:
    """Return a session that is not in force yet; nothing is sent."""
    return unframed(lambda: _made(given, environ), _STOPPED)


def put_in_force(made: Session) -> Session:
    """Verify a session and make it the current one; if it cannot be verified, nothing changes."""
    try:
        made.verify()
        # the line that says "connected" names the model, too
        made.default_model()
        in_force(made)
    finally:
        if _current is not made:
            made.close()
    return made


def in_force(made: Session) -> Session:
    """Make a session that has been verified the current one."""
    global _current  # noqa: PLW0603
    _current = made
    return made


def _made(given: Given, environ: Mapping[str, str] | None = None) -> Session:
    from wx_notebook.credentials import find
    from wx_notebook.session.connection import Session
    from wx_notebook.transport import Transport

    found = find(given, environment() if environ is None else Unshown(environ))
    transport = Transport(ca_bundle=found.ca_bundle or None)
    return Session(found, transport=transport, remember=remember, meter=METER)


def environment() -> Mapping[str, str]:
    """Return the environment of this process, in a form that shows nothing of it."""
    return Unshown(os.environ)


def _closed(value: Any) -> Any:  # noqa: ANN401  # a text becomes a secret, the rest stays
    return Secret(value) if isinstance(value, str) else value


def session() -> Session:
    """Return the current session; where there is none, connect with what is found.

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
    from wx_notebook.answer import Answer
    from wx_notebook.prompt import fill
    from wx_notebook.session.connection import Session

    return fill(prompt, names, refused=(Secret, Session), texts=(Answer,))


def remember(answer: Answer) -> None:
    """Keep an answer for `last`."""
    global _last  # noqa: PLW0603
    _last = answer


def keep(answer: Answer) -> None:
    """Put an answer that is made of others in the place of the last one."""
    global _last, _last_exchange  # noqa: PLW0603
    _last = answer
    if _last_exchange is not None:
        _last_exchange = _last_exchange._replace(answer=answer)


def asked(request: Request, base_url: str) -> None:
    """Keep a request for `last_exchange`: one that failed is wanted again, too."""
    global _last_exchange  # noqa: PLW0603
    _last_exchange = Exchange(request, base_url, None)


def refused(request: Request, problem: WatsonxError) -> None:
    """Keep why no answer came."""
    global _last_exchange  # noqa: PLW0603
    if _last_exchange is not None and _last_exchange.request is request:
        told = f"{type(problem).__name__}: {problem.message.splitlines()[0]}"
        _last_exchange = _last_exchange._replace(problem=told)


def answered(request: Request, answer: Answer) -> bool:
    """Keep what came back; return whether it is the last, and no other request went out since."""
    global _last_exchange  # noqa: PLW0603
    if _last_exchange is None or _last_exchange.request is not request:
        return False
    _last_exchange = _last_exchange._replace(answer=answer)
    return True


def last_exchange() -> Exchange | None:
    """Return the last prompt of this process as it went out, and its answer if one came."""
    return _last_exchange


def last_request() -> Request | None:
    """Return the last prompt of this process as it went out, None before the first."""
    return _last_exchange.request if _last_exchange is not None else None
