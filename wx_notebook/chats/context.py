"""Which turns fit into the context of a model."""

from __future__ import annotations

from wx_notebook.chats.turns import Branch
from wx_notebook.templates import estimate_tokens

#: Tokens that a chat template puts around each message (rough: three to six).
_PER_MESSAGE = 6


def estimate_turns(turns: Branch) -> int:
    """Return about how many tokens these turns take in a request."""
    texts = [text for turn in turns for text in (turn.prompt, turn.answer)]
    return sum(map(_message_tokens, texts))


def newest_that_fit(turns: Branch, texts: tuple[str, ...], limit: int) -> Branch:
    """Return the newest turns that fit beside `texts` into so many tokens; the oldest go first.

    Parameters
    ----------
    turns
        The earlier turns.
    texts
        What is sent in any case: the system message and the prompt.
    limit
        Tokens of the whole request.
    """
    room = limit - sum(map(_message_tokens, texts))
    first = len(turns)
    while first > 0:
        room -= estimate_turns(turns[first - 1 : first])
        if room < 0:
            break
        first -= 1
    return turns[first:]


def _message_tokens(text: str) -> int:
    return estimate_tokens(text) + _PER_MESSAGE if text else 0
