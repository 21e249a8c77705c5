"""JSON, also with comments, TOML and YAML: the variables in them, whatever they are nested in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from wx_notebook.credentials.parsing.field_names import known_name, name_in_section
from wx_notebook.credentials.secret import Opaque, OpaqueMapping, Secret, json_object
from wx_notebook.credentials.variables import READ_NAMES

_MOST_ENTRIES, _DEEPEST = 1_000, 30
# what is never closed reaches to the end, so that the search takes linear time
_STRING = r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)'
_COMMENTS = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_LAST_COMMAS = re.compile(rf"({_STRING})|,(?=\s*[}}\]])")
#: YAML that cannot be read line by line: anchors, lists and tables in one line, several documents.
_YAML_ALONE = re.compile(
    r"^[^#\n]*?(?:[:-][ \t]+[&*][\w-]|[:-][ \t]*[\[{])|^---[ \t]*$.*?\S.*?^---[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
#: References in a file, and characters of it: each reference can double what it stands for.
_MOST_ALIASES, _LONGEST_YAML = 12, 100_000
#: How lists name a variable beside its "value": Azure, Amazon ECS and Postman do so.
_NAMES_OF_PAIRS = ("name", "key", "variable", "Name", "Key", "ParameterKey")
_VALUES_OF_PAIRS = ("value", "Value", "ParameterValue")


def read_json(text: Secret) -> Mapping[str, object] | None:
    """Return a JSON object, also one with comments and last commas, as editors write it.

    A list is returned as the object `{"services": [...]}`. None is neither.
    """
    if text.reveal().lstrip().startswith("["):
        text = Secret(f'{{"services": {text.reveal()}\n}}')
    if (fields := json_object(text)) is not None:
        return fields
    bare = Secret(_COMMENTS.sub(lambda found: found[1] or " ", text.reveal()))
    return json_object(Secret(_LAST_COMMAS.sub(lambda found: found[1] or " ", bare.reveal())))


def read_structures(text: Secret) -> Iterator[Mapping[str, object] | None]:
    """Yield what a text is that may be a list in JSON, TOML or YAML; None for what it is not."""
    if text.reveal().lstrip().startswith("["):
        # a section of an INI file begins as a list does
        yield read_json(text)
    yield _read_toml(text)
    yield from _read_yaml(text)


def _read_toml(text: Secret) -> Mapping[str, object] | None:
    """Return the tables of a TOML file; None for another text, and for one without tables."""
    import tomllib

    try:
        fields = OpaqueMapping(tomllib.loads(text.reveal()))
    except (ValueError, RecursionError):
        return None
    return fields if any(isinstance(fields[name], (dict, list)) for name in fields) else None


def _read_yaml(text: Secret) -> list[Mapping[str, object]]:
    """Return the documents of a YAML text that cannot be read line by line; [] for other texts.

    References are resolved. What refers to variables, `${NAME}`, is read line by line.
    """
    source = text.reveal()
    is_for_lines = "${" in source or _YAML_ALONE.search(source) is None
    if is_for_lines or source.count("*") > _MOST_ALIASES or len(source) > _LONGEST_YAML:
        return []
    # only such a file needs it
    import yaml

    try:
        # as JSON: other keys than texts, dates, and documents that hold themselves
        plain = Opaque([json.dumps(one, default=str) for one in yaml.safe_load_all(source)])
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return []
    fields = (json_object(Secret(one)) for one in plain.open())
    return [one for one in fields if one is not None]


def variables_in(fields: Mapping[str, object]) -> Mapping[str, str]:
    """Return each text by the variable that it means, else by its own name.

    A short name such as "api_key" means a variable of ours below a name of ours. The first text of
    a name counts.
    """
    found: dict[str, str] = {}
    for name, value in _texts(fields, "", 0):
        if len(found) < _MOST_ENTRIES:
            found.setdefault(name, value)
    return OpaqueMapping(found)


def _texts(fields: Mapping[str, object], path: str, depth: int) -> Iterator[tuple[str, str]]:
    pair = _first_text(fields, _NAMES_OF_PAIRS), _first_text(fields, _VALUES_OF_PAIRS)
    if all(pair):
        yield known_name(pair[0]), pair[1]
    for name in fields:
        value = fields[name]
        if isinstance(value, str):
            yield known_name(name_in_section(name, path)), value
        entries = value if isinstance(value, list) else (value,)
        for entry in entries if depth < _DEEPEST else ():
            if isinstance(entry, Mapping):
                texts = _texts(OpaqueMapping(entry), f"{path}.{name}", depth + 1)
                # in a list, "apikey" is that of any service
                yield from (one for one in texts if entry is value or one[0] in READ_NAMES)


def _first_text(fields: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((str(fields[one]) for one in names if isinstance(fields.get(one), str)), "")
