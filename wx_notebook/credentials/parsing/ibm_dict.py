"""IBM's own forms of credentials, as they stand in its documentation.

They are the dict `{"apikey": ..., "url": ...}`, the JSON of service credentials, and an
`ibm_watsonx_ai.Credentials` or `APIClient`. IBM's SDK is not imported: only the public attributes
of the objects are read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from wx_notebook.credentials.connection_params import (
    CONNECTION_FIELDS,
    CREDENTIAL_FIELDS,
    ConnectionParams,
    TokenFunction,
)
from wx_notebook.credentials.environment import CA_HINT, CLUSTER_INSTANCE_IDS, infer_kind
from wx_notebook.credentials.parsing.pasted import unwrap_credentials
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.credentials.secret import Opaque, OpaqueMapping, Secret, json_object
from wx_notebook.credentials.variables import host_in
from wx_notebook.errors import BadOption, did_you_mean

#: Names in IBM's documents for each of our fields, the one that wins first.
_NAMES = {name: row.ibm_names for name, row in CONNECTION_FIELDS.items() if row.ibm_names}
_KNOWN = (*(name for names in _NAMES.values() for name in names), "instance_id", "version")
#: Fields that IBM's SDK takes and this package does not need.
_UNUSED = {
    "account_id": "account_id is not used: the account is that of the user.",
    "proxies": "proxies is not used: set HTTPS_PROXY.",
    "projects_token": "projects_token is not used: one token is enough.",
}
#: The label of a service that its user describes.
_OWN_SERVICE = "user-provided"
#: Labels and names of watsonx.ai Runtime among services; its name in catalogues is "pm-20".
_OUR_SERVICE = re.compile(r"pm-20|watsonx|machine.?learning|\bwml", re.IGNORECASE)
CREDENTIALS_HINT = (
    'Give {"apikey": ..., "url": ...}, an ibm_watsonx_ai.Credentials or APIClient, '
    "or the name of a file."
)


def from_ibm_dict(fields: Mapping[str, object], source: str) -> ConnectionParams:
    """Return what a dict or JSON object of IBM gives; it may hold no credential.

    Raises
    ------
    BadOption
        A value is not a text, or TLS verification is switched off.
    """
    fields = unwrap_credentials(OpaqueMapping(fields))
    ca_bundle = _ca_bundle(fields)
    # a key renews itself, a token does not
    secrets = {
        field: _secret(fields, name)
        for field in CREDENTIAL_FIELDS
        if (name := _name_of(fields, field))
    }
    chosen: dict[str, object] = dict(islice(secrets.items(), 1))
    if function := _token_function(fields):
        # the SDK uses it, too, and requires a key beside it only formally
        chosen, secrets = {"token": function}, {}
    texts = {field: _text(fields, field) for field in _NAMES if field not in CREDENTIAL_FIELDS}
    is_stated = _is_for_cluster(fields)
    kind = _kind(fields, texts["url"], is_stated or bool(texts["username"]))
    return ConnectionParams(
        source=source,
        kind=kind,
        # a user name suggests a cluster, but only a clear statement opens a host outside IBM
        mixed_sources=kind == "software" and not is_stated,
        ca_bundle=ca_bundle,
        shadowed=tuple(f"{source}: {field}" for field in islice(secrets, 1, None)),
        notes=tuple(note for name, note in _UNUSED.items() if _has(fields, name)),
        **chosen,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )


def find_service_credentials(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the credentials of watsonx.ai in what a platform gives of its services, else `fields`.

    Cloud Foundry gives `{"pm-20": [{"credentials": {...}}]}` as `VCAP_SERVICES`, and IBM Cloud's
    command line a list of keys of services.
    """
    services = fields.get("VCAP_SERVICES", fields)
    if isinstance(services, str):
        services = json_object(Secret(services))
    found = list(_services(services)) if isinstance(services, Mapping) else []
    candidates = [one for name, one in found if _OUR_SERVICE.search(name)]
    candidates += [one for _, one in found if region_of_host(host_in(str(one.get("url", ""))))]
    candidates += [one for name, one in found if name.split(" ")[0] in ("services", _OWN_SERVICE)]
    with_key = [one for one in candidates if any(_has(one, name) for name in _NAMES["api_key"])]
    return next(iter(with_key), fields)


