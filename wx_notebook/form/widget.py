"""The kernel's half of the login form.

The key is in no trait. It comes as the binary buffer of one custom message, because a trait is
echoed to every client, saved with the widget's state, and printed by a kernel at `--debug`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import WatsonxError
from wx_notebook.form import Typed, fallback_html, fallback_plain, steps
from wx_notebook.form.mainthread import in_main_thread
from wx_notebook.form.page import module, styles
from wx_notebook.form.steps import Trouble, View, as_json
from wx_notebook.form.words import word
from wx_notebook.session.finding import Choice, Done, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wx_notebook.form import Desk, Offer
    from wx_notebook.session.finding import Event

#: An API key in the wrong field: nothing that belongs there has so many of these in a row.
_KEY_LIKE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])")
#: What a field beside the secret may hold at most.
_LONGEST = 500


class LoginForm(anywidget.AnyWidget):
    """A form that asks for a key and finds out the rest, and the line that it becomes.

    Parameters
    ----------
    desk
        Where the form hands in what was typed.
    offers
        What was found on this machine and can be used with one click.
    typed
        What the fields hold at first.
    regions
        The regions to choose from, as pairs of id and place.
    no_keyring
        Why nothing can be remembered on this machine, "" where it can.
    settle
        Is called with the form when somebody has signed in through it, with what takes the place of
        the widget in the notebook. None leaves the widget there.
    signed_out
        Is called when somebody has signed out through it.
    """

    # made of several files: a module of this kind cannot import another without a network
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    view: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    offers: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    regions: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    no_keyring = traitlets.Unicode().tag(sync=True)
    #: by which the page finds the line that takes the place of this form
    line_id = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        desk: Desk,
        offers: Iterable[Offer] = (),
        typed: Typed | None = None,
        regions: Iterable[tuple[str, str]] = (),
        *,
        no_keyring: str = "",
        line_id: str = "",
        settle: Callable[[LoginForm], None] | None = None,
        signed_out: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._settle = settle
        self._signed_out = signed_out
        self._seen = View(typed=typed or Typed())
        #: which views there are, and which of them have made room for the line
        self._views: dict[str, bool] = {}
        self._cancelled = False
        line, notes = self._standing()
        if line:
            self._seen = steps.settled(self._seen, line, notes, done=True)
        super().__init__(
            _esm=module(),
            _css=styles(),
            view=as_json(self._seen),
            offers=[list(offer) for offer in offers],
            regions=[list(pair) for pair in regions],
            no_keyring=no_keyring,
            line_id=line_id,
        )
        self.on_msg(self._hear)

    def _repr_mimebundle_(self, **options: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        # for the server's hook before a save (`server.forms`), which knows no words
        words = {"field": word("secret.cloud"), "gone": word("gone")}
        return (
            data | {"text/plain": fallback_plain(), "text/html": fallback_html()},
            metadata | {"wx_notebook": {"form": words}},
        )

    @property
    def seen(self) -> View:
        """What is to be seen of it."""
        return self._seen

    def close(self) -> None:
        """Close it and what belongs to it: a file keeps the state of each model that is open."""
        layout = self.layout
        super().close()
        layout.close()

    def refresh(self) -> None:
        """Show what the session is now: another form, or a cell, may have changed it."""
        if self._seen.phase in ("form", "connected"):
            line, notes = self._standing()
            self._show(steps.settled(self._seen, line, notes))

    def change(self) -> None:
        """Open the lists of what the session that stands could go on with."""
        self._serve({"act": "change"}, None)

    # --- messages ------------------------------------------------------------------------------

    def _hear(self, _: object, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """Answer one message of the browser; no exception leaves, so no frame is ever shown."""
        key = _taken(buffers)
        act = str(content.get("act", ""))
        if act in ("ping", "settled", "bye"):
            self._serve(content, key)
        elif act == "cancel":
            # heard beside a running cell only where messages have a thread of their own
            self._cancelled = True
        else:
            self._cancelled = False
            in_main_thread(
                lambda: self._serve(content, key),
                waiting=lambda: self.send({"act": "queued", "of": act}),
            )

    def _serve(self, content: Mapping[str, Any], key: Secret | None) -> None:
        act = str(content.get("act", ""))
        trouble: Trouble | None = None
        problem: WatsonxError | None = None
        done = False
        try:
            # the browser learns that a kernel listens, before anything that may take its time
            self.send({"act": "ack", "of": act})
            if self._cancelled:
                trouble = Trouble(word("cancelled"), word("interrupted.click"))
            else:
                trouble, done = self._answer(act, content, key)
        except KeyboardInterrupt:
            again = "interrupted.key" if key else "interrupted.click"
            trouble = Trouble(word("interrupted"), word(again))
        except WatsonxError as error:
            problem = _without(error, key)
        except Exception as error:  # noqa: BLE001 (it may carry the key: only its name is told)
            trouble = Trouble(word("broken", name=type(error).__name__), word("broken.hint"))
        self._cancelled = False
        # outside of the `except`, so that nothing that happens here has a context to show
        if problem is not None:
            self._seen = steps.failed(self._seen, problem)
        if trouble is not None:
            self._seen = steps.objected(self._seen, trouble)
        if act not in ("ping", "settled", "bye"):
            self._end(done=done)
        self.send({"act": "done", "of": act})
        if done and self._settle is not None:
            self._settle(self)

    def _answer(
        self, act: str, content: Mapping[str, Any], key: Secret | None
    ) -> tuple[Trouble | None, bool]:
        """Do what a message asks for; return what is wrong, and whether somebody is signed in."""
        if act in ("connect", "use"):
            typed = _typed(content)
            trouble = self._lacking(act, typed, key)
            if trouble is not None:
                self._seen = steps.settled(steps.began(self._seen), "")
                return trouble, False
            self._show(steps.began(replace(self._seen, places=()), typed))
            if act == "use":
                return None, self._follow(self._desk.use(str(content.get("offer", "")), typed))
            return None, self._follow(self._desk.sign_in(key or Secret(""), typed), key)
        if act == "choose":
            self._show(steps.began(self._seen))
            chosen = (_short(content.get(name)) for name in ("place", "model", "profile"))
            return None, self._follow(self._desk.choose(*chosen))
        if act == "change":
            self._show(steps.began(self._seen))
            return None, self._follow(self._desk.lists())
        if act == "back":
            self._seen = replace(self._seen, places=(), steps={}, trouble=steps.NO_TROUBLE)
            # what stood there before was the line
            return None, bool(self._standing()[0]) and not content.get("stay")
        if act == "sign_out":
            self._desk.sign_out(forget=bool(content.get("forget")))
            self._seen = steps.out(self._seen)
            self._signed_out()
        elif act == "ping":
            self._views.setdefault(_short(content.get("view")), False)
            self.refresh()
        elif act in ("settled", "bye"):
            self._made_room(_short(content.get("view")), gone=act == "bye")
        return None, False

    def _lacking(self, act: str, typed: Typed, key: Secret | None) -> Trouble | None:
        if act == "connect":
            if key is None:
                return Trouble(word("key_lost"), word("key_lost.hint"), "secret")
            if not key:
                return Trouble(word("no_key"), "", "secret")
        return _misplaced(typed, key or Secret(""))

    def _follow(self, events: Iterator[Event], key: Secret | None = None) -> bool:
        """Show what happens as it happens; return whether somebody is signed in at the end."""
        done = False
        for event in events:
            if isinstance(event, Step):
                problem = _without(event.problem, key) if event.problem is not None else None
                self._show(steps.stepped(self._seen, replace(event, problem=problem)))
            elif isinstance(event, Choice):
                self._show(steps.offered(self._seen, event, self._desk.choices()))
            elif isinstance(event, Done):
                done = True
        return done

    # --- the view ------------------------------------------------------------------------------

    def _show(self, view: View) -> None:
        self._seen = view
        self.view = as_json(view)

    def _end(self, *, done: bool) -> None:
        line, notes = self._standing()
        self._show(steps.settled(self._seen, line, notes, done=done))

    def _made_room(self, view: str, *, gone: bool) -> None:
        """Close the widget once no view of it is left: then the file has nothing of it either."""
        if gone:
            self._views.pop(view, None)
        elif view in self._views:
            self._views[view] = True
        if self._views and all(self._views.values()):
            self.close()

    def _standing(self) -> tuple[str, tuple[str, ...]]:
        """Return the line of the session that stands: an earlier one outlives a failed sign-in."""
        try:
            line = self._desk.line()
            return line, tuple(self._desk.notes()) if line else ()
        except Exception:  # noqa: BLE001 (without a line there is still a form)
            return "", ()


def _taken(buffers: list[memoryview]) -> Secret | None:
    """Take the key out of a message's buffers; None when no text arrived.

    The text is bound to no name, so that no traceback of any mode can show it.
    """
    try:
        return Secret(bytes(buffers[0]).decode("utf-8-sig").strip())
    except (IndexError, UnicodeDecodeError):
        return None
    finally:
        buffers.clear()


def _short(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _typed(content: Mapping[str, Any]) -> Typed:
    """Return what stood in the fields beside the secret."""
    return Typed(*(_short(content.get(name, "")) for name in Typed._fields))


def _misplaced(typed: Typed, key: Secret) -> Trouble | None:
    """Say so when a field holds a key: a trait with that text would be saved with the notebook."""
    for name, text in typed._asdict().items():
        if _KEY_LIKE.search(_without_ids(text)) or key.hide_in(text) != text:
            field = name if name in ("where", "billed_to", "username") else "secret"
            return Trouble(word("key_here.kernel"), word("key_here.hint"), field)
    return None


def _without_ids(text: str) -> str:
    """Return a text without ids, which in the address of a page can touch each other."""
    return re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", " ", text, flags=re.IGNORECASE)


def _without(problem: WatsonxError, key: Secret | None) -> WatsonxError:
    """Return an error without the key, and without the frames that it passed."""
    hide = key.hide_in if key else str
    return type(problem)(hide(problem.message), hint=hide(problem.hint))
