"""Documents of other programs in a placeholder: their text, their pages, and what is left out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdfium2
import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.templates import fill_placeholders, readers


def pdf(path, pages, **style):
    with PdfPages(path) as book:
        for text in pages:
            figure = Figure()
            figure.text(0.1, 0.1, text, **style)
            book.savefig(figure)
    return path


def filled(path, typed="{{ doc }}"):
    return fill_placeholders(typed, {"doc": Path(path)})


@pytest.fixture
def report(tmp_path):
    return pdf(tmp_path / "report.pdf", [f"This is page {n}.\nCafé" for n in range(1, 31)])


def test_a_pdf_is_its_text_with_a_mark_before_each_page(report):
    prompt = filled(report, "Sum up: {{ doc }}!")
    assert prompt.text.startswith("Sum up: [page 1]\nThis is page 1.\nCafé\n\n[page 2]\nThis is")
    assert prompt.text.endswith("[page 30]\nThis is page 30.\nCafé!")
    assert prompt.placeholders[0].document.sends == "30 pages of report.pdf"
    assert prompt.placeholders[0].document.cut == ""


def test_a_filter_takes_the_first_pages(report):
    prompt = filled(report, "{{ doc | pages(2) }}")
    assert prompt.text == "[page 1]\nThis is page 1.\nCafé\n\n[page 2]\nThis is page 2.\nCafé"
    assert prompt.placeholders[0].document.cut == "report.pdf behind page 2 (as asked)"
    assert filled(report, "{{ doc | pages(1) | upper }}").text == "[PAGE 1]\nTHIS IS PAGE 1.\nCAFÉ"
    with pytest.raises(BadOption, match="pages\\(N\\) works only on documents"):
        fill_placeholders("{{ a | pages(2) }}", {"a": "text"})


@pytest.mark.slow
def test_a_long_document_is_cut_within_the_budget_and_that_is_told(tmp_path):
    words = "word " * 40
    long = pdf(tmp_path / "long.pdf", ["\n".join([words] * 40)] * 8, fontsize=2)
    prompt = filled(long)
    assert 7_000 < readers.estimate_tokens(prompt.text) < readers.DOCUMENT_BUDGET + 100
    (cut,) = prompt.notes_on_sent
    assert cut.startswith("left out of the prompt: long.pdf behind page ")
    assert cut.endswith("(within 8,000 tokens)")
    assert filled(long, "{{ doc | pages(8) }}").text.count("[page ") == 8


def test_a_word_document_has_its_headings_and_tables(tmp_path):
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("Sales", 2)
    document.add_paragraph("They grew.")
    table = document.add_table(2, 2)
    for at, text in enumerate(["year", "sold", "2026", "3, at most"]):
        table.cell(at // 2, at % 2).text = text
    document.add_paragraph("The end.")
    document.save(tmp_path / "a.docx")
    assert filled(tmp_path / "a.docx").text == (
        '# Report\n\n## Sales\n\nThey grew.\n\nyear,sold\n2026,"3, at most"\n\nThe end.'
    )


def test_slides_have_a_mark_and_their_notes(tmp_path):
    show = pptx.Presentation()
    for title in ("First", "Second"):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "a point"
    slide.notes_slide.notes_text_frame.text = "say this"
    show.save(tmp_path / "a.pptx")
    assert filled(tmp_path / "a.pptx").text == (
        "[slide 1]\nFirst\na point\n\n[slide 2]\nSecond\na point\nNotes: say this"
    )


def test_the_words_of_a_group_on_a_slide_are_read_too(tmp_path):
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    inner = slide.shapes.add_group_shape().shapes.add_group_shape()
    inner.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "deep inside"
    show.save(tmp_path / "a.pptx")
    assert filled(tmp_path / "a.pptx").text == "[slide 1]\ndeep inside"


def test_sheets_are_tables_with_the_values_that_excel_computed(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "2026"
    for row in (["item", "n", None], ["a, b", 2.5, None], [None, None, None]):
        book.active.append(row)
    book.create_sheet("Rest").append(["z"])
    book.save(tmp_path / "a.xlsx")
    prompt = filled(tmp_path / "a.xlsx")
    assert prompt.text == '[sheet 2026]\nitem,n\n"a, b",2.5\n\n[sheet Rest]\nz'
    assert prompt.placeholders[0].document.sends == "2 sheets of a.xlsx"


def test_a_page_of_the_web_is_its_text_without_scripts(tmp_path):
    page = tmp_path / "a.html"
    page.write_text(
        "<html><head><title>t</title><style>x{}</style></head><body><h1>Hi</h1>"
        "<p>a <b>bold</b> <a href='https://example.org'>link</a></p><script>evil()</script>"
        "<table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>"
    )
    text = filled(page).text
    assert text.startswith("# Hi\n\na **bold** [link](https://example.org)")
    assert "| k | v |" in text
    assert "evil" not in text


def encrypted(path):
    """A PDF whose pages are locked, as the specification's own example of an encryption dict."""
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
        b"4 0 obj<</Filter/Standard/V 1/R 2/O<"
        + b"31" * 32
        + b">/U<"
        + b"32" * 32
        + b">/P -4>>endobj\n"
        b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<3131><3131>]>>\n%%EOF\n"
    )
    return path


def blank(path):
    document = pypdfium2.PdfDocument.new()
    document.new_page(100, 100)
    document.save(path)
    return path


def without_words(path):
    path.write_text("<script>draw()</script>")
    return path


def bomb(path):
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(450):
            entry.write(b"\0" * 1_000_000)
    return path


def huge(path):
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n")
        file.truncate(200_000_000)
    return path


def nonsense(path):
    path.write_bytes({".pdf": b"%PDF-1.4\nreadable"}.get(path.suffix, b"PK\x03\x04\0"))
    return path


@all_cases(
    ("make", "name", "what"),
    [
        (encrypted, "a.pdf", "is encrypted."),
        (blank, "a.pdf", "contains no text: it may be a scan"),
        (without_words, "a.html", "a.html contains no text."),
        (huge, "a.pdf", "has 200,000,000 bytes"),
        (bomb, "a.docx", "unpacks to 450,000,000 bytes"),
        *((nonsense, f"a.{kind}", "cannot be read as a document")
          for kind in ("pdf", "docx", "pptx", "xlsx")),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_few_lines(tmp_path, make, name, what):
    with pytest.raises(BadOption) as caught:
        filled(make(tmp_path / name))
    assert what in caught.value.message
    assert caught.value.hint
    assert len(str(caught.value).split("\n")) <= 3


@all_cases("kind", ["pdf", "docx", "pptx", "xlsx", "html"])
def test_without_the_extra_the_error_says_what_to_install(tmp_path, monkeypatch, kind):
    path = nonsense(tmp_path / f"a.{kind}") if kind != "html" else tmp_path / "a.html"
    if kind == "html":
        path.write_text("<p>hi</p>")
    monkeypatch.setattr(readers.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BadOption, match="is not installed here") as caught:
        filled(path)
    assert "pip install 'wx-notebook[documents]'" in caught.value.hint


def test_nothing_of_a_reader_is_loaded_before_it_is_used():
    import subprocess
    import sys

    code = ("import sys, wx_notebook.templates as t; t.fill_placeholders('{{ a }}', {'a': 1}); "
            "print([m for m in ('pypdfium2', 'docx', 'pptx', 'openpyxl', 'bs4', 'PIL') "
            "if m in sys.modules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
