"""Many small cases in one test, which lists every one that fails."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

_Parameters = type(pytest.param())


class _Case(NamedTuple):
    name: str
    arguments: dict[str, Any]


def all_cases(
    names: str | Iterable[str],
    values: Iterable[Any],
    ids: Iterable[str] | Callable[[Any], str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Like `pytest.mark.parametrize`, but one test: it runs all cases and lists those that fail.

    For pytest each test is milliseconds of work, whatever is in it: some thousand cases of a
    function without fixtures are a minute of waiting. It can be stacked. Each case gets a
    `monkeypatch` and a `tmp_path` of its own; all other fixtures are those of the one test.
    """
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    values = list(values)
    if ids is not None and not callable(ids):
        ids = list(ids)
        assert len(ids) == len(values), "one name for each case"
    own = [_case(names, value, number, ids) for number, value in enumerate(values)]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        function, inner = getattr(test, "all_cases", (test, [_Case("", {})]))
        cases = [
            _Case("-".join(filter(None, (other.name, one.name))), one.arguments | other.arguments)
            for other in own
            for one in inner
        ]
        assert cases, "no case, no test"
        return _one_test(function, cases)

    return decorate


def _case(names: list[str], value: Any, number: int, ids: Any) -> _Case:
    name = None
    if isinstance(value, _Parameters):
        assert not value.marks, "a case with a mark is a test of its own"
        value, name = value.values if len(names) > 1 else value.values[0], value.id
    if ids is not None and name is None:
        name = ids(value) if callable(ids) else ids[number]
    parts = value if len(names) > 1 else [value]
    said = name if isinstance(name, str) else ", ".join(repr(part)[:100] for part in parts)
    return _Case(said, dict(zip(names, parts, strict=True)))


def _one_test(function: Callable[..., None], cases: list[_Case]) -> Callable[..., None]:
    @functools.wraps(function)
    def test(**fixtures: Any) -> None:
        failed: list[BaseException] = []
        for number, (name, arguments) in enumerate(cases):
            with pytest.MonkeyPatch.context() as patches:
                own = {"monkeypatch": patches} if "monkeypatch" in fixtures else {}
                if "tmp_path" in fixtures:
                    own["tmp_path"] = fixtures["tmp_path"] / str(number)
                    own["tmp_path"].mkdir()
                try:
                    function(**{**fixtures, **own, **arguments})
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # raised below
                    error.add_note(f"case: {name}")
                    failed.append(error)
        if len(failed) == 1:
            raise failed[0]
        if failed:
            raise BaseExceptionGroup(f"{len(failed)} of {len(cases)} cases fail", failed)

    signature = inspect.signature(function)
    taken = cases[0].arguments
    missing = taken.keys() - signature.parameters.keys()
    assert not missing, f"{function.__name__} does not take {', '.join(missing)}"
    fixtures = [one for name, one in signature.parameters.items() if name not in taken]
    test.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
    test.all_cases = (function, cases)  # type: ignore[attr-defined]
    return test
