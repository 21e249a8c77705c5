"""Rule E of security.md: where a key must be found, by a server that does not know it."""

from __future__ import annotations

import base64
import copy
import json
import secrets
import string

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from support.guard import GONE, TOKEN_GONE, book, code, fingerprints, jwt, new_key, printed, shown

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.fingerprints import Fingerprints, make_fingerprint
from wx_notebook.guard.matches import Match
from wx_notebook.guard.notebook_texts import NotebookTexts
from wx_notebook.guard.patterns import find_ibm_tokens
from wx_notebook.guard.scan_notebook import NotebookScanner
from wx_notebook.guard.scan_text import find_matches

KEY, TOKEN = new_key(), jwt()
RED, BLUE, OFF = "\x1b[31m", "\x1b[38;5;28m", "\x1b[0m"

#: Each case of the rule: a cell that holds the key.
HIDING_PLACES = {
    "in source": lambda k: code(f'api_key = "{k}"'),
    "in a list of lines": lambda k: code(["import os\n", f"os.environ['X'] = '{k}'\n", "x = 1"]),
    "in a list of lines, over two of them": lambda k: code(["x = '" + k[:20], k[20:] + "'\n"]),
    "printed": lambda k: code("show()", [printed(f"the key is {k}\n")]),
    "printed, as a list": lambda k: code("show()", [printed(["one\n", f"{k}\n"])]),
    "in error output with ANSI codes": lambda k: code(
        "fail()",
        [
            {
                "output_type": "error",
                "ename": "ValueError",
                "evalue": f"no such key: {k}",
                "traceback": [f"{RED}ValueError{OFF}", f"{BLUE}1{OFF} use({RED}'{k}'{OFF})"],
            }
        ],
    ),
    "in pieces that are coloured apart": lambda k: code(
        "x", [printed(f"x = {BLUE}{k[:9]}{OFF}{RED}{k[9:30]}{OFF}{BLUE}{k[30:]}{OFF};")]
    ),
    "in a URL": lambda k: code(f"get('https://example.com/v1?apikey={k}&limit=1')"),
    "in a path of a URL": lambda k: code(f"get('https://example.com/{k}/list')"),
    "in HTML": lambda k: code("t", [shown(text__html=f"<td>{k}</td>", text__plain="<table>")]),
    "in JSON inside a string": lambda k: code("t", [printed(json.dumps({"a": f"\n{k}\t"}))]),
    "in JSON as an output": lambda k: code("t", [shown(application__json={"a": [{"k": k}]})]),
    "in a %env line": lambda k: code(f"%env WATSONX_APIKEY={k}"),
    "glued to other word characters": lambda k: code(f"x_{k}_y{k}z = 1"),
    "in papermill's parameters": lambda k: code("pass", metadata={"papermill": {"p": {"key": k}}}),
    "in cell metadata": lambda k: code("pass", metadata={"tags": [k, "b"], "note": f"is {k}"}),
    "as an attachment's name": lambda k: {
        "cell_type": "markdown", "id": "a1", "metadata": {}, "source": f"![](attachment:{k}.png)",
        "attachments": {f"{k}.png": {"image/png": "iVBORw0KGgo="}},
    },
    "in str(bytes)": lambda k: code("t", [printed(str(f'{{"apikey":"{k}"}}'.encode()))]),
    "in markdown": lambda k: {"cell_type": "markdown", "id": "a2", "metadata": {},
                              "source": f"My key is `{k}`."},
    "in a picture of text": lambda k: code("p", [shown(**{"image/svg+xml": f"<text>{k}</text>"})]),
}  # fmt: skip


def in_each_place(key):
    cells = [copy.deepcopy(make(key)) for make in HIDING_PLACES.values()]
    # two cells of the same name would be two of the same id
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return cells


def removed(document, search):
    scanner = NotebookScanner(search, redact=True)
    return scanner.scan(document), scanner.findings


