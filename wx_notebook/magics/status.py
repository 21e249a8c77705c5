"""`%watsonx status` and `%watsonx logout`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from wx_notebook.credentials.connection_params import SERVER_SOURCE, ConnectionParams
from wx_notebook.credentials.environment import find_secret_variables
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.server_sign_in import find_server_sign_in
from wx_notebook.display import show_lines
from wx_notebook.errors import BadOption, NotConnected, WatsonxError
from wx_notebook.hints import login_hint
from wx_notebook.login.sign_out import next_source, sign_out, signed_out_line
from wx_notebook.service.project import known_project
from wx_notebook.session import current_session
from wx_notebook.session.current import ended_sign_in, is_logged_out, make_session
from wx_notebook.session.process import environment
from wx_notebook.session.status import details
from wx_notebook.transport import Transport


def show_status(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Show what the connection is, which credential is in use, and which ones are not."""
    ended = ended_sign_in()
    current = current_session()
    if ended is not None:
        is_back = next_source() == SERVER_SOURCE
        what = f"the next prompt connects with the {SERVER_SOURCE}" if is_back else ended.hint
        show_lines(shell, ["not connected", ended.message, what, *_inherited()])
        return
    if current is None:
        show_lines(shell, [*_without_session(), *_inherited()])
        return
    state = current.state
    if state.project is None and not state.is_closed:
        # the user chose a name: once the session has signed in, the platform knows it
        current.state = replace(state, project=known_project(state.service, state.scope))
    show_lines(shell, [current.status_line(), *details(current.state), *_inherited()])


def log_out(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401
    """Forget the session, and the profile that is named or in use.

    With `--everywhere` also end the sign-in that the Jupyter server holds for all its notebooks.

    Raises
    ------
    BadOption
        There is no such profile; or, with `--everywhere`, no such sign-in.
    NotConnected, ServiceDown
        The server has ended, or does not answer. This kernel is logged out all the same.
    """
    sign_in = find_server_sign_in(or_lost=True) if args.everywhere else None
    if args.everywhere and sign_in is None:
        raise BadOption(
            "Nobody is signed in at the Jupyter server of this kernel.",
            hint="Next: %watsonx logout logs out this kernel alone.",
        )
    lines = sign_out(args.profile)
    if sign_in is not None:
        sign_in.end_for_all(Transport())
        lines = [line for line in lines if line != signed_out_line()]
        lines += ["the Jupyter server's sign-in has ended, for all its notebooks"]
        lines += [signed_out_line()] if is_logged_out() else []
    show_lines(shell, lines)


def _without_session() -> list[str]:
    """Return what the next prompt would connect with, or why it cannot."""
    if is_logged_out():
        return ["logged out", signed_out_line()]
    lines = ["not connected"]
    try:
        params = find_credentials(ConnectionParams("arguments"), environment(), only_names=True)
    except NotConnected as error:
        # below the first line there may be files that could be named
        more = [line for line in error.message.split("\n") if line[:13] != "not connected"]
        return [*lines, *more, error.hint if more else login_hint()]
    except WatsonxError as error:
        # a source that cannot be read would stop the next prompt, too
        return [*lines, *error.message.split("\n"), error.hint]
    if params.has_credential:
        # if the next prompt would be refused, say so instead of promising a connection
        try:
            make_session(params).close()
        except WatsonxError as error:
            return [*lines, *error.message.split("\n"), error.hint]
    lines.append(f"the next prompt connects with the {params.source}")
    if params.shadowed:
        lines.append("not used: " + ", ".join(params.shadowed))
    return [*lines, *params.notes]


def _inherited() -> list[str]:
    """Return which secrets child processes inherit from the environment."""
    names = find_secret_variables(environment())
    if not names:
        return []
    return [f"{' and '.join(names)}: programs started from this kernel inherit it"]
