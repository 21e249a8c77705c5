"""What the form's twin says: plain lines, while it asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds; what takes longer is named while it lasts.
_PATIENCE_S = 1.0


def say(text: str) -> None:
    """Print a line."""
    from wx_notebook.display.lines import clean_line

    print(clean_line(text))  # noqa: T201  # a conversation by text


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say what is waited for, once it takes its time."""
    late = threading.Timer(_PATIENCE_S, say, [f"… {what}"])
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()
