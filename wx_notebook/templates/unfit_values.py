"""Values that no prompt can hold, such as a function, a picture or a generator, and what to do.

The text of such a value is the address of an object, ``<generator object at 0x7f...>``, or says as
little. The error names what it is, and what makes a text, a list or a table of it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import inspect
import io
import re
import types
from collections import defaultdict, deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)  # fmt: skip
from functools import partial
from numbers import Number
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.templates.file_kinds import PROMPT_TAKES, kind_of_bytes

#: The text of an object that has no other: an address, or only the name of its class.
_ADDRESS = re.compile(r"<[^<>\n]*\bat 0x[0-9A-Fa-f]{4,}|<[\w.]+ object[;>]")
#: Most items of most lists.
_PLAIN = frozenset([str, int, float, bool, type(None)])
_VALUES = (str, Number, dt.date, dt.time, dt.timedelta, BaseException)
_LONGEST_KEY = 40


class Unfit(NamedTuple):
    """What a value is, and what to type instead; ``{0}`` stands for its name."""

    kind: str
    hint: str


_PICTURE = Unfit(
    "a picture", "It goes in a placeholder of its own, without a filter, or with --image."
)
_ITERATOR = "an iterator, and a prompt would use it up"
_GROUPS = "a group of tables"
_LAZY = "a table that is not computed yet"
#: Classes of libraries, by the first part of their module and their name.
_BY_CLASS: Mapping[str, Unfit] = {
    "pandas.Styler": Unfit("a styled table", "Use the table in it: {{ {0}.data }}"),
    "pandas.BaseGroupBy": Unfit(_GROUPS, "Make a table of them: table = {0}.sum()"),
    "pandas.BaseWindow": Unfit("a window over a table", "Make a table: table = {0}.mean()"),
    "polars.GroupBy": Unfit(_GROUPS, "Make a table of them: table = {0}.len()"),
    "polars.LazyGroupBy": Unfit(_GROUPS, "Make a table of them: table = {0}.len().collect()"),
    "polars.LazyFrame": Unfit(_LAZY, "Compute it: table = {0}.collect()"),
    "dask.DataFrame": Unfit(_LAZY, "Compute it: table = {0}.compute()"),
    "pyspark.DataFrame": Unfit(_LAZY, "Compute it: table = {0}.toPandas()"),
    "requests.Response": Unfit("a response", "Use the text of it: {{ {0}.text }}"),
    "httpx.Response": Unfit("a response", "Use the text of it: {{ {0}.text }}"),
    "pandas.TextFileReader": Unfit("tables in parts", "Make one table: table = pd.concat({0})"),
    "wx_notebook.AnswerStream": Unfit("an answer that streams", "Read it, then use {0}.answer"),
    "IPython.TextDisplayObject": Unfit("a display", "Use the text of it: {{ {0}.data }}"),
    **dict.fromkeys(
        ("PIL.Image", "IPython.DisplayObject", "matplotlib.Artist", "plotly.BaseFigure",
         "altair.TopLevelMixin", "bokeh.Model"),
        _PICTURE,
    ),
}  # fmt: skip


def check_fits(
    value: Any,  # noqa: ANN401
    name: str,
    refused_types: tuple[type, ...] = (),
    *,
    with_items: bool = True,
) -> None:
    """Refuse a value if it, or something in it, has no text that a prompt could use.

    Lists, dicts and data classes are searched, because their text is made of that of their items;
    without `with_items` they are not.

    Raises
    ------
    BadOption
        The message says what it is and where it stands.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, str]] = [(value, name)]
    while waiting:
        each, place = waiting.pop()
        if type(each) in _PLAIN or isinstance(each, _VALUES):
            continue
        if isinstance(each, refused_types):
            raise secret_refused(name)
        is_inside = each is not value
        items = None
        if (unfit := _unfit(each, is_inside=is_inside)) is None:
            # what the code of a class raises is told by whoever makes the text
            with contextlib.suppress(Exception):
                items = _items(each, place)
            if items is None:
                unfit = _without_text(each, is_inside=is_inside)
        if unfit is not None:
            raise _refused(unfit, place, is_inside=is_inside)
        if items is not None and with_items and id(each) not in seen:
            seen.add(id(each))
            waiting.extend(reversed(items))


def secret_refused(name: str) -> BadOption:
    """Return the error for a value that is a secret or a session, or holds one."""
    return BadOption(
        f"'{mask_keys(name)}' holds a secret or a session, which never goes into a prompt.",
        hint="Remove it from the prompt, or send the text as typed with --raw.",
    )


def _refused(unfit: Unfit, place: str, *, is_inside: bool) -> BadOption:
    shown = mask_keys(place)
    # what is known about the kind of a file has no place for a name
    hint = unfit.hint.replace("{0}", shown)
    subject = f"'{shown}'"
    if is_inside or " " in place:
        hint = "Leave it out, or put the values that you need into a list or a table of their own."
        hint = "Give pictures with --image." if unfit is _PICTURE else hint
        subject = f"{shown[:1].upper()}{shown[1:]}" if " of " in place else subject
    return BadOption(f"{subject} is {unfit.kind}. {PROMPT_TAKES}", hint=hint)


