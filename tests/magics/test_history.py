"""`--cache` and `%watsonx history` in a kernel: search, show, rerun, delete, and bad input."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def kept(connected):
    """A kernel whose journal has one prompt and one batch; returns their IDs."""
    connected.run(
        "import os, tempfile; _data = os.environ['JUPYTER_DATA_DIR']\n"
        "os.environ['JUPYTER_DATA_DIR'] = tempfile.mkdtemp()"
    ).ok()
    connected.run("%%watsonx --cache --max-tokens 20\nWhat is a kettle?").ok()
    connected.run("rows = ['lamp', 'stove']").ok()
    connected.run("%%watsonx --each rows --max-tokens 20\nName a {{ value }}.").ok()
    found = re.findall(r"^([0-9a-f]{8}) · ", connected.run("%watsonx history").plain, re.MULTILINE)
    assert len(found) == 2
    yield connected, found[1], found[0]
    connected.run("os.environ['JUPYTER_DATA_DIR'] = _data")


def test_a_cell_with_cache_is_answered_and_marked_below_the_answer(kept, sandbox):
    kernel = kept[0]
    reached = len(sandbox.calls)
    shown = kernel.run("%%watsonx --show --cache --max-tokens 20\nWhat is a kettle?").ok().plain
    assert "from the journal: it was paid for on" in shown
    ran = kernel.run("%%watsonx --cache --max-tokens 20\nWhat is a kettle?").ok()
    assert len(ran.outputs) == 1
    assert "[from the journal: it was paid for on" in ran.plain
    assert "nothing was sent now" in ran.html
    assert [call for call in sandbox.calls[reached:] if call.kind.startswith("chat")] == []
    anew = kernel.run("%%watsonx --cache new --max-tokens 20\nWhat is a kettle?").ok()
    assert "from the journal" not in anew.plain


def test_history_lists_both_and_says_that_it_has_only_these(kept):
    kernel, prompt, batch = kept
    said = kernel.run("%watsonx history").plain
    assert re.search(rf"^{prompt} · [\d: -]+ · prompt · ibm/granite-4-h-small", said, re.MULTILINE)
    assert re.search(rf"^{batch} · [\d: -]+ · 2 of 2 rows answered", said, re.MULTILINE)
    assert "Other prompts are not kept." in said
    assert said.splitlines()[-1].startswith("Next: %watsonx history WORDS")


def test_words_are_searched_in_prompts_answers_and_rows(kept):
    kernel, prompt, batch = kept

    def found(words):
        return re.findall(r"^([0-9a-f]{8}) · ", kernel.run(f"%watsonx history {words}").plain,
                          re.MULTILINE)  # fmt: skip

    assert found("KETTLE what") == [prompt]
    assert found("stove") == [batch]
    assert found("sandbox") == [batch, prompt], "the answers say who wrote them"
    assert found("100%_x") == []
    assert "no prompt and no batch with the words kettle lamp" in kernel.run(
        "%watsonx history kettle lamp"
    ).plain  # fmt: skip


def test_one_is_shown_put_below_and_deleted(kept, sandbox):
    kernel, prompt, batch = kept
    shown = kernel.run(f"%watsonx history --show {prompt}").ok().plain
    assert "What is a kettle?\n\nanswer:\n" in shown
    assert "row 1: Name a stove." in kernel.run(f"%watsonx history --show {batch}").plain
    cells = {
        prompt: "%%watsonx --cache --max-tokens 20\nWhat is a kettle?",
        batch: "%%watsonx --each rows --max-tokens 20\nName a {{ value }}.",
    }
    for one, code in cells.items():
        ran = kernel.run(f"%watsonx history --rerun {one}").ok()
        (payload,) = ran.reply["payload"]
        assert (payload["source"], payload["text"]) == ("set_next_input", code)
        assert "the cell of" in ran.plain
    reached = sandbox.counts["chat"] + sandbox.counts["chat_stream"]
    kernel.run(code).ok()
    assert sandbox.counts["chat"] + sandbox.counts["chat_stream"] == reached
    for one in (prompt, batch):
        assert f"{one} is deleted" in kernel.run(f"%watsonx history --delete {one}").plain
    said = kernel.run("%watsonx history").plain
    assert prompt not in said
    assert batch not in said
    assert "no prompt and no batch with the words kettle" in kernel.run(
        "%watsonx history kettle"
    ).plain  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--show 12345678", "There is no prompt or batch '12345678' in the journal."),
        ("--show", "--show"),
        ("kettle --delete 12345678", "--delete takes one ID, and no words to search for."),
        ("--show a --rerun b", "--rerun"),
        ("--kettle", "--kettle"),
    ],
    ids=range(5),
)
def test_bad_input_says_what_to_type(line, words, kept):
    ran = kept[0].run(f"%watsonx history {line}")
    assert ran.status == "error"
    assert words in ran.error[0]
    assert 2 <= len(ran.error) <= 6, "the last line says what to type"


def test_a_call_from_python_is_told_as_one(kept):
    kernel = kept[0]
    kernel.run("import wx_notebook as wx; wx.ask('Name a fuse.', cache=True); None").ok()
    said = kernel.run("%watsonx history fuse").plain
    (name,) = re.findall(r"^([0-9a-f]{8}) · ", said, re.MULTILINE)
    said = kernel.run(f"%watsonx history --rerun {name}").ok().plain
    assert "was sent by wx.ask with cache=True: call it again" in said
