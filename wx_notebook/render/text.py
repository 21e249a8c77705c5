"""Foreign text as plain text: no invisible characters, nothing that controls a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: A complete control sequence (colours, cursor) is removed as a whole. Of an incomplete one, and of
#: the kinds that carry text (titles, links), only the control characters go: no word is lost.
_CONTROL_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]")
_PARTIAL_SEQUENCE = re.compile("(?:\x1b\\[?|\x9b)[0-?]{0,64}[ -/]{0,8}\\Z")
#: A partial control sequence is shorter than this.
_MAX_SEQUENCE = 100
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")

#: Characters without a width, and those that only change the direction of the text around them.
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
#: A lone surrogate has no UTF-8 form: neither the sanitiser nor the message to the page accepts it.
_SURROGATE = re.compile("[\ud800-\udfff]")

# Persian and the Indic scripts need the joiners, and emoji need both. Several in a row, or one
# among Latin letters, draw nothing and can only hide something.
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f"
_MISPLACED = re.compile(
    f"(?<![^\x00-\x7f{_JOINERS}])[{_JOINERS}]"
    f"|[{_JOINERS}](?![^\x00-\x7f{_JOINERS}{_SELECTORS}])"
    f"|(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f{_JOINERS}{_SELECTORS}])[{_SELECTORS}]"
)
_ANY_JOINER = re.compile(f"[{_JOINERS}{_SELECTORS}]")
#: A character after which `clean_text` keeps a joiner at the end of a text.
_SIGN = "\u4e00"


def clean_text(text: str) -> str:
    r"""Return `text` without characters that are invisible or that control a terminal or browser.

    It removes control characters (``\n`` and ``\t`` stay, the other line ends become ``\n``), ANSI
    escape sequences, direction marks, zero-width and tag characters. Joiners and variation
    selectors stay where a script or an emoji needs them. Cleaning a clean text changes nothing.

    Parameters
    ----------
    text
        Any text. Lone surrogates become U+FFFD.

    Returns
    -------
    str
        The text for ``text/plain``, and the input of every function that makes HTML.
    """
    text = _LINE_ENDS.sub("\n", _CONTROL_SEQUENCE.sub("", text))
    text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
    while _ANY_JOINER.search(text):
        shorter = _MISPLACED.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text


def clean_line(text: str) -> str:
    """Return the clean text on one line, with its own spaces."""
    return clean_text(text).replace("\n", " ")


def single_line(text: str) -> str:
    """Return the clean text on one line, with single spaces."""
    return " ".join(clean_text(text).split())


def stable_text(text: str) -> str:
    """Return the part of the clean text that stays the same whatever text follows.

    A joiner or a control sequence at the end depends on the text that follows, so it is left out.
    """
    return clean_text(strip_partial_sequence(text) + _SIGN)[: -len(_SIGN)].rstrip(_JOINERS)


def strip_partial_sequence(text: str) -> str:
    """Return `text`, not cleaned yet, without an unfinished control sequence at its end."""
    head, end = text[:-_MAX_SEQUENCE], text[-_MAX_SEQUENCE:]
    return head + _PARTIAL_SEQUENCE.sub("", end)


def answer_titles(count: int) -> list[str]:
    """Return a title for each of several answers; one alone has none."""
    return [f"answer {number} of {count}" if count > 1 else "" for number in range(1, count + 1)]


def plain_answers(
    texts: Sequence[str], notes: Sequence[Sequence[str]], footers: Sequence[str]
) -> str:
    """Return answers as text for a terminal, each with its notes, and its footer where it has one.

    Answers of one model have a footer together, the last one's.
    """
    lines: list[str] = []
    titles = answer_titles(len(texts))
    for title, text, about, footer in zip(titles, texts, notes, footers, strict=True):
        lines += [f"[{title}]", ""] if title else []
        lines += [text, "", *(f"[{clean_line(note)}]" for note in (*about, footer) if note)]
    return "\n".join(lines)
