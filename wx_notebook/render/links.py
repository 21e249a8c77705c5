"""Links say where they lead; images are not loaded, and their text says what they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore

# The address after the parser's normalisation: the host in ASCII, the rest percent-encoded. No user
# part (``https://ibm.com@example.org``), no encoded host, no numbers but four decimal ones
# (``0x7f.1`` is 127.0.0.1): the printed host is the one that the link leads to.
_WEB = re.compile(
    r"https?://(?P<host>(?:(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}"
    r"|(?:[a-z0-9_-]*\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\.?(?:[:/?#]|\Z))[a-z0-9_-]+\.?)"
    r"|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)
# One receiver, the printed one: an encoded comma, "cc", "bcc" or a second "to" would send a copy of
# the mail to an address that the reader does not see.
_MAIL = re.compile(
    r"mailto:(?P<host>[\w.+-]+@[\w.-]+)"
    r"(?:\?(?:(?:subject=(?:(?!%0[ad])[^&])*|body=[^&]*)(?:&(?!\Z)|\Z))*)?",
    re.IGNORECASE | re.ASCII,
)
#: What a reader takes for a host, in the text of a link.
_HOST_LIKE = re.compile(r"[\w+-]+(?:[.@][\w-]+)+|\[[0-9a-f:.]+\]|localhost", re.IGNORECASE)

_MAX_ADDRESS = 200
#: A long host is cut at its start: its end tells who owns it.
_MAX_HOST = 100
#: A long address, defined once, can be used a thousand times with a few characters each. So the
#: addresses of a text may have this many characters, and this many for each of its characters.
_MAX_ADDRESSES, _ADDRESSES_PER_CHARACTER = 20_000, 4


def install_links(markdown: MarkdownIt) -> None:
    """Make the parser rewrite links and images after its inline rules."""
    markdown.core.ruler.push("links_and_images", _rewrite_links)


def _rewrite_links(state: StateCore) -> None:
    left = _MAX_ADDRESSES + _ADDRESSES_PER_CHARACTER * len(state.src)
    for token in state.tokens:
        for child in token.children or ():
            left -= sum(len(str(value)) for value in child.attrs.values())
            if left < 0:
                child.attrs = {}
        if token.type == "inline" and token.children:
            token.children = list(_rewrite_tokens(token.children))


def _rewrite_tokens(tokens: list[Token]) -> Iterator[Token]:
    """Yield the inline tokens with links and images rewritten."""
    address: str | None = None  # of the open link; links do not nest
    shown: list[str] = []
    for token in tokens:
        if token.type == "link_open":
            address, shown = str(token.attrGet("href") or ""), []
            if host := _host_of(address):
                yield _drop_misleading_title(token, host)
        elif token.type == "link_close" and address is not None:
            host = _host_of(address)
            if host:
                yield token
            note = _link_note(address, host, "".join(shown))
            address = None
            if note:
                yield _text_token(note)
        else:
            visible = _image_text(token) if token.type == "image" else token
            # as a reader sees it: invisible characters do not name a host
            is_break = visible.type in ("softbreak", "hardbreak")
            shown.append(" " if is_break else clean_text(visible.content))
            yield visible


def _host_of(address: str) -> str:
    """Return the host of a web address, or the receiver of a mail; "" if we make no link of it."""
    match = _WEB.fullmatch(address) or _MAIL.fullmatch(address)
    return match["host"].lower() if match else ""


def _link_note(address: str, host: str, shown: str) -> str:
    """Return the text after a link: nothing if the link's text names that host and no other."""
    if host:
        cut = host if len(host) <= _MAX_HOST else f"…{host[-_MAX_HOST:]}"
        return "" if _hosts_in(shown) == {host} else f" ({cut})"
    # Not a link. A place in the same text ("#introduction") needs no note.
    if not address or address.startswith("#") or address in shown:
        return ""
    return f" ({_cut_address(address)})"


def _image_text(image: Token) -> Token:
    parts = ["[image not loaded:", image.content, _cut_address(str(image.attrGet("src") or ""))]
    return _text_token(" ".join(part for part in parts if part) + "]")


def _cut_address(address: str) -> str:
    return address if len(address) <= _MAX_ADDRESS else address[:_MAX_ADDRESS] + "…"


def _drop_misleading_title(link: Token, host: str) -> Token:
    """Remove a title that names another host: a browser shows it over the link."""
    if _hosts_in(str(link.attrs.get("title", ""))) - {host}:
        del link.attrs["title"]
    return link


def _hosts_in(shown: str) -> set[str]:
    return {name.lower() for name in _HOST_LIKE.findall(clean_text(shown))}


def _text_token(content: str) -> Token:
    return Token("text", "", 0, content=content)
