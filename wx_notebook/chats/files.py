"""Chats as files: messages in the format of the API, and the chats that a project keeps.

A kept file has the turns of every branch. It is written for its user only (0600), and without
secrets: the texts of a turn were redacted when the turn was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn

from wx_notebook.chats.turns import Branch, Turn, Turns
from wx_notebook.errors import BadOption
from wx_notebook.options.types import InvalidValue, chat_name
from wx_notebook.settings import replace_file

#: The form of kept files; it changes when this version could not read the new one.
_FORM = 1
#: Bytes; a longer file is no conversation and is not read into memory.
_LONGEST = 50_000_000
_NAME = chat_name()
#: The fields of a turn that a file has, and their types.
_FIELDS = {
    each.name: int if each.name == "total_tokens" else str
    for each in fields(Turn)
    if each.name != "run_id"
}
_MOVE_AWAY = "Mend it, or move it away."


def check_name(name: str) -> str:
    """Return the name of a chat; "" is the notebook's own conversation.

    Raises
    ------
    BadOption
        It cannot be the name of a file, or may be a key.
    """
    try:
        return str(_NAME.check(name))
    except InvalidValue as error:
        refused = BadOption(f"The name of a chat {error.predicate}.", hint="For example: plan")
    raise refused


# --- messages -------------------------------------------------------------------------------------


def write_messages(path: Path, branch: Branch) -> None:
    """Write the turns as a list of messages, in the format of the API.

    Raises
    ------
    BadOption
        The file cannot be written, there is another file of this name, or no folder for it: a
        misspelt folder must not become a new one.
    """
    if not path.parent.is_dir():
        _refuse(
            path, f"cannot be written: there is no folder {path.parent}",
            "Make the folder first, or choose another one.",
        )  # fmt: skip
    if path.exists() or path.is_symlink():
        try:
            read_messages(path, accept_blank=True)
        except BadOption:
            _refuse(path, "exists, and is not a conversation", "Choose another name for the file.")
    system = branch[-1].system if branch else ""
    messages = [{"role": "system", "content": system}] if system else []
    messages += [message for turn in branch for message in turn.messages]
    _write(path, json.dumps(messages, indent=2, ensure_ascii=False) + "\n")


def read_messages(path: Path, *, accept_blank: bool = False) -> Branch:
    """Return the turns in a list of messages; a whole request body with `messages` is read, too.

    Parameters
    ----------
    accept_blank
        Read messages without a text, too: an export of a chat that has them is a conversation.

    Raises
    ------
    BadOption
        The file cannot be read, it is no list of messages that take turns, or one has no text.
    """
    document = _read(path)
    messages = document.get("messages") if isinstance(document, Mapping) else document
    if not isinstance(messages, list):
        _refuse(path, "has no list of messages", 'For example: [{"role": "user", "content": "Hi"}]')
    return tuple(_turns_of(path, messages, accept_blank=accept_blank))


def _turns_of(path: Path, messages: list[Any], *, accept_blank: bool) -> Iterator[Turn]:
    system, prompt = "", None
    for number, message in enumerate(messages, 1):
        role, text = _role_and_text(path, message, number)
        if role in ("user", "assistant") and not (text.strip() or accept_blank):
            _refuse(
                path,
                f"has a message without a text: number {number}",
                "Write a text into it, or remove it together with the other message of its turn.",
            )
        if role == "system" and number == 1:
            system = text
        elif role == "user" and prompt is None:
            prompt = text
        elif role == "assistant" and prompt is not None:
            yield Turn(prompt, text, system=system)
            prompt = None
        else:
            wanted = "assistant" if prompt is not None else "user"
            _refuse(
                path,
                f"has a message out of turn: number {number} must have the role '{wanted}'",
                "After a first system message, user and assistant take turns.",
            )
    if prompt is not None:
        _refuse(path, "ends with a prompt that has no answer", "Remove its last message.")


def _role_and_text(path: Path, message: object, number: int) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        is_text = len(parts) == len(content) and all(isinstance(part, str) for part in parts)
        content = "".join(map(str, parts)) if is_text else None
    if not isinstance(role, str) or not isinstance(content, str):
        _refuse(
            path,
            f"has a message that is not a text: number {number}",
            'A message is {"role": "user", "content": "..."}; calls of tools are not read.',
        )
    return role, content


# --- kept chats -----------------------------------------------------------------------------------


def write_turns(path: Path, turns: Turns) -> None:
    """Write a kept chat, together with what another process has written to it meanwhile.

    Raises
    ------
    BadOption
        The file cannot be written, or somebody edited it so that it cannot be read.
    """
    if path.exists():
        theirs = read_turns(path)
        turns.merge((theirs.branch, *theirs.replaced))
    document = {
        "wx_notebook_chat": _FORM,
        "turns": _written(turns.branch),
        "replaced": [_written(branch) for branch in turns.replaced],
    }
    _write(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_turns(path: Path) -> Turns:
    """Return a kept chat.

    Raises
    ------
    BadOption
        The file cannot be read, or `write_turns` did not write it.
    """
    document = _read(path)
    if not isinstance(document, Mapping) or "wx_notebook_chat" not in document:
        _refuse(path, "is not a chat that wx_notebook has kept", _MOVE_AWAY)
    if document["wx_notebook_chat"] is True or document["wx_notebook_chat"] != _FORM:
        _refuse(path, "was written by another version of wx_notebook", "Update wx-notebook.")
    replaced = document.get("replaced", [])
    if not isinstance(replaced, list):
        _refuse(path, "has a 'replaced' that is not a list", _MOVE_AWAY)
    branch = _read_branch(path, document.get("turns"))
    return Turns(branch, [_read_branch(path, each) for each in replaced])


def _written(branch: Branch) -> list[dict[str, Any]]:
    return [{n: value for n, value in asdict(turn).items() if n in _FIELDS} for turn in branch]


def _read_branch(path: Path, branch: object) -> Branch:
    if not isinstance(branch, list):
        _refuse(path, "has no list of turns", _MOVE_AWAY)
    turns = []
    for number, turn in enumerate(branch, 1):
        # a blank text is no damage: versions before this one kept blank answers
        is_valid = (
            isinstance(turn, Mapping)
            and {"prompt", "answer"} <= turn.keys() <= _FIELDS.keys()
            and all(type(value) is _FIELDS[name] for name, value in turn.items())
            and turn.get("total_tokens", 0) >= 0
        )
        if not is_valid:
            _refuse(path, f"cannot be read: turn {number} is damaged", _MOVE_AWAY)
        turns.append(Turn(**turn))
    return tuple(turns)


# --- files ----------------------------------------------------------------------------------------


def _read(path: Path) -> Any:  # noqa: ANN401  # whatever the JSON is
    failure = ""
    try:
        if not path.is_file():
            _refuse(path, "is not there, or no file", "Next: %watsonx chats")
        if path.stat().st_size > _LONGEST:
            _refuse(path, "is too long for a conversation", _MOVE_AWAY)
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        failure = "is not UTF-8 text"
    except (ValueError, RecursionError):
        failure = "is not valid JSON"
    except OSError as error:
        failure = f"cannot be read ({error.strerror})"
    return _refuse(path, failure, _MOVE_AWAY)


def _write(path: Path, text: str) -> None:
    if reason := replace_file(path, text):
        _refuse(path, f"cannot be written: {reason}", "Next: %watsonx chats export FILE")


def _refuse(path: Path, what: str, hint: str) -> NoReturn:
    raise BadOption(f"{path} {what}.", hint=hint)
