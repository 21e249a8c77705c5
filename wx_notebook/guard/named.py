"""Finding secrets that this process knows: those of the session, the environment, the keyring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.hits import Hit, What

#: A key or token of fewer characters, or a password of fewer, stands in ordinary text, too.
_FEWEST, _FEWEST_OF_PASSWORD = 20, 8


class Named:
    """Secrets by the names of the places where they lie; calling it with a text finds them."""

    def __init__(self, secrets: Iterable[tuple[str, What, Secret]]) -> None:
        self._secrets: list[tuple[str, What, Secret]] = []
        for name, what, secret in secrets:
            fewest = _FEWEST_OF_PASSWORD if what == "password" else _FEWEST
            known = any(secret == other for _, _, other in self._secrets)
            if len(secret.reveal()) >= fewest and not known:
                self._secrets.append((name, what, secret))

    def __len__(self) -> int:
        return len(self._secrets)

    def __call__(self, text: str) -> Iterator[Hit]:
        """Yield where they stand."""
        for name, what, secret in self._secrets:
            at = text.find(secret.reveal())
            while at >= 0:
                end = at + len(secret.reveal())
                # a password may be a word, and a part of another one is none
                if what != "password" or not _inside_a_word(text, at, end):
                    yield Hit(at, end, what, name)
                at = text.find(secret.reveal(), end)


def _inside_a_word(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 1) : start], text[end : end + 1]
    return any(re.match(r"\w", character) for character in around if character)
