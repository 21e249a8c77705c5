"""Clean text says what it shows."""

from __future__ import annotations

from support.cases import all_cases

from wx_notebook.render import clean_text


@all_cases(
    ("text", "cleaned"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\x00\x07\x08\x0b\x0c\x7f\x80\x9fb", "ab"),
        ("\x1b[1;31mred\x1b[0m \x9b4mx\x9b0m", "red x"),
        ("\x1b[2J\x1b[1;1H\x1b[?25lx", "x"),
        ("\x1b]8;;http://a\x07text\x1b]8;;\x07", "]8;;http://atext]8;;"),
        ("\x1b", ""),
        ("\u202eabc\u202c\u2066d\u2069\u200e\u200f\u061c", "abcd"),
        ("pass\u200bword\u2060\u2064\ufeff\u00ad", "password"),
        ("a\U000e0041\U000e007fb", "ab"),
        ("a\u200cb\u200dc\ufe0f", "abc"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        # what scripts and emoji need stays
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        (
            "👩\u200d🔬 👁\ufe0f\u200d🗨\ufe0f 1\ufe0f\u20e3 ❤\ufe0f",
            "👩\u200d🔬 👁\ufe0f\u200d🗨\ufe0f 1\ufe0f\u20e3 ❤\ufe0f",
        ),
        ("é\u200d\u200c\u200d\u200cé é\ufe00\ufe01\ufe02", "éé é\ufe00"),
        ("Größe, 函数, עברית, e\u0301", "Größe, 函数, עברית, e\u0301"),
    ],
)
def test_only_what_is_seen_stays(text, cleaned):
    assert clean_text(text) == cleaned


def test_no_word_is_lost_with_an_escape_sequence():
    assert "secret words" in clean_text("\x1b]0;secret words, no end")
