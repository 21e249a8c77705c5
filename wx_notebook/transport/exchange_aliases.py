"""What stands in a recording in the place of IDs: the n-th project, page, file, job or line."""

from __future__ import annotations

import re
import threading
from typing import Any


class Aliases:
    """The IDs of projects and spaces, and the bookmarks of lists, with what is written instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._counts = dict.fromkeys(("project", "page", "file", "job", "line"), 0)

    def project(self, name: Any) -> str:  # noqa: ANN401  # of a JSON document
        """Return the ID that stands for the one of a project or space."""
        return self._alias(name, "project", "00000000-0000-4000-8000-{:012d}")

    def bookmark(self, name: Any) -> str:  # noqa: ANN401
        """Return what stands for the place in a list."""
        return self._alias(name, "page", "page-{}")

    def _alias(self, name: Any, kind: str, form: str) -> str:  # noqa: ANN401
        if not isinstance(name, str) or not name:
            return ""
        with self._lock:
            if name not in self._known:
                self._counts[kind] += 1
                alias = form.format(self._counts[kind])
                self._known[name] = self._known.setdefault(alias, alias)
            return self._known[name]

    def name(self, kind: str, one: Any) -> str:  # noqa: ANN401
        """Return the name of a file, of a job or of a line in one."""
        if isinstance(one, str) and re.fullmatch(rf"{kind}-[0-9]{{1,9}}", one):
            # of a recording
            return one
        return self._alias(one, kind, f"{kind}-{{}}")

    def asked(self, alias: str) -> str:
        """Return what has this name."""
        known = list(self._known.items())
        return next((one for one, name in known if name == alias != one), alias)

    def replaced(self, text: str) -> str:
        """Return a text with the aliases of the IDs in it."""
        for name, alias in list(self._known.items()):
            # a short bookmark, such as "2", is an ordinary word
            if len(name) >= 8 and name in text:
                text = text.replace(name, alias)
        return text
