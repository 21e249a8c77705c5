"""The tokens of one prompt: reserved before it is sent, settled once when its answer has ended.

An answer that ended before the service counted it (interrupted, cut, or lost before it came) is
counted by an estimate, and marked. A prompt that was refused, or never left, costs nothing, and
neither does one that a recording answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from wx_notebook.service import Request, Usage
from wx_notebook.templates import estimate_tokens
from wx_notebook.transport import is_offline, one_line
from wx_notebook.usage.ledger import TokenCounts
from wx_notebook.usage.meter import Budget, BudgetScope, UsageMeter

_Response = TypeVar("_Response")


class UsageReservation:
    """Counts one answer, however it ends, and once.

    Parameters
    ----------
    meter
        Where the tokens are counted.
    request
        The prompt.
    redact
        Removes secrets from what a service says, before it is kept.

    Raises
    ------
    QuotaSpent
        The prompt does not fit into a budget. Nothing was sent.
    """

    def __init__(self, meter: UsageMeter, request: Request, redact: Callable[[str], str]) -> None:
        self._budgets: Mapping[BudgetScope, Budget] = budgets_for(meter)
        self._estimate = prompt_tokens(request) if self._budgets else 0
        meter.reserve(self._estimate, self._budgets)
        self._meter = meter
        self._redact = redact
        self._request = request
        self._is_open = True

    def sending(self, send: Callable[[], _Response]) -> _Response:
        """Call the function that sends; a prompt that did not leave, or is refused, costs nothing.

        Raises
        ------
        BaseException
            Whatever `send` raises.
        """
        try:
            return send()
        except BaseException as error:
            # after an interrupt or a lost connection the service may have been at work
            if getattr(error, "maybe_billed", True):
                self.settle()
            else:
                self._is_open = False
                self._meter.release(self._estimate)
            raise

    def notices(self, usage: Usage | None, written: str) -> list[str]:
        """Return what should be said about the cost of the answer, now that it is whole."""
        if not self._is_open:
            return []
        spent = self._spent(usage, written)
        return list(self._meter.notes(self._budgets, spent.total_tokens))

    def settle(self, usage: Usage | None = None, written: str = "", model_id: str = "") -> None:
        """Count the answer; a second call does nothing.

        Parameters
        ----------
        usage
            What the service counted, None where it did not.
        written
            What was received then, to estimate from.
        model_id
            The model that the service names: of a deployment the request does not know it.
        """
        if self._is_open:
            self._is_open = False
            self._meter.release(self._estimate)
            name = one_line(self._redact(self._request.model_id or model_id))
            count_paid(self._meter, name, self._spent(usage, written))

    def _spent(self, usage: Usage | None, written: str) -> TokenCounts:
        counted = usage or Usage()
        if usage is not None and (counted.output_tokens or not written):
            return TokenCounts(1, counted.input_tokens, counted.output_tokens)
        read = counted.input_tokens or self._estimate or prompt_tokens(self._request)
        return TokenCounts(1, read, estimate_tokens(written) if written else 0, estimated=1)


def budgets_for(meter: UsageMeter) -> Mapping[BudgetScope, Budget]:
    """Return the budgets for what is sent next; where nothing is sent, none."""
    return {} if is_offline() else meter.budgets()


def count_paid(meter: UsageMeter, model_id: str, spent: TokenCounts) -> None:
    """Count the tokens of one prompt or of several; where nothing is sent, none."""
    if not is_offline():
        meter.count(model_id or "unknown", spent)


def lacking_budgets(meter: UsageMeter, request: Request) -> Iterator[str]:
    """Yield a line for each budget that has no room for this prompt now."""
    yield from meter.lacking_budgets(prompt_tokens(request) if budgets_for(meter) else 0)


def prompt_tokens(request: Request) -> int:
    """Return an estimate of the tokens in a request: its texts, its pictures, its tools."""
    pictures = sum(picture.tokens for picture in request.pictures)
    tools = (request.body or {}).get("tools")
    described = estimate_tokens(json.dumps(tools)) if isinstance(tools, list) else 0
    return pictures + described + sum(map(estimate_tokens, request.message_texts()))
