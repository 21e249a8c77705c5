"""What its user holds of the account behind a sandbox: keys, tokens, projects and spaces."""

from __future__ import annotations

from collections.abc import Callable

from wx_notebook.sandbox.account import Account
from wx_notebook.sandbox.cluster import Cluster
from wx_notebook.sandbox.iam import Iam
from wx_notebook.sandbox.mcsp import AccountIam
from wx_notebook.sandbox.paths import KINDS, Kind
from wx_notebook.sandbox.projects import Projects
from wx_notebook.sandbox.service import SignIn
from wx_notebook.sandbox.tokens import Tokens

_SIGN_INS: dict[Kind, Callable[[Account, Tokens], SignIn]] = {
    "cloud": Iam,
    "mcsp": AccountIam,
    "software": Cluster,
}


class AccountControls:
    """One server's side of an account, its own or another server's.

    Parameters
    ----------
    other
        Whose account it is; None makes one.
    kind
        Who signs people in; None is the kind of `other`, or `cloud`.
    token_lifetime_s
        Seconds for which a token issued here is good.
    clock
        Seconds that never go backwards, by which tokens issued here end.
    now
        Epoch seconds that tokens tell.
    made_at
        Epoch seconds at which projects and spaces were made.

    Attributes
    ----------
    project_id, bare_project_id, space_id
        A project with a runtime, one without, and a space.
    storage_secret
        Canary in the storage credentials of project documents, which no client may keep.
    """

    def __init__(
        self,
        other: AccountControls | None,
        kind: Kind | None,
        token_lifetime_s: float,
        clock: Callable[[], float],
        now: Callable[[], float],
        made_at: float,
    ) -> None:
        self._kind: Kind = kind or (other.kind if other else "cloud")
        if self._kind not in KINDS:
            msg = f"no kind {kind!r}; there are: {', '.join(KINDS)}"
            raise ValueError(msg)
        if other is not None and other.kind != self._kind:
            msg = f"a {self._kind!r} server cannot share the account of a {other.kind!r} server"
            raise ValueError(msg)
        self._account: Account = Account(self._kind) if other is None else other._account
        self._tokens = Tokens(self._account, token_lifetime_s, clock, now)
        self._sign_in = _SIGN_INS[self._kind](self._account, self._tokens)
        self._projects = Projects(made_at, self._account.id)
        self.project_id = self._projects.project_id
        self.bare_project_id = self._projects.bare_project_id
        self.space_id = self._projects.space_id
        self.storage_secret = self._projects.storage_secret

    @property
    def kind(self) -> Kind:
        """Who signs people in here."""
        return self._kind

    @property
    def api_key(self) -> str:
        """The only key that the account knows."""
        return self._account.api_key

    @property
    def username(self) -> str:
        """The account's user, who signs in at a cluster by name."""
        return self._account.username

    @property
    def password(self) -> str:
        """The user's password, for a cluster; a form must encode it."""
        return self._account.password

    @property
    def profile_id(self) -> str:
        """The trusted profile that the user may assume, where IBM Cloud IAM signs people in."""
        return self._account.profile_id

    @property
    def token_lifetime_s(self) -> float:
        """Seconds for which the next token issued here is good; may be set at any time."""
        return self._tokens.lifetime_s

    @token_lifetime_s.setter
    def token_lifetime_s(self, seconds: float) -> None:
        self._tokens.lifetime_s = seconds

    def issue_token(self, *, lifetime_s: float | None = None) -> str:
        """Return a bearer token that is ready for use, as users bring one.

        It is good for `lifetime_s` seconds, by default for `token_lifetime_s`; none at all are
        an expired token.
        """
        return self._sign_in.issue_token(lifetime_s)

    def revoke_tokens(self) -> None:
        """Make every token of the account invalid, wherever it was issued."""
        self._account.revoke_tokens()

    def disable_key(self) -> None:
        """Make every server of the account refuse the key; tokens that are out stay good."""
        self._account.disable_key()

    def replace_key(self) -> str:
        """Return a new key of the account; the old one is unknown from now on."""
        return self._account.replace_key()

    def add_project(self, name: str, runtime: bool = True) -> str:
        """Make a project here and return its id; its name may be that of another one."""
        return self._projects.add_project(name, runtime)

    def add_space(self, name: str, runtime: bool = True) -> str:
        """Make a space here and return its id; its name may be that of another one."""
        return self._projects.add_space(name, runtime)
