"""Filling variables into a prompt, and nothing else.

A place is ``{{ NAME(.attr | [index])* (| filter(args))* }}``: no calls, no operators, no leading
underscore. We find the places ourselves and hand only their inside to Jinja2's sandbox; all text
around them goes out byte for byte, as does every ``{{...}}`` of another form. (A whole text given
to Jinja would lose line ends and blanks, run methods, and fail at ``{{color: 'red'}}``.) What a
variable holds is not read again: it is never syntax.

A table becomes its schema and a sample, a path the text of its file, an answer its text; filters
apply to that text. ``{{ df | rows(20) }}`` says how many rows the sample has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, MissingName, near, without_keys
from wx_notebook.prompt.documents import Document, document_of, sample
from wx_notebook.prompt.tables import Table, table_of

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
        (?P<path>
            (?P<root>{_NAME}) (?: \s*\.\s*{_NAME} | \s*\[\s*(?:{_STRING}|-?\d+)\s*\] )*
        )
        (?P<filters>
            (?: \s*\|\s*{_NAME}
                (?: \(\s*+ (?: {_ARGUMENT} (?:\s*,\s*{_ARGUMENT})* )? \s*\) )? )*
        )
    )
    \s* \}}\}} (?!\}})
    """,
    re.VERBOSE,
)
#: What people take for a place, and is none.
_LEFT = re.compile(r"\{\{\s*(?P<root>\w*)[^{}\n]{0,80}\}\}")
#: A filter of our own, for tables alone: how many rows of it are sent.
_ROWS = re.compile(r"\s*\|\s*rows\s*\(\s*(?P<rows>\d+)\s*\)")
_FILTER, _TEXT = re.compile(rf"\|\s*({_NAME})"), re.compile(_STRING)
#: Of an iterator without an end.
_MOST_ITEMS = 100_000
_A_FILTER = "the filter "
_DEFINE = "Define what is missing"
_OTHER_FILTERS = "Take one of Jinja's filters, or rows(N) for a table"
#: Words that mean something to Jinja: a place with one of them is not of our form.
_JINJA_WORDS = frozenset(
    [
        *("true", "false", "none", "True", "False", "None"),
        *("and", "or", "not", "in", "is", "if", "else"),
        *("self", "loop", "super", "caller", "varargs", "kwargs"),
        *("range", "dict", "lipsum", "cycler", "joiner", "namespace"),
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was filled in: what stood there, with what, and what that is made of."""

    expression: str
    document: Document


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with every place filled in.

    `left` is what looks like a place and went out as typed, `missed` what of it begins with a name
    that there is.
    """

    text: str
    places: tuple[Place, ...] = ()
    left: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()

    @property
    def cut_unasked(self) -> tuple[str, ...]:
        """What stays behind although no filter asked for that."""
        cut = (p.document.cut for p in self.places if "|" not in p.expression)
        return tuple(filter(None, cut))


def fill(
    text: str,
    names: Mapping[str, Any],
    *,
    refused: tuple[type, ...] = (),
    texts: tuple[type, ...] = (),
    not_suggested: Collection[str] = (),
) -> str:
    """Return `text` with every place filled in; as `filled`."""
    return filled(
        text, names, refused=refused, texts=texts, not_suggested=not_suggested
    ).text  # fmt: skip


def filled(
    text: str,
    names: Mapping[str, Any],
    *,
    refused: tuple[type, ...] = (),
    texts: tuple[type, ...] = (),
    not_suggested: Collection[str] = (),
) -> Filled:
    """Return `text` with every place filled in from `names`, once, and an account of the places.

    Parameters
    ----------
    names
        The variables, for instance a notebook's.
    refused
        Types whose values are never filled in: secrets and what holds them.
    texts
        Types whose `str` is their text, to which filters apply: answers.
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
    places: list[Place] = []

    def replaced(place: re.Match[str]) -> str:
        root = place["root"]
        if root in _JINJA_WORDS:
            return place[0]
        made, absent = _document(place, names, refused, texts)
        if made is None:
            if absent.startswith("|"):
                name = absent[1:]
                missing[f"{_A_FILTER}'{without_keys(name)}'"] = near(name, _environment().filters)
                return place[0]
            known = [n for n in names if n[:1] != "_" and n not in not_suggested]
            missing[f"'{without_keys(absent)}'"] = near(absent, known) if absent == root else ""
            return place[0]
        places.append(Place(place["expression"], made))
        return made.text

    result = _PLACE.sub(replaced, text)
    if missing:
        raise _missing(missing)
    # in the text as typed: what a variable holds is no place
    found = {found[0]: found["root"] for found in _LEFT.finditer(_PLACE.sub(_but_words, text))}
    missed = tuple(left for left, root in found.items() if root in names)
    return Filled(result, tuple(places), tuple(found), missed)


def _but_words(place: re.Match[str]) -> str:
    return place[0] if place["root"] in _JINJA_WORDS else ""


def _missing(names: Mapping[str, str]) -> MissingName:
    told = ", ".join(names)
    verb = "does not exist" if len(names) == 1 else "do not exist"
    nearest = " ".join(
        (f"For {name}:" if len(names) > 1 else "") + found for name, found in names.items() if found
    )
    only_filters = all(name.startswith(_A_FILTER) for name in names)
    return MissingName(
        f"The prompt asks for {told}, which {verb}. {nearest.strip()}".strip(),
        hint=f"{_OTHER_FILTERS if only_filters else _DEFINE}, or send the text as typed: "
        "%%watsonx --raw",
    )


def _document(
    place: re.Match[str],
    names: Mapping[str, Any],
    refused: tuple[type, ...],
    texts: tuple[type, ...],
) -> tuple[Document | None, str]:
    """Return what a place becomes, or as the second what it lacks.

    Filters see a list or a number as it is, but of what becomes a document its text.
    """
    root, path, filters = place["root"], place["path"].strip(), place["filters"]
    value, absent = _value(root, path, names)
    _check(root, (names.get(root), value), refused)
    made: Document | None = None
    if absent and not filters:
        return None, absent
    if not absent:
        rows = _ROWS.match(filters)
        table = table_of(value) if "rows" in filters else None
        further = filters[rows.end() :] if rows is not None and table is not None else filters
        if lacking := _no_filter(further, path, table):
            return None, f"|{lacking}"
        if rows is not None and table is not None:
            made = sample(table, path, int(rows["rows"]))
            filters = filters[rows.end() :]
        else:
            made = document_of(value, path, texts)
    if filters:
        # all of it, for `default`: that is about what is not there
        whole = None if absent else value
        expression = place["expression"] if made is None else f"{root}{filters}"
        scope = names if made is None else {root: made.text}
        value, absent = _value(root, expression, scope)
        _check(root, (value,), refused)
        if absent:
            return None, absent
        text = _as_text(place["expression"], value)
        if made is None:
            is_shorter = isinstance(whole, str) and len(text) < len(whole)
            return Document(text, cut=f"a part of {path}" if is_shorter else ""), ""
        cut = made.cut or (f"a part of {path}" if len(text) < len(made.text) else "")
        return made._replace(text=text, cut=cut), ""
    return made or Document(_as_text(place["expression"], value)), ""


def _no_filter(filters: str, path: str, table: Table | None) -> str:
    """Return the first filter that does not exist, "" where all do; of ours none is left here."""
    names = _FILTER.findall(_TEXT.sub("", filters))
    if "rows" in names:
        shown = without_keys(path)
        if table is None:
            raise BadOption(
                f"rows(N) is for tables, and '{shown}' is none.",
                hint=f"The first part of a text: {{{{ {shown} | truncate(500) }}}}",
            )
        raise BadOption(
            "rows(N) says how many, and stands right behind the table.",
            hint=f"For example: {{{{ {shown} | rows(20) }}}}",
        )
    return next((name for name in names if name not in _environment().filters), "")


def _check(root: str, values: tuple[Any, ...], refused: tuple[type, ...]) -> None:
    if any(isinstance(value, refused) for value in values):
        raise BadOption(
            f"'{root}' holds a secret or a session, which is never part of a prompt.",
            hint="Take it out of the prompt, or send the text as typed with --raw.",
        )


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
    except TemplateAssertionError:
        # a filter that does not exist, behind a name that does not: the name comes first
        absent = root
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
