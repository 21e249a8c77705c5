"""What the environment gives: every spelling that IBM's and other people's tools read.

The same names stand in a `.env` file, so that `files` reads one through this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wx_notebook.credentials.checks import is_uuid
from wx_notebook.credentials.given import Given, checked_kind
from wx_notebook.credentials.regions import REGIONS, region_of_host
from wx_notebook.credentials.secret import Secret, Unshown, without_keys
from wx_notebook.errors import BadOption, near
from wx_notebook.transport import is_loopback

#: Spellings in the order in which one wins. Sources: langchain-ibm 1.1.2, litellm 1.109.1, IBM's
#: Node, Go and Java SDKs, `ibmcloud` (`watsonx-api.md` §7).
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "api_key": (
        "WATSONX_API_KEY",
        "WATSONX_APIKEY",
        "WX_API_KEY",
        "WATSONX_AI_APIKEY",
        # of the whole account, so anything that is named for watsonx comes before it
        "IBMCLOUD_API_KEY",
    ),
    "zen_key": ("WATSONX_ZENAPIKEY",),
    "token": ("WATSONX_TOKEN", "WATSONX_AI_BEARER_TOKEN"),
    "username": ("WATSONX_USERNAME", "WATSONX_AI_USERNAME"),
    "password": ("WATSONX_PASSWORD", "WATSONX_AI_PASSWORD"),
    "url": (
        "WATSONX_URL",
        "WATSONX_API_BASE",
        "WX_URL",
        "WML_URL",
        "WATSONX_AI_URL",
        "WATSONX_URL_HOST",
    ),
    "iam_url": ("WATSONX_IAM_URL", "WATSONX_AI_AUTH_URL", "WATSONX_IAM_HOST"),
    "platform_url": ("WATSONX_PLATFORM_URL", "WATSONX_AI_PLATFORM_URL"),
    "region": ("WATSONX_REGION", "WX_REGION", "REGION"),
    "project_id": ("WATSONX_PROJECT_ID", "WX_PROJECT_ID", "WATSONX_AI_PROJECT_ID", "PROJECT_ID"),
    "space_id": ("WATSONX_SPACE_ID", "WATSONX_DEPLOYMENT_SPACE_ID", "WX_SPACE_ID", "SPACE_ID"),
    "kind": ("WATSONX_AI_AUTH_TYPE",),
    "instance_id": ("WATSONX_INSTANCE_ID",),
    "ca_bundle": ("WX_CLIENT_VERIFY_REQUESTS",),
}
#: What stands in them is a secret; the last one is set by watsonx Studio.
SECRET_VARIABLES = (
    *(name for what in ("api_key", "zen_key", "token", "password") for name in VARIABLES[what]),
    "USER_ACCESS_TOKEN",
)
#: Names that belong to Google's and AWS's tools as well: these values of theirs say nothing to us.
#: (us-east-1 is a region of watsonx.ai, too, but who has it under this name means AWS itself.)
_ANYBODYS = {
    "REGION": lambda value: value in {one.region_id for one in REGIONS if one.sign_in == "iam"},
    "PROJECT_ID": is_uuid,
    "SPACE_ID": is_uuid,
}
#: IBM's Go SDK puts https:// before these itself.
_HOSTS_ONLY = ("WATSONX_URL_HOST", "WATSONX_IAM_HOST")
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_UNVERIFIED = ("WATSONX_AI_DISABLE_SSL", "WATSONX_AI_AUTH_DISABLE_SSL")
#: What `WATSONX_AI_AUTH_TYPE` takes; IBM's `noauth` is no way to sign in.
AUTH_TYPES = ("iam", "bearertoken", "cp4d", "zen", "aws")
#: Instance ids by which IBM's SDK was told that it talks to a cluster.
CLUSTERS = ("openshift", "icp", "wml_local")
OWN_CA = "For a company's own CA set REQUESTS_CA_BUNDLE to its file."


@dataclass(frozen=True, slots=True)
class _Way:
    """One credential that was found, and the names it stands under."""

    what: str
    names: tuple[str, ...]
    secret: Secret
    username: str = ""


def from_environment(environ: Mapping[str, str], *, place: str = "environment") -> Given:
    """Return what the variables of `VARIABLES` give, each by its first spelling.

    Parameters
    ----------
    environ
        Names and values; only read.
    place
        What the source is called.

    Raises
    ------
    BadOption
        `WATSONX_AI_AUTH_TYPE` says something that does not exist.
    """
    environ = Unshown(environ)
    url, notes = _first(environ, "url"), []
    stated, prefers_token = _stated_kind(environ)
    usernames = _values(environ, "username")
    told = bool(stated) or _first(environ, "instance_id").lower() in CLUSTERS
    kind = stated or implied_kind(url, told or bool(usernames))
    ways = _ways(environ, kind, prefers_token)
    if not usernames:
        notes += [
            f"{name} has no WATSONX_USERNAME beside it, so it says nothing."
            for name, _ in _secrets(environ, "password")
        ]
    ca_bundle, unverified = _verification(environ)
    given = Given(
        source=place,
        url=url,
        # a region that is meant for another tool must not contradict a URL that is ours
        region=_first(environ, "region", without=("REGION",) if url else ()),
        project_id=_first(environ, "project_id"),
        space_id=_first(environ, "space_id"),
        iam_url=_first(environ, "iam_url"),
        platform_url=_first(environ, "platform_url"),
        ca_bundle=ca_bundle,
        notes=(*notes, *unverified),
    )
    if not ways:
        return given
    best, *others = ways
    return replace(
        given,
        source=_named(place, best),
        username=best.username,
        kind=_kind_of(best, kind),
        # a user name hints at a cluster; to be sent to anybody's own host takes a word that says so
        joined=not told and best.what != "zen_key" and _kind_of(best, kind) in ("software", "zen"),
        shadowed=tuple(_named(place, other) for other in others),
        **{{"zen_key": "api_key"}.get(best.what, best.what): best.secret},  # type: ignore[arg-type]
    )


def inherited(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of all variables with a secret; every process started from here has them."""
    environ = Unshown(environ)
    return tuple(name for name in SECRET_VARIABLES if environ.get(name, "").strip())


