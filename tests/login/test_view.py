"""The form without a browser: events go in, a view comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.cases import all_cases

from wx_notebook import errors
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.login import view as reducers
from wx_notebook.login.inputs import FormValues
from wx_notebook.login.page import PARTS, module
from wx_notebook.login.scopes import ScopeChoice
from wx_notebook.login.sign_in import Step
from wx_notebook.login.strings import error_texts, languages, string, strings
from wx_notebook.login.view import FormView, SwitchChoices, as_json
from wx_notebook.service import Project, ProjectLocation

ID = "12345678-1234-4123-8123-123456789abc"
FRANKFURT = endpoints(region="eu-de")
HERE = ProjectLocation(FRANKFURT, Project(ID, "My project", True))
PAGE = Path(reducers.__file__).parent / "page"


def after(*events: Step) -> FormView:
    view = reducers.on_start(FormView(), FormValues(region="eu-de"))
    for event in events:
        view = reducers.on_step(view, event)
    return view


def shown(view: FormView) -> list[tuple[str, str, str]]:
    return [(s["name"], s["state"], s["text"]) for s in as_json(view)["steps"]]


def test_each_step_is_a_line_with_its_own_mark_in_the_order_of_a_sign_in():
    view = after(
        Step("model", "busy"),
        Step("key", "ok", "jane"),
        Step("region", "ok", "eu-de (Frankfurt)"),
        Step("project", "ok", "My project", location=HERE),
        Step("runtime", "ok"),
    )
    assert shown(view) == [
        ("key", "ok", "Key accepted for jane"),
        ("region", "ok", "Region eu-de (Frankfurt)"),
        ("project", "ok", "Project My project"),
        ("runtime", "ok", "watsonx.ai Runtime is associated"),
        ("model", "busy", "Loading the models of the region"),
    ]
    space = ProjectLocation(FRANKFURT, Project(ID, "S", True, "space"))
    assert shown(after(Step("project", "ok", "S", location=space)))[0][2] == "Space S"
    assert shown(after(Step("key", "ok")))[0][2] == "Key accepted"


REPAIRS = [
    (
        Step("key", "bad", error=errors.KeyRefused("IAM says no.", hint="Make another.")),
        "https://cloud.ibm.com/iam/apikeys",
    ),
    (
        Step("runtime", "bad", error=errors.NoRuntime("None.", hint="Associate."), location=HERE),
        f"https://eu-de.dataplatform.cloud.ibm.com/projects/{ID}/manage/services?context=wx",
    ),
    (
        Step("project", "bad", error=errors.ProjectError("None found."), location=FRANKFURT),
        "https://eu-de.dataplatform.cloud.ibm.com/projects?context=wx",
    ),
    (
        Step("project", "bad", error=errors.ProjectError("Unknown.")),
        "https://dataplatform.cloud.ibm.com/projects?context=wx",
    ),
    (Step("key", "bad", error=errors.ServiceDown("IAM is away.")), None),
]


@all_cases(("step", "href"), REPAIRS, ids=lambda it: getattr(it, "name", ""))
def test_a_step_that_failed_has_its_reason_its_repair_and_the_exact_page(step, href):
    (line,) = as_json(after(step))["steps"]
    assert (line["state"], line["message"]) == ("bad", step.error.message)
    assert line["hint"] == step.error.hint
    assert (line["link"] or {}).get("href") == href


def test_an_account_that_is_not_of_ibm_cloud_is_led_to_none_of_its_pages():
    cluster = endpoints(url="https://cpd.example.com", kind="software")
    aws = endpoints(region="us-east-1")
    assert aws.kind == "mcsp"
    key, project = errors.KeyRefused("No."), errors.ProjectError("Unknown.")
    for name, error, place, kind, href in [
        ("key", key, FRANKFURT, "cluster", "https://cloud.ibm.com/iam/apikeys"),
        ("key", key, cluster, "cloud", None),
        ("key", key, aws, "cloud", None),
        ("key", key, None, "cluster", None),
        ("project", project, cluster, "cloud", None),
        ("project", project, None, "cluster", None),
        ("project", project, None, "aws", None),
    ]:
        view = reducers.on_start(FormView(), FormValues(kind=kind))
        view = reducers.on_step(view, Step(name, "bad", error=error, location=place))
        link = as_json(view)["steps"][0]["link"]
        assert (link and link["href"]) == href, (name, place, kind)
    view = reducers.on_step(FormView(), Step("project", "bad", error=project, location=aws))
    assert ".aws." in as_json(view)["steps"][0]["link"]["href"]


def test_a_sandbox_has_no_page_of_ibm_cloud():
    place = ProjectLocation(endpoints(url="http://127.0.0.1:1"), HERE.project)
    step = Step("runtime", "bad", error=errors.NoRuntime("None."), location=place)
    assert as_json(after(step))["steps"][0]["link"] is None


ABOUT = [
    (errors.KeyRefused("x"), "key"),
    (errors.NotConnected("x"), "key"),
    (errors.TokenRefused("x"), "key"),
    (errors.UnknownRegion("x"), "region"),
    (errors.HostRefused("x"), "region"),
    (errors.ProjectError("x"), "project"),
    (errors.NoRuntime("x"), "runtime"),
    (errors.ModelError("x"), "model"),
]


@all_cases(("error", "name"), ABOUT, ids=lambda it: type(it).__name__)
def test_an_error_stands_at_the_step_that_it_is_about(error, name):
    (line,) = as_json(reducers.on_error(FormView(), error))["steps"]
    assert (line["name"], line["is_invalid"]) == (name, True)


def test_another_error_stands_at_the_step_under_way_and_blames_no_field():
    view = reducers.on_error(
        after(Step("region", "busy")), errors.ServiceDown("Away.", hint="Wait.")
    )
    (line,) = as_json(view)["steps"]
    assert (line["name"], line["message"], line["is_invalid"]) == ("region", "Away.", False)
    assert reducers.on_error(FormView(), errors.ServiceDown("Away.")).error.message == "Away."


def test_nothing_stays_in_progress_once_it_has_ended():
    busy = after(Step("key", "ok"), Step("region", "busy"))
    assert list(reducers.on_idle(busy, "").steps) == ["key"]
    assert list(reducers.on_invalid(busy, reducers.FormError("Interrupted.")).steps) == ["key"]


def test_a_list_has_names_regions_and_the_last_used_and_stays_after_a_choice_that_failed():
    bare = ProjectLocation(FRANKFURT, Project("2", "", False, "space"))
    silent = (endpoints(region="jp-tok"),)
    view = reducers.on_choices(
        after(), ScopeChoice((HERE, bare), (ID,), silent), SwitchChoices(("m",), "m")
    )
    assert view.phase == "choosing"
    assert [tuple(item.values()) for item in as_json(view)["scopes"]] == [
        (ID, "My project", "project", "eu-de (Frankfurt)", True, True),
        ("2", "2", "space", "eu-de (Frankfurt)", False, False),
    ]
    assert view.unreachable == "These regions did not answer in time: jp-tok."
    view = reducers.on_error(reducers.on_start(view), errors.ProjectError("It is gone."))
    view = reducers.on_idle(view, "")
    assert (view.phase, len(view.scopes)) == ("choosing", 2)
    done = reducers.on_idle(view, "connected", ("note",), is_done=True)
    assert (done.phase, done.scopes, done.steps, done.notes) == ("connected", (), {}, ("note",))


def test_where_no_list_says_what_a_project_has_nothing_is_said_of_any():
    place = ProjectLocation(FRANKFURT, Project(ID, "P", False))
    view = reducers.on_choices(FormView(), ScopeChoice((place,)), SwitchChoices())
    assert as_json(view)["scopes"][0]["has_runtime"]


def test_a_log_out_leaves_the_fields_as_they_were_at_first():
    view = reducers.on_idle(after(Step("key", "ok")), "connected", is_done=True)
    assert reducers.on_sign_out(view) == FormView(values=FormValues(region="eu-de"))


def test_a_new_try_forgets_what_was_wrong_before():
    view = reducers.on_error(FormView(), errors.KeyRefused("No."))
    assert reducers.on_start(view, FormValues()).steps == {}


def test_a_message_has_at_most_five_lines_and_a_hint():
    error = errors.ServiceDown("\n".join("abcdefgh"), hint="Try\nagain.")
    assert error_texts(error) == ("a\nb\nc\nd\ne", "Try again.")


def test_a_view_is_json():
    view = reducers.on_choices(after(Step("key", "ok")), ScopeChoice((HERE,)), SwitchChoices())
    assert json.loads(json.dumps(as_json(view))) == as_json(view)


# --- words and looks ---------------------------------------------------------------------------


@pytest.mark.slow
def test_all_words_stand_in_one_table_and_each_is_used():
    python = [
        p.read_text(encoding="utf-8") for p in Path(reducers.__file__).parents[1].rglob("*.py")
    ]
    source = "\n".join([*python, *((PAGE / name).read_text(encoding="utf-8") for name in PARTS)])
    unused = []
    for name in strings():
        stem = name.rpartition(".")[0]
        quoted = f'"{name}"' in source or f"STRINGS.{name}" in source
        built = any(f"{mark}{start}.${{" in source or f"{mark}{start}.{{" in source
                    for start in (stem, stem.partition(".")[0]) for mark in "`\"'")  # fmt: skip
        by_kind = re.search(rf'stringFor\([`"]{re.escape(stem)}', source) is not None
        by_field = name.startswith(("secret.", "region", "scope_text", "username", "help."))
        # for the form in another place than a cell
        by_place = name.startswith("panel.") and name.removeprefix("panel.") in strings()
        if not (quoted or built or by_kind or by_field or by_place):
            unused.append(name)
    assert unused == []


def test_each_language_has_each_text_with_the_same_placeholders():
    def shape(language):
        return {key: sorted(re.findall(r"\{\w+\}", text))
                for key, text in strings(language).items()}  # fmt: skip

    assert languages() == ("de", "en")
    assert shape("de") == shape("en")
    assert strings("de") != strings("en")


def test_the_form_of_a_panel_says_what_holds_there():
    assert strings()["panel.promise"] in module(place="panel")
    assert strings()["promise"] not in module(place="panel")
    assert strings("de")["panel.title"] in module(place="panel")
    assert strings()["promise"] in module()


def test_a_place_in_a_text_is_filled_in_and_foreign_text_is_none():
    assert string("step.region.ok", detail="{found}") == "Region {found}"


def test_the_page_says_nothing_that_is_not_in_the_table():
    for name in PARTS:
        source = re.sub(r"/\*.*?\*/|//[^\n]*", "", (PAGE / name).read_text(), flags=re.DOTALL)
        for text in re.findall(r'"([^"\n]*)"', source):
            assert not re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+.*", text), (name, text)


def test_the_module_is_one_and_loads_nothing():
    source = module()
    assert source.startswith("const TEXTS = {")
    assert source.rstrip().endswith("export default { render };")
    assert not re.search(
        r"^\s*import\b|\bimport\(|fetch\(|XMLHttpRequest|eval\(", source, re.MULTILINE
    )
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|console\.", source)
    assert "innerHTML" not in source


def test_no_colour_and_no_font_stands_outside_the_fallback_of_a_variable():
    css = re.sub(r"/\*.*?\*/", "", (PAGE / "form.css").read_text(), flags=re.DOTALL)
    bare = re.sub(r"var\((--[\w-]+)[^)]*\)", r"\1", css)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", bare)
    for name, value in re.findall(r"([\w-]+):\s*([^;{}]+);", bare):
        if name in ("color", "background", "background-color", "border-color", "font-family"):
            assert value.startswith("--jp-") or value in ("currentcolor", "--wxn-on-accept"), value
        if name == "border-left-color":
            assert value.startswith("--jp-")
    for variable in re.findall(r"var\(([^)]*)\)", css):
        assert "," in variable, f"{variable} has no fallback"
