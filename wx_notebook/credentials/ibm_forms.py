"""IBM's own forms of credentials, as they stand in its documentation.

The dict `{"apikey": ..., "url": ...}`, an `ibm_watsonx_ai.Credentials` or `APIClient` (which are
not imported: their public attributes are looked at), the JSON of service credentials, or the name
of a file with them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from wx_notebook.credentials.environment import CLUSTERS, OWN_CA, implied_kind
from wx_notebook.credentials.given import Given, TokenFunction
from wx_notebook.credentials.secret import Held, Secret, Unshown
from wx_notebook.errors import BadOption, near

SOURCE = "arguments (credentials)"
#: Names in IBM's documents -> ours, the one that wins first.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "api_key": ("apikey", "api_key"),
    "token": ("token",),
    "password": ("password",),
    "username": ("username",),
    "url": ("url",),
    # the sign-in of a cluster that is integrated with IAM has a host of its own
    "iam_url": ("iam_url", "auth_url", "bedrock_url"),
    "platform_url": ("platform_url",),
    "region": ("region",),
    "trusted_profile_id": ("trusted_profile_id",),
    "project_id": ("project_id",),
    "space_id": ("space_id",),
}
_SECRETS = ("api_key", "password", "token")
_KNOWN = (*(name for names in _NAMES.values() for name in names), "instance_id", "version")
#: What IBM's SDK takes and this package has no use for.
_LEFT_OUT = {
    "account_id": "account_id is not used: the account is that of the user.",
    "proxies": "proxies is not used: set HTTPS_PROXY.",
    "projects_token": "projects_token is not used: one token does for all.",
}
_GIVE = (
    'Give {"apikey": ..., "url": ...}, an ibm_watsonx_ai.Credentials or APIClient, '
    "or the name of a file."
)


def from_ibm(credentials: object) -> Given:
    """Return what `wx.connect(credentials=...)` was given.

    Parameters
    ----------
    credentials
        A dict, an `ibm_watsonx_ai.Credentials` or `APIClient`, the text of a JSON object, or the
        name of a file as `str` or `Path`, also with an "@" in front as `ibmcloud login` takes it.

    Raises
    ------
    BadOption
        It is none of these, has no credential inside, or asks for unverified TLS.
    NotConnected
        The file has no credential inside.
    """
    if isinstance(credentials, os.PathLike):
        return _of_file(os.fspath(credentials))
    if isinstance(credentials, str):
        text = Secret(credentials.strip())
        del credentials
        return _of_text(text)
    fields = _fields_of(credentials)
    what = type(credentials).__name__
    # from here on the values are in no name of a frame of ours
    del credentials
    if fields is None:
        raise BadOption(f"credentials= does not take a value of type {what}.", hint=_GIVE)
    given = from_fields(fields, SOURCE)
    if not given.has_credential:
        raise BadOption(
            f"credentials= has no API key, token or password: {what_it_has(fields)}", hint=_GIVE
        )
    return given


def from_fields(fields: Mapping[str, object], source: str) -> Given:
    """Return what a JSON object or dict of IBM's gives; perhaps no credential.

    Raises
    ------
    BadOption
        A value is no text, or TLS is to be unverified.
    """
    fields = within(Unshown(fields))
    ca_bundle = _ca_bundle(fields)
    # a key renews itself, a token does not
    secrets = {what: _secret(fields, name) for what in _SECRETS if (name := _name_of(fields, what))}
    chosen: dict[str, object] = dict(islice(secrets.items(), 1))
    if function := _token_function(fields):
        # the SDK goes by it, too, and asks for a key beside it only to have one
        chosen, secrets = {"token": function}, {}
    texts = {what: _text(fields, what) for what in _NAMES if what not in _SECRETS}
    told = _is_told(fields)
    kind = _kind(fields, texts["url"], told=told or bool(texts["username"]))
    return Given(
        source=source,
        kind=kind,
        # a user name hints at a cluster; to be sent to anybody's own host takes a word that says so
        joined=kind == "software" and not told,
        ca_bundle=ca_bundle,
        shadowed=tuple(f"{source}: {what}" for what in islice(secrets, 1, None)),
        notes=tuple(note for name, note in _LEFT_OUT.items() if _holds(fields, name)),
        **chosen,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )


def within(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the credentials that IBM Cloud's own tools wrap up under that name, else the same."""
    if isinstance(fields.get("credentials"), Mapping):
        return Unshown(dict(fields["credentials"]))  # type: ignore[call-overload]
    return fields


def what_it_has(fields: Mapping[str, object]) -> str:
    """Return a sentence on the names in a dict: never a value, nor a name that may be a secret."""
    fields = within(Unshown(fields))
    if not fields:
        return "it is empty."
    names = [name if _is_a_name(name) else "<secret>" for name in fields]
    empty = [name for name in names if name in _KNOWN and not _holds(fields, name)]
    strange = [name for name in names if name not in _KNOWN and name != "<secret>"]
    nearest = (near(name, _KNOWN) for name in strange[:20])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    without = f" (nothing in {', '.join(empty[:3])})" if empty else ""
    return f"it has {', '.join(names[:8])}{more}{without}.{next(filter(None, nearest), '')}"


