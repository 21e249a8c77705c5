"""A prompt with the turns before it: what is sent, and what becomes of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from wx_notebook.chats.context import estimate_turns, newest_that_fit
from wx_notebook.chats.turns import Branch, Turn
from wx_notebook.options import Options

if TYPE_CHECKING:
    from wx_notebook.answer import Answer
    from wx_notebook.service import Prompt, Request
    from wx_notebook.session import Session

#: Takes a turn, the shorter form of it that it replaces, and the turn that a cell made before.
PutTurn: TypeAlias = Callable[[Turn, Turn | None, Turn | None], None]
#: A conversation below so many tokens fits into every model: no list of models is requested.
_FITS_ANYWHERE = 2_000


class ChatPrompt(NamedTuple):
    """A prompt with the turns before it, ready to be sent.

    Attributes
    ----------
    request
        What is sent; its answer becomes the next turn.
    turns
        The earlier turns in it.
    system
        The system message in it, "" for none.
    note
        The chat, the number of earlier turns, and their tokens, in one line.
    news
        What should be said before it is sent: that turns do not fit into the context of the model,
        that they come from a file, or that the last one could not be kept; "" otherwise.
    """

    request: Request
    turns: Branch
    system: str
    note: str
    news: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Both lines, without an empty one."""
        return tuple(filter(None, (self.news, self.note)))

    def with_news(self, news: str) -> ChatPrompt:
        """Return it with something more to be said before it is sent."""
        return self._replace(news="; ".join(filter(None, (news, self.news))))


def compose(
    title: str,
    earlier: Branch,
    prompt: str,
    options: Options,
    build: Callable[[Prompt, Options], Request],
    context_of: Callable[[str], int],
) -> ChatPrompt:
    """Return a prompt with the newest of the earlier turns that fit into the model's context.

    Parameters
    ----------
    title
        What messages call the chat.
    build
        Makes the request for messages.
    context_of
        Returns how many tokens a model takes, 0 if that is not known: nothing is left out then.
    """
    if options.system is None and options.deployment is None and earlier:
        options = replace(options, system=earlier[-1].system or None)
    system = options.system or ""

    def request_with(turns: Branch) -> Request:
        messages = [message for turn in turns for message in turn.messages]
        # an empty text is refused as a text
        following = [*messages, {"role": "user", "content": prompt}]
        return build(following if prompt.strip() else prompt, options)

    request, sent = request_with(earlier), earlier
    if estimate_turns(earlier) > _FITS_ANYWHERE and (most := context_of(request.model_id)):
        sent = newest_that_fit(earlier, (system, prompt), most - options.max_tokens)
    if sent != earlier:
        request = request_with(sent)
    left_out = _left_out(len(earlier) - len(sent), request.model_id)
    return ChatPrompt(
        request, sent, system, f"{title}: {_sent(sent, whole=sent == earlier)}",
        left_out and f"{title}: {left_out}",
    )  # fmt: skip


def _sent(sent: Branch, *, whole: bool) -> str:
    if not sent:
        return "the first turn" if whole else "no earlier turn"
    # the service has counted what was sent before; what it has not is estimated
    tokens = (sent[-1].total_tokens if whole else 0) or estimate_turns(sent)
    return f"{count_turns(len(sent), 'earlier ')}, {tokens:,} tokens"


def _left_out(number: int, model_id: str) -> str:
    if not number:
        return ""
    which, are = ("oldest turn does", "is") if number == 1 else (f"{number} oldest turns do", "are")
    return f"the {which} not fit into the context of {model_id} and {are} not sent"


def count_turns(number: int, kind: str = "") -> str:
    """Return "3 earlier turns"."""
    return f"{number:,} {kind}turn{'' if number == 1 else 's'}"


class TurnRecorder:
    """Makes a turn of the answer to one prompt, and of what `Answer.more` adds to it."""

    def __init__(self, put: PutTurn, current: Session, turn: Turn, old: Turn | None) -> None:
        self._put = put
        # asked for its state when it is needed: a closed session must hold no key
        self._session = current
        self._planned = turn
        self._old = old
        self._made: Turn | None = None

    def __call__(self, answer: Answer) -> None:
        """Keep an answer, whole or in part; a blank one says nothing, and is no turn."""
        if not answer.text.strip():
            return
        hide = self._hide
        # what `more` adds was counted together with this prompt once more
        usage = answer.usage if self._made is None else None
        turn = replace(
            self._planned,
            prompt=hide(self._planned.prompt),
            answer=hide(answer.text),
            system=hide(self._planned.system),
            model_id=answer.model_id,
            finish_reason=answer.finish_reason,
            total_tokens=usage.total_tokens if usage is not None else 0,
        )
        made, self._made = self._made, turn
        self._put(turn, made, self._old)

    def _hide(self, text: str) -> str:
        """Return a text without the session's secrets, and without what has the form of a key.

        It is sent again with later prompts, so ordinary code stays as it is: `password=None`.
        """
        return self._session.state.transport.redaction.without_keys(text)
