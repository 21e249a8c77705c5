"""The watsonx.ai HTTP API: one module a capability."""

from wx_notebook.service.answer_end import UNKNOWN_END
from wx_notebook.service.call_fragments import CallFragment
from wx_notebook.service.chat import chat_request
from wx_notebook.service.client import Service
from wx_notebook.service.deltas import AnswerDelta, TokenDetails, Usage
from wx_notebook.service.generation import generation_request
from wx_notebook.service.models import Listing, Model, count_tokens, default_model, listing, models
from wx_notebook.service.project import Project, no_runtime_error, projects, spaces
from wx_notebook.service.reasoning import ReasoningSplitter, Split
from wx_notebook.service.region_search import (
    AccountProjects,
    ProjectLocation,
    account_projects,
    add_location,
    find_elsewhere,
    find_project,
)
from wx_notebook.service.request import (
    PictureFacts,
    Prompt,
    Request,
    Scope,
    continuation_request,
)
from wx_notebook.service.surrogates import SurrogateJoiner, whole_characters

__all__ = [
    "UNKNOWN_END",
    "AccountProjects",
    "AnswerDelta",
    "CallFragment",
    "Listing",
    "Model",
    "PictureFacts",
    "Project",
    "ProjectLocation",
    "Prompt",
    "ReasoningSplitter",
    "Request",
    "Scope",
    "Service",
    "Split",
    "SurrogateJoiner",
    "TokenDetails",
    "Usage",
    "account_projects",
    "add_location",
    "chat_request",
    "continuation_request",
    "count_tokens",
    "default_model",
    "find_elsewhere",
    "find_project",
    "generation_request",
    "listing",
    "models",
    "no_runtime_error",
    "projects",
    "spaces",
    "whole_characters",
]
