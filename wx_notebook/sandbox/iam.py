"""IBM Cloud IAM: one API key, exchanged for tokens that die."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs

from wx_notebook.sandbox.replies import iam_refusal, ok, refusal
from wx_notebook.sandbox.wire import Refused, Reply, Request

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
#: 33 random bytes make the 44 characters of an IBM Cloud API key (detect-secrets' IBM detector).
_KEY_BYTES = 33


class Iam:
    """Holds the key and remembers every token.

    Parameters
    ----------
    lifetime_s
        Seconds for which a token is good.
    clock
        Seconds that never go backwards; decides when a token has expired.
    wall_clock
        Epoch seconds, for what tokens say of themselves.
    """

    def __init__(
        self, lifetime_s: float, clock: Callable[[], float], wall_clock: Callable[[], float]
    ) -> None:
        self.api_key = secrets.token_urlsafe(_KEY_BYTES)
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._account = secrets.token_hex(16)
        self._user = f"IBMid-{secrets.token_hex(5).upper()}"
        self._expires_at: dict[str, float] = {}
        self._enabled = True
        self._lock = threading.Lock()

    def disable_key(self) -> None:
        """Refuse the key from now on; tokens that are out stay good, as at IBM Cloud."""
        with self._lock:
            self._enabled = False

    def revoke_tokens(self) -> None:
        """Forget every token: they are no longer valid, which is not the same as expired."""
        with self._lock:
            self._expires_at.clear()

    def exchange(self, request: Request) -> Reply:
        """Answer `POST /identity/token`.

        The Basic header that IBM's Python SDK sends (`bx:bx`) is as welcome as none; fields that
        others add (`response_type`, `scope`) are not read.

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
        if not grant:
            raise _missing("grant_type")
        if grant != GRANT:
            # no public source shows IAM's own code for a grant that it does not know
            raise _missing("grant_type", f" must be {GRANT} here")
        if not key:
            raise _missing("apikey")
        if not hmac.compare_digest(key.encode(), self.api_key.encode()):
            raise iam_refusal(400, "BXNIM0415E", "Provided API key could not be found.")
        with self._lock:
            if not self._enabled:
                raise iam_refusal(400, "BXNIM0420E", "Provided API key is disabled.")
            return ok(self._issue())

    def admit(self, request: Request) -> str:
        """Return the token that `request` carries, if it is good.

        Raises
        ------
        Refused
            401 with an error document of watsonx.ai.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        with self._lock:
            expires_at = self._expires_at.get(token) if scheme.lower() == "bearer" else None
        if expires_at is None:
            raise refusal(
                401,
                "authentication_token_not_valid",
                "Failed to authenticate the request: the token is missing or not valid.",
                target=("header", "Authorization"),
            )
        if self._clock() >= expires_at:
            raise expired()
        return token

    def expire(self, token: str) -> None:
        """End the life of `token` now."""
        with self._lock:
            if token in self._expires_at:
                self._expires_at[token] = float("-inf")

    def _issue(self) -> dict[str, object]:
        issued_at = int(self._wall_clock())
        expiration = issued_at + int(self._lifetime_s)
        token = _jwt(self._claims(issued_at, expiration))
        self._expires_at[token] = self._clock() + self._lifetime_s
        return {
            "access_token": token,
            "refresh_token": "not_supported",
            "ims_user_id": 1234567,
            "token_type": "Bearer",
            "expires_in": int(self._lifetime_s),
            "expiration": expiration,
            "scope": "ibm openid",
        }

    def _claims(self, issued_at: int, expiration: int) -> dict[str, object]:
        return {
            "iam_id": self._user,
            "id": self._user,
            "realmid": "IBMid",
            "jti": str(uuid.uuid4()),
            "identifier": self._user.partition("-")[2],
            "given_name": "Sandbox",
            "family_name": "User",
            "name": "Sandbox User",
            "email": "sandbox.user@example.com",
            "sub": "sandbox.user@example.com",
            "account": {"valid": True, "bss": self._account},
            "iat": issued_at,
            "exp": expiration,
            "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": GRANT,
            "scope": "ibm openid",
            "client_id": "default",
            "acr": 1,
            "amr": ["pwd"],
        }


def expired() -> Refused:
    """Return the refusal of a token that was good once."""
    return refusal(
        401,
        "authentication_token_expired",
        "Failed to authenticate the request: the token has expired.",
        target=("header", "Authorization"),
    )


def _missing(name: str, more: str = "") -> Refused:
    return iam_refusal(400, "BXNIM0109E", "Property missing or empty.", f"{name}{more}")


def _jwt(claims: dict[str, object]) -> str:
    header = {"kid": "20260101-0000-sandbox", "alg": "RS256"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    # random bytes of RS256's length: only IBM's private key could sign, the sandbox finds a token
    # in its own books, and no client checks (IBM's Python SDK and SDK core decode without a key)
    parts.append(secrets.token_bytes(256))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
