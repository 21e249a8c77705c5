"""What begins anew in a process that was forked off: locks that a thread of the parent may hold.

That thread does not exist in the child, so nobody would release them there.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class BeginsAnew(Protocol):
    """An object with locks or threads of its own."""

    def begin_in_forked_child(self) -> None:
        """Make new locks, and forget the threads: they go on in the parent only."""


_OBJECTS: weakref.WeakSet[BeginsAnew] = weakref.WeakSet()


def begin_anew_after_fork(one: BeginsAnew) -> None:
    """Call `begin_in_forked_child` of an object in each child, for as long as it exists."""
    _OBJECTS.add(one)


def _begin() -> None:
    for one in tuple(_OBJECTS):
        one.begin_in_forked_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)
