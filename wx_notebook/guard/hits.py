"""What was found, and where: never the thing itself, nor a piece of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: What a hit is. The first three are certain: a secret that is known, or a token that says itself
#: that IBM Cloud issued it. The others only look like a secret, or are nobody's that we know.
What: TypeAlias = Literal["key", "token", "password", "like_key", "other_token"]
CERTAIN: tuple[What, ...] = ("key", "token", "password")

_CALLED: dict[What, str] = {
    "key": "an API key",
    "token": "an access token of IBM Cloud",
    "password": "a password",
    "like_key": "what looks like an API key",
    "other_token": "a token of another service",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A part of one text.

    Attributes
    ----------
    start, end
        Where it stands.
    what
        What it is.
    name
        Where the same secret lies, "" where that is not known: "WATSONX_API_KEY", "profile work".
    mark
        Tells one secret from another, "" where nothing does; nobody gets the secret from it.
    """

    start: int
    end: int
    what: What
    name: str = ""
    mark: str = ""


#: Finds hits in a text, in any order; they may overlap.
Search: TypeAlias = Callable[[str], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands.

    Attributes
    ----------
    part
        "source", "output", "metadata", "attachments" of a cell; of a notebook as a whole
        "notebook metadata" or "widget state"; "" in a file that is one text; else a row of a
        database.
    cell
        Which cell it is, from 1; None where it is none.
    count
        The number that a front end shows beside that cell, None where there is none.
    """

    part: str = ""
    cell: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit as it is told: what it is, and where it stands."""

    what: What
    place: Place
    line: int
    name: str = ""
    mark: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether it is a secret, and not only looks like one."""
        return self.what in CERTAIN

    @property
    def thing(self) -> str:
        """What was found: "an API key (WATSONX_API_KEY)"."""
        return f"{_CALLED[self.what]} ({self.name})" if self.name else _CALLED[self.what]

    @property
    def where(self) -> str:
        """Where it stands: "cell 3 [5], source, line 2"."""
        place, parts = self.place, []
        if place.cell is not None:
            shown = f" [{place.count}]" if place.count is not None else ""
            parts.append(f"cell {place.cell}{shown}")
        if place.part:
            parts.append(place.part)
        if self.line:
            parts.append(f"line {self.line}")
        return ", ".join(parts)
