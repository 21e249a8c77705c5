"""Inside watsonx Studio: the runtime brings its own token, and nobody has to type anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wx_notebook.credentials.checks import is_uuid
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import TokenRefused

#: What Studio sets, as IBM's SDK reads it (`credentials.py` of ibm-watsonx-ai 1.8.1).
TOKEN_VARIABLE = "USER_ACCESS_TOKEN"  # noqa: S105  # a name
FILE_VARIABLE = "RUNTIME_ENV_ACCESS_TOKEN_FILE"
URL_VARIABLE = "RUNTIME_ENV_APSX_URL"
#: How a runtime on a cluster of watsonx.ai software calls the cluster from inside.
_INSIDE_A_CLUSTER = re.compile(r"internal-nginx-svc(?:\.[a-z0-9-]+\.svc(?:\.cluster\.local)?)?")
#: More than any token has: something else lies under the name.
_LARGEST = 100_000


def from_studio(environ: Mapping[str, str]) -> Given | None:
    """Return the token that the runtime brings, as a function; None outside watsonx Studio.

    The platform renews file and variable, so the function reads them anew each time.
    """

    def token() -> Secret:
        """Return the token that the runtime has now."""
        if found := _current(environ):
            return found
        raise TokenRefused(
            "watsonx Studio's token is gone: neither its file nor its variable holds one.",
            hint="Restart the runtime, or sign in with an API key: %watsonx login",
        )

    if not _current(environ):
        return None
    url = environ.get(URL_VARIABLE, "").strip()
    return Given(
        source="watsonx Studio",
        token=token,
        # a platform address, which leads to its region
        url=url,
        kind="software" if _is_inside_a_cluster(url) else "",
        project_id=_id(environ, "PROJECT_ID"),
        space_id=_id(environ, "SPACE_ID"),
    )


def _current(environ: Mapping[str, str]) -> Secret:
    """Return the token of the file, else that of the variable, else an empty one."""
    return _in_file(environ.get(FILE_VARIABLE, "").strip()) or _bare(
        Secret(environ.get(TOKEN_VARIABLE, ""))
    )


def _in_file(name: str) -> Secret:
    """Return the token in a file; an empty one where there is none that can be read."""
    try:
        # a pipe under this name would never end
        if not name or not Path(name).is_file() or Path(name).stat().st_size > _LARGEST:
            return Secret("")
        return _bare(Secret(Path(name).read_text(encoding="utf-8-sig")))
    except (OSError, ValueError):
        # being replaced just now, or not ours to read
        return Secret("")


def _bare(token: Secret) -> Secret:
    # expressions only: a name in this frame would hold the token
    if token.reveal().lstrip()[:7].lower() == "bearer ":
        return Secret(token.reveal().lstrip()[7:].strip())
    return Secret(token.reveal().strip())


def _is_inside_a_cluster(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    # by its short name, or as Kubernetes writes it in full; whoever owns a domain can begin it so
    return _INSIDE_A_CLUSTER.fullmatch(host) is not None


def _id(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    return value if is_uuid(value) else ""
