"""The pages of IBM Cloud on which what is missing is made. The form shows them and opens none."""

from __future__ import annotations

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


def repair(step: Step) -> Link | None:
    """Return the page on which a step that failed is put right, None where there is none."""
    from wx_notebook.credentials import Endpoints
    from wx_notebook.errors import KeyRefused, ProjectError

    if isinstance(step.problem, KeyRefused):
        return keys()
    if not isinstance(step.problem, ProjectError):
        return None
    if step.place is None:
        return projects()
    where = step.place if isinstance(step.place, Endpoints) else step.place.endpoints
    console = _console(where)
    if not console:
        return None
    if step.name == "runtime" and not isinstance(step.place, Endpoints):
        project = step.place.project
        if project.kind == "space":
            return Link(word("link.spaces"), f"{console}/ml-runtime/spaces?context=wx")
        href = f"{console}/projects/{project.id}/manage/services?context=wx"
        return Link(word("link.services"), href)
    return Link(word("link.projects"), f"{console}/projects?context=wx")


def _console(where: Endpoints) -> str:
    """Return what people see of a region in their browser, "" where that is not known."""
    from wx_notebook.credentials import REGIONS

    hosts = (one.console_host for one in REGIONS if one.region_id == where.place)
    return f"https://{host}" if (host := next(hosts, "")) else ""
