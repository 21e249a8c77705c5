"""Conversations: prompts that are sent together with the turns before them.

`%%watsonx --chat` and `Chat.ask` go the way of every prompt: a chat adds the earlier turns to the
messages, and keeps the answer as its next turn. Nothing here is imported before a chat is used.
"""

from __future__ import annotations

from wx_notebook.chats.conversation import Chat
from wx_notebook.chats.prompt import ChatPrompt
from wx_notebook.chats.registry import chat, chats, unreadable_chats
from wx_notebook.chats.turns import Turn

__all__ = ["Chat", "ChatPrompt", "Turn", "chat", "chats", "unreadable_chats"]