def test_every_hiding_place_is_found_by_the_server_and_everything_else_is_saved_byte_for_byte(
    server_with,
):
    server = server_with()
    server.knows(KEY)
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "papermill": {"parameters": {"apikey": KEY}},
        "widgets": {"application/vnd.jupyter.widget-state+json": {
            "version_major": 2, "version_minor": 0,
            "state": {"a": {"model_name": "PasswordModel", "model_module": "c",
                            "model_module_version": "2.0.0", "state": {"value": KEY}}}}},
    }  # fmt: skip
    twin = json.loads(json.dumps(metadata).replace(KEY, GONE))
    saved = server.save("one.ipynb", book(*in_each_place(KEY), **metadata))
    assert KEY.encode() not in saved
    server.jupyter.ask("api/contents/one.ipynb?content=1")
    cells = json.loads(json.dumps(in_each_place(KEY)).replace(KEY, GONE))
    # the three whose key is in pieces leave more behind: they are compared below
    kept = [n for n, place in enumerate(HIDING_PLACES) if "over two" not in place
            and "pieces" not in place]  # fmt: skip
    want = server.save("two.ipynb", book(*cells, **twin))
    ours, theirs = (nbformat.reads(text, as_version=4) for text in (saved.decode(), want.decode()))
    assert [ours.cells[n] for n in kept] == [theirs.cells[n] for n in kept]
    assert ours.metadata == theirs.metadata
    in_pieces = {"in a list of lines, over two of them", "in pieces that are coloured apart"}
    assert len(kept) == len(HIDING_PLACES) - len(in_pieces)


@all_cases("place", HIDING_PLACES)
def test_a_key_is_found(place):
    search = fingerprints(("api_key", KEY))
    before = book(HIDING_PLACES[place](KEY))
    as_it_was = copy.deepcopy(before)
    after, findings = removed(before, search)
    text = json.dumps(after)
    assert KEY not in text.replace('", "', "")
    assert GONE in text
    assert findings
    assert all(finding.kind == "api_key" for finding in findings)
    assert before == as_it_was, "what was given is not changed in place"


def test_a_key_that_goes_over_two_lines_of_a_list_is_named_in_the_first():
    after, _ = removed(book(code(["x = '" + KEY[:20], KEY[20:] + "'\n"])), fingerprints(
        ("api_key", KEY)))  # fmt: skip
    assert after["cells"][0]["source"] == [f"x = '{GONE}", "'\n"]


def test_a_key_in_coloured_pieces_goes_with_the_colours_between_them_and_no_others():
    text = f"x = {BLUE}{KEY[:9]}{OFF}{RED}{KEY[9:]}{OFF};"
    after, _ = removed(book(code("", [printed(text)])), fingerprints(("api_key", KEY)))
    assert after["cells"][0]["outputs"][0]["text"] == f"x = {BLUE}{GONE}{OFF};"


def test_a_secret_that_overlaps_a_lookalike_is_removed_to_its_end():
    def search(text):
        yield Match(0, 44, "lookalike_key")
        yield Match(10, 60, "api_key")

    (match,) = find_matches("x" * 80, search)
    assert (match.start, match.end, match.kind) == (0, 60, "api_key")


#: Documented as not found.
NOT_FOUND = {
    "a key that is split by a line end": f"{KEY[:20]}\n{KEY[20:]}",
    "a part of 30 characters": KEY[:30],
    "base64 of a key": base64.b64encode(KEY.encode()).decode(),
}


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_documented_as_not_found_is_left_as_it_is(text):
    before = book(code(f"x = '{text}'"))
    after, findings = removed(before, fingerprints(("api_key", KEY)))
    assert after is before
    assert findings == []


def test_a_key_split_over_two_outputs_is_not_found():
    before = book(code("x", [printed(KEY[:20]), printed(KEY[20:])]))
    assert removed(before, fingerprints(("api_key", KEY)))[0] is before


@all_cases(("before", "behind"), [(60, 60), (84, 0), (5_000, 5_000), (0, 40_000)])
def test_a_key_is_found_in_data_of_any_length(before, behind):
    text = "a" * before + KEY + "b" * behind
    after, _ = removed(book(code(text)), fingerprints(("api_key", KEY)))
    assert after["cells"][0]["source"] == "a" * before + GONE + "b" * behind


def test_a_key_is_found_once_however_many_kernels_know_it():
    made = [(secrets.token_bytes(32), make_fingerprint) for _ in range(5)]
    search = Fingerprints([(salt, [make(Secret(KEY), "api_key", salt)]) for salt, make in made])
    assert [match.start for match in search(f"x = '{KEY}'")] == [5]


@all_cases("number", [1, 2, 16, 17, 50])
def test_each_of_many_keys_and_tokens_is_found(number):
    known = [("api_key", new_key()) for _ in range(number)]
    known += [("token", jwt(f"https://{n}.example")) for n in range(number)]
    search = fingerprints(*known)
    text = " ".join(f"'{secret}'" for _, secret in known)
    found = find_matches(text, search)
    assert [(text[one.start : one.end], one.kind) for one in found] == [
        (secret, kind) for kind, secret in known
    ]


