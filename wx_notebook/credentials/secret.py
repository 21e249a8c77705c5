"""A value that is used but never shown."""

from __future__ import annotations

import base64
import hmac
import html
import json
from collections.abc import Iterator, Mapping
from types import CellType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, TypeVar
from urllib.parse import unquote, unquote_plus

from wx_notebook.errors import SECRET_MASK, strip_frames

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")
#: The kinds of secret that a user signs in with.
SecretKind: TypeAlias = Literal["api_key", "token", "password"]
#: Shorter values are not redacted: they would blank ordinary words.
_FEWEST = 8


class Secret:
    """An API key or token with one way out, `reveal()`.

    `str`, `repr` and `format` give a placeholder; pickle, copy and JSON refuse; `vars()` finds
    nothing, because the value lives in a cell behind a slot. (In a closure it would be visible
    while the function runs: a traceback can show the local variables of a frame.)
    It compares in constant time and can't be a key of a dict.

    Only the code that fills a request calls `reveal()`. Other code in the same kernel can call it,
    too: this class prevents accidents, not attacks by the user's own process.
    """

    __slots__ = ("__weakref__", "_has_blanks", "_inside", "_shortest", "_spellings")
    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

    _inside: CellType
    _has_blanks: bool
    #: characters of the shortest writing of it; base64 of n bytes has no part below n
    _shortest: int
    #: how machines write it, derived at the first search; a cell, since each of them is a secret
    _spellings: CellType

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_inside", CellType(value))
        object.__setattr__(self, "_shortest", max(len(" ".join(value.split())), _FEWEST))
        object.__setattr__(self, "_has_blanks", value.split() != [value])
        object.__setattr__(self, "_spellings", CellType(None))

    def reveal(self) -> str:
        """Return the value. Call it in the expression that uses it; assign it to no name."""
        return self._inside.cell_contents  # type: ignore[no-any-return]

    def hide_in(self, text: str) -> str:
        """Return `text` with this value replaced by a placeholder.

        Also where it stands as a machine writes it: in JSON, in base64, in a form, in a page.
        """
        # names and ids of a service are shorter than any key: this runs for each of them
        if len(text) < self._shortest or not self._may_be_in(text):
            return text
        return strip_frames(lambda: self._hidden_in(text))

    def _may_be_in(self, text: str) -> bool:
        """Return whether a text holds a spelling of it, or a sign of one that has to be decoded.

        Every text of every request passes here, and hardly one of them holds the secret. No name is
        bound to a spelling: some tracebacks show the names of a frame.
        """
        if self._spellings.cell_contents is None:
            self._spellings.cell_contents = strip_frames(self._derive_spellings)
        # only a password has blanks, and only then the other signs of `_READINGS` matter
        return (
            "&" in text
            or "%" in text
            or any(map(text.__contains__, self._spellings.cell_contents))
            or self._has_blanks
        )

    def _derive_spellings(self) -> tuple[str, ...]:
        if len(self.reveal()) < _FEWEST:
            return ()
        return tuple(dict.fromkeys(write(self) for write in _WRITINGS))

    def _hidden_in(self, text: str) -> str:
        if len(self.reveal()) < _FEWEST:
            return text
        # a password may have blanks, and what a service says is put into one line
        in_one_line = self._has_blanks and len(_in_one_line(self.reveal())) >= _FEWEST
        tidy = _in_one_line if in_one_line else str
        for write in _WRITINGS:
            text = text.replace(write(self), SECRET_MASK)
            text = text.replace(tidy(write(self)), SECRET_MASK)
        for read, sign in _READINGS.items():
            if sign in text and tidy(self.reveal()) in tidy(read(text)):
                text = tidy(read(text)).replace(tidy(self.reveal()), SECRET_MASK)
        return text

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_as_bytes(self), _as_bytes(other))

    def __repr__(self) -> str:
        return SECRET_MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return SECRET_MASK

    def __dir__(self) -> list[str]:
        return ["reveal", "hide_in"]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A secret can't be changed.")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A secret can't be copied, pickled or stored.")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __getstate__ = _refuse


class OpaqueMapping(Mapping[str, _Value]):
    """A mapping that shows none of its values: the environment can hold keys.

    A traceback that shows local variables would print `os.environ` itself with all its values.
    """

    __slots__ = ("_inside",)

    _inside: CellType

    def __init__(self, values: Mapping[str, _Value]) -> None:
        # in a cell, as in `Secret`: printing the slots shows no value
        self._inside = CellType(values)

    def __getitem__(self, name: str) -> _Value:
        return self._inside.cell_contents[name]  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inside.cell_contents)

    def __len__(self) -> int:
        return len(self._inside.cell_contents)

    def __repr__(self) -> str:
        return f"<{len(self)} names>"


class Opaque:
    """Any value, hidden from tracebacks that show local variables."""

    __slots__ = ("_inside",)

    _inside: CellType

    def __init__(self, value: object) -> None:
        self._inside = CellType(value)

    def open(self) -> Any:  # noqa: ANN401  # any value
        """Return the value."""
        return self._inside.cell_contents

    def __repr__(self) -> str:
        return SECRET_MASK


def json_object(text: Secret) -> Mapping[str, object] | None:
    """Return a JSON object as an opaque mapping, None if the text is not one."""
    try:
        # parsed twice, so that no local variable holds it in between
        if isinstance(json.loads(text.reveal()), dict):
            return OpaqueMapping(json.loads(text.reveal()))
    except (ValueError, RecursionError):
        # the message of the error would quote the text
        pass
    return None


def _as_bytes(secret: Secret) -> bytes:
    # an environment can hold bytes that are not UTF-8; the error would quote them
    return secret.reveal().encode("utf-8", "surrogatepass")


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _in_base64(secret: Secret, before: int) -> str:
    """Return the part of it that is the same whatever stands around; `before`: bytes, of three."""
    start, end = (before * 8 + 5) // 6, (before + len(_as_bytes(secret))) * 8 // 6
    return base64.b64encode(bytes(before) + _as_bytes(secret)).decode()[start:end]


#: How machines write a text that they quote. Each returns it, so that no name holds it.
_WRITINGS: tuple[Callable[[Secret], str], ...] = (
    lambda secret: secret.reveal(),
    lambda secret: json.dumps(secret.reveal())[1:-1],
    lambda secret: json.dumps(secret.reveal(), ensure_ascii=False)[1:-1],
    lambda secret: repr(secret.reveal())[1:-1],
    lambda secret: _in_base64(secret, 0),
    lambda secret: _in_base64(secret, 1),
    lambda secret: _in_base64(secret, 2),
    lambda secret: _in_base64(secret, 0).replace("+", "-").replace("/", "_"),
    lambda secret: _in_base64(secret, 1).replace("+", "-").replace("/", "_"),
    lambda secret: _in_base64(secret, 2).replace("+", "-").replace("/", "_"),
)
#: How they are read again, and what tells that there is something to read.
_READINGS: Mapping[Callable[[str], str], str] = {
    html.unescape: "&",
    unquote: "%",
    unquote_plus: "+",
    _in_one_line: " ",
}
