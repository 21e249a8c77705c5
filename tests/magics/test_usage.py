"""`%watsonx usage`: what a cell, a notebook and a day cost, and a budget that stops."""

from __future__ import annotations

import pytest
from support.cases import all_cases
from support.kernels import Kernel

from wx_notebook.errors import BadOption
from wx_notebook.magics.commands import parser_of
from wx_notebook.magics.usage import _tokens, usage_table
from wx_notebook.render import table_html, table_text
from wx_notebook.usage.ledger import TokenCounts
from wx_notebook.usage.meter import UsageMeter


@pytest.fixture
def spending(connected):
    """A connected kernel without a budget; the notebook begins at nothing."""
    clear = "t.METER.by_model.clear(); t.METER.by_cell.clear()"
    anew = f"from wx_notebook.session import process as t; {clear}"
    connected.run(anew, store_history=False).ok()
    yield connected
    connected.run("%watsonx usage --budget off", store_history=False).ok()


def asked(sandbox):
    return sandbox.counts["chat_stream"] + sandbox.counts["chat"]


def test_it_shows_each_cell_the_notebook_the_day_and_the_models(spending):
    cell = spending.run("%%watsonx\nhello").ok().reply["execution_count"]
    spending.run("for _ in range(2): wx.ask('hi', model='openai/gpt-oss-120b')").ok()
    lines = spending.run("%watsonx usage").ok().plain.split("\n")
    assert lines[0].split() == ["tokens", "prompts", "in", "out", "all"]
    # of the notebook: those of the day come below
    rows = {line.split("  ")[0]: line.split() for line in reversed(lines)}
    assert rows[f"cell [{cell}]"][2] == "1"
    assert rows[f"cell [{cell + 1}]"][2] == "2"
    assert rows["this notebook"][2] == "3"
    assert rows["· openai/gpt-oss-120b"][2] == "2"
    assert int(rows["today"][1]) >= 3
    assert "█" in rows["· openai/gpt-oss-120b"][-1]
    assert any(line.startswith("the last 14 days") for line in lines)


def test_it_is_one_output_with_a_table_and_its_plain_twin(spending):
    (output,) = spending.run("%watsonx usage").ok().outputs
    assert set(output["data"]) == {"text/plain", "text/html"}


def test_a_budget_fails_the_cell_before_anything_is_sent_and_says_what_to_type(spending, sandbox):
    said = spending.run("%watsonx usage --budget 50").ok().plain
    assert said.startswith("budget for this notebook: 50 tokens, of which 0 are used")
    spending.run("%%watsonx\nhello").ok()
    before = asked(sandbox)
    ran = spending.run("%%watsonx\na prompt that has no room any more")
    assert ran.status == "error"
    assert ran.error[0].startswith("QuotaSpent: The budget for this notebook is used up: ")
    assert ran.error[-1].startswith("Next: %watsonx usage --budget ")
    assert spending.run("wx.ask('hi')").error[-2].startswith("QuotaSpent: ")
    assert asked(sandbox) == before
    ending = ran.error[-1].split(", ")[1].removesuffix(" ends it.")
    assert spending.run(ending).ok().plain == "the budget is removed"
    spending.run("%%watsonx\nhello").ok()
    assert asked(sandbox) == before + 1


def test_a_budget_says_how_long_it_holds_and_what_lasts(spending):
    said = spending.run("%watsonx usage --budget 50k").ok().plain.split("\n")
    assert said[-1] == (
        "it holds until the kernel is restarted; budget = 50000 in wx_notebook.toml lasts"
    )
    said = spending.run("%watsonx usage --budget 50k --day").ok().plain.split("\n")
    assert said[-1].endswith("holds in this one, until its kernel is restarted")


def test_show_says_that_a_budget_would_not_let_the_prompt_pass(spending):
    cell = "%%watsonx --show\na prompt of some words"
    spending.run("%watsonx usage --budget 2\n%watsonx usage --budget 1M --day").ok()
    said = "would not be sent: 0 of the 2 tokens of the budget for this notebook are used\n"
    shown = spending.run(cell).ok().plain
    assert said in shown
    assert shown.count("would not be sent") == 1
    spending.run("%watsonx usage --budget off").ok()
    assert "would not be sent" not in spending.run(cell).ok().plain


