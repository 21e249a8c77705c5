"""`Chat`: a conversation that remembers its turns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from wx_notebook.chats.files import read_turns, write_messages, write_turns
from wx_notebook.chats.prompt import ChatPrompt, TurnRecorder, compose, count_turns
from wx_notebook.chats.turns import Branch, Turn, Turns
from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.hints import spoken_in_python
from wx_notebook.options import (
    Options,
    PromptOptions,
    check_streamed,
    list_options,
    options_from_keywords,
)
from wx_notebook.session import session
from wx_notebook.session.connection import fill_names
from wx_notebook.session.fitting import fitting_answer
from wx_notebook.session.process import RUNNING_CELL
from wx_notebook.templates import FilledPrompt

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.service import Prompt, Request
    from wx_notebook.session import Session


class Chat:
    """A conversation. Made by `wx_notebook.chat`; its prompts go through the current session.

    Parameters
    ----------
    name
        "" for the notebook's own conversation.
    turns
        What was said before.
    path
        The file that keeps it, None if it lives as long as the kernel.
    make
        Makes the chat of a fork: takes its name, "" for a free one, and its turns.
    is_from_file
        Whether `turns` were read from the file.

    Examples
    --------
    ::

        plan = wx.chat("plan")
        plan.ask("Name a river in France.")
        plan.ask("How long is it?")
        other = plan.fork(1)                    # goes on from the first turn
    """

    def __init__(
        self, name: str, turns: Turns, path: Path | None, *,
        make: Callable[[str, Branch], Chat], is_from_file: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        #: Why it was not kept on disk when it should have been, "" otherwise.
        self.trouble = ""
        self._turns = turns
        self._path = path
        self._make = make
        #: whoever wrote the file decides what is sent with the first prompt: it is told once
        self._is_news = is_from_file

    def __repr__(self) -> str:
        return f"<Chat {self.name!r}: {count_turns(len(self.turns))}>"

    @property
    def turns(self) -> Branch:
        """The turns so far, the first one first."""
        return self._turns.branch

    @property
    def replaced(self) -> tuple[Branch, ...]:
        """The branches that were replaced when a cell ran again, the oldest first."""
        return self._turns.replaced

    @property
    def title(self) -> str:
        """What messages call it: "chat 'plan'", or "chat" for the notebook's own."""
        return f"chat '{self.name}'" if self.name else "chat"

    # --- prompts -------------------------------------------------------------------------------

    @list_options()
    @spoken_in_python
    def ask(
        self, prompt: str, *, names: Mapping[str, Any] | None = None,
        **options: Unpack[PromptOptions],
    ) -> Answer:  # fmt: skip
        """Send a prompt with the turns before it; its answer, which is returned, is the next turn.

        A prompt that fails before a word of its answer has arrived is no turn. Of several answers
        (`n`) the first one is the turn.

        Parameters
        ----------
        prompt
            A text.
        names
            Values for the placeholders ``{{ name }}``; without it nothing is filled in.
        options
            As for `wx_notebook.ask`. A system message stays in force until another one is given.

        Raises
        ------
        WatsonxError
            What the service refused, and what to do about it.
        BadOption
            An unknown option, or a value that the service would refuse.
        """
        current, prepared, notes = self._prepared(prompt, names, options, stream=False)
        return fitting_answer(current.pipeline, prepared.request, notes)

    @list_options("n", "repair")
    @spoken_in_python
    def stream(
        self, prompt: str, *, names: Mapping[str, Any] | None = None,
        **options: Unpack[PromptOptions],
    ) -> AnswerStream:  # fmt: skip
        """Send a prompt as `ask` does, and return its answer as an iterator of text.

        It becomes a turn when it has ended, or when the loop over it is left. With `schema=` the
        model is asked once, as by `wx_notebook.stream`.
        """
        check_streamed(options)
        current, prepared, notes = self._prepared(prompt, names, options, stream=True)
        opened = current.open(prepared.request)
        opened.warn(*notes)
        return opened

    def _prepared(
        self, prompt: str, names: Mapping[str, Any] | None, keywords: Mapping[str, Any],
        *, stream: bool,
    ) -> tuple[Session, ChatPrompt, tuple[str, ...]]:  # fmt: skip
        if not isinstance(prompt, str):
            raise BadOption(
                f"A prompt of a chat is a text, not {type(prompt).__name__}.",
                hint="The chat adds the earlier messages itself: chat.ask('How long is it?')",
            )
        current = session()
        options = current.state.options(options_from_keywords(keywords))
        filled = fill_names(prompt, names) if names is not None else FilledPrompt(prompt)
        prepared = self.prepare(current, filled.text, options, stream=stream)
        return current, prepared, (*prepared.notes, *filled.notes_on_sent)

    def prepare(
        self, current: Session, prompt: str, options: Options, *, stream: bool, dry: bool = False
    ) -> ChatPrompt:
        """Return a prompt with the turns before it, whose answer becomes the next turn.

        In a notebook a cell that runs again replaces its turn, and those behind it.

        Parameters
        ----------
        current
            The session that will send it.
        prompt, options, stream, dry
            As for `Session.prepare`.

        Raises
        ------
        WatsonxError, BadOption
            As `Session.prepare`, or the file that would keep the turn cannot be read.
        """
        if self._path is not None and self._path.exists() and not dry:
            read_turns(self._path)
        prepared = self.compose(
            partial(current.prepare, stream=stream, dry=dry),
            prompt,
            options,
            partial(_context_tokens, current, dry=dry),
        )
        execution = RUNNING_CELL()
        turn = Turn(
            prompt, "", prepared.request.model_id, system=prepared.system,
            cell_id=execution.cell_id, run_id=execution.run_id,
        )  # fmt: skip
        record = TurnRecorder(self.put, current, turn, self._turns.of_cell(execution))
        if self._is_news and prepared.turns:
            self._is_news = dry
            system = f", with the system message “{prepared.system}”" if prepared.system else ""
            origin = f"{self.title} goes on from the file {self._path}{system}"
            prepared = prepared.with_news(origin)
        if self.trouble:
            prepared = prepared.with_news(f"the last turn of {self.trouble}")
        if prepared.request.pictures:
            note = f"{prepared.note}; the next turns are sent without its pictures"
            prepared = prepared._replace(note=note)
        return prepared._replace(request=replace(prepared.request, on_answer=record))

    def compose(
        self,
        build: Callable[[Prompt, Options], Request],
        prompt: str,
        options: Options,
        context_of: Callable[[str], int] = lambda _: 0,
    ) -> ChatPrompt:
        """Return a prompt with the turns before it, as `chats.prompt.compose`."""
        earlier = self._turns.before(self._turns.of_cell(RUNNING_CELL()))
        return compose(self.title, earlier, prompt, options, build, context_of)

    # --- the conversation as a whole ----------------------------------------------------------

    def fork(self, turns: int | None = None, name: str = "") -> Chat:
        """Return a new chat that begins with the first `turns` turns of this one, or with all.

        Parameters
        ----------
        name
            The name of the new chat; a free one if not given.

        Raises
        ------
        BadOption
            There are not so many turns, or there is a chat of this name.
        """
        number: Any = len(self.turns) if turns is None else turns
        if not isinstance(number, int):
            raise BadOption("turns= takes the number of a turn.", hint="For example: 1")
        if not 1 <= number <= len(self.turns):
            has = count_turns(len(self.turns))
            raise BadOption(
                f"{self.title} has {has}, so it cannot be forked at turn {number}.",
                hint=f"Give a number from 1 to {len(self.turns)}." if self.turns else "Ask first.",
            )
        return self._make(name or f"{self.name or 'chat'}-2", self.turns[:number])

    def save(self, path: str | Path | None = None) -> Path:
        """Write it into a file for its user only, and return the path of the file.

        Parameters
        ----------
        path
            A file for the messages, in the format of the API, in a folder that exists. Without it
            the chat is written where the project keeps its chats, as after each turn.

        Raises
        ------
        BadOption
            No folder for chats is set, or the file cannot be written.
        """
        if path is not None:
            given: Any = path
            if not isinstance(given, str | Path) or not str(given):
                raise BadOption("save() takes the path of a file.", hint='Next: save("chat.json")')
            target = Path(given).expanduser()
            write_messages(target, self.turns)
            return target
        if self._path is None:
            raise BadOption(
                "This chat is not kept: it has no name, or the project sets no folder for chats.",
                hint='Next: save("chat.json"), or write chats = "chats" into [tool.wx_notebook] of '
                "pyproject.toml",
            )
        write_turns(self._path, self._turns)
        return self._path

    def clear(self) -> None:
        """Forget all turns, and delete the file that keeps them."""
        self._turns.clear()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def put(self, turn: Turn, made: Turn | None = None, old: Turn | None = None) -> None:
        """Add a turn, or put it in the place of a shorter form of it, `made`; then keep the chat.

        With `old`, that turn and those behind it become a branch that was replaced.
        """
        if made is None:
            self._turns.add(turn, instead_of=old)
        else:
            self._turns.update(made, turn)
        self.trouble = ""
        try:
            if self._path is not None:
                write_turns(self._path, self._turns)
        except BadOption as error:
            self.trouble = f"{self.title} is not saved: {error.message.rstrip('.')}"


def _context_tokens(current: Session, model_id: str, *, dry: bool) -> int:
    """Return how many tokens a model takes, 0 if the list of models cannot be read."""
    catalogue = current.state.catalogue
    if not dry:
        with contextlib.suppress(WatsonxError):
            catalogue.load()
    model = catalogue.find(model_id)
    return model.context_tokens if model is not None else 0
