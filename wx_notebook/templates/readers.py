"""Documents of other programs as text: PDF, Word, PowerPoint, Excel, HTML.

The readers come with the extra `documents` (47 MB with what they need): pypdfium2 (Google's PDFium;
BSD-3-Clause and Apache-2.0), python-docx, python-pptx, openpyxl and markdownify (MIT). Of the
readers for PDF, PyMuPDF is AGPL, pypdf and pdfminer.six read columns worse and take many times as
long; docling and markitdown bring more than 100 MB of models and libraries along.
"""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, mask_all_keys
from wx_notebook.templates.estimate import estimate_tokens

#: Tokens of a document in a prompt, unless a filter asks for a number of pages.
DOCUMENT_BUDGET = 8_000
#: Bytes of a file, and of all that is packed in it.
_LARGEST_FILE, _LARGEST_CONTENT = 100_000_000, 400_000_000
_MOST_ROWS = 20_000
_MOST_SECTIONS = 5_000


class Section(NamedTuple):
    """A page, a slide or a sheet: its mark, such as "page 3", and its text; "" for no mark."""

    mark: str
    text: str


class Reader(NamedTuple):
    """What reads one kind of file: its package, the function, and what its sections are called."""

    package: str
    read: Callable[[Path], Iterator[Section]]
    sections: str


class ReadDocument(NamedTuple):
    """The part of a document that is sent, and what of it is left out."""

    text: str
    sends: str
    cut: str


def reader_of(path: Path, start: bytes) -> Reader | None:
    """Return the reader of a file by its first bytes and its name, None if there is none."""
    suffix = path.suffix.lower()
    if start.startswith(b"%PDF-"):
        return _READERS[".pdf"]
    if start.startswith(b"PK\x03\x04"):
        return _READERS.get(suffix) if suffix in (".docx", ".pptx", ".xlsx", ".xlsm") else None
    is_html = suffix in (".html", ".htm") and b"\0" not in start
    return _READERS[".html"] if is_html else None


def read_document(path: Path, reader: Reader, pages: int | None = None) -> ReadDocument:
    """Return a document as text, its first `pages`, or as much as the budget allows.

    Raises
    ------
    BadOption
        The extra is not installed, or the file is encrypted, damaged, too large, or has no text.
    """
    _check(path, reader)
    failure = ""
    try:
        found = _within(reader.read(path), pages)
    except BadOption:
        raise
    except Exception as error:  # noqa: BLE001  # a file from anywhere, read by libraries of others
        failure = mask_all_keys(f"{type(error).__name__}: {error}".split("\n")[0])[:200]
    if failure:
        raise _unreadable(path, failure)
    sent, is_whole, has_more = found
    text = "\n\n".join(
        f"[{section.mark}]\n{section.text}" if section.mark else section.text for section in sent
    ).strip()
    if not any(section.text.strip() for section in sent):
        is_pdf = reader is _READERS[".pdf"]
        raise BadOption(
            f"{path} contains no text{': it may be a scan' if is_pdf else ''}.",
            hint="Send its pages as pictures, with --image." if is_pdf else "Look into the file.",
        )
    name, number = path.name, len(sent)
    count = f"{number:,} {reader.sections}{'' if number == 1 else 's'}" if sent[0].mark else "all"
    cut = []
    if has_more:
        why = "as asked" if pages is not None else f"within {DOCUMENT_BUDGET:,} tokens"
        cut.append(f"{name} behind {sent[-1].mark or 'its beginning'} ({why})")
    elif not is_whole:
        cut.append(f"the end of {name} (within {DOCUMENT_BUDGET:,} tokens)")
    sends = f"{count} of {name}" if sent[0].mark else f"the text of {name}"
    return ReadDocument(text, sends, ", ".join(cut))


def _within(sections: Iterator[Section], pages: int | None) -> tuple[list[Section], bool, bool]:
    """Return the sections that are sent, whether the last one is whole, and whether more follow."""
    sent: list[Section] = []
    left = DOCUMENT_BUDGET
    for section in sections:
        if len(sent) >= (_MOST_SECTIONS if pages is None else pages):
            return sent, True, True
        tokens = estimate_tokens(section.text)
        if pages is None and tokens > left:
            part = _beginning(section.text, left)
            # a page of which nothing fits is not begun, unless it is the first one
            if part or not sent:
                sent.append(section._replace(text=part))
            has_more = next(sections, None) is not None or not part
            return sent, False, has_more
        left -= tokens
        sent.append(section)
    return sent or [Section("", "")], True, False


def _beginning(text: str, budget: int) -> str:
    """Return the lines of a text that fit into a budget."""
    lines: list[str] = []
    for line in text.split("\n"):
        budget -= estimate_tokens(line + "\n")
        if budget < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _check(path: Path, reader: Reader) -> None:
    if importlib.util.find_spec(reader.package) is None:
        raise BadOption(
            f"Reading {path} needs the package {reader.package}, which is not installed here.",
            hint="Next: pip install 'wx-notebook[documents]' (in a notebook: %pip), then run the "
            "cell again.",
        )
    size = path.stat().st_size
    if size > _LARGEST_FILE:
        raise BadOption(
            f"{path} has {size:,} bytes, and a document of at most {_LARGEST_FILE:,} is read.",
            hint="Save the pages that you need as a file of their own.",
        )


