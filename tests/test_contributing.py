"""What CONTRIBUTING.md claims: its figures are those that are measured, its rooms are there."""

from __future__ import annotations

import collections
import importlib.util
import re
import sys
from pathlib import Path

from test_rooms import ROOMS

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = CONTRIBUTING.split("<!-- benchmarks -->\n")[1].split("\n<!-- /benchmarks -->")[0]


def test_its_rooms_are_those_that_are_tested_in_this_order():
    rooms = CONTRIBUTING.split("<!-- rooms -->")[1].split("<!-- /rooms -->")[0]
    assert re.findall(r"^\| `(\w+)`", rooms, re.MULTILINE) == ROOMS


def test_its_figures_are_of_what_is_measured_today(monkeypatch):
    folder = Path(__file__).parent / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("benchmarks_run", folder / "run.py")
    run = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, run)
    spec.loader.exec_module(run)
    figures = collections.defaultdict(lambda: 1.0)
    rows = run.table(
        run.Measured((1, 1), {"plain": (1, 1), "TLS": (1, 1)}, figures, (1, 1), figures, figures)
    )
    written = [line.strip("| ").split(" | ") for line in TABLE.split("\n")[2:]]
    assert [(what, reach) for what, _, reach in written] == [
        (what, reach) for what, _, reach in rows
    ]


def test_its_table_of_figures_has_been_measured():
    rows = TABLE.splitlines()[2:]
    assert len(rows) >= 5
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)
