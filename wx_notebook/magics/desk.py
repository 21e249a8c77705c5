"""What stands behind the form: the session of this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from wx_notebook.errors import BadOption, NotConnected, WatsonxError
from wx_notebook.magics.guarding import begin_anew, reported, warnings_collected
from wx_notebook.magics.standing import sign_out

if TYPE_CHECKING:
    from wx_notebook.credentials import Given, Secret
    from wx_notebook.form import Lists, Offer, Typed
    from wx_notebook.service import Place
    from wx_notebook.session import Session
    from wx_notebook.session.finding import Event


def remembered(held: Session, name: str | None) -> list[str]:
    """Keep what signed in under a name; return the line that says so, or why it could not be.

    The sign-in stands in any case.
    """
    if name is None:
        return []
    from wx_notebook.credentials.profiles import remember

    try:
        line = remember(name, held.given)
    except WatsonxError as problem:
        return [problem.message.replace("\n", " ")]
    held.given = replace(held.given, profile=name)
    return [line]


class FormDesk:
    """What the form asks for, answered by the session of this process.

    Parameters
    ----------
    remember
        The name under which the next that signs in is kept although nobody ticks it, None for
        nothing.
    space
        What prompts are billed to where no project is typed: an id or a name.
    not_typed
        The project with which the field was filled in from the environment, "" for none.
    """

    def __init__(
        self, remember: str | None = None, space: str = "", *, not_typed: str = ""
    ) -> None:
        self._remember = remember or ""
        self._space = space
        self._not_typed = not_typed
        # signed in, and waiting for somebody to choose a project
        self._waiting: Session | None = None
        # under which name it is kept once it is chosen
        self._name = ""
        self._places: dict[str, Place] = {}
        # beside the session's own line, until the next sign-in
        self._more: list[str] = []
        # what the guard has to say; no cell runs that could show it
        self._warnings: list[str] = []

    # --- signing in ----------------------------------------------------------------------------

    def sign_in(self, secret: Secret, typed: Typed) -> Iterator[Event]:
        """Sign in with what was typed, pasted, or stood in a file."""
        from wx_notebook.magics.typed import given_by_form

        yield from self._heeding(self._begun(given_by_form(secret, typed), typed))

    def use(self, offer: str, typed: Typed) -> Iterator[Event]:
        """Sign in with what was found on this machine; what was typed besides wins."""
        from wx_notebook.magics.typed import given_by_offer

        given, environ = given_by_offer(offer, typed)
        if offer != "environment" and typed.billed_to == self._not_typed:
            # it belongs to another credential, and may be billed to somebody else
            typed = typed._replace(billed_to="")
        yield from self._heeding(self._begun(given, typed, environ))

    def _begun(
        self, given: Given, typed: Typed, environ: dict[str, str] | None = None
    ) -> Iterator[Event]:
        from wx_notebook.magics.typed import with_scope
        from wx_notebook.session.finding import signing_in
        from wx_notebook.session.twin import unverified

        given, named = with_scope(given, typed.billed_to, self._space)
        held = unverified(given, environ)
        if named:
            # not the project that the environment names
            first, held = held, held.like(replace(held.given, project_id="", space_id=""))
            first.close()
        name = typed.remember or self._remember
        yield from self._followed(held, signing_in(held, named=named), name)

    # --- going on ------------------------------------------------------------------------------

    def lists(self) -> Iterator[Event]:
        """Offer what the session that stands could go on with."""
        from wx_notebook.session import session
        from wx_notebook.session.finding import listing

        held = session()
        yield from self._followed(held, listing(held))

    def choose(self, place: str, model: str, profile: str) -> Iterator[Event]:
        """Go on with what was chosen; "" leaves it as it is.

        Raises
        ------
        NotConnected
            Nobody is signed in any more.
        """
        from IPython.core.getipython import get_ipython

        from wx_notebook.form.words import word
        from wx_notebook.magics.use import model_was_chosen
        from wx_notebook.session import current
        from wx_notebook.session.finding import Done, signing_in, taking
        from wx_notebook.session.twin import unverified

        if profile:
            from wx_notebook.session.arguments import named_profile

            given = named_profile(profile)
            if model:
                given = replace(given, model=model, model_is_chosen=True)
            held = unverified(given)
            yield from self._followed(held, signing_in(held))
            return
        held_now = self._waiting or current()
        if held_now is None or held_now.credential is None:
            raise NotConnected(word("stale"), hint=word("stale.hint"))
        if place and place not in self._places:
            raise BadOption(word("stale"), hint=word("choose.nothing"))
        chosen = self._places.get(place)
        name = self._name if held_now is self._waiting else ""
        for event in self._followed(held_now, taking(held_now, chosen, model), name):
            if model and isinstance(event, Done):
                model_was_chosen(get_ipython())
            yield event

    def give_up(self) -> None:
        """Forget the key and token of a sign-in that waits for a choice."""
        self._wait_with(None)
        self._places = {}

    def choices(self) -> Lists:
        """Return models and profiles to choose from, and what is in use."""
        from wx_notebook.credentials.profiles import listed
        from wx_notebook.form import Lists
        from wx_notebook.session import current

        held = current() if self._waiting is None else None
        models: list[str] = []
        profiles: list[str] = []
        if held is not None:
            with contextlib.suppress(WatsonxError):
                models = [model.model_id for model in held.models() if model.can_chat]
            with contextlib.suppress(WatsonxError):
                profiles = [profile.name for profile, _ in listed()]
        if held is None:
            return Lists()
        place = held.scope.project_id or held.scope.space_id
        model = held.default_model(dry=True)
        return Lists(tuple(models), model, tuple(profiles), held.given.profile, place)

    def _followed(
        self, held: Session, events: Iterator[Event], remember: str = ""
    ) -> Iterator[Event]:
        """Pass on what happens, and keep what a choice needs until it is made.

        `remember` is the name for what signs in here, and for nothing that signs in later.
        """
        from wx_notebook.session import current
        from wx_notebook.session.finding import Choice, Done

        chosen_from = False
        done = False
        try:
            for event in events:
                if isinstance(event, Choice):
                    chosen_from = True
                    self._wait_with(held if held is not current() else None, name=remember)
                    self._places = {place.project.id: place for place in event.places}
                if isinstance(event, Done):
                    done = True
                    begin_anew()
                    kept = remembered(event.session, remember or None)
                    if remember:
                        self._remember = ""
                    self._more = [*event.session.notes(), *kept, *_lacking(event.session),
                                  *self._warnings]  # fmt: skip
                yield event
        finally:
            if done:
                self._wait_with(None, but=current())
                self._places = {}
            elif not chosen_from and held not in (current(), self._waiting):
                held.close()

    def _heeding(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass on what happens, and keep the warnings that come with it."""
        self._warnings = []
        while True:
            with warnings_collected() as lines:
                event = next(events, None)
            self._warnings += lines
            if event is None:
                return
            yield event

    def _wait_with(self, held: Session | None, but: Session | None = None, name: str = "") -> None:
        before, self._waiting = self._waiting, held
        self._name = name
        if before is not None and before not in (held, but):
            before.close()

    # --- what stands ---------------------------------------------------------------------------

    def sign_out(self, *, forget: bool = False) -> None:
        """Forget key and token; with `forget` the profile that was in use, too."""
        from wx_notebook.session import disconnect

        self.give_up()
        self._more = []
        if forget:
            sign_out()
        else:
            disconnect()

    def line(self) -> str:
        """Return what the connection is, "" when there is none."""
        from wx_notebook.session import current

        held = current()
        return held.line() if held is not None else ""

    def notes(self) -> list[str]:
        """Return what stands below the line, also what the guard has done."""
        return [*self._more, *reported()]


