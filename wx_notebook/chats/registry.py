"""The chats of this process, by name."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from wx_notebook.chats.conversation import Chat
from wx_notebook.chats.files import check_name, read_turns
from wx_notebook.chats.turns import Branch, Turns
from wx_notebook.errors import BadOption
from wx_notebook.settings import chats_folder

_SUFFIX = ".json"
_NUMBER = re.compile(r"-(\d{1,9})$")
_CHATS: dict[str, Chat] = {}
_LOCK = threading.RLock()


def chat(name: str = "") -> Chat:
    """Return the chat of this name; "" is the notebook's own conversation.

    A project that sets `chats` keeps its named chats: they are read at their first use.

    Raises
    ------
    BadOption
        The name is not valid, or the file of the chat cannot be read.
    """
    name = check_name(name)
    with _LOCK:
        if name not in _CHATS:
            path = _path(name)
            is_kept = path is not None and path.exists()
            turns = read_turns(path) if path is not None and is_kept else Turns()
            _CHATS[name] = Chat(name, turns, path, make=make_chat, is_from_file=is_kept)
        return _CHATS[name]


def chats() -> list[Chat]:
    """Return the chats that have turns, also those that the project keeps, sorted by name.

    A file that cannot be read is left out: see `unreadable_chats`.
    """
    with _LOCK:
        return [one for name in chat_names() if (one := _readable(name)) and one.turns]


def unreadable_chats() -> list[str]:
    """Return why files in the folder of chats cannot be read, by file name."""
    problems = []
    for name in chat_names():
        try:
            chat(name)
        except BadOption as error:
            problems.append(error.message)
    return problems


def _readable(name: str) -> Chat | None:
    try:
        return chat(name)
    except BadOption:
        return None


def chat_names() -> list[str]:
    """Return the names of all chats, also of those that the project keeps; reads no file."""
    folder = chats_folder()
    kept = folder.glob(f"*{_SUFFIX}") if folder is not None else ()
    names = {path.stem for path in kept if _is_name(path.stem)}
    with _LOCK:
        return sorted(names | set(_CHATS))


def _is_name(stem: str) -> bool:
    try:
        return check_name(stem) == stem
    except BadOption:
        return False


def make_chat(name: str, turns: Branch) -> Chat:
    """Return a new chat with these turns. A number at the end of its name is raised until free.

    Raises
    ------
    BadOption
        There is a chat of this name, and the name has no number.
    """
    with _LOCK:
        name = _free(check_name(name))
        made = chat(name)
        for turn in turns:
            made.put(turn)
        return made


def _free(name: str) -> str:
    taken = {each for each in chat_names() if (one := _readable(each)) is None or one.turns}
    while name in taken:
        number = _NUMBER.search(name)
        if number is None:
            raise BadOption(
                f"There is a chat '{name}' already."
                if name
                else "The notebook has a chat already.",
                hint="Give the new one another name.",
            )
        name = f"{name[: number.start()]}-{int(number[1]) + 1}"
    return name


def _path(name: str) -> Path | None:
    folder = chats_folder() if name else None
    return folder / f"{name}{_SUFFIX}" if folder is not None else None
