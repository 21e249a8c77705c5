"""What the environment gives: all the variables that IBM's tools and other clients read.

The same names stand in a `.env` file, so `parsing.files` reads such a file through this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wx_notebook.credentials.connection_params import ConnectionParams, validate_kind
from wx_notebook.credentials.regions import region_of_host
from wx_notebook.credentials.secret import OpaqueMapping, Secret
from wx_notebook.credentials.variables import (
    SECRET_VARIABLES,
    UNVERIFIED,
    VARIABLES,
    notes_on_names,
    variable_value,
    variable_values,
)
from wx_notebook.errors import BadOption, NotConnected, did_you_mean, mask_keys
from wx_notebook.transport import is_loopback

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
#: The values of `WATSONX_AI_AUTH_TYPE`; IBM's `noauth` does not sign in.
AUTH_TYPES = ("iam", "bearertoken", "cp4d", "zen", "aws")
#: Instance IDs by which IBM's SDK recognises a cluster.
CLUSTER_INSTANCE_IDS = ("openshift", "icp", "wml_local")
CA_HINT = "To trust your company's CA, set REQUESTS_CA_BUNDLE to its file."


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One credential in the environment, and the variables that hold it."""

    field: str
    names: tuple[str, ...]
    secret: Secret
    username: str = ""


def from_environment(
    environ: Mapping[str, str], *, source: str = "environment"
) -> ConnectionParams:
    """Return what the variables of `VARIABLES` give.

    Parameters
    ----------
    environ
        Names and values; only read.
    source
        The name of the source in a line.

    Raises
    ------
    BadOption
        `WATSONX_AI_AUTH_TYPE` names an unknown kind.
    """
    environ = OpaqueMapping(environ)
    stated_kind, prefers_token = _stated_kind(environ)
    usernames = variable_values(environ, "username")
    is_stated = bool(stated_kind) or _first(environ, "instance_id").lower() in CLUSTER_INSTANCE_IDS
    kind = stated_kind or infer_kind(_first(environ, "url"), is_stated or bool(usernames))
    candidates = _candidates(environ, kind, prefers_token)
    params = _without_credential(environ, source)
    if not usernames:
        names = [name for name, _ in _secrets(environ, "password")]
        notes = tuple(f"{name} is ignored: WATSONX_USERNAME is not set." for name in names)
        params = replace(params, notes=(*notes, *params.notes))
    if not candidates:
        return replace(params, username=_first(environ, "username"), kind=kind)
    best, *others = candidates
    kind = _kind_of(best, kind)
    return replace(
        params,
        source=_source_name(source, best),
        username=best.username,
        kind=kind,
        # a user name suggests a cluster, but only a clear statement opens a host outside IBM
        mixed_sources=not is_stated and best.field != "zen_key" and kind in ("software", "zen"),
        shadowed=tuple(_source_name(source, other) for other in others),
        **{{"zen_key": "api_key"}.get(best.field, best.field): best.secret},  # type: ignore[arg-type]
    )


def _without_credential(environ: Mapping[str, str], source: str) -> ConnectionParams:
    """Return the hosts, the project or space, the model and the authorities."""
    url = _first(environ, "url")
    ca_bundle, notes = _verification(environ)
    return ConnectionParams(
        source=source,
        url=url,
        # a region that is meant for another tool must not contradict the URL
        region=_first(environ, "region", without=("REGION",) if url else ()),
        project_id=_first(environ, "project_id"),
        space_id=_first(environ, "space_id"),
        iam_url=_first(environ, "iam_url"),
        platform_url=_first(environ, "platform_url"),
        ca_bundle=ca_bundle,
        model=_first(environ, "model"),
        notes=(*notes, *notes_on_names(environ)),
    )


def missing_password(username: str) -> NotConnected:
    """Return the error for a cluster whose user, if any, was given without a password or key."""
    what = "The password is missing" if username else "The user name and the password are missing"
    user = f"the user name '{mask_keys(username)}'" if username else "a user name"
    return NotConnected(
        f"{what}: a cluster needs a password, or an API key, with {user}.",
        hint="Give username= and password= (or api_key=), or set WATSONX_USERNAME and "
        "WATSONX_PASSWORD.",
    )


