"""Sign-in at IBM Cloud IAM, and at the account IAM of AWS regions and GovCloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qs

from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    iam_error,
    json_object,
    ok,
)
from wx_notebook.sandbox.iam.account import Account, IssuedToken, TokenIssuer, Validity

APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
ASSUME_GRANT = "urn:ibm:params:oauth:grant-type:assume"


class SignIn(Protocol):
    """How users sign in at a server of one kind."""

    def answer(self, request: Request) -> Reply:
        """Answer one of `routes.SIGN_IN_CALLS`."""

    def authenticate(self, request: Request) -> str:
        """Return the credential that `request` carries, or raise an `ErrorResponse`."""

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user, as a sign-in would."""


class CloudIam:
    """IBM Cloud IAM: an API key, or a token for a trusted profile, in exchange for a token."""

    def __init__(self, account: Account, issuer: TokenIssuer) -> None:
        self._account = account
        self._issuer = issuer
        self.authenticate = issuer.authenticate

    def answer(self, request: Request) -> Reply:
        """Answer `POST /identity/token`.

        The key comes in a form. A trusted profile comes in a form (`iam_assume_token_manager.py`
        of IBM's SDK core) or in the query (`trusted_profile_auth.py` of IBM's Python SDK). The
        Basic header of the latter (`bx:bx`) is optional; fields that other clients add
        (`response_type`, `scope`) are not read.

        Raises
        ------
        ErrorResponse
            400 or 405 with an error document of IAM.
        """
        _require_post(request)
        form = parse_qs(request.body.decode("utf-8", "replace"))
        grant, key = (form.get(name, [""])[0] for name in ("grant_type", "apikey"))
        if grant == ASSUME_GRANT:
            return self._assume_profile({name: values[0] for name, values in form.items()})
        if request.query.get("grant_type") == ASSUME_GRANT:
            return self._assume_profile(request.query)
        if not grant:
            raise _missing_property("grant_type")
        if grant != APIKEY_GRANT:
            # no public source shows IAM's own code for an unknown grant
            raise _missing_property(f"grant_type must be {APIKEY_GRANT} here")
        if not key:
            raise _missing_property("apikey")
        check_key(self._account, key)
        return ok(_token_document(self._issuer.issue(self._claims()), ims_user_id=1234567))

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._issuer.issue(self._claims(), lifetime_s).token

    def _assume_profile(self, fields: Mapping[str, str]) -> Reply:
        token, profile_id = (fields.get(name) for name in ("access_token", "profile_id"))
        if not token:
            raise _missing_property("access_token")
        if not profile_id:
            raise _missing_property("profile_id")
        # no public source shows IAM's codes for an expired token and for an unknown profile
        if self._account.tokens.validity(token) is not Validity.VALID:
            raise iam_error(400, "BXNIM0401E", "Provided token is invalid or has expired.")
        if profile_id != self._account.profile_id:
            raise iam_error(400, "BXNIM0513E", "Provided trusted profile could not be found.")
        return ok(_token_document(self._issuer.issue(self._profile_claims())))

    def _claims(self) -> Document:
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
            **self._token_claims(APIKEY_GRANT),
        }

    def _profile_claims(self) -> Document:
        profile = self._account.profile_id
        return {
            "iam_id": f"iam-{profile}",
            "id": f"iam-{profile}",
            "realmid": "iam",
            "identifier": profile,
            "name": "Sandbox profile",
            "sub": profile,
            "sub_type": "Profile",
            **self._token_claims(ASSUME_GRANT),
        }

    def _token_claims(self, grant: str) -> Document:
        return {
            "account": {"valid": True, "bss": self._account.id},
            "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": grant,
            "scope": "ibm openid",
            "client_id": "default",
            "acr": 1,
            "amr": ["pwd"],
        }


class AccountIam:
    """The account IAM of AWS regions and GovCloud: an API key in exchange for a token, in JSON.

    Clients read `token` alone. The other fields of the reply and the error documents are not
    public; these have the form that they have in a test of IBM's SDK core.
    """

    def __init__(self, account: Account, issuer: TokenIssuer) -> None:
        self._account = account
        self._issuer = issuer
        self.authenticate = issuer.authenticate

    def answer(self, request: Request) -> Reply:
        """Answer `POST /api/2.0/apikeys/token`, and the same of GovCloud.

        Raises
        ------
        ErrorResponse
            400 or 405 with an error document like IAM's.
        """
        _require_post(request)
        body = json_object(request.body)
        if body is None:
            raise _missing_property("the body must be a JSON object")
        key = body.get("apikey")
        if not isinstance(key, str) or not key:
            raise _missing_property("apikey")
        check_key(self._account, key)
        issued = self._issuer.issue(self._claims())
        return ok({"token": issued.token, "token_type": "Bearer", "expires_in": issued.lifetime_s})

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._issuer.issue(self._claims(), lifetime_s).token

    def _claims(self) -> Document:
        return {"iss": "sandbox-account-iam", "sub": self._account.user_id}


def check_key(account: Account, key: str) -> None:
    """Raise the error of IAM, 400, unless `key` is valid."""
    validity = account.key_validity(key)
    if validity is Validity.UNKNOWN:
        raise iam_error(400, "BXNIM0415E", "Provided API key could not be found.")
    if validity is Validity.ENDED:
        raise iam_error(400, "BXNIM0420E", "Provided API key is disabled.")


def _token_document(issued: IssuedToken, **more: object) -> Document:
    return {
        "access_token": issued.token,
        "refresh_token": "not_supported",
        **more,
        "token_type": "Bearer",
        "expires_in": issued.lifetime_s,
        "expiration": issued.expiration,
        "scope": "ibm openid",
    }


def _require_post(request: Request) -> None:
    if request.method != "POST":
        details = f"HTTP 405: {request.method} is not allowed here."
        raise iam_error(405, "BXNIM0060E", "Method not allowed.", details)


def _missing_property(details: str) -> ErrorResponse:
    return iam_error(400, "BXNIM0109E", "Property missing or empty.", details)
