"""text/tokenization: how many tokens a text is for a model. Nothing is generated or billed.

Facts of the wire: `TokenizationService` of IBM's Java SDK.
"""

from __future__ import annotations

from wx_notebook.errors import ServiceDown
from wx_notebook.service.client import Service
from wx_notebook.service.request import Request, Scope

_PATH = "/ml/v1/text/tokenization"


def count_tokens(service: Service, text: str, *, model_id: str, scope: Scope) -> int:
    """Return how many tokens `text` is for `model_id`.

    Raises
    ------
    WatsonxError
        The service cannot be asked, or does not know the model.
    """
    body = {"model_id": model_id, "input": text, **scope.as_body()}
    document = service.document(Request(_PATH, body=body))
    result = document.get("result")
    count = result.get("token_count") if isinstance(result, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ServiceDown("The service gave no number of tokens.", hint="Run it again.")
    return count