def _of_text(text: Secret) -> Given:
    if text.reveal().startswith("{"):
        fields = json_object(text)
        if fields is None:
            raise BadOption("credentials= is a text that begins like JSON and is none.", hint=_GIVE)
        return from_ibm(fields)
    if re.fullmatch(r"@?[A-Za-z0-9_-]{40,}", text.reveal()):
        raise BadOption(
            "credentials= takes no bare key.", hint="Give it as wx.connect(api_key=...)."
        )
    return _of_file(text.reveal())


def _of_file(name: str | bytes) -> Given:
    from wx_notebook.credentials.files import from_file

    return from_file(os.fsdecode(name).removeprefix("@"))


def json_object(text: Secret) -> Mapping[str, object] | None:
    """Return a JSON object with its values unshown, None where a text is none."""
    try:
        # twice, so that no name holds it in between
        if isinstance(json.loads(text.reveal()), dict):
            return Unshown(json.loads(text.reveal()))
    except (ValueError, RecursionError):
        # its words would quote the text
        pass
    return None


def _fields_of(credentials: object) -> Mapping[str, object] | None:
    """Return names and values of a dict, or of IBM's object; None for anything else."""
    if isinstance(credentials, Mapping):
        return Unshown({str(name): value for name, value in credentials.items()})
    if _is_ibms(credentials, "APIClient"):
        return _fields_of_client(credentials)
    if not _is_ibms(credentials, "Credentials"):
        return None
    public = {name: value for name, value in vars(credentials).items() if name[:1] != "_"}
    # one that was asked for without any is told from one that has none
    return Unshown({name: value for name, value in public.items() if value is not None})


def _is_ibms(value: object, name: str) -> bool:
    return any(
        kind.__name__ == name and kind.__module__.split(".")[0] == "ibm_watsonx_ai"
        for kind in type(value).__mro__
    )


def _fields_of_client(client: Any) -> Mapping[str, object]:  # noqa: ANN401  # their APIClient
    """Return what a client signs in with, and the project or space that is its default."""
    billed_to = {"project_id": client.default_project_id, "space_id": client.default_space_id}
    # of a cluster the client guesses the address of its IAM
    guessed = getattr(client, "_is_bedrock_url_autogenerated", False)
    credentials = Held(_fields_of(client.credentials))
    del client
    return Unshown(
        {name: value for name, value in credentials.open().items()
         if name not in billed_to and not (guessed and name == "bedrock_url")}
        | {name: value for name, value in billed_to.items() if value}
    )  # fmt: skip


def _token_function(fields: Mapping[str, object]) -> TokenFunction | None:
    """Return the function that a developer gave the SDK in place of a key, in our form."""
    given = fields.get("token_function")
    # of what is asked for asynchronously only, there is nothing that could be called here
    if _holds(fields, "token") or not callable(given):
        return None

    def token() -> str | Secret:
        import httpx  # the SDK's own

        with httpx.Client() as client:
            found = Held(given(client))
        return Secret(found.open() if isinstance(found.open(), str) else found.open().token)

    return token


def _name_of(fields: Mapping[str, object], what: str) -> str:
    """Return the first name of something that has a value, "" where there is none."""
    return next((name for name in _NAMES[what] if _holds(fields, name)), "")


def _holds(fields: Mapping[str, object], name: str) -> bool:
    """Whether something is there; it is compared with nothing, because it may be an array."""
    return fields.get(name) is not None and not (isinstance(fields[name], str) and not fields[name])


def _secret(fields: Mapping[str, object], name: str) -> Secret:
    if isinstance(held := fields[name], Secret):
        return held
    del held
    if isinstance(fields[name], str):
        return Secret(str(fields[name]))
    if (reveal := getattr(fields[name], "get_secret_value", None)) is not None:
        # pydantic's, which langchain-ibm takes
        return Secret(str(reveal()))
    raise _no_text(fields, name)


def _text(fields: Mapping[str, object], what: str) -> str:
    name = _name_of(fields, what)
    if name and not isinstance(fields[name], str):
        raise _no_text(fields, name)
    return str(fields[name]).strip() if name else ""


def _no_text(fields: Mapping[str, object], name: str) -> BadOption:
    what = type(fields[name]).__name__
    return BadOption(f"'{name}' in the credentials is of type {what}, not a text.", hint=_GIVE)


def _is_told(fields: Mapping[str, object]) -> bool:
    """Whether this says in IBM's words that it is for a cluster."""
    instance_id = str(fields.get("instance_id")).lower()
    return instance_id in CLUSTERS or _holds(fields, "version") or _holds(fields, "bedrock_url")


def _kind(fields: Mapping[str, object], url: str, *, told: bool) -> str:
    """Return "software" where this is for a cluster: IBM's SDK looks at the URL first, too."""
    if _holds(fields, "platform_url"):
        # with it IBM's SDK takes any host for the cloud
        return ""
    if _is_told(fields) and not url:
        return "software"
    return implied_kind(url, told)


def _ca_bundle(fields: Mapping[str, object]) -> str:
    verify = fields.get("verify")
    word = str(verify).lower() if isinstance(verify, (str, bool)) else ""
    if word == "false":
        raise BadOption(
            "verify=False in the credentials: verification cannot be switched off.",
            hint=f"Leave verify away (IBM's SDK sets it from WX_CLIENT_VERIFY_REQUESTS). {OWN_CA}",
        )
    if isinstance(verify, os.PathLike):
        return os.fsdecode(verify)
    return verify if isinstance(verify, str) and word != "true" else ""


def _is_a_name(name: str) -> bool:
    return name in _KNOWN or re.fullmatch(r"[A-Za-z_]{1,30}", name) is not None
