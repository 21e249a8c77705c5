"""Measure the house: rooms, sizes, imports, names. ``python tests/house.py`` prints the figures.

`test_rooms.py` holds the rules, with the same functions. What a rule excepts, and why, stands in
`house.toml`.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wx_notebook"
NAME = PACKAGE.name
EXCEPTIONS = tomllib.loads((Path(__file__).parent / "house.toml").read_text(encoding="utf-8"))
#: The modules by their dotted names; a package stands for its `__init__`.
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a module's syntax tree."""
    return tuple(ast.walk(tree(path)))


@cache
def length(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def short(path: Path) -> str:
    """Return a module as the reports write it: ``service/sse.py``."""
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    """Return the room of a module; one at the top level, such as `errors.py`, is a room."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


# --- imports ------------------------------------------------------------------------------------


def own_imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules of this package that one statement imports; absolute imports only.

    The package's version is a constant that stands in its `__init__`; reading it does not count.
    """
    names = []
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are absolute here"
        base = node.module or ""
        names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
                 for alias in node.names if alias.name != "__version__"]  # fmt: skip
    elif isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    yield from dict.fromkeys(name for name in names if name.split(".")[0] == NAME)


@cache
def imported(path: Path) -> set[str]:
    """Return all modules of ours that a module imports, for types and inside functions, too."""
    return {name for node in nodes(path) for name in own_imports(node)}


@cache
def imports_inside_functions() -> list[str]:
    """Return ``module -> imported module`` for each import of ours that a function makes."""
    found = set()
    for path in MODULES.values():
        functions = [node for node in nodes(path) if isinstance(node, FUNCTIONS)]
        # a function inside another one belongs to the outer one, too: each node is looked at once
        inside = {inner for function in functions for inner in ast.walk(function)}
        for node in inside:
            for name in own_imports(node):
                found.add(f"{short(path)} -> {name.removeprefix(f'{NAME}.')}")
    return sorted(found)


def imports_by_name() -> list[str]:
    """Return the modules that call `import_module` or `__import__`."""
    return [
        short(path)
        for path in MODULES.values()
        if any(
            isinstance(node, ast.Call) and called(node) in ("import_module", "__import__")
            for node in nodes(path)
        )
    ]


def called(call: ast.Call) -> str:
    """Return the last part of the name that is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


@cache
def circles() -> list[list[str]]:
    """Return the groups of modules that import each other, each sorted (Tarjan's algorithm)."""
    graph = {name: sorted(imported(path) & set(MODULES)) for name, path in MODULES.items()}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1 or name in graph[name]:
                found.append(sorted(group))

    for name in graph:
        if name not in index:
            visit(name)
    return found


# --- sizes --------------------------------------------------------------------------------------


def sizes() -> dict[str, tuple[int, int]]:
    """Return modules and lines for each room."""
    found: dict[str, tuple[int, int]] = {}
    for path in MODULES.values():
        modules, lines = found.get(room_of(path), (0, 0))
        found[room_of(path)] = modules + 1, lines + length(path)
    return found


def totals() -> dict[str, tuple[int, int]]:
    """Return modules and lines of the client and of the sandbox."""
    found = {"client": (0, 0), "sandbox": (0, 0)}
    for room, (modules, lines) in sizes().items():
        part = "sandbox" if room == "sandbox" else "client"
        found[part] = found[part][0] + modules, found[part][1] + lines
    return found


@cache
def long_functions(limit: int) -> list[str]:
    """Return the functions with more lines than `limit`; a docstring is not counted."""
    return [
        f"{short(path)}:{node.lineno} {node.name}: {lines} lines"
        for path in MODULES.values()
        for node in nodes(path)
        if isinstance(node, FUNCTIONS) and (lines := _lines(node)) > limit
    ]


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


# --- names --------------------------------------------------------------------------------------


def defined_twice() -> dict[str, list[str]]:
    """Return the public functions and classes that more than one module defines, with those.

    The sandbox shares nothing with the client, so each of the two has its own names.
    """
    homes: dict[tuple[bool, str], list[str]] = defaultdict(list)
    for path in MODULES.values():
        for node in tree(path).body:
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
                home = homes[room_of(path) == "sandbox", node.name]
                if short(path) not in home:
                    home.append(short(path))
    return {name: home for (_, name), home in sorted(homes.items()) if len(home) > 1}


def public_names(of: type) -> list[str]:
    """Return what the completion of a notebook shows of a class."""
    return [name for name in dir(of) if not name.startswith("_")]


# --- the report ---------------------------------------------------------------------------------


def report() -> str:
    """Return all figures as text."""
    from wx_notebook import Answer, Session

    inside, twice = imports_inside_functions(), defined_twice()
    long, ties = long_functions(50), circles()
    lines = ["lines  modules  room"]
    lines += [f"{lines:5}  {modules:7}  {room}" for room, (modules, lines) in sizes().items()]
    lines += [f"{lines:5}  {modules:7}  {part}, all" for part, (modules, lines) in totals().items()]
    counted = sorted(length(path) for path in MODULES.values() if path.name != "__init__.py")
    median, below = counted[len(counted) // 2], sum(number < 60 for number in counted)
    above = sum(number > 300 for number in counted)
    lines += ["", f"lines of a module: median {median}, longest {counted[-1]}"]
    lines += [f"modules below 60 lines: {below}; above 300: {above}"]
    for title, entries in (
        ("circles", [", ".join(group) for group in ties]),
        ("own imports inside functions", inside),
        ("modules that import by name", imports_by_name()),
        ("names defined in two modules", [f"{k}: {', '.join(v)}" for k, v in twice.items()]),
        ("functions above 50 lines", long),
        ("public names of Session", [", ".join(public_names(Session))]),
        ("public names of Answer", [", ".join(public_names(Answer))]),
    ):
        number = len(entries) if "public" not in title else len(entries[0].split(", "))
        lines += ["", f"{title}: {number}", *(f"  {entry}" for entry in entries)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(report())
