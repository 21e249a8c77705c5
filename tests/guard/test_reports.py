"""What a server leaves for the user, and which kernel shows it."""

from __future__ import annotations

import pytest
from support.guard import a_report, guard_files

from wx_notebook.guard import reports
from wx_notebook.guard.matches import Finding, Location
from wx_notebook.guard.reports import SaveReport

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("cell", ["%watsonx version", "%%watsonx\nhello"])
def test_the_next_magic_shows_what_was_removed_once_and_before_anything_else(
    cell, of_kernel, sandbox
):
    of_kernel.connect(sandbox)
    reports.save_report(a_report())
    said = of_kernel.run(cell, allow_stdin=True).ok()
    assert said.outputs[0]["data"]["text/plain"].startswith("one.ipynb was saved without these sec")
    assert "cell 3, source, line 1" in said.outputs[0]["data"]["text/plain"]
    assert "<pre" in said.outputs[0]["data"]["text/html"]
    assert len(said.outputs) == 2
    assert len(of_kernel.run(cell, allow_stdin=True).ok().outputs) == 1, "shown once"


def test_a_run_without_anybody_leaves_it_to_a_notebook_with_a_user(of_kernel):
    reports.save_report(a_report())
    assert "was saved without" not in of_kernel.run("%watsonx version").ok().plain
    assert "was saved without" in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain


def test_a_report_is_for_every_kernel_of_the_user_and_only_one_shows_it(of_kernel):
    reports.save_report(a_report("a.ipynb"))
    reports.save_report(a_report("b.ipynb"))
    said = reports.pop_reports()
    assert [line.split()[0] for line in said if "was saved without" in line] == [
        "a.ipynb", "b.ipynb"
    ]  # fmt: skip
    assert "was saved" not in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain


def test_reports_that_nobody_reads_do_not_pile_up(runtime):
    for number in range(60):
        reports.save_report(a_report(f"{number}.ipynb"))
    assert len(guard_files(runtime, "report")) == 50
    assert any(line.startswith("59.ipynb") for line in reports.pop_reports())


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1}', '{"version": 1, "path": 3}'])
def test_a_report_that_is_damaged_shows_nothing_and_harms_nothing(content, runtime):
    reports.save_report(a_report())
    path = runtime / "wx-notebook-guard-report-1-x.json"
    path.write_text(content)
    path.chmod(0o600)
    assert sum("was saved without" in line for line in reports.pop_reports()) == 1


def test_what_a_report_says_is_shown_as_text(of_kernel):
    reports.save_report(a_report("<img src=x onerror=alert(1)>\x1b[2J.ipynb"))
    html = of_kernel.run("%watsonx version", allow_stdin=True).ok().html
    assert "<img" not in html
    assert "\x1b" not in html


def test_a_report_of_many_findings_is_short():
    found = [Finding("api_key", Location("source", n, None), 1) for n in range(1, 30)]
    lines = SaveReport("many.ipynb", "removed", found).lines()
    assert len(lines) == 9
    assert "  and 24 more" in lines
