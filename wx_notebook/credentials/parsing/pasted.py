"""What people paste where a key or an ID is wanted, and what both look like as far as is known."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wx_notebook.credentials.parsing.key_shapes import (
    has_only_characters_of_a_key,
    is_jwt,
    recognise,
)
from wx_notebook.credentials.secret import OpaqueMapping, Secret, json_object
from wx_notebook.errors import KeyRefused, ProjectError, mask_keys

WHERE_KEYS_ARE_MADE = "cloud.ibm.com > Manage > Access (IAM) > API keys"
_KEY_HINT = f"IBM Cloud shows a key once, when you create it: {WHERE_KEYS_ARE_MADE}."
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UUID = re.compile(_ID, re.IGNORECASE)
#: Where the address of a watsonx.ai page names its project or space.
_IDS_IN_ADDRESS = {
    kind: re.compile(rf"(?:\b{kind}s?/|\b{kind}_?id=)({_ID})(?![0-9a-z-])", re.IGNORECASE)
    for kind in ("project", "space")
}
#: Blanks of every script, and invisible characters: zero-width, direction, byte order.
_INVISIBLE = "".join(filter(str.isspace, map(chr, range(0x3001)))) + (
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060"
    "\u2066\u2067\u2068\u2069\ufeff"
)
_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
#: `apikey=`, `"api_key": `, `export WATSONX_API_KEY=`, `%env WX_API_KEY=`, `$env:WX_API_KEY = `.
#: The pattern is anchored, and each repeated part is bounded or ends at a character that it can't
#: match itself, so that it stays fast on any text.
_ASSIGNMENT = re.compile(
    rf"\A(?:(?:export|set|%env|%set_env)\s+|\$env:)?[{_QUOTES}]?"
    rf"(?:[a-z0-9]{{1,20}}[_.-]){{0,4}}[a-z0-9]{{0,20}}?api[_ -]?key[{_QUOTES}]?\s*[=:]\s*",
    re.IGNORECASE,
)
#: `set -x WX_API_KEY `, `setx WX_API_KEY `, `SetEnvironmentVariable("WX_API_KEY", `: without a sign
#: of equality.
_BY_A_WORD = re.compile(
    rf"\A(?:set(?:\s+-{{1,2}}[a-z-]{{1,10}}){{1,3}}\s+|setx\s+|setenv\s+|%(?:set_)?env\s+|"
    rf"\[(?:System\.)?Environment\]::SetEnvironmentVariable\()[{_QUOTES}]?"
    rf"(?:[a-z0-9]{{1,20}}[_.-]){{0,4}}[a-z0-9]{{0,20}}?api[_-]?key[{_QUOTES}]?(?:\s*,|\s)\s*",
    re.IGNORECASE,
)
#: What .NET takes behind the value.
_SCOPE_OF_VALUE = re.compile(
    rf"[{_QUOTES}]\s*,\s*[{_QUOTES}](?:User|Machine|Process)[{_QUOTES}]\)?\s*\Z"
)
_COMMENT = re.compile(r"\s#.*")
#: A key of IBM Cloud with a comment behind it, as `.env` files, shells and INI files write one.
_KEY_AND_COMMENT = re.compile(r"[A-Za-z0-9_-]{44}(?:\s*(?:#|//|;)|\s+--\s).*")
#: A key in a table or a call of Python: `credentials = {"apikey": "..."}`.
_IN_CODE = re.compile(
    r"\bapi_?key[\"']?\s{0,9}[:=]\s{0,9}[\"']([A-Za-z0-9_-]{44})[\"']", re.IGNORECASE
)
_AROUND_A_VALUE = f"{_INVISIBLE}{_QUOTES},;{{}}"


def is_uuid(text: str) -> bool:
    """Return whether a text is an ID as the service makes them."""
    return _UUID.fullmatch(text) is not None


def strip_invisible(text: str) -> str:
    """Return a text without the blanks and invisible characters around it."""
    return text.strip(_INVISIBLE)


def extract_key(text: Secret) -> tuple[Secret, str]:
    """Return the API key in what was pasted, and a sentence about what was removed, "" for none.

    The key may stand in `apikey=KEY` (the ways of shells, `.env` files and Python), in the JSON
    that IBM Cloud offers for download or a line of it, in quotes, or between invisible characters.

    Raises
    ------
    KeyRefused
        There are two keys, JSON without one, or what is left can't be a key.
    """
    key, note = _unwrap(text)
    return validate_key(key), note


def validate_key(key: Secret) -> Secret:
    """Return an API key without the blanks around it.

    Raises
    ------
    KeyRefused
        It is empty, has a blank inside, or is plainly something else (`parsing.key_shapes`): a
        token, an ID, a URL, a placeholder, a key of another service. It is never quoted.
    """
    key = Secret(key.reveal().strip())
    if not key:
        raise KeyRefused(
            "The API key is empty.", hint=f"You can create a key at {WHERE_KEYS_ARE_MADE}."
        )
    if is_jwt(key):
        raise KeyRefused(
            "This is a token, not an API key.",
            hint="Use wx.connect(token=...) for a token. With an API key, tokens are renewed "
            "automatically.",
        )
    if (wrong := recognise(key)) is not None:
        raise KeyRefused(
            f"This is not an API key: it is {wrong.kind}.",
            hint=f"{wrong.hint} {_KEY_HINT}".strip(),
        )
    if any(character.isspace() or ord(character) < 32 for character in key.reveal()):
        raise KeyRefused(
            "The API key has a blank or a line end inside.",
            hint="Copy it again: a key is one piece of 44 characters.",
        )
    if not has_only_characters_of_a_key(key):
        raise KeyRefused(
            "The API key has characters that are never in a key.",
            hint="Copy it again: a key has letters, digits, '-' and '_'.",
        )
    return key


def validate_id(text: str, kind: str) -> str:
    """Return the ID of a project or space in the form that the service takes.

    Parameters
    ----------
    text
        The ID, or the address of the page of the project or space, copied from the browser.
    kind
        "project" or "space".

    Raises
    ------
    ProjectError
        It is not a UUID, or it is the address of the other kind.
    """
    text = text.strip()
    if not text or is_uuid(text):
        return text.lower()
    ids = {name: _ids_in_address(text, name) for name in _IDS_IN_ADDRESS}
    if len(ids[kind]) == 1:
        return ids[kind].pop()
    other = "space" if kind == "project" else "project"
    if ids[other] and not ids[kind]:
        raise ProjectError(
            f"This is the address of a {other}, not of a {kind}: '{mask_keys(text)}'",
            hint=f"Give it as {other}_id= (in a cell: %watsonx use --{other} ...), without a "
            f"{kind}.",
        )
    raise ProjectError(
        f"The {kind} ID '{mask_keys(text)}' is not a UUID (8-4-4-4-12 hexadecimal digits).",
        hint=f"Copy it from watsonx.ai: your {kind} > Manage > General > {kind.title()} ID.",
    )


def _ids_in_address(address: str, kind: str) -> set[str]:
    # an address has no blanks; in any other text an ID proves little
    if any(character.isspace() for character in address):
        return set()
    return {one.lower() for one in _IDS_IN_ADDRESS[kind].findall(address)}


def unwrap_credentials(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the object under "credentials" in which IBM Cloud's tools wrap them, else `fields`."""
    if isinstance(fields.get("credentials"), Mapping):
        return OpaqueMapping(dict(fields["credentials"]))  # type: ignore[call-overload]
    return fields


