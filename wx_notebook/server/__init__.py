"""The Jupyter server extension: the guard checks each notebook before it is written.

`jupyter-config/` enables it. It uses the room `guard` and nothing else of this package. A server
that loads it loads neither the HTTP library nor IPython.
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
