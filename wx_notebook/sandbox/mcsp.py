"""The account IAM of AWS regions and GovCloud: an API key in exchange for a token, both in JSON."""

from __future__ import annotations

from wx_notebook.sandbox.account import Account
from wx_notebook.sandbox.iam import check_key
from wx_notebook.sandbox.replies import iam_refusal, ok
from wx_notebook.sandbox.tokens import Tokens
from wx_notebook.sandbox.wire import Reply, Request, json_object


class AccountIam:
    """Signs in whoever has the key of `account`.

    Clients read `token` alone; the other fields of the reply and the documents of its refusals
    are not public. These have the form that a test of IBM's SDK core gives them.
    """

    def __init__(self, account: Account, tokens: Tokens) -> None:
        self._account = account
        self._tokens = tokens

    def answer(self, request: Request) -> Reply:
        """Answer `POST /api/2.0/apikeys/token`, and the same of GovCloud.

        Raises
        ------
        Refused
            400 or 405 with an error document like IAM's.
        """
        if request.method != "POST":
            details = f"HTTP 405: {request.method} is not allowed here."
            raise iam_refusal(405, "BXNIM0060E", "Method not allowed.", details)
        body = json_object(request.body)
        if body is None:
            details = "the body must be a JSON object"
            raise iam_refusal(400, "BXNIM0109E", "Property missing or empty.", details)
        key = body.get("apikey")
        if not isinstance(key, str) or not key:
            raise iam_refusal(400, "BXNIM0109E", "Property missing or empty.", "apikey")
        check_key(self._account, key)
        issued = self._tokens.issue(self._claims())
        return ok(
            {"token": issued.token, "token_type": "Bearer", "expires_in": issued.lifetime_s},
        )

    def admit(self, request: Request) -> str:
        """Return the token that `request` carries, or refuse it."""
        return self._tokens.admit(request)

    def issue_token(self, lifetime_s: float | None) -> str:
        """Return a token of the user."""
        return self._tokens.issue(self._claims(), lifetime_s).token

    def _claims(self) -> dict[str, object]:
        return {"iss": "sandbox-account-iam", "sub": self._account.user_id}