def _unwrap(text: Secret) -> tuple[Secret, str]:
    """Return the key out of the text around it, and the note on it; else the text as it is."""
    bare = Secret(text.reveal().strip(_INVISIBLE))
    if _KEY_AND_COMMENT.fullmatch(bare.reveal()):
        return Secret(bare.reveal()[:44]), "the comment behind the key was removed."
    keys, note = _keys_in_json(bare), "the key was taken out of the JSON around it."
    if not keys:
        keys = _assigned_keys(bare) or [Secret(one) for one in _IN_CODE.findall(bare.reveal())]
        note = "the key was taken out of the text around it (apikey=...)."
    if not keys and _is_quoted(bare):
        keys = [Secret(bare.reveal()[1:-1].strip(_INVISIBLE))]
        note = "the quotes around the key were removed."
    if not keys:
        if bare == Secret(text.reveal().strip()):
            return text, ""
        return bare, "invisible characters around the key were removed."
    if any(other != keys[0] for other in keys):
        raise KeyRefused(
            "The text for the API key has two different keys inside.",
            hint="Give one of them: a key is one piece of 44 characters.",
        )
    return keys[0], note


def _keys_in_json(text: Secret) -> list[Secret]:
    """Return the keys in a JSON object, or in some lines of one."""
    is_whole = text.reveal().startswith("{")
    if not is_whole and not text.reveal().startswith('"'):
        return []
    as_object = text if is_whole else Secret(f"{{{text.reveal().rstrip(',')}}}")
    if (fields := json_object(as_object)) is None:
        return []
    fields = unwrap_credentials(fields)
    names = [
        name
        for name in fields
        if _ASSIGNMENT.match(f"{name}=") is not None and isinstance(fields[name], str)
    ]
    if not names and is_whole:
        raise KeyRefused(
            "The text for the API key is JSON without an 'apikey' inside.",
            hint="Give the key itself, or the apikey.json that you downloaded from IBM Cloud.",
        )
    return [Secret(str(fields[name]).strip(_INVISIBLE)) for name in names]


def _assigned_keys(text: Secret) -> list[Secret]:
    """Return what one or more lines assign to the name of a key."""
    lines = map(Secret, text.reveal().splitlines())
    values = [_value(line) for line in lines if _assignment_in(line) is not None]
    # a template has an empty assignment, too
    return [value for value in values if value] or values[:1]


def _value(line: Secret) -> Secret:
    found = _assignment_in(line)
    assert found is not None  # noqa: S101  # only such lines come here
    rest = Secret(found.sub("", _beginning(line), count=1))
    rest = Secret(_SCOPE_OF_VALUE.sub("", rest.reveal()))
    return Secret(_COMMENT.sub("", rest.reveal()).strip(_AROUND_A_VALUE + ")"))


def _assignment_in(line: Secret) -> re.Pattern[str] | None:
    """Return the pattern of the assignment that begins a line, None for any other line."""
    return next((p for p in (_ASSIGNMENT, _BY_A_WORD) if p.match(_beginning(line))), None)


def _beginning(line: Secret) -> str:
    return line.reveal().lstrip(f"{_INVISIBLE}{{,").lstrip(_QUOTES)


def _is_quoted(text: Secret) -> bool:
    return len(text.reveal()) > 1 and text.reveal()[0] in _QUOTES and text.reveal()[-1] in _QUOTES
