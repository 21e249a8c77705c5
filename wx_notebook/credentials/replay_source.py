"""The sign-in of a replay: answers come from a recording, so no credential is needed."""

from __future__ import annotations

from wx_notebook.credentials.connection_params import REPLAY_SOURCE, ConnectionParams
from wx_notebook.credentials.regions import DEFAULT_REGION
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import mask_keys
from wx_notebook.transport import replayed_file

#: Any project will do: it is no part of a recorded request.
_PROJECT_ID = "00000000-0000-4000-8000-000000000001"


def from_replay() -> ConnectionParams | None:
    """Return the connection of a replay, None where nothing is replayed."""
    path = replayed_file()
    if path is None:
        return None
    return ConnectionParams(
        f"{REPLAY_SOURCE}{mask_keys(path.name)}",
        token=_token,
        region=DEFAULT_REGION.region_id,
        project_id=_PROJECT_ID,
    )


def completed(
    replay: ConnectionParams, params: ConnectionParams, environment: ConnectionParams
) -> ConnectionParams:
    """Return it with the project and the model that are named elsewhere.

    The model is part of each request. Hosts are not: nothing is sent to one.
    """
    names_scope = bool(params.project_id or params.space_id)
    scope = params if names_scope else replay
    return ConnectionParams(
        replay.source,
        token=replay.token,
        region=params.region or replay.region,
        project_id=scope.project_id,
        space_id=scope.space_id,
        model=params.model or environment.model,
        shadowed=(environment.source,) if environment.has_credential else (),
    )


def _token() -> Secret:
    return Secret("wx-notebook-replay-needs-no-token")
