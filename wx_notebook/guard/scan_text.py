"""Search one text, also between the colour codes of a terminal, and redact it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.matches import CERTAIN_KINDS, Finding, Location, Match, MatchKind, Search

#: What replaces a secret. It is harmless in Python, JSON, HTML, a URL and a shell. If somebody uses
#: it as a key, the service answers that it is not one.
REPLACEMENTS = {
    "api_key": "KEY-REMOVED-BY-WX_NOTEBOOK",
    "token": "TOKEN-REMOVED-BY-WX_NOTEBOOK",
    "password": "PASSWORD-REMOVED-BY-WX_NOTEBOOK",
}
#: Characters of a text that are searched at a time, and so many more before and behind them. No
#: service takes a longer token than `_BEHIND`; some patterns look at what is before a match.
_PIECE, _BEFORE, _BEHIND = 1 << 17, 1 << 10, 1 << 14
_ANSI_CODE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
#: Shorter keys, tokens and passwords could stand in ordinary text by chance.
_MIN_LENGTH, _MIN_PASSWORD_LENGTH = 20, 8


class KnownSecretSearch:
    """Searches for secrets that this process knows. Calling it with a text yields the matches.

    Parameters
    ----------
    secrets
        For each secret where it is stored, its kind, and the secret itself.
    """

    def __init__(self, secrets: Iterable[tuple[str, MatchKind, Secret]]) -> None:
        self._secrets: list[tuple[str, MatchKind, Secret]] = []
        for name, kind, secret in secrets:
            min_length = _MIN_PASSWORD_LENGTH if kind == "password" else _MIN_LENGTH
            is_known = any(secret == other for _, _, other in self._secrets)
            if len(secret.reveal()) >= min_length and not is_known:
                self._secrets.append((name, kind, secret))

    def __len__(self) -> int:
        return len(self._secrets)

    def __call__(self, text: str) -> Iterator[Match]:
        """Yield the secrets in a text."""
        for name, kind, secret in self._secrets:
            at = text.find(secret.reveal())
            while at >= 0:
                end = at + len(secret.reveal())
                # a password may be a word; as a part of another word it is no match
                if kind != "password" or not _is_inside_word(text, at, end):
                    yield Match(at, end, kind, name)
                at = text.find(secret.reveal(), end)


def find_matches(text: str, search: Search) -> list[Match]:
    """Return the matches of a search in the order of the text; overlapping ones become one."""
    return find_matches_until(lambda: False, text, search)[0]


def find_matches_until(
    time_is_up: Callable[[], bool], text: str, search: Search
) -> tuple[list[Match], bool]:
    """Return what was found before time was up, as `find_matches`, and whether that is all.

    A long text is searched piece by piece, so that the end of the time is noticed inside it.
    """
    matches: list[Match] = []
    for start in range(0, len(text), _PIECE):
        if time_is_up():
            return matches, False
        _merge(matches, _find_in_piece(text, start, search))
    return matches, True


def _find_in_piece(text: str, start: int, search: Search) -> list[Match]:
    """Return the matches that begin in the piece of a text that begins at `start`.

    IPython colours each token of a source line separately, so that a key without quotes is split
    into pieces in a traceback. Therefore a text with colour codes is also searched without them.
    """
    first = max(0, start - _BEFORE)
    piece = text[first : start + _PIECE + _BEHIND]
    matches = list(search(piece))
    if "\x1b[" in piece:
        matches += _find_between_colours(piece, search)
    if first == 0 and len(piece) == len(text) <= _PIECE:
        return matches
    return [
        Match(match.start + first, match.end + first, match.kind, match.name, match.secret_id)
        for match in matches
        if start <= match.start + first < start + _PIECE
    ]


def _merge(merged: list[Match], matches: list[Match]) -> None:
    """Add matches that begin behind those in a list; overlapping ones become one."""
    for match in sorted(matches, key=lambda one: (one.start, not _is_certain(one), -one.end)):
        if merged and match.start < merged[-1].end:
            last = merged[-1]
            better = match if _is_certain(match) and not _is_certain(last) else last
            merged[-1] = better._replace(start=last.start, end=max(last.end, match.end))
        else:
            merged.append(match)


def redact_text(text: str, matches: Sequence[Match], offset: int = 0) -> str:
    """Return a text with its matches replaced.

    Parameters
    ----------
    text
        The text, or a piece of it.
    matches
        The matches of the whole text, in order.
    offset
        Where the piece begins in the whole text, in characters.
    """
    if len(matches) == 1 and offset <= matches[0].start and matches[0].end <= offset + len(text):
        (match,) = matches
        after = text[match.end - offset :]
        return f"{text[: match.start - offset]}{REPLACEMENTS[match.kind]}{after}"
    parts, at = [], 0
    for match in matches:
        start, end = match.start - offset, match.end - offset
        if end <= 0 or start >= len(text):
            continue
        parts.append(text[at : max(start, 0)])
        # a match that spans several pieces is replaced in the first one and cut from the others
        if start >= 0:
            parts.append(REPLACEMENTS[match.kind])
        at = min(end, len(text))
    return "".join([*parts, text[at:]])


def redact_lines(lines: Sequence[str], matches: Sequence[Match]) -> list[str]:
    """Return the lines of one text with its matches replaced.

    Only the lines with a match are looked at: a text may have a million others.
    """
    redacted = list(lines)
    starts = [0, *accumulate(map(len, lines))]
    number = first = 0
    while first < len(matches):
        number = bisect_right(starts, matches[first].start, number) - 1
        end = starts[number + 1]
        last = first + 1
        while last < len(matches) and matches[last].start < end:
            last += 1
        redacted[number] = redact_text(lines[number], matches[first:last], starts[number])
        # a match that goes on in the next lines is cut from them, before another one begins there
        over = matches[last - 1]
        while over.end > starts[number + 1]:
            number += 1
            after = last
            while after < len(matches) and matches[after].start < starts[number + 1]:
                after += 1
            inside = (over, *matches[last:after])
            redacted[number] = redact_text(lines[number], inside, starts[number])
            over, last = inside[-1], after
        first = last
    return redacted


def strip_ansi(text: str) -> str:
    """Return a text without the codes that colour it."""
    return _ANSI_CODE.sub("", text)


def findings_in(text: str, location: Location, matches: Iterable[Match]) -> Iterator[Finding]:
    """Yield the findings that matches of a text are, with their lines; the matches are in order."""
    line, at = 1, 0
    for match in matches:
        line, at = line + text.count("\n", at, match.start), match.start
        yield Finding(match.kind, location, line, match.name, match.secret_id)


def _is_certain(match: Match) -> bool:
    return match.kind in CERTAIN_KINDS


def _is_inside_word(text: str, start: int, end: int) -> bool:
    neighbours = text[max(0, start - 1) : start], text[end : end + 1]
    return any(re.match(r"\w", character) for character in neighbours if character)


def _find_between_colours(text: str, search: Search) -> list[Match]:
    # `shifts[i]` is added to positions of the plain text from `starts[i]` on
    plain, starts, shifts = [], [0], [0]
    at = length = 0
    for code in _ANSI_CODE.finditer(text):
        plain.append(text[at : code.start()])
        length += code.start() - at
        at = code.end()
        starts.append(length)
        shifts.append(at - length)
    plain.append(text[at:])

    def to_text(position: int) -> int:
        return position + shifts[bisect_right(starts, position) - 1]

    return [
        match._replace(start=to_text(match.start), end=to_text(match.end - 1) + 1)
        for match in search("".join(plain))
    ]
