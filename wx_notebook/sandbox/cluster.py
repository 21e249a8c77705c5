"""IBM watsonx.ai software on a cluster: the ways in, and its version."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from wx_notebook.sandbox import paths
from wx_notebook.sandbox.account import Account, Standing
from wx_notebook.sandbox.replies import ok
from wx_notebook.sandbox.tokens import Tokens, not_valid
from wx_notebook.sandbox.wire import Refused, Reply, Request, encode, json_object

VERSION = "5.3.0"
_METHODS = {paths.VALIDATE: "GET", paths.CLUSTER_VERSION: "GET"}


class Cluster:
    """Signs in whoever has the password or the key of the user of `account`.

    What it answers to a sign-in that fails is not public: 401 with a sentence in JSON here, and
    what OAuth (RFC 6749, 5.2) says where the cluster's own IAM answers.
    """

    def __init__(self, account: Account, tokens: Tokens) -> None:
        self._account = account
        self._tokens = tokens

    def answer(self, request: Request) -> Reply:
        """Answer a sign-in, or the question for the version.

        Raises
        ------
        Refused
            400, 401 or 405 with a sentence in JSON.
        """
        method = _METHODS.get(request.path, "POST")
        if request.method != method:
            raise _refusal(405, f"{request.method} is not allowed here, {method} is.")
        if request.path == paths.AUTHORIZE:
            return self._authorize(request)
        if request.path == paths.CLUSTER_IDENTITY:
            return self._identity_token(request)
        if request.path == paths.VALIDATE:
            return self._validate(request)
        return ok({"version": VERSION})

    def admit(self, request: Request) -> str:
        """Return the token that `request` carries, or its `ZenApiKey`; refuse it without either."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "zenapikey":
            return self._tokens.admit(request)
        try:
            user, _, key = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise not_valid() from None
        if not (self._account.knows_user(user) and self._knows_key(key)):
            raise not_valid()
        return rest.strip()

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._tokens.issue(self._claims(), lifetime_s).token

    def _authorize(self, request: Request) -> Reply:
        body = json_object(request.body)
        if body is None:
            raise _refusal(400, "The body must be a JSON object.")
        # IBM's SDK core sends all the keys, null where it has nothing
        given = {name: body.get(name) for name in ("username", "password", "api_key")}
        texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
        if any(value is not None and not isinstance(value, str) for value in given.values()):
            raise _refusal(400, "'username', 'password' and 'api_key' are strings or null.")
        if "username" not in texts or len(texts) == 1:
            raise _refusal(400, "'username' is required, and 'password' or 'api_key' with it.")
        if not (
            self._account.knows_user(texts["username"])
            and ("password" not in texts or self._account.knows_password(texts["password"]))
            and ("api_key" not in texts or self._knows_key(texts["api_key"]))
        ):
            raise _refusal(401, "The user name, password or API key is not valid.")
        token = self._tokens.issue(self._claims()).token
        return ok({"_messageCode_": "200", "message": "Success", "token": token})

    def _identity_token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode("utf-8", "replace"))
        given = {name: values[0] for name, values in form.items()}
        for name in ("grant_type", "username", "password", "scope"):
            if name not in given:
                raise _oauth_refusal("invalid_request", f"'{name}' is missing.")
        if given["grant_type"] != "password":
            raise _oauth_refusal("unsupported_grant_type", "'grant_type' must be 'password' here.")
        if "openid" not in given["scope"].split():
            raise _oauth_refusal("invalid_scope", "'scope' must be 'openid'.")
        if not (
            self._account.knows_user(given["username"])
            and self._account.knows_password(given["password"])
        ):
            raise _oauth_refusal("invalid_grant", "The user name or password is not valid.")
        issued = self._tokens.issue_identity()
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
            raise _refusal(400, "The headers 'username' and 'iam-token' are required.")
        standing = self._account.identity_tokens.standing(token)
        if not self._account.knows_user(user) or standing is not Standing.GOOD:
            raise _refusal(401, "The IAM token is not valid for this user, or has expired.")
        claims = self._claims()
        access_token = self._tokens.issue(claims).token
        done = {"_messageCode_": "success", "message": "success"}
        return ok({"accessToken": access_token, **claims, **done})

    def _knows_key(self, key: str) -> bool:
        return self._account.key_standing(key) is Standing.GOOD

    def _claims(self) -> dict[str, object]:
        return {
            "username": self._account.username,
            "role": "Admin",
            "permissions": ["administrator", "can_provision"],
            "sub": self._account.username,
            "iss": "KNOXSSO",
            "aud": "DSX",
            "uid": "1000330999",
        }


def _refusal(status: int, message: str) -> Refused:
    return Refused(Reply(status, encode({"_messageCode_": str(status), "message": message})))


def _oauth_refusal(error: str, description: str) -> Refused:
    return Refused(Reply(400, encode({"error": error, "error_description": description})))
