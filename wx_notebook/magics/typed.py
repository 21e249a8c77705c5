"""From what stood in the form, or was answered in a terminal, to one source of a credential."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wx_notebook.credentials import Given, Secret
from wx_notebook.errors import BadOption, KeyRefused

if TYPE_CHECKING:
    from wx_notebook.form import Typed
    from wx_notebook.service import Scope

#: Where a key of AWS is asked first; the other region of that account is asked beside it.
_FIRST_ON_AWS = "us-east-1"


def given_by_form(secret: Secret, typed: Typed, *, source: str = "form") -> Given:
    """Return what a form gives: the secret, of its kind, and where it may go.

    A whole `.env` or `apikey.json` in the place of the key is read as such a file; what was typed
    beside it wins.

    Raises
    ------
    KeyRefused, NotConnected, BadOption
        There is no secret, or the text has none inside.
    """
    if not secret:
        raise KeyRefused("An API key is needed.", hint="Paste it here.")
    if typed.kind == "token":
        return Given(source, token=secret, region=typed.where)
    if typed.kind == "cluster":
        if not typed.where:
            raise BadOption(
                "The URL of the cluster is needed.", hint="Such as https://cpd.example.com"
            )
        given = Given(source, kind="software", url=typed.where, username=typed.username)
        is_key = typed.secret_is == "api_key"  # noqa: S105  # a word
        return replace(given, api_key=secret) if is_key else replace(given, password=secret)
    if typed.kind == "aws":
        given = replace(_read(secret, typed, source), kind="mcsp")
        return given if given.url or given.region else replace(given, region=_FIRST_ON_AWS)
    return _read(secret, typed, source)


def given_by_offer(offer: str, typed: Typed) -> tuple[Given, dict[str, str] | None]:
    """Return what was offered under an id, and the environment to complete it from.

    Raises
    ------
    BadOption, NotConnected
        It is not there any more.
    """
    from wx_notebook.credentials import studio
    from wx_notebook.credentials.files import SANDBOX_VARIABLE
    from wx_notebook.session.arguments import named_profile
    from wx_notebook.session.twin import environment

    around = environment()
    if offer == "sandbox":
        # whole, as it is: its key opens nothing else
        return Given("form"), {SANDBOX_VARIABLE: around.get(SANDBOX_VARIABLE, "")}
    if offer == "studio" and (found := studio.from_studio(around)) is not None:
        return found, {}
    if offer.startswith("profile:"):
        return named_profile(offer.removeprefix("profile:")), None
    if offer == "environment":
        return Given("form", region=typed.where), None
    raise BadOption("This offer is not open any more.", hint="Next: %watsonx login")


def billed_to(text: str, space: str = "") -> tuple[Scope | None, str]:
    """Return which of the two a project or space is, or the name that it was given by.

    An id is taken for that of a project: where it is a space, the service says so.
    """
    from wx_notebook.credentials.checks import checked_id, is_uuid
    from wx_notebook.service import Scope

    text = text.strip()
    if not text:
        if is_uuid(space):
            return Scope(space_id=space), ""
        return None, space
    if "/" in text:
        if "spaces/" in text or "space_id=" in text:
            return Scope(space_id=checked_id(text, "space")), ""
        return Scope(project_id=checked_id(text, "project")), ""
    return (Scope(project_id=text), "") if is_uuid(text) else (None, text)


def with_scope(given: Given, text: str, space: str = "") -> tuple[Given, str]:
    """Return what was given with the project or space of `billed_to`, and a name if it was one."""
    scope, named = billed_to(text, space)
    if scope is not None:
        given = replace(given, project_id=scope.project_id, space_id=scope.space_id)
    return given, named


def _read(secret: Secret, typed: Typed, source: str) -> Given:
    """Return a key that stands alone, or what a text around it says besides."""
    if not _is_a_file(secret):
        return Given(source, secret, region=typed.where)
    from wx_notebook.credentials.files import from_text

    given = replace(from_text(secret, source), source=source)
    if typed.where:
        given = replace(given, url="", region=typed.where, iam_url="", platform_url="")
    return given


def _is_a_file(secret: Secret) -> bool:
    return secret.reveal().startswith("{") or len(secret.reveal().splitlines()) > 1
