"""The projects and spaces to choose from, with the last used of the account first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.service import ProjectLocation
from wx_notebook.session.connection import Session
from wx_notebook.settings import UsedProject, account_hash, last_used, save_last_used


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """The user has to choose one of several projects and spaces.

    Attributes
    ----------
    locations
        The projects and spaces, the last used first.
    last_used
        Ids of those that were used before, the newest first.
    unreachable
        Regions that did not answer in time.
    """

    locations: tuple[ProjectLocation, ...]
    last_used: tuple[str, ...] = ()
    unreachable: tuple[Endpoints, ...] = ()


def scope_choice(
    session: Session,
    locations: tuple[ProjectLocation, ...],
    unreachable: tuple[Endpoints, ...] = (),
) -> ScopeChoice:
    """Return the choice between locations, with the last used of this account first."""
    used = [entry.id for entry in last_used(_account(session))]
    rank = {scope_id: number for number, scope_id in enumerate(used)}
    # then those that can run a model, as far as the list says it
    ordered = sorted(
        locations,
        key=lambda one: (rank.get(one.project.id, len(rank)), not one.project.has_runtime),
    )
    listed = {location.project.id for location in locations}
    still_there = tuple(scope_id for scope_id in used if scope_id in listed)
    return ScopeChoice(tuple(ordered), still_there, unreachable)


def region_title(target: Endpoints) -> str:
    """Return a region for the user, such as "eu-de (Frankfurt)"; of the sandbox its address."""
    titles = (region.title for region in REGIONS if region.region_id == target.place)
    return next(titles, target.url if target.place == "sandbox" else target.place)


def remember_scope(session: Session) -> None:
    """Save the project or space of a session as the last used of its account."""
    project = session.project
    if project is not None and project.id:
        used = UsedProject(session.endpoints.place, project.kind, project.id)
        save_last_used(_account(session), used)


def _account(session: Session) -> str:
    """Return the account of a session; it is the same in each region and for each IAM address."""
    token = session.state.token
    return account_hash(session.endpoints.kind, token.subject if token is not None else "")


def without_scope(session: Session) -> Session:
    """Return a session in place of this one that ignores the environment's project or space."""
    other = session.with_params(replace(session.state.params, project_id="", space_id=""))
    session.close()
    return other
