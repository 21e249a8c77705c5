"""What people paste where a bare key was asked for."""

from __future__ import annotations

import re

from wx_notebook.credentials.checks import checked_key
from wx_notebook.credentials.ibm_forms import json_object, within
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import KeyRefused

#: Blanks of every script, and what nobody sees: zero-width, direction, byte order.
_UNSEEN = "".join(filter(str.isspace, map(chr, range(0x3001)))) + (
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060"
    "\u2066\u2067\u2068\u2069\ufeff"
)
_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
#: `apikey=`, `"api_key": `, `export WATSONX_API_KEY=`, `%env WX_API_KEY=`, `$env:WX_API_KEY = `.
#: Anchored, and every repeated part is bounded or ends at a character that it cannot take itself.
_ASSIGNED = re.compile(
    rf"\A(?:(?:export|set|%env|%set_env)\s+|\$env:)?[{_QUOTES}]?"
    rf"(?:[a-z0-9]{{1,20}}[_.-]){{0,4}}[a-z0-9]{{0,20}}?api[_ -]?key[{_QUOTES}]?\s*[=:]\s*",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s#.*")
_AROUND_A_VALUE = f"{_UNSEEN}{_QUOTES},;{{}}"


def unwrapped(key: Secret) -> tuple[Secret, str]:
    """Return the key out of what was pasted, and one sentence on what was around it.

    Taken are `apikey=KEY` in the ways of shells, `.env` files and Python, the JSON that IBM Cloud
    downloads or a line of it, quotes, and characters that nobody sees. Anything else comes back as
    it is, with "".

    Raises
    ------
    KeyRefused
        There are two keys, or JSON without one.
    """
    bare = Secret(key.reveal().strip(_UNSEEN))
    found, note = _in_json(bare), "the key was taken out of the JSON around it."
    if not found:
        found, note = _assigned(bare), "the key was taken out of the text around it (apikey=...)."
    if not found and _is_quoted(bare):
        found = [Secret(bare.reveal()[1:-1].strip(_UNSEEN))]
        note = "the quotes around the key were taken off."
    if not found:
        seen = Secret(key.reveal().strip())
        if bare == seen:
            return key, ""
        return bare, "invisible characters around the key were taken off."
    if any(other != found[0] for other in found):
        raise KeyRefused(
            "There are two different API keys in what was given as the key.",
            hint="Give one of them: a key is one piece of 44 characters.",
        )
    return found[0], note


def _in_json(text: Secret) -> list[Secret]:
    """Return the keys in a JSON object, or in some lines of one."""
    whole = text.reveal().startswith("{")
    if not whole and not text.reveal().startswith('"'):
        return []
    as_object = text if whole else Secret(f"{{{text.reveal().rstrip(',')}}}")
    if (fields := json_object(as_object)) is None:
        return []
    fields = within(fields)
    names = [
        name
        for name in fields
        if _ASSIGNED.match(f"{name}=") is not None and isinstance(fields[name], str)
    ]
    if not names and whole:
        raise KeyRefused(
            "What was given as the key is JSON without an 'apikey' inside.",
            hint="Give the key itself, or the apikey.json that IBM Cloud downloads.",
        )
    return [Secret(str(fields[name]).strip(_UNSEEN)) for name in names]


def _assigned(text: Secret) -> list[Secret]:
    """Return what is assigned to the name of a key, in a line or in several."""
    lines = map(Secret, text.reveal().splitlines())
    found = [_value(line) for line in lines if _ASSIGNED.match(_begun(line)) is not None]
    # a template has the empty one, too
    return [value for value in found if value] or found[:1]


def _value(line: Secret) -> Secret:
    after = Secret(_ASSIGNED.sub("", _begun(line), count=1))
    return Secret(_COMMENT.sub("", after.reveal()).strip(_AROUND_A_VALUE))


def _begun(line: Secret) -> str:
    return line.reveal().lstrip(f"{_UNSEEN}{{,").lstrip(_QUOTES)


def _is_quoted(text: Secret) -> bool:
    return len(text.reveal()) > 1 and text.reveal()[0] in _QUOTES and text.reveal()[-1] in _QUOTES


def bare_key(key: Secret) -> tuple[Secret, str]:
    """Return a key that stands alone, and a sentence about what was taken off, "" for nothing.

    Raises
    ------
    KeyRefused
        What is left cannot be a key.
    """
    alone, note = unwrapped(key)
    return checked_key(alone), note
