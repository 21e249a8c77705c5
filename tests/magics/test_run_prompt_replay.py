"""Record and replay in a kernel: a notebook that was recorded runs without a key."""

from __future__ import annotations

import re

import pytest

CELLS = [
    "%watsonx login",
    "%%watsonx --output answer\nWhat is a watt?",
    "%watsonx models granite",
    "%%watsonx --each rows --output labelled --max-tokens 20\nName {{ value }}.",
    "print(answer.text, answer.usage, labelled)",
]


@pytest.fixture
def run_all(kernel):
    def run():
        kernel.run("rows = ['one', 'two']").ok()
        return [kernel.run(cell, allow_stdin=True).ok() for cell in CELLS]

    return run


@pytest.fixture
def replayed(kernel, sandbox, run_all, tmp_path):
    """Record all cells, and begin anew with the recording alone; return what the cells said."""
    file = tmp_path / "answers.jsonl"
    kernel.run(f"import os; os.environ['WX_NOTEBOOK_RECORD'] = {str(file)!r}").ok()
    kernel.connect(sandbox)
    # somebody is there, so `login` would show its form
    recorded = [one.plain + one.printed for one in run_all()[1:]]
    sandbox.close()
    kernel.renew()
    kernel.run(f"import os; os.environ['WX_NOTEBOOK_REPLAY'] = {str(file)!r}").ok()
    return recorded


def told(text):
    """What a cell said, but for how long it takes and where it asked: a replay has no limit."""
    lines = (line.replace("recording answers.jsonl", "sandbox") for line in text.splitlines())
    return [line for line in lines if not re.search(r"\d s\]?$|^time: |^at least ", line)]


def test_each_cell_says_the_same_and_login_asks_for_nothing(replayed, run_all, kernel):
    login, *others = run_all()
    # its form was not used while it was recorded, so no project was looked up
    assert login.plain.startswith(
        "connected to project 'recorded project' · recording answers.jsonl"
    )
    assert "No form here" not in login.plain
    for before, now in zip(replayed, others, strict=True):
        assert told(now.plain + now.printed) == told(before)
    status = kernel.run("%watsonx status").plain
    assert "no credential is needed" in status
    assert "answers come from the recording answers.jsonl (WX_NOTEBOOK_REPLAY)" in status
    usage = kernel.run("%watsonx usage").plain
    assert "answers of the recording cost nothing, and are not counted" in usage


def test_a_prompt_that_has_changed_fails_its_cell_in_six_lines(replayed, kernel):
    ran = kernel.run("%%watsonx\nWhat is a joule?")
    assert ran.status == "error"
    assert len(ran.error) <= 6
    assert ran.error[0].startswith("RecordingError: answers.jsonl has no answer to this request")
    assert '  now:      "What is a joule?"' in ran.error
    assert ran.error[-1].startswith("Next: run the notebook once with WX_NOTEBOOK_RECORD=")


def test_login_names_a_recording_that_is_not_there(kernel):
    kernel.run("import os; os.environ['WX_NOTEBOOK_REPLAY'] = 'none.jsonl'").ok()
    ran = kernel.run("%watsonx login", allow_stdin=True)
    assert ran.error[0] == "RecordingError: The recording none.jsonl does not exist."
    assert "WX_NOTEBOOK_RECORD=none.jsonl" in ran.error[-1]
