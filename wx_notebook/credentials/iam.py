"""IBM Cloud IAM: an API key in exchange for an access token, and that one for a trusted profile's.

Sources: IBM Cloud docs, "Generating an IBM Cloud IAM token by using an API key"; for the profile
`ibm-cloud-sdk-core` 3.28.0 (`iam_assume_token_manager.py`), which sends the token in the form.
(`ibm-watsonx-ai` writes it into the query instead; a token in a URL ends up in logs.)
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from wx_notebook.credentials.asking import Question, Refusal, Written, ask
from wx_notebook.credentials.checks import WHERE_KEYS_ARE_MADE
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError, unframed
from wx_notebook.transport import Call, Transport

PATH = "/identity/token"
_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_ASSUME = "urn:ibm:params:oauth:grant-type:assume"
#: detect-secrets' and trufflehog's detectors of IBM Cloud keys.
_LENGTH = 44
_STOPPED = "Stopped while IAM was asked for a token."


def exchange(
    transport: Transport, iam_url: str, key: Secret, *, clock: Callable[[], float]
) -> Token:
    """Exchange an API key for an access token.

    The lifetime is `expires_in`, in seconds, counted by `clock` from before the request: a wrong
    wall clock on either side does no harm. An hour at most; an account can lower it.

    Raises
    ------
    KeyRefused
        IAM does not know the key (BXNIM0415E), or it is disabled (BXNIM0420E).
    ServiceDown
        IAM cannot be reached, fails, or answers with something that is no token.
    Interrupted
        The user stopped it.
    """
    transport.hide(key)

    def refused(refusal: Refusal) -> WatsonxError:
        if not refusal.is_final:
            return _down(iam_url, refusal)
        quote = refusal.quote("IAM")
        if refusal.code == "BXNIM0420E":
            return KeyRefused(f"The API key is disabled.\n{quote}", hint=_MAKE_ONE)
        if refusal.code != "BXNIM0415E":
            return KeyRefused(f"IBM Cloud did not accept the API key.\n{quote}", hint=_MAKE_ONE)
        what = "IBM Cloud does not know this API key."
        if len(key.reveal()) != _LENGTH:
            # nothing else says so: where the form of other keys is not public, length tells most
            what += f" (Its keys have {_LENGTH} characters, this one has {len(key.reveal())}.)"
            return KeyRefused(
                f"{what}\n{quote}",
                hint="A key of an AWS region or a cluster? Give that region, or kind='software'. "
                f"{_MAKE_ONE}",
            )
        return KeyRefused(f"{what}\n{quote}", hint=_COPY_IT)

    form = Written(lambda: urlencode({"grant_type": _GRANT, "apikey": key.reveal()}))
    call = Call("POST", iam_url + PATH, auth=form)
    question = Question(call, ("access_token",), "IAM", refused, says_its_life=True)
    return unframed(lambda: ask(transport, question, clock), _STOPPED)


def assume(
    transport: Transport,
    iam_url: str,
    token: Token,
    trusted_profile_id: str,
    *,
    clock: Callable[[], float],
) -> Token:
    """Exchange a user's token for one of the trusted profile that the user takes on.

    Raises
    ------
    KeyRefused
        The profile is unknown, or this user may not take it on.
    ServiceDown, Interrupted
        As `exchange`.
    """

    def refused(refusal: Refusal) -> WatsonxError:
        if not refusal.is_final:
            return _down(iam_url, refusal)
        return KeyRefused(
            f"IBM Cloud did not let this user take on the trusted profile {trusted_profile_id}.\n"
            f"{refusal.quote('IAM')}",
            hint="Check its ID and who may assume it: cloud.ibm.com > Manage > Access (IAM) > "
            "Trusted profiles.",
        )

    fields = {"grant_type": _ASSUME, "profile_id": trusted_profile_id}
    form = Written(lambda: urlencode(fields | {"access_token": token.value.reveal()}))
    call = Call("POST", iam_url + PATH, auth=form)
    question = Question(call, ("access_token",), "IAM", refused, says_its_life=True)
    return unframed(lambda: ask(transport, question, clock), _STOPPED)


_MAKE_ONE = f"Make a new one at {WHERE_KEYS_ARE_MADE}."
_COPY_IT = f"Copy it once more, or make a new one at {WHERE_KEYS_ARE_MADE}."


def _down(iam_url: str, refusal: Refusal) -> ServiceDown:
    return ServiceDown(
        f"IAM at {iam_url} does not issue tokens at the moment.\n{refusal.quote('IAM')}",
        hint="Run it again in a minute.",
    )
