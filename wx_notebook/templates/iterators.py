"""Items of what has no list of its own: views of dicts, ranges, iterators.

An iterator over a list is copied, and stays where it is. A generator, a reader of a file or the
cursor of a database has no copy: a prompt reads as much of it as it sends. What was read is kept:
the same cell sends the same rows when it runs again, also after ``--show``.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from itertools import islice
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, foreign_reason, mask_keys
from wx_notebook.templates.file_kinds import PROMPT_TAKES

#: Items of a list that a prompt is given.
MAX_ITEMS = 100_000
#: Python copies these iterators with their position, and a copy moves by itself.
_COPIED: tuple[Iterator[Any], ...] = (
    iter([]), reversed([]), reversed(()), iter(()), iter(""), iter(range(0)), iter(set()),
    iter({}), iter({}.values()), iter({}.items()),
)  # fmt: skip
_COPYABLE = frozenset(map(type, _COPIED))
#: Iterators whose items are kept.
_MOST_KEPT = 20


class ItemRow(NamedTuple):
    """An item with several values, and their names, () where it has none."""

    names: tuple[str, ...]
    values: tuple[Any, ...]


class Items:
    """The items of an iterator that cannot be copied, as far as prompts have read them.

    Attributes
    ----------
    read
        Those that were read so far.
    """

    def __init__(self, iterator: Iterator[Any], name: str) -> None:
        self.iterator = iterator
        self.read: list[Any] = []
        self._name = mask_keys(name)
        self._failure = ""

    def has(self, number: int) -> bool:
        """Return whether there are so many items; those that are missing are read.

        Raises
        ------
        BadOption
            The iterator failed, or there is no item at all.
        """
        if len(self.read) < number and not self._failure:
            self._read(number - len(self.read))
        if len(self.read) >= number:
            return True
        if self._failure:
            raise self._refused(f"Reading the items of '{self._name}' failed: {self._failure}")
        if not self.read:
            raise self._refused(
                f"'{self._name}' has no items: it is an iterator that is empty, or was read before."
            )
        return False

    def all(self) -> list[Any]:
        """Return all items; raises as `has`, and for more than a prompt is given."""
        if self.has(MAX_ITEMS + 1):
            raise _too_many(self._name)
        return self.read

    def check_rows(self) -> None:
        """Check that the first item is a row of a table.

        Raises
        ------
        BadOption
            It is a single value, or there is none.
        """
        if self.has(1) and row_of(self.read[0]) is None:
            raise self._refused(
                f"'{self._name}' is an iterator, and a prompt would use it up. {PROMPT_TAKES} "
                "An iterator of rows counts as a table."
            )

    @property
    def note(self) -> str:
        """What the user has to know of it."""
        number = len(self.read)
        read = "1 item of it was read" if number == 1 else f"{number:,} items of it were read"
        return (
            f"{self._name} is an iterator, and {read}: the same cell sends them again, a loop of "
            "yours starts behind them"
        )

    def _read(self, number: int) -> None:
        try:
            self.read += islice(self.iterator, number)
        except Exception as error:  # noqa: BLE001  # the code of any iterator
            self._failure = foreign_reason(error)
        except BaseException:
            # a generator that was stopped has ended: what it gave so far is not all
            self._failure = "it was stopped."
            raise

    def _refused(self, message: str) -> BadOption:
        hint = f"Make it again in its own cell, and keep its items: rows = list({self._name})"
        return BadOption(message, hint=hint)


_KEPT: OrderedDict[int, Items] = OrderedDict()


def items_of(iterator: Iterator[Any], name: str) -> Items:
    """Return the items of an iterator, with those that an earlier prompt has read."""
    items = _KEPT.pop(id(iterator), None) or Items(iterator, name)
    _KEPT[id(iterator)] = items
    if len(_KEPT) > _MOST_KEPT:
        _KEPT.popitem(last=False)
    return items


def row_of(item: Any) -> ItemRow | None:  # noqa: ANN401
    """Return an item as a row, None for a single value.

    A row is a dict, a list or a tuple, a row of a database, a data class, or what pandas gives.
    """
    if isinstance(item, Mapping):
        return ItemRow(tuple(map(str, item)), tuple(item.values()))
    if isinstance(item, tuple) and len(item) == 2 and _is_series(item[1]):
        # of `iterrows`
        return ItemRow(("index", *map(str, item[1].index)), (item[0], *item[1]))
    if isinstance(item, list | tuple):
        return ItemRow(tuple(map(str, getattr(item, "_fields", ()))), tuple(item))
    if _is_series(item) or (hasattr(type(item), "keys") and hasattr(type(item), "__getitem__")):
        # `sqlite3.Row` has the names, and gives its values one by one
        return ItemRow(tuple(map(str, item.keys())), tuple(item))
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        names = [one.name for one in dataclasses.fields(item)]
        return ItemRow(tuple(names), tuple(getattr(item, name, None) for name in names))
    return None


def _is_series(value: Any) -> bool:  # noqa: ANN401
    kind = type(value)
    return kind.__name__ == "Series" and kind.__module__.partition(".")[0] == "pandas"


def listed(value: Any, name: str) -> Any:  # noqa: ANN401  # any value, and a list of some
    """Return the items of a view, a range or a copyable iterator as a list; else the value itself.

    An iterator stays where it is: its copy is read. One that has no copy is returned as it is. A
    `defaultdict` becomes a dict.

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
        raise _too_many(mask_keys(name))
    return found


def _too_many(name: str) -> BadOption:
    return BadOption(
        f"'{name}' has more than {MAX_ITEMS:,} items.",
        hint="Make a shorter list in its own cell, and use that.",
    )


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