def offers() -> list[Offer]:
    """Return the credentials of this machine as buttons; the keyring is left alone."""
    from wx_notebook.credentials import studio
    from wx_notebook.credentials.environment import from_environment
    from wx_notebook.credentials.files import from_sandbox
    from wx_notebook.credentials.profiles import listed
    from wx_notebook.form import Offer
    from wx_notebook.form.words import word
    from wx_notebook.session.twin import environment

    around = environment()
    found = []
    if from_sandbox(around) is not None:
        found.append(Offer("sandbox", word("offer.sandbox")))
    with contextlib.suppress(WatsonxError):
        given = from_environment(around)
        if given.has_credential:
            name = given.source.partition("(")[2].rstrip(")")
            found.append(Offer("environment", word("offer.environment", name=name)))
    with contextlib.suppress(WatsonxError):
        for profile, _ in listed()[:5]:
            found.append(Offer(f"profile:{profile.name}", word("offer.profile", name=profile.name)))
    if studio.from_studio(around) is not None:
        found.append(Offer("studio", word("offer.studio")))
    return found


def _lacking(held: Session) -> list[str]:
    """Return that the project has no runtime, and the page that mends it."""
    from wx_notebook.form.links import repair
    from wx_notebook.service import Place, without_runtime
    from wx_notebook.session.finding import Step

    if held.project is None or held.project.has_runtime:
        return []
    lacking = without_runtime(held.project)
    place = Place(held.endpoints, held.project)
    link = repair(Step("runtime", "bad", problem=lacking, place=place))
    return [" ".join([lacking.message, lacking.hint, *([link.href] if link else [])])]
