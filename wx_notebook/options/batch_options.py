"""The options of a prompt over a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from wx_notebook.options import types
from wx_notebook.options.fields import option
from wx_notebook.options.types import OptionType

#: Requests at once, if nothing is given; no more connections are opened than this many.
DEFAULT_CONCURRENCY = 50
_MOST_AT_ONCE = 1_000
#: The place where a table goes to the service's own batch jobs.
SERVICE = "service"
#: Of the scheduler of a cluster.
_ADDRESS = re.compile(r"[a-z]+://\S+")
_ERRORS = re.compile(r"\s*(\d{1,9})(?:\s*|(?:\.(\d{1,3}))?\s*(%)\s*)")


class MaxErrors(NamedTuple):
    """How many rows may fail: a number of them, or a share of those that have ended."""

    number: int | None = None
    share: float = 0.0

    def __str__(self) -> str:
        return f"{self.share:.3g} %" if self.number is None else f"{self.number:,}"


def _error_limit() -> OptionType:
    """Return the type of a number of rows, 20, or a share of them, "5%"."""

    def check(value: object) -> MaxErrors | None:
        if isinstance(value, MaxErrors):
            return value
        if isinstance(value, bool) or not isinstance(value, int | str):
            return None
        match = _ERRORS.fullmatch(str(value))
        if match is None:
            return None
        whole, part, is_share = match.groups()
        if not is_share:
            return MaxErrors(int(whole))
        share = float(f"{whole}.{part or 0}")
        return MaxErrors(share=share) if share <= 100 else None

    return OptionType("a number of rows, or a share such as 5%", "For example 5% or 20.", check)


def _place() -> OptionType:
    """Return the type of the place where a table is answered."""

    def check(value: object) -> object:
        # `Batch` says what is wrong with an address or a client
        is_client = type(value).__module__.partition(".")[0] == "distributed"
        is_text = isinstance(value, str) and (_ADDRESS.fullmatch(value) or value.isidentifier())
        return value if is_text or is_client else None

    return OptionType(
        f"a place: {SERVICE}, the address of a Dask cluster, or the name of a distributed.Client",
        f"For example: --on {SERVICE}, --on tls://HOST:8786, or --on client",
        check, choices=(SERVICE,),
    )  # fmt: skip


def _file_name() -> OptionType:
    """Return the type of the name of a file; in Python it may be a path."""

    def check(value: object) -> str | None:
        text = str(value) if isinstance(value, str | PurePath) else ""
        return text if text.strip() else None

    return OptionType("the name of a file", "For example: --to answers.csv", check)


def _count(example: int, most: int | None = None) -> OptionType:
    return types.integer(f"For example {example}.", minimum=1, maximum=most)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOptions:
    """The options that only a prompt over a table has; see `Options`."""

    each: str | None = option(
        "--each", metavar="TABLE", batch=True,
        kind=types.text("For example: %%watsonx --each df, or --each reviews.csv"),
        help="send the prompt for each row of a table: a variable, or a CSV or Parquet file",
    )  # fmt: skip
    to: str | None = option(
        "--to", metavar="FILE", batch=True, kind=_file_name(),
        help="with --each: write the table into this file (.csv, .jsonl or .parquet) as it grows",
    )  # fmt: skip
    rows: int | None = option(
        "--rows", metavar="N", batch=True, kind=_count(20),
        help="with --each: only the first N rows",
    )  # fmt: skip
    sample: int | None = option(
        "--sample", metavar="N", batch=True, kind=_count(20),
        help="with --each: only N random rows, the same ones each time",
    )  # fmt: skip
    budget: int | None = option(
        "--budget", metavar="TOKENS", batch=True, kind=_count(100_000),
        help="with --each: stop before more tokens than this are used",
    )  # fmt: skip
    concurrency: int = option(
        "--concurrency", metavar="N", default=DEFAULT_CONCURRENCY, batch=True,
        kind=_count(DEFAULT_CONCURRENCY, _MOST_AT_ONCE),
        help=f"with --each: at most N requests at once; {DEFAULT_CONCURRENCY} if not given",
    )  # fmt: skip
    on: Any = option(  # noqa: RUF009  # a field, as the others
        "--on", metavar="PLACE", default=None, batch=True, kind=_place(),
        help="with --each: service hands the table to the service's own batch jobs, which answer "
        "within a day; tls://HOST:PORT, tcp://127.0.0.1:PORT or the name of a distributed.Client "
        "lets the workers of a Dask cluster send it",
    )  # fmt: skip
    max_errors: MaxErrors | None = option(  # noqa: RUF009  # a field, as the others
        "--max-errors", metavar="LIMIT", batch=True, kind=_error_limit(),
        help="with --each: stop when more rows than this fail (20, or 5%), counted from 20 rows on",
    )  # fmt: skip
    dedupe: bool = option(
        "--no-dedupe", default=True, batch=True, kind=types.boolean(),
        help="with --each: send equal rows each, instead of once",
    )  # fmt: skip
    resend: bool = option(
        "--no-resend", default=True, batch=True, kind=types.boolean(),
        help="with --each: never send a row again that may have been billed",
    )  # fmt: skip
    fresh: bool = option(
        "--fresh", default=False, batch=True, kind=types.boolean(),
        help="with --each: send every row, also those that the journal has answers to",
    )  # fmt: skip
