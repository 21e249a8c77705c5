"""Interoperability: a session as the client of another library, and prompts as programs.

Each function takes a session, by default the current one. What it returns stays signed in as long
as the session does: after a token expires, and after it is revoked. No client contains the key.

===================  ===========================================================================
`sdk_credentials`    `ibm_watsonx_ai.Credentials`: they contain a function that asks the session
`api_client`         `ibm_watsonx_ai.APIClient`: the same, and the newest token as text
`chat_model`         langchain-ibm's `ChatWatsonx`: contains an `APIClient`
`openai_client`      `openai.OpenAI` on the model gateway: contains neither key nor token
===================  ===========================================================================

A token in the SDK's client works for an hour at most. `vars()` shows it, as it shows everything
else in that client.
"""

from __future__ import annotations

from wx_notebook.interop.clients import api_client, chat_model, openai_client, sdk_credentials
from wx_notebook.interop.program_spec import TARGETS
from wx_notebook.interop.programs import program

__all__ = ["TARGETS", "api_client", "chat_model", "openai_client", "program", "sdk_credentials"]
