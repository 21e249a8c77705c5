"""What came back, as a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

from wx_notebook.answer.calls import ToolCall
from wx_notebook.answer.frames import frame_of
from wx_notebook.answer.notes import NO_CODE, end_note, is_cut, refusal_note, tool_note
from wx_notebook.answer.reading import Reading, mismatch
from wx_notebook.errors import BadOption, SchemaMismatch, UserFacingError
from wx_notebook.hints import in_python
from wx_notebook.render import (
    VALUE_FORMAT,
    answer_data,
    answer_html,
    answer_text,
    answer_titles,
    clean_line,
    clean_text,
    find_json,
    next_cell,
    plain_answers,
    runnable_code,
    value_as_text,
)
from wx_notebook.service import TokenDetails, Usage

#: Characters of the words around the JSON of an answer.
_LONGEST_QUOTE = 200


class Continuation:
    """How to go on with an answer that was cut. It leads to the session: a copy of it is None."""

    __slots__ = ("_go_on",)

    def __init__(self, go_on: Callable[[Answer], Answer]) -> None:
        self._go_on = go_on

    def __call__(self, answer: Answer) -> Answer:
        """Return the answer and what follows it as one answer."""
        return self._go_on(answer)

    def __reduce_ex__(self, _: object) -> tuple[type[None], tuple[()]]:
        return type(None), ()


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer of a model. It behaves as its text: `str`, `len`, `in`, `+`, and `==` with a text.

    It is one value, as in a cell of a table: to go through its characters, take `answer.text`.

    Attributes
    ----------
    text
        What the model wrote.
    model_id
        Which model wrote it.
    finish_reason
        Why it ended, in the service's word: "stop", "length", for the generation endpoint
        "eos_token", "max_tokens" ...; "interrupted", "cut" and "unknown" are ours.
    usage
        Tokens read and written; None when the answer ended before the service counted. Of several
        answers the first has the tokens of all, and the others have None.
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
        Whether the model is the automatic choice.
    refusal
        Why the model does not answer, where it says so apart from the text.
    logprobs
        Details of its tokens in the service's words, where they were asked for: `token` and
        `logprob` with ``-p logprobs=true``; `text` and others with `return_options` and --generate.
    prompt_logprobs
        The same of the prompt.
    calls
        The tools that the model called, in order, with arguments and results.
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
    refusal: str = ""
    logprobs: tuple[TokenDetails, ...] = field(default=(), repr=False)
    prompt_logprobs: tuple[TokenDetails, ...] = field(default=(), repr=False)
    calls: tuple[ToolCall, ...] = field(default=(), repr=False)
    #: further answers to the same prompt
    _others: tuple[Answer, ...] = field(default=(), repr=False)
    #: what the schema of the prompt made of the text, None without one
    _reading: Reading | None = field(default=None, repr=False, compare=False)
    #: the name of the variable that holds it, for the note on how to go on
    _name: str = field(default="answer", repr=False, compare=False)
    _continuation: Continuation | None = field(default=None, repr=False, compare=False)
    #: whether notes and errors name what is typed in Python, and not in an option line
    _is_for_python: bool = field(default=False, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.text)

    def __contains__(self, part: object) -> bool:
        if not isinstance(part, str | Answer):
            raise TypeError(f"'in' an answer takes a text, not {type(part).__name__}")
        return str(part) in self.text

    def __add__(self, other: object) -> str:
        return self.text + str(other) if isinstance(other, str | Answer) else NotImplemented

    def __radd__(self, other: object) -> str:
        return other + self.text if isinstance(other, str) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.text == other
        return self._compared == other._compared if isinstance(other, Answer) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, one.name) for one in fields(self) if one.compare)

    def __getstate__(self) -> dict[str, Any]:
        # a copy or a pickle does not go on: the continuation leads to the session
        return {name: value for name, value in vars(self).items() if name != "_continuation"}

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f"Answer({text!r}, model_id={self.model_id!r}, finish_reason={self.finish_reason!r})"

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers to the prompt, this one first; one unless `--n` asked for more."""
        return (self, *self._others)

    @property
    def footer(self) -> str:
        """One line about the answer: the model, the tokens, the time."""
        model_id = f"{self.model_id} (default)" if self.default_model else self.model_id
        parts = [model_id] if self.model_id else []
        if self.usage is not None:
            parts.append(f"{self.usage.input_tokens:,} in, {self.usage.output_tokens:,} out")
        return " · ".join([*parts, f"{self.seconds:.1f} s"])

    @property
    def _footers(self) -> list[str]:
        """The line below each of its answers: one for all of a model's, one each of several."""
        if any(one.model_id != self.model_id for one in self._others):
            return [one.footer for one in self.answers]
        return [*[""] * len(self._others), self.footer]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides the text, one line each."""
        why = end_note(
            self.finish_reason,
            name=self._name,
            has_text=bool(self.text.strip()),
            has_reasoning=bool(self.reasoning.strip()),
            is_refused=bool(self.refusal.strip()),
            is_called=any(not call.is_open for call in self.calls),
            has_calls=bool(self.calls),
        )
        is_whole = self.is_whole
        open_calls = (tool_note(c.name, is_whole=is_whole) for c in self.calls if c.is_open)
        own = (refusal_note(self.refusal), self._reword(why), *self._about_the_format)
        return (*filter(None, own), *open_calls, *self.warnings)

    def _in_python(self) -> None:
        """Name in notes and errors what is typed in Python."""
        for one in self.answers:
            object.__setattr__(one, "_is_for_python", True)

    def _reword(self, text: str) -> str:
        return in_python(text) if self._is_for_python else text

    @property
    def _about_the_format(self) -> tuple[str, ...]:
        if self._reading is not None:
            is_unfit = self._reading.fault and self.is_whole and not self.refusal.strip()
            return (*self._reading.notes, *([self._reading.unfit_note] if is_unfit else []))
        if self.format == "json":
            with suppress(ValueError):
                if words := find_json(self.text).passed_over:
                    return (f"the JSON stands in a text; .data leaves out: {_cut(words)}",)
        if self.format != "code":
            return ()
        code = runnable_code(self.text)
        if code is not None:
            return next_cell(code, self.model_id).notes
        return (NO_CODE,) if self.text.strip() and self.is_whole else ()

    @property
    def is_whole(self) -> bool:
        """Whether the model came to its end."""
        return not is_cut(self.finish_reason)

    @property
    def data(self) -> Any:  # noqa: ANN401  # whatever the model wrote
        """The value of the answer: of the type of its schema, else the JSON that stands in it.

        The JSON is all of the text, a fenced block, or a part of the text.

        Raises
        ------
        SchemaMismatch
            There is none, or it does not fit; the message says where.
        """
        problem = ""
        if self._reading is not None:
            if self._reading.fault:
                raise mismatch(self, self._reading, self._name, self._reword)
            return self._reading.value
        try:
            return find_json(self.text).value
        except ValueError as fault:
            problem = str(fault)
        raise SchemaMismatch(
            f"The answer is not JSON: {problem}",
            hint=self._reword(self._hint_for_json),
            answer=self,
        )

    @property
    def df(self) -> Any:  # noqa: ANN401  # a DataFrame of pandas or polars
        """The list in `data` as a table of pandas or polars, whichever the notebook has loaded.

        Raises
        ------
        SchemaMismatch
            There is no list, or neither library is loaded.
        """
        return frame_of(self.data)

    @property
    def code(self) -> str:
        """The code in the answer, as `--format code` puts it into a cell; "" if there is none."""
        code = runnable_code(self.text)
        return code.text if code is not None else ""

    @property
    def _hint_for_json(self) -> str:
        if not self.is_whole:
            return "It is incomplete. Continue it with answer.more(), then read .data of that."
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
                f"The answer is complete (it ended with '{self.finish_reason}'): there is no more.",
                hint="Ask again, with what is missing in the prompt.",
            )
        if self._continuation is None:
            raise BadOption(
                "This answer can't be continued: it was copied, or read from a file.",
                hint="Run its prompt again.",
            )
        try:
            joined = self._continuation(self)
        except UserFacingError as error:
            error.reword(self._reword)
            raise
        if self._is_for_python:
            joined._in_python()
        return joined

    @property
    def _values(self) -> tuple[Any, ...]:
        reading = self._reading
        return () if reading is None or reading.fault else (reading.json,)

    @property
    def body(self) -> str:
        """The text for a terminal, in its format, without notes and footer."""
        if self.format == VALUE_FORMAT and self._values:
            return value_as_text(self._values[0])
        return answer_text(self.text, self.format)

    @property
    def plain(self) -> str:
        """The text for a terminal, in its format, then notes and footer."""
        calls = [f"[{clean_line(call.line)}]" for call in self.calls if not call.is_open]
        texts = [one.body for one in self.answers]
        texts[0] = "\n".join([*calls, texts[0]])
        return plain_answers(texts, [one.notes for one in self.answers], self._footers)

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
                **(
                    {"finish_reasons": [one.finish_reason for one in self.answers]}
                    if self._others
                    else {}
                ),
            }
        }

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return text/plain and sanitised text/html; never text/markdown, which runs scripts.

        Beside them the front-end extension finds where the answer's own text is.
        """
        titles = answer_titles(len(self.answers))
        html = "".join(
            answer_html(
                one.text,
                footer=footer,
                notes=one.notes,
                reasoning=one.reasoning,
                calls=[call.line for call in one.calls if not call.is_open],
                format=self.format,
                values=one._values,
                summary=one.summary,
                title=title,
            )
            for title, one, footer in zip(titles, self.answers, self._footers, strict=True)
        )
        plain = self.plain
        data = answer_data(plain, [clean_text(one.text) for one in self.answers])
        return {"text/plain": plain, "text/html": html, **data}, self.metadata


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]} ..."
