"""The token that the runtime of watsonx Studio brings: nothing has to be typed there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import TokenRefused
from wx_notebook.hints import login_hint

#: Variables that Studio sets, as IBM's SDK reads them (`credentials.py` of ibm-watsonx-ai 1.8.1).
TOKEN_VARIABLE = "USER_ACCESS_TOKEN"  # noqa: S105  # a name
FILE_VARIABLE = "RUNTIME_ENV_ACCESS_TOKEN_FILE"
URL_VARIABLE = "RUNTIME_ENV_APSX_URL"
#: The name by which a runtime on a watsonx.ai software cluster calls that cluster.
_INSIDE_A_CLUSTER = re.compile(r"internal-nginx-svc(?:\.[a-z0-9-]+\.svc(?:\.cluster\.local)?)?")
#: Characters; no token is longer, so a longer file is something else.
_LARGEST = 100_000


def from_studio(environ: Mapping[str, str]) -> ConnectionParams | None:
    """Return the token of the runtime, as a function; None outside watsonx Studio.

    The platform renews its file and variable, so the function reads them each time.
    """

    def token() -> Secret:
        """Return the token that the runtime has now."""
        if current := _current(environ):
            return current
        raise TokenRefused(
            "watsonx Studio's token is gone: its file and its variable are empty.",
            hint=f"Restart the runtime, or sign in with an API key. {login_hint()}",
        )

    if not _current(environ):
        return None
    url = environ.get(URL_VARIABLE, "").strip()
    return ConnectionParams(
        source="watsonx Studio",
        token=token,
        # the address of a platform, which leads to the region
        url=url,
        kind="software" if _is_inside_a_cluster(url) else "",
        project_id=_id(environ, "PROJECT_ID"),
        space_id=_id(environ, "SPACE_ID"),
    )


def _current(environ: Mapping[str, str]) -> Secret:
    """Return the token of the file, else that of the variable, else an empty secret."""
    return _in_file(environ.get(FILE_VARIABLE, "").strip()) or _bare(
        Secret(environ.get(TOKEN_VARIABLE, ""))
    )


def _in_file(name: str) -> Secret:
    """Return the token in a file, an empty secret if no token can be read."""
    try:
        # reading a pipe of this name would never end
        if not name or not Path(name).is_file() or Path(name).stat().st_size > _LARGEST:
            return Secret("")
        return _bare(Secret(Path(name).read_text(encoding="utf-8-sig")))
    except (OSError, ValueError):
        # it is being replaced, or may not be read
        return Secret("")


def _bare(token: Secret) -> Secret:
    # expressions only: tracebacks show local variables
    if token.reveal().lstrip()[:7].lower() == "bearer ":
        return Secret(token.reveal().lstrip()[7:].strip())
    return Secret(token.reveal().strip())


def _is_inside_a_cluster(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    # the short name, or the full name of Kubernetes; the owner of a domain can choose such a prefix
    return _INSIDE_A_CLUSTER.fullmatch(host) is not None


def _id(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    return value if is_uuid(value) else ""