def implied_kind(url: str, told: bool) -> str:
    """Return "software" where a user name or IBM's word for clusters goes with a host of one's own.

    IBM Cloud knows no user names, and IBM's SDK looks at the host, too.
    """
    try:
        host = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    except ValueError:
        # `hosts` says what is wrong with it
        return ""
    own = bool(host) and region_of_host(host) is None and not is_loopback(host)
    return "software" if told and own else ""


def _ways(environ: Mapping[str, str], kind: str, prefers_token: bool) -> list[_Way]:
    """Return the credentials, the one that wins first; the same one twice is one."""
    at_cluster, keys = kind in ("software", "zen"), _secrets(environ, "api_key")
    pairs = [
        _Way("password", (user, name), secret, _value(environ, user))
        for name, secret in _secrets(environ, "password")
        if (user := _user_beside(environ, name))
    ]
    by_key = []
    for name, secret in keys:
        # a user name with a password is that password's, unless both are for a cluster
        user = _user_beside(environ, name) if at_cluster or not pairs else ""
        by_key.append(_Way("api_key", (name,), secret, _value(environ, user)))
    by_zen = [_Way("zen_key", (name,), secret) for name, secret in _secrets(environ, "zen_key")]
    by_token = [_Way("token", (name,), secret) for name, secret in _secrets(environ, "token")]
    # a key and a password renew themselves, a token does not; IBM's SDK goes the same way
    order = [*by_key, *by_zen, *pairs, *by_token]
    if prefers_token:
        order = [*by_token, *by_key, *by_zen, *pairs]
    elif kind == "zen":
        order = [*by_zen, *by_key, *pairs, *by_token]
    elif kind == "software" and not _values(environ, "username"):
        # a cluster asks whose key it is
        order = [*by_token, *by_zen, *by_key]
    once: list[_Way] = []
    for way in order:
        if not any(way.what == other.what and way.secret == other.secret for other in once):
            once.append(way)
    return once


def _kind_of(way: _Way, kind: str) -> str:
    if way.what == "zen_key":
        return "zen"
    if way.what == "password":
        return "software"
    if way.what == "token":
        # a token goes to a region as it is, however it was made
        return kind if kind in ("software", "zen") else ""
    return kind


def _stated_kind(environ: Mapping[str, str]) -> tuple[str, bool]:
    """Return what `WATSONX_AI_AUTH_TYPE` says, and whether it is that there is a token."""
    name = VARIABLES["kind"][0]
    word = without_keys(_value(environ, name))
    try:
        return checked_kind(word), word.lower() in ("bearertoken", "token")
    except BadOption:
        refused = BadOption(
            f"{name} says '{word[:40]}', which is no kind of credential."
            f"{near(word[:40], AUTH_TYPES)}",
            hint=f"It is one of: {', '.join(AUTH_TYPES)}; without it the region says the kind.",
        )
    raise refused


def _verification(environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a file of authorities, and what is said about switches that are not obeyed."""
    off = [name for name in _UNVERIFIED if _value(environ, name).lower() in _TRUE]
    name = VARIABLES["ca_bundle"][0]
    value = _value(environ, name)
    if value.lower() in _FALSE:
        off.append(name)
    notes = [f"{name} is not obeyed: every host is verified. {OWN_CA}" for name in off]
    return "" if value.lower() in (*_TRUE, *_FALSE) else value, notes


def _named(place: str, way: _Way) -> str:
    return f"{place} ({', '.join(way.names)})"


def _user_beside(environ: Mapping[str, str], name: str) -> str:
    """Return the variable whose user name goes with a key or password: of the same family."""
    names = [user for user, _ in _values(environ, "username")]
    alike = [user for user in names if user[:11] == name[:11] == "WATSONX_AI_"]
    plain = [user for user in names if user[:11] != "WATSONX_AI_"]
    return next(iter([*alike, *plain, *names]), "")


def _secrets(environ: Mapping[str, str], what: str) -> list[tuple[str, Secret]]:
    return [
        (name, Secret(environ[name].strip()))
        for name in VARIABLES[what]
        if environ.get(name, "").strip()
    ]


def _values(environ: Mapping[str, str], what: str) -> list[tuple[str, str]]:
    return [(name, value) for name in VARIABLES[what] if (value := _value(environ, name))]


def _first(environ: Mapping[str, str], what: str, without: tuple[str, ...] = ()) -> str:
    found = (value for name, value in _values(environ, what) if name not in without)
    return next(found, "")


def _value(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value or (name in _ANYBODYS and not _ANYBODYS[name](value)):
        return ""
    return f"https://{value}" if name in _HOSTS_ONLY and "://" not in value else value
