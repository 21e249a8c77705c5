"""`%watsonx models`: searched live, without a login, and each model with its end."""

from __future__ import annotations

import datetime as dt

import pytest
from support.cases import all_cases
from transport.servers import connect, http, serve  # noqa: F401  # a fixture

from wx_notebook.errors import BadOption
from wx_notebook.magics.commands import parser_of
from wx_notebook.magics.models import models_table
from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.render import table_html, table_text
from wx_notebook.session.model_scope import ModelScope

SPECS = "/ml/v1/foundation_model_specs"
TODAY = dt.date(2026, 6, 15)


def entry(model_id, *functions, life=(), **more):
    stages = [{"id": name, "start_date": day, "alternative_model_ids": list(others)}
              for name, day, *others in (("available", "2024-01-01"), *life)]  # fmt: skip
    return {"model_id": model_id, "lifecycle": stages,
            "functions": [{"id": f} for f in functions or ("text_chat",)]} | more  # fmt: skip


CATALOGUE = [
    entry("z/vision", "text_chat", "image_chat", short_description="For text and images."),
    entry("a/embeds", "embedding"),
    entry("a/old", life=[("deprecated", "2026-05-05", "z/vision"), ("withdrawn", "2027-01-12")]),
    entry("a/going", life=[("deprecated", "2026-07-01"), ("withdrawn", "2026-10-01")]),
    entry("a/gone", life=[("withdrawn", "2026-03-01", "z/vision")]),
    entry(DEFAULT_MODEL, "text_chat", provider="IBM", tasks=[{"id": "function_calling"}],
          model_limits={"max_sequence_length": 131072, "max_output_tokens": 16384}),
]  # fmt: skip


@pytest.fixture
def place(serve):  # noqa: F811
    """A region with `CATALOGUE`, or what a test puts there, known as of `TODAY`."""

    def known(*resources, model=""):
        server = serve()
        server.on(SPECS, http(200, {"resources": list(resources) or CATALOGUE}))
        catalogue = connect(server).state.catalogue
        catalogue.today = lambda: TODAY
        catalogue.load()
        return ModelScope(catalogue, model=model)

    return known


def ids(table):
    return [row.cells[0] for row in table.rows]


def search(place, *words, can=(), aliases=None):
    return models_table(place, words, can, aliases or {})


# --- what is shown -----------------------------------------------------------------------------


def test_current_chat_models_come_first_and_what_cannot_chat_last(place):
    assert ids(search(place())) == ["a/going", DEFAULT_MODEL, "z/vision", "a/old", "a/embeds"]


def test_each_model_has_its_limits_its_abilities_its_end_and_its_successor(place):
    text = table_text(search(place()))
    assert "ibm/granite-4-h-small  131,072  16,384  chat, tools  <- default" in text
    assert ("a/old                        -       -  chat\n"
            "  deprecated since 2026-05-05, to be withdrawn on 2027-01-12; replaced by z/vision"
            ) in text  # fmt: skip
    assert "to be deprecated on 2026-07-01, to be withdrawn on 2026-10-01" in text
    assert text.startswith("5 models of sandbox\n")


def test_withdrawn_ones_are_counted_and_shown_to_whoever_searches(place):
    region = place()
    assert "a/gone" not in ids(search(region))
    assert ("1 withdrawn: %watsonx models withdrawn says when, and what replaces them"
            in search(region).notes)  # fmt: skip
    for words in (["gone"], ["withdrawn", "2026-03"]):
        (row,) = search(region, *words).rows
        assert row.cells[0] == "a/gone"
        assert row.note == "withdrawn on 2026-03-01; replaced by z/vision"


def test_the_user_s_own_names_and_the_chosen_default_are_marked(place):
    aliases = {"eyes": "z/vision", "v": "z/vision", "else": "not/here"}
    table = search(place(model="z/vision"), "z/", aliases=aliases)
    assert [row.mark for row in table.rows] == ["default, alias eyes, alias v"]
    assert ids(search(place(), "eyes", aliases=aliases)) == ["z/vision"]


def test_where_the_usual_default_is_missing_it_is_said_which_one_is_taken_and_why(place):
    table = search(place(entry("z/vision"), entry("a/b")))
    assert "the default is z/vision: sandbox has no ibm/granite-4-h-small" in table.notes
    ends = entry(DEFAULT_MODEL, life=[("deprecated", "2026-05-05"), ("withdrawn", "2026-12-01")])
    (note,) = search(place(ends, entry("a/b"))).notes
    assert note == "the default is a/b: sandbox lets ibm/granite-4-h-small go"
    (note,) = search(place(ends)).notes
    assert note == ("the default, ibm/granite-4-h-small, is deprecated since 2026-05-05, "
                    "to be withdrawn on 2026-12-01")  # fmt: skip


def test_one_model_alone_comes_with_what_it_is_about(place):
    assert search(place(), "vision").notes == ("For text and images.",)


# --- searching ---------------------------------------------------------------------------------


@all_cases(
    ("words", "can", "matching"),
    [(["granite"], [], [DEFAULT_MODEL]), (["ibm"], [], [DEFAULT_MODEL]),
     (["images"], [], ["z/vision"]), (["IMAGE_chat"], [], ["z/vision"]),
     (["embedding"], [], ["a/embeds"]), (["tools"], [], [DEFAULT_MODEL]),
     (["deprecated"], [], ["a/going", "a/old"]), (["2026-10"], [], ["a/going"]),
     ([], ["image"], ["z/vision"]), ([], ["chat", "tools"], [DEFAULT_MODEL]),
     (["a/"], ["chat"], ["a/going", "a/old", "a/gone"])],
    ids=str,
)  # fmt: skip
def test_words_and_abilities_narrow_the_list(place, words, can, matching):
    assert ids(search(place(), *words, can=can)) == matching


