"""The errors of wx_notebook: one class for each problem that a user can solve.

::

    WatsonxError
    ├── NotConnected     no credential was given or found
    ├── KeyRefused       IAM does not accept the API key
    ├── TokenRefused     the service does not accept the token, even after a renewal
    ├── ProjectError     the project or space is unknown in this region, or not yours
    │   └── NoRuntime    it has no watsonx.ai Runtime associated
    ├── ModelError       the model is unknown, or cannot do what the prompt needs
    ├── PromptTooLong    the prompt does not fit into the model's context
    ├── QuotaSpent       the tokens of the plan or of a budget are used up
    ├── RateLimited      too many requests, even after waiting
    ├── ServiceDown      the service cannot be reached, or fails
    ├── AnswerCut        the answer ended before its last event
    ├── PromptBlocked    a guardrail of the service stopped the prompt
    ├── SchemaMismatch   the answer does not have the requested shape (an AttributeError, too)
    ├── BatchStopped     a prompt over a table stopped early; the rows so far are kept
    ├── BadOption        an option or its value is not valid
    ├── MissingName      the prompt has a placeholder for a variable that does not exist
    ├── UnknownRegion    the region is not an IBM region
    └── HostRefused      the credential must not be sent to this host

    KeyboardInterrupt
    └── Interrupted      the user stopped it; the text or the rows that arrived are kept
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Result = TypeVar("_Result")

#: Lines of an error in a cell: what happened, what the service said, what to type next.
MOST_LINES = 6
#: Characters of one line: a prompt can name a thousand variables that do not exist.
LONGEST_LINE = 600
#: The text in place of a secret.
SECRET_MASK = "<secret>"  # noqa: S105  # shown, no secret
#: IBM Cloud keys have 44 of these characters, tokens more; IDs, regions and host labels have fewer.
#: The parts of a JSON Web Token are separated by points and may be shorter.
_LIKE_A_KEY = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|[A-Za-z0-9_-]{40,}")
#: Characters of what an error of other people's code says.
_LONGEST_REASON = 300
#: Surrogates have no UTF-8 form: Jupyter does not send a message that contains one.
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Characters that control a terminal or the direction of a line.
_STEERING = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class UserFacingError(BaseException):
    """The common base of our errors: a message, the next step, and a short traceback.

    Parameters
    ----------
    message
        What happened, with the value as the user wrote it.
    hint
        The next step, as something to type or to click.
    answer
        The part of the answer that arrived before the failure: an `Answer`, or None. (Its type is
        defined in a room below this one.)
    """

    #: Of a prompt over a table: the table so far. Its type is the user's own.
    table: Any = None
    #: A prompt was sent, and it is unknown whether the service processed it.
    maybe_billed = False
    #: The header `Retry-After` of a service that refused, None where it sent none.
    retry_after: str | None = None
    #: The service refused the request for the schema that it asks for.
    refuses_schema = False

    def __init__(self, message: str, *, hint: str = "", answer: Any = None) -> None:  # noqa: ANN401
        # a message can quote a service, and a notebook obeys escape sequences in a traceback
        self.message = _SURROGATE.sub("\ufffd", _STEERING.sub("", message))
        self.hint = _SURROGATE.sub("\ufffd", _STEERING.sub("", hint))
        super().__init__(self.message, self.hint)
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def reword(self, reword: Callable[[str], str]) -> None:
        """Put message and hint into other words."""
        self.message, self.hint = reword(self.message), reword(self.hint)
        self.args = (self.message, self.hint)

    def __copy__(self) -> UserFacingError:
        # before what a library registers for copies of exceptions: tblib's keep the frames
        return _rebuild(type(self), self.message, self.hint)

    def __reduce__(self) -> tuple[object, ...]:
        # without the answer: only the words of an error cross to another process
        return (_rebuild, (type(self), self.message, self.hint))

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of our frames; the cell still fails."""
        kept = [line for line in self.message.split("\n") if line.strip()]
        most = MOST_LINES - (1 if self.hint else 0)
        lines = [f"{type(self).__name__}: {kept[0] if kept else ''}", *kept[1:most]]
        if self.hint:
            lines.append(self.hint.replace("\n", " "))
        return [
            line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..." for line in lines
        ]


def _rebuild(kind: type[UserFacingError], message: str, hint: str) -> UserFacingError:
    return kind(message, hint=hint)


class WatsonxError(UserFacingError, Exception):
    """Base of all errors of this package."""


