"""What fits into a placeholder ``{{ ... }}`` of a prompt: a variable, a part of it, a filter.

No code of the user runs for that: no property, no method, no `__getattr__`. What only running code
would tell is not offered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.magics.completion.values import Candidate, Suggestions

_NAME = r"[^\W\d]\w*"
_STEP = rf"""\s*\.\s*{_NAME}|\s*\[\s*(?:'[^'\\\n]*'|"[^"\\\n]*"|-?\d+)\s*\]"""
_PATH = rf"(?P<path>{_NAME}(?:{_STEP})*)"
_STEPS = re.compile(
    rf"""\s*\.\s*(?P<attribute>{_NAME})|\s*\[\s*(?:'(?P<one>[^']*)'|"(?P<two>[^"]*)"|(?P<at>-?\d+))"""
)
_VARIABLE = re.compile(r"\s*(?P<name>\w*)")
_ATTRIBUTE = re.compile(rf"\s*{_PATH}\s*\.\s*(?P<name>\w*)")
_KEY = re.compile(rf"""\s*{_PATH}\s*\[\s*(?P<quote>['"])(?P<name>[^'"\\\n]*)""")
_FILTER = re.compile(rf"\s*{_PATH}\s*\|(?P<others>(?:[^|]*\|)*)\s*(?P<name>\w*)")
#: Those of Jinja's filters that are useful for a text or a list.
FILTERS = (
    "capitalize", "default", "dictsort", "first", "indent", "items", "join", "last", "length",
    "list", "lower", "map", "max", "min", "pprint", "reject", "replace", "reverse", "round",
    "select", "selectattr", "sort", "striptags", "sum", "title", "tojson", "trim", "truncate",
    "unique", "upper", "wordcount", "wordwrap",
)  # fmt: skip
_MOST = 500


def complete_placeholder(before: str, shell: Any) -> Suggestions | None:  # noqa: ANN401  # InteractiveShell
    """Return what fits into the open placeholder at the end of a text, None if there is none."""
    opening = before.rfind("{{")
    if opening < 0 or before[:opening].endswith("{") or "}}" in before[opening:]:
        return None
    inside = before[opening + 2 :]
    if match := _VARIABLE.fullmatch(inside):
        return _suggestions(match["name"], variables(shell, match["name"]), "instance")
    if match := _ATTRIBUTE.fullmatch(inside):
        return _suggestions(match["name"], _parts(match["path"], shell, attributes), "instance")
    if match := _KEY.fullmatch(inside):
        closing = f"{match['quote']}]"
        return _suggestions(match["name"], _parts(match["path"], shell, keys), "instance", closing)
    if match := _FILTER.fullmatch(inside):
        # our own filter is for tables, and comes first
        ours = [] if match["others"] else _parts(match["path"], shell, _filters_of)
        return _suggestions(match["name"], [*ours, *FILTERS], "function")
    return None


def variables(shell: Any, beginning: str) -> Iterator[str]:  # noqa: ANN401
    """Yield the user's variables with this beginning that a prompt can contain."""
    hidden = shell.user_ns_hidden
    # a copy: another thread may define one in the meantime
    for name, value in shell.user_ns.copy().items():
        # IPython's own variables are hidden, until the user gives one another value
        is_own = name not in hidden or hidden[name] is not value
        if name.startswith(beginning) and name[:1] != "_" and is_own and _fits(value):
            yield name


def attributes(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield what can follow a variable's dot."""
    labels = _labels(value)
    if labels is not None:
        yield from (label for label in labels if label.isidentifier())
        return
    # its keys may be of any type: a program can put them there
    seen: dict[object, None] = dict.fromkeys(_instance_dict(value))
    for kind in _mro(type(value))[:-1]:
        for name, member in _class_dict(kind).items():
            # a method is not a text; a property is offered without running it
            if not callable(member) and not isinstance(member, classmethod | staticmethod):
                seen.setdefault(name)
    yield from (name for name in seen if isinstance(name, str) and name[:1] != "_")


def keys(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield what can stand between a variable's brackets and quotes."""
    for label in _labels(value) or ():
        if not re.search(r"""['"\\\n\r]""", label):
            yield label


def _filters_of(value: Any) -> Iterator[str]:  # noqa: ANN401
    for library, name, _ in _TABLES:
        table = getattr(sys.modules.get(library), name, None)
        if isinstance(table, type) and issubclass(type(value), table):
            yield "rows("


def _fits(value: object) -> bool:
    """Whether a value can fill a placeholder: functions, modules and secrets cannot."""
    kind = type(value)
    return not (issubclass(kind, type) or callable(value) or _is_refused(kind))


def _is_refused(kind: type) -> bool:
    if issubclass(kind, Secret | ModuleType):
        return True
    # the module is loaded if a session exists; importing it here would take too long
    connection = sys.modules.get("wx_notebook.session.connection")
    session = getattr(connection, "Session", None)
    return session is not None and issubclass(kind, session)


def _suggestions(fragment: str, names: Iterable[str], kind: str, closing: str = "") -> Suggestions:
    matching = (name for name in names if name.startswith(fragment))
    texts = sorted(islice(matching, _MOST), key=str.lower)
    return Suggestions(fragment, [Candidate(text + closing, kind) for text in texts])


def _parts(path: str, shell: Any, list_parts: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the parts of the value at a path; nothing if only running code would lead there."""
    root = re.match(_NAME, path)
    value = shell.user_ns.get(root[0], _NOTHING) if root is not None else _NOTHING
    for step in _STEPS.finditer(path, root.end() if root is not None else 0):
        value = _stepped(value, step)
    return list_parts(value) if value is not _NOTHING and not _is_refused(type(value)) else iter(())


_NOTHING = object()


def _stepped(value: Any, step: re.Match[str]) -> Any:  # noqa: ANN401
    kind = type(value)
    if step["at"] is not None:
        at = int(step["at"])
        for plain in (list, tuple):
            if issubclass(kind, plain) and -plain.__len__(value) <= at < plain.__len__(value):
                return plain.__getitem__(value, at)
        return _NOTHING
    name = step["attribute"] or step["one"] or step["two"] or ""
    if issubclass(kind, dict):
        return dict.get(value, name, _NOTHING)
    if step["attribute"] is None:
        return _NOTHING
    inside = _instance_dict(value)
    return dict.get(inside, name, _NOTHING)


def _labels(value: Any) -> list[str] | None:  # noqa: ANN401
    """Return the keys of a mapping, the columns of a table, the labels of a row, or None."""
    kind = type(value)
    if issubclass(kind, dict):
        return [key for key in islice(dict.keys(value), _MOST) if type(key) is str]
    for library, name, which in _TABLES:
        table = getattr(sys.modules.get(library), name, None)
        if isinstance(table, type) and issubclass(kind, table):
            # the library's own property, even if a subclass overrides it
            labels = getattr(table, which).__get__(value, table)
            return [label for label in islice(labels, _MOST) if type(label) is str]
    return None


_TABLES = (
    ("pandas", "DataFrame", "columns"), ("pandas", "Series", "index"),
    ("polars", "DataFrame", "columns"),
)  # fmt: skip
# As in `inspect.getattr_static`: a class may define these names itself.
_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__


def _instance_dict(value: Any) -> dict[str, Any]:  # noqa: ANN401
    for kind in _mro(type(value)):
        descriptor = _class_dict(kind).get("__dict__")
        if descriptor is not None:
            # only Python's own descriptor: a property of this name would run code
            is_plain = type(descriptor) in (GetSetDescriptorType, MemberDescriptorType)
            names = descriptor.__get__(value) if is_plain else None
            return names if type(names) is dict else {}
    return {}
