"""The functions of the package: `wx.connect`, `wx.ask`, `wx.stream`, `wx.last`.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Never, Unpack

from wx_notebook.credentials.connection_params import connect_help
from wx_notebook.credentials.secret import Opaque, Secret
from wx_notebook.errors import WatsonxError, strip_frames
from wx_notebook.hints import spoken_in_python
from wx_notebook.options import PromptOptions, list_options
from wx_notebook.session.current import STOPPED, activate, session
from wx_notebook.session.process import HISTORY, environment

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.credentials.connection_params import TokenFunction
    from wx_notebook.service import Prompt
    from wx_notebook.session.connection import Session


def connect(
    *misplaced: Never,
    api_key: str | Secret | None = None,
    token: str | Secret | TokenFunction | None = None,
    region: str = "",
    url: str = "",
    project_id: str = "",
    space_id: str = "",
    profile: str = "",
    kind: str = "",
    username: str = "",
    password: str | Secret | None = None,
    iam_url: str = "",
    platform_url: str = "",
    ca_bundle: str = "",
    trusted_profile_id: str = "",
    credentials: object = None,
    **unknown: Never,
) -> Session:
    """Make the session that `ask`, `stream` and the magics use, and return it. Sends nothing.

    What is not given is looked for in the sign-in of the Jupyter server, in the environment, in the
    default profile, in a file that `IBM_CREDENTIALS_FILE` names, and in watsonx Studio, in this
    order.

    Parameters
    ----------
    {parameters}
    credentials
        IBM's own forms: a dict like ``{"apikey": ..., "url": ...}``, an
        `ibm_watsonx_ai.Credentials`, or the path of an `apikey.json`.

    Examples
    --------
    ::

        wx.connect()                                   # what is found
        wx.connect(profile="work", project_id="...")
        wx.connect(credentials="apikey.json", region="eu-de", project_id="...")
        wx.connect(token=my_vault.token, region="us-south", space_id="...")

    Raises
    ------
    NotConnected, KeyRefused, TokenRefused, UnknownRegion, HostRefused, ProjectError, BadOption
        What is missing or can't be right; all of it is checked without a request.
    """
    # wrap secrets before anything can raise: tracebacks show local variables
    api_key, token, password = _as_secret(api_key), _as_secret(token), _as_secret(password)
    opaque, credentials = Opaque(credentials), None
    # taken as well, because Python's own error would show the line, and with it a key
    refused: tuple[str | Opaque, ...] = (*unknown, *map(Opaque, misplaced))
    misplaced, unknown = (), {}

    def make() -> Session:
        from wx_notebook.session.connection import session_of_arguments

        return session_of_arguments(
            refused, environment(),
            api_key=api_key, token=token, password=password, credentials=opaque, profile=profile,
            username=username, kind=kind, trusted_profile_id=trusted_profile_id, url=url,
            region=region, iam_url=iam_url, platform_url=platform_url, ca_bundle=ca_bundle,
            project_id=project_id, space_id=space_id,
        )  # fmt: skip

    return activate(strip_frames(make, STOPPED))


if connect.__doc__:  # `python -OO` drops it
    connect.__doc__ = connect.__doc__.replace(
        "{parameters}", textwrap.indent(connect_help(), " " * 4).strip()
    )


def _as_secret(value: Any) -> Any:  # noqa: ANN401  # a text becomes a secret, the rest stays
    return Secret(value) if isinstance(value, str) else value


def last() -> Answer:
    """Return the last answer of this process, also one that was interrupted or cut.

    Raises
    ------
    WatsonxError
        There is none yet.
    """
    if HISTORY.last_answer is None:
        raise WatsonxError(
            "There is no answer yet since this kernel started.",
            hint="Next: a %%watsonx cell, or wx.ask('What is a watt?')",
        )
    return HISTORY.last_answer


@list_options()
@spoken_in_python
def ask(
    prompt: Prompt, *, names: Mapping[str, Any] | None = None, **options: Unpack[PromptOptions]
) -> Answer:
    """Send a prompt through the current session and return the whole answer.

    Parameters
    ----------
    prompt
        A text, or messages such as ``{"role": "user", "content": "..."}``.
    names
        Values for the placeholders ``{{ name }}`` of a text; without it nothing is filled in.
    options
        See below. What is not given comes from `%watsonx use`, `%config` and the settings files.

    Raises
    ------
    WatsonxError
        What the service refused, and what to do about it.
    BadOption
        An unknown option, or a value that the service would refuse.
    SchemaMismatch
        The answer does not fit the schema; `.answer` has it.
    """
    text, notes = _filled(prompt, names)
    if not notes:
        return session().chat(text, **options)
    from wx_notebook.session.connection import answer_with_notes

    return answer_with_notes(session(), text, options, notes)


@list_options("n", "repair")
@spoken_in_python
def stream(
    prompt: Prompt, *, names: Mapping[str, Any] | None = None, **options: Unpack[PromptOptions]
) -> AnswerStream:
    """Send a prompt through the current session; as `ask`, but returns the answer piece by piece.

    Afterwards its `.answer` is the whole; leaving its ``with`` block early ends the request.
    With `schema=` the model is asked once: an answer that does not fit says so in its notes, and
    its `.data` raises `SchemaMismatch`. `ask` asks a second time.
    """
    text, notes = _filled(prompt, names)
    opened = session().stream(text, **options)
    opened.warn(*notes)
    return opened


@list_options("model", "deployment", "n", "repair", "tools", "yes", "max_rounds")
@spoken_in_python
def compare(
    prompt: Prompt,
    models: str | Sequence[str],
    *,
    names: Mapping[str, Any] | None = None,
    **options: Unpack[PromptOptions],
) -> Any:  # noqa: ANN401  # a DataFrame of whichever library is loaded, else a list of dicts
    """Ask several models at the same time, and return a table with one row for each.

    It is a DataFrame where pandas or polars is loaded, else a list of dicts: model, text, seconds
    to the first word and in all, tokens, finish_reason, error. The answers themselves are in
    `last().answers`. With `schema=` the fields of the value are columns, too; each model is asked
    once.

    Parameters
    ----------
    prompt, names
        As for `ask`.
    models
        The models or their aliases: a list, or one text with commas.
    options
        See below.

    Raises
    ------
    ModelError
        One of the models is not there, or cannot do this. Nothing was sent.
    Interrupted
        The user stopped it; `.table` has what had arrived.
    WatsonxError
        No model has answered.
    """
    from wx_notebook.session.comparison import compare_models

    return compare_models(session(), _filled(prompt, names)[0], models, options)


def _filled(prompt: Prompt, names: Mapping[str, Any] | None) -> tuple[Prompt, Sequence[str]]:
    """Return a prompt with its placeholders filled in, and what to say with its answer."""
    if names is None or not isinstance(prompt, str):
        return prompt, ()
    from wx_notebook.session.connection import fill_names

    filled = fill_names(prompt, names)
    return filled.text, filled.notes_on_sent
