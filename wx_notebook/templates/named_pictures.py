"""The pictures that an option line names: variables of the notebook, and files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from wx_notebook.errors import BadOption, MissingName, did_you_mean, mask_keys
from wx_notebook.templates.expressions import evaluate
from wx_notebook.templates.pictures import Picture, picture_or_refuse, pictures_of

_PATH = re.compile(
    r"""(?P<root>[^\W\d]\w*)(?:\s*\.\s*[^\W\d_]\w*|\s*\[\s*(?:'[^']*'|"[^"]*"|-?\d+)\s*\])*"""
)


def named_pictures(
    expressions: Sequence[str], names: Mapping[str, Any], hidden: Collection[str] = ()
) -> tuple[Picture, ...]:
    """Return the pictures of expressions such as ``figure``, ``Out[3]`` or ``plots/a.png``.

    Parameters
    ----------
    names
        The variables of the notebook. A variable comes before a file of the same name.
    hidden
        Names that a typo is not compared with.

    Raises
    ------
    MissingName
        There is neither a variable nor a file of that name.
    BadOption
        It is no picture.
    """
    found: list[Picture] = []
    for expression in expressions:
        match = _PATH.fullmatch(expression.strip())
        value, missing = None, expression or "nothing"
        if match is not None and match["root"] in names:
            value, missing = evaluate(match["root"], expression.strip(), names)
        if not missing:
            found += pictures_of([value], [expression])
            continue
        is_address = expression.startswith(("http://", "https://"))
        if not expression or not (is_address or _is_there(Path(expression).expanduser())):
            known = [name for name in names if name[:1] != "_" and name not in hidden]
            raise MissingName(
                f"'{mask_keys(expression)}' is neither a variable nor a file."
                f"{did_you_mean(expression, known)}",
                hint="For example: --image figure, or --image plots/a.png",
            )
        found.append(picture_or_refuse(expression, expression))
    if not found:
        raise BadOption("--image names no picture: the list is empty.", hint="Put one into it.")
    return tuple(found)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
