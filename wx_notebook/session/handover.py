"""From a session to other people's clients, in one word.

The room `interop` lies below this one, so nothing of it is imported here: it is found by its name
when somebody asks for it, and brings the other library along only then.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ROOM = "wx_notebook.interop"


class HandsOver:
    """The shorthand of a session for the functions of `wx_notebook.interop`; see there."""

    def sdk_credentials(self) -> Any:  # noqa: ANN401  # a type of another library, as all here
        """Return an `ibm_watsonx_ai.Credentials` that asks this session for its tokens."""
        return import_module(_ROOM).sdk_credentials(self)

    def api_client(self, **options: Any) -> Any:  # noqa: ANN401
        """Return an `ibm_watsonx_ai.APIClient` that outlives its tokens."""
        return import_module(_ROOM).api_client(self, **options)

    def chat_model(self, model: str = "", **options: Any) -> Any:  # noqa: ANN401
        """Return langchain-ibm's `ChatWatsonx` for a model, by default the session's."""
        return import_module(_ROOM).chat_model(self, model, **options)

    def openai_client(self, **options: Any) -> Any:  # noqa: ANN401
        """Return an `openai.OpenAI` on the model gateway."""
        return import_module(_ROOM).openai_client(self, **options)
