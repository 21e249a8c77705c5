"""The table of connection fields: one row says where each field can come from and where it goes.

The rows stand on the fields of two dataclasses: here those that a profile can hold, in
`credentials.connection_params` the rest. The check of `wx.connect`'s arguments and its help, the
environment, IBM's documents, the settings file, project files and pickles read them from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

#: Why a project file may not set a field.
HOST, IDENTITY, BILLING, TRUST = "host", "identity", "billing", "trust"


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One row of the table.

    Attributes
    ----------
    help
        What `help(wx.connect)` says; empty for a field that `connect` does not take.
    variables
        Environment variables, the first that has a value counts. Sources: langchain-ibm 1.1.2,
        litellm 1.109.1, IBM's Node, Go and Java SDKs, `ibmcloud` (`watsonx-api.md` §7), and the
        `.env` files of public repositories.
    ibm_names
        Names in IBM's own documents, the first that has a value counts.
    is_pickled
        Whether a pickled session carries it.
    project_rule
        Why a project file may not set it: `HOST`, `IDENTITY`, `BILLING` or `TRUST`; empty for a
        field that it may set.
    """

    help: str = ""
    variables: tuple[str, ...] = ()
    ibm_names: tuple[str, ...] = ()
    is_pickled: bool = False
    project_rule: str = ""


def connection_field(
    help: str = "",  # noqa: A002  # the word of argparse
    *,
    default: Any = "",  # noqa: ANN401  # of whatever type the field has
    repr: bool = True,  # noqa: A002  # the word of dataclasses
    **row: Any,  # noqa: ANN401  # the other attributes of `ConnectionField`
) -> Any:  # noqa: ANN401  # a dataclass field, which mypy takes for its value
    """Return a dataclass field that carries its row of the table."""
    return field(default=default, repr=repr, metadata={"row": ConnectionField(help, **row)})


def rows_of(table: type) -> Mapping[str, ConnectionField]:
    """Return the rows of a dataclass by the names of its fields."""
    return {one.name: one.metadata["row"] for one in fields(table) if "row" in one.metadata}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFields:
    """The connection fields that a profile can hold; an empty text means "not given"."""

    url: str = connection_field(
        "The base URL of the service, or any URL of a region. The region gives it otherwise.",
        variables=(
            "WATSONX_URL", "WATSONX_API_BASE", "WX_URL", "WML_URL", "WATSONX_AI_URL",
            "WATSONX_URL_HOST", "WATSONX_SERVICE_URL", "WATSONX_AI_SERVICE_URL",
            "WATSONX_BASE_URL", "WATSONX_API_URL", "WATSONX_ENDPOINT", "WATSONX_API_ENDPOINT",
            "WATSONX_AI_ENDPOINT", "WATSONX_HOST", "IBM_WATSONX_URL", "IBM_WATSONX_ENDPOINT",
            "WATSON_MACHINE_LEARNING_URL", "PM_20_URL",
            # other services of IBM Cloud have URLs under these names, too
            "IBM_URL", "IBM_BASE_URL", "IBM_CLOUD_URL",
        ),
        ibm_names=("url",),
        is_pickled=True,
        project_rule=HOST,
    )  # fmt: skip
    region: str = connection_field(
        "The ID or city of a region, or any of its URLs.",
        variables=(
            "WATSONX_REGION", "WX_REGION", "WATSONX_AI_REGION", "IBM_WATSONX_REGION",
            "IBM_REGION", "IBM_CLOUD_REGION", "IBMCLOUD_REGION", "REGION",
        ),
        ibm_names=("region",),
        project_rule=HOST,
    )  # fmt: skip
    project_id: str = connection_field(
        "The project that prompts are billed to. With a project and a space, the project is used.",
        variables=(
            "WATSONX_PROJECT_ID", "WX_PROJECT_ID", "WATSONX_AI_PROJECT_ID", "WATSONX_PROJECT",
            "IBM_WATSONX_PROJECT_ID", "WML_PROJECT_ID", "IBM_PROJECT_ID", "IBM_CLOUD_PROJECT_ID",
            "PROJECT_ID",
        ),
        ibm_names=("project_id",),
        is_pickled=True,
        project_rule=BILLING,
    )  # fmt: skip
    space_id: str = connection_field(
        "The deployment space that prompts are billed to.",
        variables=(
            "WATSONX_SPACE_ID", "WATSONX_DEPLOYMENT_SPACE_ID", "WX_SPACE_ID",
            "WATSONX_AI_SPACE_ID", "WATSONX_SPACE", "IBM_WATSONX_SPACE_ID", "WML_SPACE_ID",
            "IBM_SPACE_ID", "SPACE_ID",
        ),
        ibm_names=("space_id",),
        is_pickled=True,
        project_rule=BILLING,
    )  # fmt: skip
    kind: str = connection_field(
        '"iam", "mcsp" (AWS regions, GovCloud), "software" or "zen" (a self-managed cluster). The '
        "region implies it; a cluster needs it.",
        variables=("WATSONX_AI_AUTH_TYPE",),
        is_pickled=True,
        project_rule=IDENTITY,
    )
    username: str = connection_field(
        "The user name at a cluster; it goes with `password` or `api_key`.",
        variables=("WATSONX_USERNAME", "WATSONX_AI_USERNAME"),
        ibm_names=("username",),
        project_rule=IDENTITY,
    )
    iam_url: str = connection_field(
        "The base URL of IAM, if it is not that of the region.",
        variables=("WATSONX_IAM_URL", "WATSONX_AI_AUTH_URL", "WATSONX_IAM_HOST"),
        # the sign-in of a cluster that is integrated with IAM has a host of its own
        ibm_names=("iam_url", "auth_url", "bedrock_url"),
        is_pickled=True,
        project_rule=HOST,
    )
    platform_url: str = connection_field(
        "The base URL of the projects API, if it is not that of the region.",
        variables=("WATSONX_PLATFORM_URL", "WATSONX_AI_PLATFORM_URL"),
        ibm_names=("platform_url",),
        is_pickled=True,
        project_rule=HOST,
    )
    trusted_profile_id: str = connection_field(
        "The IBM Cloud trusted profile that the owner of the key assumes.",
        ibm_names=("trusted_profile_id",),
        is_pickled=True,
        project_rule=IDENTITY,
    )
    ca_bundle: str = connection_field(
        "A PEM file with the certificate authorities to trust.",
        variables=("WX_CLIENT_VERIFY_REQUESTS",),
        is_pickled=True,
        project_rule=TRUST,
    )
    #: The model of a prompt that names none.
    model: str = connection_field(
        variables=(
            "WATSONX_MODEL_ID", "WATSONX_MODEL", "WX_MODEL_ID", "WATSONX_AI_MODEL_ID",
            "IBM_WATSONX_MODEL_ID",
        ),
        is_pickled=True,
    )  # fmt: skip


PROFILE_FIELDS = rows_of(ProfileFields)
