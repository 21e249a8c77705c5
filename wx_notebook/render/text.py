"""Foreign text as plain text: nothing invisible, nothing that steers a terminal or a line."""

from __future__ import annotations

import re

#: A complete control sequence (colours, cursor). It goes as a whole; of an incomplete one, and of
#: the kinds that carry text (titles, links), only the control characters go: no word is lost.
_CONTROL_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]")

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")

#: Written with no width, or only to turn the direction of what is around it.
_UNSEEN = (
    (0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F),  # C0 and C1 without \t, \n
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069),  # direction
    (0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0),  # Hangul fillers
    (0x17B4, 0x17B5), (0x180B, 0x180F),  # Khmer and Mongolian
    (0x200B, 0x200B), (0x2060, 0x2065), (0x206A, 0x206F), (0xFEFF, 0xFEFF),  # zero width
    (0xFFF9, 0xFFFB), (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF),  # annotation, not characters
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),  # shorthand and musical format
    (0xE0000, 0xE0FFF),  # tags, and the variation selectors that have carried hidden messages
)  # fmt: skip
_INVISIBLE = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _UNSEEN) + "]+")
#: A lone surrogate has no UTF-8 form: neither the sanitiser nor the message to the page takes it.
_SURROGATE = re.compile("[\ud800-\udfff]")

# Persian and the Indic scripts need the joiners, and emoji both; a run of them, or one among
# Latin letters, writes nothing and can only hide something.
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f"
_MISPLACED = re.compile(
    f"(?<![^\x00-\x7f{_JOINERS}])[{_JOINERS}]"
    f"|[{_JOINERS}](?![^\x00-\x7f{_JOINERS}{_SELECTORS}])"
    f"|(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f{_JOINERS}{_SELECTORS}])[{_SELECTORS}]"
)
#: Behind it, a joiner at the end of a text stays.
_SIGN = "\u4e00"
_UNFINISHED = re.compile("(?:\x1b|(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8})\\Z")
_ANY_JOINER = re.compile(f"[{_JOINERS}{_SELECTORS}]")


def clean_text(text: str) -> str:
    r"""Give `text` without what a reader cannot see and a terminal or a browser would obey.

    Control characters go (``\n`` and ``\t`` stay, the other line ends become ``\n``), and so do
    ANSI escape sequences, direction marks, zero-width and tag characters. Joiners and variation
    selectors stay where a script or an emoji needs them. Cleaning twice is cleaning once.

    Parameters
    ----------
    text
        Any text, also with lone surrogates, which become U+FFFD.

    Returns
    -------
    str
        The text for ``text/plain``, and what every HTML path starts from.
    """
    text = _LINE_ENDS.sub("\n", _CONTROL_SEQUENCE.sub("", text))
    text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
    while _ANY_JOINER.search(text):
        shorter = _MISPLACED.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text


def settled_text(text: str) -> str:
    """Return of the clean text what stays as it is, whatever comes behind.

    A joiner or a control sequence at the end is not decided yet: what follows tells.
    """
    unfinished = _UNFINISHED.search(text)
    begun = text[: unfinished.start()] if unfinished is not None else text
    return clean_text(begun + _SIGN)[: -len(_SIGN)].rstrip(_JOINERS)
