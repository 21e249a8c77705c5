"""Filling the placeholders of a prompt.

A placeholder is ``{{ NAME(.attr | [index])* (| filter(args))* }}``: no calls, no operators, no
leading underscore. This module finds the placeholders and gives only their inside to Jinja2's
sandbox. All other text is sent byte for byte, as is every ``{{...}}`` of another form. (Jinja2 on a
whole text would change line ends and blanks, run methods, and fail at ``{{color: 'red'}}``.) Only a
Python expression with a known name, ``{{ df.describe() }}``, is an error: it would be paid for and
not be run. The value of a variable is not searched for placeholders.

A table becomes its schema and a sample of rows, a path the text of its file, an answer its text;
filters apply to that text. ``{{ df | rows(20) }}`` and ``{{ report | pages(3) }}`` set how much is
sent. A picture stays one, and stands between the texts around it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.templates.documents import Document, document_of
from wx_notebook.templates.expressions import evaluate, expression_text, jinja_environment
from wx_notebook.templates.iterators import Items, items_of, listed, row_of
from wx_notebook.templates.own_filters import asked_part, asks_for_rows, unknown_filter
from wx_notebook.templates.pictures import Picture, picture_of, with_pictures
from wx_notebook.templates.placeholder_errors import (
    FILTER_PREFIX,
    missing_names,
    refuse_expressions,
)
from wx_notebook.templates.python_expressions import find_expressions
from wx_notebook.templates.unfit_values import check_fits, is_plain_iterator, secret_refused

_STRING = r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_NUMBER = r"-?\d+(?:\.\d+)?"
_NAME = r"(?!_)[^\W\d]\w*"
_LITERAL = rf"(?:{_STRING}|{_NUMBER}|[Tt]rue|[Ff]alse|[Nn]one)"
_ARGUMENT = rf"(?:{_NAME}\s*=\s*)?{_LITERAL}"
_PLACEHOLDER = re.compile(
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
#: A text in double braces that is not a placeholder.
_OTHER_BRACES = re.compile(r"\{\{\s*(?P<root>\w*)[^{}\n]{0,80}\}\}")
_ATTR = re.compile(r"\|\s*attr\b")
_RAW = "%%watsonx --raw"
#: Words with a meaning in Jinja: a text in braces that starts with one is not a placeholder.
_JINJA_WORDS = frozenset(
    [
        *("true", "false", "none", "True", "False", "None"),
        *("and", "or", "not", "in", "is", "if", "else"),
        *("self", "loop", "super", "caller", "varargs", "kwargs"),
        *("range", "dict", "lipsum", "cycler", "joiner", "namespace"),
    ]
)


def find_placeholders(text: str) -> list[re.Match[str]]:
    """Return the placeholders of a text, with the groups expression, path, root and filters."""
    return [one for one in _PLACEHOLDER.finditer(text) if one["root"] not in _JINJA_WORDS]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder that was filled in: its expression, and the document in its place."""

    expression: str
    document: Document


