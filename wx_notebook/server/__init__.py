"""The Jupyter server extension: the guard of each save, and one sign-in for all notebooks.

`jupyter-config/` enables it. A server that loads it loads neither the HTTP library nor IPython: the
HTTP library comes with the first sign-in.
"""

from __future__ import annotations

from typing import Any

from wx_notebook import __version__
from wx_notebook.server.extension import load_extension

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "wx_notebook.server"}]


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401  # a ServerApp
    load_extension(server)
