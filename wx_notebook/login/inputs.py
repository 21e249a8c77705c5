"""From the values of the form, or the answers in a terminal, to connection parameters."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from wx_notebook.credentials import studio
from wx_notebook.credentials.connection_params import SANDBOX_VARIABLE, ConnectionParams
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.parsing.files import from_sandbox, from_text
from wx_notebook.credentials.parsing.pasted import is_uuid, strip_invisible, validate_id
from wx_notebook.credentials.profiles import from_profile, saved_profiles
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.credentials.secret import OpaqueMapping, Secret
from wx_notebook.errors import BadOption, KeyRefused, WatsonxError
from wx_notebook.hints import login_hint
from wx_notebook.login.strings import string
from wx_notebook.service import Scope
from wx_notebook.session.process import environment
from wx_notebook.settings.connection_fields import PROFILE_FIELDS

#: A key of AWS is tried here first; the other region of that account is searched as well.
_FIRST_AWS_REGION = "us-east-1"
#: An ID as files and programs assign it, and one in quotes.
_ASSIGNED_ID = re.compile(
    r"(?P<name>(?:\w{1,30}?(?:project|space)|project|space)[ _-]?id\s*[:=]\s*|)[\"']?"
    r"(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})[\"']?,?",
    re.IGNORECASE,
)
#: Profiles that get a button of their own.
_MAX_PROFILES = 5


class FormValues(NamedTuple):
    """The values of the form's fields, without the secret.

    Attributes
    ----------
    kind
        The kind of account: "cloud", "aws", "cluster" or "token".
    region
        A region or a URL; may be empty.
    scope_text
        A project or space: its name, its id or the address of its page; may be empty.
    username
        The user of a cluster.
    secret_kind
        What a cluster's secret is: "password" or "api_key".
    remember
        The profile to keep the credential in, "" for none.
    """

    kind: str = "cloud"
    region: str = ""
    scope_text: str = ""
    username: str = ""
    secret_kind: str = "password"  # noqa: S105  # the name of a kind
    remember: str = ""


class DetectedCredential(NamedTuple):
    """A credential of this machine, which the form shows as a button."""

    id: str
    label: str


def detect_credentials() -> list[DetectedCredential]:
    """Return the credentials of this machine; the keyring is not read."""
    variables = environment()
    detected = []
    if from_sandbox(variables) is not None:
        detected.append(DetectedCredential("sandbox", string("detected.sandbox")))
    with contextlib.suppress(WatsonxError):
        params = from_environment(variables)
        if params.has_credential:
            name = params.source.partition("(")[2].rstrip(")")
            label = string("detected.environment", name=name)
            detected.append(DetectedCredential("environment", label))
    with contextlib.suppress(WatsonxError):
        for profile, _ in saved_profiles()[:_MAX_PROFILES]:
            label = string("detected.profile", name=profile.name)
            detected.append(DetectedCredential(f"profile:{profile.name}", label))
    if studio.from_studio(variables) is not None:
        detected.append(DetectedCredential("studio", string("detected.studio")))
    return detected


def region_choices() -> list[tuple[str, str]]:
    """Return the regions to choose from, as pairs of ID and place."""
    # without the region that only IBM itself uses
    return [(r.region_id, r.place) for r in REGIONS if r.region_id != "govcloud-prep"]


def params_from_form(
    secret: Secret, values: FormValues, *, source: str = "form"
) -> ConnectionParams:
    """Return the parameters of a filled-in form.

    A whole `.env` or `apikey.json` in place of the key is parsed as such a file; the other fields
    win over what it says.

    Raises
    ------
    KeyRefused, NotConnected, BadOption
        There is no secret, or the text contains none.
    """
    if not secret:
        is_password = values.kind == "cluster" and values.secret_kind == "password"  # noqa: S105
        missing = "The password is missing." if is_password else "An API key is needed."
        missing = "An access token is needed." if values.kind == "token" else missing
        raise KeyRefused(missing, hint="Type it here." if is_password else "Paste it here.")
    if values.kind == "token":
        return ConnectionParams(source, token=secret, region=values.region)
    if values.kind == "cluster":
        if not values.region:
            raise BadOption(
                "The URL of the cluster is needed.", hint="For example https://cpd.example.com"
            )
        params = ConnectionParams(
            source, kind="software", url=values.region, username=values.username
        )
        is_key = values.secret_kind == "api_key"  # noqa: S105  # the name of a kind
        return replace(params, api_key=secret) if is_key else replace(params, password=secret)
    params = _parse_secret(secret, values, source)
    if values.kind == "aws":
        params = replace(params, kind="mcsp")
        if not (params.url or params.region):
            params = replace(params, region=_FIRST_AWS_REGION)
    return params


def params_from_detected(
    credential_id: str, values: FormValues
) -> tuple[ConnectionParams, Mapping[str, str] | None]:
    """Return the parameters of a detected credential, and the environment that completes them.

    The environment is None where it is that of this process.

    Raises
    ------
    BadOption, NotConnected
        The credential is not there any more.
    """
    variables = environment()
    if credential_id == "sandbox":
        # all of it, unchanged: its key opens nothing else
        return ConnectionParams("form"), {SANDBOX_VARIABLE: variables.get(SANDBOX_VARIABLE, "")}
    if credential_id == "studio" and (params := studio.from_studio(variables)) is not None:
        return params, {}
    if credential_id.startswith("profile:"):
        return from_profile(credential_id.removeprefix("profile:")), None
    if credential_id == "environment":
        return ConnectionParams("form", region=values.region), None
    raise BadOption("This credential is not available any more.", hint=login_hint())


def params_again(
    params: ConnectionParams, before: FormValues, values: FormValues
) -> ConnectionParams:
    """Return the parameters of a key that was accepted, for another region or project.

    Raises
    ------
    KeyRefused
        The values are for another kind of account, another cluster or another user: the key was
        not given for that.
    """
    same = ("kind", "username", "secret_kind", *(("region",) if values.kind == "cluster" else ()))
    if any(getattr(before, name) != getattr(values, name) for name in same):
        raise KeyRefused(string("no_secret"), hint=string("key_lost.hint"))
    if values.region != before.region:
        # the region did not come with the key: only one of IBM's, or this machine, is allowed
        params = replace(
            params, url="", region=values.region, iam_url="", platform_url="", mixed_sources=True
        )
    return replace(params, project_id="", space_id="")


def environment_without(*rules: str) -> Mapping[str, str]:
    """Return the environment without hosts (`HOST`) or projects (`BILLING`): the form says them."""
    hidden = {
        name
        for row in PROFILE_FIELDS.values()
        if row.project_rule in rules
        for name in row.variables
    }
    return OpaqueMapping(
        {name: value for name, value in environment().items() if name not in hidden}
    )


def parse_scope(text: str, space: str = "") -> tuple[Scope | None, str]:
    """Return the project or space that a text identifies, or else the name that it is.

    An id counts as that of a project: if it belongs to a space, the service says so. `space` is
    used where the text is empty. An id may stand in what was pasted around it.
    """
    text = strip_invisible(text)
    if match := _ASSIGNED_ID.fullmatch(text):
        kind = "space" if "space" in match["name"].lower() else "project"
        return Scope(**{f"{kind}_id": match["id"].lower()}), ""
    if not text:
        return (Scope(space_id=space), "") if is_uuid(space) else (None, space)
    if "/" in text:
        if "spaces/" in text or "space_id=" in text:
            return Scope(space_id=validate_id(text, "space")), ""
        return Scope(project_id=validate_id(text, "project")), ""
    return (Scope(project_id=text), "") if is_uuid(text) else (None, text)


def with_scope(
    params: ConnectionParams, text: str, space: str = ""
) -> tuple[ConnectionParams, str]:
    """Return the parameters with the project or space of `parse_scope`, and the name, if any."""
    scope, name = parse_scope(text, space)
    if scope is not None:
        params = replace(params, project_id=scope.project_id, space_id=scope.space_id)
    return params, name


def _parse_secret(secret: Secret, values: FormValues, source: str) -> ConnectionParams:
    """Return the parameters of a bare key, or of a whole file that was pasted."""
    text = secret.reveal()
    if not text.startswith("{") and len(text.splitlines()) <= 1:
        return ConnectionParams(source, secret, region=values.region)
    params = replace(from_text(secret, source), source=source)
    if values.region:
        params = replace(params, url="", region=values.region, iam_url="", platform_url="")
    return params
