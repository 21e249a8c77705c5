"""Names in files of credentials: which variable a name means, by itself and by its section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.credentials.variables import READ_NAMES

_OURS = re.compile(r"watsonx|ibm|\bwx|wml|pm-20", re.IGNORECASE)
#: Names that say what they are only in a section of ours, or in a file that has no other ones.
_SHORT_NAMES: Mapping[str, str] = {
    name: f"WATSONX_{name}"
    for name in (
        "APIKEY", "API_KEY", "TOKEN", "URL", "BASE_URL", "SERVICE_URL", "ENDPOINT", "REGION",
        "PROJECT_ID", "SPACE_ID", "USERNAME", "PASSWORD", "MODEL_ID",
    )
}  # fmt: skip


def known_name(name: str) -> str:
    """Return the variable that a name of a file means, else the name: `watsonx.api-key`."""
    upper = re.sub(r"[.-]", "_", name).upper()
    if upper in READ_NAMES:
        return upper
    # the names of frameworks have prefixes: quarkus.langchain4j.watsonx.api-key
    inner = upper[upper.rfind("WATSONX") :] if "WATSONX" in upper and "." in name else ""
    return inner if inner in READ_NAMES else name


def is_section_of_ours(section: str) -> bool:
    """Return whether the names of the sections around a value speak of watsonx.ai."""
    return _OURS.search(section) is not None


def name_in_section(name: str, section: str) -> str:
    """Return the variable that a name means in a section: `api_key` in `watsonx`."""
    *outer, last = name.split(".")
    if known_name(name) in READ_NAMES or not is_section_of_ours(".".join((section, *outer))):
        return name
    return _short_name(last, name)


def with_short_names(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return variables under our names: `apikey`, `url`; for a text that has no name of ours."""
    return OpaqueMapping({_short_name(name, name): variables[name] for name in variables})


def first_read_name(names: Iterable[str]) -> str:
    """Return the first of some names that is read, "" if there is none."""
    return next((name for name in names if known_name(name) in READ_NAMES), "")


def _short_name(name: str, default: str) -> str:
    # projectId is project_id
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[.-]", "_", name).upper()
    return _SHORT_NAMES.get(words, default)
