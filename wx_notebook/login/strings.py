"""The texts that the form shows: a table that can be translated, links to IBM Cloud, errors."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.errors import MOST_LINES, KeyRefused, ProjectError, WatsonxError
from wx_notebook.login.sign_in import Step
from wx_notebook.service import ProjectLocation, no_runtime_error
from wx_notebook.session.connection import Session

#: A file for each language, with the texts of the front-end extension beside those of the form.
_FOLDER = Path(__file__).parents[1] / "lab" / "static" / "texts"
#: Pages of IBM Cloud on which a step can be repaired. The form shows them and opens none.
KEYS_URL = "https://cloud.ibm.com/iam/apikeys"
PROJECTS_URL = "https://dataplatform.cloud.ibm.com/projects?context=wx"


@cache
def languages() -> tuple[str, ...]:
    """Return the languages of the form, such as "de"; what a kernel says is English."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))


@cache
def strings(language: str = "en") -> dict[str, str]:
    """Return the table: a key for each text, with placeholders such as ``{name}``."""
    file = _FOLDER / f"{language}.json"
    table: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))["form"]
    return table


def string(key: str, /, **values: str) -> str:
    """Return one text with its placeholders filled in."""
    text = strings()[key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def error_texts(error: WatsonxError) -> tuple[str, str]:
    """Return the message and the hint of an error, short enough for a form."""
    lines = [line for line in error.message.split("\n") if line.strip()]
    return "\n".join(lines[: MOST_LINES - 1]), error.hint.replace("\n", " ")


class Link(NamedTuple):
    """The text and the address of a page."""

    text: str
    href: str


def repair_link(step: Step, kind: str = "cloud") -> Link | None:
    """Return the page on which a failed step can be repaired, None if there is none.

    Parameters
    ----------
    kind
        The kind of account as in the form, for a step without a location.
    """
    endpoints = step.location
    if endpoints is not None and not isinstance(endpoints, Endpoints):
        endpoints = endpoints.endpoints
    on_cloud = kind == "cloud" if endpoints is None else endpoints.kind == "iam"
    if isinstance(step.error, KeyRefused):
        return Link(string("link.keys"), KEYS_URL) if on_cloud else None
    if not isinstance(step.error, ProjectError):
        return None
    console = _console_url(endpoints) if endpoints is not None else ""
    if not console:
        is_project = on_cloud and step.name == "project"
        return Link(string("link.projects"), PROJECTS_URL) if is_project else None
    if step.name == "runtime" and step.location and not isinstance(step.location, Endpoints):
        project = step.location.project
        if project.kind == "space":
            return Link(string("link.spaces"), f"{console}/ml-runtime/spaces?context=wx")
        href = f"{console}/projects/{project.id}/manage/services?context=wx"
        return Link(string("link.services"), href)
    return Link(string("link.projects"), f"{console}/projects?context=wx")


def runtime_note(session: Session) -> list[str]:
    """Return that the project has no runtime, and the page to repair it; [] if it has one."""
    if session.project is None or session.project.has_runtime:
        return []
    error = no_runtime_error(session.project)
    location = ProjectLocation(session.endpoints, session.project)
    link = repair_link(Step("runtime", "bad", error=error, location=location))
    return [" ".join([error.message, error.hint, *([link.href] if link else [])])]


def split_link(note: str) -> tuple[str, str]:
    """Return a note without the address at its end, and that address, "" if there is none.

    Only a page of IBM's consoles counts: a text of a service may contain any other address.
    """
    text, _, last = note.rpartition(" ")
    match = re.fullmatch(r"https://([a-z0-9.-]+)/[\w./?=&-]*", last)
    is_ibm = match and match[1] in {region.console_host for region in REGIONS}
    return (text, last) if is_ibm else (note, "")


def _console_url(endpoints: Endpoints) -> str:
    """Return the address of a region's console, "" if it is not known."""
    hosts = (region.console_host for region in REGIONS if region.region_id == endpoints.place)
    return f"https://{host}" if (host := next(hosts, "")) else ""