@all_cases("at", [0, 100, 2**18 - 44, 2**18 - 20, 2**18, 2**19 - 1, 2**20])
@all_cases("kind", ["api_key", "token", "in colours"])
def test_a_secret_is_found_once_wherever_it_is_in_a_text_of_many_pieces(kind, at):
    secret = TOKEN if kind == "token" else KEY
    shown_as = f"{RED}{KEY[:9]}{OFF}{BLUE}{KEY[9:]}" if kind == "in colours" else secret
    text = "word. " * 200_000
    text = text[:at] + " " + shown_as + " " + text[at:]
    search = fingerprints(("api_key", KEY), ("token", TOKEN))
    after, findings = removed(book(code("", [printed(text)])), search)
    assert len(findings) == 1
    assert len(text) - len(after["cells"][0]["outputs"][0]["text"]) > 0
    assert secret not in json.dumps(after)


# --- pictures -------------------------------------------------------------------------------------

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0" + secrets.token_bytes(90) + b"\0\0\0\0IEND\xaeB`\x82"
).decode()
#: A picture of each kind, in each way that its end can fall on base64's groups of three.
PICTURES = [
    base64.b64encode(start + secrets.token_bytes(size) + end).decode()
    for size in (90, 91, 92)
    for start, end in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", b"\0\0\0\0IEND\xaeB`\x82"),
        (b"\xff\xd8\xff\xe0", b"\xff\xd9"),
        (b"GIF89a", b"\0;"),
        (b"RIFF\x24\x01\0\0WEBPVP8 ", b""),
    ]
]


@all_cases("number", range(len(PICTURES)))
def test_pictures_of_outputs_and_attachments_are_not_searched(number):
    picture = PICTURES[number]
    lines = [picture[:60], picture[60:] + "\n"]
    before = [shown(image__png=picture), shown(**{"image/jpeg": lines, "text/plain": "x"})]
    texts = NotebookTexts(
        book(code("plot()", before), {"attachments": {"a": {"image/x": picture}}})
    )
    assert not [text for text in texts if picture[:60] in text.text]


#: Where a field may have a name that begins with "image/" and hold no picture.
NO_PICTURES = {
    "a text in an output": lambda k: code("", [shown(image__png=f"key {k}")]),
    "a key in an output": lambda k: code("", [shown(image__png=k)]),
    "a key in lines": lambda k: code("", [shown(image__jpeg=[f"{k}\n", "x"])]),
    "an object in an output": lambda k: code("", [shown(image__png={"note": k})]),
    "a list in an output": lambda k: code("", [shown(image__png=[{"note": k}])]),
    "SVG": lambda k: code("", [shown(**{"image/svg+xml": f"<text>{k}</text>"})]),
    "a text in an attachment": lambda k: {"attachments": {"a.png": {"image/png": f"{k} "}}},
    "a text behind a picture": lambda k: code("", [shown(image__png=f"{PNG}\n{k}")]),
    "a text that begins like a picture": lambda k: code("", [shown(image__png=f"iVBORw0KGgo {k}")]),
    "cell metadata": lambda k: code("", metadata={"image/png": k}),
    "metadata of an output": lambda k: code("", [shown() | {"metadata": {"image/png": k}}]),
    "a field of a cell": lambda k: code("") | {"image/png": k},
    "an attachment's name": lambda k: {"attachments": {f"image/{k}": {"image/png": PNG}}},
    "a field inside JSON": lambda k: code("", [shown(application__json={"image/png": k})]),
}  # fmt: skip


@all_cases("place", NO_PICTURES)
def test_a_field_named_like_a_picture_is_searched(place):
    after, findings = removed(book(NO_PICTURES[place](KEY)), fingerprints(("api_key", KEY)))
    assert KEY not in json.dumps(after)
    assert GONE in json.dumps(after)
    assert findings


def test_a_picture_in_the_metadata_of_a_notebook_is_searched():
    state = {"outputs": [shown(image__png=KEY)], "image/gif": KEY}
    before = book(widgets={"state": state}, **{"image/png": KEY})
    after, findings = removed(before, fingerprints(("api_key", KEY)))
    assert KEY not in json.dumps(after)
    assert len(findings) == 3


