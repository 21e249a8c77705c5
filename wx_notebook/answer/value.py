"""What came back, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.service.pieces import Usage

#: The services' words for an answer that ended because it was long enough.
_AT_THE_LIMIT = ("length", "max_tokens", "token_limit")
_NOTES = {
    "interrupted": "interrupted: this is what had arrived",
    "cut": "cut: the connection ended before the answer did",
    "time_limit": "the service's time limit ended the answer",
    "cancelled": "the service cancelled the answer before its end",
    "error": "the service failed before the answer's end",
}


@dataclass(frozen=True)
class Answer:
    """An answer of a model. `str(answer)` is its text.

    Attributes
    ----------
    text
        What the model wrote.
    model_id
        Which model wrote it.
    finish_reason
        Why it ended, in the service's word: "stop", "length", for the generation endpoint
        "eos_token", "max_tokens" ...; "interrupted" and "cut" are ours.
    usage
        Tokens read and written; None when the answer ended before the service counted.
    request_id
        The service's id of the answer, "" when it gave none.
    seconds
        From sending the request to the last piece.
    warnings
        What the service had to say besides, one sentence each.
    reasoning
        What the model thought before it answered, where the service tells.
    """

    text: str
    model_id: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    request_id: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    reasoning: str = ""
    _silent_once: bool = field(default=False, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f"Answer({text!r}, model_id={self.model_id!r}, finish_reason={self.finish_reason!r})"

    @property
    def footer(self) -> str:
        """One line about the answer: the model, the tokens, the time."""
        parts = [self.model_id] if self.model_id else []
        if self.usage is not None:
            parts.append(f"{self.usage.input_tokens:,} in, {self.usage.output_tokens:,} out")
        return " · ".join([*parts, f"{self.seconds:.1f} s"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides the text, one line each."""
        notes = []
        if self.finish_reason in _AT_THE_LIMIT:
            notes.append("the answer ends at the limit of tokens; raise it with --max-tokens")
        elif self.finish_reason in _NOTES:
            notes.append(_NOTES[self.finish_reason])
        return (*notes, *self.warnings)

    @property
    def plain(self) -> str:
        """The text for a terminal, without control characters, then notes and footer."""
        from wx_notebook.render import clean_text

        lines = [clean_text(line).replace("\n", " ") for line in (*self.notes, self.footer)]
        return "\n".join([clean_text(self.text), "", *(f"[{line}]" for line in lines)])

    @property
    def metadata(self) -> dict[str, Any]:
        """The facts about the answer, as an output in a notebook carries them."""
        usage = self.usage
        return {
            "wx_notebook": {
                "model_id": self.model_id,
                "finish_reason": self.finish_reason,
                "usage": None
                if usage is None
                else {
                    "input_tokens": usage.input_tokens,
                    "output_tokens": usage.output_tokens,
                    "total_tokens": usage.total_tokens,
                },
                "request_id": self.request_id,
                "seconds": round(self.seconds, 3),
            }
        }

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Return text/plain and sanitised text/html; never text/markdown, which runs scripts."""
        from wx_notebook.render import answer_html

        bundle = {
            "text/plain": self.plain,
            "text/html": answer_html(self.text, footer=self.footer, notes=self.notes),
        }
        return bundle, self.metadata

    def be_silent_once(self, silent: bool = True) -> None:
        """Show nothing at the next display: the live output shows this answer already."""
        object.__setattr__(self, "_silent_once", silent)

    def _ipython_display_(self) -> None:
        if self._silent_once:
            self.be_silent_once(False)
            return
        # IPython goes on with _repr_mimebundle_ then
        raise NotImplementedError
