"""`%watsonx code` in a real kernel: the last prompt as a program, and nothing that signs in."""

from __future__ import annotations

import ast
import json

import pytest
from interop import program_runs


def prompt_sent(sandbox):
    return json.loads(program_runs.last_prompt(sandbox).body)


def test_the_last_prompt_is_printed_as_a_program_for_ibms_sdk(connected):
    connected.run("%%watsonx -t 0.5\nWhat is a watt?").ok()
    said = connected.run("%watsonx code").ok()
    assert "from ibm_watsonx_ai.foundation_models import ModelInference" in said.plain
    assert '"content": "What is a watt?"' in said.plain
    assert '"temperature": 0.5' in said.plain
    ast.parse(said.plain)
    assert "What is a watt?" in said.html


@pytest.mark.parametrize("target", ["requests", "curl"])
@pytest.mark.parametrize(
    "cell",
    ["%%watsonx -s 'be brief' -t 0.7\n", "%%watsonx --generate\n", "%%watsonx --no-stream\n"],
)
def test_what_is_printed_runs_and_sends_what_the_cell_sent(
    target, cell, connected, sandbox, tmp_path
):
    connected.run(f"{cell}{program_runs.PROMPTS['quotes']}\n{program_runs.PROMPTS['shell']}").ok()
    sent = prompt_sent(sandbox)
    text = connected.run(f"%watsonx code --for {target}").ok().plain
    assert program_runs.run(text, target, sandbox, tmp_path).body == sent


@pytest.mark.parametrize("prompt", program_runs.PROMPTS.values(), ids=program_runs.PROMPTS)
def test_the_notebook_shows_a_program_as_it_is(prompt, connected, sandbox, tmp_path):
    connected.run(f"wx.ask({prompt!r}); None").ok()
    sent = prompt_sent(sandbox)
    for target in ("requests", "curl"):
        text = connected.run(f"%watsonx code --for={target}").ok().plain
        assert program_runs.run(text, target, sandbox, tmp_path).body == sent


def test_a_filled_in_prompt_is_printed_as_it_was_sent(connected):
    connected.run("unit = 'watt'").ok()
    connected.run("%%watsonx\nWhat is a {{ unit }}?").ok()
    assert '"content": "What is a watt?"' in connected.run("%watsonx code").ok().plain


def test_a_prompt_that_failed_can_be_a_program_too(connected, sandbox):
    sandbox.fault("500", times=None)
    assert connected.run("%%watsonx\nWill it fail?").error
    assert "Will it fail?" in connected.run("%watsonx code").ok().plain


def test_no_value_of_the_session_leaves_the_kernel(connected, sandbox):
    connected.run("%%watsonx\nhello").ok()
    for target in ("sdk", "langchain", "openai", "requests", "curl"):
        ran = connected.run(f"%watsonx code --for {target}").ok()
        for value in (sandbox.api_key, sandbox.project_id, sandbox.url):
            assert value not in ran.everything


def test_with_cell_it_is_put_into_the_next_cell_and_not_run(connected, sandbox):
    connected.run("%%watsonx\nhello").ok()
    before = len(sandbox.calls)
    ran = connected.run("%watsonx code --cell").ok()
    (payload,) = ran.reply["payload"]
    assert payload["source"] == "set_next_input"
    assert payload["text"].startswith("# A prompt of wx_notebook.")
    assert ran.plain == ""
    (payload,) = connected.run("%watsonx code --for curl --cell").ok().reply["payload"]
    assert payload["text"].startswith("%%bash\n#!/bin/sh\n")
    assert len(sandbox.calls) == before


def test_before_the_first_prompt_it_says_what_to_do(kernel):
    kernel.run("from wx_notebook.session.process import HISTORY as _h; _h.clear()").ok()
    assert kernel.run("%watsonx code").error == [
        "BadOption: There is no prompt yet to write a program from.",
        "Next: run a %%watsonx cell, then %watsonx code",
    ]


def test_after_a_logout_it_is_printed_for_ibm_cloud(connected):
    connected.run("%%watsonx\nhello").ok()
    connected.run("%watsonx logout").ok()
    said = connected.run("%watsonx code --for requests").ok().plain
    assert "https://iam.cloud.ibm.com/identity/token" in said


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("--for sdkk", "Next: %watsonx code --for sdk|langchain|openai|requests|curl"),
        ("--for", "Next: %watsonx help code"),
        ("--form sdk", "Next: %watsonx help code"),
        ("sdk", "Put a name with blanks in quotes. Next: %watsonx help code"),
        ("--cell=1", "Next: %watsonx code --cell"),
    ],
)
def test_a_wrong_line_is_one_error_with_what_to_type(line, last, connected):
    connected.run("%%watsonx\nhello").ok()
    ran = connected.run(f"%watsonx code {line}")
    assert ran.error[0].startswith("BadOption:")
    assert ran.error[-1] == last
    assert len(ran.error) <= 6


def test_a_prompt_that_cannot_be_sent_that_way_says_which_way_can(connected):
    connected.run("%%watsonx --generate\nhello").ok()
    ran = connected.run("%watsonx code --for openai")
    assert ran.error[-1].startswith("Next: %watsonx code --for sdk")
