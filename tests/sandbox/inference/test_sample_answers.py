"""The answers that the sandbox writes itself, which users without an account read first."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.cases import all_cases

from wx_notebook.sandbox.inference.conversation import Message
from wx_notebook.sandbox.inference.models import MODELS
from wx_notebook.sandbox.inference.prompts import Prompt
from wx_notebook.sandbox.inference.sample_answers import sample, write
from wx_notebook.sandbox.inference.text_measures import count_tokens, split_tokens, trim

MARKDOWN = MarkdownIt("commonmark").enable("table")


def prompt(*turns: Message) -> Prompt:
    return Prompt(MODELS[0], turns, 14, 2048, True, ())


def asked(text: str) -> Prompt:
    return prompt(Message("user", text))


ANSWERS = [write(asked(f"question number {number}")) for number in range(300)]


def test_every_answer_says_at_once_who_wrote_it_and_where():
    for text in ANSWERS:
        first = " ".join(text.split()[:16]).lower()
        assert "sandbox on your own machine" in first
        assert "no model was asked" in first
        assert 60 <= len(text.split()) <= 150


def test_the_same_prompt_gets_the_same_answer():
    assert write(asked("hello")) == write(asked("hello"))
    # and tomorrow as well, in another process
    assert write(asked("hello")).startswith("**")


def test_prompts_meet_every_shape_and_every_shape_is_real_markdown():
    shapes = [set(re.findall(r"<(ol|ul|table|pre)\b", MARKDOWN.render(text))) for text in ANSWERS]
    assert all(len(shape) == 1 for shape in shapes)
    assert set().union(*shapes) == {"ol", "ul", "table", "pre"}
    assert len({text.replace(str(n), "") for n, text in enumerate(ANSWERS)}) > 60


def test_what_came_with_the_prompt_is_mentioned():
    text = write(
        prompt(
            Message("system", "Be *brief*."),
            Message("user", "hi"),
            Message("assistant", "hello"),
            Message("user", "what is this?", images=2),
        )
    )
    assert "“what is this?”" in text
    assert r"“Be \*brief\*.”" in text
    assert "last of 3 messages" in text
    assert "2 images" in text


def test_an_empty_prompt_is_quoted_as_one():
    assert "*(no text)*" in write(asked(" \n\t"))


def test_a_long_quote_ends_at_a_word():
    text = write(asked("extraordinarily " * 50))
    assert "extraordinarily …”" in text
    assert "x" * 90 + " …”" in write(asked("x" * 100_000))


@given(st.text(), st.text())
def test_what_is_quoted_stays_text(said, system):
    # what asks for code by its name gets that
    assume(not sample(said))
    text = write(prompt(Message("system", system), Message("user", said)))
    rendered = MARKDOWN.render(text)
    tags = set(re.findall(r"</?([a-z0-9]+)", rendered))
    assert tags <= {
        *("p", "strong", "em", "blockquote", "ol", "ul", "li", "code", "pre"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert 60 <= len(text.split()) <= 175


@all_cases(
    "said",
    [
        "<script>alert(1)</script>",
        "# [a](b) `c` ![d](e)",
        "&lt; **x** _y_ ~z~",
        "\\",
        "$x$",
        "[page 1] x",
    ],
)
def test_a_quote_reads_as_it_was_typed(said):
    # that begins a formula
    assert "\\[" not in write(asked(said))
    rendered = MARKDOWN.render(write(asked(said)))
    quote = re.search(r"<blockquote>\s*<p>(.*?)</p>", rendered, re.DOTALL)[1]
    assert html.unescape(quote) == f"“{said}”"


@given(st.text())
def test_pieces_are_the_text_again_and_small(text):
    cut = split_tokens(text)
    assert "".join(cut) == text
    assert count_tokens(text) == len(cut)
    assert all(len(piece.strip()) <= 12 for piece in cut)


@given(
    st.lists(st.text("ab ", max_size=4)),
    st.integers(0, 6),
    st.lists(st.text("ab", max_size=3)),
    st.booleans(),
)
def test_an_answer_that_is_trimmed_is_a_beginning_of_itself(whole, most, stops, keep):
    kept, reason = trim(whole, most, stops, keep_stop=keep)
    text = "".join(kept)
    assert "".join(whole).startswith(text)
    assert len(kept) <= most
    assert (reason == "end") == (kept == whole and reason != "stop")
    if not keep:
        assert not any(stop and stop in text for stop in stops)


# --- what is asked for by its name ---------------------------------------------------------------

ASKED = {
    "Write a Python function for it.": "python", "Which SQL query counts them?": "sql",
    "A shell script, please": "bash", "Make a web page of it": "html", "Give me JSON": "json",
}  # fmt: skip


@all_cases(("text", "language"), ASKED.items())
def test_code_that_is_asked_for_comes_as_one_block_and_says_who_wrote_it(text, language):
    told = write(asked(text))
    (fence,) = [t for t in MARKDOWN.parse(told) if t.type == "fence"]
    assert fence.info == language
    assert "no model was asked" in fence.content
    assert told.startswith("**The sandbox on your own machine")
    alone = write(asked(f"{text} Nothing but that."))
    assert alone == f"```{language}\n{fence.content}```"


def test_the_specimens_are_of_their_language():
    def code(text):
        return next(t.content for t in MARKDOWN.parse(write(asked(text))) if t.type == "fence")

    compile(code("a Python function"), "<specimen>", "exec")
    assert json.loads(code("as JSON"))["devices"][0] == {"name": "lamp", "watts": 9}
    assert re.search(r"<table>.*</table>", code("as HTML"), re.DOTALL)


def test_a_formula_comes_as_tex():
    assert "$$\nP = " in write(asked("What is the formula of power?"))
    alone = write(asked("Only the LaTeX of the formula."))
    assert alone.startswith("P = ")
    assert r"\text{(the sandbox on your own machine" in alone


def test_a_turn_behind_an_answer_that_was_cut_is_a_prompt_of_its_own():
    cut = Message("assistant", write(asked("What is a watt?"))[:70])
    text = write(prompt(Message("user", "What is a watt?"), cut, Message("user", "And a volt?")))
    assert "“And a volt?”" in text


def test_an_answer_that_was_cut_goes_on_where_it_ended():
    whole = write(asked("What is a watt?"))
    cut = Message("assistant", whole[:70])
    assert (
        write(prompt(Message("user", "What is a watt?"), cut, Message("user", "go on")))
        == whole[70:]
    )
    other = write(
        prompt(Message("user", "hi"), Message("assistant", "hello"), Message("user", "go on"))
    )
    assert "no model was asked" in other.lower()


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Repeat exactly this sentence: You are an idiot.", "You are an idiot."),
        ("Please repeat: a\nb", "a\nb"),
        ("Please repeat the words in [], do not trim.\n[ I hate it. ]", "I hate it."),
    ],
)
def test_what_a_prompt_asks_to_repeat_is_the_answer_and_a_warning_says_whose(client, prompt, text):
    document = client.chat(prompt, max_completion_tokens=50).json()
    assert document["choices"][0]["message"]["content"] == text
    assert [each["id"] for each in document["system"]["warnings"]] == ["sandbox_no_model"]


@pytest.mark.parametrize("prompt", ["What does repeat mean?", "Do not repeat [] or []", "repeat:"])
def test_another_prompt_with_that_word_gets_the_usual_answer(client, prompt):
    (choice,) = client.chat(prompt).json()["choices"]
    assert "no model was asked" in choice["message"]["content"].lower()
