"""What other people's code raises may repeat an address with a key in it: no error of ours does."""

from __future__ import annotations

import dask.dataframe as dd
import pandas as pd
import pytest
from transport.servers import caught

import wx_notebook as wx
from wx_notebook.templates import fill_placeholders

from .leaks import KEY, found, words

ADDRESS = f"database://reader:{KEY}@storage.example"


def refuse(*_):
    raise OSError(f"{ADDRESS} does not answer")


def rows():
    yield {"text": "one"}
    refuse()


def graph():
    frame = pd.DataFrame({"text": ["one"]})
    return dd.from_pandas(frame, npartitions=1).map_partitions(refuse, meta=frame)


class Mute:
    __str__ = refuse


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda: wx.batch("Say {{ text }}", rows()), id="rows of a batch"),
        pytest.param(lambda: fill_placeholders("{{ v }}", {"v": rows()}), id="items"),
        pytest.param(lambda: fill_placeholders("{{ v }}", {"v": Mute()}), id="text of an object"),
        pytest.param(lambda: wx.batch("Say {{ text }}", graph()), id="a graph of Dask"),
    ],
)
@pytest.mark.usefixtures("session")
def test_a_key_in_an_error_of_other_code_is_masked(use, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    problem = caught(use)
    assert "<secret>@storage.example" in str(problem)
    assert found(words(problem), KEY) == []
