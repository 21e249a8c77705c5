"""What a region's catalogue says of a model: what it can do, by when it goes, what replaces it."""

from __future__ import annotations

import datetime as dt

from support.cases import all_cases
from transport.servers import CHAT, caught, connect, http

from wx_notebook.errors import ModelError
from wx_notebook.options import CAPABILITIES, DEFAULT_MODEL
from wx_notebook.service import Model, default_model, listing
from wx_notebook.service.models import Stage, describe_outlook, read_stages, stage_on
from wx_notebook.session.catalogue import is_deprecation_warning

TODAY = dt.date(2026, 6, 15)
SPECS = "/ml/v1/foundation_model_specs"


def entry(model_id="a/b", *stages, **more):
    lifecycle = [
        {"id": name, "start_date": day, "alternative_model_ids": list(others)}
        for name, day, *others in stages
    ]
    return {"model_id": model_id, "functions": [{"id": "text_chat"}],
            "lifecycle": lifecycle} | more  # fmt: skip


def listed(serve, *entries):
    server = serve()
    server.on(SPECS, http(200, {"resources": list(entries)}))
    return listing(connect(server).state.service, today=TODAY).models


OLD = ("available", "2024-01-01")


# --- the life of a model -----------------------------------------------------------------------


@all_cases(
    ("stages", "told"),
    [
        ([OLD], ""),
        ([], ""),
        ([OLD, ("deprecated", "2026-05-05"), ("withdrawn", "2027-01-12", "c/d")],
         "deprecated since 2026-05-05, to be withdrawn on 2027-01-12; replaced by c/d"),
        ([OLD, ("deprecated", "2026-05-05", "c/d")],
         "deprecated since 2026-05-05; replaced by c/d"),
        ([OLD, ("deprecated", "2026-07-01"), ("withdrawn", "2026-12-31")],
         "to be deprecated on 2026-07-01, to be withdrawn on 2026-12-31"),
        ([OLD, ("deprecated", "2025-05-05"), ("constricted", "2026-06-15"),
          ("withdrawn", "2026-07-01", "c/d", "e/f")],
         "constricted since 2026-06-15, to be withdrawn on 2026-07-01; replaced by c/d or e/f"),
        ([OLD, ("deprecated", "2025-05-05", "c/d"), ("withdrawn", "2026-06-15")],
         "withdrawn on 2026-06-15; replaced by c/d"),
        # a day that the service does not say, or says in words of its own
        ([("deprecated", "")], "deprecated"),
        ([OLD, ("deprecated", "2026-05-05T00:00:00Z")], "deprecated since 2026-05-05"),
    ],
)  # fmt: skip
def test_a_model_says_by_when_it_goes_and_what_replaces_it(stages, told):
    lifecycle = read_stages(entry("a/b", *stages)["lifecycle"])
    assert describe_outlook(lifecycle, TODAY) == told


@all_cases("odd", [None, 7, "x", {}, [7], [{}], [{"id": None}], [{"id": ["x"]}]])
def test_a_lifecycle_of_another_shape_says_nothing_wrong(odd):
    assert read_stages(odd) == ()
    assert stage_on(read_stages(odd), TODAY) == "available"


@all_cases("odd", ["soon", "", 7, None, "99999-01-01", {"a": 1}])
def test_a_day_that_is_none_does_not_hide_one_that_is(odd):
    stages = read_stages([{"id": "available", "start_date": "2024-01-01"},
                   {"id": "deprecated", "start_date": odd}])  # fmt: skip
    assert stage_on(stages, TODAY) == "available"
    assert describe_outlook(stages, TODAY) == ""


@all_cases("odd", [7, "x", [7, None, {}], {"a": 1}, [" "]])
def test_successors_of_another_shape_are_none(odd):
    (stage,) = read_stages(
        [{"id": "withdrawn", "start_date": "2024-01-01", "alternative_model_ids": odd}]
    )
    assert stage.successors == ()


# --- what it can do ----------------------------------------------------------------------------


@all_cases("word", CAPABILITIES)
def test_each_ability_is_read_from_a_function_or_a_task(serve, word):
    for where in ("functions", "tasks"):
        (model,) = listed(serve, entry(functions=[]) | {where: [{"id": CAPABILITIES[word][0]}]})
        assert model.abilities == (word,)


