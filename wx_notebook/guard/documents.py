"""A notebook's document: searched, or given back without what must not be saved.

It is walked as the JSON that it is: every string, also the names of fields (an attachment's name is
one), and every list of strings as the text that it stands for. Pictures are not text: what is under
`image/...` is skipped, but for SVG.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.hits import CERTAIN, Finding, Hit, Place, Search, What
from wx_notebook.guard.texts import bare, hits_in, line_of, without

#: Is given a secret that is certain, and what it is.
Found: TypeAlias = Callable[[Secret, What], None]

_PARTS = {"source": "source", "outputs": "output", "attachments": "attachments"}


class Walk:
    """One way through one document.

    Parameters
    ----------
    search
        What is looked for.
    removing
        Whether the document that comes back is without it.
    time_is_up
        Is asked before each text; from then on nothing more is searched.
    found
        Is given each secret that is certain, and what it is.
    """

    def __init__(
        self,
        search: Search,
        *,
        removing: bool = False,
        time_is_up: Callable[[], bool] = lambda: False,
        found: Found = lambda secret, what: None,
    ) -> None:
        self._found = found
        self._search = search
        self._removing = removing
        self._time_is_up = time_is_up
        self.findings: list[Finding] = []
        #: whether time was up before the end
        self.was_cut = False
        #: whether something goes deeper than can be followed; the rest was searched
        self.was_too_deep = False

    def notebook(self, document: Any) -> Any:  # noqa: ANN401  # JSON, as all in this module
        """Walk a notebook; return it, or a copy without what was found.

        What was not changed is the same object as before, and nothing is changed in place.
        """
        if not isinstance(document, dict):
            return self._node(document, Place())
        place = Place("notebook metadata")
        return self._changed(document, place, lambda name, value: self._top(name, value, place))

    def text(self, text: str, place: Place) -> str:
        """Walk one text."""
        hits = self._hits(text, place)
        return without(text, hits) if hits and self._removing else text

    def _top(self, name: str, value: Any, place: Place) -> Any:  # noqa: ANN401
        if name == "cells" and isinstance(value, list):
            numbers = itertools.count(1)
            return self._list(value, lambda cell: self._cell(cell, next(numbers)))
        if name == "metadata" and isinstance(value, dict):
            return self._changed(value, place, self._of_metadata)
        return self._node(value, place)

    def _of_metadata(self, name: str, value: Any) -> Any:  # noqa: ANN401
        part = "widget state" if name == "widgets" else "notebook metadata"
        return self._whole(value, Place(part))

    def _cell(self, cell: Any, number: int) -> Any:  # noqa: ANN401
        if not isinstance(cell, dict):
            return self._node(cell, Place("metadata", number))
        count = cell.get("execution_count")
        place = Place("metadata", number, count if isinstance(count, int) else None)

        def walk(name: str, value: Any) -> Any:  # noqa: ANN401
            return self._whole(value, replace(place, part=_PARTS.get(name, place.part)))

        return self._changed(cell, place, walk)

    def _whole(self, value: Any, place: Place) -> Any:  # noqa: ANN401
        """Walk one output, one cell's source ...: what is wrong with it is no matter of others."""
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            return self._list(value, lambda item: self._followed(item, place))
        return self._followed(value, place)

    def _followed(self, value: Any, place: Place) -> Any:  # noqa: ANN401
        try:
            return self._node(value, place)
        except RecursionError:
            self.was_too_deep = True
            return value

    def _node(self, node: Any, place: Place) -> Any:  # noqa: ANN401
        if isinstance(node, str):
            return self.text(node, place)
        if isinstance(node, dict):
            return self._changed(node, place, lambda _, value: self._node(value, place))
        if isinstance(node, list):
            if node and all(isinstance(item, str) for item in node):
                return self._lines(node, place)
            return self._list(node, lambda item: self._node(item, place))
        return node

    def _lines(self, lines: list[str], place: Place) -> list[str]:
        hits = self._hits("".join(lines), place)
        if not (hits and self._removing):
            return lines
        pieces, begins = [], 0
        for line in lines:
            pieces.append(without(line, hits, begins))
            begins += len(line)
        return pieces

    def _hits(self, text: str, place: Place) -> list[Hit]:
        if self.was_cut or self._time_is_up():
            self.was_cut = True
            return []
        hits = hits_in(text, self._search)
        self.findings += [
            Finding(hit.what, place, line_of(text, hit), hit.name, hit.mark) for hit in hits
        ]
        # what only looks like a secret is left alone
        certain = [hit for hit in hits if hit.what in CERTAIN]
        for hit in certain:
            self._found(Secret(bare(text[hit.start : hit.end])), hit.what)
        return certain

    def _list(self, items: list[Any], walk: Callable[[Any], Any]) -> list[Any]:
        walked = [walk(item) for item in items]
        return items if _same(walked, items) else walked

    def _changed(
        self, fields: Mapping[str, Any], place: Place, walk: Callable[[str, Any], Any]
    ) -> Any:  # noqa: ANN401
        """Return fields whose values were walked, and their names, in the order that they had."""
        names = [self.text(name, place) for name in fields]
        values = [
            value if _is_picture(name) else walk(name, value) for name, value in fields.items()
        ]
        if _same(names, list(fields)) and _same(values, list(fields.values())):
            return fields
        changed = copy.copy(fields)
        changed.clear()  # type: ignore[attr-defined]  # a dict, of whatever class
        for name, value in zip(_apart(names), values, strict=True):
            changed[name] = value  # type: ignore[index]
        return changed


def _same(ones: list[Any], others: list[Any]) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))


def _is_picture(name: str) -> bool:
    return name.startswith("image/") and name != "image/svg+xml"


def _apart(names: list[Any]) -> Iterator[Any]:
    """Yield names of which two that held secrets must not become one: a field would be lost."""
    taken = set()
    for name in names:
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        yield unique
