"""`%watsonx chats`: the conversations of this kernel, and those that the project keeps."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wx_notebook.chats import Chat, Turn, chat, chats, unreadable_chats
from wx_notebook.chats.files import read_messages
from wx_notebook.display import show_lines
from wx_notebook.errors import BadOption, did_you_mean, mask_keys

#: The longest part of a prompt in a list.
_EXCERPT = 50
_LONGEST_TURN = 9


def manage_chats(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """List the conversations, or show, fork, clear, export or import one.

    Raises
    ------
    BadOption
        There is no such action, chat, turn or file.
    """
    action, *words = args.words or ["list"]
    if action not in _ACTIONS:
        raise BadOption(
            f"'{mask_keys(action)}' is not an action of %watsonx chats."
            f"{did_you_mean(action, _ACTIONS)}",
            hint="Next: %watsonx help chats",
        )
    for option, its_action in (("turn", "fork"), ("new_name", "fork"), ("all", "show")):
        if getattr(args, option) is not None and action != its_action:
            flag = "--as" if option == "new_name" else f"--{option}"
            raise BadOption(
                f"{flag} goes with {its_action}.", hint=f"Next: %watsonx chats {its_action}"
            )
    show_lines(shell, list(_ACTIONS[action](words, args)))


def _list(words: Sequence[str], _: argparse.Namespace) -> Iterator[str]:
    _only(words, 0, "list")
    there, unreadable = chats(), unreadable_chats()
    yield from unreadable
    if not there:
        yield "no chats yet"
        yield "Next: %%watsonx --chat begins one"
        return
    width = max(len(_called(one)) for one in there)
    for one in there:
        tokens = one.turns[-1].total_tokens
        counted = f", {tokens:,} tokens" if tokens else ""
        replaced = f", {len(one.replaced)} replaced" if one.replaced else ""
        turns = f"{len(one.turns)} turn{'' if len(one.turns) == 1 else 's'}"
        yield f"  {_called(one):{width}}  {turns}{counted}{replaced} · {_excerpt(one.turns[-1])}"
        if one.trouble:
            yield f"  {'':{width}}  {one.trouble}"
    yield "Next: %watsonx chats show NAME"


def _show(words: Sequence[str], args: argparse.Namespace) -> Iterator[str]:
    one = _existing(words, "show")
    yield f"{one.title}:"
    yield from _turn_lines(one.turns)
    if args.all:
        for number, branch in enumerate(one.replaced, 1):
            yield ""
            yield f"replaced {number}:"
            yield from _turn_lines(branch)
    elif one.replaced:
        yield ""
        name = f" {_quoted(one.name)}" if one.name else ""
        yield f"{len(one.replaced)} replaced: %watsonx chats show{name} --all"


def _turn_lines(turns: Sequence[Turn]) -> Iterator[str]:
    for number, turn in enumerate(turns, 1):
        yield f"[{number}] {turn.prompt}"
        yield from (f"    {line}".rstrip() for line in turn.answer.split("\n"))
        about = [turn.model_id, f"{turn.total_tokens:,} tokens" if turn.total_tokens else ""]
        if facts := " · ".join(filter(None, about)):
            yield f"    ({facts})"


def _fork(words: Sequence[str], args: argparse.Namespace) -> Iterator[str]:
    one = _existing(words, "fork")
    turn = args.turn
    if turn is not None and not (turn.isdecimal() and len(turn) < _LONGEST_TURN):
        raise BadOption("--turn takes the number of a turn.", hint="Next: %watsonx chats show")
    new = one.fork(int(turn) if turn is not None else None, args.new_name or "")
    yield f"{new.title} begins with {len(new.turns)} of the {len(one.turns)} turns of {one.title}"
    yield f"Next: %%watsonx --chat {_quoted(new.name)}"


def _clear(words: Sequence[str], _: argparse.Namespace) -> Iterator[str]:
    one = _existing(words, "clear")
    number = len(one.turns)
    one.clear()
    yield f"{one.title}: {number} turn{'' if number == 1 else 's'} forgotten"


def _export(words: Sequence[str], _: argparse.Namespace) -> Iterator[str]:
    one = _existing(words[1:], "export", needs=words)
    path = one.save(words[0])
    yield f"{one.title} is in {path}: messages in the format of the API, without a key"


def _import(words: Sequence[str], _: argparse.Namespace) -> Iterator[str]:
    _only(words[1:], 1, "import", needs=words)
    turns = read_messages(Path(words[0]).expanduser())
    one = chat(*words[1:])
    if one.turns:
        raise BadOption(
            f"{one.title} has turns already, and an import would mix with them.",
            hint="Next: %watsonx chats import FILE NAME, with a new name",
        )
    for turn in turns:
        one.put(turn)
    yield f"{one.title} has {len(turns)} turns from {words[0]}"


_Action = Callable[[Sequence[str], argparse.Namespace], Iterator[str]]
_ACTIONS: Mapping[str, _Action] = {
    "list": _list,
    "show": _show,
    "fork": _fork,
    "clear": _clear,
    "export": _export,
    "import": _import,
}


def _existing(words: Sequence[str], action: str, needs: Sequence[str] | None = None) -> Chat:
    """Return the chat that the words name, which must have turns."""
    _only(words, 1, action, needs=needs)
    one = chat(*words)
    if not one.turns:
        names = [each.name for each in chats()]
        near = did_you_mean(one.name, names) if one.name else ""
        whose = one.title if one.name else "The notebook's own chat"
        raise BadOption(f"{whose} has no turns yet.{near}", hint="Next: %watsonx chats")
    return one


def _only(words: Sequence[str], most: int, action: str, needs: Sequence[str] | None = None) -> None:
    """Refuse a missing file, and more words than an action takes."""
    file = "" if needs is None else " FILE"
    if needs is not None and not needs:
        raise BadOption(
            f"%watsonx chats {action} needs a file.",
            hint=f"For example: %watsonx chats {action} chat.json",
        )
    if len(words) > most:
        name = " [NAME]" if most else ""
        raise BadOption(
            f"%watsonx chats {action} got too many words.",
            hint=f"Put a name with blanks in quotes: %watsonx chats {action}{file}{name}",
        )


def _called(one: Chat) -> str:
    return one.name or "(this notebook)"


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _excerpt(turn: Turn) -> str:
    line = " ".join(turn.prompt.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."
