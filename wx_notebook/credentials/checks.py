"""What a key and an id look like, as far as that is known."""

from __future__ import annotations

import re

from wx_notebook.credentials.secret import Secret, without_keys
from wx_notebook.errors import KeyRefused, ProjectError

WHERE_KEYS_ARE_MADE = "cloud.ibm.com > Manage > Access (IAM) > API keys"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def checked_key(key: Secret) -> Secret:
    """Return the key without the blanks that copying brings along.

    Raises
    ------
    KeyRefused
        It is empty, or has a blank inside. Nothing else is checked: the format of keys outside
        IBM Cloud is not documented.
    """
    key = Secret(key.reveal().strip())
    if not key:
        raise KeyRefused("The API key is empty.", hint=f"A key is made at {WHERE_KEYS_ARE_MADE}.")
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

    Raises
    ------
    ProjectError
        It is not a UUID.
    """
    value = value.strip()
    if value and not _UUID.fullmatch(value):
        raise ProjectError(
            f"The {what} ID '{without_keys(value)}' is not a UUID (8-4-4-4-12 hexadecimal digits).",
            hint=f"Copy it from watsonx.ai: your {what} > Manage > General > {what.title()} ID.",
        )
    return value.lower()
