"""New columns as pandas has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def as_series(index: Any, values: Sequence[Any]) -> Any:  # noqa: ANN401  # pandas' own
    """Return values as a Series with an index."""
    import pandas as pd

    has_gaps = any(value is None for value in values)
    # None stays None: as a number it would become NaN, as a text it is what was not answered
    return pd.Series(list(values), index=index, dtype=object if has_gaps or not values else None)
