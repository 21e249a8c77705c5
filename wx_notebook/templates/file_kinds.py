"""What a file is, by its first bytes: pictures, documents and archives are no text."""

from __future__ import annotations

import re
from typing import NamedTuple

#: What can be put into a prompt instead.
PROMPT_TAKES = "A prompt takes texts, numbers, lists, dicts, tables, pictures and text files."
_AS_TEXT = "Read its text with a library for it in its own cell, and use {{ text }}."
_AS_TABLE = "Read it as a table in its own cell, df = pandas.read_{}(...), and use {{{{ df }}}}."
_SHOWN = "Give it with --image, or in a placeholder of its own, without a filter: {{ picture }}"
_HEARD = "Write down in words what is said in it."
_UNPACK = "Unpack it in its own cell, and use a text file of it."


class FileKind(NamedTuple):
    """A kind of file with its article, "a PNG picture", and what to do with one."""

    article_and_name: str
    hint: str


#: The first bytes of a file -> its kind; sources: the formats' own specifications.
_KINDS = (
    (rb"\x89PNG\r\n\x1a\n", FileKind("a PNG picture", _SHOWN)),
    (rb"\xff\xd8\xff", FileKind("a JPEG picture", _SHOWN)),
    (rb"GIF8[79]a", FileKind("a GIF picture", _SHOWN)),
    (rb"RIFF.{4}WEBP", FileKind("a WebP picture", _SHOWN)),
    (rb"(?:II\*\0|MM\0\*)", FileKind("a TIFF picture", _SHOWN)),
    (rb"BM.{4}\0{4}", FileKind("a BMP picture", _SHOWN)),
    (rb".{4}ftyp(?:heic|heix|mif1|avif)", FileKind("a HEIC or AVIF picture", _SHOWN)),
    (rb".{4}ftyp", FileKind("an MP4 recording", _HEARD)),
    (rb"(?:RIFF.{4}WAVE|ID3|OggS|fLaC)", FileKind("a sound recording", _HEARD)),
    (rb"%PDF-", FileKind("a PDF document", _AS_TEXT)),
    (rb"PAR1", FileKind("a Parquet table", _AS_TABLE.format("parquet"))),
    (rb"ARROW1", FileKind("an Arrow table", _AS_TABLE.format("feather"))),
    (rb"SQLite format 3\0", FileKind("an SQLite database", _AS_TABLE.format("sql"))),
    (rb"\xd0\xcf\x11\xe0", FileKind("an old Office document", _AS_TEXT)),
    (rb"(?:\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf)", FileKind("a compressed file", _UNPACK)),
)
_ZIP = b"PK\x03\x04"
#: By the end of its name: what a ZIP archive really is.
_ZIPPED = {
    ".docx": FileKind("a Word document", _AS_TEXT),
    ".pptx": FileKind("a PowerPoint document", _AS_TEXT),
    ".odt": FileKind("an OpenDocument text", _AS_TEXT),
    ".epub": FileKind("an e-book", _AS_TEXT),
    ".xlsx": FileKind("an Excel table", _AS_TABLE.format("excel")),
    ".ods": FileKind("an OpenDocument table", _AS_TABLE.format("excel")),
}


def kind_of_bytes(start: bytes, suffix: str = "") -> FileKind | None:
    """Return the kind of a file that is no text, None for any other.

    Parameters
    ----------
    start
        Its first 64 bytes.
    suffix
        The end of its name, ".docx", which tells ZIP archives apart.
    """
    if start.startswith(_ZIP):
        return _ZIPPED.get(suffix.lower(), FileKind("a ZIP archive", _UNPACK))
    return next((kind for mark, kind in _KINDS if re.match(mark, start, re.DOTALL)), None)


def is_picture_file(start: bytes) -> bool:
    """Return whether a file with these first bytes is a picture; a text may begin like one."""
    kind = kind_of_bytes(start)
    if kind is None or kind.hint is not _SHOWN:
        return False
    try:
        start.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in start
