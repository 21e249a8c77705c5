"""The region whose models are listed: the session's, a named one, or that of the next prompt.

The list of models needs no authorisation, so it works without signing in.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from wx_notebook import hints, settings
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.hosts import Endpoints, endpoints, endpoints_of
from wx_notebook.credentials.profiles import params_of
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.errors import NotConnected, WatsonxError
from wx_notebook.forking import begin_anew_after_fork
from wx_notebook.hints import login_hint
from wx_notebook.service import Service
from wx_notebook.session.catalogue import Catalogue
from wx_notebook.session.connection import Session
from wx_notebook.transport import Transport

#: The start of `ConnectionParams.source` for a profile whose key was not read.
_PROFILE = "profile "


@dataclass(frozen=True, slots=True)
class ModelScope:
    """A region and its models.

    Attributes
    ----------
    catalogue
        The models of the region.
    source
        What named the region if nobody is signed in, else "".
    model
        The model that was chosen there, "" for none.
    """

    catalogue: Catalogue
    source: str = ""
    model: str = ""

    @property
    def endpoints(self) -> Endpoints:
        """The endpoints of the region."""
        return self.catalogue.endpoints


class ModelScopes:
    """The catalogues of regions without a session, each requested once."""

    def __init__(self) -> None:
        self._catalogues: dict[str, Catalogue] = {}
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Make a lock that no thread of the parent holds."""
        self._lock = threading.Lock()

    def find(
        self, session: Session | None, environ: Mapping[str, str], region: str = ""
    ) -> ModelScope:
        """Return the region to list; sends no request.

        Parameters
        ----------
        session
            The session, if there is one.
        environ
            The environment that the next prompt would read.
        region
            A region that the user named; it wins.

        Raises
        ------
        NotConnected
            No region is known.
        UnknownRegion, HostRefused, BadOption
            The region is not valid.
        """
        if region:
            named = endpoints(region=region, mixed_sources=True)
            if session is None or session.endpoints.url != named.url:
                bundle = session.state.params.ca_bundle if session is not None else ""
                return ModelScope(self._catalogue(named, bundle))
        if session is not None:
            return ModelScope(session.state.catalogue, model=session.state.params.model)
        params = params_of_next_prompt(environ)
        catalogue = self._catalogue(endpoints_of(params), params.ca_bundle)
        return ModelScope(catalogue, params.source, params.model)

    def _catalogue(self, target: Endpoints, ca_bundle: str) -> Catalogue:
        with self._lock:
            if target.url not in self._catalogues:
                tokens = TokenSource(_no_token, clock=steady_clock, renewable=False)
                service = Service(Transport(ca_bundle=ca_bundle or None), target, tokens)
                self._catalogues[target.url] = Catalogue(service)
            return self._catalogues[target.url]


def params_of_next_prompt(environ: Mapping[str, str]) -> ConnectionParams:
    """Return the parameters that the next prompt would connect with, as far as they name a region.

    The keyring is not read, and a missing credential is not an error.

    Raises
    ------
    NotConnected
        No source names a region.
    """
    environment = ConnectionParams("environment")
    with contextlib.suppress(WatsonxError):
        environment = from_environment(environ)
    has_region = environment.url or environment.region
    regional = replace(environment, mixed_sources=True) if has_region else None
    params: ConnectionParams | None = None
    with contextlib.suppress(NotConnected):
        params = find_credentials(ConnectionParams("arguments"), environ, only_names=True)
    if params is not None and not params.has_credential and params.source.startswith(_PROFILE):
        params = params_of(settings.profile(params.source.removeprefix(_PROFILE)))
        if not (params.url or params.region) and regional is not None:
            params = replace(regional, source=params.source, model=params.model)
    if params is None:
        params = regional
    if params is None:
        also = ", or %watsonx login" if hints.can_ask() else ""
        raise NotConnected(
            "not connected, and no region is known.",
            hint=f"Next: %watsonx models --region us-south{also}",
        )
    return params


def _no_token() -> NoReturn:
    raise NotConnected("not connected.", hint=login_hint())


MODEL_SCOPES = ModelScopes()