@pytest.mark.parametrize("depth", [250, 900])
def test_a_key_is_found_however_deeply_it_is_nested(depth):
    deep: object = KEY
    for number in range(depth):
        deep = [deep, 1] if number % 2 else {"x": deep}
    before = book(code("", [shown(application__json=deep)]), code(KEY))
    after, findings = removed(before, fingerprints(("api_key", KEY)))
    assert json.dumps(after).count(GONE) == 2
    assert [finding.position for finding in findings] == [
        "cell 1 [7], output, line 1", "cell 2 [7], source, line 1"
    ]  # fmt: skip


# --- tokens --------------------------------------------------------------------------------------


@all_cases("around", ["{}", "Bearer {}", "x{}", "('{}',)", "a\n{}\nb", '{{"t":"{}"}}'])
def test_a_live_token_is_found_and_what_stands_around_it_stays(around):
    text = around.format(TOKEN)
    after, findings = removed(book(code("", [printed(text)])), fingerprints(("token", TOKEN)))
    assert after["cells"][0]["outputs"][0]["text"] == around.format(TOKEN_GONE)
    assert [finding.kind for finding in findings] == ["token"]


def test_a_token_that_is_no_json_web_token_is_found_when_nobody_could_guess_it():
    opaque = "0f" * 32
    assert len(list(fingerprints(("token", opaque))(f"x={opaque}"))) == 1


@all_cases("issuer", [
    "https://iam.cloud.ibm.com/identity", "https://iam.cloud.ibm.com", "https://IAM.cloud.ibm.com/x",
    "https://private.iam.cloud.ibm.com/identity", "https://iam.test.cloud.ibm.com/identity",
    "https://account-iam.platform.saas.ibm.com/api", "https://iam.bluemix.net/identity",
])  # fmt: skip
def test_a_token_of_iam_is_known_by_its_issuer_without_any_kernel(issuer):
    text = f"print('{jwt(issuer)}')"
    after, _ = removed(book(code(text)), find_ibm_tokens)
    assert after["cells"][0]["source"] == f"print('{TOKEN_GONE}')"


@all_cases("issuer", [
    None, "KNOXSSO", "https://accounts.google.com", "https://iam.cloud.ibm.com.evil.example", "",
    "iam.cloud.ibm.com", "https://[", "http://evil.example/https://iam.cloud.ibm.com/identity",
])  # fmt: skip
def test_a_token_of_somebody_else_is_left(issuer):
    before = book(code(f"print('{jwt(issuer)}')"))
    assert removed(before, find_ibm_tokens) == (before, [])


@all_cases("text", ["eyJ" * 400, "eyJhbGciOiJub25lIn0.!!!.x", TOKEN[:100],
                                  "eyJ" + "a" * 9 + "." + "_" * 9 + "." + "b" * 9])  # fmt: skip
def test_what_begins_like_a_token_and_is_none_is_left(text):
    assert list(find_ibm_tokens(text)) == []


# --- properties ----------------------------------------------------------------------------------

WORDS = st.text(alphabet=st.sampled_from(string.ascii_letters + string.digits + " \n\"'\\/{}é€_-+"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.lists(WORDS, max_size=4))
def test_a_document_without_a_key_comes_back_as_the_same_object(rest, source):
    document = book(code(source), rest=rest)
    assert removed(document, fingerprints(("api_key", KEY)))[0] is document


@given(JSON, WORDS, WORDS)
def test_what_comes_back_is_what_was_given_with_the_key_replaced(rest, before, after):
    document = book(code(before + KEY + after), rest=[rest, {KEY: [rest, KEY]}])
    want = json.loads(json.dumps(document).replace(KEY, GONE))
    found, findings = removed(document, fingerprints(("api_key", KEY)))
    assert found == want
    assert len(findings) == 3


def test_two_names_that_held_keys_do_not_become_one():
    other = new_key()
    metadata = {f"{KEY}": 1, f"{other}": 2, "last": 3}
    search = fingerprints(("api_key", KEY), ("api_key", other))
    after, _ = removed(book(code("")) | {"metadata": metadata}, search)
    assert list(after["metadata"].items()) == [(GONE, 1), (f"{GONE}-2", 2), ("last", 3)]


def test_a_finding_says_where_and_never_what():
    from_output = code("a\nb", [printed(f"1\n2\n{KEY}")])
    _, findings = removed(book(code("x"), from_output), fingerprints(("api_key", KEY)))
    (finding,) = findings
    assert finding.position == "cell 2 [7], output, line 3"
    assert finding.description == "an API key"
    assert not any(KEY[i : i + 12] in repr(finding) for i in range(32))
