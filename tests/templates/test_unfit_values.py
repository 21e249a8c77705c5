"""Values without a text are told before anything is sent, and what can be read is read."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import dataclasses
import functools
import io
import types

import matplotlib.figure
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pytest
import requests
from IPython.core.display import Image
from IPython.display import HTML
from support.cases import all_cases
from transport.servers import caught

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption
from wx_notebook.templates import fill_placeholders


def fill(text, names, **options):
    return fill_placeholders(text, names, **options).text


def refused(value, typed="{{ v }}"):
    problem = caught(lambda: fill(typed, {"v": value}))
    assert type(problem) is BadOption, f"{typed}: {value!r} was filled in"
    assert " at 0x" not in str(problem)
    return problem


class Plain:
    """A class whose objects have no text."""


@dataclasses.dataclass
class Holder:
    part: object


FRAME = pd.DataFrame({"a": [1, 1], "b": [2, 3]})
PICTURE = PIL.Image.new("RGB", (2, 2))
TAKES = "A prompt takes texts, numbers, lists, dicts, tables, pictures and text files."


@all_cases(
    ("value", "kind", "hint"),
    [
        (FRAME.groupby("a"), "a group of tables", "table = v.sum()"),
        (FRAME.a.groupby(FRAME.b), "a group of tables", "table = v.sum()"),
        (FRAME.a.rolling(2), "a window over a table", "table = v.mean()"),
        (pl.DataFrame({"a": [1]}).lazy(), "a table that is not computed", "table = v.collect()"),
        (pl.DataFrame({"a": [1]}).group_by("a"), "a group of tables", "table = v.len()"),
        (pd.read_csv(io.StringIO("a\n1"), chunksize=1), "tables in parts", "pd.concat(v)"),
        (io.BytesIO(b"x"), "an open file", "text = v.read()"),
        (io.StringIO("x"), "a file in memory", "text = v.getvalue()"),
        (b"abc", "bytes", "text = bytes(v).decode()"),
        (bytearray(b"abc"), "bytes", "text = bytes(v).decode()"),
        (memoryview(b"abc"), "bytes", "text = bytes(v).decode()"),
        (b"%PDF-1.7", "the bytes of a PDF document", "use {{ text }}"),
        (HTML("<b>x</b>"), "a display", "{{ v.data }}"),
        (requests.Response(), "a response", "{{ v.text }}"),
        (len, "a function", "Call it in its own cell"),
        (lambda: 1, "a function", "Call it in its own cell"),
        (functools.partial(len), "a function", "Call it in its own cell"),
        (np.add, "an object of the class ufunc", ""),
        (Plain, "a class", "inspect.getsource(v)"),
        (np, "a module", "v.__doc__"),
        (concurrent.futures.Future(), "a result that is still to come", "v.result()"),
        (Plain(), "an object of the class Plain", "Put its attributes"),
        (FRAME.plot, "an object of the class PlotAccessor", "Put its attributes"),
    ],
)
def test_a_value_without_a_text_is_told_with_what_to_do(value, kind, hint):
    problem = refused(value)
    assert problem.message.startswith(f"'v' is {kind}")
    assert problem.message.endswith(TAKES)
    assert hint in problem.hint


def test_a_styled_table_is_told_with_the_way_to_its_table():
    class Styler:
        """Stands in for pandas' own, which needs another library."""

        data = FRAME

    Styler.__module__ = "pandas.io.formats.style"
    assert refused(Styler()).hint == "Use the table in it: {{ v.data }}"
    assert "a,b\n1,2" in fill("{{ v.data }}", {"v": Styler()})


def test_what_is_awaited_is_told_with_await():
    async def run():
        task = asyncio.ensure_future(asyncio.sleep(0))
        return [refused(task), refused(asyncio.get_running_loop().create_future())]

    for problem in asyncio.run(run()):
        assert problem.message.startswith("'v' is a result that is still to come")
        assert problem.hint == "Wait for it: result = await v"


@all_cases(
    ("value", "place"),
    [
        ([1, Plain()], "'v[1]'"),
        ({"k": {"deep": (n for n in [1])}}, "'v['k']['deep']'"),
        ({Plain(): 1}, "A key of v"),
        ({PICTURE.getpixel}, "An item of v"),
        (Holder(Plain()), "'v.part'"),
        (Holder([b"x"]), "'v.part[0]'"),
        (types.SimpleNamespace(f=len), "'v.f'"),
        ([{"id": 1, "blob": b"\x89PNG"}], "'v[0]['blob']'"),
        (np.array([1, Plain()], dtype=object), "An item of v"),
        (pd.DataFrame({"n": [1], "made": [Plain()]}), "A value of the column made"),
        (pd.Series([len], name="calls"), "A value of the column calls"),
        ({1: Plain()}.values(), "'v[0]'"),
        ([collections.defaultdict(list)], "'v[0]'"),
    ],
)
def test_a_part_without_a_text_is_told_by_its_place(value, place):
    problem = refused(value)
    assert problem.message.startswith(f"{place} is ")
    assert problem.hint.startswith("Leave it out")


@pytest.mark.parametrize(
    "value", [PICTURE, matplotlib.figure.Figure(), Image(b"\x89PNG\r\n\x1a\n")]
)
def test_a_picture_goes_alone_and_neither_in_a_list_nor_through_a_filter(value):
    assert refused([value]).message.startswith("'v[0]' is a picture")
    problem = refused(value, "{{ v | upper }}")
    assert problem.message.startswith("'v' is a picture")
    assert problem.hint == "It goes in a placeholder of its own, without a filter, or with --image."