def _services(services: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the name and the credentials of each service in lists of them."""
    for label, entries in services.items():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                name = f"{label} {entry.get('label', '')} {entry.get('name', '')}"
                inner = entry.get("credentials", entry)
                if isinstance(inner, Mapping):
                    yield name, OpaqueMapping(dict(inner))


def describe_names(fields: Mapping[str, object]) -> str:
    """Return a sentence on the names in a dict: no value, and no name that may be a secret."""
    fields = unwrap_credentials(OpaqueMapping(fields))
    if not fields:
        return "it is empty."
    names = [name if _is_showable(name) else "<secret>" for name in fields]
    empty = [name for name in names if name in _KNOWN and not _has(fields, name)]
    unknown = [name for name in names if name not in _KNOWN and name != "<secret>"]
    suggestions = (did_you_mean(name, _KNOWN) for name in unknown[:20])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    without = f" (empty: {', '.join(empty[:3])})" if empty else ""
    return f"it has {', '.join(names[:8])}{more}{without}.{next(filter(None, suggestions), '')}"


def fields_of(credentials: object) -> Mapping[str, object] | None:
    """Return names and values of a dict, or of an object of IBM's SDK; None for anything else."""
    if isinstance(credentials, Mapping):
        return OpaqueMapping({str(name): value for name, value in credentials.items()})
    if _is_sdk_object(credentials, "APIClient"):
        return _fields_of_client(credentials)
    if not _is_sdk_object(credentials, "Credentials"):
        return None
    public = {name: value for name, value in vars(credentials).items() if name[:1] != "_"}
    # the SDK sets unused attributes to None
    return OpaqueMapping({name: value for name, value in public.items() if value is not None})


def _is_sdk_object(value: object, name: str) -> bool:
    return any(
        base.__name__ == name and base.__module__.split(".")[0] == "ibm_watsonx_ai"
        for base in type(value).__mro__
    )


def _fields_of_client(client: Any) -> Mapping[str, object]:  # noqa: ANN401  # their APIClient
    """Return what a client signs in with, and its default project or space."""
    scope = {"project_id": client.default_project_id, "space_id": client.default_space_id}
    # for a cluster the client guesses the address of its IAM
    is_guessed = getattr(client, "_is_bedrock_url_autogenerated", False)
    credentials = Opaque(fields_of(client.credentials))
    del client
    return OpaqueMapping(
        {name: value for name, value in credentials.open().items()
         if name not in scope and not (is_guessed and name == "bedrock_url")}
        | {name: value for name, value in scope.items() if value}
    )  # fmt: skip


def _token_function(fields: Mapping[str, object]) -> TokenFunction | None:
    """Return the function that a developer gave the SDK instead of a key, without arguments."""
    function = fields.get("token_function")
    # an asynchronous function alone could not be called here
    if _has(fields, "token") or not callable(function):
        return None

    def token() -> str | Secret:
        import httpx  # the SDK's own

        with httpx.Client() as client:
            result = Opaque(function(client))
        return Secret(result.open() if isinstance(result.open(), str) else result.open().token)

    return token


def _name_of(fields: Mapping[str, object], field: str) -> str:
    """Return the first name of a field that has a value, "" if there is none."""
    return next((name for name in _NAMES[field] if _has(fields, name)), "")


def _has(fields: Mapping[str, object], name: str) -> bool:
    """Return whether a value is there; it is not compared, because it may be an array."""
    return fields.get(name) is not None and not (isinstance(fields[name], str) and not fields[name])


def _secret(fields: Mapping[str, object], name: str) -> Secret:
    if isinstance(value := fields[name], Secret):
        return value
    del value
    if isinstance(fields[name], str):
        return Secret(str(fields[name]))
    if (reveal := getattr(fields[name], "get_secret_value", None)) is not None:
        # pydantic's secret, which langchain-ibm takes
        return Secret(str(reveal()))
    raise _not_a_text(fields, name)


def _text(fields: Mapping[str, object], field: str) -> str:
    name = _name_of(fields, field)
    if name and not isinstance(fields[name], str):
        raise _not_a_text(fields, name)
    return str(fields[name]).strip() if name else ""


def _not_a_text(fields: Mapping[str, object], name: str) -> BadOption:
    type_name = type(fields[name]).__name__
    return BadOption(
        f"'{name}' in the credentials is of type {type_name}, not a text.", hint=CREDENTIALS_HINT
    )


def _is_for_cluster(fields: Mapping[str, object]) -> bool:
    """Return whether the fields say in IBM's words that they are for a cluster."""
    instance_id = str(fields.get("instance_id")).lower()
    is_cluster_id = instance_id in CLUSTER_INSTANCE_IDS
    return is_cluster_id or _has(fields, "version") or _has(fields, "bedrock_url")


def _kind(fields: Mapping[str, object], url: str, suggests_cluster: bool) -> str:
    """Return "software" if the fields are for a cluster: IBM's SDK looks at the URL first, too."""
    if _has(fields, "platform_url"):
        # with it, IBM's SDK takes any host for the cloud
        return ""
    if _is_for_cluster(fields) and not url:
        return "software"
    return infer_kind(url, suggests_cluster)


def _ca_bundle(fields: Mapping[str, object]) -> str:
    verify = fields.get("verify")
    word = str(verify).lower() if isinstance(verify, (str, bool)) else ""
    if word == "false":
        raise BadOption(
            "verify=False in the credentials is refused: TLS is always verified.",
            hint="Leave verify out (IBM's SDK sets it from WX_CLIENT_VERIFY_REQUESTS). " + CA_HINT,
        )
    if isinstance(verify, os.PathLike):
        return os.fsdecode(verify)
    return verify if isinstance(verify, str) and word != "true" else ""


def _is_showable(name: str) -> bool:
    return name in _KNOWN or re.fullmatch(r"[A-Za-z_]{1,30}", name) is not None
