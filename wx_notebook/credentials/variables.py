"""The variables of the environment and of `.env` files: which are read, and which only look so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from wx_notebook.credentials.connection_params import CONNECTION_FIELDS, CREDENTIAL_FIELDS
from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.credentials.regions import REGIONS, Region, find_region, region_of_host
from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.errors import did_you_mean, mask_keys
from wx_notebook.transport import is_loopback

#: The variables of each field in the order of precedence, and two that belong to no single field.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "zen_key": ("WATSONX_ZENAPIKEY",),
    "instance_id": ("WATSONX_INSTANCE_ID",),
} | {name: row.variables for name, row in CONNECTION_FIELDS.items() if row.variables}
#: Variables that hold a secret; watsonx Studio sets the last one.
SECRET_VARIABLES = (
    *(name for key in ("api_key", "zen_key", "token", "password") for name in VARIABLES[key]),
    "USER_ACCESS_TOKEN",
)
#: Switches of other clients that turn TLS verification off.
UNVERIFIED = ("WATSONX_AI_DISABLE_SSL", "WATSONX_AI_AUTH_DISABLE_SSL")
#: Every name that is read.
READ_NAMES = (*(name for names in VARIABLES.values() for name in names), *UNVERIFIED)


def host_in(url: str) -> str:
    """Return the host in a URL, also in one without a scheme; anything for what is no URL."""
    return re.split(r"[/?#:]", url.lower().partition("://")[2] or url.lower(), maxsplit=1)[0]


def _is_ibm_cloud_region(value: str) -> bool:
    # us-east-1 is a watsonx.ai region, too, but under these names it means AWS itself
    region: Region | None = find_region(value) or region_of_host(host_in(value))
    return region is not None and region.sign_in == "iam"


def _is_watsonx_url(value: str) -> bool:
    return region_of_host(host_in(value)) is not None or is_loopback(host_in(value))


#: Names that tools of Google and AWS use as well.
_OF_EVERYBODY: Mapping[str, Callable[[str], bool]] = {
    "REGION": lambda value: value in {one.region_id for one in REGIONS if one.sign_in == "iam"},
    "PROJECT_ID": is_uuid,
    "SPACE_ID": is_uuid,
}
#: Names that other services and other clouds use as well: a value that does not fit is ignored.
_SHARED_NAMES: Mapping[str, Callable[[str], bool]] = {
    **_OF_EVERYBODY,
    # of any service of IBM Cloud
    **dict.fromkeys(("IBM_PROJECT_ID", "IBM_CLOUD_PROJECT_ID", "IBM_SPACE_ID"), is_uuid),
    **dict.fromkeys(("IBM_REGION", "IBM_CLOUD_REGION", "IBMCLOUD_REGION"), _is_ibm_cloud_region),
    **dict.fromkeys(("IBM_URL", "IBM_BASE_URL", "IBM_CLOUD_URL"), _is_watsonx_url),
}
#: Variables that hold a host only: IBM's Go SDK puts https:// in front of its own.
_HOSTS_ONLY = ("WATSONX_URL_HOST", "WATSONX_HOST", "WATSONX_IAM_HOST")
#: Beginnings and parts of names that look like ours.
_LIKE_OURS = re.compile(r"watsonx|^(?:wx|wml|ibm|ibmcloud|pm_20|watson)_", re.IGNORECASE)
#: Names that belong to another client or another product, by the documents of IBM's SDKs.
_OF_OTHERS = re.compile(
    r"WATSONX_(?:MAX_RETRIES|DELAY_TIME|RETRY_\w+|ACCEPT_GOV_ENV|USE_PRIVATE_TOKEN_URL|"
    r"DEFAULT_API_VERSION|DEBUG_STREAM|IO_EXECUTOR_THREADS|ORCHESTRATE_\w+|ASSISTANT_\w+|"
    r"DISCOVERY_\w+|DATA_\w+|GOVERNANCE_\w+)|WX_NOTEBOOK_\w+|IBM_CREDENTIALS_FILE|"
    r"IBM_SDK_API_CLIENT_HEADERS"
)
#: Of a name that only begins like ours: with fewer letters alike it is another one.
_ALIKE = 0.9
#: Of a name with "watsonx" inside: with fewer letters alike no other name is suggested.
_ALIKE_OURS = 0.75
_MOST_NAMES = 5


def variable_values(environ: Mapping[str, str], field: str) -> list[tuple[str, str]]:
    """Return the variables of a field that have a value, with it, in the order of precedence."""
    return [(name, value) for name in VARIABLES[field] if (value := variable_value(environ, name))]


def variable_value(environ: Mapping[str, str], name: str) -> str:
    """Return the value of a variable, "" for none and for one that belongs to another tool."""
    value = environ.get(name, "").strip()
    if value[:1] in ("'", '"') and value[-1:] == value[:1]:
        # docker run --env-file keeps quotes
        value = value[1:-1].strip()
    if not value or (name in _SHARED_NAMES and not _SHARED_NAMES[name](value)):
        return ""
    return f"https://{value}" if name in _HOSTS_ONLY and "://" not in value else value


def notes_on_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each variable that looks like ours and is not used; no value."""
    environ = OpaqueMapping(environ)
    return (*_later_names(environ), *_values_of_others(environ), *_unread_names(environ))


def _later_names(environ: Mapping[str, str]) -> Iterator[str]:
    """Tell a second name of the same field whose value differs: it may name another region."""
    for field in VARIABLES:
        if field in (*CREDENTIAL_FIELDS, "zen_key", "username"):
            # the line on the credential names those
            continue
        first, *others = variable_values(environ, field) or [("", "")]
        for name, value in others:
            if name not in _OF_EVERYBODY and value.rstrip("/") != first[1].rstrip("/"):
                yield f"{name} is not used: {first[0]} comes first."


def _values_of_others(environ: Mapping[str, str]) -> Iterator[str]:
    for name in _SHARED_NAMES:
        if (
            name.startswith("IBM")
            and environ.get(name, "").strip()
            and not variable_value(environ, name)
        ):
            yield f"{name} is not used: its value does not belong to watsonx.ai."


def _unread_names(environ: Mapping[str, str]) -> Iterator[str]:
    unread = [name for name in environ if _looks_like_ours(name) and environ[name].strip()]
    without_suggestion = []
    for name in unread[:50]:
        if suggestion := _suggestion(name):
            yield f"{mask_keys(name)} is not read.{suggestion}"
        else:
            without_suggestion.append(mask_keys(name))
    if without_suggestion:
        more = len(without_suggestion) - _MOST_NAMES
        names = ", ".join(without_suggestion[:_MOST_NAMES]) + (f" and {more} more" * (more > 0))
        yield f"{names} {'is' if len(without_suggestion) == 1 else 'are'} not read."


def _suggestion(name: str) -> str:
    """Return " Did you mean 'x'?" for the nearest name, also for the one inside a longer name."""
    if suggestion := did_you_mean(name, READ_NAMES, cutoff=_ALIKE):
        return suggestion
    inside = [one for one in READ_NAMES if one in name.upper() and len(one) > len("PROJECT_ID")]
    return did_you_mean(max(inside, key=len) if inside else name, READ_NAMES, cutoff=_ALIKE_OURS)


def _looks_like_ours(name: str) -> bool:
    if name in READ_NAMES or _OF_OTHERS.fullmatch(name) or not _LIKE_OURS.search(name[:100]):
        return False
    # IBM's other services have variables of their own
    return "watsonx" in name.lower() or bool(did_you_mean(name, READ_NAMES, cutoff=_ALIKE))
