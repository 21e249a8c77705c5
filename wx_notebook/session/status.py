"""What a session is, in the lines that people read: `%watsonx status` and the form."""

from __future__ import annotations

import contextlib

from wx_notebook.credentials.connection_params import SERVER_SOURCE, is_replay
from wx_notebook.credentials.exchange.authenticator import Authenticator
from wx_notebook.credentials.token import NO_END_S, new_token_hint
from wx_notebook.errors import WatsonxError
from wx_notebook.service import no_runtime_error
from wx_notebook.session.state import SessionState
from wx_notebook.transport import recording_line

#: From this many seconds before its end on, a token that cannot be renewed is warned about.
EXPIRY_WARNING_S = 300.0
_MASK = "••••••••"
_BY_SERVER = "signed in by the Jupyter server"


def status_line(state: SessionState) -> str:
    """Return one line: connected to what, as whom, how long the token lives."""
    if state.authenticator is None:
        return "closed: key and token are forgotten"
    token = state.token
    target = f"{scope_name(state)} · {_place_name(state)}"
    if state.is_stranded:
        return f"not connected to {target} · no credential for it was found here"
    if token is None:
        return f"set up for {target} · not verified yet, the first prompt does that"
    parts = [f"{'not ' if state.token_source.refused else ''}connected to {target}"]
    if token.subject:
        parts.append(f"as {token.subject}")
    parts.append(_default_target(state))
    parts.append(_token_life(state))
    return " · ".join(parts)


def details(state: SessionState) -> list[str]:
    """Return lines about the credential (masked), where it came from, and what was not used."""
    if state.authenticator is None:
        return []
    if state.is_stranded:
        return list(state.params.notes)
    lines = [_credential_line(state.authenticator, state.params.source)]
    lines += filter(None, [recording_line()])
    profile = state.params.profile
    if profile and state.params.source != f"profile {profile}":
        lines.append(f"remembered as profile {profile}")
    if state.params.shadowed:
        lines.append("not used: " + ", ".join(state.params.shadowed))
    lines += state.params.notes
    if state.scope.project_id and state.scope.space_id:
        lines.append(f"not used: space {state.scope.space_id}, the project comes first")
    if state.project is not None and not state.project.has_runtime:
        lacking = no_runtime_error(state.project)
        lines.append(f"{lacking.message} {lacking.hint}")
    if why := state.catalogue.why_default(state.named_model()):
        lines.append(why)
    if warning := expiry_warning(state):
        lines.append(warning)
    return lines


def _credential_line(authenticator: Authenticator, source: str) -> str:
    if is_replay(source):
        return "no credential is needed"
    if source == SERVER_SOURCE:
        return f"{_BY_SERVER}: it holds the key, and this kernel gets access tokens"
    name, more = authenticator.name, authenticator.details
    return f"{name} {_MASK}{f', {more},' if more else ''} from: {source}"


def announcement(state: SessionState) -> str:
    """Return the notice for the first answer of a session that the user did not ask for by name."""
    source = state.params.source
    if is_replay(source):
        return recording_line()
    signed_in = _BY_SERVER if source == SERVER_SOURCE else f"signed in with the {source}"
    return f"{signed_in}: {scope_name(state)}, {_place_name(state)}"


def pop_notices(state: SessionState) -> list[str]:
    """Return what should be said once about the credential, and empty the list."""
    notices = state.notices
    sentences, notices.pending = notices.pending, []
    if notices.must_announce:
        notices.must_announce = False
        sentences.insert(0, announcement(state))
    return sentences


def expiry_warning(state: SessionState) -> str:
    """Return a warning that the token ends soon and cannot be renewed, "" while there is time."""
    if state.authenticator is None or state.authenticator.renewable or state.token is None:
        return ""
    if state.token_source.refused:
        return f"the service does not accept the token that was given. {new_token_hint()}"
    left_s = state.token_source.seconds_left()
    if left_s > EXPIRY_WARNING_S:
        return ""
    when = f"ends in {_minutes(left_s)}" if left_s > 0 else "has probably ended"
    return f"the token that was given {when}. {new_token_hint()}"


def scope_name(state: SessionState) -> str:
    """Return the project or space that prompts are billed to, by its name where that is known."""
    project = state.project
    if project is not None and project.name:
        lacks = "" if project.has_runtime else " (without a watsonx.ai Runtime)"
        return f"{project.kind} '{project.name}'{lacks}"
    if state.scope.project_id:
        return f"project {state.scope.project_id}"
    return f"space {state.scope.space_id}" if state.scope.space_id else "no project"


def _place_name(state: SessionState) -> str:
    place = state.endpoints.place
    return f"sandbox ({state.endpoints.url})" if place == "sandbox" else place


def _default_target(state: SessionState) -> str:
    """Return the model or the deployment of prompts that name none."""
    model_id, deployment = state.default_model(dry=True), None
    # the next prompt and %watsonx settings report a settings file that cannot be read
    with contextlib.suppress(WatsonxError):
        chosen = state.options({})
        model_id, deployment = chosen.model or model_id, chosen.deployment
    return f"deployment {deployment}" if deployment else f"model {model_id}"


def _token_life(state: SessionState) -> str:
    token, authenticator = state.token, state.authenticator
    if token is None or authenticator is None:
        return "no token"
    if token.lifetime_s >= NO_END_S:
        return "no token to renew: the key goes with each request"
    if state.token_source.refused:
        return "its token is refused"
    by_itself = "renewed by itself" if authenticator.renewable else "cannot be renewed"
    return f"token for {_minutes(state.token_source.seconds_left())}, {by_itself}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
