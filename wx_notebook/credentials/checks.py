"""What a key and an id look like, as far as that is known."""

from __future__ import annotations

import re

from wx_notebook.credentials.secret import Secret, without_keys
from wx_notebook.errors import KeyRefused, ProjectError

WHERE_KEYS_ARE_MADE = "cloud.ibm.com > Manage > Access (IAM) > API keys"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UUID = re.compile(_ID, re.IGNORECASE)
#: Where the address of a page of watsonx.ai says which project or space it is about.
_IN_ADDRESS = {
    what: re.compile(rf"(?:\b{what}s?/|\b{what}_?id=)({_ID})(?![0-9a-z-])", re.IGNORECASE)
    for what in ("project", "space")
}
_TOKEN = re.compile(r"(?:bearer\s+)?eyJ[\w-]*\.[\w-]+\.[\w-]*", re.IGNORECASE)
_KEYS_ID = re.compile(rf"ApiKey-{_ID}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether a text is an id as the service makes them."""
    return _UUID.fullmatch(text) is not None


def checked_key(key: Secret) -> Secret:
    """Return the key without the blanks that copying brings along.

    Raises
    ------
    KeyRefused
        It is empty, has a blank inside, or is something else: a token, the identifier of a key.
        Nothing more is checked: the format of keys outside IBM Cloud is not documented.
    """
    key = Secret(key.reveal().strip())
    if not key:
        raise KeyRefused("The API key is empty.", hint=f"A key is made at {WHERE_KEYS_ARE_MADE}.")
    if _TOKEN.fullmatch(key.reveal()):
        raise KeyRefused(
            "This is a token, not an API key.",
            hint="Give it as wx.connect(token=...); an API key renews its tokens by itself.",
        )
    if _KEYS_ID.fullmatch(key.reveal()):
        raise KeyRefused(
            "This is the identifier of an API key, not the key: a key has no 'ApiKey-' in front.",
            hint=f"The key itself is shown once, when it is made: {WHERE_KEYS_ARE_MADE}.",
        )
    if any(character.isspace() or ord(character) < 32 for character in key.reveal()):
        raise KeyRefused(
            "The API key has a blank or a line end inside.",
            hint="Copy it once more: a key is one piece of 44 characters.",
        )
    if not key.reveal().isascii():
        raise KeyRefused(
            "The API key has characters that no key has.",
            hint="Copy it once more: a key has letters, digits, '-' and '_'.",
        )
    return key


def checked_id(value: str, what: str) -> str:
    """Return a project or space ID in the form the service takes.

    The address of its page, copied from the browser, will do as well.

    Raises
    ------
    ProjectError
        It is not a UUID, or that of the other one of the two.
    """
    value = value.strip()
    if not value or is_uuid(value):
        return value.lower()
    in_address = {kind: _ids_in(value, kind) for kind in _IN_ADDRESS}
    if len(in_address[what]) == 1:
        return in_address[what].pop()
    other = "space" if what == "project" else "project"
    if in_address[other] and not in_address[what]:
        raise ProjectError(
            f"This is the address of a {other}, not of a {what}: '{without_keys(value)}'",
            hint=f"Give it as {other}_id= (in a cell: %watsonx use --{other} ...) and leave the "
            f"{what} away.",
        )
    raise ProjectError(
        f"The {what} ID '{without_keys(value)}' is not a UUID (8-4-4-4-12 hexadecimal digits).",
        hint=f"Copy it from watsonx.ai: your {what} > Manage > General > {what.title()} ID.",
    )


def _ids_in(address: str, what: str) -> set[str]:
    # an address has no blanks; with one it is some other text, in which an id proves little
    if any(character.isspace() for character in address):
        return set()
    return {found.lower() for found in _IN_ADDRESS[what].findall(address)}
