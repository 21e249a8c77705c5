"""Code in colours: lexers and HTML by Pygments, which IPython brings along.

The lexers are regular expressions, and the code is foreign. So only listed languages get colours,
and only as many characters as each lexer reads quickly on hostile input. The rest is shown plain.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from wx_notebook.render.styles import CODE_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Languages by the names that models give them. The lexers of the second list take quadratic time
#: on hostile input (10,000 characters: 3 s), those of the first do not.
_QUICK = """
    python py python3 py3 pycon bash sh shell zsh json json5 jsonc toml css go golang php r
    sql docker dockerfile ruby rb swift julia
"""
_SLOW = """
    javascript js jsx typescript ts tsx html xml svg yaml yml java c cpp c++ csharp c# cs rust rs
    kotlin scala latex tex diff ini perl lua powershell
"""
#: What a character of each language costs from the budget.
LANGUAGES = dict.fromkeys(_QUICK.split(), 1) | dict.fromkeys(_SLOW.split(), 2)
_ALIASES = {"jsonc": "json", "svg": "xml", "zsh": "bash"}
#: Characters of one block in a language of the second list.
_MAX_SLOW = 6_000
#: Characters of code in colours, in an answer and in each frame before it: colours make the HTML
#: three times as large.
MAX_HIGHLIGHTED, MAX_HIGHLIGHTED_PARTIAL = 24_000, 4_000

#: The colour of each kind of token; other kinds keep the colour of the text.
_TOKEN_COLOURS = {
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
#: Languages that may be named in a class.
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")


def code_html(code: str, language: str, budget: int = MAX_HIGHLIGHTED) -> tuple[str, int]:
    """Return cleaned code as a ``<pre>`` of its own, and what is left of the budget."""
    html, left = highlight(code, language, budget)
    named = f' class="language-{language}"' if _LANGUAGE.fullmatch(language) else ""
    return f'<pre style="{CODE_STYLE}"><code{named}>{html}</code></pre>\n', left


def highlight(code: str, language: str, budget: int) -> tuple[str, int]:
    """Return code as HTML, and what is left of the budget.

    Parameters
    ----------
    code
        Cleaned text.
    language
        As the fence names it.
    budget
        Characters that may get colours; a character of a slow language counts twice.

    Returns
    -------
    tuple[str, int]
        Escaped text with ``<span>`` around coloured pieces: the same characters in the same order.
    """
    language = language.lower()
    cost = LANGUAGES.get(language, 0)
    if not cost or budget <= 0:
        return escape(code, quote=False), budget
    size = budget // cost if cost == 1 else min(budget // cost, _MAX_SLOW)
    head, rest = code[:size], code[size:]
    return _coloured_html(head, language) + escape(rest, quote=False), budget - cost * len(head)


def _coloured_html(code: str, language: str) -> str:
    html = StringIO()
    _formatter().format(_tokens(code, language), html)
    # Pygments ends each line, also a last one that has no line end
    return html.getvalue() if code.endswith("\n") else html.getvalue().removesuffix("\n")


def _tokens(code: str, language: str) -> Iterator[tuple[Any, str]]:
    """Yield the kind and the text of each token."""
    from pygments.token import Name

    is_json = language == "json"
    # (a list of tuples, not `get_tokens`: that method changes line ends and blanks)
    for _, kind, text in _lexer(language).get_tokens_unprocessed(code):
        # the key of an object looks the same as in the tree of `json_html`
        yield (Name.Attribute if is_json and kind is Name.Tag else kind), text


@cache
def _formatter() -> Any:  # noqa: ANN401  # Pygments has no types
    """Return the formatter that writes our colours as inline styles."""
    from pygments.formatters.html import HtmlFormatter
    from pygments.style import Style
    from pygments.token import string_to_tokentype

    colours = {kind: f"var(--wxn-{name})" for kind, name in _TOKEN_COLOURS.items()}
    styles = {string_to_tokentype(kind): colour for kind, colour in colours.items()}
    return HtmlFormatter(
        nowrap=True, noclasses=True, style=type("Colours", (Style,), {"styles": styles})
    )


@cache
def _lexer(language: str) -> Any:  # noqa: ANN401
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(_ALIASES.get(language, language))
