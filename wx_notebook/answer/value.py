"""What came back, as a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wx_notebook.errors import BadOption, SchemaMismatch
from wx_notebook.service.pieces import Usage

_GO_ON = "go on with {name}.more()"
_LIMIT = f"the answer ends at the limit of tokens; {_GO_ON}, or raise it with --max-tokens"
#: Why an answer is not whole, by the services' words for its end and our own.
_CUT_BY = {
    "length": _LIMIT,
    "max_tokens": _LIMIT,
    "token_limit": _LIMIT,
    "interrupted": f"interrupted: this is what had arrived; {_GO_ON}",
    "cut": f"cut: this is what had arrived; {_GO_ON}",
    "time_limit": f"a time limit ended the answer, --timeout or the service's own; {_GO_ON}",
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
    format
        As what it is shown: the option of this name.
    default_model
        Whether nobody chose the model.
    """

    text: str
    model_id: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    request_id: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    reasoning: str = ""
    format: str = "auto"
    default_model: bool = False
    _silent_once: bool = field(default=False, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __getstate__(self) -> dict[str, Any]:
        # what goes on holds the session: it is no field, and neither compared nor copied nor kept
        return {name: value for name, value in vars(self).items() if name != "_more"}

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f"Answer({text!r}, model_id={self.model_id!r}, finish_reason={self.finish_reason!r})"

    @property
    def footer(self) -> str:
        """One line about the answer: the model, the tokens, the time."""
        model_id = f"{self.model_id} (default)" if self.default_model else self.model_id
        parts = [model_id] if self.model_id else []
        if self.usage is not None:
            parts.append(f"{self.usage.input_tokens:,} in, {self.usage.output_tokens:,} out")
        return " · ".join([*parts, f"{self.seconds:.1f} s"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides the text, one line each."""
        why = _CUT_BY.get(self.finish_reason, "").format(name=vars(self).get("_name", "answer"))
        return (*([why] if why else ()), *self._about_the_code, *self.warnings)

    @property
    def _about_the_code(self) -> tuple[str, ...]:
        if self.format != "code":
            return ()
        from wx_notebook.render import fenced_code, next_cell

        code = fenced_code(self.text)
        return next_cell(code, self.model_id).notes if code is not None else ()

    @property
    def is_whole(self) -> bool:
        """Whether the model came to its end."""
        return self.finish_reason not in _CUT_BY

    @property
    def data(self) -> Any:  # noqa: ANN401  # whatever the model wrote
        """The JSON value that the answer is, alone or in its one fenced block.

        Raises
        ------
        SchemaMismatch
            It is none; the message says where.
        """
        from wx_notebook.render import parsed_json

        problem = ""
        try:
            return parsed_json(self.text)
        except ValueError as fault:
            problem = str(fault)
        raise SchemaMismatch(
            f"The answer is not JSON: {problem}", hint=self._hint_for_json, answer=self
        )

    @property
    def _hint_for_json(self) -> str:
        if not self.is_whole:
            return "It is not whole: go on with answer.more(), and .data of that may be there."
        if self.format == "json":
            return "Its text is in answer.text; a lower --temperature may help."
        return "Its text is in answer.text; --format json asks the model for JSON."

    def more(self) -> Answer:
        """Go on where this answer was cut, and return both together as one.

        The model is sent the conversation with what it wrote so far and asked to go on; the usage
        is that of both calls.

        Raises
        ------
        BadOption
            It is whole, or comes from elsewhere: a pickle, a process that has ended.
        WatsonxError
            As for a prompt.
        """
        if self.is_whole:
            raise BadOption(
                f"The answer is whole (it ended with '{self.finish_reason}'): there is no more.",
                hint="Ask again, with what is missing in the prompt.",
            )
        go_on: Callable[[Answer], Answer] | None = vars(self).get("_more")
        if go_on is None:
            raise BadOption(
                "This answer does not know where it came from: it was copied, or read from a file.",
                hint="Run its prompt again.",
            )
        return go_on(self)

    def is_called(self, name: str) -> None:
        """Take the name under which a reader of its notes finds it."""
        object.__setattr__(self, "_name", name)

    def goes_on_with(self, more: Callable[[Answer], Answer]) -> None:
        """Take what `more` calls."""
        object.__setattr__(self, "_more", more)

    def followed_by(self, other: Answer) -> Answer:
        """Return the answer that this one and its continuation are together."""
        usage = None
        if self.usage is not None and other.usage is not None:
            usage = Usage(
                self.usage.input_tokens + other.usage.input_tokens,
                self.usage.output_tokens + other.usage.output_tokens,
            )
        return replace(
            other,
            text=self.text + other.text,
            usage=usage,
            seconds=self.seconds + other.seconds,
            reasoning="\n\n".join(filter(None, (self.reasoning, other.reasoning))),
            warnings=tuple(dict.fromkeys(self.warnings + other.warnings)),
            format=self.format,
            default_model=self.default_model,
        )

    @property
    def plain(self) -> str:
        """The text for a terminal, in its format, then notes and footer."""
        from wx_notebook.render import clean_text, plain_answer

        lines = [clean_text(line).replace("\n", " ") for line in (*self.notes, self.footer)]
        text = plain_answer(self.text, self.format)
        return "\n".join([text, "", *(f"[{line}]" for line in lines)])

    @property
    def summary(self) -> str:
        """What a screen reader says when the answer is there: not every word of it."""
        words = len(self.text.split())
        how = "complete" if self.is_whole else "not complete"
        return f"Answer {how}: {words:,} word{'' if words == 1 else 's'}"

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

        html = answer_html(
            self.text,
            footer=self.footer,
            notes=self.notes,
            reasoning=self.reasoning,
            format=self.format,
            summary=self.summary,
        )
        return {"text/plain": self.plain, "text/html": html}, self.metadata

    def be_silent_once(self, silent: bool = True) -> None:
        """Show nothing at the next display: the live output shows this answer already."""
        object.__setattr__(self, "_silent_once", silent)

    def _ipython_display_(self) -> None:
        if self._silent_once:
            self.be_silent_once(False)
            return
        # IPython goes on with _repr_mimebundle_ then
        raise NotImplementedError
