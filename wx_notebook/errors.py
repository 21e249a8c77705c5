"""The errors of wx_notebook, one class for each thing that a user can do something about.

::

    WatsonxError
    ├── NotConnected     no credential was given or found
    ├── KeyRefused       IAM does not accept the API key
    ├── TokenRefused     the service does not accept the token, also after a renewal
    ├── ProjectError     the project or space is unknown here, or not ours
    │   └── NoRuntime    it has no watsonx.ai Runtime associated
    ├── ModelError       the model is unknown, or cannot do what was asked
    ├── PromptTooLong    the prompt does not fit into the model's context
    ├── QuotaSpent       the plan's tokens, or those of a budget, are used up
    ├── RateLimited      too many requests, also after waiting
    ├── ServiceDown      the service cannot be reached, or fails
    ├── AnswerCut        the answer ended before its last event
    ├── SchemaMismatch   the answer is not of the shape that was asked for
    ├── BadOption        an option or its value is not one of ours
    ├── MissingName      the prompt has a place for a variable that does not exist
    ├── UnknownRegion    the region is not one of IBM's
    └── HostRefused      a host that this credential must not be sent to

    KeyboardInterrupt
    └── Interrupted      the user stopped it; what was received is kept
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Result = TypeVar("_Result")

#: Lines of a message in a cell: what happened, what the service said, what to type next.
MOST_LINES = 6
#: Characters of one of them: a prompt can name a thousand variables that do not exist.
LONGEST_LINE = 600
#: What stands wherever a secret would.
PLACEHOLDER = "<secret>"
#: Keys of IBM Cloud have 44 of these, tokens more; no id, region or label of a host comes near.
#: A JSON Web Token has points in between, and its parts may be shorter.
_LIKE_A_KEY = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|[A-Za-z0-9_-]{40,}")
#: Without a UTF-8 form: a message to the front end that holds one is never sent.
_SURROGATE = re.compile("[\ud800-\udfff]")
#: What steers a terminal or turns the direction of a line instead of being read.
_STEERING = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class Told(BaseException):
    """What our errors have in common: a message, the next step, and a short traceback.

    Parameters
    ----------
    message
        What happened, with the value as the user wrote it.
    hint
        The next step, as something to type or to click.
    answer
        What had been received before it failed: an `Answer`, or None. (Its type lives in a room
        below this one.)
    """

    #: it was a prompt that had been sent, and nobody knows whether the service went on with it
    maybe_billed = False

    def __init__(self, message: str, *, hint: str = "", answer: Any = None) -> None:  # noqa: ANN401
        # a message quotes what a service said; a notebook obeys escape sequences in a traceback
        self.message = _SURROGATE.sub("\ufffd", _STEERING.sub("", message))
        self.hint = _SURROGATE.sub("\ufffd", _STEERING.sub("", hint))
        super().__init__(self.message, self.hint)
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # the answer stays behind: an error crosses processes with its words, not with what it held
        return (_rebuild, (type(self), self.message, self.hint))

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines instead of frames of ours; the cell still fails."""
        kept = [line for line in self.message.split("\n") if line.strip()]
        room = MOST_LINES - (1 if self.hint else 0)
        lines = [f"{type(self).__name__}: {kept[0] if kept else ''}", *kept[1:room]]
        if self.hint:
            lines.append(self.hint.replace("\n", " "))
        return [
            line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..." for line in lines
        ]


def _rebuild(kind: type[Told], message: str, hint: str) -> Told:
    return kind(message, hint=hint)


class WatsonxError(Told, Exception):
    """Base of all errors of this package."""


class NotConnected(WatsonxError):
    """No credential was given or found."""


class KeyRefused(WatsonxError):
    """IAM does not accept the API key."""


class TokenRefused(WatsonxError):
    """The service does not accept the token, also after a renewal."""


class ProjectError(WatsonxError):
    """The project or space is unknown in this region, or this user may not use it."""


class NoRuntime(ProjectError):
    """The project has no watsonx.ai Runtime service associated."""


class ModelError(WatsonxError):
    """The model is unknown in this region, withdrawn, or cannot do what was asked."""


class PromptTooLong(WatsonxError):
    """The prompt does not fit into the model's context."""


class QuotaSpent(WatsonxError):
    """The plan's tokens for this month, or those of a budget that was set, are used up."""


class RateLimited(WatsonxError):
    """The service answered 429, also after waiting."""


class ServiceDown(WatsonxError):
    """The service cannot be reached, answers too late, or fails."""


class AnswerCut(WatsonxError):
    """The answer ended before its last event; `.answer` holds what was received."""


class SchemaMismatch(WatsonxError):
    """The answer is not of the shape that was asked for."""


class BadOption(WatsonxError):
    """An option, or its value, is not one of ours."""


class MissingName(WatsonxError):
    """The prompt has a place for a variable that does not exist."""


class UnknownRegion(WatsonxError):
    """The region is not one of IBM's."""


class HostRefused(WatsonxError):
    """A host that this credential must not be sent to."""


class Interrupted(Told, KeyboardInterrupt):
    """The user stopped it; `.answer` holds what was received, if anything."""


def unframed(work: Callable[[], _Result], stopped: str = "Stopped.") -> _Result:
    """Return what `work` returns; what it raises comes without the frames that it passed.

    Some tracebacks show the names of each frame (`%xmode Verbose`, error reporters), and on the way
    to the network there are frames, also of libraries, in which a key or a token lies open.

    Raises
    ------
    Interrupted
        Instead of a plain `KeyboardInterrupt`, with the message `stopped`.
    """
    failure: BaseException
    try:
        return work()
    except Told as problem:
        failure = problem
    except KeyboardInterrupt:
        failure = Interrupted(stopped, hint="Run it again.")
    except BaseException as problem:  # noqa: BLE001  # raised anew below, whatever it is
        failure = problem
    raise without_frames(failure)


def without_frames(problem: BaseException) -> BaseException:
    """Return an exception without the frames that it passed, and without its causes.

    Theirs are gone with them: a cause keeps the frames that it passed itself.
    """
    problem.__traceback__ = problem.__context__ = problem.__cause__ = None
    if isinstance(problem, BaseExceptionGroup):
        for part in problem.exceptions:
            without_frames(part)
    return problem


def without_keys(text: str) -> str:
    """Return what somebody typed, for an error message; a key in the wrong field stays hidden."""
    return keys_hidden(text)[:100]


def keys_hidden(text: str) -> str:
    """Return a text, whole, in which nothing is shown that looks like a key."""
    return _LIKE_A_KEY.sub(PLACEHOLDER, text)


def near(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known word nearest to `word`, or an empty string.

    What begins with the word is nearer than what is spelt alike: who types `--temp` has stopped
    early, and has not misspelt `--system`.
    """
    low = word.lower()
    by_lower = {name.lower(): name for name in known}
    begun = [name for name in by_lower if name.startswith(low)] if len(low.lstrip("-")) > 1 else []
    found = sorted(begun, key=len) or get_close_matches(low, list(by_lower), n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[found[0]]}'?" if found else ""
