"""Filling variables into a prompt, and nothing else.

A place is ``{{ NAME(.attr | [index])* (| filter(args))* }}``: no calls, no operators, no leading
underscore. We find the places ourselves and hand only their inside to Jinja2's sandbox; all text
around them goes out byte for byte, as does every ``{{...}}`` of another form. (A whole text given
to Jinja would lose line ends and blanks, run methods, and fail at ``{{color: 'red'}}``.) What a
variable holds is not read again: it is never syntax.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, MissingName, near

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_STRING = r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_NUMBER = r"-?\d+(?:\.\d+)?"
_NAME = r"(?!_)[^\W\d]\w*"
_LITERAL = rf"(?:{_STRING}|{_NUMBER}|[Tt]rue|[Ff]alse|[Nn]one)"
_ARGUMENT = rf"(?:{_NAME}\s*=\s*)?{_LITERAL}"
_PLACE = re.compile(
    rf"""
    (?<!\{{) \{{\{{ \s*
    (?P<expression>
        (?P<root>{_NAME}) (?: \s*\.\s*{_NAME} | \s*\[\s*(?:{_STRING}|-?\d+)\s*\] )*
        (?: \s*\|\s*{_NAME} (?: \(\s*+ (?: {_ARGUMENT} (?:\s*,\s*{_ARGUMENT})* )? \s*\) )? )*
    )
    \s* \}}\}} (?!\}})
    """,
    re.VERBOSE,
)
#: Of an iterator without an end.
_MOST_ITEMS = 100_000
#: Words that mean something to Jinja: a place with one of them is not of our form.
_JINJA_WORDS = frozenset(
    [
        *("true", "false", "none", "True", "False", "None"),
        *("and", "or", "not", "in", "is", "if", "else"),
        *("self", "loop", "super", "caller", "varargs", "kwargs"),
        *("range", "dict", "lipsum", "cycler", "joiner", "namespace"),
    ]
)


def fill(
    text: str,
    names: Mapping[str, Any],
    *,
    refused: tuple[type, ...] = (),
    not_suggested: Collection[str] = (),
) -> str:
    """Return `text` with every place filled in from `names`, once.

    Parameters
    ----------
    names
        The variables, for instance a notebook's.
    refused
        Types whose values are never filled in: secrets and what holds them.
    not_suggested
        Names that a typo is not compared with, such as those that IPython puts there.

    Raises
    ------
    MissingName
        Names that do not exist; all of them in one error.
    BadOption
        A value that cannot become text, or must not.
    """
    missing: dict[str, str] = {}

    def filled(place: re.Match[str]) -> str:
        root, expression = place["root"], place["expression"]
        if root in _JINJA_WORDS:
            return place[0]
        value, absent = _value(root, expression, names)
        if absent:
            known = [n for n in names if n[:1] != "_" and n not in not_suggested]
            missing[f"'{absent}'"] = near(absent, known) if absent == root else ""
            return place[0]
        if isinstance(names.get(root), refused) or isinstance(value, refused):
            raise BadOption(
                f"'{root}' holds a secret or a session, which is never part of a prompt.",
                hint="Take it out of the prompt, or send the text as typed with --raw.",
            )
        return _as_text(expression, value)

    result = _PLACE.sub(filled, text)
    if missing:
        told = ", ".join(missing)
        verb = "does not exist" if len(missing) == 1 else "do not exist"
        nearest = " ".join(
            (f"For {name}:" if len(missing) > 1 else "") + found
            for name, found in missing.items()
            if found
        )
        raise MissingName(
            f"The prompt asks for {told}, which {verb}. {nearest.strip()}".strip(),
            hint="Define what is missing, or send the text as typed: %%watsonx --raw",
        )
    return result


def _value(root: str, expression: str, names: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the value of a place, or as the second what it lacks."""
    from jinja2 import TemplateAssertionError, TemplateError, Undefined, UndefinedError

    absent, problem = "", ""
    value: Any = None
    scope = {root: names[root]} if root in names else {}
    try:
        compiled = _environment().compile_expression(expression, undefined_to_none=False)
        value = compiled(scope)
        if isinstance(value, Undefined):
            absent = root if root not in names else expression
    except TemplateAssertionError as error:
        absent = f"filter {expression.split('|', 1)[1].strip()}" if "filter" in str(error) else root
    except UndefinedError:
        absent = root if root not in names else expression
    except TemplateError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001  # a property or filter of anybody's may raise anything
        problem = f"{type(error).__name__}: {error}"
    if problem:
        raise BadOption(
            f"The place {{{{ {expression} }}}} cannot be filled in: {problem[:200]}",
            hint="Compute the text in a cell of its own and give its name here.",
        )
    return value, absent


def _as_text(expression: str, value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return str(value)
    if callable(value) and not isinstance(value, type):
        raise BadOption(
            f"'{expression}' is a function, not a text.",
            hint="Call it in a cell of its own and give the result a name; an entry of a mapping "
            "is {{ name['entry'] }}.",
        )
    if isinstance(value, Iterator) and "|" in expression:
        value = list(
            islice(value, _MOST_ITEMS)
        )  # what Jinja's map and select give; a variable's own is not used up
    problem = ""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # __str__ of anybody's
        problem = f"{type(error).__name__}: {error}"
    raise BadOption(f"'{expression}' has no text form: {problem[:200]}", hint="Give its text.")


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    return environment
