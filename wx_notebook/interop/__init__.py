"""Hand-over: the session as what other libraries call a client, and prompts as programs.

Each function takes a session, or the current one. What it returns goes on as long as the session
does: past a token's end, and after a revocation. None of it holds the key.

===================  ===========================================================================
`sdk_credentials`    `ibm_watsonx_ai.Credentials`: they hold a function that asks the session
`api_client`         `ibm_watsonx_ai.APIClient`: the same, and the newest token as text
`chat_model`         langchain-ibm's `ChatWatsonx`: holds an `APIClient`
`openai_client`      `openai.OpenAI` on the model gateway: holds neither key nor token
===================  ===========================================================================

A token that the SDK holds is good for an hour at most; `vars()` shows it, as it shows all that the
SDK holds.
"""

from __future__ import annotations

from wx_notebook.interop.gateway import openai_client
from wx_notebook.interop.langchain import chat_model
from wx_notebook.interop.programs import TARGETS, program
from wx_notebook.interop.sdk import api_client, sdk_credentials

__all__ = ["TARGETS", "api_client", "chat_model", "openai_client", "program", "sdk_credentials"]
