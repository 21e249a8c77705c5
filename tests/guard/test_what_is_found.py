"""Rule E of security.md: where a key must be found, by a server that does not know it."""

from __future__ import annotations

import base64
import copy
import json
import string

import nbformat
import pytest
from guard.conftest import GONE, TOKEN_GONE, book, code, fingerprints, jwt, new_key, printed, shown
from hypothesis import given, settings
from hypothesis import strategies as st

from wx_notebook.guard.documents import Walk
from wx_notebook.guard.fingerprints import LONGEST_RUN
from wx_notebook.guard.tokens import issued_by_ibm

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
    walk = Walk(search, removing=True)
    return walk.notebook(document), walk.findings


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


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_key_is_found(place):
    search = fingerprints(("api_key", KEY))
    before = book(HIDING_PLACES[place](KEY))
    as_it_was = copy.deepcopy(before)
    after, findings = removed(before, search)
    text = json.dumps(after)
    assert KEY not in text.replace('", "', "")
    assert GONE in text
    assert findings
    assert all(finding.what == "key" for finding in findings)
    assert before == as_it_was, "what was given is not changed in place"


def test_a_key_that_goes_over_two_lines_of_a_list_is_named_in_the_first():
    after, _ = removed(book(code(["x = '" + KEY[:20], KEY[20:] + "'\n"])), fingerprints(
        ("api_key", KEY)))  # fmt: skip
    assert after["cells"][0]["source"] == [f"x = '{GONE}", "'\n"]


def test_a_key_in_coloured_pieces_goes_with_the_colours_between_them_and_no_others():
    text = f"x = {BLUE}{KEY[:9]}{OFF}{RED}{KEY[9:]}{OFF};"
    after, _ = removed(book(code("", [printed(text)])), fingerprints(("api_key", KEY)))
    assert after["cells"][0]["outputs"][0]["text"] == f"x = {BLUE}{GONE}{OFF};"


#: Documented as not found.
NOT_FOUND = {
    "a key that is split by a line end": f"{KEY[:20]}\n{KEY[20:]}",
    "a part of 30 characters": KEY[:30],
    "base64 of a key": base64.b64encode(KEY.encode()).decode(),
    "a key in the middle of data": "a" * 60 + KEY + "b" * 60,
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


def test_a_run_is_looked_into_up_to_its_longest():
    search = fingerprints(("api_key", KEY))
    rest = LONGEST_RUN - len(KEY)
    assert len(list(search("a" * rest + KEY))) == 1
    assert list(search("a" * (rest + 1) + KEY)) == []


def test_pictures_are_not_searched():
    before = book(code("plot()", [shown(image__png=KEY, image__jpeg=[KEY])]))
    assert removed(before, fingerprints(("api_key", KEY)))[0] is before


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around", ["{}", "Bearer {}", "x{}", "('{}',)", "a\n{}\nb", '{{"t":"{}"}}']
)
def test_a_live_token_is_found_and_what_stands_around_it_stays(around):
    text = around.format(TOKEN)
    after, findings = removed(book(code("", [printed(text)])), fingerprints(("token", TOKEN)))
    assert after["cells"][0]["outputs"][0]["text"] == around.format(TOKEN_GONE)
    assert [finding.what for finding in findings] == ["token"]


def test_a_token_that_is_no_json_web_token_is_found_when_nobody_could_guess_it():
    opaque = "0f" * 32
    assert len(list(fingerprints(("token", opaque))(f"x={opaque}"))) == 1


@pytest.mark.parametrize("issuer", [
    "https://iam.cloud.ibm.com/identity", "https://iam.cloud.ibm.com", "https://IAM.cloud.ibm.com/x",
    "https://private.iam.cloud.ibm.com/identity", "https://iam.test.cloud.ibm.com/identity",
    "https://account-iam.platform.saas.ibm.com/api", "https://iam.bluemix.net/identity",
])  # fmt: skip
def test_a_token_of_iam_is_known_by_its_issuer_without_any_kernel(issuer):
    text = f"print('{jwt(issuer)}')"
    after, _ = removed(book(code(text)), issued_by_ibm)
    assert after["cells"][0]["source"] == f"print('{TOKEN_GONE}')"


@pytest.mark.parametrize("issuer", [
    None, "KNOXSSO", "https://accounts.google.com", "https://iam.cloud.ibm.com.evil.example", "",
    "iam.cloud.ibm.com", "https://[", "http://evil.example/https://iam.cloud.ibm.com/identity",
])  # fmt: skip
def test_a_token_of_somebody_else_is_left(issuer):
    before = book(code(f"print('{jwt(issuer)}')"))
    assert removed(before, issued_by_ibm) == (before, [])


@pytest.mark.parametrize("text", ["eyJ" * 400, "eyJhbGciOiJub25lIn0.!!!.x", TOKEN[:100],
                                  "eyJ" + "a" * 9 + "." + "_" * 9 + "." + "b" * 9])  # fmt: skip
def test_what_begins_like_a_token_and_is_none_is_left(text):
    assert list(issued_by_ibm(text)) == []


# --- properties ----------------------------------------------------------------------------------

WORDS = st.text(alphabet=st.sampled_from(string.ascii_letters + string.digits + " \n\"'\\/{}é€_-+"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(JSON, st.lists(WORDS, max_size=4))
def test_a_document_without_a_key_comes_back_as_the_same_object(rest, source):
    document = book(code(source), rest=rest)
    assert removed(document, fingerprints(("api_key", KEY)))[0] is document


@settings(max_examples=80, deadline=None)
@given(JSON, WORDS, WORDS)
def test_what_comes_back_is_what_was_given_with_the_key_replaced(rest, before, after):
    # a run that is longer than any key with what is glued to it is data, and documented
    key_around = f" {KEY} "
    document = book(
        code(before + key_around + after), rest=[rest, {key_around: [rest, key_around]}]
    )
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
    assert finding.where == "cell 2 [7], output, line 3"
    assert finding.thing == "an API key"
    assert not any(KEY[i : i + 12] in repr(finding) for i in range(32))
