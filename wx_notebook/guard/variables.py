"""Searching the variables of a kernel, without running any code of theirs.

Looked into are texts, bytes, the containers of Python, and the attributes of objects as they lie in
`__dict__`; no property is asked and no method called. Secrets of ours show nothing and are skipped.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wx_notebook.credentials.secret import Held, Secret, Unshown
from wx_notebook.guard.hits import Finding, Place, Search
from wx_notebook.guard.texts import hits_in

#: How deep containers and objects are looked into, and how many values of each variable.
_DEEPEST, _MOST = 5, 500_000
#: IPython's shorthands for what `In` and `Out` have, too.
_SHORTHAND = re.compile(r"_+\d*|_i+\d*|_[io]h|_dh|__\w+__|exit|quit|open|get_ipython")
_SKIPPED = (
    Secret, Held, Unshown, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
    types.MethodType, types.CodeType, types.FrameType, types.CellType, int, float, complex,
    type(None),
)  # fmt: skip


def search_variables(
    namespace: Mapping[str, Any],
    search: Search,
    time_is_up: Callable[[], bool] = lambda: False,
    was_cut: Callable[[str], None] = lambda name: None,
) -> Iterator[Finding]:
    """Yield in which variables something is found, each one once.

    `was_cut` is given the names of those that hold more values than are looked at.
    """
    seen = set[int]()
    for name in list(namespace):
        if not _SHORTHAND.fullmatch(name):
            if time_is_up():
                return
            left = [_MOST]
            for path, text in _texts(name, namespace[name], seen, left):
                if time_is_up():
                    return
                for hit in hits_in(text, search):
                    part = path if name in ("In", "Out") else f"variable {path}"
                    yield Finding(hit.what, Place(part), 0, hit.name)
            if left[0] < 0:
                was_cut(name)


def _texts(
    name: str,
    value: Any,  # noqa: ANN401
    seen: set[int],
    left: list[int],
    depth: int = 0,
) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value, with the way to each."""
    if isinstance(value, str):
        yield name, str.__str__(value)
    elif isinstance(value, bytes | bytearray):
        yield name, bytes(value).decode("latin-1")
    if isinstance(value, (str, bytes, bytearray, *_SKIPPED)) or depth > _DEEPEST:
        return
    # a session shows nothing, and a sandbox's key opens nothing
    if type(value).__module__.startswith("wx_notebook."):
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    for step, inner in _inside(value):
        left[0] -= 1
        if left[0] < 0:
            return
        yield from _texts(f"{name}{step}", inner, seen, left, depth + 1)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    # the methods of the built-in classes themselves: a subclass may do anything in its own
    if isinstance(value, dict):
        for key, inner in list(dict.items(value)):
            # not the name itself: it may be what is looked for
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
