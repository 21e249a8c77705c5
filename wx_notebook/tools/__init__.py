"""Functions of the notebook that a model may call.

A prompt with tools goes the way of every prompt. Its request says which tools there are; when the
answer calls some, they are shown, asked for and run, and the request is sent again with what they
returned. Nothing here is imported before a tool is used.
"""

from __future__ import annotations

from wx_notebook.tools.mcp_connection import McpServer
from wx_notebook.tools.reporting import Reporter, TextReporter
from wx_notebook.tools.toolset import ToolSet, with_tools
from wx_notebook.tools.values import Tool, tool_of

__all__ = ["McpServer", "Reporter", "TextReporter", "Tool", "ToolSet", "tool_of", "with_tools"]
