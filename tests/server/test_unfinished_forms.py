"""What a saved notebook holds of a login form that nobody finished; a real server writes it."""

from __future__ import annotations

import copy
import json

import pytest
from support.guard import book, code, shown

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
FORM, OTHER = "0" * 31 + "f", "a" * 32
WORDS = {"gone": "Run it <script>again</script>."}


def a_form(model_id: object = FORM, words: object = WORDS) -> dict:
    output = shown(text__plain="a form")
    output["data"][VIEW] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
    output["metadata"] = {"wx_notebook": {"form": words}}
    return output


def a_widget(model_id: str = OTHER) -> dict:
    output = a_form(model_id)
    output["metadata"] = {}
    return output


@pytest.fixture
def server(server_with):
    # whatever the guard does: this is no search for keys
    return server_with("c.WatsonxGuard.mode = 'off'\nc.YDocExtension.disable_rtc = True")


def saved(server, content: dict) -> dict:
    return json.loads(server.save("form.ipynb", content))


def states(content: dict) -> dict:
    return content["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


def test_the_file_says_in_words_of_the_kernel_what_to_do_with_it(server):
    made = saved(server, book(code("%watsonx login", [a_form()])))
    ((model_id, text),) = states(made).items()
    assert model_id == FORM
    # one line, in which the words of a file are no HTML
    assert text["model_name"] == "HTMLModel"
    style, words = text["state"]["value"].rsplit("</style>", 1)
    assert words == "Run it &lt;script&gt;again&lt;/script&gt;.</span>"
    assert style.startswith("<span><style>.wx-notebook-form-gone::before")
    assert made["cells"][0]["outputs"][0]["data"][VIEW]["model_id"] == FORM
    assert saved(server, made) == made


def test_what_belongs_to_other_widgets_stays_as_it_is(server):
    theirs = {OTHER: {"model_name": "FloatProgressModel", "state": {"value": 0.5}}}
    content = book(
        code("1", [a_widget()]), code("%watsonx login", [a_form()]),
        widgets={STATE: {"state": theirs, "version_major": 2, "version_minor": 0}}, mine=[1],
    )  # fmt: skip
    made = saved(server, content)
    assert states(made)[OTHER] == theirs[OTHER]
    assert made["metadata"]["mine"] == [1]
    # the form was finished: its place is taken by a line, and only the other widget is left
    made["cells"][1]["outputs"] = [shown(text__plain="connected")]
    assert states(saved(server, made)) == theirs


def test_nothing_is_left_of_it_once_somebody_has_signed_in(server):
    made = saved(server, book(code("%watsonx login", [a_form()])))
    made["cells"][0]["outputs"] = [shown(text__plain="connected")]
    assert "widgets" not in saved(server, made)["metadata"]


def test_a_form_that_the_front_end_has_saved_by_itself_is_that_form(server):
    itself = {FORM: {"model_name": "AnyModel", "state": {"view": {}}}}
    content = book(
        code("%watsonx login", [a_form()]),
        widgets={STATE: {"state": itself, "version_major": 2, "version_minor": 0}},
    )
    assert states(saved(server, content)) == itself


@pytest.mark.parametrize(
    "content",
    [
        book(code("1", [a_widget()]), code("2")),
        book(code("1", [a_form("../../etc")]), code("2", [a_form(["x"])])),
        book(code("1", [a_form(FORM, "no words")])),
        book(code("1", [shown(text__plain="x") | {"metadata": {"wx_notebook": 7}}])),
        book(code("1"), widgets="nonsense"),
        book(code("1"), widgets={STATE: {"state": [1]}}),
    ],
)
def test_any_other_notebook_is_written_as_it_is(server, content):
    before = copy.deepcopy(content)
    assert saved(server, content)["metadata"] == before["metadata"]
