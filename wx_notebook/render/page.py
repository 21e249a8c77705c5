"""HTML that a model wrote, as a page in a frame that runs nothing, loads nothing and sends nothing.

Three walls, each for itself: the frame is sandboxed without any permission; a policy inside it
forbids every request; and what could ask for something before a policy is consulted is taken out.
A field for text can be seen and not be written into: what looks like a sign-in takes no key.
(Measured in Chromium: ``<link rel=preconnect>``, ``<link rel=dns-prefetch>`` and an inner frame
make it look up and call a host from a frame that has the first two walls.)
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from wx_notebook.render.fences import fenced_code
from wx_notebook.render.styles import PAGE_STYLE
from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from nh3 import Cleaner

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
#: Before anything foreign. A page is made for white paper, whatever the theme around it.
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
#: What an input may be; anything else, such as a file to choose, is a field for text.
_INPUTS = {
    "button", "checkbox", "color", "date", "number", "password", "radio", "range", "reset",
    "search", "submit", "text",
}  # fmt: skip
#: Boxes, sliders and buttons know no "readonly": what a page does with them by styles alone works.
_FIXED = {"input": {"readonly": ""}, "textarea": {"readonly": ""}}
_DROPPED_WITH_CONTENT = """
    script template noscript iframe frame frameset object embed math xmp noembed noframes plaintext
    portal fencedframe
"""
#: What takes a line of its own, to guess how high a page is.
_ROW = re.compile(r"<(?:p|div|li|tr|h[1-6]|br|hr|dt|dd|summary|section|label)\b", re.IGNORECASE)
_PICTURE = re.compile(r"<(?:svg|img)\b", re.IGNORECASE)
_MARKUP = re.compile(r"<style.*?</style>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_PX_A_ROW, _CHARACTERS_A_ROW, _PX_A_PICTURE = 28, 90, 150
_LOWEST, _HIGHEST = 120, 480
#: Characters that the guess is made from: more of them only take time.
_MOST_LOOKED_AT = 20_000


def page_source(text: str) -> str:
    """Return the HTML in an answer: its fenced block of HTML, or all of it."""
    code = fenced_code(text)
    if code is not None and code.language in {"html", "svg", "xml"}:
        return code.text
    return clean_text(text).strip("\n")


def page_html(source: str) -> str:
    """Give HTML as a frame in which it can do nothing but be seen.

    Its height follows the number of rows: nobody can measure a page that runs no script. The
    reader can pull it larger.
    """
    # cleaned again: the sanitiser has decoded entities
    page = HEAD + clean_text(_cleaner().clean(clean_text(source)))
    return (
        '<iframe class="wxn-page" sandbox="" referrerpolicy="no-referrer"'
        ' title="page written by the model"'
        f' style="{PAGE_STYLE};height:{_height(source)}px" srcdoc="{escape(page)}"></iframe>'
    )


def _height(source: str) -> int:
    source = source[:_MOST_LOOKED_AT]
    rows = len(_ROW.findall(source)) + len(_MARKUP.sub("", source)) // _CHARACTERS_A_ROW
    # two rows more: a heading and the margins around the page
    guess = _PX_A_ROW * (rows + 2) + _PX_A_PICTURE * len(_PICTURE.findall(source))
    # steps, so that the style of a frame is one of a few values
    return min(max(-(-guess // 40) * 40, _LOWEST), _HIGHEST)


def _kept(tag: str, attribute: str, value: str) -> str | None:
    is_other = (tag, attribute) == ("input", "type") and value.strip().lower() not in _INPUTS
    return None if is_other else value


@cache
def _cleaner() -> Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
        attributes={"*": set(_ATTRIBUTES.split())},
        attribute_filter=_kept,
        set_tag_attribute_values=_FIXED,
        generic_attribute_prefixes=set(),
        link_rel=None,
        # the source of a picture; a link leads nowhere, its words stay
        url_schemes={"data"},
        url_relative="deny",
    )
