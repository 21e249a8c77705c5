"""IBM Cloud IAM: an API key, or a token for a trusted profile, in exchange for a token."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from wx_notebook.sandbox.account import Account, Standing
from wx_notebook.sandbox.replies import iam_refusal, ok
from wx_notebook.sandbox.tokens import Issued, Tokens
from wx_notebook.sandbox.wire import Refused, Reply, Request

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
ASSUME = "urn:ibm:params:oauth:grant-type:assume"


class Iam:
    """Signs in whoever has the key of `account`."""

    def __init__(self, account: Account, tokens: Tokens) -> None:
        self._account = account
        self._tokens = tokens

    def answer(self, request: Request) -> Reply:
        """Answer `POST /identity/token`.

        The key comes in a form; a trusted profile in a form (`iam_assume_token_manager.py` of IBM's
        SDK core) or in the query (`trusted_profile_auth.py` of IBM's Python SDK). The Basic header
        that the latter sends (`bx:bx`) is as welcome as none; fields that others add
        (`response_type`, `scope`) are not read.

        Raises
        ------
        Refused
            400 or 405 with an error document of IAM.
        """
        if request.method != "POST":
            details = f"HTTP 405: {request.method} is not allowed here."
            raise iam_refusal(405, "BXNIM0060E", "Method not allowed.", details)
        form = parse_qs(request.body.decode("utf-8", "replace"))
        grant, key = (form.get(name, [""])[0] for name in ("grant_type", "apikey"))
        if grant == ASSUME:
            return self._assume({name: values[0] for name, values in form.items()})
        if request.query.get("grant_type") == ASSUME:
            return self._assume(request.query)
        if not grant:
            raise _missing("grant_type")
        if grant != GRANT:
            # no public source shows IAM's own code for a grant that it does not know
            raise _missing("grant_type", f" must be {GRANT} here")
        if not key:
            raise _missing("apikey")
        check_key(self._account, key)
        return ok(_document(self._tokens.issue(self._claims()), ims_user_id=1234567))

    def admit(self, request: Request) -> str:
        """Return the token that `request` carries, or refuse it."""
        return self._tokens.admit(request)

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._tokens.issue(self._claims(), lifetime_s).token

    def _assume(self, fields: Mapping[str, str]) -> Reply:
        token, profile_id = (fields.get(name) for name in ("access_token", "profile_id"))
        if not token:
            raise _missing("access_token")
        if not profile_id:
            raise _missing("profile_id")
        # IAM's codes for an expired token and for an unknown profile: no public source shows them
        if self._account.tokens.standing(token) is not Standing.GOOD:
            raise iam_refusal(400, "BXNIM0401E", "Provided token is invalid or has expired.")
        if profile_id != self._account.profile_id:
            raise iam_refusal(400, "BXNIM0513E", "Provided trusted profile could not be found.")
        return ok(_document(self._tokens.issue(self._profile_claims())))

    def _claims(self) -> dict[str, object]:
        user = self._account.user_id
        return {
            "iam_id": user,
            "id": user,
            "realmid": "IBMid",
            "identifier": user.partition("-")[2],
            "given_name": "Sandbox",
            "family_name": "User",
            "name": "Sandbox User",
            "email": "sandbox.user@example.com",
            "sub": "sandbox.user@example.com",
            **self._about_the_token(GRANT),
        }

    def _profile_claims(self) -> dict[str, object]:
        profile = self._account.profile_id
        return {
            "iam_id": f"iam-{profile}",
            "id": f"iam-{profile}",
            "realmid": "iam",
            "identifier": profile,
            "name": "Sandbox profile",
            "sub": profile,
            "sub_type": "Profile",
            **self._about_the_token(ASSUME),
        }

    def _about_the_token(self, grant: str) -> dict[str, object]:
        return {
            "account": {"valid": True, "bss": self._account.id},
            "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": grant,
            "scope": "ibm openid",
            "client_id": "default",
            "acr": 1,
            "amr": ["pwd"],
        }


def check_key(account: Account, key: str) -> None:
    """Let pass a key that is good.

    Raises
    ------
    Refused
        400 with an error document of IAM.
    """
    standing = account.key_standing(key)
    if standing is Standing.UNKNOWN:
        raise iam_refusal(400, "BXNIM0415E", "Provided API key could not be found.")
    if standing is Standing.ENDED:
        raise iam_refusal(400, "BXNIM0420E", "Provided API key is disabled.")


def _document(issued: Issued, **more: object) -> dict[str, object]:
    return {
        "access_token": issued.token,
        "refresh_token": "not_supported",
        **more,
        "token_type": "Bearer",
        "expires_in": issued.lifetime_s,
        "expiration": issued.expiration,
        "scope": "ibm openid",
    }


def _missing(name: str, more: str = "") -> Refused:
    return iam_refusal(400, "BXNIM0109E", "Property missing or empty.", f"{name}{more}")
