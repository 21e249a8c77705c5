"""What a session is, in the lines that people read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from wx_notebook.credentials.bearer import GO_ON
from wx_notebook.credentials.token import NO_END_S
from wx_notebook.errors import WatsonxError
from wx_notebook.service import without_runtime
from wx_notebook.session.defaults import options_of

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session

#: From here on a token that cannot be renewed is said to end.
ENDING_S = 300.0
_MASK = "••••••••"


def line(held: Session) -> str:
    """Return one line: connected, to what, as whom, how long the token lives."""
    if held.credential is None:
        return "closed: key and token are forgotten"
    token = held.token
    to = f"{scope_name(held)} · {_where(held)}"
    if token is None:
        return f"set up for {to} · not verified yet, the first prompt does that"
    parts = [f"{'not ' if held.token_refused else ''}connected to {to}"]
    if token.subject:
        parts.append(f"as {token.subject}")
    parts.append(_what_answers(held))
    parts.append(_life(held))
    return " · ".join(parts)


def details(held: Session) -> list[str]:
    """Return where the credential comes from, masked, and what it comes before."""
    if held.credential is None:
        return []
    name, more = held.credential.name, held.credential.more
    lines = [f"{name} {_MASK}{f', {more},' if more else ''} from: {held.source}"]
    profile = held.given.profile
    if profile and held.source != f"profile {profile}":
        lines.append(f"remembered as profile {profile}")
    if held.given.shadowed:
        lines.append("not used: " + ", ".join(held.given.shadowed))
    if held.scope.project_id and held.scope.space_id:
        lines.append(f"not used: space {held.scope.space_id}, the project comes first")
    if held.project is not None and not held.project.has_runtime:
        lacking = without_runtime(held.project)
        lines.append(f"{lacking.message} {lacking.hint}")
    if why := held.catalogue.why_default(held.named_model()):
        lines.append(why)
    if warning := ending(held):
        lines.append(warning)
    return lines


def announcement(held: Session) -> str:
    """Return what is said with the first answer of a session that nobody asked for by name."""
    return f"signed in with the {held.source}: {scope_name(held)}, {_where(held)}"


def ending(held: Session) -> str:
    """Return a warning that a token ends which cannot be renewed, "" while there is time."""
    if held.credential is None or held.credential.renewable or held.token is None:
        return ""
    if held.token_refused:
        return f"the service does not accept the token that was given. {GO_ON}"
    left_s = held.token_seconds_left
    if left_s > ENDING_S:
        return ""
    when = f"ends in {_minutes(left_s)}" if left_s > 0 else "has probably ended"
    return f"the token that was given {when}. {GO_ON}"


def scope_name(held: Session) -> str:
    """Return what prompts are billed to, by its name where that is known."""
    project = held.project
    if project is not None and project.name:
        lacks = "" if project.has_runtime else " (without a watsonx.ai Runtime)"
        return f"{project.kind} '{project.name}'{lacks}"
    if held.scope.project_id:
        return f"project {held.scope.project_id}"
    return f"space {held.scope.space_id}" if held.scope.space_id else "no project"


def _where(held: Session) -> str:
    place = held.endpoints.place
    return f"sandbox ({held.endpoints.url})" if place == "sandbox" else place


def _what_answers(held: Session) -> str:
    """Return the model, or the deployment, of a prompt that names none."""
    model_id, deployment = held.default_model(dry=True), None
    # a settings file with an error is told by the next prompt, and by %watsonx settings
    with contextlib.suppress(WatsonxError):
        chosen = options_of(held, {})
        model_id, deployment = chosen.model or model_id, chosen.deployment
    return f"deployment {deployment}" if deployment else f"model {model_id}"


def _life(held: Session) -> str:
    token, credential = held.token, held.credential
    if token is None or credential is None:
        return "no token"
    if token.lifetime_s >= NO_END_S:
        return "no token to renew: the key goes with each request"
    if held.token_refused:
        return "its token is refused"
    by_itself = "renewed by itself" if credential.renewable else "cannot be renewed"
    return f"token for {_minutes(held.token_seconds_left)}, {by_itself}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