class NotConnected(WatsonxError):
    """No credential was given or found."""


class KeyRefused(WatsonxError):
    """IAM does not accept the API key."""


class TokenRefused(WatsonxError):
    """The service does not accept the token, even after a renewal."""


class ProjectError(WatsonxError):
    """The project or space is unknown in this region, or this user may not use it."""


class NoRuntime(ProjectError):
    """The project has no watsonx.ai Runtime service associated."""


class ModelError(WatsonxError):
    """The model is unknown in this region, withdrawn, or cannot do what the prompt needs."""


class PromptTooLong(WatsonxError):
    """The prompt does not fit into the model's context."""


class QuotaSpent(WatsonxError):
    """The tokens of the plan for this month, or of a budget, are used up."""


class RateLimited(WatsonxError):
    """The service answered 429, even after waiting."""


class ServiceDown(WatsonxError):
    """The service cannot be reached, answers too late, or fails."""


class AnswerCut(WatsonxError):
    """The answer ended before its last event; `.answer` has the text that arrived."""


class PromptBlocked(WatsonxError):
    """A guardrail of the service stopped the prompt; the same prompt is stopped again."""


class SchemaMismatch(WatsonxError, AttributeError):
    """The answer does not have the requested shape.

    It is an `AttributeError`, because `answer.data` raises it: `hasattr` then is False, and
    `inspect.getmembers` leaves the attribute out.
    """


class BatchStopped(WatsonxError):
    """A prompt over a table stopped before its last row; `.table` has the rows so far."""


class BadOption(WatsonxError):
    """An option or its value is not valid."""


class MissingName(WatsonxError):
    """The prompt has a placeholder for a variable that does not exist."""


class UnknownRegion(WatsonxError):
    """The region is not an IBM region."""


class HostRefused(WatsonxError):
    """The credential must not be sent to this host."""


class Interrupted(UserFacingError, KeyboardInterrupt):
    """The user stopped it; `.answer` has the text that arrived, `.table` the rows, if any."""


def strip_frames(work: Callable[[], _Result], stopped: str = "Stopped.") -> _Result:
    """Return what `work` returns; raise its exceptions without their frames.

    Some tracebacks show the local variables of each frame (`%xmode Verbose`, error reporters). On
    the way to the network some frames, also of libraries, have a key or a token in a variable.

    Raises
    ------
    Interrupted
        Instead of a plain `KeyboardInterrupt`, with the message `stopped`.
    """
    failure: BaseException
    try:
        return work()
    except UserFacingError as error:
        failure = error
    except KeyboardInterrupt:
        failure = Interrupted(stopped, hint="Run it again.")
    except BaseException as error:  # noqa: BLE001  # raised again below
        failure = error
    raise without_frames(failure)


def without_frames(error: BaseException) -> BaseException:
    """Return an exception without its frames and without its causes, which keep frames, too."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            without_frames(part)
    return error


def make_visible(text: str) -> str:
    r"""Return a foreign name with an escape, such as `\x1b`, for each character that shows nothing.

    Those control a terminal, end a line, turn its direction, or have no form in UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def foreign_reason(error: BaseException) -> str:
    """Return what an error of other people's code says: visible, short and without keys.

    An address with a password in it is what a database or a file system repeats.
    """
    return make_visible(mask_all_keys(f"{type(error).__name__}: {error}")[:_LONGEST_REASON])


def mask_keys(text: str) -> str:
    """Return typed text for an error message, at most 100 characters, without keys."""
    return mask_all_keys(text)[:100]


def mask_all_keys(text: str) -> str:
    """Return the whole text with everything that looks like a key replaced."""
    return _LIKE_A_KEY.sub(SECRET_MASK, text)


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return " Did you mean 'x'?" for the known word nearest to `word`, or an empty string.

    A known word that starts with `word` is nearer than one that is spelt alike: `--temp` is the
    beginning of `--temperature`, not a misspelt `--system`. `cutoff` is the share of letters that
    a misspelt word has in common with the known one.
    """
    low = word.lower()
    by_lower = {name.lower(): name for name in known}
    longer = [name for name in by_lower if name.startswith(low)] if len(low.lstrip("-")) > 1 else []
    nearest = sorted(longer, key=len) or get_close_matches(low, list(by_lower), n=1, cutoff=cutoff)
    return f" Did you mean '{by_lower[nearest[0]]}'?" if nearest else ""
