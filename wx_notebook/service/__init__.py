"""The watsonx.ai HTTP API: one module a capability."""

from wx_notebook.service.chat import chat_events, chat_reply, chat_request
from wx_notebook.service.client import Service
from wx_notebook.service.containers import Project
from wx_notebook.service.continuing import continuation
from wx_notebook.service.elsewhere import Place, found_elsewhere, located
from wx_notebook.service.everywhere import Everywhere, everywhere
from wx_notebook.service.generation import generation_events, generation_reply, generation_request
from wx_notebook.service.models import Listing, Model, default_model, listing, models
from wx_notebook.service.pieces import Piece, Usage, cut
from wx_notebook.service.projects import project, projects, spaces, without_runtime
from wx_notebook.service.request import Prompt, Request, Scope
from wx_notebook.service.thinking import apart
from wx_notebook.service.tokenization import count_tokens

__all__ = [
    "Everywhere",
    "Listing",
    "Model",
    "Piece",
    "Place",
    "Project",
    "Prompt",
    "Request",
    "Scope",
    "Service",
    "Usage",
    "apart",
    "chat_events",
    "chat_reply",
    "chat_request",
    "continuation",
    "count_tokens",
    "cut",
    "default_model",
    "everywhere",
    "found_elsewhere",
    "generation_events",
    "generation_reply",
    "generation_request",
    "listing",
    "located",
    "models",
    "project",
    "projects",
    "spaces",
    "without_runtime",
]