def test_an_attribute_without_a_text_is_told_too():
    holder = Holder(Plain())
    assert refused(holder, "{{ v.part }}").message.startswith("'v.part' is an object of the class")
    assert refused({"x": [len]}, "{{ v['x'][0] }}").message.startswith("'v['x'][0]' is a function")


@all_cases(
    ("value", "text"),
    [
        ("<Plain object at 0x7f00deadbeef>", "<Plain object at 0x7f00deadbeef>"),
        (["<f at 0x7f00deadbeef>"], "['<f at 0x7f00deadbeef>']"),
        (TypeError("<f at 0x7f00deadbeef> is odd"), "<f at 0x7f00deadbeef> is odd"),
        ({"a": None, "b": [1.5, True]}, "{'a': None, 'b': [1.5, True]}"),
        (collections.Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (collections.defaultdict(list, {"a": [1]}), "{'a': [1]}"),
        (np.float64(2), "2.0"),
        (pd.Timestamp("2026-01-01"), "2026-01-01 00:00:00"),
        (Holder("x"), "Holder(part='x')"),
        (set(), "set()"),
    ],
)
def test_what_has_a_text_is_sent_as_that_text(value, text):
    assert fill("{{ v }}", {"v": value}) == text


def test_a_list_that_holds_itself_is_no_endless_search():
    around: list[object] = []
    around.append(around)
    assert fill("{{ v }}", {"v": around}) == "[[...]]"


@all_cases(
    ("value", "rows"),
    [
        ({"a": 1, "b": 2}.keys(), ["a", "b"]),
        ({"a": {"n": 1}}.values(), [{"n": 1}]),
        ({"a": 1}.items(), [("a", 1)]),
        (range(3), [0, 1, 2]),
        (zip([1, 2], "ab", strict=True), [(1, "a"), (2, "b")]),
        (enumerate(["x"], 5), [(5, "x")]),
        (reversed([1, 2]), [2, 1]),
        (iter([{"n": 1}, {"n": 2}]), [{"n": 1}, {"n": 2}]),
        (iter({"a": 1}.values()), [1]),
    ],
)
def test_rows_that_can_be_read_without_using_them_up_are_sent_as_rows(value, rows):
    assert fill("{{ v }} {{ v | length }}", {"v": value}) == f"{rows} {len(rows)}"
    assert list(value) == rows, "the user's own loop still finds them"


def test_an_iterator_in_the_middle_is_read_from_there():
    numbers = iter([1, 2, 3])
    next(numbers)
    assert fill("{{ v }}", {"v": numbers}) == "[2, 3]"
    pairs = iter([1, 2, 3, 4])
    assert fill("{{ v }}", {"v": zip(pairs, pairs, strict=False)}) == "[(1, 2), (3, 4)]"
    assert list(pairs) == [1, 2, 3, 4]


def test_more_items_than_a_prompt_can_take_are_refused():
    assert "more than 100,000 items" in refused(range(10**12)).message


def test_filters_find_what_is_in_objects_and_make_no_text_of_an_address():
    people = [Holder("Ada"), Holder("Bo")]
    assert fill("{{ v | map(attribute='part') | join(', ') }}", {"v": people}) == "Ada, Bo"
    assert fill("{{ v | attr('part') }}", {"v": people[0]}) == "Ada"
    for typed in ("{{ v | upper }}", "{{ v | string | truncate(9) }}"):
        refused(Plain(), typed)
    refused([Plain()], "{{ v | first }}")


def test_a_secret_inside_a_list_is_refused():
    with pytest.raises(BadOption, match="'v' holds a secret"):
        fill("{{ v }}", {"v": [{"k": Secret("x9" * 22)}]}, refused_types=(Secret,))


@all_cases(
    ("name", "content", "kind", "hint"),
    [
        ("a.odt", b"PK\x03\x04\0", "an OpenDocument text", "use {{ text }}"),
        ("a.zip", b"PK\x03\x04\0", "a ZIP archive", "Unpack it"),
        ("a.parquet", b"PAR1\0", "a Parquet table", "pandas.read_parquet"),
        ("a.gz", b"\x1f\x8b\0", "a compressed file", "Unpack it"),
        ("a.mp4", b"\0\0\0\x18ftypmp42", "an MP4 recording", "what is said"),
    ],
)
def test_a_path_to_a_document_says_what_it_is(tmp_path, name, content, kind, hint):
    path = tmp_path / name
    path.write_bytes(content)
    problem = refused(path)
    assert problem.message == f"{path} is {kind}, not a text. {TAKES}"
    assert hint in problem.hint


def test_a_text_that_begins_like_a_picture_is_a_text(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("GIF89a and ID3 and PAR1 are formats")
    assert fill("{{ v }}", {"v": path}) == path.read_text()


@pytest.mark.parametrize("library", ["torch", "jax", "tensorflow"])
def test_an_array_of_any_library_says_what_was_left_out(library):
    class Tensor:
        shape = (50, 40)

        def __str__(self):
            return "tensor([[1., 2.,  ..., 3.]])"

    Tensor.__module__ = library
    (placeholder,) = fill_placeholders("{{ v }}", {"v": Tensor()}).placeholders
    assert placeholder.document.text == str(Tensor())
    assert placeholder.document.cut == "the middle of v (2,000 values)"
