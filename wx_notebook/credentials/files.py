"""Credentials in files: one that the user names, and those that merely lie about.

A file that nobody named is not read: a cloned repository could have brought it. Nothing is written
into `os.environ`.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from itertools import islice
from pathlib import Path

from wx_notebook.credentials.environment import (
    SECRET_VARIABLES,
    VARIABLES,
    from_environment,
    inherited,
)
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.ibm_forms import from_fields, json_object, what_it_has
from wx_notebook.credentials.secret import Secret, Unshown, without_keys
from wx_notebook.errors import BadOption, NotConnected, WatsonxError, near, unframed

#: Names the file in which `wx-notebook demo` leaves its sandbox's URL, key and project.
SANDBOX_VARIABLE = "WX_NOTEBOOK_SANDBOX"
#: Names the env-style file that IBM's SDKs share (`ibm-cloud-sdk-common`).
IBM_VARIABLE = "IBM_CREDENTIALS_FILE"
#: Bytes; the largest file of credentials that anybody downloads has some two thousand.
LARGEST = 1_000_000
#: Files that people keep beside their notebooks; the names of the last two say what they are.
_LYING_ABOUT = (".env", "apikey.json", "ibm-credentials.env")
_KNOWN = tuple(name for names in VARIABLES.values() for name in names)


def from_file(path: str | os.PathLike[str], *, source: str = "") -> Given:
    """Return what a file gives that the user named: JSON as IBM Cloud downloads it, or env style.

    Parameters
    ----------
    path
        The file; "~" is the home folder.
    source
        What the source is called, "file NAME" if not given.

    Raises
    ------
    BadOption
        There is no such file, or it cannot be read as text.
    NotConnected
        It has no credential inside.
    Interrupted
        The user stopped it.
    """
    # python-dotenv's frames, too, hold what stands in the lines
    return unframed(lambda: _read(path, source), "Stopped while a file was read.")


def _read(path: str | os.PathLike[str], source: str) -> Given:
    file = _file(path)
    name = without_keys(file.name)
    text, others_can_read = _text_of(file)
    source = source or f"file {name}"
    if text.reveal().lstrip().startswith("{"):
        given = _from_json(text, name, source)
    else:
        given = _from_lines(text, name, source)
    if others_can_read:
        command = f"chmod 600 {shlex.quote(_shown(path))}"
        note = f"others on this machine can read {name}: {command}"
        given = replace(given, notes=(*given.notes, note))
    return given


def from_text(text: Secret, source: str) -> Given:
    """Return what such a file gives whose text somebody pasted; raises as `from_file`."""

    def read() -> Given:
        if text.reveal().lstrip().startswith("{"):
            return _from_json(text, "what was pasted", source)
        return _from_lines(text, "what was pasted", source)

    return unframed(read, "Stopped while a text was read.")


def named_by_environment(environ: Mapping[str, str]) -> Given | None:
    """Return what the file of `IBM_CREDENTIALS_FILE` gives, None where it has nothing for us.

    The variable belongs to all of IBM's SDKs: that a file is gone, or is about another service, is
    no fault here.
    """
    path = environ.get(IBM_VARIABLE, "").strip()
    if not path:
        return None
    try:
        name = without_keys(Path(path).name)
        return from_file(path, source=f"file {name} ({IBM_VARIABLE})")
    except WatsonxError:
        return None


def lying_about(folder: Path) -> tuple[str, ...]:
    """Return the names of files with credentials in a folder, none of which is read.

    Of `.env` the names of its variables are looked at, since most such files are about other
    things. Never raises.
    """
    found = []
    for name in _LYING_ABOUT:
        try:
            if (folder / name).is_file() and (name != ".env" or _names_ours(folder / name)):
                found.append(name)
        except (OSError, ValueError, WatsonxError):
            continue
    return tuple(found)


def from_sandbox(environ: Mapping[str, str]) -> Given | None:
    """Return the sandbox that `wx-notebook demo` runs beside this kernel, if there is one."""
    path = environ.get(SANDBOX_VARIABLE, "")
    if not path:
        return None
    try:
        found = json_object(Secret(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # the demo has ended and taken its file along
        return None
    names = ("api_key", "url", "project_id")
    if found is None or not all(isinstance(found.get(name), str) for name in names):
        return None
    key = Secret(str(found["api_key"]))
    return Given("sandbox", key, url=str(found["url"]), project_id=str(found["project_id"]))


def _from_json(text: Secret, name: str, source: str) -> Given:
    fields = json_object(text)
    if fields is None:
        raise BadOption(
            f"{name} begins like JSON and is none.", hint="Download it once more, or mend it."
        )
    given = from_fields(fields, source)
    if not given.has_credential:
        raise NotConnected(
            f"{name} has no API key inside: {what_it_has(fields)}",
            hint='It has to hold the key as {"apikey": "..."}, as IBM Cloud downloads it.',
        )
    return given


def _from_lines(text: Secret, name: str, source: str) -> Given:
    variables, strange = _variables(text)
    given = from_environment(variables, place=source)
    if not given.has_credential:
        has = [known for known in variables if known in _KNOWN]
        strangers = (word for word in variables if word not in _KNOWN and _may_be_shown(word))
        typos = (near(word, SECRET_VARIABLES) for word in islice(strangers, 50))
        raise NotConnected(
            f"{name} has no API key, token or password inside"
            + (f", only {', '.join(has[:5])}." if has else ".")
            + next(filter(None, typos), "")
            + (f" {_cannot_be_read(strange, name)}." if strange else ""),
            hint="Write the key into it as a line WATSONX_API_KEY=... (see %watsonx help).",
        )
    notes = (f"{_cannot_be_read(strange, name)}.",) if strange else ()
    return replace(given, source=source, notes=(*given.notes, *notes))


def _variables(text: Secret) -> tuple[Mapping[str, str], tuple[int, ...]]:
    """Return the variables of an env-style file, and the numbers of lines that are none."""
    # python-dotenv's `dotenv_values` logs such lines, and says their numbers nowhere else
    from dotenv.parser import parse_stream

    text = _with_short_blanks(text)
    variables = Unshown(
        {
            line.key: line.value or ""
            for line in parse_stream(StringIO(text.reveal()))
            if line.key is not None
        }
    )
    strange = tuple(
        line.original.line + _lines_before(line.original.string)
        for line in parse_stream(StringIO(text.reveal()))
        if line.error
    )
    return variables, strange


def _lines_before(statement: str) -> int:
    """Return how many lines of nothing python-dotenv counts to a statement."""
    return statement[: len(statement) - len(statement.lstrip())].count("\n")


def _with_short_blanks(text: Secret) -> Secret:
    """Return the text without runs of blanks that python-dotenv takes minutes for."""
    return Secret(re.sub(r"[^\S\r\n]{200,}", " ", text.reveal()))


def _cannot_be_read(lines: tuple[int, ...], name: str) -> str:
    which = ", ".join(str(number) for number in lines[:5])
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f"Line{'s' if len(lines) > 1 else ''} {which}{more} of {name} cannot be read"


def _may_be_shown(word: str) -> bool:
    """Whether a name is one: a key that stands alone in a line looks like a name as well."""
    return re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", word) is not None and len(word) < 30


def _names_ours(file: Path) -> bool:
    return bool(inherited(_variables(_text_of(file)[0])[0]))


def _file(path: str | os.PathLike[str]) -> Path:
    try:
        file = Path(path).expanduser()
        mode = file.stat().st_mode
    except (OSError, ValueError, RuntimeError) as problem:
        refused = _no_file(Path(path), problem)
    else:
        if stat.S_ISREG(mode):
            return file
        what = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
        refused = BadOption(
            f"'{_shown(path)}' is {what}, and a file with a credential was to be read.",
            hint="Name the file itself, for example ~/apikey.json",
        )
    raise refused


def _no_file(path: Path, problem: Exception) -> BadOption:
    if isinstance(problem, (FileNotFoundError, NotADirectoryError)):
        return BadOption(
            f"There is no file '{_shown(path)}'.{_near_file(path)}",
            hint=f"A name without a folder is looked for in {_shown(Path.cwd())}",
        )
    if isinstance(problem, OSError) and problem.strerror:
        return _unreadable(path, problem.strerror)
    return _unreadable(path, "this cannot be the name of a file")


def _unreadable(path: str | os.PathLike[str], why: str) -> BadOption:
    return BadOption(
        f"'{_shown(path)}' cannot be read: {why}.",
        hint="Name a file that is yours to read, or give the key itself: %watsonx login",
    )


def _near_file(path: Path) -> str:
    try:
        with os.scandir(path.expanduser().parent) as entries:
            # a folder can have a million files
            names = [entry.name for entry in islice(entries, 2_000) if entry.is_file()]
    except (OSError, ValueError, RuntimeError):
        return ""
    return without_keys(near(path.name[:200], names))


def _text_of(file: Path) -> tuple[Secret, bool]:
    """Return what stands in a file, and whether others on this machine can read it."""
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            if status.st_size > LARGEST:
                refused = _unreadable(file, "it is far too large to be a file with a credential")
            else:
                # read with a limit as well: a file can grow
                text = Secret(opened.read(LARGEST + 1).decode("utf-8-sig"))
                return text, os.name == "posix" and bool(status.st_mode & 0o077)
    except OSError as problem:
        refused = _unreadable(file, problem.strerror or type(problem).__name__)
    except UnicodeDecodeError:
        # its words would quote the file
        refused = BadOption(
            f"'{_shown(file)}' is not a text in UTF-8.",
            hint="Save it once more as UTF-8 (PowerShell's > writes UTF-16).",
        )
    raise refused


def _shown(path: str | os.PathLike[str]) -> str:
    return without_keys(str(path))
