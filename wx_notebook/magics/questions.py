"""What the form's twin asks for first: the kind of account, the secret, where it belongs.

Secrets are asked for hidden, and saved nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.magics.said import say

if TYPE_CHECKING:
    from wx_notebook.credentials import Given

_Result = TypeVar("_Result")
#: How often a question is asked again whose answer cannot be right.
_TRIES = 3
#: In the place of a key: what else there is.
_OTHERS = "?"


class Answered(NamedTuple):
    """A credential, and the environment that completes it: None for that of this process."""

    given: Given
    environ: dict[str, str] | None = None


def typed(region: str = "") -> Answered:
    """Ask for a key and its region; who answers "?" has another kind of account.

    Raises
    ------
    WatsonxError
        The last answer cannot be right either.
    """
    if region:
        from wx_notebook.credentials import endpoints

        # before anybody types a key
        endpoints(region=region)
    say(f"AWS, a cluster, a token: answer {_OTHERS}")
    given = asked(_first)
    if given is not None:
        return Answered(replace(given, region=region or asked(_region)))
    return asked(lambda: _other(region))


def asked(question: Callable[[], _Result]) -> _Result:
    """Return the answer to a question; say what is wrong with one, and ask again."""
    for _ in range(_TRIES - 1):
        try:
            return question()
        except WatsonxError as problem:
            say(f"{problem.message} {problem.hint}")
    return question()


def numbered(title: str, rows: list[str]) -> int:
    """Ask for one of some rows by its number; return where it stands."""
    for number, row in enumerate(rows, start=1):
        say(f"{number:4}  {row}")
    answer = input(f"{title}, by its number [1]: ").strip() or "1"
    if not (answer.isdecimal() and 1 <= int(answer) <= len(rows)):
        raise BadOption("That is none of the list.", hint="Give a number.")
    return int(answer) - 1


def remember_as() -> str | None:
    """Ask whether to remember what signs in; return the profile's name, None for no.

    Where there is no keyring nobody is asked.
    """
    from wx_notebook.credentials import keyrings
    from wx_notebook.form.words import word

    if keyrings.available():
        return None
    answer = input(f"{word('remember')}? [y/N]: ").strip().lower()
    return "default" if answer in ("y", "yes") else None


def _first() -> Given | None:
    """Return a key of IBM Cloud, None where somebody has something else."""
    from getpass import getpass

    from wx_notebook.credentials import Secret
    from wx_notebook.credentials.pasted import bare_key
    from wx_notebook.form import Typed
    from wx_notebook.magics.typed import given_by_form

    said = Secret(getpass("IBM Cloud API key (hidden): ").strip())
    if said == Secret(_OTHERS):
        return None
    given = given_by_form(said, Typed(), source="typed")
    if given.api_key is None:
        return given
    alone, note = bare_key(given.api_key)
    return replace(given, api_key=alone, notes=(*given.notes, note) if note else given.notes)


def _region() -> str:
    from wx_notebook.credentials import endpoints

    text = input("Region or URL (empty: found by itself): ").strip()
    if text:
        endpoints(region=text)
    return text


def _other(region: str) -> Answered:
    """Ask which kind of account it is, or which of the credentials that were found, then for it."""
    from wx_notebook.form import Typed
    from wx_notebook.form.words import word
    from wx_notebook.magics.desk import offers
    from wx_notebook.magics.typed import given_by_offer

    kinds = ("aws", "cluster", "token")
    found = offers()
    rows = [*(word(f"kind.{kind}") for kind in kinds), *(offer.label for offer in found)]
    chosen = numbered(word("kind"), rows)
    if chosen >= len(kinds):
        return Answered(*given_by_offer(found[chosen - len(kinds)].id, Typed(where=region)))
    return Answered(_of_kind(kinds[chosen], region))


def _of_kind(kind: str, region: str) -> Given:
    from getpass import getpass

    from wx_notebook.credentials import Secret
    from wx_notebook.form import Typed
    from wx_notebook.form.words import word
    from wx_notebook.magics.typed import given_by_form

    about = Typed(kind=kind, where=region)
    if kind == "cluster":
        about = about._replace(
            where=region or input(f"{word('where.cluster')}: ").strip(),
            username=input(f"{word('username')}: ").strip(),
        )
        ways = ("password", "api_key")
        rows = [word(f"secret_is.{way}") for way in ways]
        about = about._replace(secret_is=ways[numbered(word("secret_is"), rows)])
    given = given_by_form(
        Secret(getpass(f"{word(f'secret.{kind}')} (hidden): ").strip()), about, source="typed"
    )
    if kind == "cluster" or region:
        return given
    return replace(given, region=asked(_region) or given.region)
