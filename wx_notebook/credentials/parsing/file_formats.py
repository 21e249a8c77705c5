"""The text of a file of credentials: its encoding, or what the file is if it has no such text."""

from __future__ import annotations

import codecs
import re

#: Beginnings of files that people give where a file with a key is wanted, and what those are.
_BINARY = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "a database"),
    (b"bplist00", "a binary property list"),
    (b"\0GITCRYPT", "encrypted with git-crypt"),
    (b"Salted__", "encrypted with OpenSSL"),
)
_TEXT = (
    (r"\{\\rtf", "a document in RTF"),
    (r"(?:<!doctype\s+html|<html|<head|<body)", "a web page, perhaps the page of a sign-in"),
    (r"<\?xml|<plist|<!doctype", "an XML document"),
    (r"-----BEGIN PGP", "encrypted with PGP"),
    (r"-----BEGIN", "a certificate or a key in PEM form"),
    (r"\$ANSIBLE_VAULT", "encrypted with Ansible Vault"),
    (r"version https://git-lfs", "a pointer of Git LFS; run: git lfs pull"),
    (r"ssh-(?:rsa|ed25519)\s", "an SSH key"),
)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def recognise_bytes(data: bytes) -> str:
    """Return what a file is, if it is plainly no text; "" for a text."""
    for start, kind in _BINARY:
        if data.startswith(start):
            return kind
    if data.startswith(b"PK\x03\x04"):
        parts = {b"word/": "a Word document", b"xl/": "an Excel workbook", b"ppt/": "slides",
                 b"opendocument": "an OpenDocument file"}  # fmt: skip
        return next((kind for part, kind in parts.items() if part in data), "a zip archive")
    return "a binary file" if _encoding(data) == "" else ""


def decode(data: bytes) -> str:
    """Return the text of bytes that `recognise_bytes` takes for a text.

    Windows writes UTF-16 (PowerShell's `>`) and cp1252; a byte that cp1252 lacks becomes U+FFFD.
    """
    encoding = _encoding(data)
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def recognise_text(text: str) -> str:
    """Return what a text is, if it is plainly no file of credentials; "" if it may be one."""
    beginning = text.lstrip("\ufeff \t\r\n")[:200]
    return next((kind for start, kind in _TEXT if re.match(start, beginning, re.IGNORECASE)), "")


def is_kubernetes_secret(text: str) -> bool:
    """Return whether a text is a Kubernetes Secret with base64 values."""
    is_secret = re.search(
        r"^[\s{]*[\"']?kind[\"']?\s*:\s*[\"']?Secret\b", text[:20_000], re.MULTILINE
    )
    has_data = re.search(r"^[\s{]*[\"']?data[\"']?\s*:", text[:20_000], re.MULTILINE)
    return is_secret is not None and has_data is not None


def _encoding(data: bytes) -> str:
    """Return the encoding of a text, "" for bytes that are not text."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding
    head = data[:4_000]
    if b"\0" not in head:
        return "utf-8-sig"
    # without a mark at the beginning: each second byte of UTF-16 in Latin letters is zero
    half = len(head) // 2 or 1
    if head[1::2].count(0) > 0.9 * half and head[::2].count(0) == 0:
        return "utf-16-le"
    if head[::2].count(0) > 0.9 * half and head[1::2].count(0) == 0:
        return "utf-16-be"
    return ""