def _check_archive(path: Path) -> None:
    """Refuse an archive whose content is a bomb."""
    with zipfile.ZipFile(path) as archive:
        whole = sum(entry.file_size for entry in archive.infolist())
    if whole > _LARGEST_CONTENT:
        raise BadOption(
            f"{path} unpacks to {whole:,} bytes, which is too much.",
            hint="Save the part that you need as a file of its own.",
        )


def _unreadable(path: Path, failure: str) -> BadOption:
    if "password" in failure.lower():
        return BadOption(
            f"{path} is encrypted.", hint="Save a copy without its password, and use that."
        )
    return BadOption(
        f"{path} cannot be read as a document ({failure}).",
        hint="Open it in its own program and save it again.",
    )


# --- the readers --------------------------------------------------------------------------------


def _pdf(path: Path) -> Iterator[Section]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        for number in range(len(document)):
            page = document[number]
            text_page = page.get_textpage()
            text = text_page.get_text_bounded().replace("\r\n", "\n").replace("\ufffe", "-")
            text_page.close()
            page.close()
            yield Section(f"page {number + 1}", text.strip())
    finally:
        document.close()


def _docx(path: Path) -> Iterator[Section]:
    import docx
    from docx.table import Table

    _check_archive(path)
    lines: list[str] = []
    for block in docx.Document(str(path)).iter_inner_content():
        if isinstance(block, Table):
            lines += [*_rows([cell.text for cell in row.cells] for row in block.rows), ""]
            continue
        level = _heading_level(block.style.name if block.style is not None else "")
        text = block.text.strip()
        if text:
            lines += [f"{'#' * level} {text}" if level else text, ""]
    # a Word document has no pages before it is laid out
    yield Section("", "\n".join(lines).strip())


def _heading_level(style: str | None) -> int:
    name, _, number = (style or "").partition(" ")
    if name == "Title":
        return 1
    return min(int(number), 6) if name == "Heading" and number.isdecimal() else 0


def _pptx(path: Path) -> Iterator[Section]:
    import pptx

    _check_archive(path)
    for number, slide in enumerate(pptx.Presentation(str(path)).slides, 1):
        lines: list[str] = []
        for shape in _ungrouped(slide.shapes):
            if shape.has_text_frame:
                lines.append(shape.text_frame.text.strip())
            elif getattr(shape, "has_table", False):
                rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
                lines += _rows(rows)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            lines += [f"Notes: {notes}"] if notes else []
        yield Section(f"slide {number}", "\n".join(filter(None, lines)))


def _ungrouped(shapes: Any) -> Iterator[Any]:  # noqa: ANN401  # shapes of python-pptx
    for shape in shapes:
        yield from _ungrouped(shape.shapes) if hasattr(shape, "shapes") else [shape]


def _xlsx(path: Path) -> Iterator[Section]:
    import openpyxl

    _check_archive(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            rows: list[list[str]] = []
            for number, row in enumerate(sheet.iter_rows(values_only=True)):
                if number >= _MOST_ROWS:
                    rows.append([f"(the rows behind the first {_MOST_ROWS:,} are left out)"])
                    break
                cells = ["" if value is None else str(value) for value in row]
                if any(cells):
                    rows.append(cells)
            yield Section(f"sheet {sheet.title}", "\n".join(_rows(rows)))
    finally:
        book.close()


def _html(path: Path) -> Iterator[Section]:
    import markdownify
    from bs4 import BeautifulSoup

    page = BeautifulSoup(path.read_bytes(), "html.parser")
    for hidden in page(["script", "style", "noscript", "template", "svg", "head", "iframe"]):
        hidden.decompose()
    text = markdownify.MarkdownConverter(heading_style="ATX", strip=["img"]).convert_soup(page)
    lines = (line.rstrip() for line in text.split("\n"))
    squeezed: list[str] = []
    for line in lines:
        if line or (squeezed and squeezed[-1]):
            squeezed.append(line)
    yield Section("", "\n".join(squeezed).strip())


def _rows(rows: Any) -> list[str]:  # noqa: ANN401  # rows of cells
    """Return the rows of a table as CSV, without empty columns at its right."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        cells = [" ".join(str(cell).split()) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        writer.writerow(cells)
    return out.getvalue().rstrip("\n").split("\n")


_READERS: Mapping[str, Reader] = {
    ".pdf": Reader("pypdfium2", _pdf, "page"),
    ".docx": Reader("docx", _docx, "part"),
    ".pptx": Reader("pptx", _pptx, "slide"),
    ".xlsx": Reader("openpyxl", _xlsx, "sheet"),
    ".xlsm": Reader("openpyxl", _xlsx, "sheet"),
    ".html": Reader("markdownify", _html, "part"),
}
