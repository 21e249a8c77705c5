"""What looks like a key, and what does not: figures over random keys and public notebooks."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import string
import uuid
from pathlib import Path

import pytest
from support.guard import book, code, printed, shown

from wx_notebook.guard.patterns import find_lookalike_keys
from wx_notebook.guard.scan_files import combined_search, list_files, search_file

ROOT = Path(__file__).parents[2]
RANDOM = random.Random(20261125)


def words(number, alphabet=string.ascii_letters + string.digits):
    return "".join(RANDOM.choices(alphabet, k=number))


def digest(name, text, encode=base64.b64encode):
    return encode(hashlib.new(name, text.encode()).digest()).decode()


#: What public notebooks are full of, and is no key.
HARMLESS = {
    "base64 of pictures": lambda n: f'<img src="data:image/png;base64,{_base64(3000)}">',
    "base64 in lines": lambda n: "\n".join(_lines(_base64(1000 + n))),
    "the last line of base64": lambda n: "\n".join([*_lines(_base64(285)), words(44)]),
    "base64 of 32 bytes": lambda n: f'{{"digest": "{digest("sha256", str(n))}"}}',
    "a certificate": lambda n: (
        "-----BEGIN CERTIFICATE-----\n"
        + "\n".join(_lines(_base64(800 + n), 64))
        + "\n-----END CERTIFICATE-----"
    ),
    "hashes": lambda n: " ".join(hashlib.new(h, str(n).encode()).hexdigest() for h in HASHES),
    "UUIDs": lambda n: f"project_id = '{uuid.UUID(int=RANDOM.getrandbits(128))}'",
    "git SHAs": lambda n: f"git checkout {hashlib.sha1(str(n).encode()).hexdigest()}",
    "SRI": lambda n: f'integrity="sha256-{digest("sha256", str(n))}" x="sha384-'
                     f'{digest("sha384", str(n))}" y="sha512-{digest("sha512", str(n))}"',
    "docker images": lambda n: f"FROM x@sha256:{hashlib.sha256(str(n).encode()).hexdigest()}",
    "ids of Google's documents": lambda n: (
        f"SHEET = '1{words(43)}'\nhttps://docs.google.com/spreadsheets/d/1{words(43)}/edit#gid=0\n"
        f"!gdown --id 1{words(32)}\nhttps://drive.google.com/file/d/{words(44)}/view"
    ),
    "minified JavaScript": lambda n: f"!function(e,t){{var n=e.{words(3)};{words(6)}("
                                     f"'{words(20)}',function(){{return {words(5)}}})}}();" * 5,
    "long names": lambda n: "class AVeryLongNameOfAClassThatSomebodyOnceThoughtOf2Day: pass\n"
                            "my_function_with_a_name_of_forty_four_letters = 1",
    "paths": lambda n: f"/home/user/{words(44)}/x.csv s3://bucket/{words(44)} {words(44)}.parquet",
    "URLs": lambda n: f"https://example.com/{words(44)}?utm_source={words(12)}#{words(8)}",
    "numbers": lambda n: f"{RANDOM.random():.40f} 0x{RANDOM.getrandbits(200):x}",
    "DNA": lambda n: words(44, "ACGT") + " " + words(300, "ACGT"),
    "progress bars": lambda n: "Epoch 1/10 [" + "=" * 44 + ">" + "-" * 44 + "]",
    "a key of a cloud in its documentation": lambda n: 'api_key = "YOUR_API_KEY_GOES_HERE_44_CHAR"',
    "widget ids": lambda n: f"IPY_MODEL_{words(32, '0123456789abcdef')}",
    "an ssh key": lambda n: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{words(43)} me@host",
    "a table": lambda n: "| " + " | ".join(words(8) for _ in range(9)) + " |",
    "camelCase in a traceback": lambda n: (
        "\x1b[0;31mKeyError\x1b[0m: \x1b[0;32min\x1b[0m \x1b[0;36mgetColumnByNameOrRaise2\x1b[0m"
    ),
}  # fmt: skip
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")


def _base64(size):
    return base64.b64encode(RANDOM.randbytes(size)).decode()


def _lines(text, width=76):
    return [text[i : i + width] for i in range(0, len(text), width)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", HARMLESS)
def test_notebooks_with_what_is_no_key_raise_no_alarm(kind, tmp_path):
    texts = [HARMLESS[kind](number) for number in range(150)]
    cells = [
        code(
            text,
            [
                printed(f"{text}\n"),
                shown(text__html=f"<p>{text}</p>", text__plain=text, image__png=_base64(300)),
            ],
        )
        for text in texts
    ]
    cells.append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": texts,
                  "attachments": {"image.png": {"image/png": _base64(3000)}}})  # fmt: skip
    path = tmp_path / "public.ipynb"
    path.write_text(json.dumps(book(*cells, signature=hashlib.sha256(b"x").hexdigest())))
    assert search_file(path, combined_search(lambda text: ())) == []
    assert list(find_lookalike_keys("\n".join(texts))) == []


def test_our_own_repository_raises_none():
    """The keys of our tests are marked by a comment; tokens of other services are warnings."""
    search = combined_search(lambda text: ())
    folders = ("notebooks", "wx_notebook", "tests", ".ci", ".github", "jupyter-config")
    files = [file for name in folders for file in list_files(ROOT / name)]
    files += [file for file in ROOT.iterdir() if file.is_file()]
    found = {
        f"{file}: {finding.position}"
        for file in files
        for finding in search_file(file, search)
        if finding.kind != "foreign_token"
    }
    assert len(files) > 400
    assert found == set()


#: Where a key that nobody knows is found by how it looks.
LOOKS = [
    'api_key = "{}"', "apikey={}", "{}", "key: {}", "%env WATSONX_APIKEY={}", "<td>{}</td>",
    '{{"apikey": "{}"}}', "curl -d apikey={}&x=1", "key {}, then", "The key is {}.",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("around", LOOKS)
def test_of_random_keys_nearly_all_are_found_by_how_they_look(around):
    alphabet = string.ascii_letters + string.digits + "-_"
    keys = [words(44, alphabet) for _ in range(3000)]
    named = re.search("key", around, re.IGNORECASE)
    found = sum(any(True for _ in find_lookalike_keys(around.format(key))) for key in keys)
    # one in 64 begins with a 1, as Google's documents do: alone it says nothing
    assert found / len(keys) > (0.997 if named else 0.97)
