"""What one source says about a connection: a credential, its hosts, and what prompts are billed to.

The module is light: `wx.connect` takes its help from the table here when the package is imported.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.settings.connection_fields import (
    ConnectionField,
    ProfileFields,
    connection_field,
    rows_of,
)

#: Names the file in which `wx-notebook demo` leaves the URL, key and project of its sandbox.
SANDBOX_VARIABLE = "WX_NOTEBOOK_SANDBOX"
#: The source of a sign-in that the Jupyter server of this kernel holds.
SERVER_SOURCE = "sign-in of the Jupyter server"
#: How the source begins where a recording answers (`WX_NOTEBOOK_REPLAY`); its name follows.
REPLAY_SOURCE = "recording "
#: Sources that a user has to look up to find the key: its variable, its file or its profile.
NAMED_SOURCES = ("environment", "file ", "profile ")
#: How a credential becomes a token:
#:
#: - ``iam``: an IBM Cloud API key, at IBM Cloud IAM
#: - ``mcsp``: an API key of an AWS region or GovCloud, at their account IAM
#: - ``software``: a user name with a password or an API key, at a watsonx.ai software cluster
#: - ``zen``: the same user name and API key, sent with each request, without an exchange
#:
#: An empty text means that the region decides.
KINDS = ("iam", "mcsp", "software", "zen")
#: Other words for the same: those of IBM's Node SDK (`WATSONX_AI_AUTH_TYPE`), and colloquial ones.
_KIND_ALIASES: Mapping[str, str] = {
    "aws": "mcsp",
    "govcloud": "mcsp",
    "cloud": "iam",
    "cp4d": "software",
    "cpd": "software",
    "zenapikey": "zen",
    # a token is recognised by itself, and goes to the region's hosts
    "bearertoken": "",
    "token": "",
}

#: A function of the user that returns a bearer token; it is called for each new one.
TokenFunction: TypeAlias = Callable[[], "str | Secret"]


@dataclass(frozen=True, slots=True)
class ConnectionParams(ProfileFields):
    """What one source gives; an empty text means "not given".

    Attributes
    ----------
    source
        The name of the source in a line: "arguments", "environment (WATSONX_API_KEY)".
    api_key, token, password
        The credential: one of them, or none.
    profile
        The name of the profile that it comes from.
    model_is_chosen
        Whether `%watsonx use --model` set the model, and not the profile.
    own_model
        The model that `%watsonx use --model` replaced: of the profile, a file or the environment.
    mixed_sources
        Whether the hosts and the credential come from different sources, or no source says that
        the host is a cluster. Then only IBM's regions and this machine are allowed as hosts.
    shadowed
        The sources whose credentials this one takes precedence over.
    notes
        What the user should know about how it was read, one sentence each.
    """

    source: str
    api_key: Secret | None = connection_field(  # noqa: RUF009  # it is a field
        "An API key of IBM Cloud, of the account of an AWS region, or of a cluster. ``@FILE`` "
        "reads it from the `apikey.json` that IBM Cloud offers for download. A key in a cell is "
        "saved with the notebook: prefer ``%watsonx login``.",
        default=None,
        repr=False,
        variables=(
            "WATSONX_API_KEY", "WATSONX_APIKEY", "WX_API_KEY", "WX_APIKEY", "WATSONX_AI_APIKEY",
            "WATSONX_AI_API_KEY", "IBM_WATSONX_API_KEY", "IBM_WATSONX_APIKEY",
            "WATSON_MACHINE_LEARNING_APIKEY", "WATSON_MACHINE_LEARNING_API_KEY", "WML_API_KEY",
            "WML_APIKEY", "PM_20_APIKEY",
            # these open the whole account, so each name of watsonx comes before them
            "IBM_CLOUD_API_KEY", "IBM_CLOUD_APIKEY", "IBMCLOUD_API_KEY", "IBMCLOUD_APIKEY",
            "IBM_API_KEY", "IBM_APIKEY",
        ),
        ibm_names=("apikey", "api_key"),
    )  # fmt: skip
    token: Secret | TokenFunction | None = connection_field(  # noqa: RUF009  # it is a field
        "A bearer token instead of a key, which expires and can't be renewed; or a function that "
        "returns one. The function is called for each new token, also from another thread.",
        default=None,
        repr=False,
        variables=(
            "WATSONX_TOKEN", "WATSONX_AI_BEARER_TOKEN", "WATSONX_ACCESS_TOKEN",
            "WATSONX_BEARER_TOKEN",
        ),
        ibm_names=("token",),
    )  # fmt: skip
    password: Secret | None = connection_field(  # noqa: RUF009  # it is a field
        "The password at a cluster, instead of an `api_key`.",
        default=None,
        repr=False,
        variables=("WATSONX_PASSWORD", "WATSONX_AI_PASSWORD"),
        ibm_names=("password",),
    )
    profile: str = connection_field(
        "A profile that ``%watsonx login --remember`` made.", is_pickled=True
    )
    model_is_chosen: bool = connection_field(default=False, is_pickled=True)
    own_model: str = ""
    mixed_sources: bool = False
    shadowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def has_credential(self) -> bool:
        """Whether it holds something to sign in with."""
        return self.api_key is not None or self.token is not None or self.password is not None

    def with_chosen_model(self, model: str) -> ConnectionParams:
        """Return the same with the model that the user chose, and its own one kept beside it."""
        own = self.own_model if self.model_is_chosen else self.model
        return replace(self, model=model, model_is_chosen=True, own_model=own)

    @property
    def model_source(self) -> str:
        """Where the model was named: in a profile, a file, or the environment."""
        if self.profile:
            return f"profile {self.profile}"
        return self.source.partition(" (")[0] if self.source.startswith("file ") else "environment"


#: The whole table: a row for each field that has one.
CONNECTION_FIELDS: Mapping[str, ConnectionField] = rows_of(ConnectionParams)
#: The fields with a credential, the one that renews itself first.
CREDENTIAL_FIELDS = ("api_key", "password", "token")


def is_replay(source: str) -> bool:
    """Return whether a source is a recording, which needs no credential."""
    return source.startswith(REPLAY_SOURCE)


def connect_help() -> str:
    """Return the section "Parameters" of `help(wx.connect)`, but for its title."""
    entries = [(name, row.help) for name, row in CONNECTION_FIELDS.items() if row.help]
    return "\n".join(
        f"{name}\n{textwrap.indent(textwrap.fill(text, 92), '    ')}" for name, text in entries
    )


def validate_kind(word: str) -> str:
    """Return the kind of a credential in the spelling of `KINDS`.

    Raises
    ------
    BadOption
        The word names no kind.
    """
    kind = word.strip().lower()
    kind = _KIND_ALIASES.get(kind, kind)
    if kind and kind not in KINDS:
        raise BadOption(
            f"Unknown kind of credential '{mask_keys(word)[:40]}'."
            f"{did_you_mean(kind[:40], (*KINDS, *_KIND_ALIASES))}",
            hint=f"kind= is one of: {', '.join(KINDS)}. Without it, the region decides.",
        )
    return kind
