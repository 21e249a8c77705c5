"""Whose models are meant: the session's region, one that was named, or the one of the next prompt.

The list of models needs no authorisation, so nobody has to sign in for it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from wx_notebook import settings
from wx_notebook.credentials import Endpoints, Given, TokenSource, endpoints, find, steady_clock
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.given import checked_kind
from wx_notebook.errors import NotConnected, WatsonxError
from wx_notebook.service import Service
from wx_notebook.session.catalogue import Catalogue
from wx_notebook.session.connection import Session
from wx_notebook.transport import Transport

#: How `Given.source` begins where the keyring was left alone.
_PROFILE = "profile "


@dataclass(frozen=True, slots=True)
class Place:
    """A region and its models.

    `source` is what named it where nobody has signed in, "" otherwise; `model` is the one that was
    chosen there.
    """

    catalogue: Catalogue
    source: str = ""
    model: str = ""

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        return self.catalogue.endpoints


class Places:
    """The catalogues of regions that nobody signed in to, each asked for once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._catalogues: dict[str, Catalogue] = {}

    def place(self, held: Session | None, environ: Mapping[str, str], region: str = "") -> Place:
        """Return the region that is meant; no request is made.

        Parameters
        ----------
        held
            The session, if there is one.
        environ
            The environment, where the next prompt would look.
        region
            One that was named; it wins.

        Raises
        ------
        NotConnected
            Nobody has said which.
        UnknownRegion, HostRefused, BadOption
            What was said is none.
        """
        if region:
            named = endpoints(region=region, joined=True)
            if held is None or held.endpoints.url != named.url:
                bundle = held.given.ca_bundle if held is not None else ""
                return Place(self._at(named, bundle))
        if held is not None:
            return Place(held.catalogue, model=held.given.model)
        found = place_of_the_next_prompt(environ)
        return Place(self._at(found.endpoints(), found.ca_bundle), found.source, found.model)

    def _at(self, where: Endpoints, ca_bundle: str) -> Catalogue:
        with self._lock:
            if where.url not in self._catalogues:
                tokens = TokenSource(_nobody, clock=steady_clock, renewable=False)
                service = Service(Transport(ca_bundle=ca_bundle or None), where, tokens)
                self._catalogues[where.url] = Catalogue(service)
            return self._catalogues[where.url]


def place_of_the_next_prompt(environ: Mapping[str, str]) -> Given:
    """Return the source that a prompt would connect with now, as far as it says where.

    The keyring is left alone, and so is a credential that is not there yet.

    Raises
    ------
    NotConnected
        Nothing says a region.
    """
    around = Given("environment")
    with contextlib.suppress(WatsonxError):
        around = from_environment(environ)
    here = replace(around, joined=True) if around.url or around.region else None
    found: Given | None = None
    with contextlib.suppress(NotConnected):
        found = find(Given("arguments"), environ, only_names=True)
    if found is not None and not found.has_credential and found.source.startswith(_PROFILE):
        found = _of_profile(found.source.removeprefix(_PROFILE))
        if not (found.url or found.region) and here is not None:
            found = replace(here, source=found.source, model=found.model)
    if found is None:
        found = here
    if found is None:
        raise NotConnected(
            "not connected, and nothing says a region.",
            hint="Next: %watsonx models --region us-south, or %watsonx login",
        )
    return found


def _of_profile(name: str) -> Given:
    profile = settings.profile(name)
    return Given(
        f"{_PROFILE}{name}",
        url=profile.url,
        region=profile.region,
        kind=checked_kind(profile.kind),
        platform_url=profile.platform_url,
        iam_url=profile.iam_url,
        ca_bundle=profile.ca_bundle,
        model=profile.model,
    )


def _nobody() -> NoReturn:
    raise NotConnected("not connected.", hint="Next: %watsonx login")


PLACES = Places()
