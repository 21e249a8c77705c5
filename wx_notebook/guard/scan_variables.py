"""Search the variables of a kernel without running any code of their classes.

Searched are strings, bytes, Python's containers, and the attributes of objects as they are stored
in `__dict__`. No property is read and no method is called. Our own `Secret` objects are skipped,
because they never show what they hold.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wx_notebook.credentials.secret import Opaque, OpaqueMapping, Secret
from wx_notebook.guard.matches import Finding, Location, Search
from wx_notebook.guard.scan_text import find_matches_until

#: How deep containers and objects are searched, and how many values of each variable.
_MAX_DEPTH, _MAX_VALUES = 5, 500_000
#: IPython's shorthands: `In` and `Out` have the same values.
_SHORTHAND = re.compile(r"_+\d*|_i+\d*|_[io]h|_dh|__\w+__|exit|quit|open|get_ipython")
_SKIPPED_TYPES = (
    Secret, Opaque, OpaqueMapping, type, types.ModuleType, types.FunctionType,
    types.BuiltinFunctionType, types.MethodType, types.CodeType, types.FrameType, types.CellType,
    int, float, complex, type(None),
)  # fmt: skip


def search_variables(
    namespace: Mapping[str, Any],
    search: Search,
    time_is_up: Callable[[], bool] = lambda: False,
    on_truncated: Callable[[str], None] = lambda name: None,
) -> Iterator[Finding]:
    """Yield what is found in variables.

    Each object is searched once. `on_truncated` receives the name of each variable that holds more
    values than are searched.
    """
    seen = set[int]()
    for name in list(namespace):
        if not _SHORTHAND.fullmatch(name):
            if time_is_up():
                return
            budget = [_MAX_VALUES]
            for path, text in _texts(name, namespace[name], seen, budget):
                if time_is_up():
                    return
                for match in find_matches_until(time_is_up, text, search)[0]:
                    part = path if name in ("In", "Out") else f"variable {path}"
                    yield Finding(match.kind, Location(part), 0, match.name)
            if budget[0] < 0:
                on_truncated(name)


def _texts(
    path: str,
    value: Any,  # noqa: ANN401
    seen: set[int],
    budget: list[int],
    depth: int = 0,
) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value, and the expression that leads to each."""
    if isinstance(value, str):
        yield path, str.__str__(value)
    elif isinstance(value, bytes | bytearray):
        yield path, bytes(value).decode("latin-1")
    if isinstance(value, (str, bytes, bytearray, *_SKIPPED_TYPES)) or depth > _MAX_DEPTH:
        return
    # a session shows no secret, and a sandbox's key gives no access to an account
    if type(value).__module__.startswith("wx_notebook."):
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    for step, inner in _children(value):
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield from _texts(f"{path}{step}", inner, seen, budget, depth + 1)


def _children(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    # the methods of the built-in classes: a subclass may run any code in its own
    if isinstance(value, dict):
        for key, inner in list(dict.items(value)):
            # the key itself is not shown, because it may be a secret
            yield f"[{key}]" if isinstance(key, int) else "[...]", inner
            if isinstance(key, str):
                yield " (a name in it)", key
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(list.__iter__(value) if isinstance(value, list) else
                                       tuple.__iter__(value)):  # fmt: skip
            yield f"[{number}]", inner
    elif isinstance(value, set | frozenset):
        items = set.__iter__(value) if isinstance(value, set) else frozenset.__iter__(value)
        yield from (("{...}", inner) for inner in list(items))
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return
    if isinstance(attributes, dict):
        for key, inner in list(dict.items(attributes)):
            yield f".{key}" if isinstance(key, str) and key.isidentifier() else ".?", inner
