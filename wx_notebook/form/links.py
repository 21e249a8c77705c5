"""The pages of IBM Cloud on which what is missing is made. The form shows them and opens none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from wx_notebook.form.words import word

if TYPE_CHECKING:
    from wx_notebook.credentials import Endpoints
    from wx_notebook.session.finding import Step

KEYS = "https://cloud.ibm.com/iam/apikeys"
PROJECTS = "https://dataplatform.cloud.ibm.com/projects?context=wx"


class Link(NamedTuple):
    """A page to open, and what stands in its place."""

    text: str
    href: str


def keys() -> Link:
    """Return where keys are made."""
    return Link(word("link.keys"), KEYS)


def projects() -> Link:
    """Return where the projects of the first region are."""
    return Link(word("link.projects"), PROJECTS)


def repair(step: Step, kind: str = "cloud") -> Link | None:
    """Return the page on which a step that failed is put right, None where there is none.

    `kind` is that of the account, as the form calls it, for a step that does not say where it was.
    """
    from wx_notebook.credentials import Endpoints
    from wx_notebook.errors import KeyRefused, ProjectError

    where = step.place
    if where is not None and not isinstance(where, Endpoints):
        where = where.endpoints
    on_cloud = kind == "cloud" if where is None else where.kind == "iam"
    if isinstance(step.problem, KeyRefused):
        return keys() if on_cloud else None
    if not isinstance(step.problem, ProjectError):
        return None
    console = _console(where) if where is not None else ""
    if not console:
        return projects() if on_cloud and step.name == "project" else None
    if step.name == "runtime" and step.place and not isinstance(step.place, Endpoints):
        project = step.place.project
        if project.kind == "space":
            return Link(word("link.spaces"), f"{console}/ml-runtime/spaces?context=wx")
        href = f"{console}/projects/{project.id}/manage/services?context=wx"
        return Link(word("link.services"), href)
    return Link(word("link.projects"), f"{console}/projects?context=wx")


def in_note(note: str) -> tuple[str, str]:
    """Return a note without the address at its end, and that address, "" where there is none.

    Only a page of IBM's consoles is one: in what a service says there may be any other.
    """
    from wx_notebook.credentials import REGIONS

    text, _, last = note.rpartition(" ")
    found = re.fullmatch(r"https://([a-z0-9.-]+)/[\w./?=&-]*", last)
    ours = found and found[1] in {one.console_host for one in REGIONS}
    return (text, last) if ours else (note, "")


def _console(where: Endpoints) -> str:
    """Return what people see of a region in their browser, "" where that is not known."""
    from wx_notebook.credentials import REGIONS

    hosts = (one.console_host for one in REGIONS if one.region_id == where.place)
    return f"https://{host}" if (host := next(hosts, "")) else ""
