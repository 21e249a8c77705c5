"""The kernel's half of the login form.

The key is in no trait. It comes as the binary buffer of one custom message, because a trait is
echoed to every client, saved with the widget's state, and printed by a kernel at `--debug`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import WatsonxError
from wx_notebook.form import Typed, fallback_html, fallback_plain, steps
from wx_notebook.form.asked import Asked, lacking, taken, without
from wx_notebook.form.mainthread import in_main_thread
from wx_notebook.form.page import module, styles
from wx_notebook.form.steps import Trouble, View, as_json
from wx_notebook.form.words import word
from wx_notebook.session.finding import Choice, Done, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wx_notebook.form import Desk, Offer
    from wx_notebook.session.finding import Event


#: Seconds in which what was clicked can be taken back by what was clicked after it, when both have
#: waited behind a cell.
_HEED_S = 0.1


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
        Is called with the form when somebody is signed in and nothing is open in it any more: it
        puts the line into the place of the widget. None leaves the widget there.
    changed
        Is called when somebody has signed in or out through it.
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
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._settle = settle
        self._changed = changed
        self._seen = View(typed=typed or Typed())
        #: which views there are, and which of them have made room for the line
        self._views: dict[str, bool] = {}
        #: the line stands in its place, in each page that hears of it
        self._is_line = False
        #: the fields are open beside the session that stands
        self._stays = False
        #: what waits behind a cell
        self._queued: list[Asked] = []
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
            if self._has_come_to_rest():
                in_main_thread(self._become_the_line, waiting=lambda: None)

    def begin(self) -> None:
        """Show that something is under way, before `change`."""
        self._show(steps.began(self._seen))

    def change(self) -> None:
        """Open the lists of what the session that stands could go on with."""
        self._serve(Asked({"act": "change"}))

    # --- messages ------------------------------------------------------------------------------

    def _hear(self, _: object, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """Answer one message of the browser; no exception leaves, so no frame is ever shown."""
        asked = Asked(content, taken(buffers))
        if asked.act in ("ping", "settled", "bye"):
            self._serve(asked)
        elif asked.act == "cancel":
            # heard beside a running cell only where messages have a thread of their own
            for waiting in self._queued:
                waiting.cancelled |= waiting.view == asked.view
        else:
            self._queued.append(asked)
            in_main_thread(
                lambda: self._serve(asked),
                waiting=lambda: self.send({"act": "queued", "of": asked.act}),
                heed_s=_HEED_S,
            )

    def _serve(self, asked: Asked) -> None:
        act, key = asked.act, asked.key
        if asked in self._queued:
            self._queued.remove(asked)
        trouble: Trouble | None = None
        problem: WatsonxError | None = None
        done = False
        try:
            # the browser learns that a kernel listens, before anything that may take its time
            self.send({"act": "ack", "of": act})
            if asked.cancelled:
                trouble = Trouble(word("cancelled"), word("interrupted.click"))
            else:
                trouble, done = self._answer(asked)
        except KeyboardInterrupt:
            again = "interrupted.key" if key else "interrupted.click"
            trouble = Trouble(word("interrupted"), word(again))
        except WatsonxError as error:
            problem = without(error, key)
        except Exception as error:  # noqa: BLE001 (it may carry the key: only its name is told)
            trouble = Trouble(word("broken", name=type(error).__name__), word("broken.hint"))
        # outside of the `except`, so that nothing that happens here has a context to show
        if problem is not None:
            self._seen = steps.failed(self._seen, problem)
        if trouble is not None:
            self._seen = steps.objected(self._seen, trouble)
        if act not in ("ping", "settled", "bye"):
            self._end(done=done)
        self.send({"act": "done", "of": act})
        if done:
            self._become_the_line(at_once=True)
            self._changed()

    def _answer(self, asked: Asked) -> tuple[Trouble | None, bool]:
        """Do what a message asks for; return what is wrong, and whether somebody is signed in."""
        act, content, key = asked.act, asked.content, asked.key
        if act in ("connect", "use"):
            typed = asked.typed()
            trouble = lacking(asked, typed)
            if trouble is not None:
                self._seen = steps.settled(steps.began(self._seen), "")
                return trouble, False
            self._show(steps.began(replace(self._seen, places=()), typed))
            if act == "use":
                return None, self._follow(self._desk.use(str(content.get("offer", "")), typed))
            return None, self._follow(self._desk.sign_in(key or Secret(""), typed), key)
        if act == "choose":
            self._show(steps.began(self._seen))
            chosen = (asked.text(name) for name in ("place", "model", "profile"))
            return None, self._follow(self._desk.choose(*chosen))
        if act == "change":
            self._show(steps.began(self._seen))
            return None, self._follow(self._desk.lists())
        if act == "back":
            self._desk.give_up()
            self._seen = replace(self._seen, places=(), steps={}, trouble=steps.NO_TROUBLE)
            self._stays = bool(content.get("stay"))
            # what stood there before was the line
            return None, bool(self._standing()[0]) and not self._stays
        if act == "sign_out":
            try:
                self._desk.sign_out(forget=bool(content.get("forget")))
            finally:
                # the session can be gone although its profile could not be forgotten
                self._seen = steps.out(self._seen)
                self._stays = False
                self._changed()
        elif act == "ping":
            self._views.setdefault(asked.view, False)
            self.refresh()
        elif act in ("settled", "bye"):
            self._made_room(asked.view, gone=act == "bye")
        return None, False

    def _follow(self, events: Iterator[Event], key: Secret | None = None) -> bool:
        """Show what happens as it happens; return whether somebody is signed in at the end."""
        done = False
        for event in events:
            if isinstance(event, Step):
                problem = without(event.problem, key) if event.problem is not None else None
                self._show(steps.stepped(self._seen, replace(event, problem=problem)))
            elif isinstance(event, Choice):
                self._show(steps.offered(self._seen, event, self._desk.choices()))
            elif isinstance(event, Done):
                done = True
                self._stays = False
                # it was for this sign-in, and not for the next one
                self._seen = replace(self._seen, typed=self._seen.typed._replace(remember=""))
        return done

    # --- the view ------------------------------------------------------------------------------

    def _show(self, view: View) -> None:
        self._seen = view
        self.view = as_json(view)

    def _end(self, *, done: bool) -> None:
        line, notes = self._standing()
        self._show(steps.settled(self._seen, line, notes, done=done))

    def _has_come_to_rest(self) -> bool:
        """Whether a view stands there that could as well be the line."""
        seen = self._seen
        wrong = seen.trouble.message or any(step.state == "bad" for step in seen.steps.values())
        return bool(self._views) and seen.phase == "connected" and not (self._stays or wrong)

    def _become_the_line(self, *, at_once: bool = False) -> None:
        """Let the line take the place of the widget, unless something was begun meanwhile."""
        rests = self._has_come_to_rest() and not self._is_line
        if self._settle is not None and (at_once or rests):
            self._is_line = True
            self._settle(self)

    def _made_room(self, view: str, *, gone: bool) -> None:
        """Close the widget once no view of it is left: then the file has nothing of it either.

        A form that is no line yet waits for its page, which may only be loaded anew.
        """
        if gone:
            self._views.pop(view, None)
        elif view in self._views:
            self._views[view] = True
        if self._is_line and all(self._views.values()):
            self.close()

    def _standing(self) -> tuple[str, tuple[str, ...]]:
        """Return the line of the session that stands: an earlier one outlives a failed sign-in."""
        try:
            line = self._desk.line()
            return line, tuple(self._desk.notes()) if line else ()
        except Exception:  # noqa: BLE001 (without a line there is still a form)
            return "", ()
