"""The last exchange of a session: its request, and the answer or the error that came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wx_notebook.answer import Answer
    from wx_notebook.errors import WatsonxError
    from wx_notebook.service import Request


class Exchange(NamedTuple):
    """A request as it was sent, the URL it went to, and the answer.

    Attributes
    ----------
    error
        Why there is no answer, in one line.
    """

    request: Request
    base_url: str
    answer: Answer | None
    error: str = ""


class History:
    """The last exchange and the last answer.

    The exchange is that of the last request, also of one that failed; the answer is the last one of
    which something arrived.
    """

    def __init__(self) -> None:
        self.last_answer: Answer | None = None
        self.last_exchange: Exchange | None = None

    @property
    def last_request(self) -> Request | None:
        """The last request, None before the first one."""
        return self.last_exchange.request if self.last_exchange is not None else None

    def begin(self, request: Request, base_url: str) -> None:
        """Note a request that is about to be sent."""
        self.last_exchange = Exchange(request, base_url, None)

    def fail(self, request: Request, error: WatsonxError) -> None:
        """Note why a request got no answer."""
        exchange = self.last_exchange
        if exchange is not None and exchange.request is request:
            line = f"{type(error).__name__}: {error.message.splitlines()[0]}"
            self.last_exchange = exchange._replace(error=line)

    def finish(self, request: Request, answer: Answer) -> None:
        """Note the answer to a request."""
        exchange = self.last_exchange
        is_last = exchange is not None and exchange.request is request
        if exchange is not None and is_last:
            self.last_exchange = exchange._replace(answer=answer)
        # a stream that was left unread is closed when Python frees it, maybe much later
        if is_last or answer.finish_reason != "interrupted":
            self.last_answer = answer

    def join(self, answer: Answer) -> None:
        """Put an answer that was joined from several in the place of the last one."""
        self.last_answer = answer
        if self.last_exchange is not None:
            self.last_exchange = self.last_exchange._replace(answer=answer)

    def replace(self, answer: Answer, other: Answer) -> None:
        """Put another form of an answer in its place, if that is still here."""
        if self.last_answer is answer:
            self.last_answer = other
        if self.last_exchange is not None and self.last_exchange.answer is answer:
            self.last_exchange = self.last_exchange._replace(answer=other)

    def settle(self, request: Request, base_url: str, answer: Answer) -> None:
        """Note the answer that counts, and its request, after a request for a better one."""
        self.last_answer = answer
        self.last_exchange = Exchange(request, base_url, answer)

    def clear(self) -> None:
        """Forget both."""
        self.last_answer = self.last_exchange = None
