"""What may come out of the renderer: elements, attributes, values.

Written a second time here, on purpose: a mistake in the renderer's own lists must not be able to
hide. `Strict` reads HTML as Python does; the browser tests compare Chromium's DOM with `ALLOWED`.
"""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

#: Any value whatever: an address that is looked at below, or a text.
ANY = re.compile(".*", re.DOTALL)


def one_of(*values: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, values)))


MUTED = (
    "color: var(--jp-ui-font-color2, color-mix(in srgb, currentColor 70%, transparent));"
    " font-size: var(--jp-ui-font-size1, 13px)"
)
ONE_LINE = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
PRE = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
CODE = f"{PRE};border:1px solid var(--jp-border-color2,#bdbdbd);padding:.5em .7em;margin:0 0 1em"
EDGE = "padding-left: var(--jp-code-padding, 5px)"
COLOURS = ("k", "s", "c", "m", "nf", "nb", "nd", "nt", "na", "gd", "gi")
#: A colour of the wrapper's; no address, no expression fits in.
COLOUR = (
    r";--wxn-(?:k|s|c|m|nf|nb|nd|nt|na|gd|gi):color-mix\(in srgb,"
    r"var\(--jp-mirror-editor-[a-z]+-color,#[0-9a-f]{6}\) 65%,currentColor\)"
)
WRAPPER = re.compile(rf"{re.escape(EDGE)}(?:; overflow-x: clip)?(?:{COLOUR}){{0,11}}")
ALIGNED = tuple(f"text-align:{side}" for side in ("start", "left", "right", "center"))
CELL = one_of(*ALIGNED, *(f"{style};{ONE_LINE};max-width:20em" for style in ALIGNED))
UNSEEN = (
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
)
TREE = (
    (
        "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);"
        "line-height:var(--jp-code-line-height,1.3);overflow-wrap:anywhere;margin-bottom:.4em"
    ),
    "padding-left:1.2em",
    "padding-left:1.1em;white-space:pre-wrap",
)
#: What stands before anything foreign in a page of its own.
PAGE_HEAD = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="'
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'\">"
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
)
PLAIN_TAGS = """
    p br hr h1 h2 h3 h4 h5 h6 strong em s blockquote ul li table thead tbody tr small
    sub sup kbd mark ins del u samp var q cite ruby rt rp
"""
#: What may have a direction of its own, and only the one that its text has.
DIRECTED = "p h1 h2 h3 h4 h5 h6 ul ol blockquote table summary pre code"

ALLOWED: dict[str, dict[str, re.Pattern[str]]] = {
    "div": {
        "class": one_of(
            "wxn-answer mathjax_ignore tex2jax_ignore",
            *(f"wxn-{name}" for name in ("footer", "note", "busy", "preview", "json", "summary")),
        ),
        "role": one_of("status"),
        "style": re.compile(
            "|".join(
                [WRAPPER.pattern, *map(re.escape, (MUTED, f"{MUTED}; {ONE_LINE}", UNSEEN, *TREE))]
            )
        ),
    },
    "p": {"style": one_of(ONE_LINE)},
    "a": {
        "href": ANY,
        "title": ANY,
        "rel": one_of("noopener noreferrer nofollow"),
        "target": one_of("_blank"),
    },
    "span": {
        "class": one_of("mathjax_process tex2jax_process"),
        "style": one_of("font-size:90%", *(f"color: var(--wxn-{name})" for name in COLOURS)),
    },
    "code": {
        "class": re.compile(r"language-[A-Za-z0-9_.#+-]{1,40}"),
        "style": one_of("white-space:nowrap"),
    },
    "pre": {"style": one_of(PRE, f"{PRE};min-height:1.7em", CODE)},
    "ol": {"start": re.compile(r"[0-9]{1,6}")},
    "td": {"style": CELL},
    "th": {"style": CELL},
    "details": {"open": one_of(""), "class": one_of("wxn-thinking", "wxn-source")},
    "summary": {"style": one_of(f"{MUTED}; cursor: pointer")},
    "iframe": {
        "class": one_of("wxn-page"),
        "sandbox": one_of(""),
        "referrerpolicy": one_of("no-referrer"),
        "title": one_of("page written by the model"),
        "style": re.compile(
            r"display:block;box-sizing:border-box;width:100%;min-height:100px;resize:vertical;"
            r"border:1px solid var\(--jp-border-color2,#bdbdbd\);background:#fff;height:\d{3}px"
        ),
        "srcdoc": re.compile(re.escape(PAGE_HEAD) + ".*", re.DOTALL),
    },
} | {tag: {} for tag in PLAIN_TAGS.split() if tag != "p"}
for _tag in DIRECTED.split():
    ALLOWED[_tag]["dir"] = one_of("auto")
