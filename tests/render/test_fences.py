"""A block of Markdown keeps the blocks inside it; an answer that is one document is rendered."""

from __future__ import annotations

import re

from allowed_html import check_html
from support.cases import all_cases

from wx_notebook.render import answer_html, fenced_code, markdown_html, partial_html

EXAMPLE = """Here:

```markdown
# Title

```python
x = 1
```

More.
```

That is all.
"""


def blocks(text: str, show=markdown_html) -> list[str]:
    """The first words of each outermost block: `pre` and its text, or the text of a paragraph."""
    html = show(text).partition(">")[2].removesuffix("</div>")
    found = re.findall(r"<(pre|p|h1)\b[^>]*>(.*?)</\1>", html, re.DOTALL)
    return [f"{tag}: {re.sub('<[^>]*>', '', inside).strip()}" for tag, inside in found]


INSIDE = "# Title\n\n```python\nx = 1\n```\n\nMore."


def test_a_block_of_markdown_ends_at_its_own_fence_and_the_sentence_behind_it_is_text():
    assert blocks(EXAMPLE) == ["p: Here:", f"pre: {INSIDE}", "p: That is all."]


@all_cases(
    ("text", "inside"),
    [
        (EXAMPLE.replace("markdown", "md"), INSIDE),
        (EXAMPLE.replace("markdown", "Markdown title=README.md"), INSIDE),
        (EXAMPLE.replace("```", "~~~"), INSIDE.replace("```", "~~~")),
        (EXAMPLE.replace("```", "````"), INSIDE.replace("```", "````")),
        (EXAMPLE.replace("```\n\nThat", "```\nThat"), INSIDE),
        (EXAMPLE.replace("More.\n", ""), INSIDE.replace("\n\nMore.", "")),
        (EXAMPLE.replace("More.", "```sh\ny\n```\n\n```md\n```js\nz\n```\n```"), None),
        ("Here:\n\n```md\n## Tree\n\n```\na/\n  b\n```\n\nEnd\n```\n\nThat is all.", None),
        ("Here:\n\n```md\nRun:\n```\nmake\n```\n```\nThat is all.", "Run:\n```\nmake\n```"),
        ("Here:\n\n````md\n```\na\n```\n````\nThat is all.", "```\na\n```"),
        ("Here:\n\n```md\n# T\n\n```\nThat is all.", "# T"),
    ],
    ids=[
        "md", "with a title", "tildes", "longer", "text at once", "no blank", "several and nested",
        "bare inside", "bare after a colon", "bare in a longer one", "blank before the end",
    ],
)  # fmt: skip
def test_so_does_every_sibling_of_it(text, inside):
    first, block, last = blocks(text)
    assert (first, last) == ("p: Here:", "p: That is all.")
    assert inside is None or block == f"pre: {inside}"


def test_in_a_list_and_in_a_quote_it_does_so_too():
    in_item = "- a\n\n" + "".join(f"  {line}\n" for line in EXAMPLE.split("\n")) + "\n- b"
    assert blocks(in_item)[2:4] == [f"pre: {INSIDE}", "p: That is all."]
    in_quote = "".join(f"> {line}\n" for line in EXAMPLE.split("\n"))
    assert blocks(in_quote) == ["p: Here:", f"pre: {INSIDE}", "p: That is all."]


def test_a_block_of_another_language_ends_as_commonmark_says():
    assert blocks("```python\n'''\n```\n\ntext") == ["pre: '''", "p: text"]
    assert blocks("```\n```python\n```\n\ntext") == ["pre: ```python", "p: text"]


def test_no_frame_takes_a_word_of_it_for_text():
    for end in range(EXAMPLE.index("# Title") + 1, EXAMPLE.index("That")):
        shown = blocks(EXAMPLE[:end], partial_html)
        assert len(shown) <= 2, EXAMPLE[:end]
        assert INSIDE.startswith(shown[-1].removeprefix("pre: ")) or len(shown) == 1
    for end in range(EXAMPLE.index("That") + 2, len(EXAMPLE)):
        assert blocks(EXAMPLE[:end], partial_html)[1] == f"pre: {INSIDE}"


def test_a_frame_waits_for_the_line_that_tells_what_a_bare_fence_is():
    text = "Here:\n\n```md\n## Tree\n\n```\nmy project/\n  b\n```\n"
    for end in range(text.index("```\nmy"), text.index("/\n  b") + 1):
        assert blocks(text[:end], partial_html) == ["p: Here:", "pre: ## Tree"]
    assert blocks(text, partial_html)[1].startswith("pre: ## Tree\n\n```\nmy project/\n  b\n```")


def test_the_code_of_such_an_answer_is_the_whole_block():
    code = fenced_code(EXAMPLE)
    assert code is not None
    assert (code.language, code.text) == ("markdown", INSIDE)


# --- an answer that is one document -------------------------------------------------------------

DOCUMENT = "```markdown\n# Title\n\n```python\nx = 1\n```\n\n**More**\n```"


@all_cases(
    "text",
    [
        DOCUMENT, DOCUMENT + "\n\n", "\n" + DOCUMENT, DOCUMENT.replace("markdown", "md"),
        DOCUMENT.replace("markdown", " Markdown "), DOCUMENT.replace("```", "~~~"),
        DOCUMENT.replace("```", "````"), DOCUMENT.removesuffix("\n```"), DOCUMENT[:-1],
    ],
)  # fmt: skip
@all_cases("format_", ["auto", "markdown"])
def test_an_answer_that_is_one_fenced_document_is_rendered(text, format_):
    html = answer_html(text, format=format_)
    assert "<h1>Title</h1>" in html
    assert "<strong>More</strong>" in html
    assert 'class="language-python"' in html
    assert "```" not in check_html(html).text


@all_cases(
    "text",
    [
        DOCUMENT.replace("markdown", "python"), DOCUMENT.replace("markdown", ""),
        DOCUMENT.replace("markdown", "text"), DOCUMENT + "\n\nThat is the file.",
        DOCUMENT.replace("markdown", "makefile"), DOCUMENT.replace("markdown", "mermaid"),
        "Here it is:\n\n" + DOCUMENT, DOCUMENT + "\n\n" + DOCUMENT,
    ],
)  # fmt: skip
def test_an_answer_that_is_something_else_shows_its_source(text):
    assert "<h1>Title</h1>" not in answer_html(text)


def test_while_it_arrives_it_is_rendered_as_well():
    shown = ""
    for end in range(len("```markdown\n# T"), len(DOCUMENT) + 1):
        now = " ".join(check_html(partial_html(DOCUMENT[:end]), typeset=False).text.split())
        assert now.startswith(shown), DOCUMENT[:end]
        shown = now
    assert shown == "Title x = 1 More"