@dataclass(frozen=True, slots=True)
class FilledPrompt:
    """A prompt with all placeholders filled in.

    Attributes
    ----------
    text
        The prompt as it is sent: an `IllustratedText` if there are pictures in it.
    placeholders
        What was filled in, in the order of the text.
    unfilled
        Texts in double braces that are not placeholders and are sent as typed.
    suspicious
        Those of `unfilled` that start with the name of a variable.
    """

    text: str
    placeholders: tuple[Placeholder, ...] = ()
    unfilled: tuple[str, ...] = ()
    suspicious: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user has to know of the values, before and after the prompt is sent."""
        return tuple(dict.fromkeys(p.document.note for p in self.placeholders if p.document.note))

    @property
    def notes_on_sent(self) -> tuple[str, ...]:
        """What to say with the answer: what of the values was not sent although no filter asked."""
        cut = (p.document.cut for p in self.placeholders if "|" not in p.expression)
        return (
            *(f"left out of the prompt: {each}" for each in cut if each),
            *self.notes,
            *(
                f"{text} was sent as typed: a placeholder is a name, without calls or operators"
                for text in self.suspicious
            ),
        )


def fill_placeholders(
    text: str,
    names: Mapping[str, Any],
    *,
    refused_types: tuple[type, ...] = (),
    text_types: tuple[type, ...] = (),
    not_suggested: Collection[str] = (),
    as_typed: str = _RAW,
) -> FilledPrompt:
    """Return `text` with every placeholder filled in from `names`, once.

    Parameters
    ----------
    names
        The variables, for example those of a notebook.
    refused_types
        Types whose values are never filled in: secrets, and what holds them.
    text_types
        Types whose `str` is their text, to which filters apply: answers.
    not_suggested
        Names that a typo is not compared with, such as the names that IPython adds.
    as_typed
        What to write to send the braces as typed.

    Raises
    ------
    MissingName
        Names that do not exist, all of them in one error.
    BadOption
        A value that cannot become text, or must not; or a Python expression.
    """
    if not isinstance(names, Mapping):
        raise BadOption(
            f"names is a dict of values by their names, not {type(names).__name__}.",
            hint='For example: names={"topic": topic}',
        )
    missing: dict[str, str] = {}
    placeholders: list[Placeholder] = []
    filler = _Filler(names, refused_types, text_types)

    def replace(match: re.Match[str]) -> str | Picture:
        root = match["root"]
        if root in _JINJA_WORDS:
            return match[0]
        document, absent = filler.document(match)
        if document is not None:
            placeholders.append(Placeholder(match["expression"], document))
            return document.picture or document.text
        if absent.startswith("|"):
            name = absent[1:]
            key = f"{FILTER_PREFIX}'{mask_keys(name)}'"
            missing[key] = did_you_mean(name, jinja_environment().filters)
        else:
            known = [n for n in names if n[:1] != "_" and n not in not_suggested]
            missing[f"'{mask_keys(absent)}'"] = (
                did_you_mean(absent, known) if absent == root else ""
            )
        return match[0]

    filled_text = with_pictures(_PLACEHOLDER, text, replace)
    # in the text as typed: the value of a variable contains no placeholder
    rest = _without_placeholders(text)
    expressions = list(dict.fromkeys(find_expressions(rest, names)))
    if missing:
        raise missing_names(missing, expressions, as_typed)
    refuse_expressions(expressions, as_typed)
    unfilled = {match[0]: match["root"] for match in _OTHER_BRACES.finditer(rest)}
    suspicious = tuple(braces for braces, root in unfilled.items() if root in names)
    return FilledPrompt(filled_text, tuple(placeholders), tuple(unfilled), suspicious)


def check_expressions(text: str, names: Mapping[str, Any]) -> None:
    """Refuse a Python expression with a known name between double braces.

    Raises
    ------
    BadOption
        There is one.
    """
    refuse_expressions(list(find_expressions(_without_placeholders(text), names)), _RAW)


def _without_placeholders(text: str) -> str:
    return _PLACEHOLDER.sub(lambda match: match[0] if match["root"] in _JINJA_WORDS else " ", text)


@dataclass(frozen=True, slots=True)
class _Filler:
    """Makes the document of each placeholder of one prompt."""

    names: Mapping[str, Any]
    refused_types: tuple[type, ...]
    text_types: tuple[type, ...]

    def document(self, match: re.Match[str]) -> tuple[Document | None, str]:
        """Return the document in place of a placeholder, or None and what is missing.

        Filters see a list or a number as it is, but a document as its text.
        """
        root, path, filters = match["root"], match["path"].strip(), match["filters"]
        value, absent = evaluate(root, path, self.names)
        self._refuse(root, self.names.get(root), value)
        if absent:
            return self._filtered(match, None, None, filters) if filters else (None, absent)
        value = listed(value, path)
        if is_plain_iterator(value):
            items = items_of(value, path)
            items.check_rows()
            is_table = not filters or asks_for_rows(filters)
            filled = self._document_of(match, items if is_table else items.all())
            # of a table the values are looked at one by one, and secrets are not looked for
            found = [row.values if (row := row_of(one)) else one for one in items.read]
            check_fits(found, path, self.refused_types)
            return filled[0] and filled[0]._replace(note=items.note), filled[1]
        return self._document_of(match, value)

    def _document_of(self, match: re.Match[str], value: Any) -> tuple[Document | None, str]:  # noqa: ANN401
        """Return what `document` returns, for a value that was found and can be read."""
        path, filters = match["path"].strip(), match["filters"]
        if not filters and (picture := picture_of(value, path)) is not None:
            return Document("", f"the picture {picture.name}", picture=picture), ""
        if filters and not (_ATTR.search(filters) or isinstance(value, Items)):
            # a filter would use an iterator up, or make a text of an address
            check_fits(value, path, with_items=False)
        document, further = asked_part(value, path, filters)
        if unknown := unknown_filter(further, path, value):
            return None, f"|{unknown}"
        if document is None:
            document = document_of(value, path, self.text_types)
        if further:
            return self._filtered(match, document, value, further)
        if document is None:
            text = expression_text(match["expression"], value, self.refused_types)
            document = Document(text)
        return document, ""

    def _filtered(
        self,
        match: re.Match[str],
        document: Document | None,
        whole: Any,  # noqa: ANN401  # the value before the filters, None where there is none
        filters: str,
    ) -> tuple[Document | None, str]:
        root, path = match["root"], match["path"].strip()
        if document is not None or whole is not None:
            start = document.text if document is not None else whole
            value, absent = evaluate(root, f"{root}{filters}", {root: start})
        else:
            # the whole expression, because `default` is about what is missing
            value, absent = evaluate(root, match["expression"], self.names)
        self._refuse(root, value)
        if absent:
            return None, absent
        text = expression_text(match["expression"], value, self.refused_types)
        if document is None:
            is_shorter = isinstance(whole, str) and len(text) < len(whole)
            return Document(text, cut=f"a part of {path}" if is_shorter else ""), ""
        cut = document.cut or (f"a part of {path}" if len(text) < len(document.text) else "")
        return document._replace(text=text, cut=cut), ""

    def _refuse(self, root: str, *values: object) -> None:
        if any(isinstance(value, self.refused_types) for value in values):
            raise secret_refused(root)
