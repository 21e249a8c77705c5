"""Code in colours, by Pygments, which IPython brings along.

Its lexers are regular expressions, and the code is foreign: only languages of a list, and only as
many characters as each is quick with when somebody means harm. What is beyond is shown plain.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from wx_notebook.render.palette import piece

if TYPE_CHECKING:
    from pygments.token import _TokenType

#: Languages by the names that models give them. The lexers of the second list take the square of
#: the length on hostile input (10,000 characters: 3 s), those of the first do not.
_QUICK = """
    python py python3 py3 pycon bash sh shell zsh json json5 jsonc toml css go golang php r
    sql docker dockerfile ruby rb swift julia
"""
_SLOW = """
    javascript js jsx typescript ts tsx html xml svg yaml yml java c cpp c++ csharp c# cs rust rs
    kotlin scala latex tex diff ini perl lua powershell
"""
LANGUAGES = dict.fromkeys(_QUICK.split(), 1) | dict.fromkeys(_SLOW.split(), 2)
_OTHER_NAMES = {"jsonc": "json", "svg": "xml", "zsh": "bash"}
#: Characters of one block in a language of the second list.
_LONGEST_SLOW = 6_000

#: From a kind of token to a class; what is not here has the colour of the text.
_CLASSES = {
    "Keyword": "k", "Operator.Word": "k",
    "Literal.String": "s",
    "Comment": "c",
    "Literal.Number": "m",
    "Name.Function": "nf", "Name.Class": "nf",
    "Name.Builtin": "nb", "Name.Exception": "nb",
    "Name.Decorator": "nd", "Generic.Prompt": "nd",
    "Name.Tag": "nt",
    "Name.Attribute": "na", "Name.Property": "na",
    "Generic.Deleted": "gd", "Generic.Inserted": "gi", "Generic.Heading": "k",
    "Generic.Subheading": "nf",
}  # fmt: skip
_BLANK = re.compile(r"\s*")


def coloured(code: str, language: str, budget: int) -> tuple[str, int]:
    """Give code as HTML, and what of the budget is left.

    Parameters
    ----------
    code
        Cleaned text.
    language
        As the fence names it.
    budget
        Characters that may be coloured; one in a slow language counts twice.

    Returns
    -------
    tuple[str, int]
        Escaped text with our own ``<span>`` around pieces; the same characters in the same order.
    """
    cost = LANGUAGES.get(language.lower(), 0)
    if not cost or budget <= 0:
        return escape(code, quote=False), budget
    most = budget // cost if cost == 1 else min(budget // cost, _LONGEST_SLOW)
    head, rest = code[:most], code[most:]
    return _in_colours(head, language.lower()) + escape(rest, quote=False), (
        budget - cost * len(head)
    )


def _in_colours(code: str, language: str) -> str:
    """Give `code` with neighbours of one class in one element."""
    parts: list[str] = []
    name, waiting = "", ""
    # (a list of tuples, not `get_tokens`: that one changes line ends and blanks)
    for _, kind, value in _lexer(language).get_tokens_unprocessed(code):
        its = _class(kind)
        if its == "nt" and language == "json":
            its = "na"  # the name of a value, as in the tree
        if its == name or _BLANK.fullmatch(value):
            waiting += value
            continue
        parts.append(_drawn(name, waiting))
        name, waiting = its, value
    return "".join([*parts, _drawn(name, waiting)])


def _drawn(name: str, text: str) -> str:
    if not name or not text:
        return escape(text, quote=False)
    end = len(text.rstrip())
    return piece(name, escape(text[:end], quote=False)) + escape(text[end:], quote=False)


@cache
def _class(kind: _TokenType) -> str:
    """Give the class of the kind of a token, or of the kind that it is a kind of."""
    names = str(kind).removeprefix("Token.").split(".")
    while names:
        if found := _CLASSES.get(".".join(names)):
            return found
        names.pop()
    return ""


@cache
def _lexer(language: str) -> Any:  # noqa: ANN401  # Pygments has no types
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(_OTHER_NAMES.get(language, language))