def _unfit(value: Any, *, is_inside: bool) -> Unfit | None:  # noqa: ANN401
    """Return what a value is if its class says so, else None; runs no code of the value."""
    for base in type(value).__mro__:
        found = _BY_CLASS.get(f"{str(base.__module__).partition('.')[0]}.{base.__name__}")
        if found is not None:
            return found
    if isinstance(value, type):
        return Unfit("a class", "For its source: text = inspect.getsource({0})")
    if isinstance(value, types.ModuleType):
        return Unfit("a module", "For its description: text = {0}.__doc__")
    if inspect.isroutine(value) or isinstance(value, partial):
        return Unfit(
            "a function, not a text",
            "Call it in its own cell and give the result a name. For an item of a mapping, "
            "write {{ name['item'] }}.",
        )
    if isinstance(value, bytes | bytearray | memoryview):
        if (kind := kind_of_bytes(bytes(value[:64]))) is not None:
            return Unfit(f"the bytes of {kind.article_and_name}", kind.hint)
        return Unfit("bytes, not a text", "Make a text of them: text = bytes({0}).decode()")
    if is_inside and isinstance(value, defaultdict):
        return Unfit("a defaultdict", "")
    return _unfit_source(value)


def _unfit_source(value: Any) -> Unfit | None:  # noqa: ANN401
    """Return what a value is if its data come later, or only once."""
    if isinstance(value, io.StringIO):
        return Unfit("a file in memory", "Use the text of it: text = {0}.getvalue()")
    if isinstance(value, io.IOBase):
        return Unfit("an open file", "Read it in its own cell: text = {0}.read()")
    if isinstance(value, concurrent.futures.Future):
        return Unfit("a result that is still to come", "Wait for it: result = {0}.result()")
    if isinstance(value, Awaitable):
        return Unfit("a result that is still to come", "Wait for it: result = await {0}")
    if isinstance(value, AsyncIterator):
        return Unfit("an iterator", "Keep its items: rows = [row async for row in {0}]")
    if isinstance(value, Iterator):
        return Unfit(_ITERATOR, _way_to_read(value))
    return None


def without_text(value: Any) -> str:  # noqa: ANN401
    """Return what a value is if it has no text, such as "a picture"; "" for any other value."""
    if type(value) in _PLAIN or isinstance(value, _VALUES):
        return ""
    unfit = _unfit(value, is_inside=False)
    if unfit is None and _items(value, "") is None:
        unfit = _without_text(value, is_inside=False)
    return unfit.kind if unfit is not None else ""


def is_plain_iterator(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value gives its items one by one, and is nothing else that is known."""
    return isinstance(value, Iterator) and _unfit(value, is_inside=False) == (
        Unfit(_ITERATOR, _way_to_read(value))
    )


def _without_text(value: Any, *, is_inside: bool) -> Unfit | None:  # noqa: ANN401
    """Return what a value is if its text is only an address, or that of a function."""
    try:
        text = repr(value) if is_inside else str(value)
    except Exception:  # noqa: BLE001  # whoever makes the text reports it
        return None
    is_function = callable(value) and re.fullmatch(r"<[^<>]*>", text)
    if not is_function and _ADDRESS.search(text) is None:
        return None
    kind = type(value).__name__[:_LONGEST_KEY]
    return Unfit(f"an object of the class {kind}, which has no text", _way_to_read(value))


def _way_to_read(value: Any) -> str:  # noqa: ANN401
    """Return the hint for a value of an unknown class, by what the class can do."""
    kind = type(value)
    if callable(getattr(kind, "fetchall", None)):
        return "Read its rows in its own cell: rows = {0}.fetchall()"
    if callable(getattr(kind, "read", None)):
        return "Read it in its own cell: text = {0}.read()"
    if isinstance(value, Iterable):
        return "Keep its items: rows = list({0})"
    return "Put its attributes into the prompt, or a text that you make of it."


def _items(value: Any, place: str) -> list[tuple[Any, str]] | None:  # noqa: ANN401
    """Return what the text of a value is made of, each with its place; None for a single value."""
    if isinstance(value, dict | types.MappingProxyType):
        keys = [(key, f"a key of {place}") for key in value]
        return keys + [(each, f"{place}[{_short(key)}]") for key, each in value.items()]
    if isinstance(value, list | tuple | deque):
        return [(each, f"{place}[{at}]") for at, each in enumerate(value)]
    if isinstance(value, set | frozenset | KeysView | ValuesView | ItemsView):
        return [(each, f"an item of {place}") for each in value]
    if isinstance(value, types.SimpleNamespace):
        return [(each, f"{place}.{name}") for name, each in vars(value).items()]
    if dataclasses.is_dataclass(value) and "__repr__" in vars(type(value)):
        names = [field.name for field in dataclasses.fields(value) if field.repr]
        return [(getattr(value, name, None), f"{place}.{name}") for name in names]
    if type(value).__module__ == "numpy" and str(getattr(value, "dtype", "")) == "object":
        return [(each, f"an item of {place}") for each in value.flat]
    return None


def _short(key: object) -> str:
    text = repr(key) if type(key) in _PLAIN else type(key).__name__
    return text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}..."
