"""Lists of what can be read without being used up: views of dicts, ranges, iterators over lists."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from itertools import islice
from typing import Any

from wx_notebook.errors import BadOption, mask_keys

#: Items of a list that a prompt is given.
MAX_ITEMS = 100_000
#: Python copies these iterators with their position, and a copy moves by itself.
_COPIED: tuple[Iterator[Any], ...] = (
    iter([]), reversed([]), reversed(()), iter(()), iter(""), iter(range(0)), iter(set()),
    iter({}), iter({}.values()), iter({}.items()),
)  # fmt: skip
_COPYABLE = frozenset(map(type, _COPIED))


def listed(value: Any, name: str) -> Any:  # noqa: ANN401  # any value, and a list of some
    """Return the items of a view, a range or a copyable iterator as a list; else the value itself.

    An iterator stays where it is: its copy is read. A generator, a reader of a file or the cursor
    of a database has no copy, and is returned as it is. A `defaultdict` becomes a dict.

    Raises
    ------
    BadOption
        It has more items than a prompt is given.
    """
    if isinstance(value, defaultdict):
        return dict(value)
    items: Any = value if isinstance(value, KeysView | ValuesView | ItemsView | range) else None
    if items is None and isinstance(value, Iterator):
        items = _copy(value, {})
    if items is None:
        return value
    found = list(islice(items, MAX_ITEMS + 1))
    if len(found) > MAX_ITEMS:
        raise BadOption(
            f"'{mask_keys(name)}' has more than {MAX_ITEMS:,} items.",
            hint="Make a shorter list in its own cell, and use that.",
        )
    return found


def _copy(iterator: Iterator[Any], copies: dict[int, Iterator[Any] | None]) -> Iterator[Any] | None:
    """Return a copy of an iterator, None if there can be none.

    `copies` has those that were made: ``zip(rows, rows)`` reads one iterator twice.
    """
    kind: Any = type(iterator)
    if id(iterator) in copies:
        return copies[id(iterator)]
    copied: Iterator[Any] | None = None
    if kind in _COPYABLE:
        copied = copy.copy(iterator)
    elif kind in (zip, enumerate):
        # both can be pickled, and so say what they are made of
        reduced: Any = iterator.__reduce__()
        _, arguments, *state = reduced
        parts = [_copy(part, copies) if isinstance(part, Iterator) else part for part in arguments]
        if None not in parts:
            made = copied = kind(*parts)
            for each in state:
                made.__setstate__(each)
    copies[id(iterator)] = copied
    return copied
