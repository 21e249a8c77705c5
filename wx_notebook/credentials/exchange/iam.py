"""IBM Cloud IAM, and the account IAM of AWS regions and GovCloud: an API key becomes a token.

Sources: IBM Cloud docs, "Generating an IBM Cloud IAM token by using an API key"; for trusted
profiles `ibm-cloud-sdk-core` 3.28.0 (`iam_assume_token_manager.py`), which sends the token in the
form. (`ibm-watsonx-ai` writes it into the query instead; a token in a URL ends up in logs.) For the
account IAM `ibm-watsonx-ai` 1.8.1 (`aws_auth.py`) and IBM's Node SDK 1.7.14: both sides speak JSON,
and only `token` of the reply is documented. The account IAM was never reached in a test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from wx_notebook.credentials.exchange.token_exchange import (
    JSON_TYPE,
    DeferredBody,
    TokenErrorResponse,
    TokenExchange,
    request_token,
)
from wx_notebook.credentials.parsing.pasted import WHERE_KEYS_ARE_MADE
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError
from wx_notebook.transport import HttpRequest, Transport

PATH = "/identity/token"
_API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_ASSUME_GRANT = "urn:ibm:params:oauth:grant-type:assume"
#: Characters of an IBM Cloud key, by the detectors of detect-secrets and trufflehog.
_KEY_LENGTH = 44
_CREATE_HINT = f"Create a new key at {WHERE_KEYS_ARE_MADE}."
_COPY_HINT = f"Copy it again, or create a new key at {WHERE_KEYS_ARE_MADE}."
_ACCOUNT_IAM = "The account IAM"


def exchange_api_key(
    transport: Transport, iam_url: str, key: Secret, *, clock: Callable[[], float]
) -> Token:
    """Exchange an IBM Cloud API key for an access token.

    The lifetime is `expires_in` in seconds, counted by `clock` from before the request, so a wrong
    wall clock on either side does no harm. It is an hour at most; an account can set it lower.

    Raises
    ------
    KeyRefused
        IAM does not know the key (BXNIM0415E), or refuses it for one of `_REFUSALS`.
    ServiceDown
        IAM can't be reached, fails, or answers without a token.
    Interrupted
        The user stopped it.
    """
    transport.hide(key)

    def on_error(response: TokenErrorResponse) -> WatsonxError:
        if not response.is_final:
            return _unavailable(f"IAM at {iam_url}", response.quote("IAM"))
        return _refused_key(response, len(key.reveal()))

    form = DeferredBody(lambda: urlencode({"grant_type": _API_KEY_GRANT, "apikey": key.reveal()}))
    request = HttpRequest("POST", iam_url + PATH, auth=form)
    exchange = TokenExchange(request, ("access_token",), "IAM", on_error, needs_lifetime=True)
    return request_token(transport, exchange, clock)


class _Refusal(NamedTuple):
    """One of IAM's own reasons, by its codes or by words of its message."""

    codes: tuple[str, ...]
    words: str
    message: str
    hint: str


#: Codes: those that IBM's documents, IBM's public sources and recorded answers name
#: (`watsonx-api.md` §1.2; "User login from given IP address is not permitted" and BXNIM0430E in IBM
#: Cloud Kubernetes Service's docs; BXNIM0410E and BXNIM0436E in IBM Key Protect's and a Kubernetes
#: client's sources). Where no public source has the code, the words of the message decide.
_REFUSALS = (
    _Refusal(
        ("BXNIM0420E", "BXNIM0462E"),
        r"api key.{0,40}\bdisabled\b",
        "The API key is disabled.",
        f"Enable it at {WHERE_KEYS_ARE_MADE} (Actions > Enable), or create a new one there.",
    ),
    _Refusal(
        (),
        r"api key.{0,40}\block(?:ed)?\b",
        "The API key is locked.",
        f"Unlock it at {WHERE_KEYS_ARE_MADE} (Actions > Unlock), or ask its owner to do so.",
    ),
    _Refusal(
        (),
        r"api key.{0,40}\b(?:expired|leaked|revoked|deleted)\b",
        "The API key has expired, or was revoked.",
        _CREATE_HINT,
    ),
    _Refusal(
        ("BXNIM0430E",),
        r"\bip\b.{0,60}\b(?:not (?:permitted|allowed)|restrict|denied)|"
        r"(?:not (?:permitted|allowed)|restrict|denied).{0,60}\bip\b",
        "IBM Cloud does not allow this key from the IP address of this machine.",
        "Add the address at cloud.ibm.com > Manage > Access (IAM) > Settings, and for your user at "
        "Users > your name > Allowed IP addresses; or connect from an allowed network.",
    ),
    _Refusal(
        ("BXNIM0410E", "BXNIM0436E", "BXNIM0434E"),
        r"\buser\b.{0,60}\b(?:disabled|suspended|not active|inactive|not found|blocked|locked|"
        r"invalid)\b",
        "The user of the API key is disabled, suspended, or no longer in the account.",
        "Ask the owner of the account to enable the user: cloud.ibm.com > Manage > Access (IAM) > "
        "Users. Or use the key of an active user.",
    ),
    _Refusal(
        (),
        r"account.{0,40}\b(?:locked|suspended|deactivated|disabled|cancell?ed)\b",
        "The account of the API key is locked or not active.",
        "Ask the owner of the account, or IBM Cloud support: cloud.ibm.com > Manage > Account.",
    ),
    _Refusal(
        ("BXNIM0141E",),
        r"not (?:a )?member of",
        "The user of the API key is not a member of the account.",
        "Ask the owner of the account for an invitation: cloud.ibm.com > Manage > Access (IAM) > "
        "Users.",
    ),
    _Refusal(
        ("BXNIM0513E", "BXNIM0501E", "BXNIM0515E"),
        r"service ?id.{0,80}\b(?:not|no|deleted|disabled|denied)\b|not authori[sz]ed|"
        r"no (?:access|permission|polic)|insufficient",
        "The API key may not be used for this: its user or service ID has no rights here.",
        "Ask for access to watsonx.ai: cloud.ibm.com > Manage > Access (IAM) > Service IDs (or "
        "Users) > Access policies.",
    ),
)


