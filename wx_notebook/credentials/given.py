"""What one source gives: a credential, where it may go, and what prompts are billed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from wx_notebook.credentials.secret import Secret, without_keys
from wx_notebook.errors import BadOption, near

if TYPE_CHECKING:
    from wx_notebook.credentials.hosts import Endpoints

#: How a credential becomes a token:
#:
#: - ``iam``: an IBM Cloud API key, at IBM Cloud IAM
#: - ``mcsp``: an API key of an AWS region or GovCloud, at their account IAM
#: - ``software``: a user name with password or API key, at a cluster of watsonx.ai software
#: - ``zen``: the same user name and API key, sent with each request without any exchange
#:
#: Nothing means that the region says it.
KINDS = ("iam", "mcsp", "software", "zen")
#: The words that IBM's Node SDK takes for the same (`WATSONX_AI_AUTH_TYPE`), and those of people.
_SAME_KIND: Mapping[str, str] = {
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

#: A function of the user's that returns a bearer token; it is called for each new one.
TokenFunction: TypeAlias = Callable[[], "str | Secret"]


@dataclass(frozen=True, slots=True)
class Given:
    """What one source gives; an empty text is "not given".

    Attributes
    ----------
    source
        How the source is called in a line: "arguments", "environment (WATSONX_API_KEY)".
    api_key, token, password
        The credential: one of these, or none.
    username
        Whose password or API key it is, on a cluster.
    kind
        One of `KINDS`, "" where the region says it.
    trusted_profile_id
        The trusted profile of IBM Cloud that the key's user takes on.
    url, region, iam_url, platform_url
        Where it may go, as it was written.
    project_id, space_id
        What prompts are billed to.
    ca_bundle
        A file with the certificate authorities to trust.
    joined
        Whether the hosts come from another source than the credential, or nobody said that they
        are a cluster's: then only IBM's regions and this machine are open to it, never a host of
        somebody's own.
    profile
        The name of the profile that it is.
    model
        The model for prompts that name none.
    model_is_chosen
        Whether `%watsonx use --model` said so, and not the profile.
    shadowed
        Where other credentials lie that this one comes before.
    notes
        What its owner should know about how it was read, one sentence each.
    """

    source: str
    api_key: Secret | None = field(default=None, repr=False)
    token: Secret | TokenFunction | None = field(default=None, repr=False)
    password: Secret | None = field(default=None, repr=False)
    username: str = ""
    kind: str = ""
    trusted_profile_id: str = ""
    url: str = ""
    region: str = ""
    project_id: str = ""
    space_id: str = ""
    iam_url: str = ""
    platform_url: str = ""
    ca_bundle: str = ""
    joined: bool = False
    profile: str = ""
    model: str = ""
    model_is_chosen: bool = False
    shadowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_credential(self) -> bool:
        """Whether there is something to sign in with, and not only where to."""
        return self.api_key is not None or self.token is not None or self.password is not None

    def endpoints(self) -> Endpoints:
        """Return where the credential may go.

        Raises
        ------
        UnknownRegion, BadOption, HostRefused
            As `hosts.endpoints`.
        """
        from wx_notebook.credentials.hosts import endpoints

        return endpoints(
            region=self.region,
            url=self.url,
            iam_url=self.iam_url,
            platform_url=self.platform_url,
            kind=self.kind,
            joined=self.joined,
        )


def checked_kind(word: str) -> str:
    """Return a kind in the spelling of `KINDS`.

    Raises
    ------
    BadOption
        There is no such kind.
    """
    kind = word.strip().lower()
    kind = _SAME_KIND.get(kind, kind)
    if kind and kind not in KINDS:
        raise BadOption(
            f"There is no kind of credential '{without_keys(word)[:40]}'."
            f"{near(kind[:40], (*KINDS, *_SAME_KIND))}",
            hint=f"kind= is one of: {', '.join(KINDS)}; without it the region says it.",
        )
    return kind
