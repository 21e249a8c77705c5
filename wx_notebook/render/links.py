"""Links say where they lead; images stay unloaded and say what they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore

# The address after the parser's normalisation: the host in ASCII, the rest percent-encoded. No
# user part (``https://ibm.com@example.org``), no encoded host, no numbers but four decimal ones
# (``0x7f.1`` is 127.0.0.1): what is printed is where it leads.
_WEB = re.compile(
    r"https?://(?P<host>(?:(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}"
    r"|(?:[a-z0-9_-]*\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\.?(?:[:/?#]|\Z))[a-z0-9_-]+\.?)"
    r"|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)
# One receiver, and it is the one that is printed: an encoded comma, "cc", "bcc" or a second "to"
# would send a copy of the mail to somebody whom nobody sees.
_MAIL = re.compile(
    r"mailto:(?P<host>[\w.+-]+@[\w.-]+)"
    r"(?:\?(?:(?:subject=(?:(?!%0[ad])[^&])*|body=[^&]*)(?:&(?!\Z)|\Z))*)?",
    re.IGNORECASE | re.ASCII,
)
#: What a reader takes for a host, in the text of a link.
_HOST_LIKE = re.compile(r"[\w+-]+(?:[.@][\w-]+)+|\[[0-9a-f:.]+\]|localhost", re.IGNORECASE)

_LONGEST_SHOWN = 200
#: Who owns a host stands at its end: of a long one that end is kept.
_LONGEST_HOST = 100
#: One long address, defined once, can be used a thousand times in a few characters each: so many
#: characters of addresses may come out, and so many for each character of the text.
_ADDRESSES, _ADDRESSES_PER_CHARACTER = 20_000, 4


def install(markdown: MarkdownIt) -> None:
    """Rewrite links and images after the inline rules have found them."""
    markdown.core.ruler.push("links_and_images", _rewrite)


def _rewrite(state: StateCore) -> None:
    left = _ADDRESSES + _ADDRESSES_PER_CHARACTER * len(state.src)
    for token in state.tokens:
        for child in token.children or ():
            left -= sum(len(str(value)) for value in child.attrs.values())
            if left < 0:
                child.attrs = {}
        if token.type == "inline" and token.children:
            token.children = list(_rewritten(token.children))


def _rewritten(children: list[Token]) -> Iterator[Token]:
    """Go through the inline tokens; `link` is the open one, links do not nest."""
    link: str | None = None
    shown: list[str] = []
    for token in children:
        if token.type == "link_open":
            link, shown = str(token.attrGet("href") or ""), []
            if host := _host(link):
                yield _without_other_hosts(token, host)
        elif token.type == "link_close" and link is not None:
            host = _host(link)
            if host:
                yield token
            note = _note(link, host, "".join(shown))
            link = None
            if note:
                yield _text(note)
        else:
            visible = _image_text(token) if token.type == "image" else token
            # as a reader sees it: a host written with invisible characters is not named
            is_break = visible.type in ("softbreak", "hardbreak")
            shown.append(" " if is_break else clean_text(visible.content))
            yield visible


def _host(address: str) -> str:
    """Give the host (of a mail, the receiver) that `address` leads to; "" is no link of ours."""
    match = _WEB.fullmatch(address) or _MAIL.fullmatch(address)
    return match["host"].lower() if match else ""


def _note(address: str, host: str, shown: str) -> str:
    """Give what is printed after a link: nothing if its text names that host and no other."""
    if host:
        named = _named(shown)
        return "" if named == {host} else f" ({_cut_host(host)})"
    # Not made a link. A place in the same text ("#introduction") is nothing to tell.
    if not address or address.startswith("#") or address in shown:
        return ""
    return f" ({_cut(address)})"


def _image_text(image: Token) -> Token:
    words = ["[image not loaded:", image.content, _cut(str(image.attrGet("src") or ""))]
    return _text(" ".join(word for word in words if word) + "]")


def _cut(address: str) -> str:
    return address if len(address) <= _LONGEST_SHOWN else address[:_LONGEST_SHOWN] + "…"


def _cut_host(host: str) -> str:
    return host if len(host) <= _LONGEST_HOST else f"…{host[-_LONGEST_HOST:]}"


def _without_other_hosts(link: Token, host: str) -> Token:
    """Take a title off that names another host: a browser shows it over the link."""
    if _named(str(link.attrs.get("title", ""))) - {host}:
        del link.attrs["title"]
    return link


def _named(shown: str) -> set[str]:
    return {name.lower() for name in _HOST_LIKE.findall(clean_text(shown))}


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