def test_old_regions_name_the_tasks_in_another_field(serve):
    (model,) = listed(serve, entry(functions=[], task_ids=["function_calling", 7, None]))
    assert model.abilities == ("tools",)


@all_cases(
    ("about", "reasons"),
    [("Tuned for improved reasoning.", True), ("Can reason when asked to.", True),
     ("For no reasonable price.", False), ("", False)],
)  # fmt: skip
def test_a_model_reasons_where_its_description_says_so(serve, about, reasons):
    (model,) = listed(serve, entry(short_description=about))
    assert ("reasoning" in model.abilities) is reasons


def test_its_limits_and_its_provider_are_read(serve):
    limits = {"max_sequence_length": 131072, "max_output_tokens": 16384}
    (model,) = listed(serve, entry(model_limits=limits, provider="IBM"))
    assert (model.context_tokens, model.max_output_tokens) == (131072, 16384)
    assert model.provider == "IBM"


@all_cases("odd", [7, "x", None, [7], {"a": 1}, [None], [{}], -5, True, 1e99])
@all_cases(
    "field",
    ["tasks", "task_ids", "provider", "short_description", "model_limits", "lifecycle", "label"],
)
def test_an_odd_field_costs_that_field_and_nothing_else(serve, field, odd):
    (model,) = listed(serve, entry(**{field: odd}))
    assert (model.model_id, model.can_chat) == ("a/b", True)
    assert isinstance(model.abilities, tuple)
    assert isinstance(model.outlook(TODAY), str)


def test_a_hostile_entry_is_text_of_bounded_length(serve):
    poison = "\x1b[2J\u202e<script>alert(1)</script>\ud83d" + "x" * 5_000
    (model,) = listed(serve, entry(
        poison, ("withdrawn", "2024-01-01", poison), label=poison, provider=poison,
        short_description=poison, functions=[{"id": poison}] * 500, tasks=[{"id": poison}] * 500,
    ))  # fmt: skip
    texts = [model.model_id, model.label, model.provider, model.about, model.outlook(TODAY),
             *model.functions, *model.tasks, *model.successors]  # fmt: skip
    assert all(len(text) <= 300 for text in texts)
    assert len(model.functions) == len(model.tasks) == 40
    assert not any(c in text for text in texts for c in "\x1b\u202e\ud83d")


# --- the list as a whole -----------------------------------------------------------------------


def test_the_pages_that_came_before_one_failed_are_kept_and_said_to_be_a_part(serve):
    server = serve()
    server.on(SPECS, http(200, {"resources": [entry("a/one")], "next": {"href": "?start=2"}}),
              http(404, {"errors": [{"code": "x", "message": "No such page."}]}))  # fmt: skip
    session = connect(server)
    assert [model.model_id for model in session.models()] == ["a/one"]
    assert "No such page." in session.state.catalogue.problem
    # a model of the missing part is no typo
    from wx_notebook.session.switch import check_model

    check_model(session.state, "a/two")


def test_of_ten_thousand_models_and_more_the_first_ones_are_read(serve):
    server = serve()
    page = {"resources": [{"model_id": f"a/{n}"} for n in range(12_000)]}
    server.on(SPECS, http(200, page))
    found = listing(connect(server).state.service, today=TODAY)
    assert len(found.models) == 10_000
    assert found.problem == "only its first 10,000 models were read"


def test_a_list_is_read_by_the_day_on_which_somebody_looks(serve):
    server = serve()
    server.on(SPECS, http(200, {"resources": [entry("a/b", OLD, ("withdrawn", "2026-06-16"))]}))
    session = connect(server)
    day = [TODAY]
    session.state.catalogue.today = lambda: day[0]
    assert [m.stage for m in session.models()] == ["available"]
    day[0] = dt.date(2026, 6, 16)
    assert session.models() == []
    assert session.state.catalogue.find("a/b").stage == "withdrawn"
    assert len(server.of(SPECS)) == 1