def find_secret_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that hold a secret; every process started from here inherits them."""
    environ = OpaqueMapping(environ)
    return tuple(name for name in SECRET_VARIABLES if environ.get(name, "").strip())


def infer_kind(url: str, suggests_cluster: bool) -> str:
    """Return "software" if a user name or IBM's word for clusters goes with a host outside IBM.

    IBM Cloud has no user names. IBM's SDK looks at the host in the same way.
    """
    try:
        host = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    except ValueError:
        # `hosts` says what is wrong with it
        return ""
    is_foreign = bool(host) and region_of_host(host) is None and not is_loopback(host)
    return "software" if suggests_cluster and is_foreign else ""


def _candidates(environ: Mapping[str, str], kind: str, prefers_token: bool) -> list[_Candidate]:
    """Return the credentials in the order of precedence, each of them once."""
    is_cluster, keys = kind in ("software", "zen"), _secrets(environ, "api_key")
    by_password = [
        _Candidate("password", (user, name), secret, variable_value(environ, user))
        for name, secret in _secrets(environ, "password")
        if (user := _username_variable(environ, name))
    ]
    by_key = []
    for name, secret in keys:
        # a user name beside a password belongs to that password, unless both are for a cluster
        user = _username_variable(environ, name) if is_cluster or not by_password else ""
        by_key.append(_Candidate("api_key", (name,), secret, variable_value(environ, user)))
    zen_keys, tokens = _secrets(environ, "zen_key"), _secrets(environ, "token")
    by_zen = [_Candidate("zen_key", (name,), secret) for name, secret in zen_keys]
    by_token = [_Candidate("token", (name,), secret) for name, secret in tokens]
    # a key and a password renew themselves, a token does not; IBM's SDK has the same order
    order = [*by_key, *by_zen, *by_password, *by_token]
    if prefers_token:
        order = [*by_token, *by_key, *by_zen, *by_password]
    elif kind == "zen":
        order = [*by_zen, *by_key, *by_password, *by_token]
    elif kind == "software" and not variable_values(environ, "username"):
        # a cluster needs the user name that belongs to a key
        order = [*by_token, *by_zen, *by_key]
    unique: list[_Candidate] = []
    for one in order:
        if not any(one.field == other.field and one.secret == other.secret for other in unique):
            unique.append(one)
    return unique


def _kind_of(candidate: _Candidate, kind: str) -> str:
    if candidate.field == "zen_key":
        return "zen"
    if candidate.field == "password":
        return "software"
    if candidate.field == "token":
        # a token goes to a region as it is, however it was made
        return kind if kind in ("software", "zen") else ""
    return kind


def _stated_kind(environ: Mapping[str, str]) -> tuple[str, bool]:
    """Return the kind that `WATSONX_AI_AUTH_TYPE` names, and whether it asks for a token."""
    name = VARIABLES["kind"][0]
    word = mask_keys(variable_value(environ, name))
    try:
        return validate_kind(word), word.lower() in ("bearertoken", "token")
    except BadOption:
        error = BadOption(
            f"{name} has the unknown value '{word[:40]}'.{did_you_mean(word[:40], AUTH_TYPES)}",
            hint=f"Set it to one of: {', '.join(AUTH_TYPES)}; or unset it, and the region decides.",
        )
    raise error


def _verification(environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a file of authorities, and notes on switches that are ignored."""
    off = [name for name in UNVERIFIED if variable_value(environ, name).lower() in _TRUE]
    name = VARIABLES["ca_bundle"][0]
    value = variable_value(environ, name)
    if value.lower() in _FALSE:
        off.append(name)
    notes = [f"{name} is ignored: TLS is always verified. {CA_HINT}" for name in off]
    return "" if value.lower() in (*_TRUE, *_FALSE) else value, notes


def _source_name(source: str, candidate: _Candidate) -> str:
    return f"{source} ({', '.join(candidate.names)})"


def _username_variable(environ: Mapping[str, str], name: str) -> str:
    """Return the variable of the user name that goes with a key or password: of its family."""
    names = [user for user, _ in variable_values(environ, "username")]
    alike = [user for user in names if user[:11] == name[:11] == "WATSONX_AI_"]
    plain = [user for user in names if user[:11] != "WATSONX_AI_"]
    return next(iter([*alike, *plain, *names]), "")


def _secrets(environ: Mapping[str, str], field: str) -> list[tuple[str, Secret]]:
    return [
        (name, Secret(environ[name].strip()))
        for name in VARIABLES[field]
        if environ.get(name, "").strip()
    ]


def _first(environ: Mapping[str, str], field: str, without: tuple[str, ...] = ()) -> str:
    values = (value for name, value in variable_values(environ, field) if name not in without)
    return next(values, "")
