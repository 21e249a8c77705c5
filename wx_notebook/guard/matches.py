"""What a search found, and where. None of these types holds a secret or a piece of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wx_notebook.credentials.secret import SecretKind

#: The first three are certain: a known secret, or a token that names IBM Cloud as its issuer. The
#: others only look like a secret, or belong to another service.
MatchKind: TypeAlias = SecretKind | Literal["lookalike_key", "foreign_token"]
CERTAIN_KINDS: tuple[MatchKind, ...] = ("api_key", "token", "password")

_KIND_TEXTS: dict[MatchKind, str] = {
    "api_key": "an API key",
    "token": "an access token of IBM Cloud",
    "password": "a password",
    "lookalike_key": "a possible API key",
    "foreign_token": "a token of another service",
}


class Match(NamedTuple):
    """A part of a text that is a secret or looks like one.

    Attributes
    ----------
    start, end
        Its position in the text, in characters.
    kind
        The kind of secret.
    name
        Where the same secret is stored, "" if unknown: "WATSONX_API_KEY", "profile work".
    secret_id
        Tells one secret from another, "" if unknown. It can't be turned back into the secret.
    """

    start: int
    end: int
    kind: MatchKind
    name: str = ""
    secret_id: str = ""


#: Finds matches in a text. They come in any order and may overlap.
Search: TypeAlias = Callable[[str], Iterable[Match]]


@dataclass(frozen=True, slots=True)
class Location:
    """The place of a text in a file.

    Attributes
    ----------
    part
        For a cell: "source", "output", "metadata" or "attachments". For a whole notebook:
        "notebook metadata" or "widget state". For a database: its row. "" for a plain text file.
    cell
        The cell's number, from 1; None outside cells.
    execution_count
        The number that a front end shows beside the cell, None if there is none.
    """

    part: str = ""
    cell: int | None = None
    execution_count: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A match as the user reads it: the kind of secret and its place."""

    kind: MatchKind
    location: Location
    line: int
    name: str = ""
    secret_id: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether it is a secret, and does not only look like one."""
        return self.kind in CERTAIN_KINDS

    @property
    def description(self) -> str:
        """The kind of secret in words: "an API key (WATSONX_API_KEY)"."""
        text = _KIND_TEXTS[self.kind]
        return f"{text} ({self.name})" if self.name else text

    @property
    def position(self) -> str:
        """The place in words: "cell 3 [5], source, line 2"."""
        location, parts = self.location, []
        if location.cell is not None:
            count = location.execution_count
            parts.append(f"cell {location.cell}" + (f" [{count}]" if count is not None else ""))
        if location.part:
            parts.append(location.part)
        if self.line:
            parts.append(f"line {self.line}")
        return ", ".join(parts)