def _refused_key(response: TokenErrorResponse, key_length: int) -> KeyRefused:
    quote = response.quote("IAM")
    if response.code != "BXNIM0415E":
        said = f"{response.message} {response.details}".lower()
        by_code = (one for one in _REFUSALS if response.code in one.codes)
        by_words = (one for one in _REFUSALS if re.search(one.words, said))
        if reason := next(by_code, None) or next(by_words, None):
            return KeyRefused(f"{reason.message}\n{quote}", hint=reason.hint)
        return KeyRefused(f"IBM Cloud did not accept the API key.\n{quote}", hint=_COPY_HINT)
    message = "IBM Cloud does not know this API key."
    if key_length == _KEY_LENGTH:
        return KeyRefused(f"{message}\n{quote}", hint=_COPY_HINT)
    # the format of other keys is not documented: their length is the best clue
    return KeyRefused(
        f"{message} (Its keys have {_KEY_LENGTH} characters, this one has {key_length}.)\n{quote}",
        hint="If it is the key of an AWS region or a cluster, give that region, or "
        f"kind='software'. {_CREATE_HINT}",
    )


def assume_profile(
    transport: Transport,
    iam_url: str,
    token: Token,
    trusted_profile_id: str,
    *,
    clock: Callable[[], float],
) -> Token:
    """Exchange the token of a user for one of the trusted profile that the user assumes.

    Raises
    ------
    KeyRefused
        The profile is unknown, or this user may not assume it.
    ServiceDown, Interrupted
        As `exchange_api_key`.
    """

    def on_error(response: TokenErrorResponse) -> WatsonxError:
        quote = response.quote("IAM")
        if not response.is_final:
            return _unavailable(f"IAM at {iam_url}", quote)
        return KeyRefused(
            f"IBM Cloud did not let this user assume the trusted profile {trusted_profile_id}.\n"
            f"{quote}",
            hint="Check its ID and who may assume it: cloud.ibm.com > Manage > Access (IAM) > "
            "Trusted profiles.",
        )

    fields = {"grant_type": _ASSUME_GRANT, "profile_id": trusted_profile_id}
    form = DeferredBody(lambda: urlencode(fields | {"access_token": token.value.reveal()}))
    request = HttpRequest("POST", iam_url + PATH, auth=form)
    exchange = TokenExchange(request, ("access_token",), "IAM", on_error, needs_lifetime=True)
    return request_token(transport, exchange, clock)


def exchange_account_key(
    transport: Transport, iam_url: str, path: str, key: Secret, *, clock: Callable[[], float]
) -> Token:
    """Exchange an API key of an AWS region or GovCloud for an access token.

    The lifetime is `expires_in` if the reply has it, else `exp` minus `iat` of the token.

    Raises
    ------
    KeyRefused
        The account IAM does not accept the key.
    ServiceDown, Interrupted
        As `exchange_api_key`.
    """
    transport.hide(key)

    def on_error(response: TokenErrorResponse) -> WatsonxError:
        quote = response.quote(_ACCOUNT_IAM)
        if not response.is_final:
            return _unavailable(f"{_ACCOUNT_IAM} at {iam_url}", quote)
        return KeyRefused(
            f"The account IAM of AWS regions and GovCloud did not accept the API key.\n{quote}",
            hint="An IBM Cloud key is not valid in an AWS region: give a key of this account, or "
            "a region of IBM Cloud (us-south, eu-de, ...).",
        )

    body = DeferredBody(lambda: json.dumps({"apikey": key.reveal()}), content_type=JSON_TYPE)
    request = HttpRequest("POST", iam_url + path, auth=body)
    exchange = TokenExchange(request, ("token",), _ACCOUNT_IAM, on_error)
    return request_token(transport, exchange, clock)


def _unavailable(service: str, quote: str) -> ServiceDown:
    return ServiceDown(
        f"{service} can't issue tokens at the moment.\n{quote}", hint="Try again in a minute."
    )
