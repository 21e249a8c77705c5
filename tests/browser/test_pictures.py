"""The pictures of the README: made anew, and compared by the words that they show.

A picture holds its words in a text chunk, so that one that is out of date is found without looking
at its pixels. With `WX_PICTURES` set to a folder, the new ones stay there.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.forms import Form, opened

from wx_notebook.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from support.fronts import JupyterServer

#: Where pictures are to stay; read before a fixture clears the environment.
PICTURES = os.environ.get("WX_PICTURES", "")
THERE = Path(__file__).parents[2] / ".github" / "images"
NAMES = ("form-empty", "form-refused", "form-choosing", "form-connected", "form-choosing-dark")
pytestmark = pytest.mark.browser


def with_words(picture: bytes, words: str) -> bytes:
    """The PNG with its words in a text chunk, which stands behind the head."""
    body = b"iTXtwords\0\0\0\0\0" + words.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:33] + chunk + picture[33:]


def words_of(picture: bytes) -> str:
    at = picture.index(b"iTXtwords\0")
    length = struct.unpack(">I", picture[at - 4 : at])[0]
    return picture[at + 14 : at + 4 + length].decode()


def shown(form: Form) -> str:
    """What stands there, but for what differs from one sandbox to the next."""
    text = " ".join(form.root.inner_text().split())
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID", text)
    return re.sub(r"Request \S+", "Request ID", text)


def made(page: Page, server: JupyterServer, sandbox: Sandbox, folder: Path) -> dict[str, str]:
    page.set_viewport_size({"width": 900, "height": 700})
    lab, form = opened(page, server, "pictures.ipynb")
    words: dict[str, str] = {}

    def take(name: str) -> None:
        page.mouse.move(0, 0)
        page.wait_for_timeout(100)
        words[name] = shown(form)
        form.root.screenshot(path=folder / f"{name}.png", animations="disabled")

    take("form-empty")
    form.connect("w9" * 22, sandbox.url)
    form.done()
    take("form-refused")
    form.connect(sandbox.api_key, sandbox.url)
    form.options.first.wait_for()
    take("form-choosing")
    lab.theme("dark")
    take("form-choosing-dark")
    lab.theme("light")
    form.search.press("Enter")
    form.button("Change").wait_for()
    take("form-connected")
    return words


def test_the_pictures_of_the_readme_show_the_words_that_the_form_has_now(
    chromium, jupyter, sandbox, tmp_path
):
    sandbox.add_project("Customer letters")
    words = chromium.run(made, jupyter("lab"), sandbox, tmp_path)
    assert set(words) == set(NAMES)
    for name, text in words.items():
        picture = with_words((tmp_path / f"{name}.png").read_bytes(), text)
        assert 2_000 < len(picture) < 100_000
        if PICTURES:
            (Path(PICTURES) / f"{name}.png").write_bytes(picture)
        assert words_of((THERE / f"{name}.png").read_bytes()) == text, (
            f"{name}.png is out of date; WX_PICTURES=.github/images makes it anew"
        )


REVIEWS = [
    "The soup was cold.", "Best dumplings in town!", "Good food, slow service.",
    "We will come back.", "The waiter forgot us twice.", "Thank you for the tea!",
]  # fmt: skip
LABELS = ["bad", "good", "mixed", "good", "bad", "good"]
TABLE = (
    f"import pandas as pd\nreviews = pd.DataFrame({{'text': {REVIEWS!r}}})",
    """%%watsonx --each reviews --schema "sentiment: good|bad|mixed" --concurrency 1
Classify this review: {{ text }}""",
)


def labelled(page: Page, server: JupyterServer, sandbox: Sandbox, folder: Path) -> dict[str, str]:
    page.set_viewport_size({"width": 760, "height": 900})
    lab, form = opened(page, server, "table.ipynb", *TABLE)
    form.connect(sandbox.api_key, sandbox.url)
    form.options.first.wait_for()
    form.search.press("Enter")
    form.button("Change").wait_for()
    lab.run(2)
    lab.run(3, wait=False)
    progress = lab.wait_for_output(3, '{"sentiment"')
    lab.wait_for_output(3, "6 rows answered")
    lab.wait_until_idle()
    shown = lab.cell(3).locator(".jp-Cell-outputArea")
    page.mouse.move(0, 0)
    shown.screenshot(path=folder / "table.png", animations="disabled")
    words = " ".join(shown.inner_text().split())
    return {"progress": progress, "end": re.sub(r"\d+ s\b", "N s", words)}


def test_a_run_over_a_table_is_seen_and_its_picture_has_the_words_of_now(
    chromium, jupyter, tmp_path
):
    """A bar and the last answers while it runs; a line, a chart and the table at its end."""
    with Sandbox(words_per_second=5, requests_per_second=1_000) as sandbox:
        sandbox.say(*[f'{{"sentiment": "{label}"}}' for label in LABELS])
        words = chromium.run(labelled, jupyter("lab"), sandbox, tmp_path)
    assert re.search(r"\d+%\s+\d of 6 rows", words["progress"])
    assert re.search(r'row \d: {"sentiment"', words["progress"])
    assert "6 rows answered" in words["end"]
    for label in set(LABELS):
        counted = rf"{label} \S+ {LABELS.count(label)}\b"
        assert re.search(counted, words["end"]), "the chart counts its labels"
    picture = with_words((tmp_path / "table.png").read_bytes(), words["end"])
    if PICTURES:
        (Path(PICTURES) / "table.png").write_bytes(picture)
    assert words_of((THERE / "table.png").read_bytes()) == words["end"], (
        "table.png is out of date; WX_PICTURES=.github/images makes it anew"
    )