def test_an_answer_says_once_that_a_budget_is_nearly_used_up(spending):
    spending.run("%watsonx usage --budget 100").ok()
    ran = spending.run("%%watsonx\nhello").ok()
    assert "% of the budget for this notebook is used" in ran.plain
    row = next(line for line in spending.run("%watsonx usage").ok().plain.split("\n")
               if line.startswith("budget for this notebook"))  # fmt: skip
    assert "% of 100" in row
    assert "█" in row


def test_two_kernels_at_once_share_the_day_and_its_budget(spending, sandbox, tmp_path):
    data = spending.value("__import__('os').environ['JUPYTER_DATA_DIR']")
    with Kernel(tmp_path, JUPYTER_DATA_DIR=data) as other:
        other.run("%load_ext wx_notebook").ok()
        other.connect(sandbox)
        other.run("%%watsonx\nhello").ok()
        meter = "__import__('wx_notebook.session.process', fromlist=['x']).METER"
        used = f"(m := {meter}).flush() or m.used('{{}}')"
        assert other.value(used.format("day")) == spending.value(used.format("day"))
        assert other.value(used.format("notebook")) > spending.value(used.format("notebook")) == 0
        spending.run("%watsonx usage --budget 1 --day").ok()
        ran = spending.run("%%watsonx\nhello")
        assert ran.error[0].startswith("QuotaSpent: The budget for today is used up: ")


@all_cases(
    ("text", "tokens"),
    [("50000", 50_000), ("50_000", 50_000), ("50,000", 50_000), ("50k", 50_000),
     ("1.5M", 1_500_000), ("1,000,000", 10**6), (" 7 ", 7)],
)  # fmt: skip
def test_a_budget_is_written_as_people_write_numbers(text, tokens):
    assert _tokens(text) == tokens


@all_cases("text", ["0", "-3", "5x", "1.5", "1,00", "k", "", "9" * 50, "k9" * 22])
def test_what_is_no_number_of_tokens_is_refused_without_repeating_a_key(text):
    with pytest.raises(BadOption) as problem:
        _tokens(text)
    assert problem.value.hint == "For example: %watsonx usage --budget 50000"
    assert "k9" * 22 not in str(problem.value)


def test_day_alone_says_nothing_and_is_refused(kernel):
    ran = kernel.run("%watsonx usage --day")
    assert ran.error == ["BadOption: --day goes with --budget.",
                         "Next: %watsonx usage --budget 50000 --day"]  # fmt: skip


def test_before_the_first_prompt_it_shows_nothing_but_nothing(tmp_path):
    text = table_text(usage_table(UsageMeter()))
    assert text.split("\n")[1].split() == ["this", "notebook", "0", "0", "0", "0"]
    assert text.endswith("no budget: %watsonx usage --budget 50000 sets one")


def test_what_was_used_is_shown_also_where_a_settings_file_has_an_error():
    def broken():
        raise BadOption("wx_notebook.toml is not valid TOML: see line 3.", hint="Mend it.")

    meter = UsageMeter(default_budget=broken)
    meter.count("a/b", TokenCounts(1, 10, 20))
    text = table_text(usage_table(meter))
    assert "30" in text.split("\n")[1].split()
    assert text.endswith("corrected: wx_notebook.toml is not valid TOML: see line 3. Mend it.")


def test_estimates_are_marked_and_explained():
    meter = UsageMeter()
    meter.count("a/b", TokenCounts(1, 10, 20, estimated=1))
    text = table_text(usage_table(meter))
    assert "~30" in text
    assert "~ estimated: an answer ended before the service had counted its tokens" in text


def test_a_name_of_a_model_stays_text_and_the_table_bounded():
    meter = UsageMeter()
    for n in range(3_000):
        meter.cell = lambda n=n: n
        meter.count(f"{n}<script>alert(1)</script>", TokenCounts(1, 1, 1))
    assert "<script" not in table_html(usage_table(meter))
    assert len(table_html(usage_table(meter))) < 200_000
    assert len(meter.by_cell) <= 500
    assert meter.used("notebook") == 6_000


def test_its_help_names_what_it_takes(kernel):
    said = kernel.run("%watsonx help usage").ok().plain
    assert all(option in said for option in parser_of("usage").flags)


def test_after_unload_tokens_are_counted_on_without_cells(spending):
    spending.run("%unload_ext wx_notebook").ok()
    try:
        spending.run("wx.ask('hi'); None").ok()
        outside = spending.value("list(t.METER.by_cell)[-1]")
        assert outside is None
    finally:
        spending.run("%load_ext wx_notebook").ok()
