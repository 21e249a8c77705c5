"""A prompt over a table: one row, one prompt, and the answers beside their rows.

Which way to take for a million rows
------------------------------------
Figures are those of `tests/benchmarks/lanes.py`: short rows from an iterator into a Parquet file,
on two cores, against a server that answers at once; a million rows for the fast lane, 100,000 for
the others, which other work shared the cores with.

The fast lane sends each row as a request. The service's limit holds it back: at 8 requests a
second, as on a paid plan, a million rows take 35 hours, at 100 a second 2.8. This process can send
about 1,500 a second (0.7 s of CPU for 1,000 rows), so a higher limit helps up to there. The kernel
must live as long as the run; what it has paid for outlives it. Memory is flat, 170 MB. Take it for
what fits into the time that you have (8 a second are 29,000 rows an hour), and whenever you want
to look at answers while they come: the first one tells whether the prompt is right.

The workers of a Dask cluster, `--on ADDRESS`, are the fast lane from several machines. The same
limit of the service holds them back, so they bring nothing at 8 requests a second. What they bring
are machines that read and fill in a table that is too large for one, and more requests a second
than one process can send. All prompts and answers pass the scheduler and the kernel, which writes
the journal: 0.44 s of CPU of both for 1,000 rows, about 2,000 rows a second where they share one
core. Two workers on the same two cores as all the rest send 0.9 of the rows a second of the fast
lane (580 of 650 against a server that answers at once, 204 of 216 at 200 ms an answer;
`tests/benchmarks/cluster.py`). A lost worker costs what it had under way. The kernel must live as
long as the run. Take it for a Dask DataFrame on a cluster that is there already, with a high limit.

The slow lane, `--on service`, hands files of at most 20,000 rows to the service's own batch jobs.
No limit of requests a second holds it back. Our own part is 0.2 s of CPU for 1,000 rows, half an
hour at most for a million: 50 jobs to hand over, to ask for and to fetch, 180 MB of memory.
The rest is up to the service: each job is answered within 24 hours or expires, and how many jobs
it works on at once, how large a file may be, and how much storage the project has, is not public.
So hand over a sample first (`--rows 100`, without `--on`), then the table, and end the kernel if
you like. The table is gone through two times or three: an iterator waits in a file meanwhile, so
its rows need room in the temporary folder.

The journal holds back neither: the fast lane commits the answers of all threads together, the slow
one 500 at a time. It takes 210 to 290 bytes for such a short row, and the slow lane keeps each
prompt twice while its row is under way. A million rows of 3,000 characters are 3 GB. Above 1 GB
the oldest finished batches go at the next run, so write such a table with `--to`: the file is
yours, and the journal is for what has not ended.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

from wx_notebook.batch.functions import abatch, batch
from wx_notebook.batch.verbs import classify, extract, filter  # noqa: A004  # the word for it

__all__ = ["abatch", "batch", "classify", "extract", "filter"]
