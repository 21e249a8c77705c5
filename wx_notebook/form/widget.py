"""The kernel's half of the login form.

The key is in no trait. It comes as the binary buffer of one custom message, because a trait is
echoed to every client, saved with the widget's state, and printed by a kernel at `--debug`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import anywidget
import traitlets

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import (
    MOST_LINES,
    HostRefused,
    KeyRefused,
    NotConnected,
    ProjectError,
    UnknownRegion,
    WatsonxError,
)
from wx_notebook.form import fallback_html, fallback_plain
from wx_notebook.form.mainthread import in_main_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wx_notebook.form import Desk, Offer

_HERE = Path(__file__).parent

#: The field that a user corrects after this kind of error.
_FIELDS: tuple[tuple[type[WatsonxError], str], ...] = (
    (KeyRefused, "api_key"),
    (NotConnected, "api_key"),
    (UnknownRegion, "region"),
    (HostRefused, "region"),
    (ProjectError, "project_id"),
)

#: An API key in the wrong field: nothing that belongs there has so many of these in a row.
_KEY_LIKE = re.compile(r"[A-Za-z0-9_-]{40,}")


class LoginForm(anywidget.AnyWidget):
    """A form for API key, region and project, and the line that it becomes.

    Parameters
    ----------
    desk
        Where the form hands in what was typed.
    offers
        What was found on this machine and can be used with one click.
    region, project_id
        What the fields hold at first.
    regions
        The regions to choose from, as pairs of id and place.
    """

    _esm = _HERE / "form.js"
    _css = _HERE / "form.css"

    phase = traitlets.Enum(["form", "working", "connected"], "form").tag(sync=True)
    line = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    field = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    region = traitlets.Unicode().tag(sync=True)
    project_id = traitlets.Unicode().tag(sync=True)
    offers: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    regions: traitlets.List[list[str]] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        desk: Desk,
        offers: Iterable[Offer] = (),
        region: str = "",
        project_id: str = "",
        regions: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._desk = desk
        line = self._standing()
        super().__init__(
            phase="connected" if line else "form",
            line=line,
            region=region,
            project_id=project_id,
            offers=[list(offer) for offer in offers],
            regions=[list(pair) for pair in regions],
        )
        self.on_msg(self._hear)

    def _repr_mimebundle_(self, **options: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return data | {"text/plain": fallback_plain(), "text/html": fallback_html()}, metadata

    def _hear(self, _: object, content: Mapping[str, str], buffers: list[memoryview]) -> None:
        """Answer one message of the browser; no exception leaves, so no frame is ever shown."""
        key = _taken(buffers)
        kind = content.get("kind", "")
        if kind == "ping":
            self._serve(content, key)
        else:
            in_main_thread(
                lambda: self._serve(content, key),
                waiting=lambda: self.send({"kind": "queued", "of": kind}),
            )

    def _serve(self, content: Mapping[str, str], key: Secret | None) -> None:
        kind = content.get("kind", "")
        try:
            # the browser learns that a kernel listens, before anything that may take its time
            self.send({"kind": "ack", "of": kind})
            trouble = self._answer(kind, content, key)
        except KeyboardInterrupt:
            again = "Give the key again to sign in." if key else "Click again to sign in."
            trouble = _Trouble("Interrupted before the sign-in was done.", again)
        except WatsonxError as error:
            trouble = _told(error, key)
        except Exception as problem:  # noqa: BLE001 (it may carry the key: only its name is told)
            trouble = _Trouble(
                f"The sign-in failed ({type(problem).__name__}).",
                "`%watsonx login --text` asks without this form.",
            )
        # outside of the `except`, so that nothing that happens here has a context to show
        if trouble:
            self._settle(self._standing(), trouble)
        self.send({"kind": "done", "of": kind})

    def _answer(self, kind: str, content: Mapping[str, str], key: Secret | None) -> _Trouble | None:
        if kind == "connect":
            return self._connect(_place(content), key)
        if kind == "use":
            place = _place(content)
            if trouble := _misplaced(place, Secret("")):
                return trouble
            self._work(**place)
            self._settle(self._desk.use(content.get("offer", ""), **place))
        elif kind == "sign_out":
            self._desk.sign_out()
            self._settle(self._standing())
        elif kind == "ping" and self.phase != "working":
            self.line = self._standing()
            self.phase = "connected" if self.line else "form"
        return None

    def _connect(self, place: dict[str, str], key: Secret | None) -> _Trouble | None:
        if key is None:
            return _Trouble("The key did not arrive.", "Give it again.", "api_key")
        if not key:
            return _Trouble("An API key is needed.", "Paste it here.", "api_key")
        if trouble := _misplaced(place, key):
            return trouble
        self._work(**place)
        self._settle(key.hide_in(self._desk.sign_in(key, **place)))
        return None

    def _work(self, **typed: str) -> None:
        with self.hold_sync():
            self.phase = "working"
            self.message = self.hint = self.field = ""
            for name, value in typed.items():
                self.set_trait(name, value)

    def _settle(self, line: str, trouble: _Trouble | None = None) -> None:
        with self.hold_sync():
            self.line = line
            self.phase = "connected" if line else "form"
            self.message, self.hint, self.field = trouble or _Trouble()

    def _standing(self) -> str:
        """Return the line of the session that stands: an earlier one outlives a failed sign-in."""
        try:
            return self._desk.line()
        except Exception:  # noqa: BLE001 (without a line there is still a form)
            return ""


class _Trouble(NamedTuple):
    message: str = ""
    hint: str = ""
    field: str = ""


def _taken(buffers: list[memoryview]) -> Secret | None:
    """Take the key out of a message's buffers; None when no text arrived.

    The text is bound to no name, so that no traceback of any mode can show it.
    """
    try:
        return Secret(bytes(buffers[0]).decode().strip())
    except (IndexError, UnicodeDecodeError):
        return None
    finally:
        buffers.clear()


def _place(content: Mapping[str, str]) -> dict[str, str]:
    """Return what stood in the fields beside the key."""
    return {name: content.get(name, "").strip() for name in ("region", "project_id")}


def _misplaced(place: Mapping[str, str], key: Secret) -> _Trouble | None:
    """Say so when a field holds a key: a trait with that text would be saved with the notebook."""
    for field, text in place.items():
        if _KEY_LIKE.fullmatch(text) or key.hide_in(text) != text:
            words = "This looks like an API key. It was not used, and not kept."
            return _Trouble(words, "Put it into the field “API key”.", field)
    return None


def _told(error: WatsonxError, key: Secret | None) -> _Trouble:
    """Return message and hint of an error, short and without the key, and the field it is about."""
    field = next((field for kind, field in _FIELDS if isinstance(error, kind)), "")
    lines = [line for line in error.message.split("\n") if line.strip()][: MOST_LINES - 1]
    message, hint = "\n".join(lines), error.hint.replace("\n", " ")
    if key:
        message, hint = key.hide_in(message), key.hide_in(hint)
    return _Trouble(message, hint, field)