#: Attributes without which an element is not what it is here for.
REQUIRED = {
    "iframe": {"sandbox", "srcdoc", "referrerpolicy"},
    # (an address that is none to the sanitiser is taken off, and the words stay)
    "a": {"rel", "target"},
}
VOID = {"br", "hr"}
#: The exceptions to "no format characters": joiners, where a script or an emoji needs them.
JOINERS = "\u200c\u200d"
FORBIDDEN_TEX = re.compile(
    r"\\(?:[a-zA-Z]*def|let|global|[a-z]*newcommand|[a-z]*command|[a-z]*newenvironment|Declare\w+|href|"
    r"url|require|style|class|cssId|data|mmlToken|includegraphics|unicode|color\w*|bbox|csname|"
    r"texttip|mathtip|toggle|label|ref|eqref|rule|kern|hspace|raise|llap|rlap|smash|[()\[\]])"
)
TEX_CLASS = "mathjax_process tex2jax_process"


def unwrap(html: str) -> str:
    """Return an answer without wrapper, line ends, and what all links, cells and code have."""
    start = f'<div class="wxn-answer mathjax_ignore tex2jax_ignore" style="{EDGE}'
    assert html.startswith(start)
    assert html.endswith("</div>")
    inside = html[html.index(">") + 1 : -len("</div>")].replace("\n", "")
    for repeated in (
        ' target="_blank" rel="noopener noreferrer nofollow"',
        f' style="{CODE}"',
        f' style="{ALIGNED[1]}"',
    ):
        inside = inside.replace(repeated, "")
    return inside


def check_attributes(tag: str, attributes: dict[str, str]) -> None:
    """Fail at the first thing that an element may not have or must have."""
    assert tag in ALLOWED, tag
    for name, value in attributes.items():
        assert name in ALLOWED[tag], f"{tag} {name}={value!r}"
        assert ALLOWED[tag][name].fullmatch(value), f"{tag} {name}={value!r}"
    assert REQUIRED.get(tag, set()) <= attributes.keys(), tag
    if "href" in attributes:
        check_address(attributes["href"])


def check_address(address: str) -> None:
    url = urlsplit(address)
    assert url.scheme in {"http", "https", "mailto"}, address
    assert url.scheme == "mailto" or (url.hostname and "@" not in url.netloc), address


def assert_visible(text: str) -> None:
    for character in text:
        category = unicodedata.category(character)
        assert category not in {"Cc", "Cf", "Cs"} or character in "\n\t" + JOINERS, ascii(character)


class Strict(HTMLParser):
    """Fails at the first element, attribute or value that is not expected."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.shown: list[str] = []
        self.tex: list[str] = []
        self.classes: list[str] = []
        self.elements = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice: {attrs}"
        check_attributes(tag, given)
        wraps = given.get("class", "").startswith("wxn-answer")
        assert wraps == (self.elements == 1), "one wrapper, around everything"
        assert self.open or wraps, f"<{tag}> outside of the wrapper"
        self.classes.append(given.get("class", ""))
        if given.get("class") == TEX_CLASS:
            self.tex.append("")
        if tag not in VOID:
            self.open.append(tag if given.get("class") != TEX_CLASS else "tex")

    def handle_endtag(self, tag: str) -> None:
        opened = self.open.pop()
        assert opened == tag or (opened, tag) == ("tex", "span")

    def handle_data(self, data: str) -> None:
        assert self.open, "text outside of the wrapper"
        self.shown.append(data)
        if self.open[-1] == "tex":
            self.tex[-1] += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(data)

    handle_decl = handle_pi = unknown_decl = handle_comment

    @property
    def text(self) -> str:
        """What a reader sees."""
        return "".join(self.shown)


def check_html(html: str, *, typeset: bool = True) -> Strict:
    """Read HTML that we made, and fail at the first thing that may not be there."""
    parsed = Strict()
    parsed.feed(html)
    parsed.close()
    assert not parsed.open
    assert_visible(html)
    html.encode()  # no lone surrogate is left: the message to the page must not fail
    if not typeset:
        assert not parsed.tex
    for tex in parsed.tex:
        assert (tex[:2], tex[-2:]) in {("\\(", "\\)"), ("\\[", "\\]")}
        assert not FORBIDDEN_TEX.search(tex[2:-2].replace(r"\\", "")), tex
        assert len(tex) < 4_010
    return parsed
