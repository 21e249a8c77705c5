"""IBM watsonx.ai software on a cluster: the ways to sign in, and its version."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from wx_notebook.sandbox.http import routes
from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    encode_json,
    json_object,
    ok,
)
from wx_notebook.sandbox.iam.account import Account, TokenIssuer, Validity, token_not_valid

CLUSTER_RELEASE = "5.3.0"
_METHODS = {routes.VALIDATE: "GET", routes.CLUSTER_VERSION: "GET"}


class ClusterSignIn:
    """Signs the user of `account` in with the password or the key.

    The reply to a failed sign-in is not public. Here it is 401 with a message in JSON, and OAuth's
    error document (RFC 6749, 5.2) at the cluster's own IAM.
    """

    def __init__(self, account: Account, issuer: TokenIssuer) -> None:
        self._account = account
        self._issuer = issuer

    def answer(self, request: Request) -> Reply:
        """Answer a sign-in, or a request for the version.

        Raises
        ------
        ErrorResponse
            400, 401 or 405 with a message in JSON.
        """
        method = _METHODS.get(request.path, "POST")
        if request.method != method:
            raise _error(405, f"The method {request.method} is not allowed here. Use {method}.")
        if request.path == routes.AUTHORIZE:
            return self._authorize(request)
        if request.path == routes.CLUSTER_IDENTITY:
            return self._identity_token(request)
        if request.path == routes.VALIDATE:
            return self._validate(request)
        return ok({"version": CLUSTER_RELEASE})

    def authenticate(self, request: Request) -> str:
        """Return the token or the `ZenApiKey` that `request` carries; without one raise 401."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "zenapikey":
            return self._issuer.authenticate(request)
        try:
            user, _, key = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise token_not_valid() from None
        if not (self._account.is_username(user) and self._is_key(key)):
            raise token_not_valid()
        return rest.strip()

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._issuer.issue(self._claims(), lifetime_s).token

    def _authorize(self, request: Request) -> Reply:
        body = json_object(request.body)
        if body is None:
            raise _error(400, "The body must be a JSON object.")
        # IBM's SDK core sends all three, null for those that it does not have
        fields = {name: body.get(name) for name in ("username", "password", "api_key")}
        texts = {name: value for name, value in fields.items() if isinstance(value, str) and value}
        if any(value is not None and not isinstance(value, str) for value in fields.values()):
            raise _error(400, "'username', 'password' and 'api_key' are strings or null.")
        if "username" not in texts or len(texts) == 1:
            raise _error(400, "'username' is required, and 'password' or 'api_key' with it.")
        if not (
            self._account.is_username(texts["username"])
            and ("password" not in texts or self._account.is_password(texts["password"]))
            and ("api_key" not in texts or self._is_key(texts["api_key"]))
        ):
            raise _error(401, "The user name, password or API key is not valid.")
        token = self._issuer.issue(self._claims()).token
        return ok({"_messageCode_": "200", "message": "Success", "token": token})

    def _identity_token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode("utf-8", "replace"))
        fields = {name: values[0] for name, values in form.items()}
        for name in ("grant_type", "username", "password", "scope"):
            if name not in fields:
                raise _oauth_error("invalid_request", f"'{name}' is missing.")
        if fields["grant_type"] != "password":
            raise _oauth_error("unsupported_grant_type", "'grant_type' must be 'password' here.")
        if "openid" not in fields["scope"].split():
            raise _oauth_error("invalid_scope", "'scope' must be 'openid'.")
        if not (
            self._account.is_username(fields["username"])
            and self._account.is_password(fields["password"])
        ):
            raise _oauth_error("invalid_grant", "The user name or password is not valid.")
        issued = self._issuer.issue_identity()
        return ok(
            {
                "access_token": issued.token,
                "token_type": "Bearer",
                "expires_in": issued.lifetime_s,
                "scope": "openid",
            }
        )

    def _validate(self, request: Request) -> Reply:
        user, token = (request.headers.get(name, "") for name in ("username", "iam-token"))
        if not user or not token:
            raise _error(400, "The headers 'username' and 'iam-token' are required.")
        validity = self._account.identity_tokens.validity(token)
        if not self._account.is_username(user) or validity is not Validity.VALID:
            raise _error(401, "The IAM token is not valid for this user, or has expired.")
        claims = self._claims()
        access_token = self._issuer.issue(claims).token
        success = {"_messageCode_": "success", "message": "success"}
        return ok({"accessToken": access_token, **claims, **success})

    def _is_key(self, key: str) -> bool:
        return self._account.key_validity(key) is Validity.VALID

    def _claims(self) -> Document:
        return {
            "username": self._account.username,
            "role": "Admin",
            "permissions": ["administrator", "can_provision"],
            "sub": self._account.username,
            "iss": "KNOXSSO",
            "aud": "DSX",
            "uid": "1000330999",
        }


def _error(status: int, message: str) -> ErrorResponse:
    return ErrorResponse(
        Reply(status, encode_json({"_messageCode_": str(status), "message": message}))
    )


def _oauth_error(error: str, description: str) -> ErrorResponse:
    return ErrorResponse(
        Reply(400, encode_json({"error": error, "error_description": description}))
    )
