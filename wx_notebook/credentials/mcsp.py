"""The account IAM of AWS regions and GovCloud: an API key in exchange for a token, both in JSON.

Source: `ibm-watsonx-ai` 1.8.1 (`aws_auth.py`) and IBM's Node SDK 1.7.14; of the reply only `token`
is public. Not seen against the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from wx_notebook.credentials.asking import Question, Refusal, Written, ask
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError, unframed
from wx_notebook.transport import Call, Transport

_WHO = "The account IAM"


def exchange(
    transport: Transport, iam_url: str, path: str, key: Secret, *, clock: Callable[[], float]
) -> Token:
    """Exchange an API key of an AWS region or GovCloud for an access token.

    Its life is `expires_in` where the reply has it, else the token's own `exp` less its `iat`.

    Raises
    ------
    KeyRefused
        The account IAM does not accept the key.
    ServiceDown
        It cannot be reached, fails, or answers with something that is no token.
    Interrupted
        The user stopped it.
    """
    transport.hide(key)

    def refused(refusal: Refusal) -> WatsonxError:
        quote = refusal.quote(_WHO)
        if refusal.is_final:
            return KeyRefused(
                f"The account IAM of AWS regions and GovCloud did not accept the API key.\n{quote}",
                hint="A key of IBM Cloud opens no AWS region: give one that was made for this "
                "account, or a region of IBM Cloud (us-south, eu-de, ...).",
            )
        return ServiceDown(
            f"{_WHO} at {iam_url} does not issue tokens at the moment.\n{quote}",
            hint="Run it again in a minute.",
        )

    body = Written(lambda: json.dumps({"apikey": key.reveal()}), content_type="application/json")
    question = Question(Call("POST", iam_url + path, auth=body), ("token",), _WHO, refused)
    return unframed(lambda: ask(transport, question, clock), "Stopped while a token was asked for.")