@all_cases(
    ("catalogue", "chosen"),
    [(["ibm/granite-guardian-3-8b", "a/late", "a/chat"], "a/late"),
     (["ibm/granite-guardian-3-8b"], "ibm/granite-guardian-3-8b"),
     (["a/ends", "a/late"], "a/late"), (["a/gone", "a/late"], "a/late"),
     (["a/gone"], DEFAULT_MODEL)],
)  # fmt: skip
def test_the_default_is_no_guard_and_none_whose_end_is_announced(catalogue, chosen):
    lives = {"a/ends": (Stage("available", ""), Stage("withdrawn", "2027-01-01"))}
    models = [
        Model(name, name, ("text_chat",), 0, "withdrawn" if name == "a/gone" else "available",
              lifecycle=lives.get(name, ()))
        for name in catalogue
    ]  # fmt: skip
    assert default_model(models) == chosen


# --- in the way of a prompt --------------------------------------------------------------------

GOING = entry("a/old", OLD, ("deprecated", "2026-05-05", "a/new"), ("withdrawn", "2027-01-12"))
SAID = ("Model 'a/old' is in deprecated state from 2026-05-05. It will be in withdrawn state from "
        "2027-01-12. IDs of alternative models: a/new.")  # fmt: skip
WARNINGS = [
    {"id": "deprecation_warning", "message": SAID},
    {"id": "disclaimer_warning", "message": "A third party's."},
]


def prompted(serve, *resources):
    server = serve(http(200, CHAT | {"model_id": "a/old", "system": {"warnings": WARNINGS}}))
    server.on(SPECS, http(200, {"resources": list(resources)}))
    session = connect(server)
    session.state.catalogue.today = lambda: TODAY
    return session


def test_a_prompt_to_a_deprecated_model_is_told_once_a_session_and_not_by_the_service_too(serve):
    session = prompted(serve, GOING)
    session.models()
    first, second = (session.chat("hi", model="a/old") for _ in range(2))
    note = ("a/old is deprecated since 2026-05-05, to be withdrawn on 2027-01-12; "
            "replaced by a/new")  # fmt: skip
    assert first.warnings == (note, "A third party's.")
    assert second.warnings == ()


def test_where_the_catalogue_is_not_known_the_service_s_own_words_stay_and_are_not_said_anew(serve):
    session = prompted(serve, GOING)
    assert session.chat("hi", model="a/old").warnings == (SAID, "A third party's.")
    session.models()
    assert session.chat("hi", model="a/old").warnings == ()


def test_a_warning_about_another_model_stays(serve):
    other = SAID.replace("a/old", "z/other")
    assert not is_deprecation_warning(other, "a/old")
    assert is_deprecation_warning(SAID, "a/old")
    assert not is_deprecation_warning("Model 'a/old' is slow.", "a/old")


GONE = entry("a/gone", OLD, ("withdrawn", "2026-03-01", "a/new"))
REFUSED = {"errors": [{"code": "model_not_supported", "message": "'a/gone' is not supported"}]}


def test_a_prompt_to_a_withdrawn_model_says_since_when_and_what_replaces_it(serve):
    server = serve(http(404, REFUSED))
    server.on(SPECS, http(200, {"resources": [GONE, entry("a/gona")]}))
    session = connect(server)
    session.state.catalogue.today = lambda: TODAY
    problem = caught(lambda: session.chat("hi", model="a/gone"))
    assert type(problem) is ModelError
    first, *rest = problem.message.split("\n")
    assert first == ("The model is not available in this region: 'a/gone'. It was withdrawn on "
                     "2026-03-01; replaced by a/new.")  # fmt: skip
    assert "is not supported" in rest[0]
    assert problem.hint == "Next: model='a/new'"


def test_a_withdrawn_model_without_a_successor_keeps_the_hint_at_the_list(serve):
    server = serve(http(404, REFUSED))
    server.on(SPECS, http(200, {"resources": [entry("a/gone", ("withdrawn", "2026-03-01"))]}))
    session = connect(server)
    problem = caught(lambda: session.chat("hi", model="a/gone"))
    assert "It was withdrawn on 2026-03-01." in problem.message
    assert problem.hint == "wx.session().models() lists the models of the region."


def test_use_refuses_a_withdrawn_model_with_what_to_use_instead(serve):
    from wx_notebook.session.switch import check_model

    server = serve()
    server.on(SPECS, http(200, {"resources": [GONE]}))
    problem = caught(lambda: check_model(connect(server).state, "a/gone"))
    assert type(problem) is ModelError
    assert "It was withdrawn on 2026-03-01; replaced by a/new." in problem.message
    assert problem.hint == "Next: %watsonx use --model a/new"
