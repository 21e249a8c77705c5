"""The texts of a notebook, each with its place, and the notebook with some of them replaced.

A notebook is read as JSON: every string, every name of a field (attachments are named by the user),
and every list of strings as the one text that it stands for. Left out are numbers, texts that are
too short for a secret, and pictures: the base64 of an image among the data of an output or an
attachment.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wx_notebook.guard.matches import Location

#: What a field or item of each part of a notebook is; of a list, `None` stands for each item.
_PARTS: dict[tuple[str, str | None], str] = {
    ("notebook", "cells"): "cells",
    ("notebook", "metadata"): "notebook metadata",
    ("cells", None): "cell",
    ("cell", "outputs"): "outputs",
    ("cell", "attachments"): "attachments",
    ("outputs", None): "output",
    ("output", "data"): "data",
    # each attachment has data of several types, as an output has
    ("attachments", None): "data",
}
_CELL_LOCATIONS = {"source": "source", "outputs": "output", "attachments": "attachments"}
#: How the base64 of PNG, JPEG, GIF and WebP begins, and how the first three end.
_PICTURE_START = re.compile(r"(iVBORw0KGgoAAAANSUhEUg)|(/9j/)|(R0lGOD)|(UklGR.{7}RUJQ)")
_PICTURE_ENDS = (
    ("SUVORK5CYII=", "JRU5ErkJggg==", "ElFTkSuQmCC"), ("/Z", "/2Q==", "/9k="), ("7", "Ow==", "s="),
    ("",),
)  # fmt: skip
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
#: Characters of a text that is searched after all others.
_LARGE = 100_000
_SCALARS = {int, float, bool, type(None)}
#: Values between two looks at the clock.
_VALUES_PER_LOOK = 1_000


class _Child(NamedTuple):
    """A value in an object or list: its place, and what part of a notebook it is."""

    container: _Container
    key: Any
    value: Any
    part: str
    location: Location
    is_name: bool = False


@dataclass(slots=True, eq=False)
class _Container:
    """An object or list of a notebook, its copy, and new names of its fields."""

    place: _Child | None
    value: Any
    copy: Any = None
    names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class NotebookText:
    """One text of a notebook.

    Attributes
    ----------
    text
        The text.
    number
        Tells which of two texts comes first in the notebook.
    place
        Where it is.
    lines
        The strings of the list that stands for the text, None for a string.
    """

    text: str
    number: int
    place: _Child
    lines: list[str] | None = None

    @property
    def location(self) -> Location:
        """Its place, as a user reads it."""
        return self.place.location


class NotebookTexts:
    """The texts of a notebook, or of any other JSON or string; large ones come last.

    Parameters
    ----------
    document
        The notebook. Nothing in it is changed.
    shortest
        Characters of the shortest secret. Shorter texts are left out.
    time_is_up
        Once it returns true, the other texts are left out.

    Attributes
    ----------
    is_complete
        Whether time was not up before the end.
    """

    def __init__(
        self,
        document: Any,  # noqa: ANN401  # JSON, as everywhere in this module
        shortest: int = 1,
        time_is_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._shortest = shortest
        self._renamed: dict[int, _Container] = {}
        self._root = _Container(None, [document])
        self.is_complete = True
        texts = list(self._walk(time_is_up))
        # what a user has typed comes before a large output
        self._texts = [text for text in texts if len(text.text) < _LARGE]
        self._texts += [text for text in texts if len(text.text) >= _LARGE]

    def __iter__(self) -> Iterator[NotebookText]:
        return iter(self._texts)

    def replace(self, text: NotebookText, value: str | list[str]) -> None:
        """Replace a text: by a string, or by as many strings as its list has."""
        container = text.place.container
        if text.place.is_name:
            container.names[text.place.key] = str(value)
            self._renamed[id(container)] = container
        else:
            _copy(container)[text.place.key] = value
        text.lines = value if isinstance(value, list) else None
        text.text = value if isinstance(value, str) else "".join(value)

    def document(self) -> Any:  # noqa: ANN401
        """Return the notebook with the texts that were replaced; call it once, at the end.

        Parts in which nothing was replaced are the same objects as before.
        """
        for container in self._renamed.values():
            _rename(_copy(container), container.names)
        return (self._root.copy or self._root.value)[0]

    def _walk(self, time_is_up: Callable[[], bool]) -> Iterator[NotebookText]:
        # no recursion: a notebook may be nested as deeply as JSON can be
        (document,) = self._root.value
        is_notebook = isinstance(document, dict)
        part = "notebook" if is_notebook else ""
        location = Location("notebook metadata" if is_notebook else "")
        waiting = [iter([_Child(self._root, 0, document, part, location)])]
        looks = 0
        while waiting:
            child = next(waiting[-1], None)
            if child is None:
                waiting.pop()
                continue
            looks += 1
            if looks % _VALUES_PER_LOOK == 0 and time_is_up():
                self.is_complete = False
                return
            value = child.value
            kinds = set(map(type, value)) if isinstance(value, list) else set()
            if isinstance(value, str) or kinds == {str}:
                text = "".join(value) if kinds else value
                if len(text) >= self._shortest:
                    yield NotebookText(text, looks, child, value if kinds else None)
            elif value and not (kinds and kinds <= _SCALARS):
                waiting.append(_children(_Container(child, value)))


def _children(container: _Container) -> Iterator[_Child]:
    """Yield the names, texts, objects and lists in an object or list."""
    place, value = container.place, container.value
    part, location = (place.part, place.location) if place is not None else ("", Location())
    of_all = _PARTS.get((part, None), "")
    if isinstance(value, list):
        for number, item in enumerate(value):
            if part == "cells":
                location = _cell_location(item, number + 1)
            if isinstance(item, (str, list, dict)):
                yield _Child(container, number, item, of_all, location)
        return
    for name in value:
        yield _Child(container, name, name, "", location, is_name=True)
    for name, item in value.items():
        is_left_out = part == "data" and name.startswith("image/") and _is_picture(item)
        if isinstance(item, (str, list, dict)) and not is_left_out:
            inner = _PARTS.get((part, name), of_all)
            yield _Child(container, name, item, inner, _field_location(part, name, location))


def _cell_location(cell: Any, number: int) -> Location:  # noqa: ANN401
    count = cell.get("execution_count") if isinstance(cell, dict) else None
    return Location("metadata", number, count if isinstance(count, int) else None)


def _field_location(part: str, name: str, location: Location) -> Location:
    """Return the place of a field of an object that is in this place."""
    if part == "cell" and name in _CELL_LOCATIONS:
        return Location(_CELL_LOCATIONS[name], location.cell, location.execution_count)
    if part == "notebook metadata" and name == "widgets":
        return Location("widget state")
    return location


def _is_picture(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is the base64 of an image, as one text or in lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str):
        return False
    start = _PICTURE_START.match(value)
    return (
        start is not None
        and value[-80:].rstrip().endswith(_PICTURE_ENDS[(start.lastindex or 1) - 1])
        and value.isascii()
        and not value.encode("ascii").translate(None, _BASE64)
    )


def _copy(container: _Container) -> Any:  # noqa: ANN401
    """Return the copy of an object or list; its parents are copied, too."""
    below: _Container | None = None
    at: _Container | None = container
    while at is not None:
        is_new = at.copy is None
        if is_new:
            at.copy = copy.copy(at.value)
        if below is not None and below.place is not None:
            at.copy[below.place.key] = below.copy
        if not is_new:
            break
        below, at = at, at.place.container if at.place is not None else None
    return container.copy


def _rename(fields: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401
    """Give fields of an object other names, in their order.

    Names that became equal are numbered; otherwise a field would be lost.
    """
    items = list(fields.items())
    fields.clear()
    taken = {name for name, _ in items if name not in names}
    numbers: dict[str, int] = {}
    for name, value in items:
        new = names.get(name, name)
        if name in names:
            unique = new
            while unique in taken:
                numbers[new] = numbers.get(new, 1) + 1
                unique = f"{new}-{numbers[new]}"
            taken.add(unique)
            new = unique
        fields[new] = value
