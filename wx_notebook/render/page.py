"""HTML that a model wrote, as a page in a frame that runs nothing, loads nothing and sends nothing.

Three independent walls: the frame is sandboxed without any permission; a policy inside it forbids
every request; and elements that could send something before the policy applies are removed.
(Measured in Chromium: from a frame with only the first two walls, ``<link rel=preconnect>``,
``<link rel=dns-prefetch>`` and an inner frame made it look up and call a host.) Text fields are
read-only, so that a page that looks like a sign-in accepts no key.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from wx_notebook.render.code import fenced_code
from wx_notebook.render.styles import PAGE_STYLE
from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from nh3 import Cleaner

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
#: Stands before all foreign HTML. A page is made for a white background in every theme.
HEAD = (
    '<!doctype html><meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
    "<style>:root{color-scheme:light}"
    "body{margin:.6em;font-family:system-ui,sans-serif;background:#fff;color:#000}</style>"
)

_TAGS = """
    a abbr article aside b big blockquote br button caption center cite code col colgroup dd del
    details dfn dialog div dl dt em fieldset figcaption figure font footer h1 h2 h3 h4 h5 h6 header
    hgroup hr i img input ins kbd label legend li main mark meter nav ol optgroup option output p
    pre progress q rp rt ruby s samp section select small span strike strong style sub summary sup
    table tbody td textarea tfoot th thead time tr tt u ul var wbr
    svg g defs symbol title desc path line polyline polygon rect circle ellipse text tspan
    linearGradient radialGradient stop clipPath mask pattern marker
"""
_ATTRIBUTES = """
    style class id dir lang title role width height align valign colspan rowspan scope span start
    type value min max low high optimum open checked disabled placeholder rows cols size alt src
    bgcolor color face border cellpadding cellspacing datetime for
    viewBox preserveAspectRatio d x y x1 x2 y1 y2 cx cy r rx ry dx dy points transform offset
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray
    stroke-linecap stroke-linejoin opacity stop-color stop-opacity gradientUnits
    gradientTransform patternUnits clip-path mask marker-start marker-mid marker-end markerWidth
    markerHeight refX refY orient font-size font-family font-weight text-anchor
    dominant-baseline
"""
#: The types that an input may have; any other, such as a file to choose, becomes a text field.
_INPUTS = {
    "button", "checkbox", "color", "date", "number", "password", "radio", "range", "reset",
    "search", "submit", "text",
}  # fmt: skip
#: Boxes, sliders and buttons have no "readonly": a page may use them through styles alone.
_FIXED = {"input": {"readonly": ""}, "textarea": {"readonly": ""}}
_DROPPED_WITH_CONTENT = """
    script template noscript iframe frame frameset object embed math xmp noembed noframes plaintext
    portal fencedframe
"""
#: Elements that start a new line, for the guess of a page's height.
_ROW = re.compile(r"<(?:p|div|li|tr|h[1-6]|br|hr|dt|dd|summary|section|label)\b", re.IGNORECASE)
_PICTURE = re.compile(r"<(?:svg|img)\b", re.IGNORECASE)
_MARKUP = re.compile(r"<style.*?</style>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_PX_A_ROW, _CHARACTERS_A_ROW, _PX_A_PICTURE = 28, 90, 150
_MIN_HEIGHT, _MAX_HEIGHT = 120, 480
#: Characters that the guess is made from: more would only take time.
_MAX_SCANNED = 20_000


def page_source(text: str) -> str:
    """Return the HTML in an answer: its fenced block of HTML, or all of it."""
    code = fenced_code(text)
    if code is not None and code.language in {"html", "svg", "xml"}:
        return code.text
    return clean_text(text).strip("\n")


def page_html(source: str) -> str:
    """Return HTML as a frame in which it can only be seen.

    Its height is a guess from the number of rows, because a page without scripts can't be measured.
    The reader can drag it larger.
    """
    # cleaned again, because the sanitiser has decoded entities
    page = HEAD + clean_text(_cleaner().clean(clean_text(source)))
    return (
        '<iframe class="wxn-page" sandbox="" referrerpolicy="no-referrer"'
        ' title="page written by the model"'
        f' style="{PAGE_STYLE};height:{_height(source)}px" srcdoc="{escape(page)}"></iframe>'
    )


def _height(source: str) -> int:
    source = source[:_MAX_SCANNED]
    rows = len(_ROW.findall(source)) + len(_MARKUP.sub("", source)) // _CHARACTERS_A_ROW
    # two more rows for a heading and the margins around the page
    guess = _PX_A_ROW * (rows + 2) + _PX_A_PICTURE * len(_PICTURE.findall(source))
    # in steps, so that the style of a frame is one of a few values
    return min(max(-(-guess // 40) * 40, _MIN_HEIGHT), _MAX_HEIGHT)


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    is_other = (tag, attribute) == ("input", "type") and value.strip().lower() not in _INPUTS
    return None if is_other else value


@cache
def _cleaner() -> Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
        attributes={"*": set(_ATTRIBUTES.split())},
        attribute_filter=_filter_attribute,
        set_tag_attribute_values=_FIXED,
        generic_attribute_prefixes=set(),
        link_rel=None,
        # for the source of a picture; a link leads nowhere, its words stay
        url_schemes={"data"},
        url_relative="deny",
    )
