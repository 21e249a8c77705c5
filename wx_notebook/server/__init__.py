"""The Jupyter server extension: the guard looks at each notebook before it is written.

`jupyter-config/` switches it on. It knows the room `guard` and nothing else of this package, and a
server that loads it loads neither the HTTP library nor IPython.
"""

from __future__ import annotations

from typing import Any

from wx_notebook import __version__

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "wx_notebook.server"}]


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401  # a ServerApp
    from wx_notebook.server.loading import load

    load(server)