@all_cases(
    ("words", "can", "message"),
    [(["granit-5"], [], "No model in sandbox matches 'granit-5'. Did you mean 'granite'?"),
     (["visoin"], [], "No model in sandbox matches 'visoin'. Did you mean 'vision'?"),
     (["zzz"], [], "No model in sandbox matches 'zzz'."),
     (["zzz"], ["chat"], "No model in sandbox matches 'zzz' and can do chat."),
     ([], ["chat", "rerank"], "No model in sandbox can do chat and rerank."),
     ([], ["tool"], "Unknown capability 'tool'. Did you mean 'tools'?"),
     (["k9" * 22], [], "No model in sandbox matches '<secret>'.")],
    ids=str,
)  # fmt: skip
def test_a_search_that_finds_nothing_says_what_is_near(place, words, can, message):
    with pytest.raises(BadOption) as problem:
        search(place(), *words, can=can)
    assert problem.value.message == message
    assert problem.value.hint


def test_a_region_that_lists_nothing_says_so(place):
    with pytest.raises(BadOption, match="sandbox lists no models"):
        search(place({}))


# --- what a service may send -------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand_models_and_hostile_ones_are_bounded_and_stay_text(place):
    poison = "<script>alert(1)</script>\x1b[2J\u202e" + "x" * 200
    many = [entry(f"a/{n} {poison}", poison, label=poison, provider=poison,
                  short_description=poison, life=[("deprecated", "2026-01-01", poison)])
            for n in range(10_000)]  # fmt: skip
    table = search(place(*many))
    html, text = table_html(table), table_text(table)
    assert len(html) < 400_000
    assert len(text) < 200_000
    assert "<script" not in html
    assert not set("\x1b\u202e") & set(html + text)
    assert "... and 9,800 more: words narrow the list" in text


def test_a_list_whose_end_is_missing_says_so(serve):  # noqa: F811
    server = serve()
    server.on(SPECS, http(200, {"resources": [entry("a/b")], "next": {"href": "?start=2"}}),
              http(404, {}))  # fmt: skip
    catalogue = connect(server).state.catalogue
    catalogue.load()
    (note,) = [n for n in search(ModelScope(catalogue)).notes if "list is incomplete" in n]
    assert "HTTP 404" in note


# --- in a kernel -------------------------------------------------------------------------------


def test_it_needs_no_login_when_the_region_is_known(kernel, sandbox):
    ran = kernel.run(f"%watsonx models --can image --region {sandbox.url}").ok()
    assert "2 models of sandbox\n" in ran.plain
    kernel.run(f"import os; os.environ['WATSONX_URL'] = {sandbox.url!r}").ok()
    ran = kernel.run("%watsonx models llama-2").ok()
    assert "1 model of sandbox, not signed in (environment)\n" in ran.plain
    assert "deprecated since 2024-08-26" in ran.plain
    assert {call.kind for call in sandbox.calls} == {"models"}
    assert kernel.run("%watsonx status").ok().plain.startswith("not connected")


def test_it_is_one_output_with_a_table_and_its_plain_twin(connected):
    ran = connected.run("%watsonx models").ok()
    (output,) = ran.outputs
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert output["data"]["text/html"].count("<table") == 1
    assert "ibm/granite-4-h-small" in output["data"]["text/plain"]


def test_without_a_region_it_says_what_to_type(kernel):
    ran = kernel.run("%watsonx models", allow_stdin=True)
    assert ran.error == ["NotConnected: not connected, and no region is known.",
                         "Next: %watsonx models --region us-south, or %watsonx login"]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--can", "--can needs a value."),
        ("--cann chat", "Did you mean '--can'?"),
        ("--region nowhere", "nowhere"),
    ],
)
def test_a_mistyped_line_is_said_in_few_lines(kernel, line, said):
    ran = kernel.run(f"%watsonx models {line}")
    assert ran.status == "error"
    assert said in "\n".join(ran.error)
    assert len(ran.error) <= 6


def test_a_catalogue_out_of_reach_is_an_error_with_a_next_step(kernel):
    ran = kernel.run("%watsonx models --region http://127.0.0.1:9")
    assert ran.status == "error"
    assert ran.error[0].startswith("ServiceDown: ")
    assert len(ran.error) >= 2


def test_its_help_names_what_it_takes(kernel):
    said = kernel.run("%watsonx help models").ok().plain
    assert all(option in said for option in parser_of("models").flags)


def test_a_default_that_somebody_has_chosen_is_the_one_that_is_marked(connected):
    marked = "meta-llama/llama-2-13b-chat"
    for choose in ("%watsonx use --model {}", "%config WatsonxMagics.model = '{}'"):
        connected.run(choose.format(marked)).ok()
        lines = connected.run("%watsonx models").ok().plain.split("\n")
        assert [line.split()[0] for line in lines if "<- default" in line] == [marked]
        assert f"the default, {marked}, is deprecated since 2024-08-26; replaced by " in lines[-2]


def test_status_names_a_default_that_is_not_the_usual_one(connected, sandbox):
    ran = connected.run(
        "held = wx.session()\nheld.models()\n"
        "from wx_notebook.service import Listing\n"
        "left = [m for m in held.models() if m.model_id != 'ibm/granite-4-h-small']\n"
        "held.state.catalogue._day = held.state.catalogue._snapshot(Listing(tuple(left)))\n"
    )
    ran.ok()
    said = "the default is ibm/granite-3-3-8b-instruct: sandbox has no ibm/granite-4-h-small"
    assert said in connected.run("%watsonx status").ok().plain
